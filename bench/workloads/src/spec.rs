//! What a workload is made of.

pub use chainbox_engine::scheme::SM2_ID_DEFAULT as SM2_DEFAULT_ID;
use chainbox_engine::{
    batch::{Encoding, Input, SM2_ID_BYTES_MAX, Shape},
    scheme::Scheme,
};

use crate::Kind;

/// The longest message in bytes.
pub const MESSAGE_BYTES_MAX: usize = 65_536;

/// What each item claims to know of R.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hints {
    /// Nothing.
    #[default]
    None,
    /// One byte, as recovery ids are: the parity of y(R), plus 2 where x(R) is n or above.
    Parity,
    /// The 32 bytes of y(R), big-endian.
    Y,
}

/// What a workload is made of. Two equal specs give the same bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Curve, hash and equation.
    pub scheme: Scheme,
    /// Messages, or digests: 32 random bytes.
    pub input: Input,
    /// How signatures are written.
    pub encoding: Encoding,
    /// The policy `low-s` of the batches. Where it is on, every signer writes the lower of s and n - s.
    /// Where it is off, only signers on secp256k1 do, as its libraries do.
    pub low_s: bool,
    /// Whether keys are written in 33 bytes instead of 65.
    pub compressed: bool,
    /// The number of items.
    pub items: u64,
    /// The number of distinct signers, who take turns: item `i` is signed by signer `i mod signers`.
    pub signers: u64,
    /// The share of invalid items, 0 to 1. Exactly `round(share * items)` are invalid, at places that a seeded permutation chooses.
    pub invalid_share: f64,
    /// The kinds of invalid items, in equal numbers (give or take one).
    pub invalid_kinds: Vec<Kind>,
    /// The length of each message in bytes, at most [`MESSAGE_BYTES_MAX`]; of no meaning over digests.
    pub message_bytes: usize,
    /// The signers' id, for SM2 over messages; of no meaning elsewhere.
    pub id: Vec<u8>,
    /// What each item claims to know of R.
    pub hints: Hints,
    /// Chooses all that is random.
    pub seed: u64,
}

/// Why a [`Spec`] describes no workload.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// No signer for the items.
    #[error("a workload needs at least one signer")]
    NoSigners,
    /// The share is not a number from 0 to 1.
    #[error("the share of invalid items must be from 0 to 1, not {0}")]
    InvalidShare(f64),
    /// Invalid items are asked for, but no kind of them.
    #[error("a share of invalid items needs at least one kind of them")]
    NoKinds,
    /// A kind that has no meaning for the shape.
    #[error("invalid items of kind {} cannot be made for {scheme}: {}", .kind.name(), .kind.needs())]
    KindUnfit {
        /// The kind.
        kind: Kind,
        /// The scheme.
        scheme: Scheme,
    },
    /// The messages are too long.
    #[error("a message has at most {MESSAGE_BYTES_MAX} bytes, not {0}")]
    MessageBytes(usize),
    /// The SM2 id is too long.
    #[error("an SM2 id has at most {SM2_ID_BYTES_MAX} bytes, not {0}")]
    IdBytes(usize),
    /// The policy is about the twin (r, n - s) that an ECDSA signature has and an SM2 signature has not.
    #[error("the low-s policy is for ECDSA only")]
    LowSUnfit,
}

impl Spec {
    /// `items` valid items by distinct signers: raw signatures over messages of 32 bytes under uncompressed keys, no hints, seed 0.
    #[must_use]
    pub fn new(scheme: Scheme, items: u64) -> Self {
        Self {
            scheme,
            input: Input::Message,
            encoding: Encoding::Raw,
            low_s: false,
            compressed: false,
            items,
            signers: items.max(1),
            invalid_share: 0.0,
            invalid_kinds: Vec::new(),
            message_bytes: 32,
            id: SM2_DEFAULT_ID.to_vec(),
            hints: Hints::None,
            seed: 0,
        }
    }

    /// What the items' batches have in common.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        Shape { scheme: self.scheme, input: self.input, encoding: self.encoding, low_s: self.low_s }
    }

    /// The number of invalid items: the share of all, rounded to the nearest.
    #[must_use]
    pub fn invalid_items(&self) -> u64 {
        ((self.invalid_share * self.items as f64).round() as u64).min(self.items)
    }

    /// Refuses what cannot be made.
    pub(crate) fn check(&self) -> Result<(), SpecError> {
        if self.signers == 0 {
            return Err(SpecError::NoSigners);
        }
        if !(0.0..=1.0).contains(&self.invalid_share) {
            return Err(SpecError::InvalidShare(self.invalid_share));
        }
        if self.invalid_share > 0.0 && self.invalid_kinds.is_empty() {
            return Err(SpecError::NoKinds);
        }
        if let Some(&kind) = self.invalid_kinds.iter().find(|kind| !kind.fits(self.shape())) {
            return Err(SpecError::KindUnfit { kind, scheme: self.scheme });
        }
        if self.message_bytes > MESSAGE_BYTES_MAX {
            return Err(SpecError::MessageBytes(self.message_bytes));
        }
        if self.id.len() > SM2_ID_BYTES_MAX {
            return Err(SpecError::IdBytes(self.id.len()));
        }
        if self.low_s && self.scheme == Scheme::Sm2Sm3 {
            return Err(SpecError::LowSUnfit);
        }
        Ok(())
    }
}
