//! Waiting awake: where the wait is short, falling asleep and being woken costs more than it.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How long a wait is spent awake at most. SoftHSM signs in 60 us.
const LIMIT: Duration = Duration::from_micros(200);

/// How many of the last waits count, about, in what a wait usually takes.
const MEMORY: u64 = 8;

/// One long wait counts as so many times the longest that is spent awake, so that it is forgotten soon.
const LONG: u32 = 4;

/// Threads that wait for the same kind of thing.
pub(super) struct Spin {
    awake: AtomicUsize,
    awake_max: usize,
    usual_ns: AtomicU64,
}

impl Spin {
    pub(super) fn new() -> Self {
        let awake_max = thread::available_parallelism().map_or(1, usize::from);
        Self { awake: AtomicUsize::new(0), awake_max, usual_ns: AtomicU64::new(0) }
    }

    /// Waits until it holds: for a short while awake, giving way to whoever has work, where such a wait usually ends in that and no more than there are
    /// processors do so; then asleep.
    pub(super) fn wait<T>(&self, holds: impl Fn() -> bool, asleep: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let usually_short = u128::from(self.usual_ns.load(Ordering::Relaxed)) < LIMIT.as_nanos();
        if usually_short {
            if self.awake.fetch_add(1, Ordering::Relaxed) < self.awake_max {
                while !holds() && began.elapsed() < LIMIT {
                    thread::yield_now();
                }
            }
            self.awake.fetch_sub(1, Ordering::Relaxed);
        }
        let waited = asleep();
        let took = began.elapsed().min(LIMIT * LONG).as_nanos() as u64;
        let usual = self.usual_ns.load(Ordering::Relaxed);
        self.usual_ns.store(usual - usual / MEMORY + took / MEMORY, Ordering::Relaxed);
        waited
    }
}
