//! The contract suite: what every back end must pass before it is offered.
//!
//! Known answers, every reason, valid and invalid lanes mixed with distinct inputs, empty, single, odd-sized and largest batches, recovery, digests.
//! Expected verdicts come from how the items were made; the reference strategy [`single`] must agree with them too.

mod items;

use rayon::prelude::*;

use super::{
    Backend, Fault,
    known_answers::{self, KnownAnswer},
};
use crate::{
    batch::{Batch, ByteColumn, Encoding, Input, ItemError, RecoveryBatch, Shape},
    hash::{Digest, Hash},
    scheme::Scheme,
    strategy::{recover, single},
    verdict::{Reason, Verdict},
};

/// The largest batch that the suite makes, where a back end takes more.
pub const BATCH_ITEMS_MAX: usize = 16_384;

/// Batch sizes around the widths of lanes, warps and work groups.
const BATCH_ITEMS: [usize; 11] = [0, 1, 2, 3, 7, 31, 33, 64, 127, 255, 257];

/// Items of a recovery batch.
const RECOVERY_ITEMS: usize = 300;

/// The longest message of the digest checks: three blocks of Keccak and some.
const MESSAGE_BYTES_MAX: usize = 420;

/// What a back end that passes the suite has answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Batches given.
    pub batches: usize,
    /// Items in them.
    pub items: usize,
}

