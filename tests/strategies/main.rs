//! Every strategy, forced and chosen by cost, against the plainest one: verdicts and reasons of random mixtures, with hints right and wrong, and
//! recovered keys. Besides, the tables of known keys: their bound, and who gives way.
//!
//! A round is some 1,500 items of one shape in batches of many lengths. The long form, after a change of a strategy:
//!
//! ```sh
//! CHAINBOX_STRATEGY_ROUNDS=100 cargo test --release -p chainbox-tests --test strategies
//! ```
//!
//! A failure prints the seed, the round and the item; CHAINBOX_TEST_SEED repeats or varies the run.

mod constructed;
mod known_keys;
mod mixture;
mod recovery;
mod verdicts;

use chainbox_engine::{
    backend::Cpu,
    simd::{Feature, Processor},
};
use chainbox_tests::seed;

/// The environment variable that sets the rounds of each scheme and of recovery, a decimal number.
const ROUNDS_VARIABLE: &str = "CHAINBOX_STRATEGY_ROUNDS";

/// Rounds where [`ROUNDS_VARIABLE`] is not set: the fewest in which every form of item appears.
const ROUNDS_DEFAULT: u64 = 4;

/// Batches around the widths of lanes, and ones that are worth a combination or more than one piece. The longest is a whole round.
const LENGTHS: [usize; 9] = [600, 1, 2, 7, 8, 9, 31, 33, 1500];

/// Items of a round.
const ITEMS: usize = LENGTHS[LENGTHS.len() - 1];

fn rounds() -> u64 {
    let rounds = seed::number(ROUNDS_VARIABLE, ROUNDS_DEFAULT);
    assert!(rounds >= ROUNDS_DEFAULT, "{ROUNDS_VARIABLE} is {rounds}: give at least {ROUNDS_DEFAULT}, so that every form of item appears");
    rounds
}

/// The instructions of a round: all, or only the portable forms, which the same machine would hardly use.
fn processor(round: u64) -> Processor {
    [Processor::detect(), Processor::PORTABLE, Processor::detect().without(Feature::Avx512)][round as usize % 3]
}

/// Waits until all tables that were asked for are there.
fn wait_for_tables(cpu: &Cpu) {
    while cpu.known_keys().waiting > 0 {
        std::thread::yield_now();
    }
}
