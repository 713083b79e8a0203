//! What a valid signature and a valid transaction are.
//!
//! Bytes come in as a [`batch::Batch`] (columns, not rows), a [`backend::Backend`] answers with one [`verdict::Verdict`] an item.
//! The verdict is a function of the bytes alone: back ends and strategies change its cost, never its value.
//!
//! Absent on purpose: devices, sockets, files, clocks, secrets. The arithmetic here is variable-time and fit for public data only;
//! signing is done elsewhere, by constant-time libraries or in hardware.

pub mod backend;
pub mod batch;
pub mod curve;
pub mod dispatch;
pub mod field;
pub mod hash;
pub mod scheme;
pub mod simd;
pub mod strategy;
pub mod transaction;
pub mod verdict;