/// How a back end broke the contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It gave no verdicts.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It gave more or fewer answers than there are items.
    #[error("{backend}, {check}: {answers} answers for {items} items")]
    Count {
        /// The back end's name.
        backend: String,
        /// The part of the suite.
        check: &'static str,
        /// The answers given.
        answers: usize,
        /// The items asked.
        items: usize,
    },
    /// It gave a wrong answer.
    #[error(transparent)]
    Answer(#[from] Box<WrongAnswer>),
    /// The suite itself made an item that a batch refuses.
    #[error("the suite is broken: {0}")]
    Item(#[from] ItemError),
}

/// The first item that a back end answered wrongly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{backend}, {check}: item {index} of {items} ({shape}): expected {expected}, answered {answered}")]
pub struct WrongAnswer {
    /// The back end's name.
    pub backend: String,
    /// The part of the suite.
    pub check: &'static str,
    /// The item's place in the batch.
    pub index: usize,
    /// The batch's length.
    pub items: usize,
    /// What the batch holds.
    pub shape: String,
    /// The right answer.
    pub expected: String,
    /// The answer given.
    pub answered: String,
}

/// Runs the whole suite on a back end: some ten thousand items for each scheme that it offers.
///
/// # Errors
/// The first [`Failure`].
pub fn check(backend: &dyn Backend) -> Result<Report, Failure> {
    let capabilities = backend.capabilities();
    let mut report = Report { batches: 1, items: known_answers::check(backend)? };
    for &scheme in &capabilities.schemes {
        for input in [Input::Digest, Input::Message] {
            for encoding in [Encoding::Raw, Encoding::Der] {
                // The policy is ECDSA's.
                for low_s in if scheme == Scheme::Sm2Sm3 { &[false][..] } else { &[false, true] } {
                    let shape = Shape { scheme, input, encoding, low_s: *low_s };
                    check_shape(backend, shape, capabilities.batch_items_max, &mut report)?;
                }
            }
        }
    }
    if capabilities.recovery {
        check_recovery(backend, capabilities.batch_items_max, &mut report)?;
    }
    for &hash in &capabilities.hashes {
        check_digests(backend, hash, &mut report)?;
    }
    Ok(report)
}

/// Batches of every size; the largest one for digests in raw form, which devices are fed with in earnest.
fn check_shape(backend: &dyn Backend, shape: Shape, items_max: usize, report: &mut Report) -> Result<(), Failure> {
    let is_plain = shape == Shape::digests(shape.scheme);
    let largest = items_max.min(if is_plain { BATCH_ITEMS_MAX } else { BATCH_ITEMS[BATCH_ITEMS.len() - 1] });
    let items = items::mixed(shape, largest.next_multiple_of(2));
    check_reference(shape, &items)?;
    for size in BATCH_ITEMS.into_iter().filter(|&size| size < largest).chain([largest]) {
        // Every second item is invalid. So each lane gets a valid item in one of two batches and an invalid one in the other.
        for first in [size / 3, size / 3 + 1] {
            let mut batch = Batch::with_capacity(shape, size);
            let mut expected = Vec::with_capacity(size);
            for answer in items.iter().cycle().skip(first).take(size) {
                answer.item.push_into(&mut batch)?;
                expected.push(answer.verdict);
            }
            expect_verdicts(backend, &batch, &expected, "mixed lanes")?;
            *report = Report { batches: report.batches + 1, items: report.items + size };
        }
    }
    Ok(())
}

/// The reference strategy must give what the items were made for, or the suite itself is wrong.
fn check_reference(shape: Shape, items: &[KnownAnswer]) -> Result<(), Failure> {
    let expected: Vec<_> = items.iter().map(|answer| answer.verdict).collect();
    let answered: Vec<_> = items.par_iter().map(|answer| single::verify(&shape, &answer.item.as_item())).collect();
    compare("single", "reference", &format!("{shape:?}"), &expected, &answered)
}

/// Asks a back end and compares its verdicts with the expected ones.
pub(super) fn expect_verdicts(backend: &dyn Backend, batch: &Batch, expected: &[Verdict], check: &'static str) -> Result<(), Failure> {
    let verdicts = backend.verify(batch)?;
    compare(backend.name(), check, &format!("{:?}", batch.shape()), expected, verdicts.as_slice())
}

/// The same with keys.
pub(super) fn expect_keys(
    backend: &dyn Backend,
    batch: &RecoveryBatch,
    expected: &[Result<[u8; 64], Reason>],
    check: &'static str,
    shape: &str,
) -> Result<(), Failure> {
    let recovered = backend.recover(batch)?;
    let answers = recovered.verdicts.as_slice().iter().zip(&recovered.keys);
    let answered: Vec<_> = answers.map(|(verdict, key)| verdict.reason().map_or(Ok(*key), Err)).collect();
    compare(backend.name(), check, shape, expected, &answered)
}

/// The same with digests.
pub(super) fn expect_digests(
    backend: &dyn Backend,
    hash: Hash,
    messages: &ByteColumn,
    expected: &[Digest],
    check: &'static str,
) -> Result<(), Failure> {
    compare(backend.name(), check, hash.name(), expected, &backend.digest(hash, messages)?)
}

fn compare<T: PartialEq + std::fmt::Debug>(
    backend: &str,
    check: &'static str,
    shape: &str,
    expected: &[T],
    answered: &[T],
) -> Result<(), Failure> {
    if expected.len() != answered.len() {
        return Err(Failure::Count { backend: backend.to_owned(), check, answers: answered.len(), items: expected.len() });
    }
    match expected.iter().zip(answered).position(|(expected, answered)| expected != answered) {
        None => Ok(()),
        Some(index) => Err(Box::new(WrongAnswer {
            backend: backend.to_owned(),
            check,
            index,
            items: expected.len(),
            shape: shape.to_owned(),
            expected: format!("{:?}", expected[index]),
            answered: format!("{:?}", answered[index]),
        })
        .into()),
    }
}

fn check_recovery(backend: &dyn Backend, items_max: usize, report: &mut Report) -> Result<(), Failure> {
    for input in [Input::Digest, Input::Message] {
        for low_s in [false, true] {
            let items = items::recovery(input, low_s, RECOVERY_ITEMS.min(items_max));
            let mut batch = RecoveryBatch::new(input, low_s);
            for item in &items {
                batch.push(&item.input, &item.signature)?;
            }
            let expected: Vec<_> = items.iter().map(|item| item.key).collect();
            let by_reference: Vec<Result<[u8; 64], Reason>> =
                (0..batch.len()).into_par_iter().map(|index| recover::recover_one(&batch, index)).collect();
            let shape = format!("recovery, {input:?}, low_s: {low_s}");
            compare("recover", "recovery", &shape, &expected, &by_reference)?;
            expect_keys(backend, &batch, &expected, "recovery", &shape)?;
            *report = Report { batches: report.batches + 1, items: report.items + items.len() };
        }
    }
    Ok(())
}

/// Messages of every length up to some blocks, in one call.
fn check_digests(backend: &dyn Backend, hash: Hash, report: &mut Report) -> Result<(), Failure> {
    let mut messages = ByteColumn::new();
    let mut expected = Vec::new();
    for length in 0..=MESSAGE_BYTES_MAX {
        let message = items::bytes(hash.name(), length, length);
        expected.push(hash.digest(&message));
        messages.push(&message).map_err(ItemError::from)?;
    }
    expect_digests(backend, hash, &messages, &expected, "digests")?;
    *report = Report { batches: report.batches + 1, items: report.items + messages.len() };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backend::{Capabilities, Cpu, CpuOptions},
        batch::{Item, Recovered},
        simd::{Feature, Processor},
        strategy::Strategy,
        verdict::Verdicts,
    };

    #[test]
    fn the_cpu_passes() {
        let report = check(&Cpu::new()).unwrap();
        assert!(report.items > 4 * BATCH_ITEMS_MAX);
    }

    /// The CPU with small batches, to which each valid item comes with the hint that its strategy uses, and each other one with its neighbour's.
    struct Forced {
        cpu: Cpu,
        strategy: Option<Strategy>,
        finder: Cpu,
    }

    impl Forced {
        fn new(strategy: Option<Strategy>, processor: Processor) -> Self {
            let cpu = |strategy| Cpu::with_options(&CpuOptions { strategy, processor, ..CpuOptions::default() }).unwrap();
            Self { cpu: cpu(strategy), strategy, finder: cpu(Some(Strategy::Lockstep)) }
        }

        /// The same batch with the hints that another CPU finds.
        fn hinted(&self, batch: &Batch) -> Batch {
            let (_, hints) = self.finder.verify_and_hint(batch).expect("the CPU takes any batch");
            let mut hinted = Batch::new(batch.shape());
            let mut neighbour = [1; 32];
            for (index, y) in hints.iter().enumerate() {
                let y = y.unwrap_or(neighbour);
                neighbour = y;
                let parity = [y[31] & 1];
                let hint = if self.strategy == Some(Strategy::Parity) { &parity[..] } else { &y };
                hinted.push(Item { hint, ..batch.item(index) }).unwrap();
            }
            hinted
        }
    }

    impl Backend for Forced {
        fn name(&self) -> &str {
            self.strategy.map_or("by cost", Strategy::name)
        }

        fn capabilities(&self) -> Capabilities {
            Capabilities { batch_items_max: 300, ..self.cpu.capabilities() }
        }

        fn verify(&self, batch: &Batch) -> Result<Verdicts, super::Fault> {
            match self.strategy {
                Some(Strategy::Parity | Strategy::Whole) => self.cpu.verify(&self.hinted(batch)),
                _ => {
                    let verdicts = self.cpu.verify(batch);
                    // Keys come again from batch to batch: the next one finds their tables.
                    while self.cpu.known_keys().waiting > 0 {
                        std::thread::yield_now();
                    }
                    verdicts
                }
            }
        }

        fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, super::Fault> {
            self.cpu.recover(batch)
        }

        fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, super::Fault> {
            self.cpu.digest(hash, messages)
        }
    }

    #[test]
    fn every_strategy_passes() {
        for strategy in Strategy::ALL {
            check(&Forced::new(Some(strategy), Processor::detect())).unwrap();
        }
    }

    #[test]
    fn the_cpu_passes_without_each_feature_and_without_all() {
        for feature in Feature::ALL {
            check(&Forced::new(None, Processor::detect().without(feature))).unwrap();
        }
        check(&Forced::new(None, Processor::PORTABLE)).unwrap();
    }

    /// The CPU with one fault: the suite must notice it.
    struct Faulty(Fault);

    #[derive(Clone, Copy, Debug)]
    enum Fault {
        AcceptsHighS,
        AcceptsEveryLane(usize),
        AnotherReason,
        DropsTheLast,
        SwapsTwoLanes,
        IgnoresTheParity,
        WrongDigestOfOneLength,
    }

    impl Backend for Faulty {
        fn name(&self) -> &str {
            "faulty"
        }

        fn capabilities(&self) -> Capabilities {
            Capabilities { batch_items_max: 300, ..Cpu::new().capabilities() }
        }

        fn verify(&self, batch: &Batch) -> Result<Verdicts, super::Fault> {
            let mut verdicts = Cpu::new().verify(batch)?.as_slice().to_vec();
            match self.0 {
                Fault::AcceptsHighS => {
                    for verdict in verdicts.iter_mut().filter(|verdict| verdict.reason() == Some(Reason::LowSPolicy)) {
                        *verdict = Verdict::Valid;
                    }
                }
                Fault::AcceptsEveryLane(lane) => {
                    if let Some(verdict) = verdicts.get_mut(lane) {
                        *verdict = Verdict::Valid;
                    }
                }
                Fault::AnotherReason => {
                    for verdict in verdicts.iter_mut().filter(|verdict| verdict.reason() == Some(Reason::RIsIdentity)) {
                        *verdict = Verdict::Invalid(Reason::Equation);
                    }
                }
                Fault::DropsTheLast => {
                    verdicts.pop();
                }
                Fault::SwapsTwoLanes if verdicts.len() > 40 => verdicts.swap(38, 39),
                _ => {}
            }
            Ok(verdicts.into())
        }

        fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, super::Fault> {
            if !matches!(self.0, Fault::IgnoresTheParity) {
                return Cpu::new().recover(batch);
            }
            let mut even = RecoveryBatch::new(batch.input(), batch.low_s());
            for (input, signature) in batch.inputs().iter().zip(batch.signatures().iter()) {
                let mut signature = signature.to_vec();
                if let Some(id) = signature.get_mut(64) {
                    *id &= !1;
                }
                even.push(input, &signature).expect("the same items");
            }
            Cpu::new().recover(&even)
        }

        fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, super::Fault> {
            let mut digests = Cpu::new().digest(hash, messages)?;
            if let (Fault::WrongDigestOfOneLength, Some(digest)) = (self.0, digests.get_mut(119)) {
                digest[31] ^= 1;
            }
            Ok(digests)
        }
    }

    #[test]
    fn each_fault_is_noticed() {
        for fault in [
            Fault::AcceptsHighS,
            Fault::AcceptsEveryLane(0),
            Fault::AcceptsEveryLane(299),
            Fault::AnotherReason,
            Fault::DropsTheLast,
            Fault::SwapsTwoLanes,
            Fault::IgnoresTheParity,
            Fault::WrongDigestOfOneLength,
        ] {
            assert!(check(&Faulty(fault)).is_err(), "{fault:?}");
        }
    }
}
