//! What passes between the parts of the node.

use bytes::Bytes;
use chainbox_engine::{backend::Hint, hash::Digest, transaction::native::Address};

/// A transaction whose signature is valid, with what admission found out about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its bytes, as docs/transactions.md has them.
    pub raw: Bytes,
    /// Its identity.
    pub id: Digest,
    /// The account that sent it.
    pub sender: Address,
    /// The sender's nonce.
    pub nonce: u64,
    /// The last height whose block may hold it.
    pub valid_until: u64,
    /// What was found out about R on the way to the verdict.
    pub hint: Option<Hint>,
}

/// Where a transaction stands in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The block's height.
    pub height: u64,
    /// Its index in the block, from 0.
    pub index: u32,
}

impl Place {
    /// Its bytes, in the order of places.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&self.height.to_be_bytes());
        bytes[8..].copy_from_slice(&self.index.to_be_bytes());
        bytes
    }

    /// Reads [`Place::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (height, index) = bytes.split_at_checked(8)?;
        Some(Self { height: u64::from_be_bytes(height.try_into().ok()?), index: u32::from_be_bytes(index.try_into().ok()?) })
    }
}
