//! The arithmetic floor: what the field products of a strategy alone would cost on the machine at hand.
//!
//! The floor of an item is [`products`] times [`Products::seconds`]. It leaves out parsing, hashing and memory, and everything between the
//! products, so no rate reaches it; how far a strategy is from it tells how much is left to gain without another algorithm.

use std::{array, hint::black_box, time::Instant};

use chainbox_engine::{
    curve::{Curve, P256, Secp256k1, Sm2},
    field::lanes::{Lanes, portable::Portable},
    scheme::Scheme,
    simd::{Baseline, Instructions, Kernel, Processor},
    strategy::{Strategy, combined},
};

use crate::measure::Times;

/// An affine addition whose inversion is shared by a batch: 2 M and 1 S, and 3 M for its part of the inversion.
const SHARED_ADDITION: f64 = 6.0;
/// A mixed addition in Jacobian coordinates.
const MIXED_ADDITION: f64 = 11.0;
/// A square root: 253 squarings and some 14 products.
const SQUARE_ROOT: f64 = 267.0;
/// Whether a point is on the curve.
const ON_CURVE: f64 = 3.0;
/// Additions of u1*G from its table: signed windows of 13 bits.
const GENERATOR_ADDITIONS: f64 = 20.0;
/// Additions of u2*Q from a key's table: signed windows of 8 bits.
const KNOWN_ADDITIONS: f64 = 32.0;

/// Field multiplications that an item costs, squarings counted among them, in a batch of `batch` items by `signers` distinct signers.
///
/// - `single`: a double product by Jacobian doublings and mixed additions, halved by the endomorphism on secp256k1.
/// - `lockstep`: 16 multiples of the key, its product by Jacobian doublings and mixed additions, that of G by additions which share inversions.
/// - `known`: such additions only.
/// - `whole`: the additions of the bucket method at its best width, and the check that R is on its curve.
/// - `parity`: the same with a square root.
/// - `recover`: a square root and a double product as of `lockstep`.
#[must_use]
pub fn products(scheme: Scheme, strategy: Strategy, batch: usize, signers: u64) -> f64 {
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => products_on::<Secp256k1>(strategy, batch, signers),
        Scheme::EcdsaP256Sha256 => products_on::<P256>(strategy, batch, signers),
        Scheme::Sm2Sm3 => products_on::<Sm2>(strategy, batch, signers),
    }
}

fn products_on<C: Curve>(strategy: Strategy, batch: usize, signers: u64) -> f64 {
    let is_split = C::ENDOMORPHISM.is_some();
    match strategy {
        Strategy::Single if is_split => 1_700.0,
        Strategy::Single => 2_700.0,
        Strategy::Lockstep => {
            let multiples = 15.0 * SHARED_ADDITION;
            // Windows of 5 bits. The halves' second multiples take the endomorphism's product.
            let key = if is_split { 125.0 * 7.0 + 52.0 * MIXED_ADDITION + 26.0 } else { 255.0 * 8.0 + 52.0 * MIXED_ADDITION };
            let to_affine = 7.0;
            ON_CURVE + multiples + key + to_affine + (GENERATOR_ADDITIONS + 1.0) * SHARED_ADDITION
        }
        Strategy::Known => (KNOWN_ADDITIONS + GENERATOR_ADDITIONS) * SHARED_ADDITION,
        Strategy::Whole => ON_CURVE + combined_products::<C>(batch, signers),
        Strategy::Parity => SQUARE_ROOT + combined_products::<C>(batch, signers),
        Strategy::Recover => SQUARE_ROOT + products_on::<C>(Strategy::Lockstep, batch, signers),
    }
}

/// A combination's part of an item, R given.
fn combined_products<C: Curve>(batch: usize, signers: u64) -> f64 {
    let items = batch.max(1);
    combined::additions::<C>(items, items.min(signers as usize)) * SHARED_ADDITION / items as f64
}

