//! The tables of known keys: their bound in bytes, who gets one and who gives way, and verdicts while they come and go.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
};

use chainbox_engine::{
    backend::{Backend, Cpu, CpuOptions},
    batch::Batch,
    curve::{
        Group, P256, Secp256k1, Sm2,
        lanes::fixed_base::FixedBase,
        point::{Affine, Jacobian},
    },
    field::lanes::portable::Portable,
    scheme::Scheme,
    simd::Baseline,
    strategy::{Strategy, known::KnownKeys},
    verdict::Verdict,
};
use chainbox_workloads::{Kind, SignedItem, Spec, Workload};

/// The narrowest tables, which are made where there is little room: digits of 3 bits.
const TABLE_BYTES: usize = FixedBase::bytes_of(3);

/// The sightings after which a key gets its table.
const SIGHTINGS: usize = 3;

/// Keys, by numbers from 1: their bytes and their points.
struct Keys(Vec<(Vec<u8>, Affine<Secp256k1>)>);

impl Keys {
    fn new(count: usize) -> Self {
        let points = std::iter::successors(Some(Jacobian::from(Secp256k1::G)), |last| Some(last.add_affine(&Secp256k1::G)));
        Self(points.take(count).enumerate().map(|(number, point)| (number.to_be_bytes().to_vec(), point.to_affine_var())).collect())
    }

    /// Meets keys once, as a batch does: looks for their tables, and counts those that have none.
    fn meet(&self, known: &Arc<KnownKeys>, numbers: impl IntoIterator<Item = usize>) -> Vec<bool> {
        let keys: Vec<_> = numbers.into_iter().map(|number| &self.0[number]).collect();
        let found = known.find::<Secp256k1>(keys.iter().map(|(bytes, _)| &bytes[..]));
        for (key, (_, point)) in found.iter().zip(&keys) {
            assert!(key.as_ref().is_none_or(|key| key.point::<Secp256k1>() == *point), "the table is another key's");
        }
        let others = keys.iter().zip(&found).filter(|(_, found)| found.is_none());
        let candidates = known.sight::<Secp256k1>(others.map(|((bytes, point), _)| (&bytes[..], *point)), true);
        known.make::<Secp256k1, Portable<_>>(Baseline, None, candidates);
        found.iter().map(Option::is_some).collect()
    }

    /// Meets keys until those that can have tables have them.
    fn introduce(&self, known: &Arc<KnownKeys>, numbers: impl IntoIterator<Item = usize> + Clone) {
        for _ in 0..SIGHTINGS {
            self.meet(known, numbers.clone());
        }
        wait(known);
    }
}

fn wait(known: &KnownKeys) {
    while known.state().waiting > 0 {
        thread::yield_now();
    }
}

#[test]
fn one_byte_less_than_a_table_is_room_for_none() {
    let keys = Keys::new(3);
    for (bytes_max, tables) in [(0, 0), (TABLE_BYTES - 1, 0), (TABLE_BYTES, 1), (2 * TABLE_BYTES - 1, 1), (2 * TABLE_BYTES, 2)] {
        let known = Arc::new(KnownKeys::new(bytes_max));
        keys.introduce(&known, 0..3);
        let state = known.state();
        assert_eq!((state.keys, state.bytes, state.bytes_max), (tables, tables * TABLE_BYTES, bytes_max));
    }
}

#[test]
fn a_key_gets_its_table_when_it_comes_again_and_not_before() {
    let (keys, known) = (Keys::new(1), Arc::new(KnownKeys::new(TABLE_BYTES)));
    for _ in 1..SIGHTINGS {
        assert_eq!(keys.meet(&known, [0]), [false]);
        wait(&known);
        assert_eq!(known.state().keys, 0);
    }
    keys.meet(&known, [0]);
    wait(&known);
    assert_eq!(keys.meet(&known, [0]), [true]);
}

#[test]
fn the_same_bytes_on_another_curve_are_another_key() {
    let (keys, known) = (Keys::new(1), Arc::new(KnownKeys::new(2 * TABLE_BYTES)));
    keys.introduce(&known, [0]);
    let bytes = [&keys.0[0].0[..]];
    assert!(known.find::<Secp256k1>(bytes.into_iter())[0].is_some());
    assert!(known.find::<P256>(bytes.into_iter())[0].is_none() && known.find::<Sm2>(bytes.into_iter())[0].is_none());
}

