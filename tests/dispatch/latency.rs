//! How long small requests wait.

use std::time::Duration;

use super::{
    HINTED, VERIFY,
    client::Client,
    honest,
    hostile::{ATTACK, OFFERED},
    measured, run,
};

/// The value below which so many of a hundred lie.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

#[test]
fn at_one_percent_load_a_request_of_one_item_starts_at_once() {
    let one_percent = 0.01 * measured::CORES as f64 * 1e9 / (measured::BATCH + measured::ITEM);
    let machine = run((0..4).map(|_| Client::open(VERIFY, 1, one_percent / 4.0)).collect());
    for client in &machine.clients {
        assert!(client.counts.waits.len() > 100);
        // At times one meets another.
        assert_eq!(percentile(&client.counts.waits, 99), Duration::ZERO);
        assert!(client.counts.waits.iter().all(|&wait| wait <= Duration::from_micros(100)));
    }
}

/// Beside clients that keep the box busy with large requests, hinted and not.
#[test]
fn a_small_request_does_not_wait_for_large_ones() {
    let bulk = [honest(VERIFY, 16_384, 4), honest(HINTED, 65_536, 2)];
    let small = Client::open(VERIFY, 1, 500.0);
    let machine = run(bulk.into_iter().chain([small]).collect());
    let waits = &machine.clients[2].counts.waits;
    println!("wait p50 {:?}, p99 {:?}, max {:?}", percentile(waits, 50), percentile(waits, 99), percentile(waits, 100));
    assert!(waits.len() > 1_000);
    assert!(percentile(waits, 99) <= Duration::from_micros(500));
    assert!(percentile(waits, 100) <= Duration::from_millis(2));
}

/// And beside a thousand forgers as well.
#[test]
fn forgers_do_not_hold_up_a_small_request() {
    let forgers = (0..1_000).map(|_| Client::open(VERIFY, 4_096, OFFERED / 1_000.0).forging(990).living(2).beginning(ATTACK));
    let machine = run([Client::open(VERIFY, 1, 500.0), honest(VERIFY, 16_384, 4)].into_iter().chain(forgers).collect());
    let waits = &machine.clients[0].counts.waits;
    println!("beside forgers: wait p50 {:?}, p99 {:?}, max {:?}", percentile(waits, 50), percentile(waits, 99), percentile(waits, 100));
    assert!(waits.len() > 1_000);
    assert!(percentile(waits, 99) <= Duration::from_micros(500));
    assert!(percentile(waits, 100) <= Duration::from_millis(2));
}

/// Many clients of one item each: under load they gather, and the box does several times what it would one by one.
#[test]
fn under_load_small_requests_gather() {
    let one_by_one =
        measured::CORES as f64 * 1e9 / (measured::RECEIVE_STREAMED + measured::ANSWER_STREAMED + measured::BATCH + measured::ITEM);
    let machine = run((0..200).map(|_| honest(VERIFY, 1, 1).streaming()).collect());
    let rate: f64 = (0..200).map(|client| machine.rate(client)).sum();
    println!("{rate:.0} a second, {one_by_one:.0} one by one");
    assert!(rate > 1.2 * one_by_one);
    let worst = machine.clients.iter().map(|client| percentile(&client.counts.waits, 100)).max().unwrap();
    assert!(worst <= Duration::from_millis(5), "{worst:?}");
}
