//! Devices that flip bits: what the host notices by itself, before any audit, and that no flip makes an invalid item valid.

use std::{collections::BTreeMap, time::Duration};

use chainbox_engine::{
    backend::{Backend, known_answers},
    batch::{Batch, Shape},
    scheme::Scheme,
    verdict::Verdict,
};
use chainbox_kernels::{
    device::Device,
    pipeline::{Options, Verifier},
};

use crate::{
    devices::{OnDevice, on_every_device},
    flipping::{Flipping, Place, Plan},
    items::batch,
    values::seeded,
};

/// How many bits flip on each device in CI; CHAINBOX_FLIPS=10000 for the figures.
const FLIPS: usize = 64;

/// The items of a batch: two groups of lanes, the second not full.
const ITEMS: usize = 100;

/// What becomes of a batch in which a bit flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Every verdict is right.
    Harmless,
    /// The back end reports a fault.
    Noticed,
    /// A valid item was called invalid.
    FalselyInvalid,
    /// An invalid item has another reason.
    OtherReason,
    /// An invalid item was called valid.
    FalselyValid,
}

/// Batches of distinct items, valid and invalid, of each scheme.
fn batches() -> Vec<(Batch, Vec<Verdict>)> {
    Scheme::ALL.into_iter().map(|scheme| batch(scheme, 0, ITEMS, ITEMS)).collect()
}

fn outcome(expected: &[Verdict], answered: &[Verdict]) -> Outcome {
    let of_item = |(expected, answered): (&Verdict, &Verdict)| match (expected.is_valid(), answered.is_valid()) {
        _ if expected == answered => Outcome::Harmless,
        (true, _) => Outcome::FalselyInvalid,
        (false, true) => Outcome::FalselyValid,
        (false, false) => Outcome::OtherReason,
    };
    assert_eq!(expected.len(), answered.len());
    expected.iter().zip(answered).map(of_item).max().unwrap_or(Outcome::Harmless)
}

struct Flips(usize);

impl OnDevice for Flips {
    fn run<D: Device>(&self, name: &str, device: D) {
        let plan = Plan::default();
        let flipping = Flipping::new(device, Plan::clone(&plan));
        let verifier = Verifier::new(flipping, &Options { slot_items: Some(128), key_table_bytes: Some(0), ..Options::default() }).unwrap();
        let batches = batches();
        for (batch, expected) in &batches {
            assert_eq!(verifier.verify(batch).unwrap().as_slice(), expected, "{name}: without flips");
        }
        let mut counts: BTreeMap<(String, Outcome), usize> = BTreeMap::new();
        for flip in 0..self.0 {
            let place = Place::ALL[flip % 4];
            let (batch, expected) = &batches[flip / 4 % batches.len()];
            let number = seeded("flip", flip).iter_u64_digits().next().unwrap_or(0);
            *plan.lock().unwrap() = Some((place, number));
            let outcome = match verifier.verify(batch) {
                Ok(verdicts) => outcome(expected, verdicts.as_slice()),
                Err(_) => Outcome::Noticed,
            };
            assert_eq!(*plan.lock().unwrap(), None, "{name}: the bit flipped");
            *counts.entry((format!("{place:?}"), outcome)).or_default() += 1;
        }
        eprintln!("{name}: {} flips, batches of {ITEMS} items", self.0);
        for ((place, outcome), count) in &counts {
            eprintln!("  {place:8} {outcome:?}: {count}");
        }
        assert!(counts.keys().all(|(_, outcome)| *outcome != Outcome::FalselyValid), "{name}: a flip made an invalid item valid");
        assert!(counts.keys().any(|(_, outcome)| *outcome != Outcome::Harmless), "{name}: no flip had any effect");
    }
}

#[test]
fn no_flip_makes_an_invalid_item_valid() {
    let flips = std::env::var("CHAINBOX_FLIPS").map_or(FLIPS, |flips| flips.parse().expect("CHAINBOX_FLIPS is a number"));
    on_every_device(&Flips(flips));
}

/// A back end whose device flips a bit of each batch at one place.
struct Always<D: Device> {
    verifier: Verifier<Flipping<D>>,
    plan: Plan,
    place: Place,
    batches: Vec<(Batch, Vec<Verdict>)>,
}

impl<D: Device> Always<D> {
    /// Whether it shows in verdicts or faults, with one of some bits.
    fn is_noticed(&self) -> bool {
        (0..40).any(|round| {
            let number = seeded("always", round).iter_u64_digits().next().unwrap_or(0);
            let (batch, expected) = &self.batches[round % self.batches.len()];
            *self.plan.lock().unwrap() = Some((self.place, number));
            self.verifier.verify(batch).map_or(true, |verdicts| verdicts.as_slice() != expected)
        })
    }
}

struct AlwaysFlips;

