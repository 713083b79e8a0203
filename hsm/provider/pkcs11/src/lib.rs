//! The box as a PKCS#11 token: `libchainbox_pkcs11.so`, PKCS#11 2.40. docs/card-pkcs11.md says what it offers.
//!
//! `unsafe` stands in two modules: `memory`, which turns what C hands over into slices and writes outputs, and [`exports`], the functions that C calls. All
//! else is safe code. Handles are numbers that are looked up, never pointers that are followed.

// Nothing may unwind into C: a panic is caught at the border, which works only where panics unwind.
#[cfg(not(panic = "unwind"))]
compile_error!("a PKCS#11 function answers a panic with a return code: build it with panic = \"unwind\"");

mod answer;
mod attributes;
mod der;
pub mod exports;
mod limits;
mod make;
mod mechanisms;
mod memory;
mod module;
mod names;
mod objects;
mod operations;
mod sessions;
mod token;
