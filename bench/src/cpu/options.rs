//! How much is measured.

use chainbox_engine::scheme::Scheme;

/// How much is measured. Each list has a row or a point of a curve for each entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Items a batch of strategies and curves.
    pub items: usize,
    /// Items a batch of other forms and further peers.
    pub items_aside: usize,
    /// Samples of each contender.
    pub samples: usize,
    /// The distinct signers in the rows of strategies that gain by few.
    pub signers: u64,
    /// The schemes to measure.
    pub schemes: &'static [Scheme],
    /// The schemes whose rates by forged items and by signers are measured.
    pub curves: &'static [Scheme],
    /// The shares of forged items, 0 to 1.
    pub forged: &'static [f64],
    /// The numbers of distinct signers.
    pub signer_counts: &'static [u64],
    /// Batch sizes whose times are measured, and samples of each.
    pub latencies: &'static [(usize, usize)],
    /// Messages a batch of digests.
    pub messages: usize,
    /// Bytes of a message, where messages are hashed.
    pub message_bytes: usize,
}

/// secp256k1 once: its two schemes differ by the hash alone, and digests are given.
const CURVES: &[Scheme] = &[Scheme::EcdsaSecp256k1Keccak256, Scheme::EcdsaP256Sha256, Scheme::Sm2Sm3];

impl Options {
    /// Figures to publish: some 20 minutes on two cores.
    pub const FULL: Self = Self {
        items: 16_384,
        items_aside: 16_384,
        samples: 5,
        signers: 1_024,
        schemes: &Scheme::ALL,
        curves: CURVES,
        forged: &[0.0, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0],
        signer_counts: &[1, 16, 256, 1_024, 4_096, 16_384],
        latencies: &[(1, 1_000), (16, 300), (256, 100), (4_096, 25)],
        messages: 16_384,
        message_bytes: 256,
    };

    /// A first impression: under a minute.
    pub const QUICK: Self = Self {
        items: 2_048,
        items_aside: 512,
        samples: 3,
        signers: 128,
        schemes: CURVES,
        curves: &[Scheme::EcdsaSecp256k1Keccak256],
        forged: &[0.0, 0.01, 0.1, 1.0],
        signer_counts: &[1, 128, 2_048],
        latencies: &[(1, 100), (256, 10)],
        messages: 4_096,
        message_bytes: 256,
    };
}
