//! The datapath: one product of sums with what is added to it, reduced below p, as the hardware computes it step by step.
//!
//! Sums of factors are not reduced: p is added where a difference could be negative, and the multiplier takes 259 bits. The digits of the product are folded by a
//! matrix of small coefficients, terms are added, and what stands above 2^256 then says how often p is to be taken off.

use crate::{
    curve::{Curve, DIGITS, PRODUCT_DIGITS},
    program::{Left, Op, Post, Right},
    word::Word,
};

/// Steps of the hardware's datapath: cycles from the ports to the result.
pub const STEPS: usize = 28;

/// What stands on the ports.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Of the left factor.
    pub a: Word,
    /// Of the right factor.
    pub c: Word,
    /// Of what is added to factors.
    pub d: Word,
    /// Of what is added to the product.
    pub e: Word,
    /// The digit's sign.
    pub is_negative: bool,
}

/// A number of up to 320 bits, as the adders before the multiplier have it; the lowest limb first.
type Wide = [u64; 5];

const fn wide(word: &Word) -> Wide {
    let [a, b, c, d] = word.0;
    [a, b, c, d, 0]
}

/// a * scale + b, which is never negative: `subtract` says whether b is taken off and p added.
fn pre_add(a: &Word, shift: u32, b: &Word, subtract: bool, p: &Word) -> Wide {
    let mut sum = [0_i128; 5];
    for (index, limb) in sum.iter_mut().enumerate().take(4) {
        let b = i128::from(b.0[index]);
        *limb = (i128::from(a.0[index]) << shift) + if subtract { i128::from(p.0[index]) - b } else { b };
    }
    let mut out = [0; 5];
    let mut carry = 0_i128;
    for (limb, out) in sum.iter().zip(&mut out) {
        let value = limb + carry;
        *out = value as u64;
        carry = value >> 64;
    }
    debug_assert_eq!(carry, 0);
    out
}

/// One pass.
#[must_use]
pub fn pass(curve: &Curve, matrix: &[[i32; DIGITS]; PRODUCT_DIGITS - DIGITS], op: &Op, ports: &Ports) -> Word {
    let Ports { a, c, d, e, is_negative } = ports;
    let left = match op.left {
        Left::Plain => wide(a),
        Left::Difference => pre_add(a, 0, d, true, &curve.p),
    };
    let right = match op.right {
        Right::Plain => wide(c),
        Right::Sum => pre_add(c, 0, d, false, &curve.p),
        Right::Difference => pre_add(c, 0, d, true, &curve.p),
        Right::TwiceLess => pre_add(c, 1, d, true, &curve.p),
        Right::FourTimesLess => pre_add(c, 2, d, true, &curve.p),
    };
    let digits = scaled_product(&left, &right, op.scale);
    // One signed sum a column: 2^32 to the power of its index.
    let mut columns: [i64; DIGITS] = std::array::from_fn(|column| {
        let folded = matrix.iter().zip(&digits[DIGITS..]).map(|(row, digit)| i64::from(row[column]) * i64::from(*digit));
        i64::from(digits[column]) + folded.sum::<i64>()
    });
    if op.is_signed && *is_negative {
        columns.iter_mut().for_each(|column| *column = -*column);
    }
    let times = match op.post {
        Post::Nothing => 0,
        Post::Plus => 1,
        Post::Minus => -1,
        Post::MinusTwice => -2,
        Post::MinusEight => -8,
    };
    for (index, column) in columns.iter_mut().enumerate() {
        let digit = |word: &Word| (word.0[index / 2] >> (32 * (index % 2)) & 0xffff_ffff) as i64;
        *column += times * digit(e) - if op.less_twice_d { 2 * digit(d) } else { 0 };
    }
    correct(curve, &columns)
}

/// The digits of a product that counts `scale` times.
fn scaled_product(left: &Wide, right: &Wide, scale: u8) -> [u32; PRODUCT_DIGITS] {
    let digit = |wide: &Wide, index: usize| wide[index / 2] >> (32 * (index % 2)) & 0xffff_ffff;
    let mut digits = [0; PRODUCT_DIGITS];
    let mut carry = 0_u128;
    for (place, out) in digits.iter_mut().enumerate() {
        let mut sum = carry;
        for index in 0..=place.min(8) {
            if place - index <= 8 {
                sum += u128::from(digit(left, index) * digit(right, place - index)) * u128::from(scale);
            }
        }
        *out = sum as u32;
        carry = sum >> 32;
    }
    debug_assert_eq!(carry, 0, "the product has no more digits");
    digits
}

/// The residue below p of a signed sum of columns.
fn correct(curve: &Curve, columns: &[i64; DIGITS]) -> Word {
    let mut limbs = [0_u64; 4];
    let mut carry = 0_i128;
    for (limb, pair) in limbs.iter_mut().zip(columns.as_chunks::<2>().0) {
        let value = carry + i128::from(pair[0]) + (i128::from(pair[1]) << 32);
        *limb = value as u64;
        carry = value >> 64;
    }
    // 2^256 is p more than its complement: so many times the complement stand for what is above.
    let quotient = carry;
    debug_assert!((-64..64).contains(&quotient), "{quotient}");
    let (complement, _) = Word::ZERO.sub(&curve.p);
    let mut sum = [0_u64; 4];
    let mut carry = 0_i128;
    for ((sum, limb), complement) in sum.iter_mut().zip(limbs).zip(complement.0) {
        let value = carry + i128::from(limb) + quotient * i128::from(complement);
        *sum = value as u64;
        carry = value >> 64;
    }
    let sum = Word(sum);
    match carry {
        // At most one p is left or missing.
        -1 => sum.add(&curve.p).0,
        0 if sum < curve.p => sum,
        0 | 1 => sum.sub(&curve.p).0,
        carry => unreachable!("{carry} is left above 2^256"),
    }
}
