//! Keeps lanes busy: a lane that is done with its message takes the next one.

use super::{
    super::{Digest, Message},
    blocks::{Blocks, Function},
    one_by_one::{finish, one_by_one},
};

/// With fewer messages than this, blocks one after the other cost less than those of all lanes at once. On Zen 4 a step of the lanes costs
/// between 1.1 and 1.4 blocks of the portable form, for each hash, AVX2 and AVX-512 alike.
const BUSY_MIN: usize = 2;

/// States side by side: word i of lane j is `states[i][j]`.
pub type States<W, const WORDS: usize, const LANES: usize> = [[W; LANES]; WORDS];

/// Blocks of each lane to be taken next, of all lanes equally many.
pub type Ready<'a, const BLOCK: usize, const LANES: usize> = [&'a [[u8; BLOCK]]; LANES];

/// The digests of messages side by side. `absorb` takes blocks into the states of all lanes, `single` into one state.
pub fn side_by_side<F: Function<WORDS, BLOCK>, const WORDS: usize, const BLOCK: usize, const LANES: usize>(
    messages: &[Message<'_>],
    digests: &mut [Digest],
    absorb: impl Fn(&mut States<F::Word, WORDS, LANES>, &Ready<'_, BLOCK, LANES>),
    single: impl Fn(&mut [F::Word; WORDS], &[[u8; BLOCK]]),
) {
    if messages.len() < BUSY_MIN {
        return one_by_one::<F, WORDS, BLOCK>(messages, digests, single);
    }
    let mut states = [[F::Word::default(); LANES]; WORDS];
    let mut blocks: [Blocks<'_, BLOCK>; LANES] = [Blocks::default(); LANES];
    // Which message is in each lane. A lane without blocks that are ready has none.
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
        if next - done < BUSY_MIN {
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
                digests[numbers[lane]] = F::digest(&state_of(&states, lane));
                done += 1;
            }
        }
    }
    for (lane, blocks) in blocks.iter_mut().enumerate().filter(|(_, blocks)| !blocks.ready().is_empty()) {
        digests[numbers[lane]] = finish::<F, WORDS, BLOCK>(blocks, state_of(&states, lane), &single);
    }
}

/// The state of one lane.
fn state_of<W: Copy + Default, const WORDS: usize, const LANES: usize>(states: &States<W, WORDS, LANES>, lane: usize) -> [W; WORDS] {
    let mut state = [W::default(); WORDS];
    for (word, words) in state.iter_mut().zip(states) {
        *word = words[lane];
    }
    state
}
