//! How much is measured.

use std::time::Duration;

use chainbox_engine::scheme::Scheme;

/// How much is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The schemes of the transports; the first one is that of all else.
    pub schemes: &'static [Scheme],
    /// Items a request of the transports.
    pub batch: usize,
    /// Requests of other sizes, and the clients that send them.
    pub batches: &'static [(usize, usize)],
    /// Clients of the transports.
    pub clients: usize,
    /// Distinct signers: they come again, as those of a node do.
    pub signers: u64,
    /// Items that are made for a size of requests and sent in turn: at least this many, and one request.
    pub items: usize,
    /// Samples of each contender, interleaved.
    pub samples: usize,
    /// How long a sample takes.
    pub sample_time: Duration,
    /// How long each contender works before it is measured.
    pub warm_time: Duration,
    /// Shares of the closed loop's rate at which requests arrive at random times.
    pub loads: &'static [f64],
    /// The share of the rate of single items at which they arrive.
    pub small_load: f64,
    /// How long small requests are measured.
    pub small_time: Duration,
    /// Clients that do nothing.
    pub idle_clients: usize,
    /// How long they do it.
    pub idle_time: Duration,
    /// The share of the closed loop's rate that an honest source asks for.
    pub honest_load: f64,
    /// Hostile sources, and the clients of each.
    pub hostile: (usize, usize),
    /// The share of forged items of hostile sources, 0 to 1.
    pub forged: f64,
    /// How long the honest source is measured alone, and beside the hostile ones.
    pub hostile_time: Duration,
}

impl Options {
    /// Figures to publish: some eight minutes.
    pub const FULL: Self = Self {
        schemes: &[Scheme::EcdsaSecp256k1Keccak256, Scheme::EcdsaP256Sha256, Scheme::Sm2Sm3],
        batch: 4_096,
        batches: &[(1, 64), (64, 16), (4_096, 4)],
        clients: 4,
        signers: 1_024,
        items: 32_768,
        samples: 5,
        sample_time: Duration::from_secs(2),
        warm_time: Duration::from_secs(4),
        loads: &[0.1, 0.5, 0.8],
        small_load: 0.01,
        small_time: Duration::from_secs(15),
        idle_clients: 1_000,
        idle_time: Duration::from_secs(10),
        honest_load: 0.2,
        hostile: (3, 96),
        forged: 0.99,
        hostile_time: Duration::from_secs(15),
    };

    /// A first impression: about a minute.
    pub const QUICK: Self = Self {
        schemes: &[Scheme::EcdsaSecp256k1Keccak256],
        signers: 256,
        items: 8_192,
        samples: 3,
        sample_time: Duration::from_millis(700),
        warm_time: Duration::from_secs(1),
        loads: &[0.5],
        small_time: Duration::from_secs(4),
        idle_clients: 200,
        idle_time: Duration::from_secs(3),
        hostile: (3, 32),
        hostile_time: Duration::from_secs(4),
        ..Self::FULL
    };
}
