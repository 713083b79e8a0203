//! Products of points that are multiplied once: fixed windows in Jacobian coordinates, one point a lane.
//!
//! Doublings cost as much as affine ones with shared inversions, and nothing has to be kept of them. Additions have no case for equal or
//! opposite points: these leave Z = 0, which stays 0, and whoever asked is told.

use std::marker::PhantomData;

use super::{
    add::Adder,
    fixed_base::multiply_up,
    windows::{self, SignedScalar},
};
use crate::{
    curve::{CoefficientA, Group},
    field::{
        Field,
        lanes::{Lanes, LanesSum, Mask, PackedPoint},
        limbs::Limbs,
    },
    simd::{Instructions, Kernel},
};

/// Width of the digits: a table of 16 points.
const WIDTH: u32 = 5;
const MULTIPLES: usize = 1 << (WIDTH - 1);
/// Digits of a scalar of 255 bits, and of a half of 128 bits, of which two count as many.
const DIGITS: usize = windows::digits(255, WIDTH);
const HALF_DIGITS: usize = windows::digits(128, WIDTH);

/// A product whose computation met equal or opposite points, or whose result is the identity: it has to be computed in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceptional;

/// Each point times its scalar; the scalars are below `n`, the order.
#[must_use]
pub fn products<G: Group, L: Lanes<Field = G::Base>>(
    adder: &mut Adder<G, L>,
    points: &[PackedPoint],
    scalars: &[Limbs],
    n: &Limbs,
) -> Vec<Result<PackedPoint, Exceptional>> {
    let count = points.len();
    let mut multiples = points.to_vec();
    multiples.resize(count * MULTIPLES, PackedPoint::IDENTITY);
    multiply_up(adder, &mut multiples, count);
    let digits: Vec<Digits> = scalars.iter().map(|scalar| Digits::new::<G>(scalar, n)).collect();
    let instructions = adder.instructions();
    instructions.run(Ladders::<G, L> { instructions, multiples: &multiples, digits: &digits, group: PhantomData })
}

/// The digits of a scalar; for a group with an endomorphism, those of its halves, one after the other.
struct Digits([i8; 2 * HALF_DIGITS]);

const _: () = assert!(DIGITS <= 2 * HALF_DIGITS);

impl Digits {
    fn new<G: Group>(scalar: &Limbs, n: &Limbs) -> Self {
        let mut digits = [0; 2 * HALF_DIGITS];
        match &G::ENDOMORPHISM {
            Some(endomorphism) => {
                for (half, digits) in (endomorphism.split)(scalar).into_iter().zip(digits.chunks_mut(HALF_DIGITS)) {
                    SignedScalar { magnitude: half.magnitude, negative: half.negative }.write_digits(WIDTH, digits);
                }
            }
            None => SignedScalar::new(scalar, n).write_digits(WIDTH, &mut digits[..DIGITS]),
        }
        Self(digits.map(|digit| digit as i8))
    }
}

/// The products, by columns of multiples: d times point i stands at place (d - 1) * `digits.len()` + i.
struct Ladders<'a, G, L: Lanes> {
    instructions: L::Instructions,
    multiples: &'a [PackedPoint],
    digits: &'a [Digits],
    group: PhantomData<G>,
}

impl<G: Group, L: Lanes<Field = G::Base>> Kernel for Ladders<'_, G, L> {
    type Output = Vec<Result<PackedPoint, Exceptional>>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let count = self.digits.len();
        let one = L::one(self.instructions);
        let mut ladders = Vec::with_capacity(count.div_ceil(L::WIDTH));
        let mut product = one;
        for start in (0..count).step_by(L::WIDTH) {
            let point = self.ladder(start, one);
            let exceptional = point.z.is_zero() | point.identity;
            let z = point.z.blend(exceptional, one);
            ladders.push((Jacobian { z, ..point }, exceptional, product));
            product = product.mul(z);
        }
        let mut inverse = product.invert_var();
        let mut products = vec![Err(Exceptional); count];
        for ((point, exceptional, before), products) in ladders.into_iter().zip(products.chunks_mut(L::WIDTH)).rev() {
            let z_inverse = inverse.mul(before);
            inverse = inverse.mul(point.z);
            let z2 = z_inverse.square();
            L::store_points(point.x.mul(z2), point.y.mul(z2.mul(z_inverse)), |lane, point| {
                if let Some(product) = products.get_mut(lane).filter(|_| exceptional >> lane & 1 == 0) {
                    *product = Ok(point);
                }
            });
        }
        products
    }
}

