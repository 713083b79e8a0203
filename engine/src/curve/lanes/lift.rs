//! Points from their x and the parity of their y.

use std::marker::PhantomData;

use crate::{
    curve::{CoefficientA, Group},
    field::{
        Field,
        lanes::{Lanes, LanesSum, Mask, PackedPoint, portable::FourLimbs},
        limbs::Limbs,
    },
    simd::{Instructions, Kernel},
};

/// x of a point, below p, and whether its y is odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abscissa {
    /// x.
    pub x: Limbs,
    /// Whether y is odd.
    pub y_is_odd: bool,
}

/// The point of each abscissa; the identity where the curve has no point with this x.
#[must_use]
pub fn lift<G: Group, L: Lanes<Field = G::Base>>(instructions: L::Instructions, abscissae: &[Abscissa]) -> Vec<PackedPoint> {
    instructions.run(Lift::<G, L> { instructions, abscissae, group: PhantomData })
}

struct Lift<'a, G, L: Lanes> {
    instructions: L::Instructions,
    abscissae: &'a [Abscissa],
    group: PhantomData<G>,
}

impl<G: Group, L: Lanes<Field = G::Base>> Kernel for Lift<'_, G, L> {
    type Output = Vec<PackedPoint>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let mut points = Vec::with_capacity(self.abscissae.len());
        let curve = Curve::<L>::new::<G>(self.instructions);
        for chunk in self.abscissae.chunks(L::WIDTH) {
            let x = L::from_integers(self.instructions, |lane| chunk.get(lane).map_or([0; 4], |abscissa| abscissa.x));
            let square = curve.right_side(x);
            let root = G::Base::sqrt_candidate(square);
            let is_root = root.square().sub(square).is_zero();
            let mut is_odd: Mask = 0;
            root.integers(|lane, integer| is_odd |= (integer[0] as Mask & 1) << lane);
            let wanted =
                (0..L::WIDTH).fold(0, |mask, lane| mask | Mask::from(chunk.get(lane).is_some_and(|abscissa| abscissa.y_is_odd)) << lane);
            L::store_points(x, root.negate(is_odd ^ wanted), |lane, point| {
                if lane < chunk.len() {
                    points.push(if is_root >> lane & 1 == 1 { point } else { PackedPoint::IDENTITY });
                }
            });
        }
        points
    }
}

/// The points with these coordinates, x and y below p; the identity where they are on no point of the curve.
#[must_use]
pub fn check<G: Group, L: Lanes<Field = G::Base>>(instructions: L::Instructions, coordinates: &[[Limbs; 2]]) -> Vec<PackedPoint> {
    instructions.run(Check::<G, L> { instructions, coordinates, group: PhantomData })
}

struct Check<'a, G, L: Lanes> {
    instructions: L::Instructions,
    coordinates: &'a [[Limbs; 2]],
    group: PhantomData<G>,
}

impl<G: Group, L: Lanes<Field = G::Base>> Kernel for Check<'_, G, L> {
    type Output = Vec<PackedPoint>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let mut points = Vec::with_capacity(self.coordinates.len());
        let curve = Curve::<L>::new::<G>(self.instructions);
        for chunk in self.coordinates.chunks(L::WIDTH) {
            let load = |side: usize| L::from_integers(self.instructions, |lane| chunk.get(lane).map_or([0; 4], |point| point[side]));
            let (x, y) = (load(0), load(1));
            let is_on_curve = y.square().sub(curve.right_side(x)).is_zero();
            L::store_points(x, y, |lane, point| {
                if lane < chunk.len() {
                    points.push(if is_on_curve >> lane & 1 == 1 { point } else { PackedPoint::IDENTITY });
                }
            });
        }
        points
    }
}

/// The constants of a curve's equation, in all lanes.
#[derive(Clone, Copy)]
pub(super) struct Curve<L> {
    a: CoefficientA,
    b: L,
    one: L,
}

impl<L: Lanes> Curve<L> {
    #[inline(always)]
    pub(super) fn new<G: Group<Base = L::Field>>(instructions: L::Instructions) -> Self {
        Self { a: G::A, b: L::from_integers(instructions, |_| G::B.to_limbs()), one: L::one(instructions) }
    }

    /// x^3 + a x + b.
    #[inline(always)]
    pub(super) fn right_side(&self, x: L) -> L {
        let square = x.square();
        let with_a = match self.a {
            CoefficientA::Zero => square,
            CoefficientA::MinusThree => square.sum().minus(self.one).minus(self.one).minus(self.one).reduce(),
        };
        with_a.mul(x).add(self.b)
    }
}
