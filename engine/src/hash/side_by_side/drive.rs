//! Keeps lanes busy: a lane that is done with its message takes the next one.

use super::{
    super::{Digest, Message},
    blocks::{Blocks, Function},
};

/// The digests of messages one after the other; `absorb` takes blocks into a state.
pub fn each<F: Function<WORDS, BLOCK>, const WORDS: usize, const BLOCK: usize>(
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
fn finish<F: Function<WORDS, BLOCK>, const WORDS: usize, const BLOCK: usize>(
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

/// The digests of messages side by side. `absorb` takes the same number of blocks of each lane into the lanes' states, of which word i of
/// lane j is `states[i][j]`. Where fewer than `busy_min` messages are left, these are finished one after the other by `single`.
pub fn side_by_side<F: Function<WORDS, BLOCK>, const WORDS: usize, const BLOCK: usize, const LANES: usize>(
    messages: &[Message<'_>],
    digests: &mut [Digest],
    busy_min: usize,
    absorb: impl Fn(&mut [[F::Word; LANES]; WORDS], &[&[[u8; BLOCK]]; LANES]),
    single: impl Fn(&mut [F::Word; WORDS], &[[u8; BLOCK]]),
) {
    let mut states = [[F::Word::default(); LANES]; WORDS];
    let mut blocks: [Blocks<'_, BLOCK>; LANES] = [Blocks::default(); LANES];
    // The message of each lane; none where it has no blocks left.
    let mut numbers = [0; LANES];
    let mut next = 0;
    let mut done = 0;
    loop {
        for (lane, blocks) in blocks.iter_mut().enumerate().filter(|(_, blocks)| blocks.ready().is_empty()) {
            let Some(&message) = messages.get(next) else { break };
            blocks.start::<F, WORDS>(message);
            states.iter_mut().zip(F::INITIAL).for_each(|(words, initial)| words[lane] = initial);
            numbers[lane] = next;
            next += 1;
        }
        if next - done < busy_min {
            break;
        }
        let busy = || blocks.iter().map(Blocks::ready).filter(|ready| !ready.is_empty());
        let shortest = busy().min_by_key(|ready| ready.len()).expect("a lane is busy");
        // An idle lane takes the blocks of another one.
        let count = shortest.len();
        let taken = blocks.each_ref().map(|blocks| blocks.ready().get(..count).unwrap_or(shortest));
        absorb(&mut states, &taken);
        for (lane, blocks) in blocks.iter_mut().enumerate().filter(|(_, blocks)| !blocks.ready().is_empty()) {
            blocks.take::<F, WORDS>(count);
            if blocks.ready().is_empty() {
                digests[numbers[lane]] = F::digest(&states.each_ref().map(|words| words[lane]));
                done += 1;
            }
        }
    }
    for (lane, blocks) in blocks.iter_mut().enumerate().filter(|(_, blocks)| !blocks.ready().is_empty()) {
        digests[numbers[lane]] = finish::<F, WORDS, BLOCK>(blocks, states.each_ref().map(|words| words[lane]), &single);
    }
}