impl<G: Group, L: Lanes<Field = G::Base>> Ladders<'_, G, L> {
    /// The products of the points from `start` on.
    #[inline(always)]
    fn ladder(&self, start: usize, one: L) -> Jacobian<G, L> {
        let beta = G::ENDOMORPHISM.map(|endomorphism| L::from_integers(self.instructions, |_| endomorphism.beta.to_limbs()));
        let digits = if beta.is_some() { HALF_DIGITS } else { DIGITS };
        let mut sum = Jacobian { x: one, y: one, z: one, identity: L::ALL, group: PhantomData };
        for position in (0..digits).rev() {
            if position + 1 < digits {
                for _ in 0..WIDTH {
                    sum = sum.double();
                }
            }
            let terms = if beta.is_some() { 2 } else { 1 };
            for half in 0..terms {
                let (x, y, skip) = self.multiple(start, half * HALF_DIGITS + position);
                let x = if let (1, Some(beta)) = (half, beta) { x.mul(beta) } else { x };
                sum = sum.add(x, y, skip, one);
            }
        }
        sum
    }

    /// The multiples that the digits at a place name, and which lanes have none.
    #[inline(always)]
    fn multiple(&self, start: usize, place: usize) -> (L, L, Mask) {
        let count = self.digits.len();
        let digit = |lane: usize| self.digits.get(start + lane).map_or(0, |digits| digits.0[place]);
        let (x, y, identity) = L::load_points(self.instructions, |lane| match digit(lane) {
            0 => &PackedPoint::IDENTITY,
            digit => &self.multiples[(usize::from(digit.unsigned_abs()) - 1) * count + start + lane],
        });
        let negative = (0..L::WIDTH).fold(0, |mask, lane| mask | Mask::from(digit(lane) < 0) << lane);
        (x, y.negate(negative), identity)
    }
}

/// Points (X, Y, Z), one a lane; the lanes of `identity` hold the identity whatever their coordinates.
#[derive(Clone, Copy)]
struct Jacobian<G, L> {
    x: L,
    y: L,
    z: L,
    identity: Mask,
    group: PhantomData<G>,
}

impl<G: Group, L: Lanes<Field = G::Base>> Jacobian<G, L> {
    /// 2*self: 4M + 3S where a = 0, 5M + 3S where a = -3.
    ///
    /// With M = 3 X^2 + a Z^4, S = 2 Y^2 and T = X S: X' = M^2 - 4T, Y' = M (2T - X') - 2 S^2, Z' = 2 Y Z.
    #[inline(always)]
    fn double(self) -> Self {
        let m = match G::A {
            CoefficientA::Zero => self.x.square(),
            CoefficientA::MinusThree => {
                let z2 = self.z.square();
                self.x.sub(z2).mul(self.x.add(z2))
            }
        };
        let m = m.sum().twice().plus(m).reduce();
        let y2 = self.y.double();
        let s = y2.mul(self.y);
        let t = self.x.mul(s);
        let x = m.square().sum().minus(t).minus(t).minus(t).minus(t).reduce();
        let s2 = s.square();
        let y = m.mul(t.sum().twice().minus(x).reduce()).sum().minus(s2).minus(s2).reduce();
        Self { x, y, z: y2.mul(self.z), ..self }
    }

    /// self + (x, y), but for the lanes of `skip`: 8M + 3S. Equal and opposite points leave Z = 0.
    #[inline(always)]
    fn add(self, x: L, y: L, skip: Mask, one: L) -> Self {
        let z2 = self.z.square();
        let h = x.mul(z2).sub(self.x);
        let r = y.mul(z2.mul(self.z)).sub(self.y);
        let h2 = h.square();
        let h3 = h2.mul(h);
        let v = self.x.mul(h2);
        let x3 = r.square().sum().minus(h3).minus(v).minus(v).reduce();
        let y3 = r.mul(v.sub(x3)).sub(self.y.mul(h3));
        let z3 = self.z.mul(h);
        let (first, keep) = (self.identity & !skip, skip);
        Self {
            x: x3.blend(first, x).blend(keep, self.x),
            y: y3.blend(first, y).blend(keep, self.y),
            z: z3.blend(first, one).blend(keep, self.z),
            identity: self.identity & skip,
            ..self
        }
    }
}
