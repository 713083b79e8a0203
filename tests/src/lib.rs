//! What the test binaries of this package share: items that own their bytes, encodings, seeds, curves and libcrypto's verdicts.
//!
//! Six binaries stand on it: `conformance` (published and our own vectors), `differential` (random and edge items against other
//! libraries), `strategies` (every way to a verdict against the plainest one), `fields` (against formally verified arithmetic),
//! `dispatch` (the queue in a simulated box) and `architecture` (who may know whom). Nothing here computes on a curve with the engine's code.

pub mod curve;
pub mod der;
pub mod items;
pub mod libcrypto;
pub mod seed;
