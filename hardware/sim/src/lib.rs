//! The FPGA verifier's RTL, simulated by Verilator: the whole card ([`Verifier`]) and units alone. It is compiled behind the feature `verilator`: without it this crate
//! is empty, and nothing needs Verilator.

#[cfg(feature = "verilator")]
mod datapath;
#[cfg(feature = "verilator")]
mod engines;
#[cfg(feature = "verilator")]
mod ffi;
#[cfg(feature = "verilator")]
pub mod units;
#[cfg(feature = "verilator")]
mod verifier;

#[cfg(feature = "verilator")]
pub use datapath::Datapath;
#[cfg(feature = "verilator")]
pub use engines::ENGINES;
#[cfg(feature = "verilator")]
pub use verifier::{Answered, Counters, Coverage, LOADER_STATES, THROTTLES, Verifier};
