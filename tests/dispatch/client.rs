//! Who asks: when, how much, and how much of it is forged.

use std::time::Duration;

use chainbox_engine::dispatch::{SourceId, SourceLimits, Task};
use chainbox_tests::seed::Random;

/// A client: one source, or one after the other.
pub struct Client {
    pub task: Task,
    pub items: usize,
    /// The share of its items that are forged, in thousandths.
    pub forged_per_mille: usize,
    /// Requests whose items are all valid, at the beginning of each source's life.
    pub valid_first: usize,
    pub pace: Pace,
    /// Whether its requests are messages of one stream, not calls by themselves.
    pub streams: bool,
    /// When it sends first.
    pub begins: Duration,
    /// Requests after which it comes back as another source; none where it stays the same.
    pub life: Option<usize>,
    pub limits: SourceLimits,
    pub source: SourceId,
    /// Requests that were sent as this source.
    pub sent: usize,
    pub counts: Counts,
}

/// When it sends.
#[derive(Clone, Copy)]
pub enum Pace {
    /// So many requests are always in flight.
    Closed { in_flight: usize },
    /// At random, with this mean time between two.
    Open { gap: Duration },
}

/// What became of its requests after the warm-up.
#[derive(Default)]
pub struct Counts {
    pub answered_items: usize,
    pub verified_items: usize,
    pub refused: usize,
    pub expired: usize,
    /// From sending to answer.
    pub latencies: Vec<Duration>,
    /// From admission until the first item began.
    pub waits: Vec<Duration>,
}

impl Client {
    pub fn closed(task: Task, items: usize, in_flight: usize) -> Self {
        Self {
            task,
            items,
            forged_per_mille: 0,
            valid_first: 0,
            pace: Pace::Closed { in_flight },
            streams: false,
            begins: Duration::ZERO,
            life: None,
            limits: SourceLimits::default(),
            source: 0,
            sent: 0,
            counts: Counts::default(),
        }
    }

    pub fn open(task: Task, items: usize, items_per_second: f64) -> Self {
        let gap = Duration::from_secs_f64(items as f64 / items_per_second);
        Self { pace: Pace::Open { gap }, ..Self::closed(task, items, 0) }
    }

    pub fn forging(self, forged_per_mille: usize) -> Self {
        Self { forged_per_mille, ..self }
    }

    pub fn with_limits(self, limits: SourceLimits) -> Self {
        Self { limits, ..self }
    }

    pub fn streaming(self) -> Self {
        Self { streams: true, ..self }
    }

    pub fn beginning(self, begins: Duration) -> Self {
        Self { begins, ..self }
    }

    /// Another source after so many requests.
    pub fn living(self, requests: usize) -> Self {
        Self { life: Some(requests), ..self }
    }

    /// The share of forged items in its next request.
    pub const fn next_forged_per_mille(&self) -> usize {
        if self.sent < self.valid_first { 0 } else { self.forged_per_mille }
    }
}

/// A random time with this mean, as between independent events.
pub fn exponential(random: &mut Random, mean: Duration) -> Duration {
    let uniform = (random.below(1 << 30) + 1) as f64 / (1u64 << 30) as f64;
    mean.mul_f64(-uniform.ln())
}

/// How many of so many items are forged, rounded at random.
pub fn forged(random: &mut Random, items: usize, per_mille: usize) -> usize {
    (items * per_mille + random.below(1_000)) / 1_000
}
