//! Messages one after the other.

use super::{
    super::{Digest, Message},
    blocks::{Blocks, Function},
};

/// The digests of messages one after the other; `absorb` takes blocks into a state.
pub fn one_by_one<F: Function<WORDS, BLOCK>, const WORDS: usize, const BLOCK: usize>(
    messages: &[Message<'_>],
    digests: &mut [Digest],
    absorb: impl Fn(&mut [F::Word; WORDS], &[[u8; BLOCK]]),
) {
    let mut blocks = Blocks::default();
    for (&message, digest) in messages.iter().zip(digests) {
        blocks.start::<F, WORDS>(message);
        *digest = finish::<F, WORDS, BLOCK>(&mut blocks, F::INITIAL, &absorb);
    }
}

/// The digest of a message of which the first blocks are in the state.
pub fn finish<F: Function<WORDS, BLOCK>, const WORDS: usize, const BLOCK: usize>(
    blocks: &mut Blocks<'_, BLOCK>,
    mut state: [F::Word; WORDS],
    absorb: impl Fn(&mut [F::Word; WORDS], &[[u8; BLOCK]]),
) -> Digest {
    while !blocks.ready().is_empty() {
        absorb(&mut state, blocks.ready());
        blocks.take::<F, WORDS>(blocks.ready().len());
    }
    F::digest(&state)
}
