//! Every strategy against [`single`], item by item.

use std::collections::BTreeSet;

use chainbox_engine::{
    backend::{Backend, Cpu, CpuOptions},
    batch::Batch,
    scheme::Scheme,
    strategy::{Strategy, single},
    verdict::{Reason, Verdict},
};
use chainbox_tests::seed::{Random, seed};
use rayon::prelude::*;

use crate::{
    ITEMS, LENGTHS,
    mixture::{Entry, Plan},
    processor, rounds, wait_for_tables,
};

/// How often each batch comes, so that its keys have tables when it comes for the last time.
const TURNS: usize = 4;

/// The tables of many keys are kept narrow, and fewer than there are keys: wide ones take longer to make than all else here.
const MANY_TABLES_BYTES: usize = 8 << 20;

#[test]
fn ecdsa_secp256k1_sha256() {
    compare(Scheme::EcdsaSecp256k1Sha256);
}

#[test]
fn ecdsa_secp256k1_keccak256() {
    compare(Scheme::EcdsaSecp256k1Keccak256);
}

#[test]
fn ecdsa_p256_sha256() {
    compare(Scheme::EcdsaP256Sha256);
}

#[test]
fn sm2_sm3() {
    compare(Scheme::Sm2Sm3);
}

fn compare(scheme: Scheme) {
    let mut seen: BTreeSet<Option<Reason>> = BTreeSet::new();
    let mut wanted: BTreeSet<_> = [None].into();
    for round in 0..rounds() {
        let mut random = Random::new(seed(), 2000 + scheme as u64 + 16 * round);
        let plan = Plan::new(scheme, round, &mut random);
        let entries = plan.entries(&mut random);
        let expected: Vec<_> = entries.par_iter().map(|entry| single::verify(&plan.spec.shape(), &entry.item.as_item())).collect();
        seen.extend(expected.iter().map(|verdict| verdict.reason()));
        if plan.spec.invalid_share > 0.4 {
            wanted.extend(plan.spec.invalid_kinds.iter().map(|kind| Some(kind.reason())));
        }
        for strategy in Strategy::ALL.map(Some).into_iter().chain([None]) {
            let place = format!("seed {}, round {round}, {strategy:?}, {plan:?}", seed());
            check_strategy(strategy, &plan, round, &entries, &expected, &place);
        }
    }
    assert!(wanted.is_subset(&seen), "{wanted:?} are to appear, {seen:?} do");
}

fn check_strategy(strategy: Option<Strategy>, plan: &Plan, round: u64, entries: &[Entry], expected: &[Verdict], place: &str) {
    let few_keys = plan.spec.signers < 100;
    let key_table_bytes = if few_keys { CpuOptions::default().key_table_bytes } else { MANY_TABLES_BYTES };
    let options = CpuOptions { strategy, processor: processor(round), key_table_bytes, ..CpuOptions::default() };
    let cpu = Cpu::with_options(&options).expect("no threads are asked for");
    let uses_tables = matches!(strategy, None | Some(Strategy::Known));
    // Keys that sign many items have their tables from the second time on.
    let turns = match (uses_tables, few_keys) {
        (false, _) => 1,
        (true, true) => 2,
        (true, false) => TURNS,
    };
    for turn in 0..turns {
        for (index, &length) in LENGTHS.iter().enumerate() {
            let start = (turn * 37 + index * 211) % ITEMS;
            let places: Vec<_> = (start..start + length).map(|place| place % ITEMS).collect();
            check_batch(&cpu, strategy.is_none(), plan, &places, entries, expected, place);
        }
        wait_for_tables(&cpu);
    }
    // With a source that spoils nothing, `parity` and `whole` leave few items for tables.
    if strategy == Some(Strategy::Known) && plan.spec.invalid_share < 1.0 {
        assert!(cpu.known_keys().keys > 0, "no key has a table; {place}");
    }
}

fn check_batch(cpu: &Cpu, is_chosen: bool, plan: &Plan, places: &[usize], entries: &[Entry], expected: &[Verdict], place: &str) {
    let mut batch = Batch::with_capacity(plan.spec.shape(), places.len()).from_source(plan.spec.seed);
    for &place in places {
        entries[place].item.push_into(&mut batch).expect("items are short, digests have 32 bytes");
    }
    let (verdicts, hints) = cpu.verify_and_hint(&batch).unwrap();
    assert_eq!([verdicts.as_slice().len(), hints.len()], [places.len(); 2]);
    let about = |at: usize| format!("{place}; item {at} of {}: {:x?}", places.len(), entries[places[at]].item);
    for (at, ((&index, verdict), hint)) in places.iter().zip(verdicts.as_slice()).zip(hints).enumerate() {
        assert_eq!(*verdict, expected[index], "{}", about(at));
        assert!(verdict.is_valid() || hint.is_none(), "a hint of an item that is not valid; {}", about(at));
        assert!(hint.is_none_or(|y| y == entries[index].y), "the hint is not y(R); {}", about(at));
    }
    if is_chosen {
        // Now that something is known of the source.
        assert_eq!(cpu.verify(&batch).expect("the CPU takes any batch"), verdicts, "{place}: the same batch again");
    }
}
