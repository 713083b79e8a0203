//! Requests at full speed (closed loop) and at random times (open loop), and how long their answers took.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use chainbox_api::client::{Address, Client, Options};
use chainbox_engine::{
    backend::Backend,
    batch::{Batch, Input},
    scheme::Scheme,
    verdict::{Verdict, Verdicts},
};
use chainbox_workloads::{Hints, Spec};
use hdrhistogram::Histogram;
use nix::sys::prctl;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::{Error, arrivals::ArrivalTimes, rounds::Rounds};

/// The longest latency that is told apart, in nanoseconds: a minute.
const LATENCY_NS_MAX: u64 = 60_000_000_000;

/// Significant digits of latencies.
const LATENCY_DIGITS: u8 = 3;

/// How late a sleeping thread may be woken, in nanoseconds. The system's default of 50,000 would stand in every latency.
const WAKE_SLACK_NS: u64 = 1_000;

/// Requests that are sent in turn, and what they must be answered.
pub(super) struct Pool {
    pub(super) scheme: Scheme,
    batches: Vec<Batch>,
    expected: Vec<Vec<Verdict>>,
}

impl Pool {
    /// Raw signatures over digests by signers that come again, some of them forged: `items` of them at least, in requests of `batch` items.
    pub(super) fn new(scheme: Scheme, signers: u64, batch: usize, items: usize, forged: f64) -> Result<Self, Error> {
        let spec = Spec { input: Input::Digest, invalid_share: forged, ..Spec::new(scheme, signers) };
        // Invalid items are shared out over all requests, and the first round's are as good as the others'.
        let rounds = Rounds::new(spec, batch, items.div_ceil(batch))?;
        Ok(Self { scheme, batches: rounds.batches(Hints::None)?, expected: rounds.expected })
    }

    /// Items a request.
    pub(super) fn batch(&self) -> usize {
        self.batches[0].len()
    }

    /// A request by its turn.
    pub(super) fn request(&self, turn: usize) -> &Batch {
        &self.batches[turn % self.batches.len()]
    }

    /// Compares verdicts with the expected ones: whoever answers wrong has no rate.
    pub(super) fn check(&self, turn: usize, verdicts: &Verdicts, contender: &str) -> Result<(), Error> {
        let expected = &self.expected[turn % self.batches.len()];
        let wrong = verdicts.as_slice().iter().zip(expected).position(|(verdict, expected)| verdict != expected);
        match wrong.or((verdicts.as_slice().len() != expected.len()).then_some(expected.len())) {
            None => Ok(()),
            Some(index) => Err(Error::WrongAnswer { contender: contender.to_owned(), index, items: expected.len() }),
        }
    }
}

/// What requests were answered, and how fast.
pub(super) struct Measured {
    /// Answered requests.
    pub(super) requests: u64,
    /// Requests that had no answer but an error, after all tries.
    pub(super) failed: u64,
    pub(super) items: u64,
    pub(super) time: Duration,
    /// In nanoseconds.
    pub(super) latencies: Histogram<u64>,
}

impl Measured {
    pub(super) fn new() -> Self {
        let latencies = Histogram::new_with_bounds(1, LATENCY_NS_MAX, LATENCY_DIGITS).expect("the bounds are in order");
        Self { requests: 0, failed: 0, items: 0, time: Duration::ZERO, latencies }
    }

    pub(super) fn count(&mut self, items: usize, latency: Duration) {
        self.requests += 1;
        self.items += items as u64;
        self.latencies.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Takes what others have counted at the same time.
    fn join(&mut self, other: &Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.items += other.items;
        self.latencies.add(&other.latencies).expect("the bounds are the same");
    }

    pub(super) fn items_per_s(&self) -> f64 {
        self.items as f64 / self.time.as_secs_f64().max(1e-9)
    }

    /// The latency that a share of the requests, 0 to 100, does not exceed, in microseconds.
    pub(super) fn latency_us(&self, percentile: f64) -> f64 {
        self.latencies.value_at_percentile(percentile) as f64 / 1e3
    }

    /// What several samples say together, but for the time of each.
    pub(super) fn together(samples: &[Self]) -> Self {
        let mut all = Self::new();
        for sample in samples {
            all.join(sample);
            all.time += sample.time;
        }
        all
    }
}

/// The back end itself, asked by as many threads as there would be clients: each asks again once it has its answer.
pub(super) fn closed_in_process(backend: &dyn Backend, pool: &Pool, clients: usize, time: Duration) -> Result<Measured, Error> {
    let start = Instant::now();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|client| {
                scope.spawn(move || {
                    let mut measured = Measured::new();
                    let mut turn = client;
                    while start.elapsed() < time {
                        let asked = Instant::now();
                        let verdicts = backend.verify(pool.request(turn))?;
                        measured.count(pool.batch(), asked.elapsed());
                        pool.check(turn, &verdicts, "the engine")?;
                        turn += clients;
                    }
                    Ok(measured)
                })
            })
            .collect();
        joined(start, threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
    })
}

