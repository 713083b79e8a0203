//! What jobs are expected to cost, learnt from what they did cost.

use std::collections::HashMap;

use super::Task;
use crate::batch::Input;

/// Work in nanoseconds of one core.
pub type Work = u64;

/// How much of the error of a prediction is mended by the job that shows it.
const PACE: f64 = 0.125;

/// A job counts as at most that many times what was predicted, and at least its inverse: one stall of the machine must not spoil the estimate.
const SURPRISE_MAX: f64 = 4.0;

/// No term leaves its first guess by more than this factor.
const DRIFT_MAX: f64 = 32.0;

/// How far the items of one source may be cheaper or dearer than those of the others.
const FACTOR_MIN: f64 = 0.25;
const FACTOR_MAX: f64 = 16.0;

/// A source that is dearer than this teaches what it costs itself, not what all cost.
const FACTOR_USUAL_MAX: f64 = 2.0;

/// What a job consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Size {
    pub items: usize,
    pub bytes: usize,
}

impl Size {
    pub const fn plus(self, other: Self) -> Self {
        Self { items: self.items + other.items, bytes: self.bytes + other.bytes }
    }
}

/// The work of a job as a sum: a fixed part, one for each item, one for each byte.
#[derive(Clone, Copy, Debug)]
struct Model {
    terms: [f64; 3],
}

impl Model {
    /// First guesses in nanoseconds of a core, from bench/results: one signature alone takes 30 to 80 us, one more of a batch 7 to 12 us, a
    /// combined one 2 to 3 us, a byte to be hashed about 1 ns. They are off by some factor on any other machine, and are learnt away.
    fn guess(task: Task) -> Self {
        let terms = match task {
            Task::Verify { shape, has_hints, .. } => [26e3, if has_hints { 3e3 } else { 9e3 }, byte_of(shape.input)],
            Task::Recover { input, has_hints, .. } => [26e3, if has_hints { 3e3 } else { 9e3 }, byte_of(input)],
            Task::Digest(_) => [1e3, 50.0, 1.0],
        };
        Self { terms }
    }

    fn products(&self, size: Size) -> [f64; 3] {
        let [fixed, item, byte] = self.terms;
        [fixed, item * size.items as f64, byte * size.bytes as f64]
    }

    /// Each term mends as much of the error as it has part in the prediction.
    fn learn(&mut self, guess: &Self, size: Size, ratio: f64) {
        let products = self.products(size);
        let sum: f64 = products.iter().sum();
        for ((term, product), first) in self.terms.iter_mut().zip(products).zip(guess.terms) {
            *term = (*term * (1.0 + PACE * (ratio - 1.0) * product / sum)).clamp(first / DRIFT_MAX, first * DRIFT_MAX);
        }
    }
}

fn byte_of(input: Input) -> f64 {
    match input {
        Input::Message => 1.0,
        Input::Digest => 0.0,
    }
}

/// How much dearer the combined items of a source are than usual: forged ones, and those with a wrong hint, cost several times as much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor(f64);

impl Factor {
    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Default for Factor {
    fn default() -> Self {
        Self(1.0)
    }
}

/// The models of all tasks. There are finitely many tasks, so it is bounded.
#[derive(Debug, Default)]
pub struct Costs {
    models: HashMap<Task, Model>,
}

impl Costs {
    /// The work that a job is expected to be, at least 1.
    pub fn predict(&self, task: Task, size: Size, factor: Factor) -> Work {
        let sum: f64 = self.model(task).products(size).iter().sum();
        as_work(sum * factor_of(task, factor))
    }

    /// The work of one more item of that many bytes.
    pub fn item(&self, task: Task, item_bytes: f64, factor: Factor) -> f64 {
        let [_, item, byte] = self.model(task).terms;
        (item + byte * item_bytes) * factor_of(task, factor)
    }

    /// The items that fit some work beside the fixed part, for items of that many bytes each; 0 where not even the fixed part fits.
    pub fn items_within(&self, task: Task, item_bytes: usize, factor: Factor, work: Work) -> usize {
        let [fixed, item, byte] = self.model(task).products(Size { items: 1, bytes: item_bytes });
        let left = work as f64 / factor_of(task, factor) - fixed;
        (left / (item + byte)).max(0.0) as usize
    }

