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

    /// Replaces each element by its inverse, with one inversion for all (Montgomery's trick); 0 stays 0.
    fn invert_all_var(elements: &mut [Self]) {
        let factor = |element: &Self| if element.is_zero() { Self::ONE } else { *element };
        let mut product = Self::ONE;
        let mut before = Vec::with_capacity(elements.len());
        for element in &*elements {
            before.push(product);
            product = product.mul(&factor(element));
        }
        let mut inverse = product.invert_var();
        for (element, before) in elements.iter_mut().zip(before).rev() {
            let next = inverse.mul(&factor(element));
            if !element.is_zero() {
                *element = inverse.mul(&before);
            }
            inverse = next;
        }
    }

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
}
