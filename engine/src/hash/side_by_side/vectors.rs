//! Which instructions hash messages side by side.

use super::{
    blocks::{Function, Keccak256},
    drive::side_by_side,
    kernels,
};
use crate::{
    hash::{Digest, Hash, Message, keccak256::RATE_BYTES, merkle_damgard::Compression, sha256::Sha256Compression, sm3::Sm3Compression},
    simd::{
        Processor,
        avx2::{U32x8, U64x4},
        avx512::{U32x16, U64x8},
    },
};

/// The digests, where the processor has instructions for them; else nothing is done. It says whether it had.
pub fn digest_all(hash: Hash, messages: &[Message<'_>], digests: &mut [Digest], processor: Processor) -> bool {
    match hash {
        // Two interleaved messages are a little faster than sixteen lanes (Zen 4: 22 and 25 ns a block), and fewer suffice.
        Hash::Sha256 => sha_extensions(messages, digests, processor) || lanes_32::<Sha256Compression>(messages, digests, processor),
        Hash::Sm3 => lanes_32::<Sm3Compression>(messages, digests, processor),
        Hash::Keccak256 => lanes_64(messages, digests, processor),
    }
}

fn sha_extensions(messages: &[Message<'_>], digests: &mut [Digest], processor: Processor) -> bool {
    let Some(token) = processor.sha() else { return false };
    let (pair, single) = (kernels::sha_extensions(token), kernels::sha_extensions_single(token));
    side_by_side::<Sha256Compression, 8, 64, 2>(messages, digests, pair, single);
    true
}

fn lanes_32<C: Compression>(messages: &[Message<'_>], digests: &mut [Digest], processor: Processor) -> bool {
    if let Some(token) = processor.avx512() {
        side_by_side::<C, 8, 64, 16>(messages, digests, kernels::compress::<C, U32x16, 16>(token), C::absorb);
        return true;
    }
    if let Some(token) = processor.avx2() {
        side_by_side::<C, 8, 64, 8>(messages, digests, kernels::compress::<C, U32x8, 8>(token), C::absorb);
        return true;
    }
    false
}

fn lanes_64(messages: &[Message<'_>], digests: &mut [Digest], processor: Processor) -> bool {
    type F = Keccak256;
    if let Some(token) = processor.avx512() {
        side_by_side::<F, 25, RATE_BYTES, 8>(messages, digests, kernels::absorb::<U64x8, 8>(token), F::absorb);
        return true;
    }
    if let Some(token) = processor.avx2() {
        side_by_side::<F, 25, RATE_BYTES, 4>(messages, digests, kernels::absorb::<U64x4, 4>(token), F::absorb);
        return true;
    }
    false
}
