//! The threads that work: one for small requests, some for the rest, some for each device, and the thread of a request itself where it is small and
//! nobody is before it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, PoisonError},
    time::{Duration, Instant},
};

use chainbox_engine::dispatch::{BackendId, CPU, Finished, Job, Lane, Outcome, Part, Ticket};
use tracing::error;

use super::{
    Shared, State, Unanswered,
    checked::{self, Checked, Failure},
    job::{self, Answers, Slice},
    members::Members,
    spawn,
};

/// Jobs of many items at once: each spreads over all cores, and one fills the gaps that the other leaves at its end.
pub const BULK_LANES: usize = 2;

/// The most items of a request that is verified on the thread that accepts it: up to about a tenth of a millisecond.
const INLINE_ITEMS_MAX: usize = 2;

/// The bytes of such a request: a long message takes longer to hash than two hops to other threads.
const INLINE_BYTES_MAX: usize = 16 << 10;

/// What each lane is at: those of the CPU, then those of devices.
pub struct Slots(Vec<Slot>);

struct Slot {
    lane: Lane,
    backend: BackendId,
    is_busy: bool,
    since: Option<Instant>,
    /// The back end was quarantined while it had this job, whose items went elsewhere.
    is_given_up: bool,
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
        self.job.handed.backend == CPU && items <= INLINE_ITEMS_MAX && bytes <= INLINE_BYTES_MAX
    }
}

impl Slots {
    /// The lanes of some back ends, with nothing to do.
    pub fn new(members: &Members) -> Self {
        let slot = |lane, backend| Slot {
            lane,
            backend,
            is_busy: false,
            since: None,
            is_given_up: false,
            next: None,
            ready: Arc::default(),
        };
        let bulk = (0..BULK_LANES).map(|_| slot(Lane::Bulk, CPU));
        let devices = members.devices().flat_map(|(id, member)| (0..member.jobs_max).map(move |_| slot(Lane::Device(id), id)));
        Self(std::iter::once(slot(Lane::Express, CPU)).chain(bulk).chain(devices).collect())
    }

    /// How long the longest running job of the CPU has been running.
    pub fn longest_job_of_cpu(&self) -> Option<Duration> {
        let of_cpu = self.0.iter().filter(|slot| slot.backend == CPU);
        of_cpu.filter_map(|slot| slot.since).map(|since| since.elapsed()).max()
    }

    /// Wakes all lanes, so that they look whether the work is over.
    pub fn wake_all(&self) {
        self.0.iter().for_each(|slot| slot.ready.notify_all());
    }

    /// Whether a back end has a job.
    pub fn is_any_busy(&self, id: BackendId) -> bool {
        self.0.iter().any(|slot| slot.backend == id && slot.is_busy)
    }

    /// Marks the jobs that a back end has as done elsewhere, and gives the number of them.
    pub fn give_up(&mut self, id: BackendId) -> usize {
        let given_up = self.0.iter_mut().filter(|slot| slot.backend == id && slot.is_busy && !slot.is_given_up);
        given_up.map(|slot| slot.is_given_up = true).count()
    }

    /// The lanes that a back end does not give back.
    pub fn stuck(&self, id: BackendId) -> usize {
        self.0.iter().filter(|slot| slot.backend == id && slot.is_given_up).count()
    }

    /// A lane has done its job. Whether that was given up meanwhile.
    fn free(&mut self, slot: usize) -> bool {
        let slot = &mut self.0[slot];
        slot.is_busy = false;
        slot.since = None;
        std::mem::take(&mut slot.is_given_up)
    }
}

/// Starts a thread for each lane.
pub fn start(shared: &Arc<Shared>) {
    let lanes: Vec<_> = shared.state().slots.0.iter().map(|slot| slot.lane).collect();
    for (slot, lane) in lanes.into_iter().enumerate() {
        let shared = Arc::clone(shared);
        let name = match lane {
            Lane::Express => "express".to_owned(),
            Lane::Bulk => format!("bulk-{slot}"),
            Lane::Device(id) => format!("device-{}-{slot}", id.0),
        };
        spawn(name, move || shared.work(slot));
    }
}

impl Shared {
    /// Gives each lane that has nothing to do the job that the dispatcher has for it. Where `inline`, a small job is given back to be run here: two hops
    /// to other threads would take longer than it does.
    pub(super) fn hand_out(&self, state: &mut State, inline: bool) -> Option<Assigned> {
        let mut mine = None;
        // What one back end leaves may be another's: with several, lanes are asked until none takes anything. Each round makes a lane busy.
        while self.hand_out_once(state, inline, &mut mine) && self.members.len() > 1 {}
        self.keep_timer_right(state);
        mine
    }

