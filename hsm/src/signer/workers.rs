//! The threads that wait for devices, so that nobody else has to.
//!
//! A thread that a module holds beyond the deadline of its work is given up: another takes its place, up to a limit; it ends when the module lets it go.

use std::{
    cell::Cell,
    collections::{HashMap, VecDeque},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{
    Caller,
    queue::{Full, Queue},
};
use crate::{Deadline, Error, Kind, Label};

/// How long a thread may be late before it counts as held.
const LATE: Duration = Duration::from_millis(250);

/// Bounds of a signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Threads that call the device: the most calls under way at once.
    pub workers: usize,
    /// Threads that a device may hold beyond their deadline before nothing is accepted any more.
    pub workers_held: usize,
    /// Requests that wait, of all callers.
    pub waiting: usize,
    /// Requests that wait of one caller.
    pub caller_waiting: usize,
    /// Digests in one call to the device.
    pub batch: usize,
    /// Other calls that wait: lists, new keys, random bytes.
    pub tasks: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { workers: 16, workers_held: 16, waiting: 8192, caller_waiting: 4096, batch: 64, tasks: 64 }
    }
}

impl Limits {
    /// That nothing is zero where something must be done.
    pub(super) fn check(&self) -> Result<(), Error> {
        let Self { workers, waiting, caller_waiting, batch, tasks, .. } = *self;
        let numbers = [("workers", workers), ("waiting", waiting), ("caller_waiting", caller_waiting), ("batch", batch), ("tasks", tasks)];
        numbers.into_iter().filter(|(_, number)| *number == 0).try_for_each(|(name, _)| {
            Err(Error::new(Kind::Input, "limits", format!("{name} is 0: nothing would ever be signed")).remedy("set 1 or more"))
        })
    }
}

/// What the threads do with a batch of jobs of one key.
pub(super) trait Work: Send + Sync + 'static {
    /// A request.
    type Job: Send;

    /// Serves a batch until its last deadline, and calls `begun` where the next batch of an ordered line may be begun.
    fn serve(&self, key: &Label, jobs: Vec<Self::Job>, begun: &dyn Fn());

    /// When the caller of a job stops waiting.
    fn deadline(job: &Self::Job) -> Deadline;
}

type Task<W> = (Box<dyn FnOnce(&W) + Send>, Deadline);

/// The threads and what waits for them.
pub(super) struct Workers<W: Work>(Arc<Shared<W>>);

struct Shared<W: Work> {
    work: W,
    limits: Limits,
    state: Mutex<State<W>>,
    wake: Condvar,
    alive: Arc<Alive>,
}

/// How many threads have the work in hand. It outlives the work, so that whoever waits for them knows that nobody holds it any more.
#[derive(Default)]
struct Alive {
    count: Mutex<usize>,
    ended: Condvar,
}

impl Alive {
    fn count(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) {
        *self.count() += 1;
    }

    fn end(&self) {
        *self.count() -= 1;
        self.ended.notify_all();
    }
}

struct State<W: Work> {
    queue: Queue<W::Job>,
    tasks: VecDeque<Task<W>>,
    /// Each thread, and until when its work should be done where it works.
    threads: HashMap<u64, Option<Instant>>,
    threads_made: u64,
    idle: usize,
    closing: bool,
}

impl<W: Work> State<W> {
    /// Threads that a device holds.
    fn held(&self) -> usize {
        let now = Instant::now();
        self.threads.values().filter(|until| until.is_some_and(|until| until + LATE < now)).count()
    }
}

impl<W: Work> Workers<W> {
    /// No thread is started before there is something to do.
    pub(super) fn new(work: W, limits: Limits) -> Self {
        let queue = Queue::new(limits.waiting, limits.caller_waiting, limits.batch);
        let state = State { queue, tasks: VecDeque::new(), threads: HashMap::new(), threads_made: 0, idle: 0, closing: false };
        Self(Arc::new(Shared { work, limits, state: Mutex::new(state), wake: Condvar::new(), alive: Arc::default() }))
    }

    pub(super) fn work(&self) -> &W {
        &self.0.work
    }

    /// Has a thread of its own do something at intervals, until the end. It must not call the device.
    pub(super) fn every(&self, interval: Duration, tick: impl Fn(&Self) + Send + 'static) -> io::Result<()> {
        let (shared, alive) = (Arc::downgrade(&self.0), Arc::clone(&self.0.alive));
        let run = move || {
            let mut goes_on = true;
            while goes_on {
                thread::sleep(interval);
                alive.begin();
                let open = shared.upgrade().filter(|shared| !shared.lock().closing);
                goes_on = open.is_some();
                open.into_iter().for_each(|shared| tick(&Self(shared)));
                alive.end();
            }
        };
        thread::Builder::new().name("hsm-tick".to_owned()).spawn(run).map(drop)
    }

