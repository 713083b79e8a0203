//! Signed digits of scalars: the width-w non-adjacent form.

use crate::field::limbs::{Limbs, bits};

/// The most digits of a 256-bit integer: a carry may add one.
const DIGITS_MAX: usize = 257;

/// A 256-bit integer as the sum of `digit[i] * 2^i`. Digits are 0 or odd, below 2^(w-1) in size, and of any w in a row at most one is not 0.
pub struct Wnaf {
    digits: [i16; DIGITS_MAX],
    len: usize,
}

impl Wnaf {
    /// The digits of `integer`, or of its opposite, for a width from 2 to 16.
    #[must_use]
    pub fn new_var(integer: &Limbs, negative: bool, width: u32) -> Self {
        debug_assert!((2..=16).contains(&width));
        let mut digits = [0; DIGITS_MAX];
        let mut len = 0;
        let mut carry = 0;
        let mut position = 0;
        while position < 256 {
            if bits(integer, position, 1) == carry {
                position += 1;
                continue;
            }
            // An odd window: a value above 2^(w-1) counts as negative and carries into the next one.
            let window = width.min(256 - position as u32);
            let value = bits(integer, position, window) + carry;
            carry = value >> (width - 1);
            let digit = value as i32 - ((carry as i32) << width);
            digits[position] = (if negative { -digit } else { digit }) as i16;
            len = position + 1;
            position += window as usize;
        }
        if carry != 0 {
            digits[256] = if negative { -1 } else { 1 };
            len = DIGITS_MAX;
        }
        Self { digits, len }
    }

    /// One more than the position of the highest digit that is not 0.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether the integer is 0.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The digit at a position below 257.
    #[inline(always)]
    #[must_use]
    pub const fn digit(&self, position: usize) -> i16 {
        self.digits[position]
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use proptest::prelude::*;

    use super::*;

    fn value(wnaf: &Wnaf) -> BigInt {
        (0..wnaf.len()).map(|i| BigInt::from(wnaf.digit(i)) << i).sum()
    }

    fn check(integer: &Limbs, width: u32) {
        let expected: BigInt = integer.iter().rev().fold(BigInt::ZERO, |sum, limb| (sum << 64) + limb);
        let wnaf = Wnaf::new_var(integer, false, width);
        assert_eq!(value(&wnaf), expected);
        assert_eq!(value(&Wnaf::new_var(integer, true, width)), -expected);
        let mut last = None;
        for i in (0..wnaf.len()).filter(|&i| wnaf.digit(i) != 0) {
            assert!(wnaf.digit(i) & 1 == 1 && i32::from(wnaf.digit(i)).abs() < 1 << (width - 1));
            assert!(last.is_none_or(|last| i - last >= width as usize));
            last = Some(i);
        }
    }

    #[test]
    fn edges() {
        for width in 2..=16 {
            for integer in [[0; 4], [1, 0, 0, 0], [u64::MAX; 4], [0, 0, 0, 1 << 63], [u64::MAX, 0, u64::MAX, 0], [0, u64::MAX, 0, u64::MAX]]
            {
                check(&integer, width);
            }
        }
    }

    proptest! {
        #[test]
        fn digits_add_up(integer: [u64; 4], width in 2u32..=16) {
            check(&integer, width);
        }
    }
}
