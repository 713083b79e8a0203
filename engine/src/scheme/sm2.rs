//! SM2 signatures (GB/T 32918.2-2016).

use super::{
    equation::{Equation, Statement},
    signature::Signature,
};
use crate::{
    batch::{Input, Item},
    curve::{CoefficientA, Curve, Group, lanes::double_product::Factors, point::Affine},
    field::{Field, limbs},
    hash::{Digest, Sm3},
};

/// The equation of a statement (7.1, steps B5 to B7): no inversion is needed.
pub(super) fn equation<C: Curve>(Statement { signature: Signature { r, s }, e }: &Statement) -> Equation {
    let factors = Factors { u1: *s, u2: limbs::add_mod(r, s, &C::N) };
    Equation { factors, c: limbs::sub_mod(r, e, &C::N), refused_by_low_s: false }
}

/// e = SM3(Z_A || M).
pub(super) fn digest<C: Group>(input: Input, q: &Affine<C>, item: &Item<'_>) -> Digest {
    match input {
        Input::Message => {
            let id = item.id.expect("a batch of SM2 messages has ids");
            let mut hash = Sm3::new();
            hash.update(&z_a(id, q));
            hash.update(item.input);
            hash.finish()
        }
        Input::Digest => item.input.try_into().expect("a batch holds digests of 32 bytes"),
    }
}

/// Z_A = SM3(ENTL_A || id || a || b || x_G || y_G || x_A || y_A), where ENTL_A is the length of the id in bits as two bytes (5.5).
/// The id has at most [`crate::batch::SM2_ID_BYTES_MAX`] bytes.
#[must_use]
pub fn z_a<C: Group>(id: &[u8], q: &Affine<C>) -> Digest {
    let a = match C::A {
        CoefficientA::Zero => C::Base::ZERO,
        CoefficientA::MinusThree => C::Base::ONE.double().add(&C::Base::ONE).neg(),
    };
    let mut hash = Sm3::new();
    hash.update(&((id.len() * 8) as u16).to_be_bytes());
    hash.update(id);
    for coordinate in [&a, &C::B, &C::G.x, &C::G.y, &q.x, &q.y] {
        hash.update(&limbs::to_be_bytes(&coordinate.to_limbs()));
    }
    hash.finish()
}
