//! What each stage of the path of a transaction did and how long it took, and how fast transactions are confirmed.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use serde::Serialize;

/// A stage of the path of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading, dedup, the sender's account: all before the signature.
    Read,
    /// Verdicts on signatures.
    Verify,
    /// Into the pool.
    Pool,
    /// A block taken from the pool, executed and committed to.
    Execute,
    /// A block written and synced.
    Store,
    /// A vote signed.
    Vote,
    /// Who waits is told.
    Confirm,
    /// State and indexes written.
    Apply,
}

impl Stage {
    /// Every stage, in the order of the path.
    pub const ALL: [Self; 8] = [Self::Read, Self::Verify, Self::Pool, Self::Execute, Self::Store, Self::Vote, Self::Confirm, Self::Apply];

    /// The name used in JSON and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Verify => "verify",
            Self::Pool => "pool",
            Self::Execute => "execute",
            Self::Store => "store",
            Self::Vote => "vote",
            Self::Confirm => "confirm",
            Self::Apply => "apply",
        }
    }
}

/// What a stage did since the start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageReport {
    /// Its name.
    pub name: &'static str,
    /// Transactions that went through it.
    pub transactions_total: u64,
    /// Seconds that threads spent in it, all together.
    pub seconds_total: f64,
    /// The threads that it has at most: it is at its limit where it is busy as many seconds a second.
    pub threads: usize,
}

/// Seconds that rates and latencies are taken over.
const WINDOW: usize = 10;

/// Buckets of latencies: sixteen for each doubling, from a microsecond to 2^40 of them.
const BUCKETS: usize = 16 * 40;

#[derive(Default)]
struct Counter {
    transactions: AtomicU64,
    nanoseconds: AtomicU64,
}

/// One second.
struct Second {
    number: u64,
    transactions: u64,
    latencies: Vec<u32>,
}

/// Counts what the stages do.
pub struct Stages {
    counters: [Counter; Stage::ALL.len()],
    threads: [usize; Stage::ALL.len()],
    start: Instant,
    seconds: Mutex<VecDeque<Second>>,
}

/// How fast transactions were confirmed in the last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Pace {
    /// Confirmed transactions a second.
    pub tps: f64,
    /// The median time from submission to confirmation, in milliseconds.
    pub p50_ms: f64,
    /// That of 99 of 100.
    pub p99_ms: f64,
}

impl Stages {
    /// Nothing was done yet. `admitting` threads read and verify.
    #[must_use]
    pub fn new(admitting: usize) -> Self {
        let threads = Stage::ALL.map(|stage| if matches!(stage, Stage::Read | Stage::Verify | Stage::Pool) { admitting } else { 1 });
        Self { counters: Default::default(), threads, start: Instant::now(), seconds: Mutex::default() }
    }

    /// Time since the start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Does some work of a stage, and counts it.
    pub fn time<T>(&self, stage: Stage, transactions: usize, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.count(stage, transactions, start.elapsed());
        result
    }

    /// Counts some work of a stage.
    pub fn count(&self, stage: Stage, transactions: usize, time: Duration) {
        let counter = &self.counters[stage as usize];
        counter.transactions.fetch_add(transactions as u64, Relaxed);
        counter.nanoseconds.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Counts confirmed transactions by when they were submitted.
    pub fn confirmed(&self, submitted: impl Iterator<Item = Duration>) {
        let now = self.now();
        let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        if seconds.back().is_none_or(|second| second.number != now.as_secs()) {
            seconds.push_back(Second { number: now.as_secs(), transactions: 0, latencies: vec![0; BUCKETS] });
        }
        while seconds.len() > WINDOW + 1 {
            seconds.pop_front();
        }
        let Some(second) = seconds.back_mut() else { return };
        for since in submitted {
            second.transactions += 1;
            second.latencies[bucket(now.saturating_sub(since))] += 1;
        }
    }

    /// How fast transactions were confirmed in the last whole seconds.
    #[must_use]
    pub fn pace(&self) -> Pace {
        let now = self.now().as_secs();
        let window = (WINDOW as u64).min(now).max(1);
        let seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        let in_window = || seconds.iter().filter(|second| second.number < now && second.number + window >= now);
        let transactions: u64 = in_window().map(|second| second.transactions).sum();
        let mut latencies = vec![0_u64; BUCKETS];
        for second in in_window() {
            latencies.iter_mut().zip(&second.latencies).for_each(|(sum, count)| *sum += u64::from(*count));
        }
        let quantile = |share: f64| {
            let rank = (transactions as f64 * share).ceil() as u64;
            let mut below = 0;
            let bucket = latencies.iter().position(|count| {
                below += count;
                below >= rank.max(1)
            });
            bucket.map_or(0.0, |bucket| upper_us(bucket) / 1000.0)
        };
        Pace { tps: transactions as f64 / window as f64, p50_ms: quantile(0.5), p99_ms: quantile(0.99) }
    }

    /// What each stage did.
    #[must_use]
    pub fn reports(&self) -> Vec<StageReport> {
        let report = |stage: Stage| {
            let counter = &self.counters[stage as usize];
            StageReport {
                name: stage.name(),
                transactions_total: counter.transactions.load(Relaxed),
                seconds_total: counter.nanoseconds.load(Relaxed) as f64 / 1e9,
                threads: self.threads[stage as usize],
            }
        };
        Stage::ALL.map(report).to_vec()
    }
}

/// The bucket of a latency: sixteen for each doubling of microseconds.
fn bucket(latency: Duration) -> usize {
    let us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1);
    let doublings = us.ilog2();
    // The four bits below the highest one.
    let part = if doublings >= 4 { us >> (doublings - 4) } else { us << (4 - doublings) } & 15;
    (16 * doublings as usize + part as usize).min(BUCKETS - 1)
}

/// The least latency above a bucket, in microseconds.
fn upper_us(bucket: usize) -> f64 {
    let (doublings, part) = (bucket / 16, bucket % 16);
    2_f64.powi(doublings as i32) * (17 + part) as f64 / 16.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_is_within_a_sixteenth() {
        for us in [1, 2, 3, 15, 16, 17, 100, 1000, 123_456, 60_000_000] {
            let upper = upper_us(bucket(Duration::from_micros(us)));
            assert!(upper > us as f64 && upper <= us as f64 * 17.0 / 16.0 + 0.01, "{us} {upper}");
        }
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
        assert_eq!(bucket(Duration::ZERO), 0);
    }

    #[test]
    fn stages_are_counted() {
        let stages = Stages::new(2);
        assert_eq!(stages.pace(), Pace::default());
        stages.count(Stage::Verify, 10, Duration::from_millis(500));
        stages.count(Stage::Verify, 5, Duration::from_millis(250));
        let reports = stages.reports();
        assert_eq!(reports.iter().map(|report| report.name).collect::<Vec<_>>(), Stage::ALL.map(Stage::name));
        assert_eq!(reports[1], StageReport { name: "verify", transactions_total: 15, seconds_total: 0.75, threads: 2 });
    }
}
