//! Arithmetic modulo 256-bit primes.
//!
//! Every element is fully reduced, on entry and on exit of every function: its integer is below the modulus. Debug builds check it.
//! Functions are variable-time, fit for public data only; the suffix `_var` marks those whose time depends strongly on their input.
//!
//! - [`limbs`]: 256-bit integers and carries.
//! - [`secp256k1`]: the base field of secp256k1, folded.
//! - [`montgomery`]: Montgomery form, for the base fields of P-256 and SM2 and for the three scalar fields.
//! - [`moduli`]: the primes that are in Montgomery form, each with its reduction.
//! - [`inverse`]: inversion by division steps.
//! - [`lanes`]: a few elements side by side, one a vector lane.

mod inverse;
pub mod lanes;
pub mod limbs;
pub mod moduli;
pub mod montgomery;
pub mod secp256k1;

#[cfg(test)]
mod tests;

use std::fmt::Debug;

use limbs::Limbs;

/// A prime field of 256 bits whose modulus is above 2^255.
pub trait Field: Copy + Eq + Debug + Send + Sync + 'static {
    /// The prime.
    const MODULUS: Limbs;
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;

    /// The element of an integer, or `None` where the integer is not below the modulus.
    fn from_limbs(integer: &Limbs) -> Option<Self>;

    /// The integer of an element, below the modulus.
    fn to_limbs(&self) -> Limbs;

    /// self + other.
    #[must_use]
    fn add(&self, other: &Self) -> Self;

    /// self - other.
    #[must_use]
    fn sub(&self, other: &Self) -> Self;

    /// self * other.
    #[must_use]
    fn mul(&self, other: &Self) -> Self;

    /// self^2.
    #[must_use]
    fn square(&self) -> Self;

    /// self/2.
    #[must_use]
    fn half(&self) -> Self;

    /// 1/self; 0 for 0.
    #[must_use]
    fn invert_var(&self) -> Self;

    /// Whether this is 0.
    #[inline(always)]
    fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// 2*self.
    #[inline(always)]
    #[must_use]
    fn double(&self) -> Self {
        self.add(self)
    }

    /// -self.
    #[inline(always)]
    #[must_use]
    fn neg(&self) -> Self {
        Self::ZERO.sub(self)
    }

    /// Whether the integer of this element is odd.
    fn is_odd(&self) -> bool {
        self.to_limbs()[0] & 1 == 1
    }

    /// self^exponent, by windows of four bits.
    #[must_use]
    fn pow_var(&self, exponent: &Limbs) -> Self {
        let mut powers = [Self::ONE; 16];
        for i in 1..16 {
            powers[i] = powers[i - 1].mul(self);
        }
        let mut result = Self::ONE;
        for limb in exponent.iter().rev() {
            for shift in (0..64).step_by(4).rev() {
                result = result.square().square().square().square();
                let digit = (limb >> shift & 15) as usize;
                if digit != 0 {
                    result = result.mul(&powers[digit]);
                }
            }
        }
        result
    }

    /// A square root, or `None` where there is none. For primes that are 3 modulo 4: self^((p + 1)/4), then the check.
    fn sqrt_var(&self) -> Option<Self> {
        let p = Self::MODULUS;
        assert!(p[0] & 3 == 3, "this square root is for primes that are 3 modulo 4");
        // (p + 1)/4 = (p - 3)/4 + 1, which cannot overflow.
        let quarter = [p[0] >> 2 | p[1] << 62, p[1] >> 2 | p[2] << 62, p[2] >> 2 | p[3] << 62, p[3] >> 2];
        let root = self.pow_var(&limbs::add(&quarter, &[1, 0, 0, 0]).0);
        (root.square() == *self).then_some(root)
    }
}
