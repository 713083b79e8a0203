//! The threads that work: one for small requests, some for the rest, some for each device, and the thread of a request itself where it is small and
//! nobody is before it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError},
    time::Instant,
};

use chainbox_engine::dispatch::{CPU, Finished, Job, Lane, Outcome, Part, Ticket};
use tracing::error;

use super::{
    Shared, State, Unanswered,
    checked::{self, Checked, Failure},
    job::{self, Answers, Slice},
    slots::{Assigned, Submitter},
    spawn,
};

/// Starts a thread for each lane.
pub fn start(shared: &Arc<Shared>) {
    let lanes: Vec<_> = shared.state().slots.lanes().collect();
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
    /// Gives each lane that has nothing to do the job that the dispatcher has for it. One that the submitter may do is given back to be run here: two hops
    /// to other threads would take longer than a small one does.
    pub(super) fn hand_out(&self, state: &mut State, submitter: Submitter) -> Option<Assigned> {
        let mut mine = None;
        // What one back end leaves may be another's: with several, lanes are asked until none takes anything. Each round makes a lane busy.
        while state.dispatcher.has_queued() && self.hand_out_once(state, submitter, &mut mine) && self.members.len() > 1 {}
        self.keep_timer_right(state);
        mine
    }

    /// Asks each lane that has nothing to do once. Whether any takes a job.
    fn hand_out_once(&self, state: &mut State, submitter: Submitter, mine: &mut Option<Assigned>) -> bool {
        let mut is_any = false;
        for slot in 0..state.slots.len() {
            let Some(lane) = state.slots.idle(slot) else { continue };
            let Some(job) = state.dispatcher.next(self.start.elapsed(), lane) else { continue };
            is_any = true;
            let assigned = self.assign(state, slot, job);
            if mine.is_none() && assigned.is_for(submitter) {
                *mine = Some(assigned);
            } else {
                state.slots.hand(assigned);
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
        state.slots.take(slot, now);
        Assigned { slot, job, slices }
    }

    /// What the thread of a lane does.
    fn work(&self, slot: usize) {
        let mut state = self.state();
        let ready = state.slots.ready(slot);
        loop {
            match state.slots.handed(slot) {
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
        self.hand_out(&mut state, Submitter::Other);
        self.end_if_over(&state);
        drop(state);
        self.room.notify_waiters();
        self.tell(&events);
    }

    /// Asks the back end of a job.
    fn ask(&self, job: &Job, slices: &[Slice]) -> Result<Checked, Failure> {
        let cpu = self.members.cpu();
        caught(|| match job.handed.backend {
            CPU => {
                let answers = job::run(cpu, job.source, slices).map_err(|fault| Failure::Fault(fault.to_string()))?;
                Ok(Checked { answers, audited: 0 })
            }
            id => checked::run(self.members.get(id).backend.as_ref(), cpu, &self.canaries, job, slices),
        })
    }
}

/// What a back end answers. A panic of it is a fault of this job and of no other.
pub fn caught<T>(ask: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| Err(Failure::Fault("it panicked; the log has the place".to_owned())))
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