/// Seconds that one product in the base field of a scheme's curve takes on one core, none waiting for another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Products {
    /// Of single elements.
    alone: f64,
    /// Of elements side by side, in the widest lanes of the processor.
    side_by_side: f64,
}

impl Products {
    /// Measures both: the medians of a few samples of some 100 microseconds each.
    #[must_use]
    pub fn measure(scheme: Scheme, processor: Processor) -> Self {
        match scheme {
            Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => measure_on::<Secp256k1>(processor),
            Scheme::EcdsaP256Sha256 => measure_on::<P256>(processor),
            Scheme::Sm2Sm3 => measure_on::<Sm2>(processor),
        }
    }

    /// The product that a strategy is made of; lanes are the engine's own choice.
    #[must_use]
    pub fn seconds(&self, strategy: Option<Strategy>) -> f64 {
        if strategy == Some(Strategy::Single) { self.alone } else { self.side_by_side }
    }
}

fn measure_on<C: Curve>(processor: Processor) -> Products {
    let alone = seconds::<Portable<C::Base>>(Baseline);
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = processor.avx512() {
        return Products { alone, side_by_side: seconds::<C::Wide>(avx512) };
    }
    Products { alone, side_by_side: alone }
}

/// Vectors that are multiplied in turn, so that none waits for another.
const INPUTS: usize = 16;
/// How often they are, in one sample.
const PASSES: usize = 200;

fn seconds<L: Lanes>(instructions: L::Instructions) -> f64 {
    const SAMPLES: usize = 5;
    let sample = |_| {
        let start = Instant::now();
        black_box(instructions.run(Multiply::<L> { instructions }));
        start.elapsed()
    };
    Times::new((0..SAMPLES).map(sample).collect()).median().as_secs_f64() / (PASSES * INPUTS * L::WIDTH) as f64
}

struct Multiply<L: Lanes> {
    instructions: L::Instructions,
}

impl<L: Lanes> Kernel for Multiply<L> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        let mut elements: [L; INPUTS] =
            array::from_fn(|number| L::from_integers(self.instructions, |lane| [(number * L::WIDTH + lane) as u64, 11, 13, 1 << 61]));
        let factor = L::from_integers(self.instructions, |_| [3, 5, 7, 1 << 62]);
        for _ in 0..PASSES {
            for element in &mut elements {
                *element = element.mul(factor);
            }
        }
        let mut sum = 0;
        for element in elements {
            element.integers(|_, integer| sum ^= integer[0]);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEME: Scheme = Scheme::EcdsaP256Sha256;

    /// About the counts that the strategies were designed for, at 16,384 items and 1,024 signers.
    #[test]
    fn counts_are_about_those_of_the_design() {
        let at = |strategy| products(SCHEME, strategy, 16_384, 1_024);
        for (strategy, range) in [
            (Strategy::Single, 2_700.0..=2_700.0),
            (Strategy::Lockstep, 2_300.0..=2_900.0),
            (Strategy::Known, 300.0..=400.0),
            (Strategy::Parity, 350.0..=390.0),
            (Strategy::Whole, 85.0..=120.0),
            (Strategy::Recover, 2_500.0..=3_200.0),
        ] {
            assert!(range.contains(&at(strategy)), "{strategy}: {}", at(strategy));
        }
    }

    #[test]
    fn a_combination_gains_by_items_and_loses_by_keys() {
        let whole = |batch, signers| products(SCHEME, Strategy::Whole, batch, signers);
        assert!(whole(16_384, 1) < whole(1_024, 1) && whole(1_024, 1) < whole(64, 1));
        assert!((whole(64, 64) - whole(64, 1_000)).abs() < 1e-9, "a batch has no more keys than items");
        assert!(whole(64, 64) > whole(64, 32));
        assert!(whole(0, 0).is_finite());
    }

    #[test]
    fn a_product_takes_time() {
        for scheme in Scheme::ALL {
            let products = Products::measure(scheme, Processor::detect());
            assert!(products.alone > 0.0 && products.side_by_side > 0.0);
        }
    }
}
