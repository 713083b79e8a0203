//! What the host makes of scalars: digits, so that the device has no recoder.

use crate::word::Word;

/// Bits of a window of the key's scalar.
pub const KEY_WIDTH: usize = 5;

/// Bits of a window of the fixed table.
pub const FIXED_WIDTH: usize = 10;

/// Windows of the fixed table: 256 bits and a carry.
pub const FIXED_WINDOWS: usize = 26;

/// Points of a window of the fixed table: the multiples 1 to 512.
pub const FIXED_POINTS: usize = 1 << (FIXED_WIDTH - 1);

/// A digit of the key's scalar, the highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyDigit {
    /// Doublings before it is added; those of the first one have no meaning, and are 0.
    pub doublings: u16,
    /// Which odd multiple: 1, 3, 5 ... 15 by 0 to 7.
    pub entry: u8,
    /// Whether it is subtracted.
    pub is_negative: bool,
}

/// The digits of a scalar that is not 0, and the doublings after the last one.
#[must_use]
pub fn key_digits(scalar: &Word) -> (Vec<KeyDigit>, u16) {
    // Non-adjacent form of width 5, from the lowest digit on: (place, odd value from -15 to 15).
    let mut placed: Vec<(usize, i32)> = Vec::new();
    let (mut carry, mut place) = (0, 0);
    while place < 257 {
        let bit = i32::from(scalar.bit(place));
        if bit == carry {
            // 0, or 2, whose carry goes on.
            place += 1;
            continue;
        }
        let mut value = scalar.bits(place, KEY_WIDTH) as i32 + carry;
        carry = i32::from(value > 1 << (KEY_WIDTH - 1));
        value -= carry << KEY_WIDTH;
        placed.push((place, value));
        place += KEY_WIDTH;
    }
    let mut digits: Vec<KeyDigit> = Vec::with_capacity(placed.len());
    let mut before = placed.last().map_or(0, |(place, _)| *place);
    for &(place, value) in placed.iter().rev() {
        digits.push(KeyDigit { doublings: (before - place) as u16, entry: (value.unsigned_abs() / 2) as u8, is_negative: value < 0 });
        before = place;
    }
    (digits, before as u16)
}

/// The digits of a scalar for the fixed table, the lowest first, from -512 to 512.
#[must_use]
pub fn fixed_digits(scalar: &Word) -> [i16; FIXED_WINDOWS] {
    let mut carry = 0;
    std::array::from_fn(|window| {
        let value = scalar.bits(window * FIXED_WIDTH, FIXED_WIDTH) as i16 + carry;
        carry = i16::from(value > FIXED_POINTS as i16);
        value - (carry << FIXED_WIDTH)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::Curve;

    /// A scalar again, from its digits, modulo the order: doubled and added from the highest on.
    fn from_key_digits(curve: &Curve, (digits, last): &(Vec<KeyDigit>, u16)) -> Word {
        let n = &curve.n;
        let mut sum = Word::ZERO;
        for digit in digits {
            (0..digit.doublings).for_each(|_| sum = sum.add_mod(&sum, n));
            let odd = Word([u64::from(digit.entry) * 2 + 1, 0, 0, 0]);
            sum = if digit.is_negative { sum.sub_mod(&odd, n) } else { sum.add_mod(&odd, n) };
        }
        (0..*last).for_each(|_| sum = sum.add_mod(&sum, n));
        sum
    }

    fn from_fixed_digits(curve: &Curve, digits: &[i16; FIXED_WINDOWS]) -> Word {
        let n = &curve.n;
        let mut sum = Word::ZERO;
        for digit in digits.iter().rev() {
            (0..FIXED_WIDTH).for_each(|_| sum = sum.add_mod(&sum, n));
            let size = Word([u64::from(digit.unsigned_abs()), 0, 0, 0]);
            sum = if *digit < 0 { sum.sub_mod(&size, n) } else { sum.add_mod(&size, n) };
        }
        sum
    }

    #[test]
    fn digits_are_the_scalar() {
        let curve = Curve::SM2;
        let small = (1..600).map(|number| Word([number, 0, 0, 0]));
        let large = (1..600).map(|number| curve.n.sub(&Word([number, 0, 0, 0])).0);
        let mixed = (1..600_u64)
            .map(|number| Word([number.wrapping_mul(0x9e37_79b9_7f4a_7c15), !number, number << 40, number.reverse_bits() >> 2]));
        for scalar in small.chain(large).chain(mixed) {
            let digits = key_digits(&scalar);
            assert_eq!(from_key_digits(&curve, &digits), scalar, "{scalar}");
            assert!(digits.0.iter().skip(1).all(|digit| usize::from(digit.doublings) >= KEY_WIDTH), "{scalar}");
            let fixed = fixed_digits(&scalar);
            assert_eq!(from_fixed_digits(&curve, &fixed), scalar, "{scalar}");
            assert!(fixed.iter().all(|digit| usize::from(digit.unsigned_abs()) <= FIXED_POINTS));
        }
    }
}
