//! `single`: each item alone, in the portable arithmetic of single elements. Its verdict is the reference for every other strategy and back end.

use crate::{
    batch::{Item, Shape},
    curve::{
        Curve, P256, Secp256k1, Sm2,
        point::{Affine, Jacobian},
        product::double_product_var,
    },
    field::{
        Field,
        limbs::{self, Limbs},
    },
    scheme::{self, Equation, Scheme},
    verdict::{Reason, Verdict},
};

/// The verdict on one item of `shape`.
#[must_use]
pub fn verify(shape: &Shape, item: &Item<'_>) -> Verdict {
    match shape.scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => verify_on::<Secp256k1>(shape, item),
        Scheme::EcdsaP256Sha256 => verify_on::<P256>(shape, item),
        Scheme::Sm2Sm3 => verify_on::<Sm2>(shape, item),
    }
    .into()
}

fn verify_on<C: Curve>(shape: &Shape, item: &Item<'_>) -> Result<(), Reason> {
    let (equation, key) = scheme::equation::<C>(shape, item)?;
    decide(&equation, &key)
}

/// Decides one equation.
///
/// # Errors
/// As [`Equation::decide`].
pub fn decide<C: Curve>(equation: &Equation, key: &Affine<C>) -> Result<(), Reason> {
    let r = double_product_var(&equation.factors.u1, &equation.factors.u2, key);
    equation.decide(r.is_identity(), || x_mod_n_equals(&r, &equation.c))
}

/// Whether x(R) mod n = c, for c < n: x(R) is c, or c + n where this is below p (p < 2n leaves no third).
fn x_mod_n_equals<C: Curve>(r: &Jacobian<C>, c: &Limbs) -> bool {
    let is_x = |integer: &Limbs| C::Base::from_limbs(integer).is_some_and(|x| r.x_equals(&x));
    let (c_plus_n, overflow) = limbs::add(c, &C::N);
    is_x(c) || (overflow == 0 && is_x(&c_plus_n))
}
