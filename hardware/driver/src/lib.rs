//! The FPGA verifier as a back end of the engine.
//!
//! The host reads signatures and keys, hashes, inverts, and makes digits ([`chainbox_fpga_model::recode`]); the device computes s*G + t*Q and compares
//! ([`backend`]). Between them stands a [`transport::Transport`]: packets one way, outcomes the other, in any order.
//!
//! What a device does not decide, or says that the host has already seen to be otherwise, the host decides: no item is lost, and none has a verdict that nobody
//! computed.

pub mod backend;
pub mod modelled;
#[cfg(feature = "sim")]
pub mod simulated;
pub mod table;
pub mod transport;

pub use backend::Fpga;
