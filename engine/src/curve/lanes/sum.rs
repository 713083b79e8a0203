//! Sums of lists of points, as rounds of pairs.

use super::{Term, add::Adder};
use crate::{
    curve::Group,
    field::lanes::{Lanes, PackedPoint},
};

/// The sum of `len` terms for each of `items` items: term(i, k) for k below `len`.
///
/// All items take each round together, so that their additions share inversions.
#[must_use]
pub fn sum_lists<'a, G: Group, L: Lanes<Field = G::Base>>(
    adder: &mut Adder<G, L>,
    items: usize,
    len: usize,
    term: impl Fn(usize, usize) -> Term<'a>,
) -> Vec<PackedPoint> {
    let mut half = len.div_ceil(2);
    let mut sums = vec![PackedPoint::IDENTITY; items * half];
    let at = |index: usize, half: usize| (index / half, index % half);
    adder.add(&mut sums, |index| {
        let (item, k) = at(index, half);
        [2 * k, 2 * k + 1].map(|k| if k < len { term(item, k) } else { Term::IDENTITY })
    });
    while half > 1 {
        let (len, before) = (half, sums);
        half = len.div_ceil(2);
        sums = vec![PackedPoint::IDENTITY; items * half];
        adder.add(&mut sums, |index| {
            let (item, k) = at(index, half);
            [2 * k, 2 * k + 1].map(|k| if k < len { (&before[item * len + k]).into() } else { Term::IDENTITY })
        });
    }
    sums
}