    /// Asks each lane that has nothing to do once. Whether any takes a job.
    fn hand_out_once(&self, state: &mut State, inline: bool, mine: &mut Option<Assigned>) -> bool {
        let mut is_any = false;
        for slot in 0..state.slots.0.len() {
            let Slot { lane, is_busy, .. } = state.slots.0[slot];
            if is_busy {
                continue;
            }
            let Some(job) = state.dispatcher.next(self.start.elapsed(), lane) else { continue };
            is_any = true;
            let assigned = self.assign(state, slot, job);
            if inline && mine.is_none() && assigned.is_small() {
                *mine = Some(assigned);
            } else {
                let slot = &mut state.slots.0[slot];
                slot.next = Some(assigned);
                slot.ready.notify_one();
            }
        }
        is_any
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
        state.slots.0[slot].is_busy = true;
        state.slots.0[slot].since = Some(now);
        Assigned { slot, job, slices }
    }

    /// What the thread of a lane does.
    fn work(&self, slot: usize) {
        let ready = Arc::clone(&self.state().slots.0[slot].ready);
        let mut state = self.state();
        loop {
            match state.slots.0[slot].next.take() {
                Some(assigned) => {
                    drop(state);
                    self.run(assigned);
                    state = self.state();
                }
                None if state.is_over() => return,
                None => state = ready.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Runs a job, answers the requests that are whole now, and hands out what comes next. What the dispatcher gave to another back end meanwhile is
    /// answered by that alone.
    pub(super) fn run(&self, assigned: Assigned) {
        let Assigned { slot, job, slices } = assigned;
        let name = &self.members.get(job.handed.backend).name;
        let begin = Instant::now();
        let checked = self.ask(&job, &slices);
        let busy = begin.elapsed();
        let items = slices.iter().map(|slice| slice.items.len()).sum();
        let (invalid, outcome) = match &checked {
            Ok(Checked { answers, audited }) => {
                let invalid = invalid_by_part(&slices, answers);
                (invalid.iter().sum(), Outcome::Answered { invalid, audited: *audited })
            }
            Err(failure) => {
                error!(backend = name, %failure, "a batch got no verdicts");
                if matches!(failure, Failure::Disagreement(_)) {
                    self.metrics.disagreed(name);
                }
                (0, Outcome::Failed(failure.to_string()))
            }
        };
        drop(slices);
        let mut state = self.state();
        let was_given_up = state.slots.free(slot);
        let finished = state.dispatcher.finished(self.start.elapsed(), job.id, busy, outcome);
        match (finished, checked) {
            (Finished::Counts(_), Ok(Checked { answers, .. })) => {
                self.metrics.ran(&job.task, name, items, invalid, busy);
                state.deliver(&job.parts, &answers);
            }
            (finished, checked) => {
                self.metrics.fell_back(name, usize::from(!was_given_up));
                if let (Finished::Lost(tickets), Err(failure)) = (finished, checked) {
                    state.fail(&tickets, &failure);
                }
            }
        }
        let events = self.events(&mut state);
        self.hand_out(&mut state, false);
        if state.is_over() {
            self.wake_all(&state);
        }
        drop(state);
        self.room.notify_waiters();
        self.tell(&events);
    }

    /// Asks the back end of a job. A panic of it is a fault of this job and of no other.
    fn ask(&self, job: &Job, slices: &[Slice]) -> Result<Checked, Failure> {
        let cpu = self.members.cpu();
        let asked = catch_unwind(AssertUnwindSafe(|| match job.handed.backend {
            CPU => {
                let answers = job::run(cpu, job.source, slices).map_err(|fault| Failure::Fault(fault.to_string()))?;
                Ok(Checked { answers, audited: 0 })
            }
            id => checked::run(self.members.get(id).backend.as_ref(), cpu, &self.canaries, job, slices),
        }));
        asked.unwrap_or_else(|_| Err(Failure::Fault("it panicked; the log has the place".to_owned())))
    }
}

/// The invalid items of each slice.
fn invalid_by_part(slices: &[Slice], answers: &Answers) -> Vec<usize> {
    let mut from = 0;
    let count = |slice: &Slice| {
        let range = from..from + slice.items.len();
        from = range.end;
        answers.invalid(range)
    };
    slices.iter().map(count).collect()
}

impl State {
    /// Fills in what the parts of a job answer, and sends the answers that are whole. Who went away meanwhile is not here any more.
    fn deliver(&mut self, parts: &[Part], answers: &Answers) {
        let mut from = 0;
        for part in parts {
            let items = part.items.len();
            if let Some(waiting) = self.waiting.get_mut(&part.ticket) {
                waiting.partial.fill(part.items.clone(), answers, from);
                if waiting.partial.is_whole() {
                    let waiting = self.waiting.remove(&part.ticket).expect("it was just there");
                    let _ = waiting.answer.send(Ok(waiting.partial.into_answer()));
                }
            }
            from += items;
        }
    }

    /// Says of requests that they have no answer.
    fn fail(&mut self, tickets: &[Ticket], failure: &Failure) {
        for ticket in tickets {
            if let Some(waiting) = self.waiting.remove(ticket) {
                let _ = waiting.answer.send(Err(Unanswered::Fault(failure.to_string())));
            }
        }
    }
}
