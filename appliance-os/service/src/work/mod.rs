//! Accepted work, from a request to its answer.
//!
//! The dispatcher of the engine decides what runs next; here are the threads that run it ([`lanes`]), the batches that they run ([`job`]), and the
//! requests that wait for their answers.

mod job;
mod lanes;

use std::{
    collections::HashMap,
    ops::Range,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

use chainbox_engine::{
    backend::{Backend, Hint},
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    dispatch::{Dispatcher, Limits, Refusal, Request, SourceId, SourceLimits, SourceState, Task, Ticket},
    hash::{Digest, Hash},
    verdict::Verdict,
};
use tokio::sync::{Notify, oneshot};

use crate::metrics::Metrics;
use job::Partial;
use lanes::Slots;

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

impl Payload {
    /// The number of items.
    pub fn items(&self) -> usize {
        match self {
            Self::Verify { batch, .. } => batch.len(),
            Self::Recover(batch) => batch.len(),
            Self::Digest { messages, .. } => messages.len(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Verify { batch, .. } => batch.bytes(),
            Self::Recover(batch) => batch.bytes(),
            Self::Digest { messages, .. } => messages.data().len(),
        }
    }

    fn task(&self) -> Task {
        match self {
            Self::Verify { batch, want_hints } => {
                Task::Verify { shape: batch.shape(), has_hints: !batch.hints().data().is_empty(), want_hints: *want_hints }
            }
            Self::Recover(batch) => {
                Task::Recover { input: batch.input(), low_s: batch.low_s(), has_hints: !batch.hints().data().is_empty() }
            }
            Self::Digest { hash, .. } => Task::Digest(*hash),
        }
    }

    fn of(self, source: SourceId) -> Self {
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
        let verdicts = match self {
            Self::Verified { verdicts, .. } => verdicts,
            Self::Recovered(recovered) => recovered.verdicts.as_slice(),
            Self::Digests(_) => return 0,
        };
        verdicts[items].iter().filter(|verdict| !verdict.is_valid()).count()
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

/// What is under way.
#[derive(Clone)]
pub struct Work(Arc<Shared>);

struct Shared {
    backend: Arc<dyn Backend>,
    metrics: Arc<Metrics>,
    /// Where the dispatcher's time begins.
    start: Instant,
    state: Mutex<State>,
    /// Told when work ended or limits changed: there may be room for more.
    room: Notify,
    /// Told when a request waits and none did before.
    waits: Notify,
}

struct State {
    dispatcher: Dispatcher,
    waiting: HashMap<Ticket, Waiting>,
    slots: Slots,
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
    /// Starts the threads that work.
    pub fn start(backend: Arc<dyn Backend>, limits: Limits, metrics: Arc<Metrics>) -> Self {
        let state = State {
            queue_time_max: limits.queue_time_max,
            dispatcher: Dispatcher::new(limits, [0; 32]),
            waiting: HashMap::new(),
            slots: Slots::default(),
            is_closing: false,
        };
        let shared =
            Shared { backend, metrics, start: Instant::now(), state: Mutex::new(state), room: Notify::new(), waits: Notify::new() };
        let work = Self(Arc::new(shared));
        lanes::start(&work.0);
        work
    }

    /// Forgets requests whose time to wait is over, for as long as the service runs.
    pub async fn expire(self) {
        loop {
            let waits = self.0.waits.notified();
            let next = self.0.state().dispatcher.next_due();
            match next {
                None => waits.await,
                Some(time) => {
                    tokio::time::sleep_until((self.0.start + time).into()).await;
                    self.0.expire();
                }
            }
        }
    }

    /// Accepts a request, or refuses it at once.
    ///
    /// # Errors
    /// [`Unanswered::Refused`] above a limit, [`Unanswered::Closing`] in a shutdown.
    pub fn submit(&self, source: SourceId, payload: Payload) -> Result<Pending, Unanswered> {
        self.try_submit(source, payload.of(source)).map_err(|(unanswered, _)| unanswered)
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
            match self.try_submit(source, payload) {
                Ok(pending) => return Ok(pending),
                Err((Unanswered::Refused(refusal), back)) if refusal.retry_after().is_some() => payload = back,
                Err((unanswered, _)) => return Err(unanswered),
            }
            room.await;
        }
    }

    /// Gives the payload back where it is not accepted.
    #[expect(clippy::result_large_err, reason = "the payload is moved, never copied")]
    fn try_submit(&self, source: SourceId, payload: Payload) -> Result<Pending, (Unanswered, Payload)> {
        let shared = &self.0;
        let request = Request { source, task: payload.task(), items: payload.items(), bytes: payload.bytes() };
        let (sender, receiver) = oneshot::channel();
        if request.items == 0 {
            // Nobody is there to receive it only where the caller is gone.
            let _ = sender.send(Ok(Partial::of(&payload).into_answer()));
            return Ok(Pending { shared: None, ticket: None, receiver });
        }
        let mut state = shared.state();
        if state.is_closing {
            return Err((Unanswered::Closing, payload));
        }
        let waited_before = state.dispatcher.next_due().is_some();
        let ticket = match state.dispatcher.submit(shared.start.elapsed(), request) {
            Ok(ticket) => ticket,
            Err(refusal) => return Err((refusal.into(), payload)),
        };
        let partial = Partial::of(&payload);
        let waiting = Waiting { payload: Arc::new(payload), accepted: Instant::now(), has_begun: false, partial, answer: sender };
        state.waiting.insert(ticket, waiting);
        let inline = shared.hand_out(&mut state, true);
        drop(state);
        if let Some(job) = inline {
            shared.run(job);
        } else if !waited_before {
            shared.waits.notify_one();
        }
        Ok(Pending { shared: Some(Arc::clone(shared)), ticket: Some(ticket), receiver })
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

    /// Accepts nothing more. What was accepted is answered.
    pub fn close(&self) {
        let mut state = self.0.state();
        state.is_closing = true;
        state.slots.wake_all();
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

    /// How long the longest running job has been running.
    pub fn longest_job(&self) -> Option<Duration> {
        self.0.state().slots.longest_job()
    }

    /// What verifies.
    pub fn backend(&self) -> &dyn Backend {
        self.0.backend.as_ref()
    }
}

impl Shared {
    /// The state, also after a thread panicked with it: back ends run outside of it, and what is left is complete.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expire(&self) {
        let mut state = self.state();
        let queue_time_max = state.queue_time_max;
        for ticket in state.dispatcher.due(self.start.elapsed()).expired {
            if let Some(waiting) = state.waiting.remove(&ticket) {
                // Who does not wait any more needs no answer.
                let _ = waiting.answer.send(Err(Unanswered::Expired(queue_time_max)));
            }
        }
        self.settle(state);
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
        self.hand_out(&mut state, false);
        drop(state);
        self.room.notify_waiters();
    }
}

/// An accepted request. Dropped before it is answered, it says that nobody waits any more: what has not begun is not done.
#[must_use]
pub struct Pending {
    shared: Option<Arc<Shared>>,
    ticket: Option<Ticket>,
    receiver: oneshot::Receiver<Result<Answer, Unanswered>>,
}

impl Future for Pending {
    type Output = Result<Answer, Unanswered>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = std::task::ready!(Pin::new(&mut self.receiver).poll(context));
        self.ticket = None;
        Poll::Ready(answer.unwrap_or_else(|_| Err(Unanswered::Fault("the thread that worked on it ended".to_owned()))))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let (Some(shared), Some(ticket)) = (&self.shared, self.ticket) {
            shared.cancel(ticket);
        }
    }
}

fn spawn(name: String, work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name(name).spawn(work).expect("the system gives a few threads at the start");
}

#[cfg(test)]
mod tests;
