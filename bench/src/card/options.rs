//! How much is measured.

use std::time::Duration;

/// How much is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Threads that ask at once, each for one signature.
    pub threads: usize,
    /// Sessions of the node's pool.
    pub sessions: usize,
    /// Distinct signers: they come again, as those of a chain do.
    pub signers: u64,
    /// Items that are asked about in turn.
    pub items: u64,
    /// The share of them that must be refused, 0 to 1.
    pub invalid: f64,
    /// Samples of each contender, interleaved.
    pub samples: usize,
    /// How long a sample takes.
    pub sample_time: Duration,
    /// How long a contender works before each of its samples: a node runs for longer than a benchmark.
    pub warm_time: Duration,
    /// The same where one thread asks, which takes longer until the keys that come again have their tables.
    pub warm_time_single: Duration,
}

impl Options {
    /// Figures to publish: some three minutes.
    pub const FULL: Self = Self {
        threads: 50,
        sessions: 50,
        signers: 1_024,
        items: 8_192,
        invalid: 0.05,
        samples: 5,
        sample_time: Duration::from_millis(1_500),
        warm_time: Duration::from_millis(2_500),
        warm_time_single: Duration::from_secs(10),
    };

    /// A first impression, in half a minute.
    pub const QUICK: Self = Self { samples: 1, sample_time: Duration::from_secs(1), ..Self::FULL };
}
