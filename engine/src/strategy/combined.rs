//! `parity` and `whole`: one sum for many items whose R somebody names.
//!
//! A good signature has u1*G + u2*Q - R = 0. The sum over all items of z_i * (u1_i*G + u2_i*Q_i - R_i), with z_i of 128 random bits, is 0 when all
//! are good, and else with a probability of at most 2^-128, since the order is prime. Terms in G merge into one, terms of the same key too.
//! A sum that is not 0 says nothing of a single item: halves are tried, down to where the ordinary way is cheaper.
//!
//! R is a point of the curve with the x that the signature names, so that nothing but the sum is left to check. A wrong hint makes a sum fail
//! and so costs time; it cannot make a bad item good.

use std::{collections::HashMap, ops::Range, sync::Arc};

use rand_chacha::{
    ChaCha12Rng,
    rand_core::{Rng, SeedableRng},
};
use rayon::prelude::*;

use super::forgeries::Costs;
use crate::{
    curve::{
        Curve, Scalar,
        endomorphism::SignedHalf,
        lanes::{
            buckets::{self, Load, Product},
            pack,
            windows::SignedScalar,
        },
        point::{Affine, Jacobian},
        product::double_product_var,
    },
    field::{
        Field,
        lanes::{Lanes, PackedPoint},
        limbs::Limbs,
    },
    scheme::Equation,
};

/// Bits of a random factor.
const FACTOR_BITS: u32 = 128;
/// Bits of the magnitude of a key's factor, where no endomorphism halves it.
const KEY_BITS: u32 = 255;

/// An item that can stand in a combination.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a, C: Curve> {
    /// Its equation.
    pub equation: &'a Equation,
    /// Its key, as the bytes that name it.
    pub key_bytes: &'a [u8],
    /// Its key.
    pub key: &'a Affine<C>,
    /// The R that somebody names: a point of the curve, not the identity, with x(R) mod n = c.
    pub r: PackedPoint,
}

/// About how many additions a combination of `items` items under `keys` distinct keys takes.
#[must_use]
pub fn additions<C: Curve>(items: usize, keys: usize) -> f64 {
    // The sum of G, and what is done once whatever the number of items.
    const ONCE: f64 = 600.0;
    buckets::plan(&loads::<C>(items, keys)).1 + ONCE
}

/// What a combination of `items` items under `keys` distinct keys costs, in additions of the ordinary way.
#[must_use]
pub fn cost<C: Curve>(items: usize, keys: usize) -> f64 {
    // What a window costs beside additions: lists are sorted, sums gathered. Measured on vectors of eight: below some 600 items that all have other keys a
    // combination is slower than the items one by one.
    const WINDOW: f64 = 4000.0;
    let loads = loads::<C>(items, keys);
    let (width, _) = buckets::plan(&loads);
    additions::<C>(items, keys) + buckets::windows(&loads, width) as f64 * WINDOW
}

fn loads<C: Curve>(items: usize, keys: usize) -> [Load; 2] {
    let keys =
        if C::ENDOMORPHISM.is_some() { Load { products: 2 * keys, bits: FACTOR_BITS } } else { Load { products: keys, bits: KEY_BITS } };
    [Load { products: items, bits: FACTOR_BITS }, keys]
}

/// Which members one combination, or parts of it, shows to be good; all others have to be decided in the ordinary way, and so have all where that is
/// cheaper or where there is no randomness.
///
/// `ordinary_item` is the cost of that way for an item, in additions; `share` that of the source's items that are expected to spoil. A strategy
/// that is `forced` does not ask whether the combination pays.
pub fn good<C: Curve, L: Lanes<Field = C::Base>>(
    instructions: L::Instructions,
    members: &[Member<'_, C>],
    entropy: &Entropy,
    ordinary_item: f64,
    share: f64,
    forced: bool,
) -> Vec<bool> {
    let mut good = vec![false; members.len()];
    let Some(seed) = entropy().filter(|_| !members.is_empty()) else { return good };
    let combination = Combination::new::<L>(instructions, members, factors(seed));
    let keys = combination.keys.len();
    let costs = Costs { combination: |items: usize| cost::<C>(items, keys.min(items)), ordinary_item, share };
    if forced || costs.combine(members.len()) {
        for range in combination.good::<L>(instructions, &costs) {
            good[range].fill(true);
        }
    }
    good
}

/// Where the random factors of combinations come from: a seed for each combination, never derived from the batch. `None` where there is no
/// randomness to be had: then nothing is combined.
pub type Entropy = Arc<dyn Fn() -> Option<[u8; 32]> + Send + Sync>;

/// Factors of 128 random bits.
pub(super) fn factors(seed: [u8; 32]) -> impl FnMut() -> u128 {
    let mut stream = ChaCha12Rng::from_seed(seed);
    move || u128::from(stream.next_u64()) << 64 | u128::from(stream.next_u64())
}

/// Members with their random factors.
struct Combination<'a, C: Curve> {
    members: &'a [Member<'a, C>],
    /// z_i.
    factors: Vec<Limbs>,
    /// z_i * u1_i and z_i * u2_i.
    scaled: Vec<[Scalar<C>; 2]>,
    /// Which of the distinct keys each member has.
    key_of: Vec<u32>,
    /// Each distinct key, and its image under the endomorphism where there is one.
    keys: Vec<PackedPoint>,
    images: Vec<PackedPoint>,
}

