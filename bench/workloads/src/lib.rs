//! Seeded workloads: items to verify, each with the verdict that it must get.
//!
//! The signatures are made with the arithmetic of the RustCrypto crates k256, p256 and sm2 and with their hashes, never with the
//! engine's, so that an error of the engine cannot hide in its own inputs. Of the engine only the types are used.
//!
//! Item `i` depends on the [`Spec`] and on `i` alone: the same bytes on any machine, in any order, on any number of threads.
//! The secret keys come from a public seed: never use them for anything else.

mod encoding;
mod invalid;
mod item;
pub mod known_answers;
mod permutation;
mod sign;
mod spec;
mod stream;
pub mod transactions;
mod workload;

pub use invalid::Kind;
pub use item::{BatchOfItems, SignedItem, batches};
pub use spec::{Hints, MESSAGE_BYTES_MAX, SM2_DEFAULT_ID, Spec, SpecError};
pub use workload::Workload;
