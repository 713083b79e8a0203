//! What SHA-256 and SM3 share: blocks of 64 bytes, eight 32-bit words of state, padding with the length in bits.

use std::marker::PhantomData;

use super::Digest;
use crate::simd::lanes::Lanes32;

pub(super) type State = [u32; 8];
pub(super) type Block = [u8; 64];

/// A compression function and its initial state.
pub trait Compression {
    /// The state before the first block.
    const INITIAL: [u32; 8];

    /// Takes one block into the state.
    fn compress(state: &mut [u32; 8], block: &[u8; 64]);

    /// The states of messages side by side after one more block of each, of which these are the words. It must be `#[inline(always)]`.
    fn compress_lanes<V: Lanes32<LANES>, const LANES: usize>(token: V::Token, states: [V; 8], words: [V; 16]) -> [V; 8];
}

/// A hash of which the message comes in parts.
#[derive(Clone)]
pub struct MerkleDamgard<C> {
    state: State,
    /// What came since the last whole block: the first `bytes % 64` bytes.
    partial: Block,
    /// The bytes that came in all.
    bytes: u64,
    compression: PhantomData<C>,
}

impl<C: Compression> Default for MerkleDamgard<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Compression> MerkleDamgard<C> {
    /// The hash of nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: C::INITIAL, partial: [0; 64], bytes: 0, compression: PhantomData }
    }

    /// Takes the next part of the message.
    pub fn update(&mut self, mut part: &[u8]) {
        let filled = (self.bytes % 64) as usize;
        self.bytes += part.len() as u64;
        if filled != 0 {
            let taken = part.len().min(64 - filled);
            self.partial[filled..filled + taken].copy_from_slice(&part[..taken]);
            part = &part[taken..];
            if filled + taken < 64 {
                return;
            }
            C::compress(&mut self.state, &self.partial);
        }
        let (blocks, rest) = part.as_chunks();
        for block in blocks {
            C::compress(&mut self.state, block);
        }
        self.partial[..rest.len()].copy_from_slice(rest);
    }

    /// The digest of all parts.
    #[must_use]
    pub fn finish(mut self) -> Digest {
        let filled = (self.bytes % 64) as usize;
        self.partial[filled] = 0x80;
        self.partial[filled + 1..].fill(0);
        if filled >= 56 {
            C::compress(&mut self.state, &self.partial);
            self.partial.fill(0);
        }
        self.partial[56..].copy_from_slice(&(self.bytes * 8).to_be_bytes());
        C::compress(&mut self.state, &self.partial);
        digest(&self.state)
    }
}

/// The state as bytes.
pub(super) fn digest(state: &State) -> Digest {
    let mut digest = [0; 32];
    for (chunk, word) in digest.chunks_exact_mut(4).zip(state) {
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

/// The sixteen big-endian words of a block.
pub(super) fn words(block: &Block) -> [u32; 16] {
    let (words, _) = block.as_chunks();
    std::array::from_fn(|i| u32::from_be_bytes(words[i]))
}
