//! Many digests at once: messages side by side in the lanes of vectors, or by the SHA extensions, as the processor allows.

mod blocks;
#[cfg(target_arch = "x86_64")]
mod drive;
#[cfg(target_arch = "x86_64")]
mod keccak;
#[cfg(target_arch = "x86_64")]
mod kernels;
mod one_by_one;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod vectors;

use self::{
    blocks::{Function, Keccak256},
    one_by_one::one_by_one,
};
use super::{Digest, Hash, Message, keccak256::RATE_BYTES, sha256::Sha256Compression, sm3::Sm3Compression};
use crate::simd::Processor;

impl Hash {
    /// The digest of each message, in order, by the fastest form for these messages on this processor.
    ///
    /// # Panics
    /// Where there are not as many digests as messages.
    #[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables, reason = "only the portable form is there"))]
    pub fn digest_all(self, messages: &[Message<'_>], digests: &mut [Digest], processor: Processor) {
        assert_eq!(messages.len(), digests.len(), "a place for each digest");
        #[cfg(target_arch = "x86_64")]
        if vectors::digest_all(self, messages, digests, processor) {
            return;
        }
        match self {
            Self::Sha256 => one_by_one::<Sha256Compression, 8, 64>(messages, digests, Sha256Compression::absorb),
            Self::Keccak256 => one_by_one::<Keccak256, 25, RATE_BYTES>(messages, digests, Keccak256::absorb),
            Self::Sm3 => one_by_one::<Sm3Compression, 8, 64>(messages, digests, Sm3Compression::absorb),
        }
    }
}
