//! Seeds: every random test prints its own where it fails, and takes it from the environment.

use std::env;

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

/// The environment variable that sets the seed, a decimal number.
pub const SEED_VARIABLE: &str = "CHAINBOX_TEST_SEED";

/// The seed where [`SEED_VARIABLE`] is not set: runs without it are the same everywhere.
const SEED_DEFAULT: u64 = 20_250_301;

/// The seed of this run.
///
/// # Panics
/// Where the variable is set to something that is no number.
#[must_use]
pub fn seed() -> u64 {
    number(SEED_VARIABLE, SEED_DEFAULT)
}

/// The number in an environment variable, or `default` where it is not set.
///
/// # Panics
/// Where the variable is set to something that is no number.
#[must_use]
pub fn number(variable: &str, default: u64) -> u64 {
    match env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}: give a decimal number below 2^64")),
        Err(_) => default,
    }
}

/// Random choices, all from one seed.
pub struct Random(ChaCha20Rng);

impl Random {
    /// A generator for one purpose: distinct streams of one seed are independent.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// 32 uniform bytes.
    pub fn bytes32(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// `len` uniform bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// A number below `bound`, close to uniform (`bound` is small beside 2^64).
    ///
    /// # Panics
    /// Where `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("usize has at most 64 bits");
        usize::try_from(self.0.next_u64() % bound).expect("the remainder is below a usize")
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of the choices.
    ///
    /// # Panics
    /// Where there is none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}
