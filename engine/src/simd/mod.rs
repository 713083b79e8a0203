//! Vector instructions: what the processor has, and lanes of integers on it. All `unsafe` of the engine is in this folder.
//!
//! A token (`Avx2`, `Sha`, `Avx512`) proves that the processor has the instructions and that nobody masked them; it is the only way to
//! make a vector, so that the vectors' own functions are safe. Code that uses vectors is written as a [`Kernel`] and run by the token, which
//! compiles it for these instructions. Inside a kernel all must be `#[inline(always)]`, down to the vector operations: what is not inlined is
//! compiled without the instructions and calls a function for each of them.

#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512;
pub mod lanes;
mod prefetch;
#[cfg(target_arch = "x86_64")]
pub mod sha;

pub use prefetch::prefetch;

use std::sync::OnceLock;

/// A set of instructions that can be there or not, and that can be masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feature {
    /// AVX2 with BMI1 and BMI2: 256-bit vectors.
    Avx2,
    /// The SHA extensions, with SSE4.1.
    Sha,
    /// AVX-512 as Ice Lake and Zen 4 have it (F, BW, DQ, VL, IFMA): 512-bit vectors, products of 52 bits.
    Avx512,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 3] = [Self::Avx2, Self::Sha, Self::Avx512];

    /// The name used in settings and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx2 => "avx2",
            Self::Sha => "sha",
            Self::Avx512 => "avx512",
        }
    }

    fn is_detected(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return match self {
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2"),
            Self::Sha => is_x86_feature_detected!("sha") && is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("sse4.1"),
            Self::Avx512 => {
                Self::Avx2.is_detected()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512ifma")
            }
        };
        #[cfg(not(target_arch = "x86_64"))]
        false
    }
}

/// The features that the engine may use: those of this processor, less those that were masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Processor {
    /// One bit a feature, in the order of [`Feature::ALL`].
    features: u8,
}

impl Default for Processor {
    fn default() -> Self {
        Self::detect()
    }
}

impl Processor {
    /// No feature: the portable form of everything.
    pub const PORTABLE: Self = Self { features: 0 };

    /// This processor. It is asked once.
    #[must_use]
    pub fn detect() -> Self {
        static DETECTED: OnceLock<Processor> = OnceLock::new();
        *DETECTED.get_or_init(|| {
            let bits = Feature::ALL.into_iter().filter(|feature| feature.is_detected()).map(Feature::bit);
            Self { features: bits.fold(0, |all, bit| all | bit) }
        })
    }

    /// The same without one feature.
    #[must_use]
    pub const fn without(self, feature: Feature) -> Self {
        Self { features: self.features & !feature.bit() }
    }

    /// Whether a feature may be used.
    #[must_use]
    pub const fn has(self, feature: Feature) -> bool {
        self.features & feature.bit() != 0
    }

    /// The token of [`Feature::Avx2`], where it may be used.
    #[cfg(target_arch = "x86_64")]
    #[must_use]
    pub fn avx2(self) -> Option<avx2::Avx2> {
        self.has(Feature::Avx2).then_some(avx2::Avx2(()))
    }

    /// The token of [`Feature::Sha`], where it may be used.
    #[cfg(target_arch = "x86_64")]
    #[must_use]
    pub fn sha(self) -> Option<sha::Sha> {
        self.has(Feature::Sha).then_some(sha::Sha(()))
    }

    /// The token of [`Feature::Avx512`], where it may be used.
    #[cfg(target_arch = "x86_64")]
    #[must_use]
    pub fn avx512(self) -> Option<avx512::Avx512> {
        self.has(Feature::Avx512).then_some(avx512::Avx512(()))
    }
}

impl Feature {
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of instructions that is known to be there.
pub trait Instructions: Copy + Send + Sync + 'static {
    /// Runs a kernel, compiled for these instructions.
    fn run<K: Kernel>(self, kernel: K) -> K::Output;
}

/// The instructions that every processor of the architecture has.
#[derive(Clone, Copy, Debug)]
pub struct Baseline;

impl Instructions for Baseline {
    #[inline]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run()
    }
}

/// Work that is compiled anew for each set of instructions.
pub trait Kernel {
    /// What it gives.
    type Output;

    /// Does the work. Implementations must be `#[inline(always)]`.
    fn run(self) -> Self::Output;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_feature_is_not_there() {
        for feature in Feature::ALL {
            assert!(!Processor::detect().without(feature).has(feature));
            assert!(!Processor::PORTABLE.has(feature));
            for other in Feature::ALL.into_iter().filter(|&other| other != feature) {
                assert_eq!(Processor::detect().without(feature).has(other), other.is_detected());
            }
        }
    }
}
