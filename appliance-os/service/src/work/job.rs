//! From a job of the dispatcher to a batch, and from verdicts back to the requests.

use std::{ops::Range, sync::Arc};

use chainbox_engine::{
    backend::{Backend, Fault},
    batch::{Batch, ByteColumn, ColumnFull, Recovered, RecoveryBatch},
    dispatch::SourceId,
    verdict::{Reason, Verdict},
};

use super::{Answer, Payload, Question};

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
    match slices {
        [slice] if slice.items.len() == slice.payload.items() => ask(backend, slice.payload.question()),
        _ => ask(backend, gather(source, slices).map_err(|full| fault(backend, &full.to_string()))?.question()),
    }
}

fn fault(backend: &dyn Backend, what: &str) -> Fault {
    Fault::Device { backend: backend.name().to_owned(), what: what.to_owned() }
}

/// Asks a back end.
///
/// # Errors
/// [`Fault`] where there is not one answer an item.
pub fn ask(backend: &dyn Backend, question: Question<'_>) -> Result<Answers, Fault> {
    let answers = match question {
        Question::Verify { batch, want_hints: true } => {
            let (verdicts, hints) = backend.verify_and_hint(batch)?;
            Answer::Verified { verdicts: verdicts.into(), hints: Some(hints) }
        }
        Question::Verify { batch, want_hints: false } => Answer::Verified { verdicts: backend.verify(batch)?.into(), hints: None },
        Question::Recover(batch) => Answer::Recovered(backend.recover(batch)?),
        Question::Digest { hash, messages } => Answer::Digests(backend.digest(hash, messages)?),
    };
    match answers.items() {
        Some(answered) if answered == question.items() => Ok(answers),
        Some(answered) => Err(fault(backend, &format!("{answered} answers for {} items", question.items()))),
        None => Err(fault(backend, "another number of verdicts than of what belongs to them")),
    }
}

/// One payload of the items of many.
fn gather(source: SourceId, slices: &[Slice]) -> Result<Payload, ColumnFull> {
    let mut gathered = slices[0].payload.empty(source, slices.iter().map(|slice| slice.items.len()).sum());
    for slice in slices {
        gathered.append(&slice.payload, slice.items.clone())?;
    }
    Ok(gathered)
}

impl Payload {
    /// No items, of the same task. Items of one source (not 0) keep theirs.
    pub(super) fn empty(&self, source: SourceId, capacity: usize) -> Self {
        match self {
            Self::Verify { batch, want_hints } => {
                let source = if source == 0 { 0 } else { batch.source() };
                Self::Verify { batch: Batch::with_capacity(batch.shape(), capacity).from_source(source), want_hints: *want_hints }
            }
            Self::Recover(batch) => Self::Recover(RecoveryBatch::new(batch.input(), batch.low_s())),
            Self::Digest { hash, .. } => Self::Digest { hash: *hash, messages: ByteColumn::new() },
        }
    }

    /// Takes over some items of another one, of the same task.
    ///
    /// # Errors
    /// [`ColumnFull`] where they are too many bytes.
    pub(super) fn append(&mut self, other: &Self, items: Range<usize>) -> Result<(), ColumnFull> {
        match (self, other) {
            (Self::Verify { batch, .. }, Self::Verify { batch: other, .. }) => batch.extend_from(other, items),
            (Self::Recover(batch), Self::Recover(other)) => batch.extend_from(other, items),
            (Self::Digest { messages, .. }, Self::Digest { messages: other, .. }) => messages.extend_from(other, items),
            _ => unreachable!("the parts of a job are of one task"),
        }
    }
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
