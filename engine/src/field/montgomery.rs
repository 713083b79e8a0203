//! Fields in Montgomery form: the element a is kept as a*2^256 mod m.

use std::{fmt, marker::PhantomData};

use super::{
    Field, inverse,
    lanes::{Lanes, Packed, portable::FourLimbs},
    limbs::{self, Limbs, Wide, mac},
};

/// A prime above 2^255, and how a product is reduced modulo it.
pub trait Modulus: Copy + Eq + Send + Sync + 'static {
    /// The prime.
    const M: Limbs;
    /// -1/m mod 2^64.
    const NEG_INVERSE: u64 = neg_inverse(Self::M[0]);

    /// low / 2^256 mod m, as a value of at most m: four rounds, each of which adds the multiple of m that clears the lowest limb.
    /// A sparse prime does better than this general form.
    #[inline(always)]
    fn reduce_low(low: Limbs) -> Limbs {
        let mut acc = low;
        for _ in 0..4 {
            let q = acc[0].wrapping_mul(Self::NEG_INVERSE);
            let (_, c) = mac(acc[0], q, Self::M[0], 0);
            let (r0, c) = mac(acc[1], q, Self::M[1], c);
            let (r1, c) = mac(acc[2], q, Self::M[2], c);
            let (r2, c) = mac(acc[3], q, Self::M[3], c);
            // (acc + q*m)/2^64 is below 2^192 + m, which fits four limbs for the primes at hand.
            acc = [r0, r1, r2, c];
        }
        acc
    }
}

/// The prime of a field of coordinates.
pub trait BaseModulus: Modulus {
    /// See [`FourLimbs::sqrt_candidate`].
    fn sqrt_candidate<L: Lanes>(lanes: L) -> L;
}

/// An element of the field modulo `M`, in Montgomery form, its representative below m.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Montgomery<M>(Limbs, PhantomData<M>);

/// -1/m0 mod 2^64 for an odd m0, by Newton's iteration: each step doubles the number of right bits.
const fn neg_inverse(m0: u64) -> u64 {
    let mut inverse = m0;
    let mut bits = 3;
    while bits < 64 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(m0.wrapping_mul(inverse)));
        bits *= 2;
    }
    inverse.wrapping_neg()
}

/// a * 2^doublings mod m, for a < m.
pub(super) const fn shift_mod(mut a: Limbs, m: &Limbs, doublings: u32) -> Limbs {
    let mut i = 0;
    while i < doublings {
        a = limbs::add_mod(&a, &a, m);
        i += 1;
    }
    a
}

impl<M: Modulus> Montgomery<M> {
    /// 2^256 mod m, which is 2^256 - m since m is above 2^255.
    const R: Limbs = limbs::sub(&[0; 4], &M::M).0;
    const R2: Limbs = shift_mod(Self::R, &M::M, 256);
    const R3: Limbs = shift_mod(Self::R2, &M::M, 256);
    const INVERTER: inverse::Inverter = inverse::Inverter::new(&M::M);

    /// The element of a constant.
    ///
    /// # Panics
    /// At compile time, where the constant is not below m.
    #[must_use]
    pub const fn constant(integer: Limbs) -> Self {
        assert!(limbs::less(&integer, &M::M));
        Self(shift_mod(integer, &M::M, 256), PhantomData)
    }

    #[inline(always)]
    fn checked(representative: Limbs) -> Self {
        debug_assert!(limbs::less(&representative, &M::M));
        Self(representative, PhantomData)
    }

    /// wide / 2^256 mod m, for wide below m * 2^256.
    #[inline(always)]
    fn reduce(wide: &Wide) -> Limbs {
        let low = M::reduce_low([wide[0], wide[1], wide[2], wide[3]]);
        let (sum, carry) = limbs::add(&low, &[wide[4], wide[5], wide[6], wide[7]]);
        limbs::reduce_once(&sum, carry, &M::M)
    }

    /// The element of an integer of any size below 2^256, reduced.
    #[must_use]
    pub fn from_limbs_reduced(integer: &Limbs) -> Self {
        Self::checked(Self::reduce(&limbs::mul_wide(&limbs::reduce_once(integer, 0, &M::M), &Self::R2)))
    }

    /// The integer self * other, for an integer below m: one product, where two would go in and out of Montgomery form.
    #[inline(always)]
    #[must_use]
    pub fn mul_integer(&self, other: &Limbs) -> Limbs {
        debug_assert!(limbs::less(other, &M::M));
        Self::reduce(&limbs::mul_wide(&self.0, other))
    }
}

impl<M: Modulus> fmt::Debug for Montgomery<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.to_limbs();
        write!(f, "0x{d:016x}{c:016x}{b:016x}{a:016x}")
    }
}

impl<M: Modulus> Field for Montgomery<M> {
    const MODULUS: Limbs = M::M;
    const ZERO: Self = Self([0; 4], PhantomData);
    const ONE: Self = Self(Self::R, PhantomData);

    fn from_limbs(integer: &Limbs) -> Option<Self> {
        limbs::less(integer, &M::M).then(|| Self::checked(Self::reduce(&limbs::mul_wide(integer, &Self::R2))))
    }

    #[inline(always)]
    fn to_limbs(&self) -> Limbs {
        let [a, b, c, d] = self.0;
        Self::reduce(&[a, b, c, d, 0, 0, 0, 0])
    }

    #[inline(always)]
    fn add(&self, other: &Self) -> Self {
        Self::checked(limbs::add_mod(&self.0, &other.0, &M::M))
    }

    #[inline(always)]
    fn sub(&self, other: &Self) -> Self {
        Self::checked(limbs::sub_mod(&self.0, &other.0, &M::M))
    }

    #[inline(always)]
    fn mul(&self, other: &Self) -> Self {
        Self::checked(Self::reduce(&limbs::mul_wide(&self.0, &other.0)))
    }

    #[inline(always)]
    fn square(&self) -> Self {
        Self::checked(Self::reduce(&limbs::square_wide(&self.0)))
    }

    #[inline(always)]
    fn half(&self) -> Self {
        Self::checked(limbs::half_mod(&self.0, &M::M))
    }

    fn invert_var(&self) -> Self {
        // The inverse of a*R is 1/(a*R); the product by R^3 in Montgomery form leaves R/a.
        let inverse = Self::INVERTER.invert_var(&self.0);
        Self::checked(Self::reduce(&limbs::mul_wide(&inverse, &Self::R3)))
    }
}

impl<M: BaseModulus> FourLimbs for Montgomery<M> {
    #[inline(always)]
    fn sqrt_candidate<L: Lanes<Field = Self>>(lanes: L) -> L {
        M::sqrt_candidate(lanes)
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
