//! ECDSA (FIPS 186-5, 6.4.2; SEC 1, 4.1.4).

use super::{
    equation::{Equation, Statement},
    signature::{Signature, is_high},
};
use crate::{
    curve::{Curve, Scalar, lanes::double_product::Factors},
    field::{Field, limbs::Limbs},
};

/// The equations of many statements, with one inversion for all.
#[must_use]
pub fn equations<C: Curve>(statements: &[Statement], low_s: bool) -> Vec<Equation> {
    let inverses = inverses::<C>(statements.iter().map(|statement| &statement.signature.s));
    let equation = |(Statement { signature: Signature { r, s }, e }, inverse): (&Statement, Scalar<C>)| Equation {
        factors: Factors { u1: inverse.mul_integer(e), u2: inverse.mul_integer(r) },
        c: *r,
        refused_by_low_s: low_s && is_high::<C>(s),
    };
    statements.iter().zip(inverses).map(equation).collect()
}

/// The inverses of integers from 1 to n - 1.
pub(super) fn inverses<'a, C: Curve>(integers: impl Iterator<Item = &'a Limbs>) -> Vec<Scalar<C>> {
    let mut scalars: Vec<_> =
        integers.map(|integer| Scalar::<C>::from_limbs(integer).expect("the integer was checked to be below n")).collect();
    Scalar::<C>::invert_all_var(&mut scalars);
    scalars
}
