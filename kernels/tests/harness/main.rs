//! Every kernel function on every device of this machine, against the engine or plain big integers; then the contract suite, and faults of devices.
//!
//! CI has PoCL for OpenCL and lavapipe for Vulkan; CUDA devices take part in builds that hold PTX. A machine without devices fails these tests, unless CHAINBOX_NO_DEVICES=1 says that it is meant to have none.

mod contract;
mod devices;
mod faults;
mod flipping;
mod functions;
mod items;
mod known;
mod programs;
mod values;