impl OnDevice for AlwaysFlips {
    fn run<D: Device>(&self, name: &str, device: D) {
        let plan = Plan::default();
        let flipping = Flipping::new(device, Plan::clone(&plan));
        let verifier = Verifier::new(flipping, &Options { slot_items: Some(128), key_table_bytes: Some(0), ..Options::default() }).unwrap();
        let mut always = Always { verifier, plan, place: Place::Input, batches: batches() };
        for place in Place::ALL {
            always.place = place;
            assert!(always.is_noticed(), "{name}: {place:?}");
        }
    }
}

/// The places are really hit: where a device flips bits all the time, it shows, wherever it is.
#[test]
fn flips_at_each_place_show() {
    on_every_device(&AlwaysFlips);
}

/// A device that hangs, one that is lost, and one that reads back too little: a fault, and the next batch is answered.
mod broken {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    };

    use chainbox_engine::backend::Fault;
    use chainbox_kernels::{
        device::{DeviceError, DeviceInfo, Launch, SlotBytes},
        program::Program,
    };

    use super::*;

    const HANGS: usize = 1;
    const IS_LOST_AT_SUBMISSION: usize = 2;
    const READS_TOO_LITTLE: usize = 3;
    const HAS_NO_ROOM: usize = 4;

    struct Broken<D> {
        inner: D,
        /// What goes wrong the next time.
        next: Arc<AtomicUsize>,
    }

    impl<D> Broken<D> {
        fn is_next(&self, what: usize) -> bool {
            self.next.compare_exchange(what, 0, SeqCst, SeqCst).is_ok()
        }
    }

    impl<D: Device> Device for Broken<D> {
        type Program = D::Program;
        type Tables = D::Tables;
        type Slot = D::Slot;

        fn info(&self) -> &DeviceInfo {
            self.inner.info()
        }

        fn compile(&self, program: &Program) -> Result<D::Program, DeviceError> {
            self.inner.compile(program)
        }

        fn tables(&self, bytes: usize, contents: &[u8]) -> Result<D::Tables, DeviceError> {
            self.inner.tables(bytes, contents)
        }

        fn slot(&self, bytes: SlotBytes, tables: &D::Tables) -> Result<D::Slot, DeviceError> {
            if self.is_next(HAS_NO_ROOM) {
                return Err(DeviceError::Memory { bytes: bytes.work, what: "full".into() });
            }
            self.inner.slot(bytes, tables)
        }

        fn submit(
            &self,
            program: &D::Program,
            slot: &mut D::Slot,
            input: &[u8],
            launches: &[Launch],
            output_bytes: usize,
            poison: u32,
        ) -> Result<(), DeviceError> {
            if self.is_next(IS_LOST_AT_SUBMISSION) {
                return Err(DeviceError::Lost("gone".into()));
            }
            self.inner.submit(program, slot, input, launches, output_bytes, poison)
        }

        fn wait<'slot>(&self, slot: &'slot mut D::Slot, time_max: Duration) -> Result<&'slot [u8], DeviceError> {
            if self.is_next(HANGS) {
                return Err(DeviceError::Hangs(time_max));
            }
            let output = self.inner.wait(slot, time_max)?;
            Ok(if self.is_next(READS_TOO_LITTLE) { &output[4..] } else { output })
        }
    }

    struct Breaks;

    impl OnDevice for Breaks {
        fn run<D: Device>(&self, name: &str, device: D) {
            let next = Arc::new(AtomicUsize::new(0));
            let broken = Broken { inner: device, next: Arc::clone(&next) };
            // Several pieces a batch, so that others are under way when one fails.
            let verifier = Verifier::new(broken, &Options { slot_items: Some(64), ..Options::default() }).unwrap();
            let answers: Vec<_> =
                known_answers::all().iter().filter(|answer| answer.item.shape == Shape::messages(Scheme::Sm2Sm3)).collect();
            let mut whole = Batch::new(Shape::messages(Scheme::Sm2Sm3));
            let mut expected = Vec::new();
            for answer in answers.iter().cycle().take(300) {
                answer.item.push_into(&mut whole).unwrap();
                expected.push(answer.verdict);
            }
            next.store(HAS_NO_ROOM, SeqCst);
            assert!(matches!(verifier.verify(&whole), Err(Fault::Device { .. })), "{name}: no slot at all");
            for what in [HANGS, IS_LOST_AT_SUBMISSION, READS_TOO_LITTLE] {
                for _ in 0..5 {
                    next.store(what, SeqCst);
                    assert!(matches!(verifier.verify(&whole), Err(Fault::Device { .. })), "{name}: {what}");
                    assert_eq!(verifier.verify(&whole).unwrap().as_slice(), expected, "{name}: after {what}");
                }
            }
        }
    }

    #[test]
    fn a_failure_costs_its_batch_and_no_other() {
        on_every_device(&Breaks);
    }
}
