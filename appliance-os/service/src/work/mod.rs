//! Accepted work, from a request to its answer.
//!
//! The dispatcher of the engine decides what runs next, and where; here are the threads that run it ([`lanes`]), the batches that they run ([`job`],
//! and [`checked`] for devices), the proofs that devices give first ([`proofs`]), the clock that the dispatcher hears ([`timer`]), and the requests
//! that wait for their answers. It needs no runtime of tokio: where one is, it only awaits the answers.

mod canaries;
mod checked;
mod job;
mod lanes;
mod members;
mod pass;
mod payload;
mod pending;
mod proofs;
mod slots;
mod timer;

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use chainbox_engine::{
    backend::Backend,
    dispatch::{BackendLimits, Dispatcher, Limits, Request, SourceId, SourceLimits, SourceState, Ticket, Time},
};
use tokio::sync::{Notify, oneshot};

use crate::{
    backends::{BackendReport, Backends},
    learned::Learned,
    metrics::Metrics,
};
use canaries::Canaries;
use job::Partial;
use members::Members;
use proofs::Proofs;
use slots::{Slots, Submitter};

pub use payload::{Answer, Payload, Question, Unanswered};
pub use pending::Pending;

/// What is under way.
#[derive(Clone)]
pub struct Work(Arc<Shared>);

struct Shared {
    members: Members,
    canaries: Canaries,
    metrics: Arc<Metrics>,
    /// Where the dispatcher's time begins.
    start: Instant,
    state: Mutex<State>,
    /// Told when work ended or limits changed: there may be room for more.
    room: Notify,
    /// Told when the timer has to look sooner than it meant to.
    sooner: Condvar,
    /// Told when a back end was proven, or failed to be.
    judged: Condvar,
}

struct State {
    dispatcher: Dispatcher,
    waiting: HashMap<Ticket, Waiting>,
    slots: Slots,
    proofs: Proofs,
    /// When the timer looks next; none while nothing is due.
    timer_at: Option<Time>,
    queue_time_max: Duration,
    is_closing: bool,
}

/// A request that was accepted and not yet answered.
struct Waiting {
    payload: Arc<Payload>,
    accepted: Instant,
    has_begun: bool,
    partial: Partial,
    answer: oneshot::Sender<Result<Answer, Unanswered>>,
}

impl Work {
    /// Starts the threads that work. The CPU works at once, a device from when it gave the known answers. `learned` is what back ends taught before.
    pub fn start(backends: Backends, limits: Limits, metrics: Arc<Metrics>, learned: Vec<Learned>) -> Self {
        let members = Members::new(backends, limits.cores, learned);
        let mut dispatcher = Dispatcher::new(limits, seed());
        for (id, member) in members.devices() {
            dispatcher.set_backend(id, BackendLimits { capabilities: member.backend.capabilities(), jobs_max: member.jobs_max });
        }
        dispatcher.restore(&members.learnt_before());
        let state = State {
            queue_time_max: limits.queue_time_max,
            dispatcher,
            waiting: HashMap::new(),
            slots: Slots::new(&members),
            proofs: Proofs::new(members.len()),
            timer_at: None,
            is_closing: false,
        };
        let work = Self(Arc::new(Shared {
            members,
            canaries: Canaries::default(),
            metrics,
            start: Instant::now(),
            state: Mutex::new(state),
            room: Notify::new(),
            sooner: Condvar::new(),
            judged: Condvar::new(),
        }));
        lanes::start(&work.0);
        timer::start(&work.0);
        work
    }

    /// Accepts a request, or refuses it at once.
    ///
    /// # Errors
    /// [`Unanswered::Refused`] above a limit, [`Unanswered::Closing`] in a shutdown.
    pub fn submit(&self, source: SourceId, payload: Payload) -> Result<Pending, Unanswered> {
        self.try_submit(source, payload.of(source), Submitter::GoesOn).map_err(|(unanswered, _)| unanswered)
    }

    /// The answer to a request whose items stay those of the source that they name, whoever submits them. The thread that waits for it works as well.
    ///
    /// # Errors
    /// As for [`Self::submit`], and why there is no answer.
    pub fn answer(&self, source: SourceId, payload: Payload) -> Result<Answer, Unanswered> {
        let pending = self.try_submit(source, payload, Submitter::Waits).map_err(|(unanswered, _)| unanswered)?;
        pending.wait()
    }

    /// Accepts a request as soon as there is room for it.
    ///
    /// # Errors
    /// [`Unanswered::Refused`] where there will never be room, [`Unanswered::Closing`] in a shutdown.
    pub async fn submit_when_room(&self, source: SourceId, payload: Payload) -> Result<Pending, Unanswered> {
        let mut payload = payload.of(source);
        loop {
            // Listens before it looks, so that no room is missed.
            let mut room = pin!(self.0.room.notified());
            room.as_mut().enable();
            match self.try_submit(source, payload, Submitter::GoesOn) {
                Ok(pending) => return Ok(pending),
                Err((Unanswered::Refused(refusal), back)) if refusal.retry_after().is_some() => payload = back,
                Err((unanswered, _)) => return Err(unanswered),
            }
            room.await;
        }
    }

