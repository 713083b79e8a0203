//! What a signature claims, once its bytes are read: an equation between points.

use super::{Scheme, ecdsa, sm2};
use crate::{
    batch::{Item, Shape},
    curve::{Curve, point::Affine},
    field::limbs::Limbs,
    verdict::Reason,
};

/// The claim that x(u1*G + u2*Q) mod n = c.
///
/// ECDSA: u1 = e/s, u2 = r/s, c = r. SM2: u1 = s, u2 = r + s, c = r - e. All modulo n; c = 0 is legal for SM2.
#[derive(Clone, Copy, Debug)]
pub struct Equation<C: Curve> {
    /// The factor of G, below n.
    pub u1: Limbs,
    /// The factor of Q, below n and not 0.
    pub u2: Limbs,
    /// The key.
    pub q: Affine<C>,
    /// What x(R) must be modulo n, below n.
    pub c: Limbs,
    /// Whether the policy `low-s` refuses this signature. It is checked after R, so that an item with two faults has one reason.
    pub refused_by_low_s: bool,
}

/// The claim that Q = u1*G + u2*R for the point R of a signature: u1 = -e/r, u2 = s/r modulo n.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryEquation<C: Curve> {
    /// The factor of G, below n.
    pub u1: Limbs,
    /// The factor of R, below n and not 0.
    pub u2: Limbs,
    /// The point that the signer computed.
    pub r: Affine<C>,
    /// Whether the policy `low-s` refuses this signature.
    pub refused_by_low_s: bool,
}

/// The equation of an item of `shape`. `C` is the curve of the scheme.
///
/// # Errors
/// The first check that fails, of those that come before R is computed: encoding, r, s, key, and r + s = 0 for SM2.
pub fn equation<C: Curve>(shape: &Shape, item: &Item<'_>) -> Result<Equation<C>, Reason> {
    match shape.scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 | Scheme::EcdsaP256Sha256 => ecdsa::equation(shape, item),
        Scheme::Sm2Sm3 => sm2::equation(shape, item),
    }
}