    /// Learns from a job: of one source where the task has hints, and `spoilt` where any item was invalid.
    pub fn learn(&mut self, task: Task, size: Size, factor: &mut Factor, work: Work, spoilt: bool) {
        let ratio = work as f64 / self.predict(task, size, *factor) as f64;
        let ratio = ratio.clamp(1.0 / SURPRISE_MAX, SURPRISE_MAX);
        if !task.has_hints() || (!spoilt && factor.0 <= FACTOR_USUAL_MAX) {
            let guess = Model::guess(task);
            self.models.entry(task).or_insert(guess).learn(&guess, size, ratio);
        }
        if task.has_hints() {
            factor.0 = (factor.0 * (1.0 + PACE * (ratio - 1.0))).clamp(FACTOR_MIN, FACTOR_MAX);
        }
    }

    fn model(&self, task: Task) -> Model {
        self.models.get(&task).copied().unwrap_or_else(|| Model::guess(task))
    }
}

fn factor_of(task: Task, factor: Factor) -> f64 {
    if task.has_hints() { factor.0 } else { 1.0 }
}

fn as_work(nanoseconds: f64) -> Work {
    // `as` saturates, and nothing here is negative.
    (nanoseconds as Work).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{batch::Shape, hash::Hash, scheme::Scheme};

    fn verify(has_hints: bool) -> Task {
        Task::Verify { shape: Shape::digests(Scheme::Sm2Sm3), has_hints, want_hints: false }
    }

    fn items(items: usize) -> Size {
        Size { items, bytes: 0 }
    }

    #[test]
    fn predictions_follow_what_jobs_of_several_sizes_take() {
        let mut costs = Costs::default();
        for round in 0..4_000 {
            let size = items([1, 16, 2_048][round % 3]);
            costs.learn(verify(false), size, &mut Factor::default(), 60_000 + 3_000 * size.items as Work, false);
        }
        for size in [items(1), items(16), items(2_048)] {
            let predicted = costs.predict(verify(false), size, Factor::default()) as f64;
            let real = 60e3 + 3e3 * size.items as f64;
            assert!((predicted / real - 1.0).abs() < 0.1, "{size:?}: {predicted} for {real}");
        }
    }

    #[test]
    fn a_forger_of_hinted_items_is_dearer_and_others_are_not() {
        let mut costs = Costs::default();
        let (mut honest, mut forger) = (Factor::default(), Factor::default());
        for _ in 0..200 {
            costs.learn(verify(true), items(4_096), &mut honest, 10_000_000, false);
            costs.learn(verify(true), items(4_096), &mut forger, 60_000_000, true);
        }
        let predicted = |factor| costs.predict(verify(true), items(4_096), factor) as f64;
        assert!((predicted(honest) / 10e6 - 1.0).abs() < 0.1);
        assert!((predicted(forger) / 60e6 - 1.0).abs() < 0.1);
    }

    #[test]
    fn a_stall_moves_an_estimate_by_little_and_nothing_runs_away() {
        let mut costs = Costs::default();
        let before = costs.predict(verify(false), items(100), Factor::default());
        costs.learn(verify(false), items(100), &mut Factor::default(), before * 10_000, false);
        assert!(costs.predict(verify(false), items(100), Factor::default()) < before * 3 / 2);
        for _ in 0..10_000 {
            costs.learn(verify(false), items(100), &mut Factor::default(), Work::MAX, false);
        }
        assert!(costs.predict(verify(false), items(100), Factor::default()) <= before * 33);
    }

    #[test]
    fn bytes_count_where_they_are_hashed() {
        let costs = Costs::default();
        let of = |bytes| costs.predict(Task::Digest(Hash::Sm3), Size { items: 1, bytes }, Factor::default());
        assert!(of(1 << 20) > 100 * of(256));
        let of = |bytes| costs.predict(verify(false), Size { items: 1, bytes }, Factor::default());
        assert_eq!(of(1 << 20), of(256));
    }

    #[test]
    fn the_items_that_fit_are_those_that_are_predicted_to() {
        let costs = Costs::default();
        let fit = costs.items_within(verify(false), 161, Factor::default(), 1_000_000);
        assert!(costs.predict(verify(false), items(fit), Factor::default()) <= 1_000_000);
        assert!(costs.predict(verify(false), items(fit + 1), Factor::default()) > 1_000_000);
        assert_eq!(costs.items_within(verify(false), 161, Factor::default(), 10), 0);
    }
}
