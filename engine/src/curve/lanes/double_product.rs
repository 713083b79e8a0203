//! u1*G + u2*Q for many pairs of scalars and points.

use super::{
    Term,
    add::Adder,
    fixed_base::FixedBase,
    pack,
    sum::sum_lists,
    variable_base::{self, Exceptional},
    windows::SignedScalar,
};
use crate::{
    curve::{Curve, point::Affine, product},
    field::{
        lanes::{Lanes, PackedPoint},
        limbs::Limbs,
    },
};

/// The factors of one sum of two products.
#[derive(Clone, Copy, Debug)]
pub struct Factors {
    /// The factor of G, below n.
    pub u1: Limbs,
    /// The factor of Q, below n.
    pub u2: Limbs,
}

/// u1*G + u2*Q for each pair of factors and its point Q. Any factors and points do.
#[must_use]
pub fn double_products<C: Curve, L: Lanes<Field = C::Base>>(
    adder: &mut Adder<C, L>,
    factors: &[Factors],
    points: &[Affine<C>],
) -> Vec<PackedPoint> {
    let packed = pack::<C, L>(adder.instructions(), points);
    let scalars: Vec<_> = factors.iter().map(|factors| factors.u2).collect();
    let products = variable_base::products(adder, &packed, &scalars, &C::N);
    let generator = GeneratorTerms::new(adder, factors);
    let mut sums = sum_lists(adder, factors.len(), 1 + generator.len(), |item, k| match k {
        0 => products[item].as_ref().map_or(Term::IDENTITY, Term::from),
        _ => generator.term(item, k - 1),
    });
    for (index, _) in products.iter().enumerate().filter(|(_, product)| **product == Err(Exceptional)) {
        let Factors { u1, u2 } = &factors[index];
        let sum = product::double_product_var(u1, u2, &points[index]).to_affine_var();
        sums[index] = pack::<C, L>(adder.instructions(), &[sum])[0];
    }
    sums
}

/// The rows of G's table that sum to u1*G, for many u1.
pub struct GeneratorTerms {
    table: &'static FixedBase,
    digits: Digits,
}

impl GeneratorTerms {
    /// The terms of each pair's u1*G.
    #[must_use]
    pub fn new<C: Curve, L: Lanes<Field = C::Base>>(adder: &mut Adder<C, L>, factors: &[Factors]) -> Self {
        let table = C::generator_tables().fixed_base(adder);
        Self { table, digits: Digits::new::<C>(factors.iter().map(|factors| &factors.u1), table.width()) }
    }

    /// The number of terms of each.
    #[expect(clippy::len_without_is_empty, reason = "there is always a term")]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.digits.len
    }

    /// One term of one of them.
    #[inline(always)]
    #[must_use]
    pub fn term(&self, item: usize, position: usize) -> Term<'static> {
        self.table.term(position, self.digits.get(item, position))
    }
}

/// The signed digits of many scalars.
pub struct Digits {
    digits: Vec<i32>,
    len: usize,
}

impl Digits {
    /// The digits of scalars below the order of `C`, for a table of that width.
    #[must_use]
    pub fn new<'a, C: Curve>(scalars: impl ExactSizeIterator<Item = &'a Limbs>, width: u32) -> Self {
        let len = FixedBase::digits_of(width);
        let mut digits = vec![0; scalars.len() * len];
        for (scalar, digits) in scalars.zip(digits.chunks_mut(len)) {
            SignedScalar::new(scalar, &C::N).write_digits(width, digits);
        }
        Self { digits, len }
    }

    /// The digit of a scalar at a position.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, scalar: usize, position: usize) -> i32 {
        self.digits[scalar * self.len + position]
    }

    /// How many digits each scalar has.
    #[expect(clippy::len_without_is_empty, reason = "there is always a digit")]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }
}
