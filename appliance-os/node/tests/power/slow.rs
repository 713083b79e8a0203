//! A disk whose syncs take long: confirmations wait for them, blocks become larger, reads go on, and what has no room is told so and comes again.

use std::{env, time::Duration};

use bytes::Bytes;
use chainbox_engine::transaction::native::{Content, Suite};
use chainbox_node::{
    genesis::Senders,
    node::{Answer, Node, Wait},
    refusal::Refusal,
};

use super::{
    FOLDER,
    common::{Box, CHAIN, Key, options},
    under_the_shim,
};

const SENDERS: u64 = 8;

/// Transactions of each.
const EACH: u64 = 40;

/// Fewer than all of them.
const POOL: usize = 100;

/// Sends until all are confirmed; says how many were told that there is no room.
async fn send(node: Node, source: u64, mut left: Vec<Bytes>) -> usize {
    let mut pushed_back = 0;
    while !left.is_empty() {
        let answers = node.submit(source, left.clone(), Wait::Confirmed).await;
        let mut again = Vec::new();
        for (raw, answer) in left.into_iter().zip(answers) {
            match answer {
                Answer::Confirmed { .. } => {}
                Answer::Refused(Refusal::PoolFull { .. } | Refusal::SourceBusy { .. }) => {
                    pushed_back += 1;
                    again.push(raw);
                }
                // One before it had no room.
                Answer::Refused(Refusal::Gap { .. } | Refusal::Predecessor { .. }) => again.push(raw),
                answer => panic!("{answer:?}"),
            }
        }
        left = again;
    }
    pushed_back
}

/// The node on the slow disk. As a test it does nothing.
#[test]
fn the_node_under_the_shim() {
    if env::var_os(FOLDER).is_none() {
        return;
    }
    let suite = Suite::P256;
    let keys: Vec<Key> = (0..SENDERS).map(|_| Key::new(suite)).collect();
    let chain = Box::new(suite, Senders::Open, Vec::new(), keys.iter().map(|key| (key.address(), 1_000_000)).collect());
    let mut options = options();
    options.pool.transactions_max = POOL;
    let node = chain.try_start(chain.folder.path(), options).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let transfer = |key: &Key, nonce| key.transaction(CHAIN, nonce, Content::Transfer { to: &[7; 20], amount: 1 });
    let sending: Vec<_> = keys
        .iter()
        .zip(0..)
        .map(|(key, source)| runtime.spawn(send(node.clone(), source, (0..EACH).map(|nonce| transfer(key, nonce)).collect())))
        .collect();
    let mut reads = 0;
    while sending.iter().any(|sending| !sending.is_finished()) {
        node.account(&[7; 20]).unwrap();
        node.status().unwrap();
        reads += 1;
        std::thread::sleep(Duration::from_millis(1));
    }
    let pushed_back: usize = sending.into_iter().map(|sending| runtime.block_on(sending).unwrap()).sum();
    let blocks = node.height();
    assert_eq!(node.account(&[7; 20]).unwrap().balance, u128::from(SENDERS * EACH));
    assert!(pushed_back > 0, "the pool has room for {POOL} of {}", SENDERS * EACH);
    assert!(blocks * 4 <= SENDERS * EACH, "{blocks} blocks: who waits for the disk shares it");
    assert!(reads > blocks, "{reads} reads in the time of {blocks} blocks");
    Box::close(node);
}

#[test]
fn a_slow_disk_makes_larger_blocks_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    under_the_shim(folder.path(), "slow::the_node_under_the_shim", &[("POWER_SYNC_MS", "60")]);
}
