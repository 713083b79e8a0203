//! Other libraries, each asked item by item: none of them takes a batch.

mod aws_lc;
mod digests;
mod efficient_sm2;
mod ring;
mod rustcrypto;
mod secp256k1;

pub use aws_lc::AwsLc;
pub use digests::DigestPeer;
pub use efficient_sm2::EfficientSm2;
pub use ring::Ring;
pub use rustcrypto::{K256, P256, Sm2};
pub use secp256k1::Secp256k1;

use chainbox_engine::{
    batch::{Batch, Input, Item, Shape},
    hash::{Digest, Hash},
    scheme::Scheme,
    verdict::{Reason, Verdict},
};
use rayon::{ThreadPool, prelude::*};

/// Items that one task takes at once: as many as the engine's own back end gives to a task.
const CHUNK_ITEMS: usize = 16;

/// A library that verifies signatures, and parses keys and signatures for each item.
pub trait Peer: Sync {
    /// The crate's name.
    fn name(&self) -> &'static str;

    /// Whether it accepts the item. Its reasons are its own; a form that it cannot read is not accepted.
    fn accepts(&self, shape: Shape, item: &Item<'_>) -> bool;

    /// Its verdicts on a batch. What it refuses counts as [`Reason::Equation`]: forged items to be measured are of that kind.
    fn verify(&self, pool: &ThreadPool, batch: &Batch) -> Vec<Verdict> {
        let shape = batch.shape();
        let verdict = |index| if self.accepts(shape, &batch.item(index)) { Verdict::Valid } else { Verdict::Invalid(Reason::Equation) };
        each(pool, batch.len(), verdict)
    }
}

/// The peer that a scheme is compared with: the fastest that is known, in every form of items.
#[must_use]
pub fn of(scheme: Scheme) -> &'static dyn Peer {
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => &Secp256k1,
        Scheme::EcdsaP256Sha256 => &AwsLc,
        Scheme::Sm2Sm3 => &EfficientSm2,
    }
}

/// Further peers of a scheme over raw signatures and uncompressed keys, each with the input that it takes.
#[must_use]
pub fn further(scheme: Scheme) -> &'static [(&'static dyn Peer, Input)] {
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => &[(&K256, Input::Digest)],
        Scheme::EcdsaP256Sha256 => &[(&P256, Input::Digest), (&Ring, Input::Message)],
        Scheme::Sm2Sm3 => &[(&Sm2, Input::Digest)],
    }
}

/// `answer(i)` for each i below `len`, in order, by all threads of the pool. What one task would take is answered by the caller itself, as
/// whoever has few items would do.
fn each<T: Send>(pool: &ThreadPool, len: usize, answer: impl Fn(usize) -> T + Send + Sync) -> Vec<T> {
    if len <= CHUNK_ITEMS {
        return (0..len).map(answer).collect();
    }
    pool.install(|| (0..len).into_par_iter().with_min_len(CHUNK_ITEMS).map(answer).collect())
}

/// The digest that an ECDSA item signs: its input, or what the fastest crate makes of it.
fn digest(shape: Shape, item: &Item<'_>) -> Option<Digest> {
    match shape.input {
        Input::Digest => item.input.try_into().ok(),
        Input::Message => Some(DigestPeer::of(shape.scheme.hash()).digest(item.input)),
    }
}

impl DigestPeer {
    /// The peer that a hash function is compared with.
    #[must_use]
    pub const fn of(hash: Hash) -> Self {
        match hash {
            Hash::Sha256 => Self::Sha2,
            Hash::Keccak256 => Self::KeccakAsm,
            Hash::Sm3 => Self::Sm3,
        }
    }
}
