//! What goes into the queue, what comes out, and why something may not go in.

use std::{ops::Range, time::Duration};

use super::{BackendId, Handed, SourceId};
use crate::{
    batch::{Input, Shape},
    hash::Hash,
};

/// What is asked. Requests with equal tasks can stand in one batch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Task {
    /// Verdicts on signatures.
    Verify {
        /// What the items have in common.
        shape: Shape,
        /// Whether any item comes with a hint.
        has_hints: bool,
        /// Whether hints are wanted with the verdicts.
        want_hints: bool,
    },
    /// Keys from signatures.
    Recover {
        /// What the input column holds.
        input: Input,
        /// The policy `low-s`.
        low_s: bool,
        /// Whether any item comes with a hint.
        has_hints: bool,
    },
    /// Digests of messages.
    Digest(Hash),
}

impl Task {
    /// Whether items come with hints: they are combined, so what one costs depends on the others, and on who forges.
    #[must_use]
    pub const fn has_hints(self) -> bool {
        match self {
            Self::Verify { has_hints, .. } | Self::Recover { has_hints, .. } => has_hints,
            Self::Digest(_) => false,
        }
    }
}

/// A request for some items of one task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// Who asks.
    pub source: SourceId,
    /// What is asked.
    pub task: Task,
    /// The number of items, at least 1.
    pub items: usize,
    /// The bytes of all items.
    pub bytes: usize,
}

/// An accepted request. Later ones are greater; none comes twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Ticket(pub u64);

/// A job that was handed out. None comes twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct JobId(pub u64);

/// Who works: a thread of its own kind for each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lane {
    /// One thread for what is short, so that it need not wait for what is long.
    Express,
    /// The threads that hand large batches to all cores.
    Bulk,
    /// The threads of a back end that is not the CPU.
    Device(BackendId),
}

/// Items of one request in a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// The request.
    pub ticket: Ticket,
    /// Which of its items, counted from 0.
    pub items: Range<usize>,
}

/// What a lane has to do: items of one task, to be verified in one batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    /// Names it for [`finished`](super::Dispatcher::finished).
    pub id: JobId,
    /// What is asked.
    pub task: Task,
    /// Whose items they are; 0 where they are of several sources.
    pub source: SourceId,
    /// The items, in the order in which the batch is to hold them; at least one part.
    pub parts: Vec<Part>,
    /// Who does it, until when, and what is checked.
    pub handed: Handed,
}

impl Job {
    /// The number of items.
    #[must_use]
    pub fn items(&self) -> usize {
        self.parts.iter().map(|part| part.items.len()).sum()
    }
}

/// Why a request was not accepted. Nothing of it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// There is nothing to do.
    #[error("a request has at least one item")]
    Empty,
    /// The source could not have that many items in flight even if it had no others.
    #[error("{items} items are more than this source may have in flight: send at most {items_max} a request")]
    TooLarge {
        /// The items of the request.
        items: usize,
        /// The most that the source may have in flight.
        items_max: usize,
    },
    /// The source has as many items in flight as it may.
    #[error("this source has {in_flight} of at most {items_max} items in flight: wait for answers, or try again in {} ms", retry_after.as_millis())]
    SourceFull {
        /// The items that the source has in flight.
        in_flight: usize,
        /// The most that it may have.
        items_max: usize,
        /// When there is likely to be room.
        retry_after: Duration,
    },
    /// All sources together have as many items in flight as there may be, or those that have yet to prove themselves have their part of it.
    #[error("too many items of all sources are in flight: try again in {} ms", retry_after.as_millis())]
    Full {
        /// When there is likely to be room.
        retry_after: Duration,
    },
}

impl Refusal {
    /// When to try again, estimated from the work that is queued; none where no retry helps.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Empty | Self::TooLarge { .. } => None,
            Self::SourceFull { retry_after, .. } | Self::Full { retry_after } => Some(*retry_after),
        }
    }
}
