//! The threads that work: one for small requests, some for the rest, and the thread of a request itself where it is small and nobody is before it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, PoisonError},
    time::{Duration, Instant},
};

use chainbox_engine::{
    backend::Fault,
    dispatch::{Job, Lane, Outcome},
};
use tracing::error;

use super::{
    Shared, State, Unanswered,
    job::{self, Answers, Slice},
    spawn,
};

/// Jobs of many items at once: each spreads over all cores, and one fills the gaps that the other leaves at its end.
pub const BULK_LANES: usize = 2;

/// The most items of a request that is verified on the thread that accepts it: up to about a tenth of a millisecond.
const INLINE_ITEMS_MAX: usize = 2;

/// The bytes of such a request: a long message takes longer to hash than two hops to other threads.
const INLINE_BYTES_MAX: usize = 16 << 10;

/// The lane of each slot.
const LANES: [Lane; 1 + BULK_LANES] = [Lane::Express, Lane::Bulk, Lane::Bulk];

/// What each lane is at.
#[derive(Default)]
pub struct Slots {
    slots: [Slot; LANES.len()],
}

#[derive(Default)]
struct Slot {
    is_busy: bool,
    since: Option<Instant>,
    /// Handed to the thread of the lane, which has not taken it yet.
    next: Option<Assigned>,
    ready: Arc<Condvar>,
}

/// A job with what it needs.
pub struct Assigned {
    slot: usize,
    job: Job,
    slices: Vec<Slice>,
}

impl Assigned {
    /// Whether it is done sooner than another thread would begin with it.
    fn is_small(&self) -> bool {
        let items: usize = self.slices.iter().map(|slice| slice.items.len()).sum();
        let bytes: usize = self.slices.iter().map(|slice| slice.payload.bytes()).sum();
        items <= INLINE_ITEMS_MAX && bytes <= INLINE_BYTES_MAX
    }
}

impl Slots {
    /// How long the longest running job has been running.
    pub fn longest_job(&self) -> Option<Duration> {
        self.slots.iter().filter_map(|slot| slot.since).map(|since| since.elapsed()).max()
    }

    /// Wakes all lanes, so that they look whether the work is over.
    pub fn wake_all(&self) {
        self.slots.iter().for_each(|slot| slot.ready.notify_all());
    }
}

/// Starts a thread for each lane.
pub fn start(shared: &Arc<Shared>) {
    for (slot, lane) in LANES.into_iter().enumerate() {
        let shared = Arc::clone(shared);
        let name = match lane {
            Lane::Express => "express".to_owned(),
            Lane::Bulk | Lane::Device(_) => format!("bulk-{slot}"),
        };
        spawn(name, move || shared.work(slot));
    }
}

impl Shared {
    /// Gives each lane that has nothing to do the job that the dispatcher has for it. Where `inline`, a small job is given back to be run here: two hops to other threads would take longer than it does.
    pub(super) fn hand_out(&self, state: &mut State, inline: bool) -> Option<Assigned> {
        let mut mine = None;
        for (slot, lane) in LANES.into_iter().enumerate() {
            if state.slots.slots[slot].is_busy {
                continue;
            }
            let Some(job) = state.dispatcher.next(self.start.elapsed(), lane) else { continue };
            let assigned = self.assign(state, slot, job);
            if inline && mine.is_none() && assigned.is_small() {
                mine = Some(assigned);
            } else {
                let slot = &mut state.slots.slots[slot];
                slot.next = Some(assigned);
                slot.ready.notify_one();
            }
        }
        mine
    }

    fn assign(&self, state: &mut State, slot: usize, job: Job) -> Assigned {
        let now = Instant::now();
        let slices = job.parts.iter().map(|part| {
            let waiting = state.waiting.get_mut(&part.ticket).expect("the dispatcher hands out what waits");
            if !waiting.has_begun {
                waiting.has_begun = true;
                self.metrics.queue_wait.observe((now - waiting.accepted).as_secs_f64());
            }
            Slice { payload: Arc::clone(&waiting.payload), items: part.items.clone() }
        });
        let slices = slices.collect();
        state.slots.slots[slot].is_busy = true;
        state.slots.slots[slot].since = Some(now);
        Assigned { slot, job, slices }
    }

