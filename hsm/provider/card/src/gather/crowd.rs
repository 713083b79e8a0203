//! Whether letting others run before a turn pays: it is measured, since it depends on the machine, on how many threads ask, and on what they do between.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// Calls after which it is decided anew. Threads that compute keep a core for some milliseconds, which is a hundred calls: in so many several have had one.
const WINDOW_CALLS: u32 = 1024;

/// The other way is tried in one of so many windows.
const WINDOWS_A_TRIAL: u32 = 32;

/// The other way is taken where it is faster by a part in so many.
const GAIN: u32 = 20;

/// What is known of who asks, and of how fast the answers come. Fewer threads than turns never let anybody run: the others are not of this library.
pub(super) struct Crowd {
    turns: u32,
    calls: u32,
    /// The threads that came in this window, each by one of 64 bits.
    threads: u64,
    since: Option<Instant>,
    /// Whether who takes a turn lets others run, in this window.
    yields: bool,
    /// Whether this window is a trial of what is not done otherwise.
    is_trial: bool,
    windows: u32,
    /// What the last windows took, without and with.
    times: [Option<Duration>; 2],
}

impl Crowd {
    pub(super) fn new(turns: usize) -> Self {
        let turns = u32::try_from(turns).unwrap_or(u32::MAX);
        Self { turns, calls: 0, threads: 0, since: None, yields: false, is_trial: false, windows: 0, times: [None; 2] }
    }

    /// This thread asks.
    pub(super) fn came(&mut self) {
        self.came_as(this_thread(), Instant::now);
    }

    fn came_as(&mut self, thread: u32, now: impl FnOnce() -> Instant) {
        self.threads |= 1 << (thread % u64::BITS);
        self.calls += 1;
        if self.calls == WINDOW_CALLS {
            let now = now();
            if let Some(since) = self.since.replace(now) {
                self.decide(now.saturating_duration_since(since));
            }
            (self.calls, self.threads) = (0, 0);
        }
    }

    /// What the next window does, after one that took so long.
    fn decide(&mut self, time: Duration) {
        if self.threads.count_ones() <= self.turns {
            (self.yields, self.is_trial, self.windows, self.times) = (false, false, 0, [None; 2]);
            return;
        }
        self.times[usize::from(self.yields)] = Some(time);
        if self.is_trial {
            self.is_trial = false;
            let before = self.times[usize::from(!self.yields)].unwrap_or(Duration::MAX);
            if time >= before - before / GAIN {
                self.yields = !self.yields;
            }
        } else if self.windows.is_multiple_of(WINDOWS_A_TRIAL) {
            (self.yields, self.is_trial) = (!self.yields, true);
        }
        self.windows = self.windows.wrapping_add(1);
    }

    /// Whether who takes a turn should let others run.
    pub(super) const fn yields(&self) -> bool {
        self.yields
    }
}

/// A number of this thread.
fn this_thread() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    thread_local!(static NUMBER: Cell<Option<u32>> = const { Cell::new(None) });
    NUMBER.with(|number| {
        let this = number.get().unwrap_or_else(|| NEXT.fetch_add(1, Relaxed));
        number.set(Some(this));
        this
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows of so many threads, which take so long without and with; in how many of them others were let run.
    fn windows(crowd: &mut Crowd, count: u32, threads: u32, times: [u64; 2]) -> u32 {
        let mut clock = crowd.since.unwrap_or_else(Instant::now);
        let mut yielded = 0;
        for _ in 0..count {
            yielded += u32::from(crowd.yields());
            clock += Duration::from_micros(times[usize::from(crowd.yields())]);
            (0..WINDOW_CALLS).for_each(|call| crowd.came_as(call % threads, || clock));
        }
        yielded
    }

    #[test]
    fn threads_that_have_a_turn_each_let_nobody_run() {
        let mut crowd = Crowd::new(2);
        assert_eq!(windows(&mut crowd, 100, 1, [100, 50]), 0);
        assert_eq!(windows(&mut crowd, 100, 2, [100, 50]), 0);
    }

    #[test]
    fn others_are_let_run_while_that_is_faster() {
        let mut crowd = Crowd::new(2);
        assert!(windows(&mut crowd, 320, 50, [100, 90]) > 300);
        // And no longer where it is slower, but for trials.
        let slower = windows(&mut crowd, 320, 50, [90, 100]);
        assert!((9..=45).contains(&slower), "{slower}");
        assert!(windows(&mut crowd, 320, 50, [100, 100]) <= 11);
        assert!(windows(&mut crowd, 320, 50, [100, 50]) > 270);
        assert_eq!(windows(&mut crowd, 100, 2, [100, 50]), 1);
    }

    #[test]
    fn threads_have_numbers_of_their_own() {
        let own = this_thread();
        assert_eq!(this_thread(), own);
        assert_ne!(std::thread::spawn(this_thread).join().unwrap(), own);
    }
}
