//! What is noticed of a device that answers wrongly, and that nothing is noticed of one that does not.

use chainbox_engine::{
    backend::{Backend, Capabilities, Cpu, Fault, contract, known_answers},
    batch::{Batch, ByteColumn, Encoding, Input, OwnedItem, Recovered, RecoveryBatch, Shape},
    dispatch::{BackendId, Canary, Checks, Handed, Job, JobId},
    hash::{Digest, Hash},
    scheme::Scheme,
    verdict::{Reason, Verdict, Verdicts},
};
use chainbox_workloads::{Kind, Spec, Workload};

use super::super::{
    Answer, Payload,
    canaries::Canaries,
    checked::{self, Checked, Failure},
    job::Slice,
};

/// What a device makes of the right verdicts on a batch.
type Lie = fn(&Batch, &mut Vec<Verdict>);

/// The CPU, but for what it makes of its answers.
struct Liar {
    cpu: Cpu,
    lie: Lie,
}

impl Backend for Liar {
    fn name(&self) -> &str {
        "liar"
    }

    fn capabilities(&self) -> Capabilities {
        self.cpu.capabilities()
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        let mut verdicts = self.cpu.verify(batch)?.into();
        (self.lie)(batch, &mut verdicts);
        Ok(verdicts.into())
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        let mut recovered = self.cpu.recover(batch)?;
        recovered.keys[3][63] ^= 1;
        Ok(recovered)
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        let mut digests = self.cpu.digest(hash, messages)?;
        digests[3][0] ^= 1;
        Ok(digests)
    }
}

fn is_known(batch: &Batch, index: usize) -> bool {
    let item = batch.item(index);
    let is_it = |known: &OwnedItem| known.signature == item.signature && known.input == item.input && known.key == item.key;
    known_answers::all().iter().any(|known| is_it(&known.item))
}

fn flip(verdict: &mut Verdict) {
    *verdict = if verdict.is_valid() { Verdict::Invalid(Reason::Equation) } else { Verdict::Valid };
}

fn honest(_: &Batch, _: &mut Vec<Verdict>) {}

/// Items of a shape, a fifth of them invalid.
fn batch(shape: Shape, items: u64) -> Batch {
    let spec = Spec {
        input: shape.input,
        encoding: shape.encoding,
        low_s: shape.low_s,
        signers: 16,
        seed: 7,
        invalid_share: 0.2,
        ..Spec::new(shape.scheme, items)
    };
    let spec = Spec { invalid_kinds: Kind::all_for(spec.shape()), ..spec };
    let mut batch = Batch::with_capacity(spec.shape(), items as usize);
    Workload::new(spec).unwrap().items(0..items).iter().for_each(|item| item.item.push_into(&mut batch).unwrap());
    batch
}

fn slices(payload: Payload, ranges: &[std::ops::Range<usize>]) -> Vec<Slice> {
    let payload = std::sync::Arc::new(payload);
    ranges.iter().map(|items| Slice { payload: std::sync::Arc::clone(&payload), items: items.clone() }).collect()
}

fn run(lie: Lie, checks: Checks, slices: &[Slice]) -> Result<Checked, Failure> {
    let job = Job {
        id: JobId(1),
        task: slices[0].payload.question().task(),
        source: 1,
        parts: Vec::new(),
        handed: Handed { backend: BackendId(1), deadline: None, checks },
    };
    checked::run(&Liar { cpu: Cpu::new(), lie }, &Cpu::new(), &Canaries::default(), &job, slices)
}

fn canaries(places: &[usize]) -> Vec<Canary> {
    places.iter().zip(0..).map(|(&place, which)| Canary { place, which }).collect()
}

fn verify(shape: Shape, items: u64) -> Payload {
    Payload::Verify { batch: batch(shape, items), want_hints: false }
}

#[test]
fn items_have_their_own_verdicts_wherever_known_answers_stand() {
    for scheme in Scheme::ALL {
        for (input, encoding) in [(Input::Digest, Encoding::Raw), (Input::Message, Encoding::Der)] {
            for low_s in [false, scheme != Scheme::Sm2Sm3] {
                let shape = Shape { scheme, input, encoding, low_s };
                let batch = batch(shape, 60);
                let expected = Cpu::new().verify(&batch).unwrap();
                let wanted: Vec<_> = [10..40, 50..51, 0..10].into_iter().flat_map(|range| expected.as_slice()[range].to_vec()).collect();
                let slices = slices(Payload::Verify { batch, want_hints: false }, &[10..40, 50..51, 0..10]);
                for places in [&[][..], &[0], &[0, 1, 2], &[31, 33, 35], &[43], &[10, 41, 43], &[5, 60, 600]] {
                    let checks = Checks { canaries: canaries(places), audits: vec![0, 30, 40], invalid_audits_max: 3 };
                    let checked = run(honest, checks, &slices).unwrap();
                    let Answer::Verified { verdicts, hints: None } = checked.answers else { panic!("another answer") };
                    assert_eq!(verdicts, wanted, "{shape:?} {places:?}");
                    let audited: std::collections::BTreeSet<usize> = invalid(&wanted).take(3).chain([0, 30, 40]).collect();
                    assert_eq!(checked.audited, audited.len());
                }
            }
        }
    }
}

