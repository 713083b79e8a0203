//! The box as an SDF device (GM/T 0018-2012): `libchainbox_sdf.so`. `include/chainbox_sdf.h` is its interface, docs/card-sdf.md says what it offers.
//!
//! Handles are numbers that are looked up in tables of this process; a child that was forked has tables of its own, so that handles of its parent are unknown
//! there. `unsafe` stands in two modules: `memory`, which reads what C hands over and writes outputs, and `exports`, the functions that C calls. All else is
//! safe code.

// Nothing may unwind into C: a panic is caught at the border, which works only where panics unwind.
#[cfg(not(panic = "unwind"))]
compile_error!("the library answers a panic with SDR_UNKNOWERR: build it with panic = \"unwind\"");

mod algorithm;
mod asymmetric;
mod device;
mod exports;
mod failure;
mod files;
mod hash;
mod indexes;
mod memory;
mod session;
mod symmetric;
mod tables;
