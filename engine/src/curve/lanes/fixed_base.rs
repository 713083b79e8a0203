//! Tables of a point that is multiplied often: all multiples that a digit can name, at every position. A product is then a sum of rows.

use super::{Term, add::Adder, pack, windows};
use crate::{
    curve::{Group, point::{Affine, Jacobian}},
    field::lanes::{Lanes, PackedPoint},
};

/// Bits of the magnitude of a scalar: see [`windows::SignedScalar`].
const SCALAR_BITS: u32 = 255;

/// d * 2^(width i) * P for all digits d from 1 to 2^(width-1) and all positions i.
#[derive(Debug)]
pub struct FixedBase {
    width: u32,
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

    /// The tables of several points, of a width from 2 to 16, made together: each takes about as many additions as it has points.
    #[must_use]
    pub fn of_points<G: Group, L: Lanes<Field = G::Base>>(adder: &mut Adder<G, L>, points: &[Affine<G>], width: u32) -> Vec<Self> {
        let (positions, row) = (Self::digits_of(width), 1 << (width - 1));
        // The first point of each row by doublings, all rows of a point in one run.
        let mut firsts = Vec::with_capacity(points.len() * positions);
        for point in points {
            let doubled = |last: &Jacobian<G>| Some((0..width).fold(*last, |point, _| point.double()));
            firsts.extend(std::iter::successors(Some(Jacobian::from(*point)), doubled).take(positions));
        }
        let firsts = pack::<G, L>(adder.instructions(), &Jacobian::to_affine_all_var(&firsts));
        // By columns: multiples[(d - 1) * rows + r] is d times the first point of row r.
        let rows = firsts.len();
        let mut multiples = firsts;
        multiples.resize(rows * row, PackedPoint::IDENTITY);
        multiply_up(adder, &mut multiples, rows);
        let table = |table: usize| {
            let points = (0..positions * row).map(|index| multiples[(index % row) * rows + table * positions + index / row]).collect();
            Self { width, points }
        };
        (0..points.len()).map(table).collect()
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
        let index = (position << (self.width - 1)) + digit.unsigned_abs() as usize - 1;
        Term { point: &self.points[index], negative: digit < 0 }
    }
}

/// Fills multiples[(d - 1) * count + i] with d times multiples[i], for i below `count` and d up to a power of two. Each round doubles what is
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
