//! GPU back ends: verification from wire to verdict, in OpenCL C and in WGSL, and the OpenCL sources once more as PTX.
//!
//! The sources hold the same functions under the same names in the same order (README.md of this crate says what each one takes and gives).
//! A [`device::Device`] runs kernels, whatever the language; what packs batches, launches kernels and reads answers back stands above it, once.
//!
//! Absent on purpose: judgement. What a kernel answers is a verdict by the rules of the engine, and the harness and the contract suite prove it.

pub mod cache;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod device;
pub mod discover;
pub mod layout;
#[cfg(feature = "opencl")]
pub mod opencl;
pub mod pipeline;
pub mod program;
#[cfg(feature = "wgpu")]
pub mod wgpu;
