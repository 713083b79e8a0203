//! How much is measured.

use std::time::Duration;

use chainbox_engine::scheme::Scheme;

/// How much is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The schemes to measure.
    pub schemes: &'static [Scheme],
    /// Sizes of batches, ascending, each with the batches of a run.
    pub sizes: Vec<(usize, usize)>,
    /// Interleaved runs of each contestant; a rate is their median.
    pub runs: usize,
    /// The most time that the runs of one contestant take for a row. Where they would take more, there are fewer of them, and no row at all where
    /// one batch would.
    pub row_time: Duration,
    /// Items a batch at full speed.
    pub full_batch: usize,
    /// Callers at full speed, each with a batch of its own at a time.
    pub callers: usize,
    /// Batches of each caller in a run at full speed.
    pub full_batches: usize,
    /// The distinct signers that come again, in the rows that are about known keys.
    pub signers: u64,
    /// Sizes of requests at low load, each with the requests of a run.
    pub low: Vec<(usize, usize)>,
    /// What is asked at low load, as a share of what the CPU can do.
    pub low_load: f64,
    /// The most time that a contestant is given to learn keys and costs before it is measured.
    pub warm_time: Duration,
    /// How often kernels are launched again on the same items for their own rate.
    pub kernel_rounds: usize,
    /// How long the rate of multiply-adds of each device is measured.
    pub rate_time: Duration,
}

/// secp256k1 once: its two schemes differ by the hash alone, and digests are given.
const CURVES: &[Scheme] = &[Scheme::EcdsaSecp256k1Keccak256, Scheme::EcdsaP256Sha256, Scheme::Sm2Sm3];

impl Options {
    /// Figures to publish.
    #[must_use]
    pub fn full() -> Self {
        Self {
            schemes: CURVES,
            sizes: vec![(1, 100), (4, 64), (16, 32), (64, 16), (256, 8), (1_024, 4), (4_096, 2), (16_384, 1), (65_536, 1)],
            runs: 9,
            row_time: Duration::from_secs(20),
            full_batch: 65_536,
            callers: 4,
            full_batches: 2,
            signers: 1_024,
            low: vec![(1, 200), (64, 50)],
            low_load: 0.05,
            warm_time: Duration::from_secs(10),
            kernel_rounds: 8,
            rate_time: Duration::from_secs(2),
        }
    }

    /// A first impression.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            schemes: &[Scheme::Sm2Sm3],
            sizes: vec![(1, 20), (16, 8), (256, 4), (4_096, 1)],
            runs: 3,
            row_time: Duration::from_secs(5),
            full_batch: 4_096,
            callers: 2,
            full_batches: 1,
            low: vec![(1, 50)],
            warm_time: Duration::from_secs(3),
            kernel_rounds: 3,
            rate_time: Duration::from_millis(500),
            ..Self::full()
        }
    }

    /// The same with no batch above `items`, and one of that size.
    #[must_use]
    pub fn with_largest(mut self, items: usize) -> Self {
        self.sizes.retain(|(size, _)| *size < items);
        self.sizes.push((items, 1));
        self.low.retain(|(size, _)| *size <= items);
        Self { full_batch: items, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_batch_ends_the_sizes() {
        let options = Options::full().with_largest(100);
        assert_eq!(options.sizes, [(1, 100), (4, 64), (16, 32), (64, 16), (100, 1)]);
        assert_eq!((options.full_batch, options.low.len()), (100, 2));
        let options = Options::quick().with_largest(1_000_000);
        assert_eq!(options.sizes.last(), Some(&(1_000_000, 1)));
        assert_eq!(Options::full().with_largest(1).sizes, [(1, 1)]);
    }
}
