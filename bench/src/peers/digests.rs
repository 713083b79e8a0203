//! Crates that make digests.

use chainbox_engine::{batch::ByteColumn, hash::Digest};
use rayon::ThreadPool;

use super::each;

/// A crate that makes digests, one message at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestPeer {
    /// Crate sha2: SHA-256, by the processor's SHA instructions where it has them.
    Sha2,
    /// Crate keccak-asm: the assembly of `CRYPTOGAMS`.
    KeccakAsm,
    /// Crate sm3.
    Sm3,
}

impl DigestPeer {
    /// The crate's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha2 => "sha2",
            Self::KeccakAsm => "keccak-asm",
            Self::Sm3 => "sm3",
        }
    }

    /// The digest of one message.
    #[must_use]
    pub fn digest(self, message: &[u8]) -> Digest {
        use sm3::Digest as _;
        match self {
            Self::Sha2 => sha2::Sha256::digest(message).into(),
            Self::KeccakAsm => <keccak_asm::Keccak256 as keccak_asm::Digest>::digest(message).into(),
            Self::Sm3 => sm3::Sm3::digest(message).into(),
        }
    }

    /// One digest a message, in order.
    #[must_use]
    pub fn digests(self, pool: &ThreadPool, messages: &ByteColumn) -> Vec<Digest> {
        each(pool, messages.len(), |index| self.digest(messages.get(index)))
    }
}
