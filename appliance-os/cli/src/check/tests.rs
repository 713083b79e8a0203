//! A back end that lies is found out, wherever it does.

use std::sync::atomic::{AtomicUsize, Ordering};

use chainbox_engine::{
    backend::{Capabilities, Fault},
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    hash::{Digest, Hash},
    verdict::{Reason, Verdict, Verdicts},
};

use super::*;

/// The CPU, but for one lie.
struct Liar {
    cpu: Cpu,
    lie: Lie,
    batches: AtomicUsize,
}

/// Known answers come in batches of at most so many items, seeded sets in larger ones.
const KNOWN_ANSWERS_MAX: usize = 500;

enum Lie {
    None,
    /// The first known answer.
    KnownAnswer,
    /// Item 7 of this batch of the seeded sets.
    Verdict {
        batch: usize,
    },
    /// No verdict for the last item.
    Short,
    /// The last recovered key.
    Key,
}

impl Backend for Liar {
    fn name(&self) -> &str {
        "liar"
    }

    fn capabilities(&self) -> Capabilities {
        self.cpu.capabilities()
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        let mut verdicts = self.cpu.verify(batch)?;
        let is_seeded = batch.len() > KNOWN_ANSWERS_MAX;
        let number = if is_seeded { self.batches.fetch_add(1, Ordering::Relaxed) } else { 0 };
        match self.lie {
            Lie::KnownAnswer if !is_seeded => verdicts.as_mut_slice()[0] = Verdict::Invalid(Reason::NotChecked),
            Lie::Verdict { batch } if is_seeded && number == batch => verdicts.as_mut_slice()[7] = Verdict::Invalid(Reason::NotChecked),
            Lie::Short if is_seeded => verdicts = verdicts.as_slice()[1..].to_vec().into(),
            _ => {}
        }
        Ok(verdicts)
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        let mut recovered = self.cpu.recover(batch)?;
        if let (Lie::Key, true, Some(key)) = (&self.lie, batch.len() > KNOWN_ANSWERS_MAX, recovered.keys.last_mut()) {
            key[63] ^= 1;
        }
        Ok(recovered)
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        self.cpu.digest(hash, messages)
    }
}

/// What `chainbox check --json` prints for this back end, and the failure.
fn check(lie: Lie) -> (String, Option<String>) {
    let liar = Liar { cpu: Cpu::new(), lie, batches: AtomicUsize::new(0) };
    let mut out = Vec::new();
    let failure = check_all(&liar, Style::Json, &mut out).unwrap().err().map(|failure| failure.to_string());
    (String::from_utf8(out).unwrap(), failure)
}

#[test]
fn the_truth_passes() {
    let (out, failure) = check(Lie::None);
    assert_eq!(failure, None);
    let summary = format!(r#"{{"summary":{{"items":17408,"known_answers":{},"wrong":0}}}}"#, known_answers::all().len());
    assert_eq!(out.lines().last(), Some(&*summary));
}

#[test]
fn a_wrong_known_answer_ends_it() {
    let (out, failure) = check(Lie::KnownAnswer);
    assert!(failure.unwrap().contains("known answers"));
    assert_eq!(out.lines().count(), 1, "{out}");
}

#[test]
fn a_wrong_verdict_names_the_item() {
    for (batch, scheme) in [(1, "ecdsa-secp256k1-sha256"), (12, "sm2-sm3")] {
        let (out, failure) = check(Lie::Verdict { batch });
        let failure = failure.unwrap();
        assert!(failure.contains("answers invalid (not checked)"), "{failure}");
        assert!(failure.contains(&format!(r#"{{"scheme":"{scheme}","key":""#)), "{failure}");
        assert!(out.lines().last().unwrap().contains(r#""wrong":1"#), "{out}");
    }
}

#[test]
fn a_missing_verdict_and_a_wrong_signer_are_found() {
    assert!(check(Lie::Short).1.unwrap().contains("1023 verdicts for 1024 items"));
    let failure = check(Lie::Key).1.unwrap();
    assert!(failure.contains("answers signer"), "{failure}");
}

#[test]
fn numbers_are_grouped() {
    assert_eq!([0.4, 999.0, 1000.0, 1_234_567.0].map(grouped), ["0", "999", "1,000", "1,234,567"]);
}
