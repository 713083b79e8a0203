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
//! - [`double_product`]: u1*G + u2*Q.
//! - [`buckets`]: one sum of products of many points (Pippenger's method).
//! - [`lift`]: points from their x.

pub mod add;
pub mod buckets;
pub mod double_product;
pub mod fixed_base;
pub mod lift;
pub mod sum;
pub mod variable_base;
pub mod windows;

#[cfg(test)]
mod tests;

use super::{Group, point::Affine};
use crate::{
    field::{
        Field,
        lanes::{Lanes, PackedPoint, WIDTH_MAX},
        limbs::Limbs,
    },
    simd::{Instructions, Kernel},
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
    instructions.run(Pack::<G, L> { instructions, points })
}

struct Pack<'a, G: Group, L: Lanes> {
    instructions: L::Instructions,
    points: &'a [Affine<G>],
}

impl<G: Group, L: Lanes<Field = G::Base>> Kernel for Pack<'_, G, L> {
    type Output = Vec<PackedPoint>;

    #[inline(always)]
    fn run(self) -> Vec<PackedPoint> {
        let mut packed = vec![PackedPoint::IDENTITY; self.points.len()];
        for (points, packed) in self.points.chunks(L::WIDTH).zip(packed.chunks_mut(L::WIDTH)) {
            // The identity is (0, 0) in both notations.
            let integer =
                |point: Option<&Affine<G>>, coordinate: fn(&Affine<G>) -> &G::Base| point.map_or([0; 4], |p| coordinate(p).to_limbs());
            let x = L::from_integers(self.instructions, |lane| integer(points.get(lane), |point| &point.x));
            let y = L::from_integers(self.instructions, |lane| integer(points.get(lane), |point| &point.y));
            L::store_points(x, y, |lane, point| {
                if let Some(slot) = packed.get_mut(lane) {
                    *slot = point;
                }
            });
        }
        packed
    }
}

/// The affine forms of points that the lanes `L` packed.
#[must_use]
pub fn unpack<G: Group, L: Lanes<Field = G::Base>>(instructions: L::Instructions, packed: &[PackedPoint]) -> Vec<Affine<G>> {
    let coordinates = integers::<L>(instructions, packed);
    let element = |integer| G::Base::from_limbs(integer).expect("lanes give integers below the modulus");
    coordinates.iter().map(|[x, y]| Affine { x: element(x), y: element(y) }).collect()
}

/// x and y of points that the lanes `L` packed; zeros for the identity.
#[must_use]
pub fn integers<L: Lanes>(instructions: L::Instructions, packed: &[PackedPoint]) -> Vec<[Limbs; 2]> {
    instructions.run(Integers::<L> { instructions, packed })
}

struct Integers<'a, L: Lanes> {
    instructions: L::Instructions,
    packed: &'a [PackedPoint],
}

impl<L: Lanes> Kernel for Integers<'_, L> {
    type Output = Vec<[Limbs; 2]>;

    #[inline(always)]
    fn run(self) -> Vec<[Limbs; 2]> {
        let mut integers = vec![[[0; 4]; 2]; self.packed.len() + WIDTH_MAX];
        for (start, packed) in self.packed.chunks(L::WIDTH).enumerate().map(|(chunk, packed)| (chunk * L::WIDTH, packed)) {
            let (x, y, _) = L::load_points(self.instructions, |lane| packed.get(lane).unwrap_or(&PackedPoint::IDENTITY));
            x.integers(|lane, integer| integers[start + lane][0] = integer);
            y.integers(|lane, integer| integers[start + lane][1] = integer);
        }
        integers.truncate(self.packed.len());
        integers
    }
}
