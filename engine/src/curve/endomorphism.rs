//! The endomorphism of secp256k1: lambda*(x, y) = (beta*x, y), which splits a 256-bit scalar in two of 128 bits.
//!
//! Gallant, Lambert, Vanstone, "Faster point multiplication on elliptic curves with efficient endomorphisms" (2001).

use crate::field::{
    limbs::{self, Limbs, from_hex, mul_wide},
    secp256k1::Secp256k1Base,
};

/// A cheap endomorphism and the split of scalars that goes with it.
#[derive(Clone, Copy)]
pub struct Endomorphism<F> {
    /// (x, y) goes to (beta*x, y).
    pub beta: F,
    /// k, below the order, as k1 + k2*lambda modulo the order.
    pub split: fn(&Limbs) -> [SignedHalf; 2],
}

/// An integer of at most 128 bits with its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedHalf {
    /// Below 2^128.
    pub magnitude: Limbs,
    /// Whether the integer is below 0.
    pub negative: bool,
}

/// The endomorphism of secp256k1. lambda = 5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72.
pub const SECP256K1: Endomorphism<Secp256k1Base> = Endomorphism {
    beta: Secp256k1Base::constant(from_hex("7ae96a2b657c07106e64479eac3434e99cf0497512f58995c1396c28719501ee")),
    split: split_secp256k1,
};

// A short basis (a1, b1), (a2, b2) of the lattice of all (x, y) with x + y*lambda = 0 mod n, by the extended Euclidean algorithm.
const A1: Limbs = [0xe86c_90e4_9284_eb15, 0x3086_d221_a7d4_6bcd, 0, 0];
const MINUS_B1: Limbs = [0x6f54_7fa9_0abf_e4c3, 0xe443_7ed6_010e_8828, 0, 0];
const A2: Limbs = [0x57c1_108d_9d44_cfd8, 0x14ca_50f7_a8e2_f3f6, 1, 0];
const B2: Limbs = A1;
// round(2^384 * b2 / n) and round(2^384 * -b1 / n).
const G1: Limbs = from_hex("3086d221a7d46bcde86c90e49284eb153daa8a1471e8ca7fe893209a45dbb031");
const G2: Limbs = from_hex("e4437ed6010e88286f547fa90abfe4c4221208ac9df506c61571b4ae8ac47f71");

/// k1 = k - c1*a1 - c2*a2 and k2 = -c1*b1 - c2*b2, with c1 and c2 the nearest integers to b2*k/n and -b1*k/n.
fn split_secp256k1(k: &Limbs) -> [SignedHalf; 2] {
    let c1 = mul_shift_384(k, &G1);
    let c2 = mul_shift_384(k, &G2);
    let k1 = limbs::sub(&limbs::sub(k, &mul_low(&c1, &A1)).0, &mul_low(&c2, &A2)).0;
    let k2 = limbs::sub(&mul_low(&c1, &MINUS_B1), &mul_low(&c2, &B2)).0;
    [signed_half(&k1), signed_half(&k2)]
}

/// round(a * b / 2^384).
fn mul_shift_384(a: &Limbs, b: &Limbs) -> Limbs {
    let wide = mul_wide(a, b);
    limbs::add(&[wide[6], wide[7], 0, 0], &[wide[5] >> 63, 0, 0, 0]).0
}

/// a * b mod 2^256.
fn mul_low(a: &Limbs, b: &Limbs) -> Limbs {
    let [r0, r1, r2, r3, ..] = mul_wide(a, b);
    [r0, r1, r2, r3]
}

/// An integer in (-2^128, 2^128) from its residue modulo 2^256.
fn signed_half(residue: &Limbs) -> SignedHalf {
    let negative = residue[3] >> 63 == 1;
    let magnitude = if negative { limbs::sub(&[0; 4], residue).0 } else { *residue };
    debug_assert!(magnitude[2] == 0 && magnitude[3] == 0);
    SignedHalf { magnitude, negative }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::field::{Field, moduli::Secp256k1Scalar};

    const LAMBDA: Limbs = from_hex("5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72");

    fn check(k: Secp256k1Scalar) {
        let [k1, k2] = split_secp256k1(&k.to_limbs()).map(|half| {
            assert!(half.magnitude[2..] == [0, 0]);
            let magnitude = Secp256k1Scalar::from_limbs(&half.magnitude).unwrap();
            if half.negative { magnitude.neg() } else { magnitude }
        });
        assert_eq!(k1.add(&k2.mul(&Secp256k1Scalar::constant(LAMBDA))), k);
    }

    #[test]
    fn edges() {
        let one = Secp256k1Scalar::ONE;
        let lambda = Secp256k1Scalar::constant(LAMBDA);
        for k in [Secp256k1Scalar::ZERO, one, one.neg(), one.half(), one.half().neg(), lambda, lambda.neg(), lambda.square()] {
            check(k);
        }
    }

    proptest! {
        #[test]
        fn halves_add_up(k: [u64; 4]) {
            check(Secp256k1Scalar::from_limbs_reduced(&k));
        }
    }
}
