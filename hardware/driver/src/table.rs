//! The fixed table of a device, by the engine's arithmetic.

use std::sync::Arc;

use chainbox_engine::{
    curve::{Curve as EngineCurve, P256, Sm2, point::Affine, product::double_product_var},
    field::Field,
    scheme::Scheme,
};
use chainbox_fpga_model::{curve::Curve, machine::fixed_table, word::Word};

/// A point as the device's words.
#[must_use]
pub fn words<C: EngineCurve>(point: &Affine<C>) -> [Word; 2] {
    [Word(point.x.to_limbs()), Word(point.y.to_limbs())]
}

/// The scheme of a device's curve.
///
/// # Panics
/// Where the curve is none that a device can be built for.
#[must_use]
pub fn scheme(curve: &Curve) -> Scheme {
    match curve.name {
        "sm2" => Scheme::Sm2Sm3,
        "p256" => Scheme::EcdsaP256Sha256,
        name => panic!("no device is built for {name}"),
    }
}

/// The multiples of the generator of a curve.
///
/// # Panics
/// As [`scheme`].
#[must_use]
pub fn table(curve: &Curve) -> Arc<[[Word; 2]]> {
    fn of<C: EngineCurve>(curve: &Curve) -> Arc<[[Word; 2]]> {
        fixed_table(|number, shift| {
            let mut scalar = Word([u64::from(number), 0, 0, 0]);
            (0..shift).for_each(|_| scalar = scalar.add_mod(&scalar, &curve.n));
            words(&double_product_var::<C>(&scalar.0, &[0; 4], &C::G).to_affine_var())
        })
    }
    match scheme(curve) {
        Scheme::Sm2Sm3 => of::<Sm2>(curve),
        _ => of::<P256>(curve),
    }
}
