//! Strategies: ways to decide equations. They differ in cost, never in the verdict.
//!
//! - [`single`]: each item alone. The reference for all others.
//! - [`ordinary`]: `lockstep` and `known`, which compute R.
//! - [`known`]: the tables of keys that come again.
//! - [`combined`]: `parity` and `whole`, which check an R that somebody names.
//! - [`forgeries`]: what is known of the sources, and whether a combination pays.
//! - [`recover`]: the signer's key from the signature.
//! - [`verify`]: the way of a batch through them.

pub mod combined;
pub mod forgeries;
pub mod known;
pub mod ordinary;
pub mod recover;
pub mod single;
pub mod verify;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Evaluates an expression with `$lanes` as the widest lanes of a curve's field that a processor may use, and `$instructions` as their instructions.
macro_rules! with_lanes {
    ($processor:expr, $curve:ty, |$lanes:ident, $instructions:ident| $body:expr) => {{
        #[cfg(target_arch = "x86_64")]
        if let Some($instructions) = $processor.avx512() {
            type $lanes = <$curve as crate::curve::Group>::Wide;
            return $body;
        }
        type $lanes = crate::field::lanes::portable::Portable<<$curve as crate::curve::Group>::Base>;
        let $instructions = crate::simd::Baseline;
        $body
    }};
}
use with_lanes;

/// A way to decide equations, by the name that settings, JSON and metrics use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Each item alone: one double product.
    Single,
    /// Many items step by step together, so that they share inversions and vectors.
    Lockstep,
    /// As `lockstep`, for keys seen before, whose multiples are kept: additions only.
    Known,
    /// One combination of all items of a batch, R lifted from its x and a hint of one byte.
    Parity,
    /// The same with R given by a hint of 32 bytes.
    Whole,
    /// The signer's key from the signature: one square root, one double product.
    Recover,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 6] = [Self::Single, Self::Lockstep, Self::Known, Self::Parity, Self::Whole, Self::Recover];

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Lockstep => "lockstep",
            Self::Known => "known",
            Self::Parity => "parity",
            Self::Whole => "whole",
            Self::Recover => "recover",
        }
    }
}

/// How many items were decided by each strategy.
#[derive(Debug, Default)]
pub struct Decided([AtomicU64; Strategy::ALL.len()]);

impl Decided {
    /// Counts items.
    pub fn count(&self, strategy: Strategy, items: usize) {
        self.0[strategy as usize].fetch_add(items as u64, Relaxed);
    }

    /// The items of each strategy that decided any.
    #[must_use]
    pub fn counts(&self) -> Vec<(Strategy, u64)> {
        let counts = Strategy::ALL.into_iter().zip(&self.0).map(|(strategy, items)| (strategy, items.load(Relaxed)));
        counts.filter(|(_, items)| *items > 0).collect()
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
