//! Many points at once, in the lanes of vectors. All is generic over the lanes ([`crate::field::lanes`]): eight side by side, or one alone.
//!
//! Points are packed between the steps. An affine addition needs an inversion, which hundreds of additions share: then it costs 5 products and
//! a square, where mixed Jacobian ones cost 8 and 3.
//!
//! - [`add`]: sums of independent pairs of points.
//! - [`sum`]: sums of lists of points, as rounds of pairs.
//! - [`windows`]: signed digits of fixed width.
//! - [`fixed_base`]: tables of a point that is multiplied often; a product is then a list of their rows.
//! - [`variable_base`]: products of points that are multiplied once.
//! - [`buckets`]: one sum of products of many points (Pippenger's method).
//! - [`lift`]: points from their x.

pub mod add;
pub mod fixed_base;
pub mod sum;
pub mod variable_base;
pub mod windows;

#[cfg(test)]
mod tests;

use super::{Group, point::Affine};
use crate::field::{
    Field,
    lanes::{Lanes, PackedPoint},
};

/// A point of a sum: a packed one or its opposite.
#[derive(Clone, Copy, Debug)]
pub struct Term<'a> {
    /// The point.
    pub point: &'a PackedPoint,
    /// Whether its opposite is meant.
    pub negative: bool,
}

impl Term<'_> {
    /// Nothing.
    pub const IDENTITY: Self = Self { point: &PackedPoint::IDENTITY, negative: false };
}

impl<'a> From<&'a PackedPoint> for Term<'a> {
    fn from(point: &'a PackedPoint) -> Self {
        Self { point, negative: false }
    }
}

/// Packs points for the lanes `L`.
#[must_use]
pub fn pack<G: Group, L: Lanes<Field = G::Base>>(instructions: L::Instructions, points: &[Affine<G>]) -> Vec<PackedPoint> {
    let mut packed = Vec::with_capacity(points.len());
    for chunk in points.chunks(L::WIDTH) {
        // The identity is (0, 0) in both notations.
        let lanes = |coordinate: fn(&Affine<G>) -> &G::Base| {
            L::from_integers(instructions, |lane| chunk.get(lane).map_or([0; 4], |point| coordinate(point).to_limbs()))
        };
        L::store_points(lanes(|point| &point.x), lanes(|point| &point.y), |lane, point| {
            if lane < chunk.len() {
                packed.push(point);
            }
        });
    }
    packed
}

/// The affine forms of points that the lanes `L` packed.
#[must_use]
pub fn unpack<G: Group, L: Lanes<Field = G::Base>>(instructions: L::Instructions, packed: &[PackedPoint]) -> Vec<Affine<G>> {
    let mut points = Vec::with_capacity(packed.len());
    let element = |integer| G::Base::from_limbs(&integer).expect("lanes give integers below the modulus");
    for chunk in packed.chunks(L::WIDTH) {
        let (x, y, _) = L::load_points(instructions, |lane| chunk.get(lane).unwrap_or(&PackedPoint::IDENTITY));
        let mut rows = [Affine::IDENTITY; crate::field::lanes::WIDTH_MAX];
        x.integers(|lane, integer| rows[lane].x = element(integer));
        y.integers(|lane, integer| rows[lane].y = element(integer));
        points.extend_from_slice(&rows[..chunk.len()]);
    }
    points
}
