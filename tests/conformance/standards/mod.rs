//! The standards' own vectors.

mod hashes;
mod recovery;
mod signatures;
