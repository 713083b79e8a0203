//! Signed digits of fixed width.

use crate::field::limbs::{self, Limbs, bits};

/// A scalar as a sum of digit(i) * 2^(width i), digits from -2^(width-1) to 2^(width-1).
///
/// Digits of a width w below 2^(w-1) in size need tables of half as many points as plain ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedScalar {
    /// Below 2^255.
    pub magnitude: Limbs,
    /// Whether the scalar is the opposite of the magnitude.
    pub negative: bool,
}

impl SignedScalar {
    /// k or k - n, whichever is smaller, for an integer k below n.
    #[inline]
    #[must_use]
    pub fn new(k: &Limbs, n: &Limbs) -> Self {
        let opposite = limbs::sub(n, k).0;
        if limbs::less(&opposite, k) { Self { magnitude: opposite, negative: true } } else { Self { magnitude: *k, negative: false } }
    }

    /// Writes the digits of a width from 2 to 16, the lowest first. They must be as many as [`digits`] says for the magnitude's bits.
    #[inline]
    pub fn write_digits(&self, width: u32, digits: &mut [i32]) {
        let mut carry = 0;
        for (i, digit) in digits.iter_mut().enumerate() {
            let value = bits(&self.magnitude, i * width as usize, width) as i32 + carry;
            carry = i32::from(value > 1 << (width - 1));
            let signed = value - (carry << width);
            *digit = if self.negative { -signed } else { signed };
        }
        debug_assert!(carry == 0, "too few digits");
    }
}

/// How many digits of a width an integer of `bits` bits needs: the highest one takes a carry and must not give one.
#[must_use]
pub const fn digits(bits: u32, width: u32) -> usize {
    (bits + 1).div_ceil(width) as usize
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        curve::{Curve, P256},
        field::{Field, moduli::P256Scalar},
    };

    fn big(integer: &Limbs) -> BigInt {
        integer.iter().rev().fold(BigInt::ZERO, |sum, limb| (sum << 64) + limb)
    }

    fn check(k: &Limbs, width: u32) {
        let scalar = SignedScalar::new(k, &P256::N);
        assert!(scalar.magnitude[3] >> 63 == 0);
        let mut digits = vec![0; digits(255, width)];
        scalar.write_digits(width, &mut digits);
        assert!(digits.iter().all(|digit| digit.abs() <= 1 << (width - 1)));
        let value: BigInt = digits.iter().enumerate().map(|(i, &digit)| BigInt::from(digit) << (i * width as usize)).sum();
        let expected = if scalar.negative { big(k) - big(&P256::N) } else { big(k) };
        assert_eq!(value, expected);
    }

    #[test]
    fn edges() {
        let one = P256Scalar::ONE;
        for width in 2..=16 {
            for k in [P256Scalar::ZERO, one, one.neg(), one.half(), one.half().neg(), one.half().sub(&one)] {
                check(&k.to_limbs(), width);
            }
            check(&[0, 0, 0, 1 << 63], width);
            check(&[u64::MAX, u64::MAX, u64::MAX, u64::MAX >> 1], width);
        }
    }

    proptest! {
        #[test]
        fn digits_add_up(k: [u64; 4], width in 2u32..=16) {
            check(&P256Scalar::from_limbs_reduced(&k).to_limbs(), width);
        }
    }
}
