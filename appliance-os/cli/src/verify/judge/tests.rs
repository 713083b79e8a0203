use chainbox_engine::{
    backend::{Cpu, known_answers},
    batch::{ByteColumn, Recovered},
    hash::{Digest, Hash},
    scheme::Scheme,
    verdict::Verdicts,
};

use super::*;

/// The CPU behind narrow limits: it refuses what is above them and so proves that nothing above them arrives.
struct Narrow {
    cpu: Cpu,
    items_max: usize,
    bytes_max: usize,
}

impl Backend for Narrow {
    fn name(&self) -> &str {
        "narrow"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { batch_items_max: self.items_max, batch_bytes_max: self.bytes_max, ..self.cpu.capabilities() }
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        let columns = [batch.keys(), batch.inputs(), batch.signatures(), batch.ids(), batch.hints()];
        let bytes: usize = columns.iter().map(|column| column.data().len()).sum();
        if batch.len() > self.items_max || bytes > self.bytes_max {
            return Err(Fault::Device { backend: "narrow".to_owned(), what: format!("{} items, {bytes} bytes", batch.len()) });
        }
        self.cpu.verify(batch)
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        self.cpu.recover(batch)
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        self.cpu.digest(hash, messages)
    }
}

/// The engine's known answers, of every scheme and shape in turn, with their verdicts.
fn known() -> (Vec<Entry>, Vec<Verdict>) {
    let answers = known_answers::all();
    let entry = |(line, known): (u64, &known_answers::KnownAnswer)| Entry::new(line, Content::Signature(known.item.clone()));
    ((1..).zip(answers).map(entry).collect(), answers.iter().map(|known| known.verdict).collect())
}

fn outcome_of(verdict: Verdict) -> Outcome {
    verdict.reason().map_or(Outcome::Valid, |reason| Outcome::Invalid(Refusal::Item(reason)))
}

#[test]
fn mixed_shapes_come_back_in_their_order_whatever_the_back_end_takes() {
    let (entries, verdicts) = known();
    for items_max in [1, 3, usize::MAX] {
        let backend = Narrow { cpu: Cpu::new(), items_max, bytes_max: 20_000 };
        let answers = judge(&backend, entries.clone(), 100).unwrap();
        assert_eq!(answers.len(), entries.len());
        for ((answer, verdict), index) in answers.iter().zip(&verdicts).zip(100..) {
            assert_eq!((answer.index, answer.line), (index, index - 99));
            assert_eq!(answer.outcome, outcome_of(*verdict));
        }
    }
}

#[test]
fn pieces_hold_what_fits_and_one_case_at_least() {
    let capabilities = Capabilities { batch_items_max: 3, batch_bytes_max: 10, ..Cpu::new().capabilities() };
    let cut = pieces(&[4, 4, 4, 99, 1, 1, 1, 1], &capabilities, |bytes| *bytes);
    assert_eq!(cut, [&[4, 4][..], &[4], &[99], &[1, 1, 1], &[1]]);
    assert!(pieces(&[], &capabilities, |bytes: &usize| *bytes).is_empty());
}

#[test]
fn one_of_several_suffices_and_else_the_one_that_came_furthest_counts() {
    let (entries, verdicts) = known();
    let find = |wanted: Verdict| {
        let place = verdicts.iter().position(|verdict| *verdict == wanted).unwrap();
        let Content::Signature(signature) = &entries[place].content else { panic!("{place}") };
        signature.clone()
    };
    let valid = find(Verdict::Valid);
    let (encoding, equation) = (find(Verdict::Invalid(Reason::Encoding)), find(Verdict::Invalid(Reason::Equation)));
    let cases = [
        (vec![equation.clone(), valid.clone(), encoding.clone()], Outcome::Valid),
        (vec![equation, encoding.clone()], Outcome::Invalid(Refusal::Item(Reason::Equation))),
        (vec![encoding], Outcome::Invalid(Refusal::Item(Reason::Encoding))),
        (vec![], Outcome::Invalid(Refusal::Item(Reason::NotChecked))),
    ];
    for (signatures, outcome) in cases {
        let answers = judge(&Cpu::new(), vec![Entry::new(1, Content::AnyOf(signatures))], 0).unwrap();
        assert_eq!(answers[0].outcome, outcome);
    }
}

#[test]
fn what_no_batch_takes_is_malformed_and_loses_no_other() {
    let (mut entries, verdicts) = known();
    let too_long = OwnedItem {
        shape: Shape::messages(Scheme::Sm2Sm3),
        key: vec![],
        input: vec![],
        signature: vec![],
        id: Some(vec![0; 8192]),
        hint: vec![],
    };
    entries.insert(0, Entry::new(0, Content::Signature(too_long)));
    let answers = judge(&Cpu::new(), entries, 0).unwrap();
    assert!(matches!(&answers[0].outcome, Outcome::Malformed(message) if message.contains("8192")));
    assert!(answers[1..].iter().map(|answer| &answer.outcome).eq(&verdicts.iter().copied().map(outcome_of).collect::<Vec<_>>()));
}

#[test]
fn a_fault_is_told() {
    let (entries, _) = known();
    let backend = Narrow { cpu: Cpu::new(), items_max: 100, bytes_max: 1 };
    assert!(judge(&backend, entries, 0).unwrap_err().to_string().contains("narrow failed"));
}