impl<'a, C: Curve> Combination<'a, C> {
    /// Joins members; `random` gives each its factor.
    fn new<L: Lanes<Field = C::Base>>(
        instructions: L::Instructions,
        members: &'a [Member<'a, C>],
        mut random: impl FnMut() -> u128,
    ) -> Self {
        let mut numbers = HashMap::with_capacity(members.len().min(4096));
        let mut keys = Vec::new();
        let key_of = members.iter().map(|member| {
            *numbers.entry(member.key_bytes).or_insert_with(|| {
                keys.push(*member.key);
                keys.len() as u32 - 1
            })
        });
        let key_of = key_of.collect();
        let images = C::ENDOMORPHISM
            .map_or_else(Vec::new, |endomorphism| keys.iter().map(|key| Affine { x: key.x.mul(&endomorphism.beta), y: key.y }).collect());
        let factors: Vec<Limbs> = members
            .iter()
            .map(|_| {
                let factor = random();
                [factor as u64, (factor >> 64) as u64, 0, 0]
            })
            .collect();
        let scale = |(member, factor): (&Member<'_, C>, &Limbs)| {
            let factor = Scalar::<C>::from_limbs(factor).expect("128 bits are below n");
            [member.equation.factors.u1, member.equation.factors.u2]
                .map(|u| Scalar::<C>::from_limbs(&u).expect("factors are below n").mul(&factor))
        };
        let scaled = members.par_iter().zip(&factors).map(scale).collect();
        Self { members, factors, scaled, key_of, keys: pack::<C, L>(instructions, &keys), images: pack::<C, L>(instructions, &images) }
    }

    /// The members that are good, by ranges of them. `costs` says where to stop splitting.
    fn good<L: Lanes<Field = C::Base>>(&self, instructions: L::Instructions, costs: &Costs<impl Fn(usize) -> f64>) -> Vec<Range<usize>> {
        let mut good = Vec::new();
        let all = 0..self.members.len();
        let sum = self.sum::<L>(instructions, all.clone());
        let mut open = vec![(all, sum)];
        while let Some((range, sum)) = open.pop() {
            if sum.is_identity() {
                good.push(range);
            } else if costs.split(range.len()) {
                let middle = range.start + range.len() / 2;
                let left = self.sum::<L>(instructions, range.start..middle);
                let right = sum.add(&Jacobian { y: left.y.neg(), ..left });
                open.push((middle..range.end, right));
                open.push((range.start..middle, left));
            }
        }
        good
    }

    /// The sum over a range of members.
    fn sum<L: Lanes<Field = C::Base>>(&self, instructions: L::Instructions, range: Range<usize>) -> Jacobian<C> {
        let mut g = Scalar::<C>::ZERO;
        let mut key_factors = vec![Scalar::<C>::ZERO; self.keys.len()];
        let mut products = Vec::with_capacity(range.len() + 2 * self.keys.len());
        for index in range.clone() {
            let [u1, u2] = &self.scaled[index];
            g = g.add(u1);
            let factor = &mut key_factors[self.key_of[index] as usize];
            *factor = factor.add(u2);
            products
                .push(Product { point: self.members[index].r, factor: SignedScalar { magnitude: self.factors[index], negative: true } });
        }
        let mut keys = 0;
        for (key, factor) in key_factors.iter().enumerate().filter(|(_, factor)| !factor.is_zero()) {
            keys += 1;
            let factor = factor.to_limbs();
            match &C::ENDOMORPHISM {
                Some(endomorphism) => {
                    for (SignedHalf { magnitude, negative }, points) in
                        (endomorphism.split)(&factor).into_iter().zip([&self.keys, &self.images])
                    {
                        products.push(Product { point: points[key], factor: SignedScalar { magnitude, negative } });
                    }
                }
                None => products.push(Product { point: self.keys[key], factor: SignedScalar::new(&factor, &C::N) }),
            }
        }
        let (width, _) = buckets::plan(&loads::<C>(range.len(), keys));
        let bits = if C::ENDOMORPHISM.is_some() { FACTOR_BITS } else { KEY_BITS };
        let sum = buckets::sum_of_products::<C, L>(instructions, &products, bits, width);
        sum.add(&double_product_var(&g.to_limbs(), &[0; 4], &C::G))
    }
}
