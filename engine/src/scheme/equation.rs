//! What a signature claims, once its bytes are read: an equation between points.

use super::{
    Scheme, digest_of, ecdsa,
    signature::{self, Signature},
    sm2, z_a,
};
use crate::{
    batch::{Input, Item, Shape},
    curve::{Curve, lanes::double_product::Factors, point::Affine, sec1},
    field::limbs::{self, Limbs},
    hash::Digest,
    verdict::Reason,
};

/// What stands in an item: a signature in range and a key. Without the digest, which may need the key.
#[derive(Clone, Copy, Debug)]
pub struct Claim<K> {
    /// r and s, each in [1, n - 1].
    pub signature: Signature,
    /// The key.
    pub key: K,
}

/// The integers that a signature's equation is made of.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    /// r and s, each in [1, n - 1].
    pub signature: Signature,
    /// The digest as an integer below n.
    pub e: Limbs,
}

/// The claim that x(u1*G + u2*Q) mod n = c, for the key Q.
///
/// ECDSA: u1 = e/s, u2 = r/s, c = r. SM2: u1 = s, u2 = r + s, c = r - e. All modulo n; c = 0 is legal for SM2.
#[derive(Clone, Copy, Debug)]
pub struct Equation {
    /// u1, below n, and u2, below n and not 0.
    pub factors: Factors,
    /// What x(R) must be modulo n, below n.
    pub c: Limbs,
    /// Whether the policy `low-s` refuses this signature. It is checked after R, so that an item with two faults has one reason.
    pub refused_by_low_s: bool,
}

impl Equation {
    /// The checks that need R = u1*G + u2*Q, in their order.
    ///
    /// # Errors
    /// [`Reason::RIsIdentity`], [`Reason::LowSPolicy`] or [`Reason::Equation`].
    #[inline]
    pub fn decide(&self, r_is_identity: bool, x_is_c: impl FnOnce() -> bool) -> Result<(), Reason> {
        if r_is_identity {
            return Err(Reason::RIsIdentity);
        }
        if self.refused_by_low_s {
            return Err(Reason::LowSPolicy);
        }
        if x_is_c() { Ok(()) } else { Err(Reason::Equation) }
    }

    /// [`Self::decide`], given x(R), or `None` where R is the identity.
    ///
    /// # Errors
    /// See there.
    #[inline]
    pub fn decide_x<C: Curve>(&self, x: Option<&Limbs>) -> Result<(), Reason> {
        // x is below p, and p below 2n.
        self.decide(x.is_none(), || x.is_some_and(|x| limbs::reduce_once(x, 0, &C::N) == self.c))
    }
}

/// Reads an item of `shape`. `key` gives the key for its bytes: [`sec1::parse`], or something that remembers what that gave.
///
/// # Errors
/// The first check that fails, of those that come before R is computed: encoding, r, s, key, and r + s = 0 for SM2.
pub fn claim<C: Curve, K>(shape: &Shape, item: &Item<'_>, key: impl FnOnce(&[u8]) -> Result<K, Reason>) -> Result<Claim<K>, Reason> {
    let signature = signature::parse(item.signature, shape.encoding, &C::N)?;
    let key = key(item.key)?;
    if shape.scheme == Scheme::Sm2Sm3 && limbs::is_zero(&limbs::add_mod(&signature.r, &signature.s, &C::N)) {
        return Err(Reason::RPlusSIsZero);
    }
    Ok(Claim { signature, key })
}

/// The statement of a claim: the digest joins it.
#[must_use]
pub fn statement<C: Curve>(signature: Signature, digest: &Digest) -> Statement {
    Statement { signature, e: signature::integer_of_digest::<C>(digest) }
}

/// The equation of each statement of `shape`. The inversions of ECDSA are shared.
#[must_use]
pub fn equations<C: Curve>(shape: &Shape, statements: &[Statement]) -> Vec<Equation> {
    match shape.scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 | Scheme::EcdsaP256Sha256 => {
            ecdsa::equations::<C>(statements, shape.low_s)
        }
        Scheme::Sm2Sm3 => statements.iter().map(sm2::equation::<C>).collect(),
    }
}

/// The statement of one item of `shape`, and its key. `C` is the curve of the scheme.
///
/// # Errors
/// As [`claim`].
pub fn read<C: Curve>(shape: &Shape, item: &Item<'_>) -> Result<(Statement, Affine<C>), Reason> {
    let Claim { signature, key } = claim::<C, _>(shape, item, sec1::parse::<C>)?;
    let digest = match (shape.input, item.id) {
        (Input::Message, Some(id)) => sm2::digest(&z_a(id, &key), item.input),
        (Input::Message, None) => shape.scheme.hash().digest(item.input),
        (Input::Digest, _) => digest_of(item.input),
    };
    Ok((statement::<C>(signature, &digest), key))
}

/// The equation of one item of `shape`, and its key. `C` is the curve of the scheme.
///
/// # Errors
/// As [`claim`].
pub fn equation<C: Curve>(shape: &Shape, item: &Item<'_>) -> Result<(Equation, Affine<C>), Reason> {
    let (statement, key) = read::<C>(shape, item)?;
    let equations = equations::<C>(shape, &[statement]);
    Ok((equations[0], key))
}
