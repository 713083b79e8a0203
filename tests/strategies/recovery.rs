//! Keys recovered side by side against those recovered one by one.

use std::collections::BTreeSet;

use chainbox_engine::{
    backend::{Backend, Cpu, CpuOptions},
    batch::{Input, RecoveryBatch},
    scheme::Scheme,
    strategy::{
        Strategy,
        recover::{Recovery, recover_one},
    },
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

/// Keys that somebody names, right and wrong ones, change no answer.
#[test]
fn named_keys_change_no_answer() {
    for round in 0..rounds() {
        let mut random = Random::new(seed(), 4000 + 16 * round);
        let (input, low_s) = (Input::Digest, round % 2 == 1);
        let items = items(input, &mut random);
        let plain = batch_of(input, low_s, &items);
        let keys: Vec<_> = (0..ITEMS).into_par_iter().map(|index| recover_one(&plain, index)).collect();
        for wrong in [0, 8, 2] {
            let mut batch = RecoveryBatch::new(input, low_s);
            for (index, (content, signature)) in items.iter().enumerate() {
                let other = &keys[random.below(ITEMS)];
                let (mut signature, key) = (signature.clone(), &keys[index]);
                // Every `wrong`th item, none where it is 0, has a hint that is not that of its R.
                let hint = match if wrong == 0 || !index.is_multiple_of(wrong) { 0 } else { random.below(5) } {
                    0 => key.as_ref().map_or(Vec::new(), |key| encoded(key, random.one_in(2))),
                    1 => other.as_ref().map_or(Vec::new(), |key| encoded(key, false)),
                    2 => random.bytes(65),
                    3 => {
                        let len = random.below(70);
                        random.bytes(len)
                    }
                    // The trap: under the named key the signature is good, while its id now names another key.
                    _ => {
                        if let Some(id) = signature.get_mut(64) {
                            *id ^= 1;
                        }
                        key.as_ref().map_or(Vec::new(), |key| encoded(key, false))
                    }
                };
                batch.push_with_hint(content, &signature, &hint).expect("items are short, digests have 32 bytes");
            }
            let expected: Vec<_> = (0..ITEMS).into_par_iter().map(|index| recover_one(&batch, index)).collect();
            let cpu = Cpu::with_options(&CpuOptions { threads: Some(2), ..CpuOptions::default() }).expect("two threads");
            for _ in 0..3 {
                assert!(recover(&cpu, &batch) == expected, "seed {}, round {round}, every {wrong}th hint is wrong", seed());
            }
            let combined = cpu.decided().iter().any(|(strategy, _)| *strategy == Strategy::Parity);
            assert!(combined || wrong != 0, "right hints are used");
        }
    }
}

/// SEC1 bytes of x||y.
fn encoded(key: &[u8; 64], compressed: bool) -> Vec<u8> {
    if compressed { [&[2 + (key[63] & 1)], &key[..32]].concat() } else { [&[4][..], key].concat() }
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
