//! Whole engines: items go in as packets, and what comes out is what the model says.
use std::{collections::HashMap, env, sync::LazyLock};

use crate::items::{any, item, machine, scalar};
use chainbox_fpga_model::{
    curve::Curve,
    machine::{CONTEXTS, CREDITS, Item, LOADED, Machine, Outcome},
    register_map::{self, Kind},
    registers, sources,
    wire::{BEAT_BYTES, setup},
    word::Word,
};
use chainbox_fpga_sim::{Coverage, LOADER_STATES, THROTTLES, Verifier};
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
    let by_tag: HashMap<u32, Outcome> = results.iter().map(|result| (result.tag, result.outcome().expect("a code that is one"))).collect();
    assert_eq!(by_tag.len(), results.len(), "a tag twice");
    by_tag
}

/// Every item's outcome is the model's, whatever arrives when and however seldom results are taken. All lines of the microprogram and all states of what waits for what
/// were gone through then, and are printed.
#[test]
fn items_of_all_kinds_are_what_the_model_says() {
    let count = env::var("CHAINBOX_FPGA_ITEMS").map_or(ITEMS, |text| text.parse().expect("a number of items"));
    let mut coverage = Coverage::default();
    for machine in [&*SM2, &*P_256] {
        let mut random = ChaCha12Rng::seed_from_u64(9);
        let items: Vec<Item> = (0..count).map(|number| any(&mut random, machine.curve(), number)).collect();
        let mut verifier = verifier(machine);
        let mut answered = HashMap::new();
        for (tag, item) in (0_u32..).zip(&items) {
            verifier.send(item, tag);
            // Bursts, pauses, results that nobody takes for a while, and transfers of results of another length.
            if random.next_u64().is_multiple_of(16) {
                verifier.take_results(random.next_u64().is_multiple_of(2));
                verifier.set_flush((random.next_u64() % 5_000) as u32);
                verifier.run(random.next_u64() % 20_000);
                answered.extend(outcomes(&mut verifier));
            }
        }
        verifier.take_results(true);
        assert!(verifier.finish(200_000 * (count as u64 / 16 + 2)), "{} beats were not taken", verifier.waiting());
        answered.extend(outcomes(&mut verifier));
        // What is no packet, and an item of too many commands; then more items than there are places, and nobody takes their results for a while.
        let mut beat = [0; BEAT_BYTES];
        beat[0] = 9;
        verifier.send_transfer(&[beat, beat].concat());
        let mut crowded = items[0].packet(0);
        crowded[1] = 97;
        verifier.send_transfer(&crowded);
        let extra = 0x1000_0000..0x1000_0000 + (CREDITS * Verifier::engines(machine.curve()) + 40) as u32;
        let wrong = Item { key: [machine.curve().p; 2], ..items[0].clone() };
        verifier.take_results(false);
        extra.clone().for_each(|tag| verifier.send(&wrong, tag));
        verifier.run(50_000);
        assert!(verifier.waiting() <= 40 * 5, "there is room for as many items as the card has credits");
        verifier.take_results(true);
        assert!(verifier.finish(200_000));
        let late = outcomes(&mut verifier);
        assert!(extra.clone().all(|tag| late[&tag] == Outcome::KeyRange) && late.len() == extra.len());
        coverage.add(&verifier.coverage());
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
        eprintln!("{}: {count} items, {seen:?}", machine.curve().name);
        let counters = verifier.counters();
        registers::COUNTERS.iter().for_each(|(name, address)| eprintln!("    {name}: {}", counters.of(*address)));
    }
    let lines = coverage.lines.iter().filter(|clocks| **clocks > 0).count();
    eprintln!("lines of the microprogram: {lines} of {}", coverage.lines.len());
    let states = THROTTLES.iter().zip(coverage.throttles).chain(LOADER_STATES.iter().zip(coverage.loader_states));
    states.clone().for_each(|(name, clocks)| eprintln!("{clocks:>9} clocks: {name}"));
    let missed: Vec<&str> = states.filter(|(_, clocks)| *clocks == 0).map(|(name, _)| *name).collect();
    assert!(lines == coverage.lines.len() && missed.is_empty(), "never seen: {missed:?}");
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
    verifier.run(78_000);
    let later = verifier.counters();
    let since = |address| later.of(address) - full.of(address);
    assert_eq!(since(registers::PASSES), since(registers::CLOCKS), "each cycle begins a pass");
    assert!(verifier.finish(400_000));
    let turns: u64 = items.iter().map(|item| machine.run(item).turns - LOADED).sum();
    assert_eq!(verifier.counters().of(registers::PASSES) - before.of(registers::PASSES), turns, "the passes of all items");
    // An item alone takes its passes and few turns more.
    verifier.results();
    let before = verifier.clocks();
    verifier.send(&items[0], 7);
    assert!(verifier.finish(200_000));
    let took = verifier.results()[0].clock - before;
    let turn = CONTEXTS as u64;
    let least = turn * machine.run(&items[0]).turns;
    assert!((least..least + 4 * turn).contains(&took), "{took} clocks, of which {least} are passes and loads");
}

