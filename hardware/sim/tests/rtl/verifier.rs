//! Whole engines: items go in as packets, and what comes out is what the model says.
use std::{collections::HashMap, env, sync::LazyLock};

use crate::items::{any, item, machine, scalar};
use chainbox_fpga_model::{
    curve::Curve,
    machine::{CONTEXTS, Item, LOADED, Machine, Outcome},
    wire::BEAT_BYTES,
    word::Word,
};
use chainbox_fpga_sim::Verifier;
use rand_chacha::{
    ChaCha12Rng,
    rand_core::{Rng, SeedableRng},
};

/// Items of each curve in CI; CHAINBOX_FPGA_ITEMS says otherwise.
const ITEMS: usize = 96;

static SM2: LazyLock<Machine> = LazyLock::new(|| machine(Curve::SM2));
static P_256: LazyLock<Machine> = LazyLock::new(|| machine(Curve::P256));

fn verifier(machine: &Machine) -> Verifier {
    let mut verifier = Verifier::new(machine.curve());
    verifier.set_up(machine);
    verifier
}

/// The outcomes by tag; each tag once.
fn outcomes(verifier: &mut Verifier) -> HashMap<u32, Outcome> {
    let results = verifier.results();
    let by_tag: HashMap<u32, Outcome> = results.iter().map(|result| (result.tag, result.outcome.expect("a code that is one"))).collect();
    assert_eq!(by_tag.len(), results.len(), "a tag twice");
    by_tag
}

/// Every item's outcome is the model's, whatever arrives when and however seldom results are taken.
#[test]
fn items_of_all_kinds_are_what_the_model_says() {
    let count = env::var("CHAINBOX_FPGA_ITEMS").map_or(ITEMS, |text| text.parse().expect("a number of items"));
    for machine in [&*SM2, &*P_256] {
        let mut random = ChaCha12Rng::seed_from_u64(9);
        let items: Vec<Item> = (0..count).map(|number| any(&mut random, machine.curve(), number)).collect();
        let mut verifier = verifier(machine);
        let mut answered = HashMap::new();
        for (tag, item) in (0_u32..).zip(&items) {
            verifier.send(item, tag);
            // Bursts, pauses, and results that nobody takes for a while.
            if random.next_u64().is_multiple_of(16) {
                verifier.take_results(random.next_u64().is_multiple_of(2));
                verifier.run(random.next_u64() % 20_000);
                answered.extend(outcomes(&mut verifier));
            }
        }
        verifier.take_results(true);
        assert!(verifier.finish(200_000 * (count as u64 / 16 + 2)), "{} beats were not taken", verifier.waiting());
        answered.extend(outcomes(&mut verifier));
        assert_eq!(answered.len(), count);
        let mut seen = HashMap::<Outcome, usize>::new();
        for (tag, item) in (0_u32..).zip(&items) {
            let expected = machine.run(item).outcome;
            assert_eq!(answered[&tag], expected, "{} item {tag}", machine.curve().name);
            *seen.entry(expected).or_default() += 1;
        }
        for outcome in [Outcome::Valid, Outcome::Mismatch, Outcome::KeyRange, Outcome::OffCurve, Outcome::ScalarRange, Outcome::Undecided] {
            assert!(seen.contains_key(&outcome), "{outcome:?} is among them: {seen:?}");
        }
        eprintln!("{}: {count} items, {seen:?}, {:?}", machine.curve().name, verifier.counters());
    }
}

/// The passes of an item are the model's, and an engine whose contexts are full begins one each cycle.
#[test]
fn no_cycle_is_idle_while_there_are_items() {
    let machine = &*SM2;
    let mut random = ChaCha12Rng::seed_from_u64(10);
    let mut next = || {
        let [d, s, t] = std::array::from_fn(|_| scalar(&mut random, &Curve::SM2));
        item(&Curve::SM2, &d, &s, &t)
    };
    let mut verifier = verifier(machine);
    let items: Vec<Item> = (0..40).map(|_| next()).collect();
    let before = verifier.counters();
    (0_u32..).zip(&items).for_each(|(tag, item)| verifier.send(item, tag));
    // All contexts have one after 32 loads, and the first is done after some 90,000 clocks.
    verifier.run(8_000);
    let full = verifier.counters();
    verifier.run(80_000);
    let (passes, clocks) = (verifier.counters().passes - full.passes, verifier.counters().clocks - full.clocks);
    assert_eq!(passes, clocks, "each cycle begins a pass");
    assert!(verifier.finish(400_000));
    let turns: u64 = items.iter().map(|item| machine.run(item).turns - LOADED).sum();
    assert_eq!(verifier.counters().passes - before.passes, turns, "the passes of all items");
    // An item alone takes its passes and few turns more.
    let before = verifier.counters().clocks;
    verifier.results();
    verifier.send(&items[0], 7);
    assert!(verifier.finish(200_000));
    let took = verifier.results()[0].clock - before;
    let turn = CONTEXTS as u64;
    let least = turn * machine.run(&items[0]).turns;
    assert!((least..least + 4 * turn).contains(&took), "{took} clocks, of which {least} are passes and loads");
}