    /// What the thread of a lane does.
    fn work(&self, slot: usize) {
        let ready = Arc::clone(&self.state().slots.slots[slot].ready);
        let mut state = self.state();
        loop {
            match state.slots.slots[slot].next.take() {
                Some(assigned) => {
                    drop(state);
                    self.run(assigned);
                    state = self.state();
                }
                None if state.is_closing && state.waiting.is_empty() => return,
                None => state = ready.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Runs a job, answers the requests that are whole now, and hands out what comes next.
    pub(super) fn run(&self, assigned: Assigned) {
        let Assigned { slot, job, slices } = assigned;
        let begin = Instant::now();
        let answers = self.ask(&job, &slices);
        let busy = begin.elapsed();
        let items = slices.iter().map(|slice| slice.items.len()).sum();
        self.metrics.ran(&job.task, self.backend.name(), items, busy, answers.as_ref().ok());
        let invalid = invalid_by_part(&slices, answers.as_ref().ok());
        drop(slices);
        let mut state = self.state();
        state.slots.slots[slot].is_busy = false;
        state.slots.slots[slot].since = None;
        let outcome = match &answers {
            Ok(_) => Outcome::Answered { invalid, audited: 0 },
            Err(fault) => Outcome::Failed(fault.to_string()),
        };
        state.dispatcher.finished(self.start.elapsed(), job.id, busy, outcome);
        let mut from = 0;
        for part in job.parts {
            state.deliver(&part, &answers, from);
            from += part.items.len();
        }
        self.hand_out(&mut state, false);
        if state.is_closing && state.waiting.is_empty() {
            state.slots.wake_all();
        }
        drop(state);
        self.room.notify_waiters();
    }

    /// Asks the back end. A panic of it is a fault of this job and of no other.
    fn ask(&self, job: &Job, slices: &[Slice]) -> Result<Answers, Fault> {
        let asked = catch_unwind(AssertUnwindSafe(|| job::run(self.backend.as_ref(), job.source, slices)));
        let answers = asked.unwrap_or_else(|_| {
            Err(Fault::Device { backend: self.backend.name().to_owned(), what: "it panicked; the log has the place".to_owned() })
        });
        if let Err(fault) = &answers {
            error!(%fault, "a batch got no verdicts");
        }
        answers
    }
}

/// The invalid items of each slice; none where nothing was answered.
fn invalid_by_part(slices: &[Slice], answers: Option<&Answers>) -> Vec<usize> {
    let mut from = 0;
    let count = |slice: &Slice| {
        let range = from..from + slice.items.len();
        from = range.end;
        answers.map_or(0, |answers| answers.invalid(range))
    };
    slices.iter().map(count).collect()
}

impl State {
    /// Fills in what a part of a job answers, and sends the answer where it is whole. Who went away meanwhile is not here any more.
    fn deliver(&mut self, part: &chainbox_engine::dispatch::Part, answers: &Result<Answers, Fault>, from: usize) {
        let Some(waiting) = self.waiting.get_mut(&part.ticket) else { return };
        let answers = match answers {
            Ok(answers) => answers,
            Err(fault) => {
                let unanswered = Unanswered::Fault(fault.to_string());
                let waiting = self.waiting.remove(&part.ticket).expect("it was just there");
                // The other parts of it are of no use.
                self.dispatcher.cancel(part.ticket);
                let _ = waiting.answer.send(Err(unanswered));
                return;
            }
        };
        waiting.partial.fill(part.items.clone(), answers, from);
        if waiting.partial.is_whole() {
            let waiting = self.waiting.remove(&part.ticket).expect("it was just there");
            let _ = waiting.answer.send(Ok(waiting.partial.into_answer()));
        }
    }
}