/// Packets that are none are dropped to the end of their transfer, and cost nobody else an answer. Commands that are none are reported, and hang nothing.
#[test]
fn packets_that_are_none_are_dropped() {
    let machine = &*SM2;
    let mut verifier = verifier(machine);
    let good = item(&Curve::SM2, &Word([5, 1, 1, 1]), &Word([9, 9, 9, 9]), &Word([7, 7, 7, 7]));
    let beat = |kind: u8| {
        let mut beat = [0; BEAT_BYTES];
        beat[0] = kind;
        beat
    };
    let packet = good.packet(1);
    // Another kind, with an item behind it; too short, at each length; a point without coordinates; more commands than there is room for.
    verifier.send_transfer(&[&beat(9)[..], &packet].concat());
    for length in 1..5 {
        verifier.send_transfer(&packet[..BEAT_BYTES * length]);
    }
    verifier.send_transfer(&beat(2));
    let mut crowded = packet;
    crowded[1] = 97;
    verifier.send_transfer(&crowded);
    // Three items in a transfer, and something behind them.
    verifier.send_transfer(&[&good.packet(5)[..], &good.packet(6), &good.packet(7), &beat(0), &beat(1)].concat());
    // No command but the first; a command that does nothing.
    let mut short = good.packet(2);
    short[1] = 1;
    verifier.send_transfer(&short);
    let mut idle = good.packet(3);
    idle[130..132].fill(0);
    verifier.send_transfer(&idle);
    verifier.send(&good, 4);
    assert!(verifier.finish(400_000));
    let counters = verifier.counters();
    assert_eq!(counters.of(registers::DROPPED), 8);
    assert_eq!((counters.of(registers::ITEMS), counters.of(registers::RESULTS), counters.of(registers::MALFORMED)), (6, 6, 2));
    let expected = [2, 3].map(|tag| (tag, Outcome::Malformed)).into_iter().chain([4, 5, 6, 7].map(|tag| (tag, Outcome::Valid)));
    assert_eq!(outcomes(&mut verifier), expected.collect());
    // Errors stand until they are cleared, and a reset does not.
    let errors = registers::ERRORS_DROPPED | registers::ERRORS_MALFORMED;
    assert_eq!(verifier.read(registers::ERRORS), errors);
    verifier.reset();
    assert_eq!(verifier.read(registers::ERRORS), errors);
    verifier.write(registers::CONTROL, registers::CONTROL_CLEAR);
    assert_eq!(verifier.read(registers::ERRORS), 0);
}

/// What the registers say of the card is what the model says; those that are not written keep what they are, and what is no register is 0.
#[test]
fn the_registers_are_those_of_the_description() {
    for machine in [&*SM2, &*P_256] {
        let curve = machine.curve();
        let mut verifier = Verifier::new(curve);
        let build = sources::build(curve);
        let engines = Verifier::engines(curve) as u32;
        for round in 0..2 {
            let constants = [
                (registers::IDENTITY, register_map::IDENTITY),
                (registers::VERSION, register_map::VERSION),
                (registers::BUILD_LOW, build as u32),
                (registers::BUILD_HIGH, (build >> 32) as u32),
                (registers::CURVE, curve.code),
                (registers::ENGINES, engines),
                (registers::CREDITS, engines * CREDITS as u32),
            ];
            for (address, word) in constants {
                assert_eq!(verifier.read(address), word, "{address:#x} in round {round}");
            }
            let known = register_map::card();
            for register in &known {
                if matches!(register.kind, Kind::Constant | Kind::State | Kind::Sticky | Kind::Counter) {
                    let before = verifier.read(register.address);
                    verifier.write(register.address, !before);
                    assert_eq!(verifier.read(register.address), before, "{}", register.name);
                }
            }
            let end = registers::OUTPUT_WAITED + 8;
            for address in (0..0x1000).step_by(4).filter(|address| *address >= end || (0x2c..0x40).contains(address)) {
                assert_eq!(verifier.read(address), 0, "{address:#x}");
            }
        }
        verifier.set_up(machine);
        verifier.run(1_000);
        let loaded = setup(curve, machine.fixed()).filter(|(_, is_last)| *is_last).count();
        assert_eq!(verifier.counters().of(registers::LOADED), (loaded * Verifier::engines(curve)) as u64);
        verifier.set_flush(77);
        verifier.reset();
        assert_eq!(verifier.read(registers::FLUSH), 77, "a setting stays");
        // A snapshot is of one moment, whenever it is read.
        let (first, second) = (verifier.counters(), verifier.counters());
        assert!(second.of(registers::CLOCKS) > first.of(registers::CLOCKS));
        let kept = verifier.read(registers::CLOCKS);
        verifier.run(100);
        assert_eq!(verifier.read(registers::CLOCKS), kept);
    }
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
    let counters = verifier.counters();
    assert_eq!(counters.of(registers::BROKEN), marked as u64);
    assert!(counters.of(registers::PARITY) >= counters.of(registers::BROKEN));
    assert_eq!(verifier.read(registers::ERRORS), if marked > 0 { registers::ERRORS_PARITY } else { 0 });
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
    // In the middle of a transfer, too: what is left of it is dropped.
    let beats = good.packet(7);
    beats.as_chunks::<BEAT_BYTES>().0.iter().for_each(|beat| verifier.send_beat(beat, false));
    verifier.send(&good, 8);
    while verifier.waiting() > 3 {
        verifier.run(1);
    }
    verifier.reset();
    verifier.send(&good, 9);
    assert!(verifier.finish(400_000));
    assert_eq!(outcomes(&mut verifier), HashMap::from([(9, Outcome::Valid)]));
}