#[test]
fn keys_in_use_are_not_driven_out() {
    let (keys, known) = (Keys::new(40), Arc::new(KnownKeys::new(4 * TABLE_BYTES)));
    keys.introduce(&known, 0..4);
    for turn in 0..100 {
        // More keys than there is room for, all of them often enough for a table.
        let found = keys.meet(&known, 0..40);
        wait(&known);
        assert!(found[..4].iter().all(|&found| found) && found[4..].iter().all(|&found| !found), "turn {turn}: {found:?}");
    }
}

#[test]
fn the_key_that_was_idle_longest_gives_way() {
    let (keys, known) = (Keys::new(5), Arc::new(KnownKeys::new(3 * TABLE_BYTES)));
    keys.introduce(&known, 0..3);
    // Keys 1 and 2 go on, key 0 does not.
    for _ in 0..200 {
        keys.meet(&known, 1..3);
    }
    keys.introduce(&known, [3]);
    assert_eq!(keys.meet(&known, 0..4), [false, true, true, true]);
    // All are in use now, so that the next one finds no room.
    keys.introduce(&known, [4]);
    assert_eq!(keys.meet(&known, [1, 2, 3, 4]), [true, true, true, false]);
}

/// The threads of the churn tests.
const THREADS: usize = 4;

#[test]
fn the_bound_holds_while_threads_compete_for_room() {
    const TABLES: usize = 5;
    const KEYS: usize = 60;
    let (keys, known) = (Keys::new(KEYS), Arc::new(KnownKeys::new(TABLES * TABLE_BYTES + TABLE_BYTES / 2)));
    let done = AtomicBool::new(false);
    let most = thread::scope(|scope| {
        let (keys, known) = (&keys, &known);
        let churn = |thread: usize| {
            for turn in 0..400 {
                // A window of keys that moves on, so that what it leaves behind is idle.
                let first = thread * 7 + turn / 8;
                keys.meet(known, (first..first + 6).map(|number| number % KEYS));
            }
        };
        let watcher = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Relaxed) {
                let state = known.state();
                assert!(state.bytes <= state.bytes_max && state.bytes == state.keys * TABLE_BYTES, "{state:?}");
                most = most.max(state.keys);
                thread::yield_now();
            }
            most
        });
        let churning: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || churn(thread))).collect();
        for thread in churning {
            thread.join().expect("no meeting fails");
        }
        wait(known);
        let keys = known.state().keys;
        done.store(true, Relaxed);
        watcher.join().expect("the bound holds").max(keys)
    });
    assert_eq!(most, TABLES, "all room is used");
}

#[test]
fn verdicts_stay_right_while_tables_come_and_go() {
    const KEYS: u64 = 96;
    const BATCH_ITEMS: usize = 64;
    for scheme in [Scheme::EcdsaSecp256k1Sha256, Scheme::Sm2Sm3] {
        let mut spec = Spec::new(scheme, 4 * KEYS);
        spec.signers = KEYS;
        spec.invalid_kinds = Kind::all_for(spec.shape());
        spec.invalid_share = 0.2;
        let items = Workload::new(spec.clone()).expect("a spec that can be made").items(0..spec.items);
        let expected: Vec<Verdict> = items.iter().map(SignedItem::expected).collect();
        let options = CpuOptions { strategy: Some(Strategy::Known), key_table_bytes: 6 * TABLE_BYTES, ..CpuOptions::default() };
        let cpu = Cpu::with_options(&options).expect("no threads are asked for");
        let churn = |thread: usize| {
            let mut had_tables = false;
            for turn in 0..60 {
                // Batches of few keys, a few times each, and then of others.
                let first = thread * 11 + turn / 6 * 5;
                let places: Vec<_> = (0..BATCH_ITEMS).map(|item| (first + item % 8 + item / 8 * KEYS as usize) % items.len()).collect();
                let mut batch = Batch::new(spec.shape());
                for &place in &places {
                    items[place].item.push_into(&mut batch).expect("items are short");
                }
                let verdicts = cpu.verify(&batch).expect("the CPU takes any batch");
                let right: Vec<_> = places.iter().map(|&place| expected[place]).collect();
                assert_eq!(verdicts.as_slice(), right, "{scheme}, thread {thread}, turn {turn}");
                let state = cpu.known_keys();
                assert!(state.bytes <= state.bytes_max, "{state:?}");
                had_tables |= state.keys > 0;
            }
            had_tables
        };
        let had_tables = thread::scope(|scope| {
            let churning: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || churn(thread))).collect();
            churning.into_iter().map(|thread| thread.join().expect("verdicts stay right")).collect::<Vec<_>>()
        });
        assert!(had_tables.contains(&true), "{scheme}: tables came");
    }
}
