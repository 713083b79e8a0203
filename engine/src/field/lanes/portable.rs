//! One element alone, in the field's own arithmetic: for processors without wide vectors, and as the other lanes' oracle.

use super::{Form, Lanes, LanesSum, Mask, Packed, PackedPoint};
use crate::{
    field::{Field, limbs::Limbs},
    simd::Baseline,
};

/// A field whose elements are four limbs, so that lanes can hold them.
pub trait FourLimbs: Field {
    /// lanes^((p + 1)/4), for a prime that is 3 modulo 4: the square root of each lane that has one.
    fn sqrt_candidate<L: Lanes<Field = Self>>(lanes: L) -> L;

    /// A square root, or `None` where there is none.
    fn sqrt_var(&self) -> Option<Self> {
        let Portable(root) = Self::sqrt_candidate(Portable(*self));
        (root.square() == *self).then_some(root)
    }

    /// The limbs that stand for the element.
    fn packed(&self) -> Packed;

    /// The element that limbs stand for.
    fn from_packed(packed: &Packed) -> Self;
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub struct Portable<F>(F);

impl<F: FourLimbs> Lanes for Portable<F> {
    type Field = F;
    type Instructions = Baseline;
    type Sum = Self;

    const WIDTH: usize = 1;
    const FORM: Form = Form::Own;

    #[inline(always)]
    fn splat(_: Baseline, packed: &Packed) -> Self {
        Self(F::from_packed(packed))
    }

    #[inline(always)]
    fn from_integers(_: Baseline, integer: impl Fn(usize) -> Limbs) -> Self {
        Self(F::from_limbs(&integer(0)).expect("the integer is below the modulus"))
    }

    #[inline(always)]
    fn integers(self, mut put: impl FnMut(usize, Limbs)) {
        put(0, self.0.to_limbs());
    }

    #[inline(always)]
    fn load(_: Baseline, packed: impl Fn(usize) -> Packed) -> Self {
        Self(F::from_packed(&packed(0)))
    }

    #[inline(always)]
    fn store(self, mut put: impl FnMut(usize, Packed)) {
        put(0, self.0.packed());
    }

    #[inline(always)]
    fn load_points<'a>(_: Baseline, point: impl Fn(usize) -> &'a PackedPoint) -> (Self, Self, Mask) {
        let point = point(0);
        let [x, y] = [point.x(), point.y()].map(|packed| Self(F::from_packed(&packed)));
        (x, y, Mask::from(*point == PackedPoint::IDENTITY))
    }

    #[inline(always)]
    fn store_points(x: Self, y: Self, mut put: impl FnMut(usize, PackedPoint)) {
        put(0, PackedPoint::new(&x.0.packed(), &y.0.packed()));
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(self.0.mul(&other.0))
    }

    #[inline(always)]
    fn square(self) -> Self {
        Self(self.0.square())
    }

    fn invert_var(self) -> Self {
        Self(self.0.invert_var())
    }

    #[inline(always)]
    fn sum(self) -> Self {
        self
    }

    #[inline(always)]
    fn is_zero(self) -> Mask {
        Mask::from(self.0.is_zero())
    }

    #[inline(always)]
    fn blend(self, mask: Mask, other: Self) -> Self {
        if mask & 1 == 0 { self } else { other }
    }
}

impl<F: FourLimbs> LanesSum for Portable<F> {
    type Lanes = Self;

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self(self.0.add(&other.0))
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        Self(self.0.sub(&other.0))
    }

    #[inline(always)]
    fn twice(self) -> Self {
        Self(self.0.double())
    }

    #[inline(always)]
    fn reduce(self) -> Self {
        self
    }
}
