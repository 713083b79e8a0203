//! From a job of the dispatcher to a batch, and from verdicts back to the requests.

use std::{ops::Range, sync::Arc};

use chainbox_engine::{
    backend::{Backend, Fault},
    batch::{Batch, ByteColumn, ColumnFull, Recovered, RecoveryBatch},
    dispatch::SourceId,
    verdict::{Reason, Verdict},
};

use super::{Answer, Payload};

/// A part of a request's items.
pub struct Slice {
    pub payload: Arc<Payload>,
    pub items: Range<usize>,
}

/// Answers to the slices of a job, one after the other.
pub type Answers = Answer;

/// Has a back end answer slices, which are of equal tasks.
///
/// # Errors
/// [`Fault`] where there is not one answer an item.
pub fn run(backend: &dyn Backend, source: SourceId, slices: &[Slice]) -> Result<Answers, Fault> {
    let items: usize = slices.iter().map(|slice| slice.items.len()).sum();
    let answers = match slices {
        [slice] if slice.items.len() == slice.payload.items() => ask(backend, &slice.payload)?,
        _ => ask(backend, &gather(source, slices).map_err(|full| fault(backend, &full.to_string()))?)?,
    };
    let answered = match &answers {
        Answer::Verified { verdicts, hints } if hints.as_ref().is_none_or(|hints| hints.len() == verdicts.len()) => verdicts.len(),
        Answer::Verified { .. } => return Err(fault(backend, "another number of hints than of verdicts")),
        Answer::Recovered(recovered) => recovered.keys.len().min(recovered.verdicts.as_slice().len()),
        Answer::Digests(digests) => digests.len(),
    };
    if answered != items {
        return Err(fault(backend, &format!("{answered} answers for {items} items")));
    }
    Ok(answers)
}

fn fault(backend: &dyn Backend, what: &str) -> Fault {
    Fault::Device { backend: backend.name().to_owned(), what: what.to_owned() }
}

fn ask(backend: &dyn Backend, payload: &Payload) -> Result<Answers, Fault> {
    Ok(match payload {
        Payload::Verify { batch, want_hints: true } => {
            let (verdicts, hints) = backend.verify_and_hint(batch)?;
            Answer::Verified { verdicts: verdicts.into(), hints: Some(hints) }
        }
        Payload::Verify { batch, want_hints: false } => Answer::Verified { verdicts: backend.verify(batch)?.into(), hints: None },
        Payload::Recover(batch) => Answer::Recovered(backend.recover(batch)?),
        Payload::Digest { hash, messages } => Answer::Digests(backend.digest(*hash, messages)?),
    })
}

/// One payload of the items of many.
fn gather(source: SourceId, slices: &[Slice]) -> Result<Payload, ColumnFull> {
    let items = slices.iter().map(|slice| slice.items.len()).sum();
    Ok(match &*slices[0].payload {
        Payload::Verify { batch, want_hints } => {
            let mut gathered = Batch::with_capacity(batch.shape(), items).from_source(source);
            for slice in slices {
                if let Payload::Verify { batch, .. } = &*slice.payload {
                    gathered.extend_from(batch, slice.items.clone())?;
                }
            }
            Payload::Verify { batch: gathered, want_hints: *want_hints }
        }
        Payload::Recover(batch) => {
            let mut gathered = RecoveryBatch::new(batch.input(), batch.low_s());
            for slice in slices {
                if let Payload::Recover(batch) = &*slice.payload {
                    gathered.extend_from(batch, slice.items.clone())?;
                }
            }
            Payload::Recover(gathered)
        }
        Payload::Digest { hash, .. } => {
            let mut gathered = ByteColumn::new();
            for slice in slices {
                if let Payload::Digest { messages, .. } = &*slice.payload {
                    gathered.extend_from(messages, slice.items.clone())?;
                }
            }
            Payload::Digest { hash: *hash, messages: gathered }
        }
    })
}

/// The answer to a request of which some items may be missing: not valid until they are answered.
pub struct Partial {
    answer: Answer,
    missing: usize,
}

impl Partial {
    /// The answer in which all is missing.
    pub fn of(payload: &Payload) -> Self {
        let missing = payload.items();
        let unchecked = vec![Verdict::Invalid(Reason::NotChecked); missing];
        let answer = match payload {
            Payload::Verify { want_hints, .. } => Answer::Verified { verdicts: unchecked, hints: want_hints.then(|| vec![None; missing]) },
            Payload::Recover(_) => Answer::Recovered(Recovered { verdicts: unchecked.into(), keys: vec![[0; 64]; missing] }),
            Payload::Digest { .. } => Answer::Digests(vec![[0; 32]; missing]),
        };
        Self { answer, missing }
    }

    /// Fills items in from the answers to a job, where they begin at `from`.
    pub fn fill(&mut self, items: Range<usize>, answers: &Answers, from: usize) {
        let taken = from..from + items.len();
        self.missing -= items.len();
        match (&mut self.answer, answers) {
            (Answer::Verified { verdicts, hints }, Answer::Verified { verdicts: new, hints: new_hints }) => {
                verdicts[items.clone()].copy_from_slice(&new[taken.clone()]);
                if let (Some(hints), Some(new)) = (hints, new_hints) {
                    hints[items].copy_from_slice(&new[taken]);
                }
            }
            (Answer::Recovered(old), Answer::Recovered(new)) => {
                old.verdicts.as_mut_slice()[items.clone()].copy_from_slice(&new.verdicts.as_slice()[taken.clone()]);
                old.keys[items].copy_from_slice(&new.keys[taken]);
            }
            (Answer::Digests(old), Answer::Digests(new)) => old[items].copy_from_slice(&new[taken]),
            _ => unreachable!("a back end answers what it was asked"),
        }
    }

    /// Whether nothing is missing.
    pub const fn is_whole(&self) -> bool {
        self.missing == 0
    }

    /// The answer.
    pub fn into_answer(self) -> Answer {
        self.answer
    }
}
