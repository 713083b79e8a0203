//! The way of a batch through the strategies: read, join digests, choose, decide.

use std::{ops::Range, sync::Arc};

use super::{
    Strategy,
    known::{KnownKey, KnownKeys},
    ordinary, single, with_lanes,
};
use crate::{
    batch::Batch,
    curve::{Curve, P256, Secp256k1, Sm2, lanes::add::Adder, point::Affine, sec1},
    field::lanes::Lanes,
    scheme::{self, Equation, Scheme},
    simd::Processor,
    verdict::{Reason, Verdict},
};

/// Items that advance together: enough to share inversions, few enough that their tables stay in a second-level cache.
pub const ITEMS_TOGETHER: usize = 512;

/// What the decisions of one back end share.
pub struct Context {
    /// The instructions that may be used.
    pub processor: Processor,
    /// The strategy to use wherever it applies; `None` to choose by cost.
    pub forced: Option<Strategy>,
    /// The keys that have tables.
    pub known: Arc<KnownKeys>,
}

/// The verdicts on a range of a batch's items.
///
/// # Panics
/// Where the range is not within the batch.
#[must_use]
pub fn verify(context: &Context, batch: &Batch, range: Range<usize>) -> Vec<Verdict> {
    macro_rules! on {
        ($curve:ty) => {
            with_lanes!(context.processor, $curve, |L, instructions| Piece::<$curve, L>::new(context, instructions, batch, range).verify())
        };
    }
    match batch.shape().scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => on!(Secp256k1),
        Scheme::EcdsaP256Sha256 => on!(P256),
        Scheme::Sm2Sm3 => on!(Sm2),
    }
}

/// A range of a batch's items, on its way.
struct Piece<'a, C: Curve, L: Lanes> {
    context: &'a Context,
    batch: &'a Batch,
    range: Range<usize>,
    adder: Adder<C, L>,
}

/// What is left of an item once it is read: its place in the range, its equation and its key.
struct Open<C: Curve> {
    place: usize,
    equation: Equation,
    key: Affine<C>,
    known: Option<Arc<KnownKey>>,
}

impl<'a, C: Curve, L: Lanes<Field = C::Base>> Piece<'a, C, L> {
    const fn new(context: &'a Context, instructions: L::Instructions, batch: &'a Batch, range: Range<usize>) -> Self {
        Self { context, batch, range, adder: Adder::new(instructions) }
    }

    fn verify(mut self) -> Vec<Verdict> {
        let shape = self.batch.shape();
        if self.context.forced == Some(Strategy::Single) || self.range.len() < items_min::<L>() {
            return self.range.map(|index| single::verify(&shape, &self.batch.item(index))).collect();
        }
        let mut answers = vec![Err(Reason::NotChecked); self.range.len()];
        let open = self.read(&mut answers);
        for chunk in open.chunks(ITEMS_TOGETHER) {
            let (known, others): (Vec<_>, Vec<_>) = chunk.iter().partition(|open| open.known.is_some());
            self.decide_known(&known, &mut answers);
            self.decide_others(&others, &mut answers);
        }
        answers.into_iter().map(Verdict::from).collect()
    }

    /// Reads all items; those that fail a check get their answer, the others are left open.
    fn read(&self, answers: &mut [Result<(), Reason>]) -> Vec<Open<C>> {
        let (shape, start) = (self.batch.shape(), self.range.start);
        let known = match self.context.forced {
            None | Some(Strategy::Known) => self.context.known.find::<C>(self.range.clone().map(|index| self.batch.keys().get(index))),
            Some(_) => vec![None; self.range.len()],
        };
        let mut open = Vec::with_capacity(self.range.len());
        let mut statements = Vec::with_capacity(self.range.len());
        for (place, known) in known.into_iter().enumerate() {
            let item = self.batch.item(start + place);
            let key = |bytes: &[u8]| known.as_ref().map_or_else(|| sec1::parse::<C>(bytes), |known| Ok(known.point()));
            match scheme::claim::<C, _>(&shape, &item, key) {
                Ok(claim) => {
                    statements.push(scheme::statement(&shape, &item, claim.signature, &claim.key));
                    open.push((place, claim.key, known));
                }
                Err(reason) => answers[place] = Err(reason),
            }
        }
        let equations = scheme::equations::<C>(&shape, &statements);
        open.into_iter().zip(equations).map(|((place, key, known), equation)| Open { place, equation, key, known }).collect()
    }

    /// `known`.
    fn decide_known(&mut self, items: &[&Open<C>], answers: &mut [Result<(), Reason>]) {
        let (equations, keys): (Vec<_>, Vec<_>) = items.iter().filter_map(|open| Some((open.equation, open.known.as_deref()?))).unzip();
        for (open, answer) in items.iter().zip(ordinary::known(&mut self.adder, &equations, &keys)) {
            answers[open.place] = answer;
        }
    }

    /// `lockstep`, or `single` for a few. Keys that come again get their tables in the background.
    fn decide_others(&mut self, items: &[&Open<C>], answers: &mut [Result<(), Reason>]) {
        if items.len() < items_min::<L>() {
            for open in items {
                answers[open.place] = single::decide(&open.equation, &open.key);
            }
        } else {
            let (equations, keys): (Vec<_>, Vec<_>) = items.iter().map(|open| (open.equation, open.key)).unzip();
            for (open, answer) in items.iter().zip(ordinary::lockstep(&mut self.adder, &equations, &keys)) {
                answers[open.place] = answer;
            }
        }
        if matches!(self.context.forced, None | Some(Strategy::Known)) {
            let start = self.range.start;
            let candidates = self.context.known.sight::<C>(items.iter().map(|open| (self.batch.keys().get(start + open.place), open.key)));
            self.context.known.make::<C, L>(self.adder.instructions(), candidates);
        }
    }
}

/// The fewest items that are worth advancing together. Vectors pay from the second item on: eight lanes cost hardly more than one single item.
const fn items_min<L: Lanes>() -> usize {
    if L::WIDTH == 1 { 32 } else { 2 }
}
