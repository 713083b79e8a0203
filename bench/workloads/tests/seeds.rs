//! The same spec gives the same bytes, on any machine and any number of threads.

use std::collections::{BTreeMap, HashSet};

use chainbox_engine::{
    batch::{Encoding, Input},
    scheme::Scheme,
};
use chainbox_workloads::{Hints, Kind, MESSAGE_BYTES_MAX, SignedItem, Spec, SpecError, Workload, batches, known_answers};
use sha2::{Digest, Sha256};

/// Forty items of many kinds.
fn mixture(scheme: Scheme, seed: u64) -> Spec {
    let spec = Spec { signers: 7, invalid_share: 0.5, hints: Hints::Y, seed, ..Spec::new(scheme, 40) };
    Spec { invalid_kinds: Kind::all_for(spec.shape()), ..spec }
}

fn bytes(items: &[SignedItem]) -> Vec<u8> {
    items
        .iter()
        .flat_map(|SignedItem { item, .. }| [&item.key, &item.input, &item.signature, &item.hint].map(Vec::as_slice).concat())
        .collect()
}

/// Drift of these digests means that old seeds give new files: say so in the changelog if it is wanted.
#[test]
fn seeds_keep_their_meaning() {
    let digests = Scheme::ALL.map(|scheme| {
        let raw = Workload::new(mixture(scheme, 1)).unwrap().items(0..40);
        let der = Spec { encoding: Encoding::Der, compressed: true, input: Input::Digest, ..mixture(scheme, 1) };
        let der = Workload::new(der).unwrap().items(0..40);
        hex::encode(&Sha256::digest([bytes(&raw), bytes(&der)].concat())[..8])
    });
    assert_eq!(digests, ["22d9a9e933f113bf", "ef0efa303a34c6da", "fb29116a6e9d3188", "8a0b498f58850720"]);
}

#[test]
fn known_answers_have_not_drifted() {
    let checked_in = include_str!("../../../engine/src/backend/known_answers.txt");
    assert_eq!(known_answers::text(), checked_in, "its first lines say how to make it anew");
}

#[test]
fn items_do_not_depend_on_order_or_threads() {
    let workload = Workload::new(mixture(Scheme::EcdsaSecp256k1Keccak256, 2)).unwrap();
    let one_by_one: Vec<_> = (0..40).rev().map(|index| workload.item(index)).collect();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let fresh = Workload::new(workload.spec().clone()).unwrap();
        let together = pool.install(|| fresh.items(0..40));
        assert!(together.iter().eq(one_by_one.iter().rev()), "{threads} threads");
    }
}

#[test]
fn seeds_and_schemes_share_no_bytes() {
    let mut keys = HashSet::new();
    for scheme in Scheme::ALL {
        for seed in [1, 2] {
            let workload = Workload::new(Spec { seed, ..Spec::new(scheme, 4) }).unwrap();
            keys.extend(workload.items(0..4).into_iter().map(|signed| signed.item.key));
        }
    }
    assert_eq!(keys.len(), 4 * 2 * 4);
}

#[test]
fn signers_take_turns() {
    let keys = |signers| {
        let items = Workload::new(Spec { signers, ..Spec::new(Scheme::EcdsaP256Sha256, 12) }).unwrap().items(0..12);
        items.into_iter().map(|signed| signed.item.key).collect::<Vec<_>>()
    };
    for signers in [1, 5, 12] {
        assert_eq!(keys(signers).iter().collect::<HashSet<_>>().len() as u64, signers);
        assert_eq!(keys(signers)[..signers as usize], keys(12)[..signers as usize]);
    }
}

#[test]
fn the_share_of_invalid_items_is_exact_and_the_kinds_are_dealt_evenly() {
    let kinds = vec![Kind::RZero, Kind::FlippedBit, Kind::Identity];
    for (share, invalid) in [(0.0, 0), (0.1, 10), (0.125, 13), (1.0, 100)] {
        let spec = Spec { invalid_share: share, invalid_kinds: kinds.clone(), signers: 1, ..Spec::new(Scheme::EcdsaSecp256k1Sha256, 100) };
        let items = Workload::new(spec).unwrap().items(0..100);
        let mut counts = BTreeMap::new();
        for kind in items.iter().filter_map(|item| item.kind) {
            *counts.entry(kind.name()).or_insert(0) += 1;
        }
        assert_eq!(counts.values().sum::<usize>(), invalid);
        let [least, most] = [counts.values().min(), counts.values().max()].map(|count| count.copied().unwrap_or(0));
        assert!(most - least <= 1, "{counts:?}");
    }
}

#[test]
fn batches_hold_each_item_once() {
    let mixed: Vec<_> =
        (0..20).flat_map(|index| Scheme::ALL.map(|scheme| Workload::new(mixture(scheme, 3)).unwrap().item(index))).collect();
    let made = batches(&mixed).unwrap();
    assert_eq!(made.iter().map(|made| made.batch.shape().scheme).collect::<Vec<_>>(), Scheme::ALL);
    let mut seen = HashSet::new();
    for made in &made {
        assert_eq!(made.batch.len(), made.expected.len());
        for (place, (index, expected)) in made.expected.iter().enumerate() {
            assert_eq!(made.batch.item(place), mixed[*index].item.as_item());
            assert_eq!(*expected, mixed[*index].expected());
            assert!(seen.insert(*index));
        }
    }
    assert_eq!(seen.len(), mixed.len());
}

#[test]
fn what_cannot_be_made_is_refused() {
    let spec = Spec::new(Scheme::EcdsaP256Sha256, 10);
    let refused = |spec| Workload::new(spec).err();
    assert_eq!(refused(Spec { signers: 0, ..spec.clone() }), Some(SpecError::NoSigners));
    assert_eq!(refused(Spec { invalid_share: 1.5, ..spec.clone() }), Some(SpecError::InvalidShare(1.5)));
    assert!(matches!(refused(Spec { invalid_share: f64::NAN, ..spec.clone() }), Some(SpecError::InvalidShare(_))));
    assert_eq!(refused(Spec { invalid_share: 0.5, ..spec.clone() }), Some(SpecError::NoKinds));
    assert_eq!(refused(Spec { message_bytes: MESSAGE_BYTES_MAX + 1, ..spec.clone() }), Some(SpecError::MessageBytes(65_537)));
    assert_eq!(refused(Spec { id: vec![0; 8192], ..spec.clone() }), Some(SpecError::IdBytes(8192)));
    assert_eq!(refused(Spec { low_s: true, ..Spec::new(Scheme::Sm2Sm3, 1) }), Some(SpecError::LowSUnfit));
    for kind in [Kind::RPlusSZero, Kind::HighS] {
        let unfit = Some(SpecError::KindUnfit { kind, scheme: spec.scheme });
        assert_eq!(refused(Spec { invalid_kinds: vec![kind], ..spec.clone() }), unfit);
    }
}
