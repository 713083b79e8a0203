//! The C interface: verification, recovery and digests over columns, in process or through a server. `include/chainbox.h` is made of [`abi`] and
//! [`exports`]; what a C program has to know stands there.
//!
//! `unsafe` stands in two modules: `memory`, which turns what C hands over into slices and writes outputs, and [`exports`], the functions
//! that C calls. All else is safe code.

// Nothing may unwind into C: a panic is caught at the border, which works only where panics unwind.
#[cfg(not(panic = "unwind"))]
compile_error!("the C interface answers a panic with an error code: build it with panic = \"unwind\"");

pub mod abi;
mod border;
mod columns;
pub mod exports;
mod failure;
mod handle;
mod memory;
mod texts;

pub use handle::Handle;
