//! The contract suite on every device: known answers, every reason, batches of every size, recovery, digests.

use std::thread;

use chainbox_engine::{
    backend::{Backend, contract, known_answers},
    batch::{Batch, ByteColumn, Item, Shape},
    hash::Hash,
    scheme::Scheme,
    verdict::{Reason, Verdict},
};
use chainbox_kernels::{
    device::Device,
    pipeline::{Options, STRING_BYTES_MAX, Verifier},
};

use crate::devices::{OnDevice, on_every_device};

struct Contract;

impl OnDevice for Contract {
    fn run<D: Device>(&self, name: &str, device: D) {
        let verifier = Verifier::new(device, &Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        known_answers::check(&verifier).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        let report = contract::check(&verifier).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        assert!(report.items > 10_000, "{name}: {report:?}");
    }
}

#[test]
fn every_device_keeps_the_contract() {
    on_every_device(&Contract);
}

/// How many threads ask at once: more than there are slots.
const CALLERS: usize = 6;

struct ManyCallers;

impl OnDevice for ManyCallers {
    fn run<D: Device>(&self, name: &str, device: D) {
        let verifier = &Verifier::new(device, &Options { slot_items: Some(64), ..Options::default() }).unwrap();
        let ask = move |caller: usize| {
            let of_scheme = |scheme: Scheme| known_answers::all().iter().filter(move |answer| answer.item.shape == Shape::messages(scheme));
            let answers: Vec<_> =
                of_scheme([Scheme::Sm2Sm3, Scheme::EcdsaP256Sha256, Scheme::EcdsaSecp256k1Keccak256][caller % 3]).collect();
            for round in 0..3 {
                let mut batch = Batch::new(answers[0].item.shape);
                let mut expected = Vec::new();
                for answer in answers.iter().cycle().skip(caller + round).take(150 + caller) {
                    answer.item.push_into(&mut batch).unwrap();
                    expected.push(answer.verdict);
                }
                assert_eq!(verifier.verify(&batch).unwrap().as_slice(), expected, "{name}: caller {caller}");
            }
        };
        thread::scope(|scope| (0..CALLERS).for_each(|caller| drop(scope.spawn(move || ask(caller)))));
    }
}

#[test]
fn many_callers_at_once_get_their_own_answers() {
    on_every_device(&ManyCallers);
}

struct LongStrings;

impl OnDevice for LongStrings {
    fn run<D: Device>(&self, name: &str, device: D) {
        let verifier = Verifier::new(device, &Options { slot_items: Some(64), slot_bytes: 0, ..Options::default() }).unwrap();
        let mut messages = ByteColumn::new();
        for number in 0..100 {
            let length = if number % 7 == 3 { STRING_BYTES_MAX - 1 + number % 3 } else { number };
            messages.push(&vec![number as u8; length]).unwrap();
        }
        for hash in Hash::ALL {
            let expected: Vec<_> = messages.iter().map(|message| hash.digest(message)).collect();
            assert_eq!(verifier.digest(hash, &messages).unwrap(), expected, "{name}: {hash:?}");
        }
        // An item of any length gets its verdict, and so do its neighbours.
        for shape in [Shape::messages(Scheme::Sm2Sm3), Shape::digests(Scheme::EcdsaP256Sha256)] {
            let answer = known_answers::all().iter().find(|answer| answer.item.shape == shape && answer.verdict.is_valid()).unwrap();
            let mut batch = Batch::new(shape);
            let mut expected = Vec::new();
            for number in 0..20 {
                answer.item.push_into(&mut batch).unwrap();
                expected.push(Verdict::Valid);
                let long = vec![4; STRING_BYTES_MAX + 1 + number];
                let item = answer.item.as_item();
                let (item, reason) = match number % 3 {
                    0 => (Item { key: &long, ..item }, Reason::KeyMalformed),
                    1 => (Item { signature: &long, ..item }, Reason::Encoding),
                    _ if shape.has_id() => (Item { input: &long, ..item }, Reason::Equation),
                    _ => (Item { key: &[0], ..item }, Reason::KeyIsIdentity),
                };
                batch.push(item).unwrap();
                expected.push(Verdict::Invalid(reason));
            }
            assert_eq!(verifier.verify(&batch).unwrap().as_slice(), expected, "{name}: {shape:?}");
        }
    }
}

#[test]
fn strings_of_any_length_are_taken() {
    on_every_device(&LongStrings);
}
