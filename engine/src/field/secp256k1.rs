//! The base field of secp256k1, p = 2^256 - 2^32 - 977, as plain integers: the high half of a product is folded into the low one.

use super::{
    Field, inverse,
    lanes::{Lanes, Packed, portable::FourLimbs},
    limbs::{self, Limbs, Wide, adc, mac},
};

/// An element of the base field of secp256k1: an integer below p.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secp256k1Base(Limbs);

/// 2^256 - p. So 2^256 = FOLD (mod p).
const FOLD: u64 = (1 << 32) + 977;
const P: Limbs = [FOLD.wrapping_neg(), u64::MAX, u64::MAX, u64::MAX];
const INVERTER: inverse::Inverter = inverse::Inverter::new(&P);

impl Secp256k1Base {
    /// The element of a constant.
    ///
    /// # Panics
    /// At compile time, where the constant is not below p.
    #[must_use]
    pub const fn constant(integer: Limbs) -> Self {
        assert!(limbs::less(&integer, &P));
        Self(integer)
    }

    #[inline(always)]
    fn checked(integer: Limbs) -> Self {
        debug_assert!(limbs::less(&integer, &P));
        Self(integer)
    }
}

/// A 512-bit integer modulo p.
#[inline(always)]
fn reduce(wide: &Wide) -> Limbs {
    let (r0, c) = mac(wide[0], wide[4], FOLD, 0);
    let (r1, c) = mac(wide[1], wide[5], FOLD, c);
    let (r2, c) = mac(wide[2], wide[6], FOLD, c);
    let (r3, top) = mac(wide[3], wide[7], FOLD, c);
    // top <= FOLD, below 2^34; so top * FOLD is below 2^68.
    let (r0, c) = mac(r0, top, FOLD, 0);
    let (r1, c) = adc(r1, 0, c);
    let (r2, c) = adc(r2, 0, c);
    let (r3, c) = adc(r3, 0, c);
    canonical([r0, r1, r2, r3], c)
}

/// (carry * 2^256 + a) mod p, for a value below 2p. It is below p but for a share of about 2^-190: a branch, always predicted.
#[inline(always)]
fn canonical(a: Limbs, carry: u64) -> Limbs {
    if carry != 0 || (a[3] == u64::MAX && !limbs::less(&a, &P)) { limbs::sub(&a, &P).0 } else { a }
}

impl Field for Secp256k1Base {
    const MODULUS: Limbs = P;
    const ZERO: Self = Self([0; 4]);
    const ONE: Self = Self([1, 0, 0, 0]);

    fn from_limbs(integer: &Limbs) -> Option<Self> {
        limbs::less(integer, &P).then_some(Self(*integer))
    }

    #[inline(always)]
    fn to_limbs(&self) -> Limbs {
        self.0
    }

    #[inline(always)]
    fn add(&self, other: &Self) -> Self {
        let (sum, carry) = limbs::add(&self.0, &other.0);
        // sum - p = sum + FOLD - 2^256
        let (folded, overflow) = limbs::add(&sum, &[FOLD, 0, 0, 0]);
        Self::checked(limbs::select(&sum, &folded, carry | overflow != 0))
    }

    #[inline(always)]
    fn sub(&self, other: &Self) -> Self {
        let (difference, borrow) = limbs::sub(&self.0, &other.0);
        // difference + p = difference - FOLD + 2^256
        Self::checked(limbs::sub(&difference, &[FOLD & borrow.wrapping_neg(), 0, 0, 0]).0)
    }

    #[inline(always)]
    fn mul(&self, other: &Self) -> Self {
        Self::checked(reduce(&limbs::mul_wide(&self.0, &other.0)))
    }

    #[inline(always)]
    fn square(&self) -> Self {
        Self::checked(reduce(&limbs::square_wide(&self.0)))
    }

    #[inline(always)]
    fn half(&self) -> Self {
        Self::checked(limbs::half_mod(&self.0, &P))
    }

    fn invert_var(&self) -> Self {
        Self::checked(INVERTER.invert_var(&self.0))
    }
}

impl FourLimbs for Secp256k1Base {
    /// (p + 1)/4 = 2^254 - 2^30 - 244: runs of 223, 22 and 2 ones.
    #[inline(always)]
    fn sqrt_candidate<L: Lanes<Field = Self>>(x1: L) -> L {
        let x2 = x1.ones(1, x1);
        let x3 = x2.ones(1, x1);
        let x6 = x3.ones(3, x3);
        let x9 = x6.ones(3, x3);
        let x11 = x9.ones(2, x2);
        let x22 = x11.ones(11, x11);
        let x44 = x22.ones(22, x22);
        let x88 = x44.ones(44, x44);
        let x176 = x88.ones(88, x88);
        let x220 = x176.ones(44, x44);
        let x223 = x220.ones(3, x3);
        x223.squared(23).mul(x22).squared(6).mul(x2).squared(2)
    }

    #[inline(always)]
    fn packed(&self) -> Packed {
        self.0
    }

    #[inline(always)]
    fn from_packed(packed: &Packed) -> Self {
        Self::checked(*packed)
    }
}
