//! Sources that forge, at ten times what the box can do, beside honest ones that use all of it.

use std::time::Duration;

use chainbox_engine::dispatch::Task;

use super::{HINTED, VERIFY, client::Client, honest, measured, run};

/// How much of its rate alone an honest source keeps.
const KEPT: f64 = 0.95;

const FORGED_PER_MILLE: usize = 990;

/// Ten times what the box can do, in items a second.
const OFFERED: f64 = 10.0 * measured::CORES as f64 * 1e9 / measured::ITEM;

/// Honest sources were there before.
const ATTACK: Duration = Duration::from_millis(500);

/// Forged items a request.
const ITEMS: usize = 4_096;

/// Honest sources that keep the box busy.
fn honest_sources() -> Vec<Client> {
    vec![honest(VERIFY, 2_048, 8), honest(VERIFY, 1_024, 8), honest(HINTED, 8_192, 4)]
}

/// Forgers that offer together ten times what the box can do.
fn forgers(task: Task, count: usize) -> impl Iterator<Item = Client> {
    (0..count).map(move |_| Client::open(task, ITEMS, OFFERED / count as f64).forging(FORGED_PER_MILLE))
}

/// The least part of its rate alone that one of the honest sources keeps beside these clients.
fn check_kept(what: &str, hostile: impl Iterator<Item = Client>) {
    let sources = honest_sources().len();
    let alone = run(honest_sources());
    let beside = run(honest_sources().into_iter().chain(hostile.map(|client| client.beginning(ATTACK))).collect());
    for source in 0..sources {
        let kept = beside.rate(source) / alone.rate(source);
        println!("{what}: source {source} keeps {kept:.3} of {:.0} items a second", alone.rate(source));
        let counts = &beside.clients[source].counts;
        assert_eq!((counts.refused, counts.expired), (0, 0), "{what}: an honest source has room and its turns");
        assert!(kept >= KEPT, "{what}: source {source} keeps {kept}");
    }
    let forged: usize = beside.clients[sources..].iter().map(|client| client.counts.verified_items).sum();
    assert!(forged > 0, "{what}: suspects are slowed, not starved");
}

#[test]
fn one_forger() {
    check_kept("one forger", forgers(VERIFY, 1));
}

#[test]
fn ten_forgers_with_hints() {
    check_kept("ten forgers with hints", forgers(HINTED, 10));
}

#[test]
fn a_thousand_forgers() {
    check_kept("a thousand forgers", forgers(VERIFY, 1_000));
}

#[test]
fn ever_new_forgers() {
    check_kept("ever new forgers", forgers(VERIFY, 1).map(|client| client.living(1)));
    check_kept("ever new forgers among a thousand", forgers(HINTED, 1_000).map(|client| client.living(2)));
}

/// Each proves itself with valid items, forges, and comes back as another.
#[test]
fn ever_new_forgers_that_prove_themselves_first() {
    let turncoats = (0..200).map(|_| Client { valid_first: 1, ..Client::closed(VERIFY, 600, 1).forging(FORGED_PER_MILLE).living(3) });
    check_kept("turncoats", turncoats);
}

#[test]
fn forgers_have_the_box_while_nobody_else_needs_it() {
    let machine = run(forgers(VERIFY, 10).collect());
    let forged: f64 = (0..10).map(|client| machine.rate(client)).sum();
    let share = forged * measured::ITEM / (measured::CORES as f64 * 1e9);
    assert!(share > 0.5, "{share} of the cores");
}