    /// Gives the payload back where it is not accepted.
    #[expect(clippy::result_large_err, reason = "the payload is moved, never copied")]
    fn try_submit(&self, source: SourceId, payload: Payload, submitter: Submitter) -> Result<Pending, (Unanswered, Payload)> {
        let shared = &self.0;
        let question = payload.question();
        let request = Request { source, task: question.task(), items: question.items(), bytes: question.bytes() };
        let (sender, receiver) = oneshot::channel();
        if request.items == 0 {
            // Nobody is there to receive it only where the caller is gone.
            let _ = sender.send(Ok(Partial::of(&payload).into_answer()));
            return Ok(Pending::answered(receiver));
        }
        let mut state = shared.state();
        if state.is_closing {
            return Err((Unanswered::Closing, payload));
        }
        let ticket = match state.dispatcher.submit(shared.start.elapsed(), request) {
            Ok(ticket) => ticket,
            Err(refusal) => return Err((refusal.into(), payload)),
        };
        let partial = Partial::of(&payload);
        let waiting = Waiting { payload: Arc::new(payload), accepted: Instant::now(), has_begun: false, partial, answer: sender };
        state.waiting.insert(ticket, waiting);
        let inline = shared.hand_out(&mut state, submitter);
        drop(state);
        if let Some(job) = inline {
            shared.run(job);
        }
        Ok(Pending::new(Arc::clone(shared), ticket, receiver))
    }

    /// Sets the limits of a source; it has to be known before its first request.
    pub fn set_source(&self, source: SourceId, limits: SourceLimits) {
        let mut state = self.0.state();
        state.dispatcher.set_source(source, limits);
        self.0.settle(state);
    }

    /// Forgets a source that has nothing under way.
    pub fn forget_source(&self, source: SourceId) {
        self.0.state().dispatcher.forget_source(source);
    }

    /// Whether a source has no room for even one item: reading what it sends would be in vain.
    pub fn is_full_for(&self, source: SourceId) -> bool {
        self.0.state().dispatcher.room(source) == 0
    }

    /// The most items of a request that a source can count on.
    pub fn request_items_max(&self, source: SourceId) -> usize {
        self.0.state().dispatcher.request_items_max(source)
    }

    /// Changes the limits.
    pub fn set_limits(&self, limits: Limits) {
        let mut state = self.0.state();
        state.queue_time_max = limits.queue_time_max;
        state.dispatcher.set_limits(limits);
        self.0.settle(state);
    }

    /// Accepts nothing more. What was accepted is answered. Threads end then, but for those that a device does not give back.
    pub fn close(&self) {
        let mut state = self.0.state();
        state.is_closing = true;
        self.0.wake_all(&state);
        drop(state);
        self.0.room.notify_waiters();
    }

    /// How many requests are accepted and not yet answered.
    pub fn requests(&self) -> usize {
        self.0.state().waiting.len()
    }

    /// What the dispatcher is at.
    pub fn state(&self) -> chainbox_engine::dispatch::State {
        self.0.state().dispatcher.state()
    }

    /// What each source is at.
    pub fn sources(&self) -> HashMap<SourceId, SourceState> {
        self.0.state().dispatcher.sources().collect()
    }

    /// How long the longest running job of the CPU has been running. Devices have deadlines.
    pub fn longest_job(&self) -> Option<Duration> {
        self.0.state().slots.longest_job_of_cpu()
    }

    /// The CPU, which is always there.
    pub fn cpu(&self) -> &dyn Backend {
        self.0.members.cpu()
    }

    /// What each back end is at, the CPU first.
    pub fn reports(&self) -> Vec<BackendReport> {
        let state = self.0.state();
        self.0.members.reports(&state, self.0.start.elapsed())
    }

    /// What was learnt of back ends, to be kept for the next start.
    pub fn learned(&self) -> Vec<Learned> {
        let curves = self.0.state().dispatcher.curves();
        self.0.members.learned(&curves)
    }

    /// Waits until every device was proven or failed to be. Blocks the thread.
    pub fn wait_until_judged(&self) {
        let judged = |state: &mut State| state.is_closing || !members::is_any_unproven(&state.dispatcher);
        drop(self.0.judged.wait_while(self.0.state(), |state| !judged(state)).unwrap_or_else(PoisonError::into_inner));
    }
}

impl Shared {
    /// The state, also after a thread panicked with it: back ends run outside of it, and what is left is complete.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cancel(&self, ticket: Ticket) {
        let mut state = self.state();
        if state.waiting.remove(&ticket).is_some() {
            state.dispatcher.cancel(ticket);
            self.settle(state);
        }
    }

    /// After a change: lanes that may go on do, and who waits for room looks again.
    fn settle(&self, mut state: MutexGuard<'_, State>) {
        self.hand_out(&mut state, Submitter::Other);
        self.end_if_over(&state);
        drop(state);
        self.room.notify_waiters();
    }

    /// Wakes all threads where nothing is to be done any more, so that they end.
    fn end_if_over(&self, state: &State) {
        if state.is_over() {
            self.wake_all(state);
        }
    }

    /// Wakes all threads, so that they look whether the work is over.
    fn wake_all(&self, state: &State) {
        state.slots.wake_all();
        self.sooner.notify_all();
        self.judged.notify_all();
    }
}

impl State {
    /// Whether nothing is to be done any more.
    fn is_over(&self) -> bool {
        self.is_closing && self.waiting.is_empty()
    }
}

/// Where the dispatcher's choices of places come from: no device knows it.
fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("the system gives some random bytes at the start");
    seed
}

fn spawn(name: String, work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name(name).spawn(work).expect("the system gives a few threads at the start");
}

#[cfg(test)]
mod tests;
