//! Points from bytes (SEC 1, 2.3.4).

use super::{Group, point::Affine};
use crate::{
    field::{Field, limbs},
    verdict::Reason,
};

/// The point that SEC1 bytes name: `04 || x || y`, or `02 || x` and `03 || x`. Any point of the curve but the identity.
///
/// # Errors
/// [`Reason::KeyMalformed`] for another length or prefix (the hybrid forms 06 and 07 included) and for a coordinate that is not below p,
/// [`Reason::KeyNotOnCurve`], and [`Reason::KeyIsIdentity`] for the single byte 00.
pub fn parse<G: Group>(bytes: &[u8]) -> Result<Affine<G>, Reason> {
    match bytes {
        [0] => Err(Reason::KeyIsIdentity),
        [4, coordinates @ ..] if coordinates.len() == 64 => {
            let (x, y) = coordinates.split_at(32);
            let point = Affine { x: coordinate::<G>(x)?, y: coordinate::<G>(y)? };
            if point.is_on_curve() { Ok(point) } else { Err(Reason::KeyNotOnCurve) }
        }
        [prefix @ (2 | 3), x @ ..] if x.len() == 32 => Affine::lift_x_var(coordinate::<G>(x)?, *prefix == 3).ok_or(Reason::KeyNotOnCurve),
        _ => Err(Reason::KeyMalformed),
    }
}

fn coordinate<G: Group>(bytes: &[u8]) -> Result<G::Base, Reason> {
    let bytes = bytes.try_into().map_err(|_| Reason::KeyMalformed)?;
    G::Base::from_limbs(&limbs::from_be_bytes(bytes)).ok_or(Reason::KeyMalformed)
}