    /// Has a job wait in the line of its key.
    pub(super) fn sign(&self, key: &Label, ordered: bool, caller: &Caller, job: W::Job) -> Result<(), Error> {
        let mut state = self.0.open()?;
        state.queue.push(key, ordered, caller, job).map_err(|full| match full {
            Full::All => busy(format!("{} requests wait", self.0.limits.waiting)),
            Full::Caller => busy(format!("{} requests of this caller wait", self.0.limits.caller_waiting)),
        })?;
        self.0.hands(state);
        Ok(())
    }

    /// Has a thread do something else.
    pub(super) fn task(&self, deadline: Deadline, task: impl FnOnce(&W) + Send + 'static) -> Result<(), Error> {
        let mut state = self.0.open()?;
        if state.tasks.len() >= self.0.limits.tasks {
            return Err(busy(format!("{} calls wait", self.0.limits.tasks)));
        }
        state.tasks.push_back((Box::new(task), deadline));
        self.0.hands(state);
        Ok(())
    }

    /// Puts threads in the place of those that are held. Whoever was not answered in time calls it: nobody else would notice.
    pub(super) fn replenish(&self) {
        self.0.hands(self.0.lock());
    }

    /// Threads that a device holds beyond their deadline.
    pub(super) fn held(&self) -> usize {
        self.0.lock().held()
    }

    /// Accepts nothing more, drops what waits, and gives the threads so long to end.
    pub(super) fn close(&self, time: Duration) {
        let mut state = self.0.lock();
        state.closing = true;
        let (jobs, tasks) = (state.queue.drain(), std::mem::take(&mut state.tasks));
        self.0.wake.notify_all();
        drop((state, jobs, tasks));
        let alive = &self.0.alive;
        drop(alive.ended.wait_timeout_while(alive.count(), time, |count| *count > 0));
    }
}

impl<W: Work> Shared<W> {
    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, State<W>>, Error> {
        let state = self.lock();
        if state.closing {
            return Err(Error::new(Kind::Busy, "signer", "it is being shut down").remedy("ask again when it runs"));
        }
        let held = state.held();
        if held >= self.limits.workers_held.saturating_add(self.limits.workers) {
            let error = Error::new(Kind::Busy, "signer", format!("the device holds all {held} threads"));
            return Err(
                error.remedy("the vendor's module hangs: isolate it in a process of its own, which can be killed, or restart the service")
            );
        }
        Ok(state)
    }

    /// Wakes or makes a thread where something waits.
    fn hands(self: &Arc<Self>, mut state: MutexGuard<'_, State<W>>) {
        let waiting = state.queue.waiting() + state.tasks.len();
        let held = state.held();
        let may_grow = state.threads.len() - held < self.limits.workers && held <= self.limits.workers_held;
        if waiting > state.idle && may_grow && !state.closing {
            let number = state.threads_made;
            let shared = Arc::clone(self);
            let run = move || {
                let alive = Arc::clone(&shared.alive);
                shared.run(number);
                drop(shared);
                alive.end();
            };
            let thread = thread::Builder::new().name("hsm-sign".to_owned()).spawn(run);
            match thread {
                Ok(_) => {
                    self.alive.begin();
                    state.threads_made += 1;
                    state.threads.insert(number, None);
                }
                Err(error) => tracing::error!(%error, "no thread to sign on could be made"),
            }
        }
        drop(state);
        self.wake.notify_one();
    }

    /// The life of a thread.
    fn run(&self, number: u64) {
        let mut state = self.lock();
        loop {
            let surplus = state.threads.len() - state.held() > self.limits.workers;
            if state.closing || surplus {
                break;
            }
            if let Some((task, deadline)) = state.tasks.pop_front() {
                state = self.at_work(state, number, deadline, || task(&self.work));
            } else if state.queue.is_ready() {
                let hands = state.idle + self.limits.workers.saturating_sub(state.threads.len()) + 1;
                let Some((key, jobs)) = state.queue.take(hands) else { continue };
                let Some(deadline) = jobs.iter().map(W::deadline).max() else { continue };
                let is_held = Cell::new(true);
                let begun = || {
                    if is_held.replace(false) {
                        self.release(&key);
                    }
                };
                state = self.at_work(state, number, deadline, || self.work.serve(&key, jobs, &begun));
                if is_held.get() {
                    state.queue.release(&key);
                }
            } else {
                state.idle += 1;
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            }
        }
        state.threads.remove(&number);
    }

    /// Works with the state unlocked. A panic of a device costs the jobs in hand, whose callers are told, and nothing else.
    fn at_work<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<W>>,
        number: u64,
        deadline: Deadline,
        work: impl FnOnce(),
    ) -> MutexGuard<'a, State<W>> {
        state.threads.insert(number, Some(deadline.at()));
        drop(state);
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            tracing::error!("a device panicked");
        }
        let mut state = self.lock();
        state.threads.insert(number, None);
        state
    }

    fn release(&self, key: &Label) {
        let mut state = self.lock();
        state.queue.release(key);
        drop(state);
        self.wake.notify_one();
    }
}

fn busy(what: String) -> Error {
    Error::new(Kind::Busy, "signer", what).remedy("ask again later, or raise the limits in the settings")
}
