//! Sums of independent pairs of points, whose inversions are shared.

use std::marker::PhantomData;

use super::Term;
use crate::{
    curve::{CoefficientA, Group},
    field::lanes::{Lanes, LanesSum, Mask, PackedPoint},
    simd::{Instructions, Kernel, prefetch},
};

/// Pairs that share one inversion: enough to make it cheap, few enough that what is kept of them stays in a second-level cache.
const PAIRS_MAX: usize = 1024;

/// Sums pairs; it keeps its memory between calls.
pub struct Adder<G, L: Lanes> {
    instructions: L::Instructions,
    kept: Vec<Kept<L>>,
    group: PhantomData<G>,
}

/// What the second pass needs of [`Lanes::WIDTH`] pairs (x1, y1), (x2, y2), whose sum lies on a line of slope rise/run.
#[derive(Clone, Copy)]
struct Kept<L> {
    x1: L,
    y1: L,
    x2: L,
    rise: L,
    run: L,
    /// The product of the runs before this one.
    before: L,
    first_is_identity: Mask,
    second_is_identity: Mask,
    opposite: Mask,
}

impl<G: Group, L: Lanes<Field = G::Base>> Adder<G, L> {
    /// An adder for these instructions.
    #[must_use]
    pub const fn new(instructions: L::Instructions) -> Self {
        Self { instructions, kept: Vec::new(), group: PhantomData }
    }

    /// The instructions that it uses.
    #[must_use]
    pub const fn instructions(&self) -> L::Instructions {
        self.instructions
    }

    /// Writes the sum of pair(i) to place i of `sums`, for each i. Any points do: equal and opposite ones and the identity too.
    pub fn add<'a>(&mut self, sums: &mut [PackedPoint], pair: impl Fn(usize) -> [Term<'a>; 2]) {
        // The pairs are named before they are read, so that their rows are on the way from memory; and the kernel is compiled once for all.
        let mut pairs = vec![[Term::IDENTITY; 2]; sums.len().min(PAIRS_MAX)];
        for (chunk, sums) in sums.chunks_mut(PAIRS_MAX).enumerate() {
            let pairs = &mut pairs[..sums.len()];
            for (index, slot) in pairs.iter_mut().enumerate() {
                *slot = pair(chunk * PAIRS_MAX + index);
                for term in slot {
                    prefetch(term.point);
                }
            }
            self.instructions.run(AddPairs { adder: self, sums, pairs });
        }
    }
}

struct AddPairs<'s, 'a, G, L: Lanes> {
    adder: &'s mut Adder<G, L>,
    sums: &'s mut [PackedPoint],
    pairs: &'s [[Term<'a>; 2]],
}

impl<G: Group, L: Lanes<Field = G::Base>> Kernel for AddPairs<'_, '_, G, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { adder: Adder { instructions, kept, .. }, sums, pairs } = self;
        let instructions = *instructions;
        let one = L::one(instructions);
        kept.clear();
        let mut product = one;
        for pairs in pairs.chunks(L::WIDTH) {
            let slope = Kept::<L>::new::<G>(instructions, one, product, pairs);
            product = product.mul(slope.run);
            kept.push(slope);
        }
        let mut inverse = product.invert_var();
        for (kept, sums) in kept.iter().zip(sums.chunks_mut(L::WIDTH)).rev() {
            let (x, y) = kept.sum(inverse.mul(kept.before));
            inverse = inverse.mul(kept.run);
            L::store_points(x, y, |lane, point| {
                if let Some(sum) = sums.get_mut(lane) {
                    *sum = point;
                }
            });
        }
    }
}

/// x and y of one side of the pairs, and which of them are the identity.
#[inline(always)]
fn load<L: Lanes>(instructions: L::Instructions, pairs: &[[Term<'_>; 2]], side: usize) -> (L, L, Mask) {
    let term = |lane: usize| pairs.get(lane).map_or(Term::IDENTITY, |pair| pair[side]);
    let (x, y, identity) = L::load_points(instructions, |lane| term(lane).point);
    let mut negative = 0;
    for lane in 0..L::WIDTH {
        negative |= Mask::from(term(lane).negative) << lane;
    }
    (x, y.negate(negative), identity)
}

impl<L: Lanes> Kept<L> {
    #[inline(always)]
    fn new<G: Group<Base = L::Field>>(instructions: L::Instructions, one: L, before: L, pairs: &[[Term<'_>; 2]]) -> Self {
        let (x1, y1, first_is_identity) = load::<L>(instructions, pairs, 0);
        let (x2, y2, second_is_identity) = load::<L>(instructions, pairs, 1);
        let (mut rise, mut run) = (y2.sub(y1), x2.sub(x1));
        let no_line = first_is_identity | second_is_identity;
        let same_x = run.is_zero() & !no_line;
        let mut opposite = 0;
        if same_x != 0 {
            let same = same_x & rise.is_zero();
            opposite = same_x & !same;
            // The tangent: (3 x^2 + a)/(2 y), where no y is 0, since the order is odd.
            let square = x1.square();
            let triple = square.sum().twice().plus(square);
            let tangent = match G::A {
                CoefficientA::Zero => triple,
                CoefficientA::MinusThree => triple.minus(one).minus(one).minus(one),
            };
            rise = rise.blend(same, tangent.reduce());
            run = run.blend(same, y1.double());
        }
        // A run of 1 spoils no other pair's inverse.
        run = run.blend(no_line | opposite, one);
        Self { x1, y1, x2, rise, run, before, first_is_identity, second_is_identity, opposite }
    }

    /// The sums, given 1/run.
    #[inline(always)]
    fn sum(&self, inverse: L) -> (L, L) {
        let slope = self.rise.mul(inverse);
        let x = slope.square().sum().minus(self.x1).minus(self.x2).reduce();
        let y = slope.mul(self.x1.sub(x)).sub(self.y1);
        let exceptions = self.first_is_identity | self.second_is_identity | self.opposite;
        if exceptions == 0 {
            return (x, y);
        }
        // Where the first is the identity, y1 = 0, so the rise is y2; an opposite pair sums to (0, 0).
        let (x, y) = (x.blend(self.first_is_identity, self.x2), y.blend(self.first_is_identity, self.rise));
        let keep_first = self.second_is_identity & !self.first_is_identity;
        let (x, y) = (x.blend(keep_first, self.x1), y.blend(keep_first, self.y1));
        let zero = self.x1.sub(self.x1);
        (x.blend(self.opposite, zero), y.blend(self.opposite, zero))
    }
}
