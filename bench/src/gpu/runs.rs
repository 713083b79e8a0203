//! Runs: batches asked one after the other, by one caller or by several, or at random times. Every verdict is compared with the expected one.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use chainbox_engine::{
    backend::{Backend, Fault},
    batch::Batch,
    verdict::{Verdict, Verdicts},
};

use crate::{Error, arrivals::ArrivalTimes, measure::Times};

/// What a run took.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// From the first question to the last answer.
    pub(super) time: Duration,
    /// From question to answer, for each batch.
    pub(super) times: Vec<Duration>,
}

/// Batches with what they must be answered.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) batches: &'a [Batch],
    pub(super) expected: &'a [Vec<Verdict>],
}

impl<'a> Asked<'a> {
    /// The batches of the run with this number, of `batches` each.
    pub(super) fn run(self, run: usize, batches: usize) -> Self {
        let range = run * batches..(run + 1) * batches;
        Self { batches: &self.batches[range.clone()], expected: &self.expected[range] }
    }

    /// An error where the verdicts of a batch are not the expected ones.
    fn check(self, who: &str, batch: usize, verdicts: &Verdicts) -> Result<(), Error> {
        let (expected, verdicts) = (&self.expected[batch], verdicts.as_slice());
        if verdicts == &expected[..] {
            return Ok(());
        }
        let differs = verdicts.iter().zip(expected).position(|(verdict, expected)| verdict != expected);
        let index = differs.unwrap_or(verdicts.len().min(expected.len()));
        Err(Error::WrongAnswer { contender: who.to_owned(), index, items: expected.len() })
    }
}

/// One answered batch.
struct Answer {
    batch: usize,
    time: Duration,
    verdicts: Verdicts,
}

/// Each caller asks again once it has its answer, until all batches are answered. Verdicts are compared once the clock has stopped.
pub(super) fn closed(who: &str, backend: &dyn Backend, asked: Asked<'_>, callers: usize) -> Result<Run, Error> {
    let next = AtomicUsize::new(0);
    let caller = || -> Result<Vec<Answer>, Fault> {
        let mut answers = Vec::new();
        loop {
            let batch = next.fetch_add(1, Ordering::Relaxed);
            let Some(items) = asked.batches.get(batch) else { return Ok(answers) };
            let start = Instant::now();
            let verdicts = backend.verify(items)?;
            answers.push(Answer { batch, time: start.elapsed(), verdicts });
        }
    };
    let start = Instant::now();
    let answers: Vec<Result<Vec<Answer>, Fault>> = if callers == 1 {
        vec![caller()]
    } else {
        thread::scope(|scope| {
            let threads: Vec<_> = (0..callers).map(|_| scope.spawn(caller)).collect();
            threads.into_iter().map(|thread| thread.join().expect("a caller does not panic")).collect()
        })
    };
    let time = start.elapsed();
    let mut times = Vec::with_capacity(asked.batches.len());
    for answer in answers {
        for Answer { batch, time, verdicts } in answer? {
            asked.check(who, batch, &verdicts)?;
            times.push(time);
        }
    }
    Ok(Run { time, times })
}

/// Batches at random times, so many a second on average, the same times for the same seed. A time is counted from when its batch was asked: at low
/// load none waits for the one before it.
pub(super) fn open(who: &str, backend: &dyn Backend, asked: Asked<'_>, per_s: f64, seed: u64) -> Result<Run, Error> {
    let mut arrivals = ArrivalTimes::new(seed, per_s);
    let start = Instant::now();
    let mut times = Vec::with_capacity(asked.batches.len());
    for (batch, items) in asked.batches.iter().enumerate() {
        thread::sleep(arrivals.next().saturating_sub(start.elapsed()));
        let start = Instant::now();
        let verdicts = backend.verify(items)?;
        times.push(start.elapsed());
        asked.check(who, batch, &verdicts)?;
    }
    Ok(Run { time: start.elapsed(), times })
}

/// Asks the same items again until that gets no faster: whoever makes tables of keys, or learns what things cost, has done so then. The figures are
/// those of a service that runs, and its first seconds are not.
pub(super) fn settle(who: &str, backend: &dyn Backend, asked: Asked<'_>, time_max: Duration) -> Result<(), Error> {
    /// Passes that were not faster, after which none will be.
    const STILL: usize = 4;
    /// What counts as faster.
    const FASTER: f64 = 0.95;
    let start = Instant::now();
    let (mut best, mut still) = (f64::INFINITY, 0);
    while still < STILL && start.elapsed() < time_max {
        let time = closed(who, backend, asked, 1)?.time.as_secs_f64();
        still = if time < best * FASTER { 0 } else { still + 1 };
        best = best.min(time);
    }
    Ok(())
}

/// The middle rate of the runs, in items a second.
pub(super) fn rate(runs: &[Run], items: usize) -> f64 {
    items as f64 / Times::new(runs.iter().map(|run| run.time).collect()).median().as_secs_f64().max(f64::MIN_POSITIVE)
}

/// The times of all batches of the runs.
pub(super) fn times(runs: &[Run]) -> Times {
    Times::new(runs.iter().flat_map(|run| run.times.iter().copied()).collect())
}

#[cfg(test)]
mod tests {
    use chainbox_engine::{backend::Cpu, batch::Input, scheme::Scheme};
    use chainbox_workloads::{Hints, Spec};

    use super::*;
    use crate::rounds::Rounds;

    fn rounds() -> (Vec<Batch>, Vec<Vec<Verdict>>) {
        let spec = Spec { input: Input::Digest, invalid_share: 0.5, ..Spec::new(Scheme::EcdsaP256Sha256, 4) };
        let rounds = Rounds::new(spec, 4, 6).unwrap();
        (rounds.batches(Hints::None).unwrap(), rounds.expected)
    }

    #[test]
    fn every_batch_is_answered_once_whoever_asks() {
        let (batches, expected) = rounds();
        let asked = Asked { batches: &batches, expected: &expected };
        for callers in [1, 4] {
            let run = closed("cpu", &Cpu::new(), asked, callers).unwrap();
            assert_eq!(run.times.len(), 6);
            assert!(run.times.iter().all(|time| *time <= run.time));
        }
        assert_eq!(closed("cpu", &Cpu::new(), asked.run(1, 2), 1).unwrap().times.len(), 2);
        assert_eq!(open("cpu", &Cpu::new(), asked, 1e6, 1).unwrap().times.len(), 6);
        settle("cpu", &Cpu::new(), asked, Duration::from_secs(60)).unwrap();
    }

    #[test]
    fn a_wrong_verdict_ends_it_with_its_place() {
        let (batches, mut expected) = rounds();
        let forged = expected[2].iter().position(|verdict| *verdict != Verdict::Valid).unwrap();
        expected[2][forged] = Verdict::Valid;
        let asked = Asked { batches: &batches, expected: &expected };
        let errors = [closed("x", &Cpu::new(), asked, 1), closed("x", &Cpu::new(), asked, 2), open("x", &Cpu::new(), asked, 1e6, 1)];
        for error in errors.map(Result::unwrap_err) {
            assert!(matches!(&error, Error::WrongAnswer { contender, index, items: 4 } if contender == "x" && *index == forged), "{error}");
        }
    }

    #[test]
    fn the_rate_is_that_of_the_middle_run() {
        let run = |seconds| Run { time: Duration::from_secs(seconds), times: vec![Duration::from_secs(seconds); 2] };
        let runs = [run(4), run(1), run(2)];
        assert_eq!(rate(&runs, 10), 5.0);
        assert_eq!((times(&runs).samples(), times(&runs).median()), (6, Duration::from_secs(2)));
    }
}
