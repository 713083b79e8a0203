//! Sources that forge, at ten times what the box can do, beside honest ones that use all of it.

use std::time::Duration;

use chainbox_engine::dispatch::{SourceLimits, Task};

use super::{HINTED, VERIFY, WARM_UP, client::Client, honest, measured, run, run_from};

/// How much of its rate alone an honest source keeps.
const KEPT: f64 = 0.95;

const FORGED_PER_MILLE: usize = 990;

/// Ten times what the box can do, in items a second.
pub const OFFERED: f64 = 10.0 * measured::CORES as f64 * 1e9 / measured::ITEM;

/// Honest sources were there before.
pub const ATTACK: Duration = Duration::from_millis(500);

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

/// Each honest source keeps its part of its rate alone beside these clients, counted from `warm_up` on.
fn check_kept_from(warm_up: Duration, what: &str, hostile: impl Iterator<Item = Client>) {
    let sources = honest_sources().len();
    let alone = run_from(warm_up, honest_sources());
    let beside = run_from(warm_up, honest_sources().into_iter().chain(hostile.map(|client| client.beginning(ATTACK))).collect());
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

fn check_kept(what: &str, hostile: impl Iterator<Item = Client>) {
    check_kept_from(WARM_UP, what, hostile);
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

/// Each proves itself with valid items, forges, and comes back as another. The first of them are honest as far as anybody can know, and have their
/// shares; what is counted begins when they have turned.
#[test]
fn ever_new_forgers_that_prove_themselves_first() {
    let turncoats = (0..200).map(|_| Client { valid_first: 1, ..Client::closed(VERIFY, 600, 1).forging(FORGED_PER_MILLE).living(3) });
    check_kept_from(Duration::from_secs(4), "turncoats", turncoats);
}

/// Whom the operator named need not prove itself among ever new forgers.
#[test]
fn a_named_source_that_comes_during_an_attack_has_its_share() {
    let named = honest(VERIFY, 1_024, 8).with_limits(SourceLimits { is_named: true, ..SourceLimits::default() });
    let clients = [honest(VERIFY, 1_024, 8), named.beginning(Duration::from_millis(900))];
    let forgers = forgers(VERIFY, 1_000).map(|client| client.living(1).beginning(ATTACK));
    let machine = run(clients.into_iter().chain(forgers).collect());
    assert!((machine.rate(1) / machine.rate(0) - 1.0).abs() < 0.05, "{} beside {}", machine.rate(1), machine.rate(0));
}

#[test]
fn forgers_have_the_box_while_nobody_else_needs_it() {
    let machine = run(forgers(VERIFY, 10).collect());
    let forged: f64 = (0..10).map(|client| machine.rate(client)).sum();
    let share = forged * measured::ITEM / (measured::CORES as f64 * 1e9);
    assert!(share > 0.5, "{share} of the cores");
}