/// Each client asks again once it has its answer. Where errors are to be counted, they end nothing.
pub(super) fn closed(
    runtime: &Handle,
    clients: &[Client],
    pool: &Arc<Pool>,
    time: Duration,
    counts_errors: bool,
) -> Result<Measured, Error> {
    let start = Instant::now();
    let tasks: Vec<_> = clients
        .iter()
        .cloned()
        .enumerate()
        .map(|(place, client)| {
            let (pool, step) = (Arc::clone(pool), clients.len());
            runtime.spawn(async move {
                let mut measured = Measured::new();
                let mut turn = place;
                while start.elapsed() < time {
                    let asked = Instant::now();
                    match client.verify(pool.request(turn)).await {
                        Ok(verdicts) => {
                            measured.count(pool.batch(), asked.elapsed());
                            pool.check(turn, &verdicts, "the service")?;
                        }
                        Err(_) if counts_errors => measured.failed += 1,
                        Err(error) => return Err(Error::from(error)),
                    }
                    turn += step;
                }
                Ok(measured)
            })
        })
        .collect();
    joined(
        start,
        tasks.into_iter().map(|task| runtime.block_on(task).unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))),
    )
}

fn joined(start: Instant, parts: impl Iterator<Item = Result<Measured, Error>>) -> Result<Measured, Error> {
    let mut all = Measured::new();
    for part in parts {
        all.join(&part?);
    }
    all.time = start.elapsed();
    Ok(all)
}

/// A client with a thread of its own, on which its connection is served too: no answer waits for another thread to wake.
pub(super) struct Alone {
    runtime: Runtime,
    client: Client,
}

impl Alone {
    pub(super) fn connect(address: &Address, options: Options) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::System { place: "a client of its own".to_owned(), error })?;
        let client = runtime.block_on(Client::connect(address, options))?;
        Ok(Self { runtime, client })
    }
}

/// Requests arrive at random times, so many a second on average (a Poisson process), whether or not those before them are answered. A latency is
/// counted from the time at which its request was to be sent: what waits for a late one is late itself. How late the system wakes a client that has
/// nothing to wait for does not count.
///
/// Each client is a thread that sends its share of the requests one after the other.
pub(super) fn open(clients: &[Alone], pool: &Arc<Pool>, requests_per_s: f64, time: Duration) -> Result<Measured, Error> {
    let start = Instant::now();
    thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter()
            .enumerate()
            .map(|(place, client)| {
                scope.spawn(move || open_client(client, pool, place, requests_per_s / clients.len() as f64, start, time))
            })
            .collect();
        joined(start, threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
    })
}

fn open_client(client: &Alone, pool: &Pool, place: usize, requests_per_s: f64, start: Instant, time: Duration) -> Result<Measured, Error> {
    // Where the system does not allow it, latencies are what they are.
    let _ = prctl::set_timerslack(WAKE_SLACK_NS);
    let mut measured = Measured::new();
    let mut times = ArrivalTimes::new(place as u64, requests_per_s);
    let mut turn = place;
    loop {
        let at = times.next();
        if at >= time {
            return Ok(measured);
        }
        // A thread that was free is woken a little late by the system, which is no delay of the request: it is sent when the thread wakes. One
        // that was busy with the request before counts from when it should have sent.
        let pause = at.saturating_sub(start.elapsed());
        let from = if pause.is_zero() {
            at
        } else {
            thread::sleep(pause);
            start.elapsed()
        };
        match client.runtime.block_on(client.client.verify(pool.request(turn))) {
            Ok(verdicts) => {
                measured.count(pool.batch(), start.elapsed().saturating_sub(from));
                pool.check(turn, &verdicts, "the service")?;
            }
            Err(_) => measured.failed += 1,
        }
        turn += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_verdicts_are_found_wherever_they_stand() {
        let pool = Pool::new(Scheme::EcdsaP256Sha256, 2, 4, 8, 0.5).unwrap();
        let backend = chainbox_engine::backend::Cpu::new();
        for turn in 0..5 {
            let mut verdicts = backend.verify(pool.request(turn)).unwrap();
            pool.check(turn, &verdicts, "who").unwrap();
            verdicts.as_mut_slice()[3] = Verdict::Invalid(chainbox_engine::verdict::Reason::NotChecked);
            assert!(matches!(pool.check(turn, &verdicts, "who"), Err(Error::WrongAnswer { index: 3, .. })));
            let short: Verdicts = verdicts.as_slice()[..3].to_vec().into();
            assert!(pool.check(turn, &short, "who").is_err());
        }
    }
}
