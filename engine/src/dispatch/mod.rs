//! The dispatcher's queue: who goes next, with how many items.
//!
//! Pure: no clock, no I/O, no threads. Lanes ask for jobs and report what they took; time is passed in.

mod limits;
mod request;
mod state;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

pub use limits::{Limits, SourceLimits};
pub use request::{Job, JobId, Lane, Part, Refusal, Request, Task, Ticket};
pub use state::{Load, SourceState, Standing, State};

/// Time since an arbitrary start that stays the same.
pub type Time = Duration;

/// Who asks, by a number that stays the same.
pub type SourceId = u64;

/// The most items of a job.
const SLICE_ITEMS_MAX: usize = 16_384;

#[derive(Debug)]
struct Pending {
    request: Request,
    submitted: Time,
    /// Items of which a job was made.
    begun: usize,
    running: usize,
    cancelled: bool,
}

/// The queue.
#[derive(Debug)]
pub struct Dispatcher {
    limits: Limits,
    sources: HashMap<SourceId, (SourceLimits, Load)>,
    requests: BTreeMap<Ticket, Pending>,
    jobs: HashMap<JobId, Vec<Part>>,
    numbers: u64,
}

impl Dispatcher {
    /// An empty queue.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, sources: HashMap::new(), requests: BTreeMap::new(), jobs: HashMap::new(), numbers: 0 }
    }

    /// Sets other limits. What was accepted stays accepted.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Makes a source known, or gives a known one other limits. One that submits without being known has the default ones.
    pub fn set_source(&mut self, source: SourceId, limits: SourceLimits) {
        self.sources.entry(source).or_default().0 = limits;
    }

    /// Forgets a source as soon as it has nothing in flight.
    pub fn forget_source(&mut self, source: SourceId) {
        if self.sources.get(&source).is_some_and(|(_, load)| *load == Load::default()) {
            self.sources.remove(&source);
        }
    }

    /// The items that a source may submit now; 0 where any request would be refused.
    #[must_use]
    pub fn room(&self, source: SourceId) -> usize {
        let (limits, load) = self.sources.get(&source).copied().unwrap_or_default();
        let of_source = limits.items_in_flight_max.saturating_sub(load.items_queued + load.items_running);
        let all = self.state().load;
        of_source.min(self.limits.items_in_flight_max.saturating_sub(all.items_queued + all.items_running))
    }

    /// Accepts a request.
    ///
    /// # Errors
    /// [`Refusal`]; nothing is kept then.
    pub fn submit(&mut self, now: Time, request: Request) -> Result<Ticket, Refusal> {
        if request.items == 0 {
            return Err(Refusal::Empty);
        }
        let room = self.room(request.source);
        let (limits, load) = self.sources.entry(request.source).or_default();
        let items_max = limits.items_in_flight_max.min(self.limits.items_in_flight_max);
        if request.items > items_max {
            return Err(Refusal::TooLarge { items: request.items, items_max });
        }
        if request.items > room {
            let in_flight = load.items_queued + load.items_running;
            return Err(Refusal::SourceFull { in_flight, items_max, retry_after: self.limits.gather_time_max });
        }
        load.items_queued += request.items;
        self.numbers += 1;
        let ticket = Ticket(self.numbers);
        self.requests.insert(ticket, Pending { request, submitted: now, begun: 0, running: 0, cancelled: false });
        Ok(ticket)
    }

    /// The next job of a lane; none where there is nothing that it may do now. See [`Self::has_work`].
    pub fn next(&mut self, _now: Time, lane: Lane) -> Option<Job> {
        let (&ticket, pending) = self.requests.iter_mut().find(|(_, pending)| is_for(&self.limits, lane, pending))?;
        let end = pending.request.items.min(pending.begun + SLICE_ITEMS_MAX);
        let part = Part { ticket, items: pending.begun..end };
        pending.begun = end;
        pending.running += part.items.len();
        let (_, load) = self.sources.entry(pending.request.source).or_default();
        load.items_queued -= part.items.len();
        load.items_running += part.items.len();
        self.numbers += 1;
        let id = JobId(self.numbers);
        self.jobs.insert(id, vec![part.clone()]);
        Some(Job { id, task: pending.request.task, source: pending.request.source, parts: vec![part] })
    }

    /// Whether [`Self::next`] would give this lane a job. Ask for each lane that sleeps after every other call that changes something, and wake
    /// a thread of it.
    #[must_use]
    pub fn has_work(&self, lane: Lane) -> bool {
        self.requests.values().any(|pending| is_for(&self.limits, lane, pending))
    }

    /// Takes a job back: what it held counts as in flight no longer. Gives the requests that are finished by it, but for cancelled ones.
    ///
    /// `busy` is the time from the lane's beginning with the job to its end. `invalid` counts the invalid items of each part; where its
    /// length is not that of the parts (empty, say, after a fault), nothing is learnt from the job. An unknown job changes nothing.
    pub fn finished(&mut self, _now: Time, job: JobId, _busy: Duration, _invalid: &[usize]) -> Vec<Ticket> {
        let mut finished = Vec::new();
        for part in self.jobs.remove(&job).unwrap_or_default() {
            let Some(pending) = self.requests.get_mut(&part.ticket) else { continue };
            pending.running -= part.items.len();
            self.sources.entry(pending.request.source).or_default().1.items_running -= part.items.len();
            if pending.running == 0 && pending.begun == pending.request.items {
                if !pending.cancelled {
                    finished.push(part.ticket);
                }
                self.requests.remove(&part.ticket);
            }
        }
        finished
    }

    /// Nobody waits for this request any more: what has not begun is dropped, what has begun ends normally. An unknown ticket changes nothing.
    pub fn cancel(&mut self, ticket: Ticket) {
        let Some(pending) = self.requests.get_mut(&ticket) else { return };
        self.sources.entry(pending.request.source).or_default().1.items_queued -= pending.request.items - pending.begun;
        pending.request.items = pending.begun;
        pending.cancelled = true;
        if pending.running == 0 {
            self.requests.remove(&ticket);
        }
    }

    /// Removes the requests of which nothing began within the queue time, and gives their tickets.
    pub fn expire(&mut self, now: Time) -> Vec<Ticket> {
        let old = |pending: &Pending| pending.begun == 0 && pending.submitted + self.limits.queue_time_max <= now;
        let tickets: Vec<_> = self.requests.iter().filter(|(_, pending)| old(pending)).map(|(&ticket, _)| ticket).collect();
        for &ticket in &tickets {
            self.cancel(ticket);
        }
        tickets
    }

    /// When [`Self::expire`] will next have something to remove, if nothing begins until then.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Time> {
        let waiting = self.requests.values().find(|pending| pending.begun == 0)?;
        Some(waiting.submitted + self.limits.queue_time_max)
    }

    /// Whether nothing is queued and nothing runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.requests.is_empty() && self.jobs.is_empty()
    }

    /// What the queue is at.
    #[must_use]
    pub fn state(&self) -> State {
        let mut load = Load::default();
        for (_, of_source) in self.sources.values() {
            load.items_queued += of_source.items_queued;
            load.items_running += of_source.items_running;
        }
        State { load, requests: self.requests.len(), sources: self.sources.len(), jobs: self.jobs.len() }
    }

    /// What each known source is at, in no order.
    pub fn sources(&self) -> impl Iterator<Item = (SourceId, SourceState)> {
        self.sources.iter().map(|(&source, &(_, load))| (source, SourceState { load, standing: Standing::Newcomer }))
    }
}

/// Whether the lane may do the next items of this request.
fn is_for(limits: &Limits, lane: Lane, pending: &Pending) -> bool {
    pending.begun < pending.request.items && (lane == Lane::Bulk || pending.request.items <= limits.express_items_max)
}
