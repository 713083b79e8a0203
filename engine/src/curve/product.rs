//! u1*G + u2*Q by interleaved windows: one run of doublings for all terms (Straus), signed odd digits, tables of odd multiples.

use std::sync::OnceLock;

use super::{
    Group,
    endomorphism::{Endomorphism, SignedHalf},
    lanes::{add::Adder, fixed_base::FixedBase},
    point::{Affine, Jacobian},
    wnaf::Wnaf,
};
use crate::field::{
    Field,
    lanes::{Form, Lanes},
    limbs::Limbs,
};

/// Width of the digits of a key's scalar: a table of 8 points. One more or less costs as much as it saves.
const KEY_WIDTH: u32 = 5;
const KEY_POINTS: usize = 1 << (KEY_WIDTH - 2);

/// Width of the digits of G's scalar: tables of 4,096 points, 256 KiB each, which stay in a second-level cache of 1 MiB.
const GENERATOR_WIDTH: u32 = 14;
const GENERATOR_POINTS: usize = 1 << (GENERATOR_WIDTH - 2);

/// Width of the signed windows of G's scalar in lanes: 20 additions, a table of 5 MiB, which stays in a third-level cache.
const GENERATOR_WINDOW: u32 = 13;

/// G, 3G, 5G, ... and, for groups with an endomorphism, the same of 2^128*G, so that a scalar of G splits by its bits.
pub struct GeneratorTables<G: Group> {
    low: Vec<Affine<G>>,
    high: Vec<Affine<G>>,
    /// For lanes, one a form of packing, made when it is first used.
    fixed_bases: [OnceLock<FixedBase>; Form::ALL.len()],
}

impl<G: Group> GeneratorTables<G> {
    /// Makes the tables: some milliseconds.
    #[must_use]
    pub fn new() -> Self {
        let low = odd_multiples(&G::G);
        let high = if G::ENDOMORPHISM.is_some() {
            let shifted = (0..128).fold(Jacobian::from(G::G), |point, _| point.double());
            odd_multiples(&shifted.to_affine_var())
        } else {
            Vec::new()
        };
        Self { low, high, fixed_bases: Default::default() }
    }

    /// The table of G for these lanes.
    pub fn fixed_base<L: Lanes<Field = G::Base>>(&self, adder: &mut Adder<G, L>) -> &FixedBase {
        self.fixed_bases[L::FORM as usize].get_or_init(|| FixedBase::new(adder, &G::G, GENERATOR_WINDOW))
    }
}

impl<G: Group> Default for GeneratorTables<G> {
    fn default() -> Self {
        Self::new()
    }
}

/// point, 3*point, 5*point, ..., [`GENERATOR_POINTS`] of them.
fn odd_multiples<G: Group>(point: &Affine<G>) -> Vec<Affine<G>> {
    let double = Jacobian::from(*point).double().to_affine_var();
    let multiples: Vec<_> =
        std::iter::successors(Some(Jacobian::from(*point)), |last| Some(last.add_affine(&double))).take(GENERATOR_POINTS).collect();
    Jacobian::to_affine_all_var(&multiples)
}

/// Q, 3Q, ..., 15Q.
fn key_multiples<G: Group>(q: &Affine<G>) -> [Affine<G>; KEY_POINTS] {
    let mut multiples = [Jacobian::from(*q); KEY_POINTS];
    let double = multiples[0].double();
    for i in 1..KEY_POINTS {
        multiples[i] = multiples[i - 1].add(&double);
    }
    let mut affine = [Affine::IDENTITY; KEY_POINTS];
    Jacobian::to_affine_into_var(&multiples, &mut affine);
    affine
}

/// One term of a sum of products: digits, and the odd multiples of the point that they count.
struct Term<'a, G: Group> {
    digits: Wnaf,
    multiples: &'a [Affine<G>],
}

impl<G: Group> Term<'_, G> {
    /// The multiple for the digit at a position.
    #[inline(always)]
    fn at(&self, position: usize) -> Option<Affine<G>> {
        let digit = self.digits.digit(position);
        if digit == 0 {
            return None;
        }
        let multiple = self.multiples[usize::from(digit.unsigned_abs()) / 2];
        Some(if digit > 0 { multiple } else { multiple.neg() })
    }
}

/// The sum of all terms.
fn sum_of_products<G: Group, const TERMS: usize>(terms: &[Term<'_, G>; TERMS]) -> Jacobian<G> {
    let len = terms.iter().map(|term| term.digits.len()).max().unwrap_or(0);
    let mut sum = Jacobian::IDENTITY;
    for position in (0..len).rev() {
        sum = sum.double();
        for term in terms {
            if let Some(point) = term.at(position) {
                sum = sum.add_affine(&point);
            }
        }
    }
    sum
}

/// u1*G + u2*Q, for integers u1, u2 below the order.
#[must_use]
pub fn double_product_var<G: Group>(u1: &Limbs, u2: &Limbs, q: &Affine<G>) -> Jacobian<G> {
    let tables = G::generator_tables();
    let multiples = key_multiples(q);
    match G::ENDOMORPHISM {
        Some(endomorphism) => double_product_split(tables, &endomorphism, u1, u2, &multiples),
        None => sum_of_products(&[
            Term { digits: Wnaf::new_var(u1, false, GENERATOR_WIDTH), multiples: &tables.low },
            Term { digits: Wnaf::new_var(u2, false, KEY_WIDTH), multiples: &multiples },
        ]),
    }
}

/// The same with half the doublings: u1 splits by its bits, u2 by the endomorphism.
fn double_product_split<G: Group>(
    tables: &GeneratorTables<G>,
    endomorphism: &Endomorphism<G::Base>,
    u1: &Limbs,
    u2: &Limbs,
    multiples: &[Affine<G>; KEY_POINTS],
) -> Jacobian<G> {
    let images = multiples.map(|point| Affine { x: point.x.mul(&endomorphism.beta), y: point.y });
    let [k1, k2] = (endomorphism.split)(u2);
    let key_digits = |half: SignedHalf| Wnaf::new_var(&half.magnitude, half.negative, KEY_WIDTH);
    let generator_digits = |low, high| Wnaf::new_var(&[low, high, 0, 0], false, GENERATOR_WIDTH);
    sum_of_products(&[
        Term { digits: generator_digits(u1[0], u1[1]), multiples: &tables.low },
        Term { digits: generator_digits(u1[2], u1[3]), multiples: &tables.high },
        Term { digits: key_digits(k1), multiples },
        Term { digits: key_digits(k2), multiples: &images },
    ])
}
