//! ECDSA (FIPS 186-5, 6.4.2; SEC 1, 4.1.4) and the recovery of keys (SEC 1, 4.1.6).

use super::{
    Equation, RecoveryEquation,
    signature::{self, integer_of_digest, is_high},
};
use crate::{
    batch::{Encoding, Input, Item, Shape},
    curve::{Curve, Scalar, point::Affine, sec1},
    field::{
        Field,
        limbs::{self, Limbs},
    },
    hash::{Digest, Hash},
    verdict::Reason,
};

/// The equation of an ECDSA item. See [`super::equation()`].
pub(super) fn equation<C: Curve>(shape: &Shape, item: &Item<'_>) -> Result<Equation<C>, Reason> {
    let signature::Signature { r, s } = signature::parse(item.signature, shape.encoding, &C::N)?;
    let q = sec1::parse::<C>(item.key)?;
    let e = integer_of_digest::<C>(&digest(shape.input, shape.scheme.hash(), item.input));
    let s_inverse = scalar::<C>(&s).invert_var();
    Ok(Equation {
        u1: s_inverse.mul_integer(&e),
        u2: s_inverse.mul_integer(&r),
        q,
        c: r,
        refused_by_low_s: shape.low_s && is_high::<C>(&s),
    })
}

/// The equation that gives the key of r||s||id. The recovery id is the parity of y(R), plus 2 where x(R) = r + n.
///
/// # Errors
/// [`Reason::Encoding`], [`Reason::ROutOfRange`], [`Reason::SOutOfRange`], or [`Reason::NotRecoverable`] where no point has the x that is named.
pub fn recovery_equation<C: Curve>(
    input: Input,
    hash: Hash,
    low_s: bool,
    message: &[u8],
    bytes: &[u8],
) -> Result<RecoveryEquation<C>, Reason> {
    let (rs, &[id @ 0..=3]) = bytes.split_at_checked(64).ok_or(Reason::Encoding)? else { return Err(Reason::Encoding) };
    let signature::Signature { r, s } = signature::parse(rs, Encoding::Raw, &C::N)?;
    let (x, overflow) = if id & 2 == 0 { (r, 0) } else { limbs::add(&r, &C::N) };
    let x = C::Base::from_limbs(&x).filter(|_| overflow == 0).ok_or(Reason::NotRecoverable)?;
    let point = Affine::lift_x_var(x, id & 1 == 1).ok_or(Reason::NotRecoverable)?;
    let e = integer_of_digest::<C>(&digest(input, hash, message));
    let r_inverse = scalar::<C>(&r).invert_var();
    Ok(RecoveryEquation {
        u1: r_inverse.neg().mul_integer(&e),
        u2: r_inverse.mul_integer(&s),
        r: point,
        refused_by_low_s: low_s && is_high::<C>(&s),
    })
}

fn digest(input: Input, hash: Hash, bytes: &[u8]) -> Digest {
    match input {
        Input::Message => hash.digest(bytes),
        Input::Digest => bytes.try_into().expect("a batch holds digests of 32 bytes"),
    }
}

/// The scalar of an integer below n.
fn scalar<C: Curve>(integer: &Limbs) -> Scalar<C> {
    Scalar::<C>::from_limbs(integer).expect("the integer was checked to be below n")
}
