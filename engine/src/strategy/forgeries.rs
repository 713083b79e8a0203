//! A running estimate of how many items of a source spoil a combination: forged ones, and those with a wrong hint.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Sources that are told apart; more share the slots. What a slot says changes costs, never a verdict.
const SLOTS: usize = 1024;

/// How much of the estimate the newest batch is.
const NEWEST: f64 = 0.25;

/// Batches of fewer items weigh less, in proportion.
const FULL_BATCH: f64 = 256.0;

/// Nobody is taken to be more honest than this, and it is where everybody starts.
const SHARE_MIN: f64 = 1.0 / (1 << 16) as f64;

/// The estimates of all sources.
#[derive(Debug)]
pub struct Forgeries {
    /// Shares, as the bits of an `f32`.
    shares: Vec<AtomicU32>,
}

impl Default for Forgeries {
    fn default() -> Self {
        Self { shares: (0..SLOTS).map(|_| AtomicU32::new((SHARE_MIN as f32).to_bits())).collect() }
    }
}

impl Forgeries {
    /// The share of a source's items that are expected to spoil a combination, above 0 and at most 1.
    #[must_use]
    pub fn share(&self, source: u64) -> f64 {
        f64::from(f32::from_bits(self.slot(source).load(Relaxed)))
    }

    /// Whether a source spoilt combinations of late.
    #[must_use]
    pub fn is_spoiler(&self, source: u64) -> bool {
        self.share(source) > 4.0 * SHARE_MIN
    }

    /// Learns from a batch of a source's items. Of two that are learnt at the same moment one may be lost: it is an estimate.
    pub fn learn(&self, source: u64, items: usize, spoilt: usize) {
        if items == 0 {
            return;
        }
        let weight = NEWEST * (items as f64 / FULL_BATCH).min(1.0);
        let share = self.share(source) * (1.0 - weight) + weight * spoilt as f64 / items as f64;
        self.slot(source).store((share.clamp(SHARE_MIN, 1.0) as f32).to_bits(), Relaxed);
    }

    fn slot(&self, source: u64) -> &AtomicU32 {
        &self.shares[source as usize % SLOTS]
    }
}

/// The expected cost an item of a combination that may be spoilt, and of deciding its items in the ordinary way.
#[derive(Clone, Copy, Debug)]
pub struct Costs<F> {
    /// The cost of one combination of that many items, in any unit.
    pub combination: F,
    /// The cost of one item decided in the ordinary way, in the same unit.
    pub ordinary_item: f64,
    /// The share of items that spoil.
    pub share: f64,
}

impl<F: Fn(usize) -> f64> Costs<F> {
    /// Whether to combine that many items, of which nothing is known.
    #[must_use]
    pub fn combine(&self, items: usize) -> bool {
        (self.combination)(items) + self.spoilt(items) * self.resolve(items) < items as f64 * self.ordinary_item
    }

    /// Whether to split that many items, of which at least one spoils.
    #[must_use]
    pub fn split(&self, items: usize) -> bool {
        items > 1 && self.split_cost(items) < items as f64 * self.ordinary_item
    }

    /// The probability that a combination of that many items is spoilt.
    fn spoilt(&self, items: usize) -> f64 {
        1.0 - (1.0 - self.share).powf(items as f64)
    }

    /// The cost of a spoilt combination: the cheaper of splitting it and of deciding its items in the ordinary way.
    fn resolve(&self, items: usize) -> f64 {
        let ordinary = items as f64 * self.ordinary_item;
        if items > 1 { self.split_cost(items).min(ordinary) } else { ordinary }
    }

    /// The sum of one half tells that of the other; each may be spoilt.
    fn split_cost(&self, items: usize) -> f64 {
        let half = items / 2;
        (self.combination)(half) + 2.0 * self.spoilt(half) / self.spoilt(items) * self.resolve(half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(share: f64) -> Costs<impl Fn(usize) -> f64> {
        Costs { combination: |items| 100.0 + items as f64, ordinary_item: 10.0, share }
    }

    #[test]
    fn an_honest_source_is_combined_and_a_forger_is_not() {
        assert!(costs(SHARE_MIN).combine(10_000));
        assert!(costs(0.001).combine(10_000));
        assert!(!costs(0.5).combine(10_000));
        assert!(!costs(1.0).combine(10_000));
        assert!(!costs(SHARE_MIN).combine(5), "the fixed cost is above that of five items");
    }

    #[test]
    fn large_spoilt_combinations_are_split_and_small_ones_are_not() {
        assert!(costs(SHARE_MIN).split(10_000));
        assert!(!costs(SHARE_MIN).split(10));
        assert!(!costs(1.0).split(10_000));
    }

    #[test]
    fn estimates_follow_what_was_seen_and_stay_apart() {
        let forgeries = Forgeries::default();
        for _ in 0..40 {
            forgeries.learn(7, 1000, 500);
        }
        assert!((forgeries.share(7) - 0.5).abs() < 0.01);
        assert!(forgeries.share(8) <= SHARE_MIN);
        assert!(forgeries.is_spoiler(7) && !forgeries.is_spoiler(8));
        for _ in 0..80 {
            forgeries.learn(7, 1000, 0);
        }
        assert!(forgeries.share(7) <= 2.0 * SHARE_MIN);
    }
}
