//! What the queue knows of back ends, and what it wants to hear of them.

use std::time::Duration;

use super::{Task, Ticket, Time};
use crate::backend::Capabilities;

/// A back end, by its number. [`CPU`] is always there, and is what everything falls back on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BackendId(pub u16);

/// The CPU: it has the lanes Express and Bulk; any other back end has its own, [`Lane::Device`](super::Lane::Device).
pub const CPU: BackendId = BackendId(0);

/// What a job takes on a back end, learnt from its jobs of one task: a fixed part, one for each item and one for each byte.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LearntCurve {
    /// The back end.
    pub backend: BackendId,
    /// The task.
    pub task: Task,
    /// Nanoseconds that any job takes.
    pub fixed_ns: f64,
    /// Nanoseconds an item.
    pub item_ns: f64,
    /// Nanoseconds a byte.
    pub byte_ns: f64,
    /// The jobs that it was learnt from.
    pub jobs: u64,
}

/// Whether a back end is given work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Health {
    /// Not used until it gave the known answers: they are to be asked when [`Dispatcher::due`](super::Dispatcher::due) says so.
    Unproven,
    /// In use.
    Admitted,
    /// Not used: it failed. It is tried again with the known answers.
    Quarantined {
        /// What it did.
        reason: String,
        /// When it is tried again.
        until: Time,
        /// Failures since it last did a fair amount of work without one: each doubles the pause.
        failures: u32,
    },
}

/// What a back end is at.
#[derive(Clone, PartialEq, Debug)]
pub struct BackendState {
    /// Its number.
    pub backend: BackendId,
    /// Whether it is given work.
    pub health: Health,
    /// Items that it decided.
    pub items: u64,
    /// Of those, the ones that the CPU decided again.
    pub items_audited: u64,
    /// How often it was quarantined.
    pub quarantines: u64,
}

/// A known answer to be put into the batch of a job: as its item number `place`, counted in the batch with all canaries in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Canary {
    /// The place in the batch.
    pub place: usize,
    /// Which one, a number without a meaning: modulo the number of known answers that there are for the task.
    pub which: u64,
}

/// What is to be checked of the answers to a job before they count. Nothing for the CPU.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Checks {
    /// In ascending places.
    pub canaries: Vec<Canary>,
    /// Items of the job (canaries not counted) that the CPU decides as well, ascending.
    pub audits: Vec<usize>,
    /// The CPU decides the items as well that were answered invalid, the first so many of them: few are, but for a forger's.
    pub invalid_audits_max: usize,
}

/// How a job ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is answered, and all checks agree.
    Answered {
        /// The invalid items of each part.
        invalid: Vec<usize>,
        /// The items that the CPU decided as well.
        audited: usize,
    },
    /// The back end gave no answers, another number of them, or one that a check disagrees with: what it did. No answer of it counts.
    Failed(String),
}

/// What came of the end of a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finished {
    /// Its answers count. The requests that are finished by it, but for cancelled ones.
    Counts(Vec<Ticket>),
    /// Its items went to another back end, now or before: its answers are to be dropped.
    Again,
    /// The CPU gave no answers, and nothing else does: these requests have none, whatever else of them is answered.
    Lost(Vec<Ticket>),
}

/// Something that happened to a back end, for the log and for metrics.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// It gave the known answers and is used.
    Admitted(BackendId),
    /// It failed, and is not used until it gives the known answers.
    Quarantined {
        /// The back end.
        backend: BackendId,
        /// What it did.
        reason: String,
        /// When it is tried again.
        until: Time,
        /// The items that go elsewhere.
        items: usize,
    },
}

/// What a back end can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendLimits {
    /// What it says of itself.
    pub capabilities: Capabilities,
    /// The jobs that it is given at once.
    pub jobs_max: usize,
}

/// What has to be done now beside jobs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Due {
    /// Requests of which nothing began within the queue time: they are removed.
    pub expired: Vec<Ticket>,
    /// Back ends whose known answers are to be asked now; tell [`Dispatcher::proven`](super::Dispatcher::proven) what came of it.
    pub to_prove: Vec<BackendId>,
}

/// The job that was handed out, in the words of its batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handed {
    /// Who does it.
    pub backend: BackendId,
    /// When it is late: its items go elsewhere, and the back end is quarantined. None for the CPU.
    pub deadline: Option<Time>,
    /// What is to be checked of the answers.
    pub checks: Checks,
}

/// How long a back end that failed is left alone, first; each further failure doubles it up to [`PAUSE_MAX`].
pub const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest pause.
pub const PAUSE_MAX: Duration = Duration::from_secs(600);
