//! A few elements of one field side by side: one a vector lane where the processor has the instructions, else one alone.
//!
//! - [`portable`]: one element, in the field's own arithmetic.
//! - [`ifma`]: eight elements, by the 52-bit products of AVX-512.
//!
//! Between kernels elements are kept packed: four limbs, below the modulus, in the form of the lanes that made them (plain or Montgomery).

#[cfg(target_arch = "x86_64")]
pub mod ifma;
pub mod portable;

#[cfg(test)]
mod tests;

use super::limbs::Limbs;
use crate::simd::Instructions;
use portable::FourLimbs;

/// One bit a lane.
pub type Mask = u8;

/// An element as it is kept between kernels. What its integer means is known to the lanes that packed it.
pub type Packed = Limbs;

/// x and y of a point, packed: one cache line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(64))]
pub struct PackedPoint(pub [u64; 8]);

impl PackedPoint {
    /// The identity, which has no coordinates: (0, 0) is on none of the curves.
    pub const IDENTITY: Self = Self([0; 8]);

    /// From its coordinates.
    #[inline(always)]
    #[must_use]
    pub const fn new(x: &Packed, y: &Packed) -> Self {
        Self([x[0], x[1], x[2], x[3], y[0], y[1], y[2], y[3]])
    }

    /// x.
    #[inline(always)]
    #[must_use]
    pub const fn x(&self) -> Packed {
        let [a, b, c, d, ..] = self.0;
        [a, b, c, d]
    }

    /// y.
    #[inline(always)]
    #[must_use]
    pub const fn y(&self) -> Packed {
        let [.., a, b, c, d] = self.0;
        [a, b, c, d]
    }
}

/// How elements are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// As [`portable`] does: the limbs of the field's own arithmetic.
    Own,
    /// As [`ifma`] does: times 2^260, for the fields in Montgomery form.
    Ifma,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 2] = [Self::Own, Self::Ifma];
}

/// The most lanes that there can be.
pub const WIDTH_MAX: usize = 8;

/// [`Lanes::WIDTH`] elements of one field, at most [`WIDTH_MAX`].
pub trait Lanes: Copy + Send + Sync + 'static {
    /// The field.
    type Field: FourLimbs;
    /// The instructions that the lanes need.
    type Instructions: Instructions;
    /// A sum of elements that is not yet reduced: at most 64 terms.
    type Sum: LanesSum<Lanes = Self>;

    /// The number of lanes.
    const WIDTH: usize;

    /// How they pack.
    const FORM: Form;

    /// A bit for each lane.
    const ALL: Mask = (0xff_u16 >> (8 - Self::WIDTH)) as Mask;

    /// The same element in all lanes.
    fn splat(instructions: Self::Instructions, packed: &Packed) -> Self;

    /// The elements of integers below the modulus.
    fn from_integers(instructions: Self::Instructions, integer: impl Fn(usize) -> Limbs) -> Self;

    /// The integer of each lane, below the modulus.
    fn integers(self, put: impl FnMut(usize, Limbs));

    /// The elements that were packed.
    fn load(instructions: Self::Instructions, packed: impl Fn(usize) -> Packed) -> Self;

    /// Each lane, packed.
    fn store(self, put: impl FnMut(usize, Packed));

    /// x and y of points that were packed, and a bit for each that is [`PackedPoint::IDENTITY`].
    fn load_points<'a>(instructions: Self::Instructions, point: impl Fn(usize) -> &'a PackedPoint) -> (Self, Self, Mask);

    /// A point a lane, packed.
    fn store_points(x: Self, y: Self, put: impl FnMut(usize, PackedPoint));

    /// self * other.
    #[must_use]
    fn mul(self, other: Self) -> Self;

    /// self^2.
    #[must_use]
    fn square(self) -> Self;

    /// 1/self in each lane, by one inversion; anything where a lane is 0.
    #[must_use]
    fn invert_var(self) -> Self;

    /// self, as the first term of a sum.
    fn sum(self) -> Self::Sum;

    /// A bit for each lane that is 0.
    fn is_zero(self) -> Mask;

    /// The lanes of `other` where the mask has a bit, else those of `self`.
    #[must_use]
    fn blend(self, mask: Mask, other: Self) -> Self;

    /// self^(2^times).
    #[inline(always)]
    #[must_use]
    fn squared(self, times: u32) -> Self {
        let mut power = self;
        for _ in 0..times {
            power = power.square();
        }
        power
    }

    /// x^(2^(a + b) - 1), given self = x^(2^a - 1) and other = x^(2^b - 1): the step of addition chains for exponents with ones in a row.
    #[inline(always)]
    #[must_use]
    fn ones(self, b: u32, other: Self) -> Self {
        self.squared(b).mul(other)
    }

    /// 1 in all lanes.
    #[inline(always)]
    #[must_use]
    fn one(instructions: Self::Instructions) -> Self {
        Self::from_integers(instructions, |_| [1, 0, 0, 0])
    }

    /// self + other.
    #[inline(always)]
    #[must_use]
    fn add(self, other: Self) -> Self {
        self.sum().plus(other).reduce()
    }

    /// self - other.
    #[inline(always)]
    #[must_use]
    fn sub(self, other: Self) -> Self {
        self.sum().minus(other).reduce()
    }

    /// 2*self.
    #[inline(always)]
    #[must_use]
    fn double(self) -> Self {
        self.sum().twice().reduce()
    }

    /// The opposite of each lane that has a bit in the mask.
    #[inline(always)]
    #[must_use]
    fn negate(self, mask: Mask) -> Self {
        self.blend(mask, self.sum().minus(self).minus(self).reduce())
    }
}

/// A sum of elements that is reduced once, at its end. Every operation counts as many terms as its operands have, and there are at most 64.
pub trait LanesSum: Copy {
    /// What it sums.
    type Lanes;

    /// self + other.
    #[must_use]
    fn plus(self, other: Self::Lanes) -> Self;

    /// self - other.
    #[must_use]
    fn minus(self, other: Self::Lanes) -> Self;

    /// 2*self.
    #[must_use]
    fn twice(self) -> Self;

    /// The sum as an element.
    #[must_use]
    fn reduce(self) -> Self::Lanes;
}
