//! `lockstep` and `known`: R is computed, for many items together.

use super::known::KnownKey;
use crate::{
    curve::{
        Curve,
        lanes::{
            add::Adder,
            double_product::{Digits, Factors, GeneratorTerms, double_products},
            integers,
            sum::sum_lists,
        },
        point::Affine,
    },
    field::{
        lanes::{Lanes, PackedPoint},
        limbs::Limbs,
    },
    scheme::Equation,
    verdict::Reason,
};

/// Decides equations with any keys: `lockstep`.
pub fn lockstep<C: Curve, L: Lanes<Field = C::Base>>(adder: &mut Adder<C, L>, equations: &[Equation], keys: &[Affine<C>]) -> Vec<Decision> {
    let factors: Vec<_> = equations.iter().map(|equation| equation.factors).collect();
    let points = double_products(adder, &factors, keys);
    decide::<C, L>(adder, equations, &points)
}

/// Decides equations whose keys have tables of the same width: `known`.
pub fn known<C: Curve, L: Lanes<Field = C::Base>>(adder: &mut Adder<C, L>, equations: &[Equation], keys: &[&KnownKey]) -> Vec<Decision> {
    let Some(width) = keys.first().map(|key| key.table().width()) else { return Vec::new() };
    let factors: Vec<_> = equations.iter().map(|equation| equation.factors).collect();
    let generator = GeneratorTerms::new(adder, &factors);
    let digits = Digits::new::<C>(factors.iter().map(|Factors { u2, .. }| u2), width);
    let points = sum_lists(adder, equations.len(), generator.len() + digits.len(), |item, k| match k.checked_sub(generator.len()) {
        None => generator.term(item, k),
        Some(position) => keys[item].table().term(position, digits.get(item, position)),
    });
    decide::<C, L>(adder, equations, &points)
}

/// What came of one equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub answer: Result<(), Reason>,
    /// y(R), where the answer is good and R was computed: a hint for whoever verifies the item next.
    pub y: Option<Limbs>,
}

fn decide<C: Curve, L: Lanes<Field = C::Base>>(adder: &Adder<C, L>, equations: &[Equation], points: &[PackedPoint]) -> Vec<Decision> {
    let coordinates = integers::<L>(adder.instructions(), points);
    let decide = |((equation, point), [x, y]): ((&Equation, &PackedPoint), &[Limbs; 2])| {
        let answer = equation.decide_x::<C>((*point != PackedPoint::IDENTITY).then_some(x));
        Decision { answer, y: answer.is_ok().then_some(*y) }
    };
    equations.iter().zip(points).zip(&coordinates).map(decide).collect()
}
