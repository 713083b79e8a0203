//! The threads themselves: who works, who is idle, who hangs, and what waits.

use std::{
    cell::Cell,
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use super::{Bounds, Reply, Work, Worker, guarded, spin::Spin};
use crate::{Deadline, Error, Kind};

/// How long after the deadline a call counts as hung: one that was begun just before it may merely be late.
const HUNG_AFTER: Duration = Duration::from_millis(100);

/// How often whoever waits looks whether a hung thread's place is to be taken.
const RELIEF: Duration = Duration::from_millis(250);

/// How long a device that said it is full is not asked for one session more.
const FULL_FOR: Duration = Duration::from_secs(10);

/// What the threads of a pool share.
pub(super) struct Crew<W> {
    pub(super) place: String,
    bounds: Bounds,
    make: Box<dyn Fn() -> W + Send + Sync>,
    state: Mutex<State<W>>,
    ended: Condvar,
    /// Callers that wait for answers.
    for_answers: Spin,
    /// Threads that wait for work.
    for_work: Spin,
    returning: Returning,
    /// Counts what was submitted, so that whoever waits awake sees that there is work.
    submitted: AtomicUsize,
}

struct State<W> {
    queue: VecDeque<Work<W>>,
    threads: BTreeMap<u64, Member>,
    /// Those without work; the last one to become idle is the first to be woken, so that the others age.
    idle: Vec<u64>,
    next: u64,
    /// The device said that it takes no more sessions than these, until then.
    full: Option<(usize, Instant)>,
    closing: bool,
}

/// A thread between its answer and its next work: whoever got the answer may ask again sooner than the thread is back.
#[derive(Default)]
struct Returning(AtomicUsize);

impl Returning {
    fn enter(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn leave(&self, threads: usize) {
        self.0.fetch_sub(threads, Ordering::SeqCst);
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A thread.
struct Member {
    /// None until it runs.
    thread: Option<Thread>,
    /// Until when whom it works for waits.
    busy: Option<Deadline>,
    /// Whether it has its session.
    connected: bool,
    /// It was told to end, and ends its session.
    leaving: bool,
}

impl Member {
    fn hangs(&self) -> bool {
        self.busy.is_some_and(|deadline| deadline.at().elapsed() >= HUNG_AFTER)
    }
}

impl<W> State<W> {
    fn hung(&self) -> usize {
        self.threads.values().filter(|member| member.hangs()).count()
    }

    fn serving(&self) -> usize {
        self.threads.len() - self.hung()
    }

    /// Threads that are there for what comes next: several that are idle at once must not all take themselves for the one too many.
    fn staying(&self) -> usize {
        self.threads.values().filter(|member| !member.hangs() && !member.leaving).count()
    }

    /// Tells a thread to end.
    fn dismiss(&mut self, id: u64) -> Option<Work<W>> {
        if let Some(member) = self.threads.get_mut(&id) {
            member.leaving = true;
        }
        None
    }

    /// Enters a thread that is about to start.
    fn enter(&mut self, busy: Option<Deadline>) -> u64 {
        let id = self.next;
        self.next += 1;
        self.threads.insert(id, Member { thread: None, busy, connected: false, leaving: false });
        id
    }

    fn ceiling(&self, bounds: &Bounds) -> usize {
        match self.full {
            Some((sessions, until)) if Instant::now() < until => sessions.min(bounds.workers_max),
            _ => bounds.workers_max,
        }
    }

    fn has_room(&self, bounds: &Bounds) -> bool {
        self.serving() < self.ceiling(bounds) && self.hung() <= bounds.hung_max
    }

    /// The next work that somebody still waits for. A batch stays for others as long as it has digests left.
    fn take(&mut self) -> Option<Work<W>> {
        while let Some(work) = self.queue.pop_front() {
            if work.deadline().is_over() {
                continue;
            }
            if let Work::Batch(batch) = &work {
                match batch.open() {
                    0 => continue,
                    1 => {}
                    _ => self.queue.push_front(Work::Batch(Arc::clone(batch))),
                }
            }
            return Some(work);
        }
        None
    }
}

impl<W> Work<W> {
    fn deadline(&self) -> Deadline {
        match self {
            Self::Call { deadline, .. } => *deadline,
            Self::Batch(batch) => batch.deadline,
        }
    }

    /// How many threads can do a part of it.
    fn shares(&self) -> usize {
        match self {
            Self::Call { .. } => 1,
            Self::Batch(batch) => batch.open(),
        }
    }

    fn fail(self, error: Error) {
        match self {
            Self::Call { run, .. } => run(Err(error), &|| {}),
            Self::Batch(batch) => batch.fail(error),
        }
    }
}

impl<W> Crew<W> {
    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets every thread end, and waits so long for them. A hung one is left behind.
    pub(super) fn close(&self, wait: Duration) {
        let mut state = self.lock();
        state.closing = true;
        state.queue.clear();
        state.threads.values().filter_map(|member| member.thread.as_ref()).for_each(Thread::unpark);
        let waited = self.ended.wait_timeout_while(state, wait, |state| state.serving() > 0);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if !state.threads.is_empty() {
            tracing::warn!(device = self.place, threads = state.threads.len(), "the module holds threads that did not come back");
        }
    }
}

impl<W: Worker> Crew<W> {
    pub(super) fn new(place: String, bounds: Bounds, make: Box<dyn Fn() -> W + Send + Sync>) -> Self {
        let state = State { queue: VecDeque::new(), threads: BTreeMap::new(), idle: Vec::new(), next: 0, full: None, closing: false };
        Self {
            place,
            bounds,
            make,
            state: Mutex::new(state),
            ended: Condvar::new(),
            for_answers: Spin::new(),
            for_work: Spin::new(),
            returning: Returning::default(),
            submitted: AtomicUsize::new(0),
        }
    }

    /// Queues work, wakes as many threads as can share it, and starts some where too few are free.
    pub(super) fn submit(self: &Arc<Self>, work: Work<W>) -> Result<(), Error> {
        let (deadline, shares) = (work.deadline(), work.shares());
        let mut state = self.lock();
        if state.queue.len() >= self.bounds.queue_max {
            let what = format!("{} calls wait already", state.queue.len());
            return Err(Error::new(Kind::Busy, &self.place, what).remedy("ask again later, or let fewer ask at once"));
        }
        if state.idle.is_empty() && state.serving() == 0 && !state.has_room(&self.bounds) {
            return Err(self.hanging(state.hung()));
        }
        state.queue.push_back(work);
        let woken = shares.min(state.idle.len());
        let at = state.idle.len() - woken;
        let threads: Vec<Thread> =
            state.idle.split_off(at).iter().filter_map(|id| state.threads.get(id).and_then(|member| member.thread.clone())).collect();
        let new = self.grow(&mut state, deadline);
        self.submitted.fetch_add(1, Ordering::Release);
        drop(state);
        threads.iter().for_each(Thread::unpark);
        self.start(new)
    }

    /// Enters as many threads as the queue has work for, beside those that are about to take it, as far as there is room.
    fn grow(&self, state: &mut State<W>, deadline: Deadline) -> Vec<u64> {
        let mut new = Vec::new();
        if !state.has_room(&self.bounds) {
            return new;
        }
        // Idle or just woken, or about to be connected.
        let free = state.threads.values().filter(|member| member.busy.is_none() || (!member.connected && !member.hangs())).count();
        let coming = free + self.returning.count();
        let wanted = state.queue.iter().map(Work::shares).sum::<usize>().saturating_sub(coming);
        while new.len() < wanted && state.has_room(&self.bounds) {
            new.push(state.enter(Some(deadline)));
        }
        new
    }

    fn start(self: &Arc<Self>, new: Vec<u64>) -> Result<(), Error> {
        for id in new {
            let crew = Arc::clone(self);
            let spawned = thread::Builder::new().name(format!("hsm-{id}")).spawn(move || crew.work(id));
            if let Err(error) = spawned {
                let mut state = self.lock();
                state.threads.remove(&id);
                if state.threads.is_empty() {
                    state.queue.clear();
                    let what = format!("no thread can be started: {error}");
                    return Err(Error::new(Kind::Busy, &self.place, what).remedy("raise the limit of threads of this process"));
                }
            }
        }
        Ok(())
    }

    /// Starts the threads that stay.
    pub(super) fn warm(self: &Arc<Self>, deadline: Deadline) {
        let mut state = self.lock();
        let wanted = self.bounds.workers_min.saturating_sub(state.serving());
        let new = (0..wanted).map(|_| state.enter(Some(deadline))).collect();
        drop(state);
        // Where no more start now, they start when there is work.
        let _ = self.start(new);
    }

    /// The answer to a call, by the deadline. Whoever waits sees to it that the places of hung threads are taken.
    pub(super) fn wait<T>(self: &Arc<Self>, reply: &Reply<T>, deadline: Deadline) -> Result<T, Error> {
        self.for_answers.wait(|| reply.is_given(), || self.sleep(reply, deadline))
    }

    fn sleep<T>(self: &Arc<Self>, reply: &Reply<T>, deadline: Deadline) -> Result<T, Error> {
        loop {
            if let Some(answer) = reply.take(deadline.left().min(RELIEF)) {
                return answer;
            }
            if deadline.is_over() {
                return Err(self.late());
            }
            self.relieve();
        }
    }

    /// Starts a thread in the place of one that hangs, where work waits.
    fn relieve(self: &Arc<Self>) {
        let mut state = self.lock();
        let Some(deadline) = state.queue.front().map(Work::deadline) else { return };
        let new = self.grow(&mut state, deadline);
        drop(state);
        let _ = self.start(new);
    }

    /// What a caller is told whose deadline passed.
    fn late(&self) -> Error {
        let mut state = self.lock();
        state.queue.retain(|work| !work.deadline().is_over());
        let (threads, waiting) = (state.threads.len(), state.queue.len());
        let busy = state.threads.values().filter(|member| member.busy.is_some()).count();
        let what = format!("no answer before the deadline; {busy} of {threads} sessions are in a call, {waiting} calls wait");
        Error::new(Kind::Deadline, &self.place, what)
    }

    fn hanging(&self, hung: usize) -> Error {
        let what = format!("{hung} calls hang in the module, and no more threads are risked");
        Error::new(Kind::Busy, &self.place, what).remedy(
            "run the module in a process of its own, which is replaced when it hangs, or restart this one; see the module's own log",
        )
    }

    /// The life of a thread.
    fn work(self: &Arc<Self>, id: u64) {
        if let Some(member) = self.lock().threads.get_mut(&id) {
            member.thread = Some(thread::current());
        }
        let mut worker = (self.make)();
        // Ahead of the first work: a thread that is free sooner may take that meanwhile.
        let mut ready = guarded(&self.place, || worker.connect());
        let answers = Cell::new(0);
        while let Some(work) = self.next(id, ready.is_ok(), answers.take()) {
            ready = guarded(&self.place, || worker.connect());
            match &ready {
                Ok(()) => self.run(work, &mut worker, &answers),
                Err(error) => {
                    if let Some(work) = self.hand_back(id, work, error) {
                        work.fail(error.clone());
                    }
                }
            }
        }
        drop(worker);
        let mut state = self.lock();
        state.threads.remove(&id);
        drop(state);
        self.ended.notify_all();
    }

    fn run(&self, work: Work<W>, worker: &mut W, answers: &Cell<usize>) {
        let answering = || {
            answers.set(answers.get() + 1);
            self.returning.enter();
        };
        match work {
            Work::Call { run, .. } => run(Ok(worker), &answering),
            Work::Batch(batch) => batch.run(worker, answering),
        }
    }

    /// Waits for work after so many answers; none where the thread is to end.
    fn next(&self, id: u64, connected: bool, answers: usize) -> Option<Work<W>> {
        let mut returned = answers;
        let mut since = Instant::now();
        loop {
            let mut state = self.lock();
            self.returning.leave(std::mem::take(&mut returned));
            state.idle.retain(|idle| *idle != id);
            let member = state.threads.get_mut(&id)?;
            member.busy = None;
            member.connected = connected;
            let places = if connected { self.bounds.workers_max } else { state.ceiling(&self.bounds) };
            if state.closing || state.staying() > places {
                return state.dismiss(id);
            }
            if let Some(work) = state.take() {
                state.threads.get_mut(&id)?.busy = Some(work.deadline());
                return Some(work);
            }
            let spare = state.staying() > self.bounds.workers_min;
            if spare && (since.elapsed() >= self.bounds.idle || !connected) {
                return state.dismiss(id);
            }
            if !spare {
                since = Instant::now();
            }
            state.idle.push(id);
            let submitted = self.submitted.load(Ordering::Acquire);
            drop(state);
            self.for_work.wait(|| self.submitted.load(Ordering::Acquire) != submitted, || thread::park_timeout(self.bounds.idle));
        }
    }

    /// Work that a thread without a session leaves to those that have one, where the device is full.
    fn hand_back(&self, id: u64, work: Work<W>, error: &Error) -> Option<Work<W>> {
        let mut state = self.lock();
        let connected = state.threads.iter().filter(|(other, member)| **other != id && member.connected && !member.hangs()).count();
        if error.kind != Kind::DeviceFull || connected == 0 {
            return Some(work);
        }
        state.full = Some((connected, Instant::now() + FULL_FOR));
        state.queue.push_front(work);
        let idle = state.idle.pop().and_then(|idle| state.threads.get(&idle)).and_then(|member| member.thread.clone());
        drop(state);
        if let Some(idle) = idle {
            idle.unpark();
        }
        None
    }
}
