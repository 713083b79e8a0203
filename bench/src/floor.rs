//! The arithmetic floor: what the field products of a strategy alone would cost on the machine at hand.
//!
//! The floor of an item is [`products`] times [`product_seconds`]. It leaves out parsing, hashing and memory, and everything between the
//! products, so no rate reaches it; how far a strategy is from it tells how much is left to gain without another algorithm.

use std::{array, hint::black_box, time::Instant};

use chainbox_engine::{
    field::{
        Field,
        moduli::{P256Base, Sm2Base},
        secp256k1::Secp256k1Base,
    },
    scheme::Scheme,
    strategy::Strategy,
};

use crate::measure::Times;

/// An affine addition whose inversion is shared by a batch: 2 M and 1 S, and 3 M for its part of the inversion.
const SHARED_ADDITION: f64 = 6.0;
/// A square root: 253 squarings and some 14 products.
const SQUARE_ROOT: f64 = 267.0;
/// Whether a point is on the curve.
const ON_CURVE: f64 = 3.0;
/// Bits of the random factors of a combination.
const FACTOR_BITS: f64 = 128.0;
/// A full product of a distinct key in a combination.
const DISTINCT_KEY: f64 = 230.0;
/// Two additions of a projective and an affine or projective point for each bucket, when a window is summed up.
const BUCKET: f64 = 24.0;

/// Field multiplications that an item costs, squarings counted among them, in a batch of `batch` items by `signers` distinct signers.
///
/// - `single`: a double product by Jacobian doublings and mixed additions, halved by the endomorphism on secp256k1.
/// - `lockstep`: the same, each affine addition with its part of a shared inversion.
/// - `known`: additions from tables only: 33 for the key (signed windows of 8 bits) and 17 for G (16 bits).
/// - `whole`: a bucket product of 128-bit factors over the points R, windows as wide as is best for the batch; a full product for each
///   distinct key; the check that R is on its curve.
/// - `parity`: the same and a square root.
/// - `recover`: a square root and a double product.
#[must_use]
pub fn products(scheme: Scheme, strategy: Strategy, batch: usize, signers: u64) -> f64 {
    let has_endomorphism = matches!(scheme, Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256);
    match strategy {
        Strategy::Single if has_endomorphism => 1_700.0,
        Strategy::Single => 2_700.0,
        Strategy::Lockstep if has_endomorphism => 1_450.0,
        Strategy::Lockstep => 2_300.0,
        Strategy::Known => ON_CURVE + (33.0 + 17.0) * SHARED_ADDITION,
        Strategy::Whole => combined(batch, signers),
        Strategy::Parity => SQUARE_ROOT + combined(batch, signers),
        Strategy::Recover => 1_700.0,
    }
}

/// A combination's part of an item, R given.
fn combined(batch: usize, signers: u64) -> f64 {
    let items = batch.max(1) as f64;
    let keys_an_item = (signers as f64).min(items) / items;
    // Signed digits of `bits` bits fall into 2^(bits - 1) buckets.
    let bucket_product = |bits: i32| (FACTOR_BITS / f64::from(bits)).ceil() * (SHARED_ADDITION + 2f64.powi(bits - 1) * BUCKET / items);
    ON_CURVE + (1..=20).map(bucket_product).fold(f64::INFINITY, f64::min) + DISTINCT_KEY * keys_an_item
}

/// Seconds that one product in the base field of a scheme's curve takes on one core, none waiting for another.
#[must_use]
pub fn product_seconds(scheme: Scheme) -> f64 {
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => seconds::<Secp256k1Base>(),
        Scheme::EcdsaP256Sha256 => seconds::<P256Base>(),
        Scheme::Sm2Sm3 => seconds::<Sm2Base>(),
    }
}

/// The median of a few samples of some 100 microseconds each.
fn seconds<F: Field>() -> f64 {
    const SAMPLES: usize = 5;
    const PASSES: usize = 40;
    const INPUTS: usize = 256;
    let factor = F::from_limbs(&[3, 5, 7, 1 << 62]).expect("below every modulus");
    let inputs: [F; INPUTS] = array::from_fn(|number| F::from_limbs(&[number as u64, 11, 13, 1 << 61]).expect("below every modulus"));
    let sample = |_| {
        let mut outputs = [F::ZERO; INPUTS];
        let start = Instant::now();
        for _ in 0..PASSES {
            for (output, input) in outputs.iter_mut().zip(black_box(&inputs)) {
                *output = input.mul(&factor);
            }
            black_box(&outputs);
        }
        start.elapsed()
    };
    Times::new((0..SAMPLES).map(sample).collect()).median().as_secs_f64() / (PASSES * INPUTS) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEME: Scheme = Scheme::EcdsaP256Sha256;

    /// The counts that the strategies were chosen by, at 16,384 items and 1,024 signers.
    #[test]
    fn counts_are_those_of_the_design() {
        let at = |strategy| products(SCHEME, strategy, 16_384, 1_024);
        for (strategy, range) in [
            (Strategy::Single, 2_700.0..=2_700.0),
            (Strategy::Lockstep, 2_300.0..=2_300.0),
            (Strategy::Known, 300.0..=400.0),
            (Strategy::Parity, 350.0..=380.0),
            (Strategy::Whole, 90.0..=110.0),
            (Strategy::Recover, 1_700.0..=1_700.0),
        ] {
            assert!(range.contains(&at(strategy)), "{strategy}: {}", at(strategy));
        }
    }

    #[test]
    fn a_combination_gains_by_items_and_loses_by_keys() {
        let whole = |batch, signers| products(SCHEME, Strategy::Whole, batch, signers);
        assert!(whole(16_384, 1) < whole(1_024, 1) && whole(1_024, 1) < whole(64, 1));
        assert_eq!(whole(64, 64), whole(64, 1_000), "a batch has no more keys than items");
        assert!((whole(64, 64) - whole(64, 32) - DISTINCT_KEY / 2.0).abs() < 1e-9);
        assert!(whole(0, 0).is_finite());
    }

    #[test]
    fn a_product_takes_time() {
        for scheme in Scheme::ALL {
            assert!(product_seconds(scheme) > 0.0);
        }
    }
}
