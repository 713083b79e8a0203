//! SM2 signatures (GB/T 32918.2-2016).

use super::{
    equation::{Equation, Statement},
    signature::Signature,
};
use crate::{
    curve::{CoefficientA, Curve, Group, lanes::double_product::Factors, point::Affine},
    field::{Field, limbs},
    hash::{Digest, Sm3},
};

/// The id of a signer where nobody names another (GM/T 0009-2012, 10; GB/T 35276).
pub const SM2_ID_DEFAULT: &[u8] = b"1234567812345678";

/// The equation of a statement (7.1, steps B5 to B7): no inversion is needed.
pub(super) fn equation<C: Curve>(Statement { signature: Signature { r, s }, e }: &Statement) -> Equation {
    let factors = Factors { u1: *s, u2: limbs::add_mod(r, s, &C::N) };
    Equation { factors, c: limbs::sub_mod(r, e, &C::N), refused_by_low_s: false }
}

/// SM3(Z_A || M).
pub(super) fn digest(z_a: &Digest, message: &[u8]) -> Digest {
    let mut hash = Sm3::new();
    hash.update(z_a);
    hash.update(message);
    hash.finish()
}

/// Z_A = SM3(ENTL_A || id || a || b || x_G || y_G || x_A || y_A), where ENTL_A is the length of the id in bits as two bytes (5.5).
/// The id has at most [`crate::batch::SM2_ID_BYTES_MAX`] bytes.
#[must_use]
pub fn z_a<C: Group>(id: &[u8], q: &Affine<C>) -> Digest {
    let mut hash = Sm3::new();
    hash.update(&z_a_head::<C>(id));
    hash.update(&z_a_tail(q));
    hash.finish()
}

/// What is hashed to Z_A before the key: it is the same for all keys with this id.
pub(super) fn z_a_head<C: Group>(id: &[u8]) -> Vec<u8> {
    let a = match C::A {
        CoefficientA::Zero => C::Base::ZERO,
        CoefficientA::MinusThree => C::Base::ONE.double().add(&C::Base::ONE).neg(),
    };
    let mut head = ((id.len() * 8) as u16).to_be_bytes().to_vec();
    head.extend_from_slice(id);
    for coordinate in [&a, &C::B, &C::G.x, &C::G.y] {
        head.extend_from_slice(&limbs::to_be_bytes(&coordinate.to_limbs()));
    }
    head
}

/// What is hashed to Z_A of the key: x_A || y_A.
pub(super) fn z_a_tail<C: Group>(q: &Affine<C>) -> [u8; 64] {
    let mut tail = [0; 64];
    tail[..32].copy_from_slice(&limbs::to_be_bytes(&q.x.to_limbs()));
    tail[32..].copy_from_slice(&limbs::to_be_bytes(&q.y.to_limbs()));
    tail
}
