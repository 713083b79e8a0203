//! A batch is cut in pieces that fit a slot and take no longer than a display can wait.

use std::{
    ops::Range,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    job::{Items, Job, PACES},
    pack,
};
use crate::layout::GROUP_LANES;

/// Bytes of messages that take about as long as the rest of an item.
const BYTES_AN_ITEM: usize = 2048;

/// The weight of the first piece, by which the device's pace is learnt.
const WEIGHT_FIRST: usize = 1024;

/// How much of what is learnt comes from the last piece.
const LEARNT_SHARE: f64 = 0.25;

/// What items weigh: themselves, and their bytes in the same measure.
pub(super) fn weight(job: &Job<'_>, items: &Items<'_>) -> usize {
    items.len() + job.bytes(items) / BYTES_AN_ITEM
}

/// The longest range of these items from `start` on that fits a slot and weighs at most `weight_max`, at least one item.
pub(super) fn next(job: &Job<'_>, items: &Items<'_>, start: usize, items_max: usize, bytes_max: usize, weight_max: usize) -> Range<usize> {
    let (room, weight_max) = (bytes_max - pack::BYTES_AROUND, weight_max.max(GROUP_LANES));
    let last = items.len().min(start + items_max);
    let (mut end, mut bytes) = (start, 0);
    while end < last {
        bytes += pack::bytes_of_item(job, items.item(end));
        if end > start && (bytes > room || end + 1 - start + bytes / BYTES_AN_ITEM > weight_max) {
            break;
        }
        end += 1;
    }
    start..end
}

/// What the device's pace is found to be, for each kind of job.
pub(super) struct Pace {
    submission_time_max: Duration,
    learnt: Mutex<Learnt>,
}

struct Learnt {
    seconds_a_weight: [Option<f64>; PACES],
    /// When the last submission was seen to be done.
    done: Option<Instant>,
}

impl Pace {
    pub(super) fn new(submission_time_max: Duration) -> Self {
        Self { submission_time_max, learnt: Mutex::new(Learnt { seconds_a_weight: [None; PACES], done: None }) }
    }

    /// What a piece may weigh.
    pub(super) fn weight_max(&self, pace: usize) -> usize {
        let learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        // A float beyond the range of integers becomes the largest one.
        learnt.seconds_a_weight[pace].map_or(WEIGHT_FIRST, |seconds| (self.submission_time_max.as_secs_f64() / seconds) as usize)
    }

    /// Learns from a piece that is done. It began when it was submitted, or when the one before was done.
    pub(super) fn learn(&self, pace: usize, weight: usize, submitted: Instant, now: Instant) {
        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        let began = learnt.done.map_or(submitted, |done| done.max(submitted));
        learnt.done = Some(now);
        // A piece of few items says how long a launch takes, not an item.
        if weight < WEIGHT_FIRST / 2 {
            return;
        }
        let seconds = (now.saturating_duration_since(began).as_secs_f64() / weight as f64).max(1e-12);
        let known = &mut learnt.seconds_a_weight[pace];
        *known = Some(known.map_or(seconds, |known| known + LEARNT_SHARE * (seconds - known)));
    }
}

#[cfg(test)]
mod tests {
    use chainbox_engine::{batch::ByteColumn, hash::Hash};

    use super::*;

    fn column(lengths: &[usize]) -> ByteColumn {
        let mut column = ByteColumn::new();
        lengths.iter().for_each(|&length| column.push(&vec![7; length]).unwrap());
        column
    }

    #[test]
    fn pieces_keep_to_items_bytes_and_weight_and_cover_all() {
        let lengths: Vec<usize> = (0..500).map(|index| index * 37 % 3000).collect();
        let messages = column(&lengths);
        let job = Job::digest(Hash::Sm3, &messages);
        for (items_max, bytes_max, weight_max) in [(64, 1 << 20, 1000), (1000, 20_000, 1000), (1000, 1 << 20, 64), (1, 1 << 20, 64)] {
            let mut start = 0;
            while start < 500 {
                let range = next(&job, &Items::Range(0..500), start, items_max, bytes_max, weight_max);
                assert!(range.start == start && !range.is_empty() && range.len() <= items_max);
                let bytes: usize = range.clone().map(|index| pack::bytes_of_item(&job, index)).sum();
                assert!(bytes + pack::BYTES_AROUND <= bytes_max);
                assert!(weight(&job, &Items::Range(range.clone())) <= weight_max.max(GROUP_LANES) || range.len() == 1);
                start = range.end;
            }
        }
    }

    #[test]
    fn the_pace_is_learnt_from_pieces_that_overlap() {
        let pace = Pace::new(Duration::from_millis(200));
        assert_eq!(pace.weight_max(0), WEIGHT_FIRST);
        let begin = Instant::now();
        let at = |ms: u64| begin + Duration::from_millis(ms);
        pace.learn(0, 1000, at(0), at(100));
        assert_eq!(pace.weight_max(0), 2000);
        // Submitted long before the first was done: it took 100 ms all the same.
        pace.learn(0, 1000, at(1), at(200));
        assert_eq!(pace.weight_max(0), 2000);
        // A small piece teaches nothing.
        pace.learn(0, 1, at(200), at(290));
        assert_eq!(pace.weight_max(0), 2000);
        assert_eq!(pace.weight_max(1), WEIGHT_FIRST);
    }
}