/// Packets that are none are dropped whole, and cost nobody an answer. Commands that are none are reported, and hang nothing.
#[test]
fn packets_that_are_none_are_dropped() {
    let machine = &*SM2;
    let mut verifier = verifier(machine);
    let good = item(&Curve::SM2, &Word([5, 1, 1, 1]), &Word([9, 9, 9, 9]), &Word([7, 7, 7, 7]));
    let before = verifier.counters().dropped;
    let beat = |kind: u8| {
        let mut beat = [0; BEAT_BYTES];
        beat[0] = kind;
        beat
    };
    let packet = good.packet(1);
    let beats = packet.as_chunks::<BEAT_BYTES>().0;
    // Another kind; too short, at each length; too long; a word of two beats; a point of one; more commands than there is room for.
    verifier.send_beat(&beat(9), false);
    verifier.send_beat(&beat(9), true);
    for length in 1..5 {
        verifier.send_packet(&packet[..BEAT_BYTES * length]);
    }
    beats.iter().for_each(|beat| verifier.send_beat(beat, false));
    verifier.send_beat(&beat(0), true);
    verifier.send_beat(&beat(3), false);
    verifier.send_beat(&beat(0), true);
    verifier.send_beat(&beat(2), true);
    let mut crowded = packet;
    crowded[1] = 97;
    verifier.send_packet(&crowded);
    // No command but the first; a command that does nothing.
    let mut short = good.packet(2);
    short[1] = 1;
    verifier.send_packet(&short);
    let mut idle = good.packet(3);
    idle[130..132].fill(0);
    verifier.send_packet(&idle);
    verifier.send(&good, 4);
    assert!(verifier.finish(400_000));
    assert_eq!(verifier.counters().dropped - before, 9);
    let expected = [(2, Outcome::Malformed), (3, Outcome::Malformed), (4, Outcome::Valid)];
    assert_eq!(outcomes(&mut verifier), HashMap::from(expected));
}

/// A word with wrong parity marks the item that reads it, and nobody else.
#[test]
fn wrong_parity_marks_its_item_alone() {
    let machine = &*SM2;
    let mut verifier = verifier(machine);
    let mut random = ChaCha12Rng::seed_from_u64(11);
    let mut marked = 0;
    for round in 0..6_u32 {
        let items: Vec<Item> = (0..4)
            .map(|_| {
                let [d, s, t] = std::array::from_fn(|_| scalar(&mut random, &Curve::SM2));
                item(&Curve::SM2, &d, &s, &t)
            })
            .collect();
        (0..).zip(&items).for_each(|(tag, item)| verifier.send(item, tag));
        verifier.run(3_000 + 13_000 * u64::from(round));
        verifier.flip_parity();
        assert!(verifier.finish(400_000));
        let outcomes = outcomes(&mut verifier);
        assert_eq!(outcomes.len(), 4);
        let broken = outcomes.values().filter(|outcome| **outcome == Outcome::Broken).count();
        assert!(broken <= 1 && outcomes.values().all(|outcome| matches!(outcome, Outcome::Broken | Outcome::Valid)), "{outcomes:?}");
        marked += broken;
    }
    assert!(marked >= 4, "most words are read again: {marked}");
}

/// After a reset the items under way are gone, the next ones are answered, and the table is still there.
#[test]
fn a_reset_loses_what_is_under_way_and_nothing_else() {
    let machine = &*P_256;
    let mut verifier = verifier(machine);
    let good = item(&Curve::P256, &Word([5, 1, 1, 1]), &Word([9, 9, 9, 9]), &Word([7, 7, 7, 7]));
    (0..5).for_each(|tag| verifier.send(&good, tag));
    verifier.run(30_000);
    verifier.reset();
    verifier.send(&good, 9);
    assert!(verifier.finish(400_000));
    assert_eq!(outcomes(&mut verifier), HashMap::from([(9, Outcome::Valid)]));
}
