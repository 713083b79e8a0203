//! Tables of a point that is multiplied often: all multiples that a digit can name, at every position. A product is then a sum of rows.

use super::{Term, add::Adder, pack, windows};
use crate::{
    curve::{
        Group,
        point::{Affine, Jacobian},
    },
    field::lanes::{Lanes, PackedPoint},
};

/// Bits of the magnitude of a scalar: see [`windows::SignedScalar`].
const SCALAR_BITS: u32 = 255;

/// d * 2^(width i) * P for all digits d from 1 to 2^(width-1) and all positions i.
#[derive(Debug)]
pub struct FixedBase {
    width: u32,
    positions: usize,
    /// By digits: d * 2^(width i) * P is points[(d - 1) * positions + i].
    points: Vec<PackedPoint>,
}

impl FixedBase {
    /// How many digits a scalar has, and so how many terms a product.
    #[must_use]
    pub const fn digits_of(width: u32) -> usize {
        windows::digits(SCALAR_BITS, width)
    }

    /// The size of a table in bytes.
    #[must_use]
    pub const fn bytes_of(width: u32) -> usize {
        (Self::digits_of(width) << (width - 1)) * size_of::<PackedPoint>()
    }

    /// The table of a point, of a width from 2 to 16: about as many additions as it has points.
    #[must_use]
    pub fn new<G: Group, L: Lanes<Field = G::Base>>(adder: &mut Adder<G, L>, point: &Affine<G>, width: u32) -> Self {
        let positions = Self::digits_of(width);
        let doubled = |last: &Jacobian<G>| Some((0..width).fold(*last, |point, _| point.double()));
        let firsts: Vec<_> = std::iter::successors(Some(Jacobian::from(*point)), doubled).take(positions).collect();
        let mut points = Vec::with_capacity(positions << (width - 1));
        points.extend(pack::<G, L>(adder.instructions(), &Jacobian::to_affine_all_var(&firsts)));
        points.resize(points.capacity(), PackedPoint::IDENTITY);
        multiply_up(adder, &mut points, positions);
        Self { width, positions, points }
    }

    /// The width of its digits.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// The term for a digit at a position.
    #[inline(always)]
    #[must_use]
    pub fn term(&self, position: usize, digit: i32) -> Term<'_> {
        if digit == 0 {
            return Term::IDENTITY;
        }
        let index = (digit.unsigned_abs() as usize - 1) * self.positions + position;
        Term { point: &self.points[index], negative: digit < 0 }
    }
}

/// Fills place (d - 1) * count + i of `multiples` with d times point i, for the first `count` points and d up to a power of two. Each round doubles what is
/// there: d*P = m*P + (d - m)*P for the largest m of the rounds before.
pub(super) fn multiply_up<G: Group, L: Lanes<Field = G::Base>>(adder: &mut Adder<G, L>, multiples: &mut [PackedPoint], count: usize) {
    let mut filled = count;
    while filled < multiples.len() {
        let (lower, upper) = multiples.split_at_mut(filled);
        let largest = filled - count;
        adder.add(&mut upper[..filled], |index| [(&lower[largest + index % count]).into(), (&lower[index]).into()]);
        filled *= 2;
    }
}
