//! Points and the group law. The law holds for any two points: equal and opposite ones and the identity included.

use super::{CoefficientA, Group};
use crate::field::{Field, lanes::portable::FourLimbs};

/// A point by its coordinates. The identity is written (0, 0), which is on no curve with b != 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affine<G: Group> {
    /// x.
    pub x: G::Base,
    /// y.
    pub y: G::Base,
}

/// A point (X, Y, Z) that stands for x = X/Z^2, y = Y/Z^3; the identity has Z = 0.
#[derive(Clone, Copy, Debug)]
pub struct Jacobian<G: Group> {
    /// X.
    pub x: G::Base,
    /// Y.
    pub y: G::Base,
    /// Z.
    pub z: G::Base,
}

impl<G: Group> Affine<G> {
    /// The identity.
    pub const IDENTITY: Self = Self { x: G::Base::ZERO, y: G::Base::ZERO };

    /// Whether this is the identity.
    #[inline(always)]
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.x.is_zero() && self.y.is_zero()
    }

    /// x^3 + a x + b.
    #[must_use]
    pub fn right_side(x: &G::Base) -> G::Base {
        let square = x.square();
        let with_a = match G::A {
            CoefficientA::Zero => square,
            CoefficientA::MinusThree => square.sub(&G::Base::ONE.double().add(&G::Base::ONE)),
        };
        with_a.mul(x).add(&G::B)
    }

    /// Whether the coordinates satisfy the curve's equation.
    #[must_use]
    pub fn is_on_curve(&self) -> bool {
        self.y.square() == Self::right_side(&self.x)
    }

    /// The point with this x whose y is odd or even, or `None` where the curve has no point with this x.
    #[must_use]
    pub fn lift_x_var(x: G::Base, odd: bool) -> Option<Self> {
        let y = Self::right_side(&x).sqrt_var()?;
        // No y is 0 here: the order is odd, so no point is its own opposite.
        Some(Self { x, y: if y.is_odd() == odd { y } else { y.neg() } })
    }

    /// -self.
    #[inline(always)]
    #[must_use]
    pub fn neg(&self) -> Self {
        Self { x: self.x, y: self.y.neg() }
    }
}

impl<G: Group> From<Affine<G>> for Jacobian<G> {
    fn from(point: Affine<G>) -> Self {
        let z = if point.is_identity() { G::Base::ZERO } else { G::Base::ONE };
        Self { x: point.x, y: point.y, z }
    }
}

impl<G: Group> Jacobian<G> {
    /// The identity.
    pub const IDENTITY: Self = Self { x: G::Base::ONE, y: G::Base::ONE, z: G::Base::ZERO };

    /// Whether this is the identity.
    #[inline(always)]
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.z.is_zero()
    }

    /// 2*self: 3M + 4S where a = 0, 4M + 4S where a = -3.
    ///
    /// With L = (3 X^2 + a Z^4)/2, S = Y^2 and T = -X S: X' = L^2 + 2T, Y' = -(L (X' + T) + S^2), Z' = Y Z.
    #[inline]
    #[must_use]
    pub fn double(&self) -> Self {
        let triple = |a: G::Base| a.double().add(&a);
        let l = match G::A {
            CoefficientA::Zero => triple(self.x.square()),
            CoefficientA::MinusThree => {
                let z2 = self.z.square();
                triple(self.x.sub(&z2).mul(&self.x.add(&z2)))
            }
        }
        .half();
        let s = self.y.square();
        let xs = self.x.mul(&s);
        let x = l.square().sub(&xs.double());
        let y = l.mul(&xs.sub(&x)).sub(&s.square());
        Self { x, y, z: self.y.mul(&self.z) }
    }

    /// self + other, for an affine point: 8M + 3S.
    #[inline]
    #[must_use]
    pub fn add_affine(&self, other: &Affine<G>) -> Self {
        if other.is_identity() {
            return *self;
        }
        if self.is_identity() {
            return (*other).into();
        }
        let z2 = self.z.square();
        let h = other.x.mul(&z2).sub(&self.x);
        let r = other.y.mul(&z2.mul(&self.z)).sub(&self.y);
        if h.is_zero() {
            return if r.is_zero() { self.double() } else { Self::IDENTITY };
        }
        Self::chord(&self.x, &self.y, &h, &r, self.z.mul(&h))
    }

    /// self + other: 12M + 4S.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        if other.is_identity() {
            return *self;
        }
        if self.is_identity() {
            return *other;
        }
        let (z1_2, z2_2) = (self.z.square(), other.z.square());
        let u1 = self.x.mul(&z2_2);
        let s1 = self.y.mul(&z2_2.mul(&other.z));
        let h = other.x.mul(&z1_2).sub(&u1);
        let r = other.y.mul(&z1_2.mul(&self.z)).sub(&s1);
        if h.is_zero() {
            return if r.is_zero() { self.double() } else { Self::IDENTITY };
        }
        Self::chord(&u1, &s1, &h, &r, self.z.mul(&other.z).mul(&h))
    }

    /// The third point of the chord, from u1 = x1, s1 = y1 over the common denominator and the differences h of x and r of y.
    #[inline(always)]
    fn chord(u1: &G::Base, s1: &G::Base, h: &G::Base, r: &G::Base, z: G::Base) -> Self {
        let h2 = h.square();
        let h3 = h2.mul(h);
        let v = u1.mul(&h2);
        let x = r.square().sub(&h3).sub(&v.double());
        let y = r.mul(&v.sub(&x)).sub(&s1.mul(&h3));
        Self { x, y, z }
    }

    /// Whether x = candidate, for a point that is not the identity.
    #[must_use]
    pub fn x_equals(&self, candidate: &G::Base) -> bool {
        candidate.mul(&self.z.square()) == self.x
    }

    /// The affine form.
    #[must_use]
    pub fn to_affine_var(&self) -> Affine<G> {
        let inverse = self.z.invert_var();
        self.scaled(&inverse)
    }

    /// The affine forms of many points, with one inversion for all (Montgomery's trick).
    #[must_use]
    pub fn to_affine_all_var(points: &[Self]) -> Vec<Affine<G>> {
        let mut affine = vec![Affine::IDENTITY; points.len()];
        Self::to_affine_into_var(points, &mut affine);
        affine
    }

    /// As [`Self::to_affine_all_var`], into a slice of the same length.
    ///
    /// # Panics
    /// Where the lengths differ.
    pub fn to_affine_into_var(points: &[Self], affine: &mut [Affine<G>]) {
        assert_eq!(points.len(), affine.len());
        // affine[i].x holds the product of all z before point i. An identity's z counts as 1, so that it spoils no other.
        let factor = |point: &Self| if point.is_identity() { G::Base::ONE } else { point.z };
        let mut product = G::Base::ONE;
        for (point, out) in points.iter().zip(&mut *affine) {
            out.x = product;
            product = product.mul(&factor(point));
        }
        let mut inverse = product.invert_var();
        for (point, out) in points.iter().zip(affine).rev() {
            let z_inverse = inverse.mul(&out.x);
            inverse = inverse.mul(&factor(point));
            *out = point.scaled(&z_inverse);
        }
    }

    /// (X/Z^2, Y/Z^3) given 1/Z; the identity for the identity.
    fn scaled(&self, z_inverse: &G::Base) -> Affine<G> {
        if self.is_identity() {
            return Affine::IDENTITY;
        }
        let z2 = z_inverse.square();
        Affine { x: self.x.mul(&z2), y: self.y.mul(&z2.mul(z_inverse)) }
    }
}
