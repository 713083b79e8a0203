//! Threads of this process that verify one item after the other.

use std::{
    thread,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use super::report::Sample;
use crate::Error;

/// The longest latency that is told apart, in nanoseconds: a minute.
const LATENCY_NS_MAX: u64 = 60_000_000_000;

/// Significant digits of latencies.
const LATENCY_DIGITS: u8 = 3;

/// So many threads ask `answer` about one item after the other, by its index below `items`, for some time. `answer` tells whether the verdict was the expected one.
pub(super) fn sample(
    name: &str,
    threads: usize,
    items: usize,
    time: Duration,
    answer: &(dyn Fn(usize) -> bool + Sync),
) -> Result<Sample, Error> {
    let start = Instant::now();
    let counted = thread::scope(|scope| {
        let work = |place: usize| {
            let mut latencies = latencies();
            let mut index = place * items / threads;
            // Each thread asks once at least, however late it is begun.
            loop {
                let asked = Instant::now();
                if !answer(index) {
                    return Err(Error::WrongAnswer { contender: name.to_owned(), index, items });
                }
                latencies.saturating_record(u64::try_from(asked.elapsed().as_nanos()).unwrap_or(u64::MAX));
                index = (index + 1) % items;
                if start.elapsed() >= time {
                    return Ok(latencies);
                }
            }
        };
        let threads: Vec<_> = (0..threads).map(|place| scope.spawn(move || work(place))).collect();
        let mut all = latencies();
        for thread in threads {
            let counted = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            all.add(counted).expect("the bounds are the same");
        }
        Ok::<_, Error>(all)
    })?;
    let percentile = |percent| counted.value_at_percentile(percent) as f64 / 1e3;
    Ok(Sample { calls_per_s: counted.len() as f64 / start.elapsed().as_secs_f64(), p50_us: percentile(50.0), p99_us: percentile(99.0) })
}

fn latencies() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_NS_MAX, LATENCY_DIGITS).expect("the bounds are in order")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[test]
    fn calls_are_counted_and_a_wrong_answer_ends_it() {
        let calls = AtomicUsize::new(0);
        let right = |_| calls.fetch_add(1, SeqCst) < usize::MAX;
        let made = sample("right", 3, 7, Duration::from_millis(20), &right).unwrap();
        assert!(made.calls_per_s > 0.0 && calls.load(SeqCst) > 0);
        let error = sample("liar", 2, 7, Duration::from_secs(60), &|index| index != 5).unwrap_err();
        assert!(matches!(error, Error::WrongAnswer { index: 5, items: 7, .. }), "{error}");
    }
}