fn invalid(verdicts: &[Verdict]) -> impl Iterator<Item = usize> {
    verdicts.iter().enumerate().filter(|(_, verdict)| !verdict.is_valid()).map(|(index, _)| index)
}

#[test]
fn each_lie_is_noticed_by_the_check_that_is_there_for_it() {
    let slices = slices(verify(Shape::digests(Scheme::EcdsaP256Sha256), 100), &[0..40, 40..100]);
    let all_valid: Lie = |_, verdicts| verdicts.fill(Verdict::Valid);
    let all_invalid: Lie = |_, verdicts| verdicts.fill(Verdict::Invalid(Reason::Equation));
    let one_known: Lie = |batch, verdicts| flip(&mut verdicts[(0..batch.len()).rfind(|&index| is_known(batch, index)).unwrap()]);
    let first: Lie = |_, verdicts| flip(&mut verdicts[0]);
    let shifted: Lie = |_, verdicts| verdicts.rotate_right(1);
    let known = || Checks { canaries: canaries(&[17, 60]), ..Checks::default() };
    let audits = || Checks { audits: vec![0, 99], ..Checks::default() };
    let invalid = || Checks { invalid_audits_max: 100, ..Checks::default() };
    for (lie, checks, words) in [
        (all_valid, known(), "known answer"),
        (all_invalid, known(), "known answer"),
        (one_known, known(), "known answer"),
        (first, audits(), "the CPU says"),
        (all_invalid, invalid(), "the CPU says"),
        (shifted, invalid(), "the CPU says"),
    ] {
        let Err(Failure::Disagreement(text)) = run(lie, checks, &slices) else { panic!("not noticed: {words}") };
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn what_is_no_answer_is_a_fault() {
    let slices = slices(verify(Shape::digests(Scheme::Sm2Sm3), 50), &[0..20, 30..50]);
    let checks = || Checks { canaries: canaries(&[3, 20]), ..Checks::default() };
    let one_less: Lie = |_, verdicts| verdicts.truncate(verdicts.len() - 1);
    let one_more: Lie = |_, verdicts| verdicts.push(Verdict::Valid);
    let unwritten: Lie = |batch, verdicts| {
        let index = (0..batch.len()).find(|&index| !is_known(batch, index)).unwrap();
        verdicts[index] = Verdict::Invalid(Reason::NotChecked);
    };
    for (lie, words) in [(one_less, "41 answers for 42 items"), (one_more, "43 answers for 42 items"), (unwritten, "unanswered")] {
        let Err(Failure::Fault(text)) = run(lie, checks(), &slices) else { panic!("not noticed: {words}") };
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn keys_and_digests_are_compared_too() {
    let mut messages = ByteColumn::new();
    (0..10).for_each(|number| messages.push(format!("message {number}").as_bytes()).unwrap());
    let digest = slices(Payload::Digest { hash: Hash::Sm3, messages }, &[0..4, 4..10]);
    let mut batch = RecoveryBatch::new(Input::Digest, false);
    let known = known_answers::all().iter().filter(|known| known.item.shape == Shape::digests(Scheme::EcdsaSecp256k1Keccak256));
    let known: Vec<_> = known.filter(|known| known.verdict.is_valid()).collect();
    for known in known.iter().cycle().take(10) {
        batch.push(&known.item.input, &[&known.item.signature[..], &[0]].concat()).unwrap();
    }
    let recover = slices(Payload::Recover(batch), &[0..4, 4..10]);
    for slices in [digest, recover] {
        let checks = |audits: &[usize]| Checks { audits: audits.to_vec(), ..Checks::default() };
        let seen = run(honest, checks(&[1, 3]), &slices);
        assert!(matches!(seen, Err(Failure::Disagreement(_))));
        // What is not looked at is not seen: that is what the sampled share is for.
        assert_eq!(run(honest, checks(&[1, 4]), &slices).unwrap().audited, 2);
    }
}

#[test]
fn the_suite_passes_with_all_checks_on() {
    struct All(Cpu);
    impl Backend for All {
        fn name(&self) -> &str {
            "checked"
        }

        fn capabilities(&self) -> Capabilities {
            Capabilities { batch_items_max: 300, recovery: false, hashes: Vec::new(), ..self.0.capabilities() }
        }

        fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
            let items = batch.len();
            if items == 0 {
                return Ok(Vec::new().into());
            }
            let slices = slices(Payload::Verify { batch: batch.clone(), want_hints: false }, &[0..items / 2, items / 2..items]);
            let checks = Checks { canaries: canaries(&[0, items / 3 + 1, items]), audits: vec![0, items - 1], invalid_audits_max: 8 };
            match run(honest, checks, &slices).map_err(|failure| panic!("{failure}"))?.answers {
                Answer::Verified { verdicts, .. } => Ok(verdicts.into()),
                _ => panic!("another answer"),
            }
        }

        fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
            self.0.recover(batch)
        }

        fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
            self.0.digest(hash, messages)
        }
    }
    contract::check(&All(Cpu::new())).unwrap();
}
