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
    match read(bytes)? {
        Key::Whole(point) => Ok(point),
        Key::Compressed { x, y_is_odd } => Affine::lift_x_var(x, y_is_odd).ok_or(Reason::KeyNotOnCurve),
    }
}

/// What SEC1 bytes hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<G: Group> {
    /// A point of the curve.
    Whole(Affine<G>),
    /// x, and which of the two points with this x it is, if there are any: that takes a square root, and is not known yet.
    Compressed {
        /// x.
        x: G::Base,
        /// Whether y is odd.
        y_is_odd: bool,
    },
}

/// [`parse`] but for the square root, which many keys can share the lanes for.
///
/// # Errors
/// As [`parse`]; of a compressed key, [`Reason::KeyNotOnCurve`] comes to light with the square root.
pub fn read<G: Group>(bytes: &[u8]) -> Result<Key<G>, Reason> {
    match bytes {
        [0] => Err(Reason::KeyIsIdentity),
        [4, coordinates @ ..] if coordinates.len() == 64 => {
            let (x, y) = coordinates.split_at(32);
            let point = Affine { x: coordinate::<G>(x)?, y: coordinate::<G>(y)? };
            if point.is_on_curve() { Ok(Key::Whole(point)) } else { Err(Reason::KeyNotOnCurve) }
        }
        [prefix @ (2 | 3), x @ ..] if x.len() == 32 => Ok(Key::Compressed { x: coordinate::<G>(x)?, y_is_odd: *prefix == 3 }),
        _ => Err(Reason::KeyMalformed),
    }
}

fn coordinate<G: Group>(bytes: &[u8]) -> Result<G::Base, Reason> {
    let bytes = bytes.try_into().map_err(|_| Reason::KeyMalformed)?;
    G::Base::from_limbs(&limbs::from_be_bytes(bytes)).ok_or(Reason::KeyMalformed)
}
