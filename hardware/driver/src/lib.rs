//! The FPGA verifier as a back end of the engine.
//!
//! The host reads signatures and keys, hashes, inverts, and makes digits ([`chainbox_fpga_model::recode`]); the device computes s*G + t*Q and compares
//! ([`backend`]). Between them stands a [`transport::Transport`]: packets one way, outcomes the other, in any order.
//!
//! Transports are [`xdma`] (a card, over the devices of the Xilinx DMA driver; no card was tried yet), [`modelled`] and, behind the feature `sim`, the RTL. [`stand_in`] is
//! a card in software at the other end of `xdma`.
//!
//! What a device does not decide, or says that the host has already seen to be otherwise, the host decides: no item is lost, and none has a verdict that nobody
//! computed.

pub mod backend;
pub mod modelled;
#[cfg(feature = "sim")]
pub mod simulated;
pub mod stand_in;
pub mod table;
pub mod transport;
pub mod xdma;

pub use backend::Fpga;
