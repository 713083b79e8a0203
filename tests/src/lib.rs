//! What the test binaries of this package share: items that own their bytes, encodings, seeds, and libcrypto's verdicts.
//!
//! Three binaries stand on it: `conformance` (published and our own vectors), `differential` (random and edge items against other
//! libraries) and `architecture` (who may know whom). Nothing here computes on a curve with the engine's code.

pub mod der;
pub mod items;
pub mod libcrypto;
pub mod seed;
