//! What the state's tree costs, by how many leaves a page has: `cargo run --release -p chainbox-node --example state_tree -- LEAVES CHANGES`.
//!
//! Prints, for each size of pages, the time to make the array at a start, the bytes of the array, and the time of a block of random changes a change: with all
//! its pages loaded before, and with none.

use std::{env, sync::Arc, time::Instant};

use chainbox_engine::hash::Hash;
use chainbox_node::{
    merkle::Hasher,
    state::{Account, Change, Leaf, Leaves, MemoryLeaves, State, StateKey, StateOptions},
};

/// Blocks whose median is printed.
const BLOCKS: u64 = 9;

fn leaf(hasher: &Hasher, number: u64, balance: u128) -> Leaf {
    let mut address = [0; 20];
    address[..8].copy_from_slice(&number.to_be_bytes());
    let key = StateKey::Account(address);
    let value = Account { balance, ..Account::default() }.to_value().expect("it has something");
    Leaf { path: key.path(hasher), key: key.to_bytes(), value }
}

fn main() {
    let numbers: Vec<u64> = env::args().skip(1).map(|text| text.parse().expect("a number")).collect();
    let [count, changes] = numbers[..] else { panic!("two numbers: leaves, changes of a block") };
    let hasher = Hasher::new(Hash::Sm3);
    let mut leaves: Vec<Leaf> = (0..count).map(|number| leaf(&hasher, number, 1)).collect();
    leaves.sort_unstable_by_key(|leaf| leaf.path);
    println!(
        "{count} leaves, {changes} changes a block\n\n| leaves a page | array, MB | start, s | a change, pages loaded, us | a change, pages read, us |\n|---|---|---|---|---|"
    );
    for page in [1, 2, 4, 16] {
        let source: Arc<dyn Leaves> = Arc::new(MemoryLeaves::of(&leaves));
        let options = StateOptions { leaves_max: usize::MAX, leaves_expected: count / page };
        let begin = Instant::now();
        let mut state = State::load(hasher, source, &options, 0, |give| {
            leaves.iter().cloned().for_each(give);
            Ok(())
        })
        .expect("leaves in memory");
        let start = begin.elapsed().as_secs_f64();
        let mut height = 0;
        let mut block = |state: &mut State, first: u64| {
            height += 1;
            let mut list: Vec<Change> = (0..changes)
                .map(|index| {
                    let number = (first + index).wrapping_mul(0x9e37_79b9_7f4a_7c15) % count;
                    let Leaf { path, key, value } = leaf(&hasher, number, u128::from(height) + 1);
                    Change { path, key, value: Some(value) }
                })
                .collect();
            list.sort_unstable_by_key(|change| change.path);
            list.dedup_by_key(|change| change.path);
            let begin = Instant::now();
            let prepared = state.prepare(height, &mut list).expect("leaves in memory");
            state.commit(height, prepared);
            begin.elapsed().as_secs_f64() * 1e6 / list.len() as f64
        };
        let median = |mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        let read = median((0..BLOCKS).map(|number| block(&mut state, number * changes)).collect());
        let loaded = median((0..BLOCKS).map(|_| block(&mut state, 0)).collect());
        println!("| {page} | {:.1} | {start:.2} | {loaded:.2} | {read:.2} |", state.array_bytes() as f64 / 1e6);
    }
}
