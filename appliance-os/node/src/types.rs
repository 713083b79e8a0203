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
