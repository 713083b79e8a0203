//! What a request asks, and what it is answered.

use std::{ops::Range, time::Duration};

use chainbox_engine::{
    backend::Hint,
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    dispatch::{Refusal, SourceId, Task},
    hash::{Digest, Hash},
    verdict::Verdict,
};

/// What a request asks.
#[derive(Debug)]
pub enum Payload {
    /// The verdicts on a batch, and the hints found on the way where they are wanted.
    Verify {
        /// The items.
        batch: Batch,
        /// Whether the hints are wanted.
        want_hints: bool,
    },
    /// The keys that signed.
    Recover(RecoveryBatch),
    /// Digests of messages.
    Digest {
        /// The hash function.
        hash: Hash,
        /// The messages.
        messages: ByteColumn,
    },
}

/// The same, of one who waits for the answer and has the items until then.
#[derive(Clone, Copy, Debug)]
pub enum Question<'a> {
    /// See [`Payload::Verify`].
    Verify {
        /// The items.
        batch: &'a Batch,
        /// Whether the hints are wanted.
        want_hints: bool,
    },
    /// See [`Payload::Recover`].
    Recover(&'a RecoveryBatch),
    /// See [`Payload::Digest`].
    Digest {
        /// The hash function.
        hash: Hash,
        /// The messages.
        messages: &'a ByteColumn,
    },
}

impl Question<'_> {
    /// The number of items.
    pub(super) fn items(self) -> usize {
        match self {
            Self::Verify { batch, .. } => batch.len(),
            Self::Recover(batch) => batch.len(),
            Self::Digest { messages, .. } => messages.len(),
        }
    }

    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Verify { batch, .. } => batch.bytes(),
            Self::Recover(batch) => batch.bytes(),
            Self::Digest { messages, .. } => messages.data().len(),
        }
    }

    pub(super) fn task(self) -> Task {
        match self {
            Self::Verify { batch, want_hints } => {
                Task::Verify { shape: batch.shape(), has_hints: !batch.hints().data().is_empty(), want_hints }
            }
            Self::Recover(batch) => {
                Task::Recover { input: batch.input(), low_s: batch.low_s(), has_hints: !batch.hints().data().is_empty() }
            }
            Self::Digest { hash, .. } => Task::Digest(hash),
        }
    }

    /// A copy that other threads may have.
    pub fn to_payload(self) -> Payload {
        match self {
            Self::Verify { batch, want_hints } => Payload::Verify { batch: batch.clone(), want_hints },
            Self::Recover(batch) => Payload::Recover(batch.clone()),
            Self::Digest { hash, messages } => Payload::Digest { hash, messages: messages.clone() },
        }
    }
}

impl Payload {
    /// What is asked, without the items' being given away.
    pub(super) const fn question(&self) -> Question<'_> {
        match self {
            Self::Verify { batch, want_hints } => Question::Verify { batch, want_hints: *want_hints },
            Self::Recover(batch) => Question::Recover(batch),
            Self::Digest { hash, messages } => Question::Digest { hash: *hash, messages },
        }
    }

    /// The number of items.
    pub fn items(&self) -> usize {
        self.question().items()
    }

    pub(super) fn bytes(&self) -> usize {
        self.question().bytes()
    }

    /// The same as the items of a source.
    pub(super) fn of(self, source: SourceId) -> Self {
        match self {
            Self::Verify { batch, want_hints } => Self::Verify { batch: batch.from_source(source), want_hints },
            other => other,
        }
    }
}

/// One answer an item, in the order of the items.
#[derive(Debug)]
pub enum Answer {
    /// To [`Payload::Verify`].
    Verified {
        /// The verdicts.
        verdicts: Vec<Verdict>,
        /// The hints, where they were wanted.
        hints: Option<Vec<Option<Hint>>>,
    },
    /// To [`Payload::Recover`].
    Recovered(Recovered),
    /// To [`Payload::Digest`].
    Digests(Vec<Digest>),
}

impl Answer {
    /// How many of some items are invalid. A digest never is.
    pub fn invalid(&self, items: Range<usize>) -> usize {
        let verdicts = self.verdicts().map_or(&[][..], |verdicts| &verdicts[items]);
        verdicts.iter().filter(|verdict| !verdict.is_valid()).count()
    }

    /// The verdicts; none on digests.
    pub(super) fn verdicts(&self) -> Option<&[Verdict]> {
        match self {
            Self::Verified { verdicts, .. } => Some(verdicts),
            Self::Recovered(recovered) => Some(recovered.verdicts.as_slice()),
            Self::Digests(_) => None,
        }
    }

    /// The number of items that are answered, where all columns of the answer have that many.
    pub(super) fn items(&self) -> Option<usize> {
        match self {
            Self::Verified { verdicts, hints } => {
                hints.as_ref().is_none_or(|hints| hints.len() == verdicts.len()).then_some(verdicts.len())
            }
            Self::Recovered(recovered) => {
                let items = recovered.keys.len();
                (recovered.verdicts.as_slice().len() == items).then_some(items)
            }
            Self::Digests(digests) => Some(digests.len()),
        }
    }
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// It is above a limit.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It waited for its turn as long as a request may.
    #[error("the request waited {} ms for its turn, as long as one may: the server is busy", .0.as_millis())]
    Expired(Duration),
    /// The back end gave no verdict.
    #[error("no verdict was given: {0}")]
    Fault(String),
    /// The service is shutting down.
    #[error("the service is shutting down")]
    Closing,
}
