//! Keys recovered side by side against those recovered one by one.

use std::collections::BTreeSet;

use chainbox_engine::{
    backend::{Backend, Cpu, CpuOptions},
    batch::{Input, RecoveryBatch},
    scheme::Scheme,
    strategy::recover::{Recovery, recover_one},
    verdict::{Reason, Verdict},
};
use chainbox_tests::{
    curve::{Bytes32, PeerCurve, multiple, scalar, scalar_bytes, sec1, x},
    seed::{Random, seed},
};
use chainbox_workloads::{Hints, Kind, SignedItem, Spec, Workload};
use k256::Secp256k1;
use rayon::prelude::*;

use crate::{ITEMS, LENGTHS, processor, rounds};

/// A message or digest, and r||s||id.
type Item = (Vec<u8>, Vec<u8>);

/// What all rounds together must show.
const REASONS: [Reason; 6] =
    [Reason::Encoding, Reason::ROutOfRange, Reason::SOutOfRange, Reason::NotRecoverable, Reason::KeyIsIdentity, Reason::LowSPolicy];

#[test]
fn batches_give_what_single_items_give() {
    let (mut reasons, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..rounds() {
        let mut random = Random::new(seed(), 3000 + 16 * round);
        let input = [Input::Digest, Input::Message][round as usize % 2];
        let low_s = (round / 2).is_multiple_of(2);
        let items = items(input, &mut random);
        let all = batch_of(input, low_s, &items);
        let expected: Vec<_> = (0..ITEMS).into_par_iter().map(|index| recover_one(&all, index)).collect();
        for (answer, (_, signature)) in expected.iter().zip(&items) {
            match answer {
                Ok(_) => drop(ids.insert(signature[64])),
                Err(reason) => drop(reasons.insert(*reason)),
            }
        }
        let options = CpuOptions { processor: processor(round), ..CpuOptions::default() };
        let cpu = Cpu::with_options(&options).expect("no threads are asked for");
        for (index, &length) in LENGTHS.iter().enumerate() {
            let start = (index * 83) % (ITEMS - length + 1);
            let range = start..start + length;
            let answered = recover(&cpu, &batch_of(input, low_s, &items[range.clone()]));
            for (at, (answered, place)) in answered.iter().zip(range).enumerate() {
                assert_eq!(*answered, expected[place], "seed {}, round {round}, item {at} of {length}: {:x?}", seed(), items[place]);
            }
        }
    }
    assert!(REASONS.iter().all(|reason| reasons.contains(reason)), "not all of {REASONS:?} appear: {reasons:?}");
    assert_eq!(ids, [0, 1, 2, 3].into(), "each id recovers keys");
}

fn batch_of(input: Input, low_s: bool, items: &[Item]) -> RecoveryBatch {
    let mut batch = RecoveryBatch::new(input, low_s);
    for (content, signature) in items {
        batch.push(content, signature).expect("items are short, digests have 32 bytes");
    }
    batch
}

fn recover(cpu: &Cpu, batch: &RecoveryBatch) -> Vec<Recovery> {
    let recovered = cpu.recover(batch).expect("the CPU recovers");
    let verdicts = recovered.verdicts.as_slice();
    assert_eq!([verdicts.len(), recovered.keys.len()], [batch.len(); 2]);
    let answer = |(verdict, key): (&Verdict, &[u8; 64])| {
        assert!(verdict.is_valid() || *key == [0; 64], "no key where none is valid");
        verdict.reason().map_or(Ok(*key), Err)
    };
    verdicts.iter().zip(&recovered.keys).map(answer).collect()
}

/// Signed items, a third of them spoilt, and now and then a constructed one in their place.
fn items(input: Input, random: &mut Random) -> Vec<Item> {
    let mut spec = Spec::new(Scheme::EcdsaSecp256k1Keccak256, ITEMS as u64);
    spec.input = input;
    spec.signers = 64;
    spec.hints = Hints::Parity;
    spec.invalid_kinds = Kind::all_for(spec.shape());
    spec.invalid_share = 0.3;
    spec.seed = random.below(usize::MAX) as u64;
    let signed = Workload::new(spec).expect("a spec that can be made").items(0..ITEMS as u64);
    let make = |signed: SignedItem| match random.below(16) {
        0 => (signed.item.input, x_above_n(random)),
        1 if input == Input::Digest => identity(random),
        turn => {
            let mut signature = signed.item.signature;
            let id = match turn {
                2 => u8::try_from(random.below(256)).expect("below 256"),
                _ => signed.item.hint[0],
            };
            if let (3, Some(s)) = (turn, signature.get_mut(32..)) {
                s.reverse();
            }
            if turn != 4 {
                signature.push(id);
            }
            (signed.item.input, signature)
        }
    };
    signed.into_iter().map(make).collect()
}

/// An r far below p - n, with an id that says x(R) = r + n: every second one is the x of a point.
fn x_above_n(random: &mut Random) -> Vec<u8> {
    let r = [&[0; 17][..], &random.bytes(15)].concat();
    let s = scalar_bytes::<Secp256k1>(&scalar::<Secp256k1>(&random.bytes32()));
    [&r[..], &s, &[2 | u8::from(random.one_in(2))]].concat()
}

/// s·R = e·G, so that the key is the identity: R = k·G, e = s·k.
fn identity(random: &mut Random) -> Item {
    let [k, s] = [(); 2].map(|()| scalar::<Secp256k1>(&random.bytes32()));
    let point = multiple::<Secp256k1>(&k);
    let r: Bytes32 = x::<Secp256k1>(&point);
    assert!(r < Secp256k1::N, "an x from n on comes once in 2^128");
    let id = sec1::<Secp256k1>(&point)[64] & 1;
    let input = scalar_bytes::<Secp256k1>(&(s * k)).to_vec();
    (input, [&r[..], &scalar_bytes::<Secp256k1>(&s), &[id]].concat())
}
