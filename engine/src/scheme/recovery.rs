//! Recovery of keys from ECDSA signatures (SEC 1, 4.1.6).

use super::{
    digest_of, ecdsa,
    equation::Statement,
    signature::{self, integer_of_digest, is_high},
};
use crate::{
    batch::{Encoding, Input, RecoveryBatch},
    curve::{Curve, lanes::double_product::Factors, point::Affine},
    field::{
        Field,
        limbs::{self, Limbs},
    },
    hash::Hash,
    verdict::Reason,
};

/// What stands in r||s||id over a digest. The recovery id is the parity of y(R), plus 2 where x(R) = r + n.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryClaim {
    statement: Statement,
    /// What x(R) is said to be: below p.
    pub x: Limbs,
    /// Whether y(R) is said to be odd.
    pub y_is_odd: bool,
}

/// The claim that Q = u1*G + u2*R for the point R of a signature: u1 = -e/r, u2 = s/r modulo n.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryEquation {
    /// u1, below n, and u2, below n and not 0.
    pub factors: Factors,
    /// Whether the policy `low-s` refuses this signature.
    pub refused_by_low_s: bool,
}

impl RecoveryClaim {
    /// Reads an item.
    ///
    /// # Errors
    /// [`Reason::Encoding`], [`Reason::ROutOfRange`], [`Reason::SOutOfRange`], or [`Reason::NotRecoverable`] where x(R) would not be below p.
    ///
    /// # Panics
    /// Where `index` is not below the length of the batch.
    pub fn new<C: Curve>(batch: &RecoveryBatch, hash: Hash, index: usize) -> Result<Self, Reason> {
        let (message, bytes) = (batch.inputs().get(index), batch.signatures().get(index));
        let (rs, &[id @ 0..=3]) = bytes.split_at_checked(64).ok_or(Reason::Encoding)? else { return Err(Reason::Encoding) };
        let signature = signature::parse(rs, Encoding::Raw, &C::N)?;
        let (x, overflow) = if id & 2 == 0 { (signature.r, 0) } else { limbs::add(&signature.r, &C::N) };
        if overflow != 0 || !limbs::less(&x, &C::Base::MODULUS) {
            return Err(Reason::NotRecoverable);
        }
        let digest = match batch.input() {
            Input::Message => hash.digest(message),
            Input::Digest => digest_of(message),
        };
        let e = integer_of_digest::<C>(&digest);
        Ok(Self { statement: Statement { signature, e }, x, y_is_odd: id & 1 == 1 })
    }

    /// r, s and e.
    #[must_use]
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// R, or `None` where no point has this x.
    #[must_use]
    pub fn point<C: Curve>(&self) -> Option<Affine<C>> {
        Affine::lift_x_var(C::Base::from_limbs(&self.x)?, self.y_is_odd)
    }
}

/// The equations of many claims, with one inversion for all.
#[must_use]
pub fn recovery_equations<C: Curve>(claims: &[RecoveryClaim], low_s: bool) -> Vec<RecoveryEquation> {
    let inverses = ecdsa::inverses::<C>(claims.iter().map(|claim| &claim.statement.signature.r));
    let equation = |(claim, inverse): (&RecoveryClaim, crate::curve::Scalar<C>)| RecoveryEquation {
        factors: Factors { u1: inverse.neg().mul_integer(&claim.statement.e), u2: inverse.mul_integer(&claim.statement.signature.s) },
        refused_by_low_s: low_s && is_high::<C>(&claim.statement.signature.s),
    };
    claims.iter().zip(inverses).map(equation).collect()
}
