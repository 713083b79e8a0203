//! A message as blocks with padding, copied only where a block is not whole in the message.

use super::super::{
    Digest, Message, keccak256,
    merkle_damgard::{self, Compression},
};

/// A hash function that takes blocks of `BLOCK` bytes into a state of `WORDS` words.
pub trait Function<const WORDS: usize, const BLOCK: usize> {
    /// A word of the state.
    type Word: Copy + Default;

    /// The state before the first block.
    const INITIAL: [Self::Word; WORDS];

    /// Takes blocks into the state, without special instructions.
    fn absorb(state: &mut [Self::Word; WORDS], blocks: &[[u8; BLOCK]]);

    /// Pads a message of `bytes` bytes, of which the last `bytes % BLOCK` stand at the front, before zeros; gives the number of blocks.
    fn pad(last: &mut [[u8; BLOCK]; 2], bytes: usize) -> usize;

    /// The digest of a message, of the state after its last block.
    fn digest(state: &[Self::Word; WORDS]) -> Digest;
}

impl<C: Compression> Function<8, 64> for C {
    type Word = u32;

    const INITIAL: [u32; 8] = <C as Compression>::INITIAL;

    fn absorb(state: &mut [u32; 8], blocks: &[[u8; 64]]) {
        for block in blocks {
            C::compress(state, block);
        }
    }

    fn pad(last: &mut [[u8; 64]; 2], bytes: usize) -> usize {
        let filled = bytes % 64;
        let blocks = if filled < 56 { 1 } else { 2 };
        let last = &mut last.as_flattened_mut()[..64 * blocks];
        last[filled] = 0x80;
        last[64 * blocks - 8..].copy_from_slice(&(bytes as u64 * 8).to_be_bytes());
        blocks
    }

    fn digest(state: &[u32; 8]) -> Digest {
        merkle_damgard::digest(state)
    }
}

/// Keccak-256.
pub struct Keccak256;

impl Function<25, { keccak256::RATE_BYTES }> for Keccak256 {
    type Word = u64;

    const INITIAL: keccak256::State = [0; 25];

    fn absorb(state: &mut keccak256::State, blocks: &[[u8; keccak256::RATE_BYTES]]) {
        for block in blocks {
            keccak256::absorb(state, block);
        }
    }

    fn pad([last, _]: &mut [[u8; keccak256::RATE_BYTES]; 2], bytes: usize) -> usize {
        keccak256::pad(last, bytes % keccak256::RATE_BYTES);
        1
    }

    fn digest(state: &keccak256::State) -> Digest {
        keccak256::digest(state)
    }
}

/// The blocks of a message, those that are not taken yet.
#[derive(Clone, Copy)]
pub struct Blocks<'m, const BLOCK: usize> {
    /// What did not become blocks yet.
    rest: Message<'m>,
    /// Whole blocks of the message, where they stand.
    whole: &'m [[u8; BLOCK]],
    /// Blocks made here: one with the end of the first string and the start of the second, or the last one or two.
    made: [[u8; BLOCK]; 2],
    /// Those that are to be taken: from this one on, and below that one.
    made_from: usize,
    made_to: usize,
    /// The bytes of the message.
    bytes: usize,
    /// The padding is made.
    padded: bool,
}

impl<const BLOCK: usize> Default for Blocks<'_, BLOCK> {
    fn default() -> Self {
        Self { rest: [&[]; 2], whole: &[], made: [[0; BLOCK]; 2], made_from: 0, made_to: 0, bytes: 0, padded: true }
    }
}

impl<'m, const BLOCK: usize> Blocks<'m, BLOCK> {
    /// Becomes the blocks of a message: at least one.
    pub fn start<F: Function<WORDS, BLOCK>, const WORDS: usize>(&mut self, message: Message<'m>) {
        self.rest = message;
        self.whole = &[];
        self.bytes = message[0].len() + message[1].len();
        self.padded = false;
        self.fill::<F, WORDS>();
    }

    /// The next blocks, none after the last.
    pub fn ready(&self) -> &[[u8; BLOCK]] {
        if self.whole.is_empty() { &self.made[self.made_from..self.made_to] } else { self.whole }
    }

    /// Takes the first `count` of the blocks that are ready; what follows becomes ready.
    pub fn take<F: Function<WORDS, BLOCK>, const WORDS: usize>(&mut self, count: usize) {
        if !self.whole.is_empty() {
            self.whole = &self.whole[count..];
        } else {
            self.made_from += count;
        }
        if self.ready().is_empty() && !self.padded {
            self.fill::<F, WORDS>();
        }
    }

    /// Makes blocks ready where none is and the padding is not made.
    fn fill<F: Function<WORDS, BLOCK>, const WORDS: usize>(&mut self) {
        let [mut first, mut second] = self.rest;
        if first.is_empty() {
            (first, second) = (second, &[]);
        }
        if first.len() >= BLOCK {
            (self.whole, first) = first.as_chunks();
            self.rest = [first, second];
            return;
        }
        let taken = second.len().min(BLOCK - first.len());
        self.made = [[0; BLOCK]; 2];
        self.made_from = 0;
        let made = self.made.as_flattened_mut();
        made[..first.len()].copy_from_slice(first);
        made[first.len()..first.len() + taken].copy_from_slice(&second[..taken]);
        self.rest = [&second[taken..], &[]];
        if first.len() + taken == BLOCK {
            self.made_to = 1;
        } else {
            self.made_to = F::pad(&mut self.made, self.bytes);
            self.padded = true;
        }
    }
}
