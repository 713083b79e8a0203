//! The way of a batch through the strategies: read, join digests, choose, decide.

use std::{fmt, ops::Range, sync::Arc};

use super::{
    Strategy,
    combined::{self, Combination, Member},
    forgeries::{Costs, Forgeries},
    known::{KnownKey, KnownKeys},
    ordinary::{self, Decision},
    single, with_lanes,
};
use rand_chacha::{
    ChaCha12Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::{
    batch::Batch,
    curve::{
        Curve, P256, Secp256k1, Sm2,
        lanes::{
            add::Adder,
            lift::{self, Abscissa},
        },
        point::Affine,
        sec1,
    },
    field::{
        Field,
        lanes::{Lanes, PackedPoint},
        limbs::{self, Limbs},
    },
    scheme::{self, Equation, Scheme},
    simd::Processor,
    verdict::{Reason, Verdict},
};

/// Items that advance together: enough to share inversions, few enough that their tables stay in a second-level cache.
pub const ITEMS_TOGETHER: usize = 512;

/// The most items of one combination: beyond, an item costs hardly less.
pub const ITEMS_COMBINED: usize = 1 << 15;

/// Where the random factors of combinations come from: a seed for each piece of a batch, never derived from the batch. `None` where there is no
/// randomness to be had: then nothing is combined.
pub type Entropy = Arc<dyn Fn() -> Option<[u8; 32]> + Send + Sync>;

/// What the decisions of one back end share.
pub struct Context {
    /// The instructions that may be used.
    pub processor: Processor,
    /// The strategy to use wherever it applies; `None` to choose by cost.
    pub forced: Option<Strategy>,
    /// The keys that have tables.
    pub known: Arc<KnownKeys>,
    /// What was seen of the sources.
    pub forgeries: Forgeries,
    /// The random factors.
    pub entropy: Entropy,
}

/// The answer on an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// y(R) of a valid item, where R was on the way: a hint for whoever verifies the item next.
    pub y: Option<Limbs>,
}

/// The answers on a range of a batch's items.
///
/// # Panics
/// Where the range is not within the batch.
#[must_use]
pub fn verify(context: &Context, batch: &Batch, range: Range<usize>) -> Vec<Answer> {
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
    decisions: Vec<Decision>,
}

/// What is left of an item once it is read: its place in the range, its equation and its key.
struct Open<C: Curve> {
    place: usize,
    equation: Equation,
    key: Affine<C>,
    known: Option<Arc<KnownKey>>,
}

/// What a hint says of R.
enum Hint {
    Parity(Abscissa),
    Whole([Limbs; 2]),
}

/// The cost of an item in the ordinary way, in additions that share their inversion.
const KNOWN_ADDITIONS: f64 = 60.0;
/// The same without a table: half the doublings where there is an endomorphism.
const LOCKSTEP_ADDITIONS: [f64; 2] = [250.0, 400.0];
/// The cost of a square root in the same unit.
const ROOT_ADDITIONS: f64 = 40.0;

impl<'a, C: Curve, L: Lanes<Field = C::Base>> Piece<'a, C, L> {
    fn new(context: &'a Context, instructions: L::Instructions, batch: &'a Batch, range: Range<usize>) -> Self {
        let decisions = vec![Decision { answer: Err(Reason::NotChecked), y: None }; range.len()];
        Self { context, batch, range, adder: Adder::new(instructions), decisions }
    }

    fn verify(mut self) -> Vec<Answer> {
        let shape = self.batch.shape();
        if self.context.forced == Some(Strategy::Single) || self.range.len() < items_min::<L>() {
            return self.range.map(|index| Answer { verdict: single::verify(&shape, &self.batch.item(index)), y: None }).collect();
        }
        let open = self.read();
        let hinted: Vec<_> = open.iter().enumerate().filter_map(|(index, open)| Some((index, self.hint(open)?))).collect();
        let decided = if hinted.is_empty() { Vec::new() } else { self.combine(&open, &hinted) };
        let is_open = |index: &usize| decided.get(*index).is_none_or(|decided| !decided);
        let open_indices: Vec<_> = (0..open.len()).filter(is_open).collect();
        for chunk in open_indices.chunks(ITEMS_TOGETHER) {
            let (known, others): (Vec<_>, Vec<_>) = chunk.iter().map(|&index| &open[index]).partition(|open| open.known.is_some());
            self.decide_known(&known);
            self.decide_others(&others);
        }
        self.learn(&open, &hinted);
        self.decisions.into_iter().map(|Decision { answer, y }| Answer { verdict: answer.into(), y }).collect()
    }

    /// Reads all items; those that fail a check are decided, the others are left open.
    fn read(&mut self) -> Vec<Open<C>> {
        let (shape, start) = (self.batch.shape(), self.range.start);
        let known = if self.uses_tables() {
            self.context.known.find::<C>(self.range.clone().map(|index| self.batch.keys().get(index)))
        } else {
            vec![None; self.range.len()]
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
                Err(reason) => self.decisions[place].answer = Err(reason),
            }
        }
        let equations = scheme::equations::<C>(&shape, &statements);
        open.into_iter().zip(equations).map(|((place, key, known), equation)| Open { place, equation, key, known }).collect()
    }

    fn uses_tables(&self) -> bool {
        !matches!(self.context.forced, Some(Strategy::Single | Strategy::Lockstep))
    }

    /// What the item's hint says, where it is one that the strategies at hand can use.
    fn hint(&self, open: &Open<C>) -> Option<Hint> {
        if open.equation.refused_by_low_s {
            return None;
        }
        let (parity, whole) = match self.context.forced {
            None => (true, true),
            Some(strategy) => (strategy == Strategy::Parity, strategy == Strategy::Whole),
        };
        let p = &C::Base::MODULUS;
        match *self.batch.hints().get(self.range.start + open.place) {
            [id @ 0..=3] if parity => {
                let (x, overflow) = if id & 2 == 0 { (open.equation.c, 0) } else { limbs::add(&open.equation.c, &C::N) };
                (overflow == 0 && limbs::less(&x, p)).then_some(Hint::Parity(Abscissa { x, y_is_odd: id & 1 == 1 }))
            }
            ref y if y.len() == 32 && whole => {
                let y = limbs::from_be_bytes(y.try_into().ok()?);
                limbs::less(&y, p).then_some(Hint::Whole([open.equation.c, y]))
            }
            _ => None,
        }
    }

    /// The cost of an item in the ordinary way.
    fn ordinary_cost(open: &Open<C>) -> f64 {
        if open.known.is_some() { KNOWN_ADDITIONS } else { LOCKSTEP_ADDITIONS[usize::from(C::ENDOMORPHISM.is_none())] }
    }

    /// `parity` and `whole`, where they pay: which of the open items are decided.
    fn combine(&mut self, open: &[Open<C>], hinted: &[(usize, Hint)]) -> Vec<bool> {
        let mut decided = vec![false; open.len()];
        let ordinary_item = hinted.iter().map(|&(index, _)| Self::ordinary_cost(&open[index])).sum::<f64>() / hinted.len() as f64;
        let roots = hinted.iter().filter(|(_, hint)| matches!(hint, Hint::Parity(_))).count() as f64 * ROOT_ADDITIONS / hinted.len() as f64;
        let share = self.context.forgeries.share(self.batch.source());
        let costs = |keys: usize| Costs {
            combination: move |items: usize| combined::additions::<C>(items, keys.min(items)),
            ordinary_item: ordinary_item - roots,
            share,
        };
        // As if all had the same key, which costs least.
        if self.context.forced.is_none() && !costs(1).combine(hinted.len()) {
            return decided;
        }
        let Some(seed) = (self.context.entropy)() else { return decided };
        let mut random = random_factors(seed);
        let points = self.points(hinted);
        let usable: Vec<_> = hinted.iter().zip(&points).filter(|(_, point)| **point != PackedPoint::IDENTITY).collect();
        let start = self.range.start;
        let member = |&(&(index, _), r): &(&(usize, Hint), &PackedPoint)| {
            let open = &open[index];
            Member { equation: &open.equation, key_bytes: self.batch.keys().get(start + open.place), key: &open.key, r: *r }
        };
        let members: Vec<_> = usable.iter().map(member).collect();
        let combination = Combination::new::<L>(self.adder.instructions(), &members, &mut random);
        let costs = Costs { ordinary_item, ..costs(combination.keys()) };
        if self.context.forced.is_none() && !costs.combine(members.len()) {
            return decided;
        }
        for range in combination.good(&mut self.adder, &costs) {
            for &(&(index, ref hint), _) in &usable[range] {
                decided[index] = true;
                let y = if let Hint::Whole([_, y]) = hint { Some(*y) } else { None };
                self.decisions[open[index].place] = Decision { answer: Ok(()), y };
            }
        }
        decided
    }

    /// The points that the hints name; the identity where there is none.
    fn points(&self, hinted: &[(usize, Hint)]) -> Vec<PackedPoint> {
        let (mut abscissae, mut coordinates) = (Vec::new(), Vec::new());
        for (_, hint) in hinted {
            match hint {
                Hint::Parity(abscissa) => abscissae.push(*abscissa),
                Hint::Whole(point) => coordinates.push(*point),
            }
        }
        let mut lifted = lift::lift::<C, L>(self.adder.instructions(), &abscissae).into_iter();
        let mut checked = lift::check::<C, L>(self.adder.instructions(), &coordinates).into_iter();
        let next = |(_, hint): &(usize, Hint)| match hint {
            Hint::Parity(_) => lifted.next(),
            Hint::Whole(_) => checked.next(),
        };
        hinted.iter().map(next).map(|point| point.expect("a point for each hint")).collect()
    }

    /// `known`.
    fn decide_known(&mut self, items: &[&Open<C>]) {
        let (equations, keys): (Vec<_>, Vec<_>) = items.iter().filter_map(|open| Some((open.equation, open.known.as_deref()?))).unzip();
        for (open, decision) in items.iter().zip(ordinary::known(&mut self.adder, &equations, &keys)) {
            self.decisions[open.place] = decision;
        }
    }

    /// `lockstep`, or `single` for a few. Keys that come again get their tables in the background.
    fn decide_others(&mut self, items: &[&Open<C>]) {
        if items.len() < items_min::<L>() {
            for open in items {
                self.decisions[open.place].answer = single::decide(&open.equation, &open.key);
            }
        } else {
            let (equations, keys): (Vec<_>, Vec<_>) = items.iter().map(|open| (open.equation, open.key)).unzip();
            for (open, decision) in items.iter().zip(ordinary::lockstep(&mut self.adder, &equations, &keys)) {
                self.decisions[open.place] = decision;
            }
        }
        if matches!(self.context.forced, None | Some(Strategy::Known)) {
            let start = self.range.start;
            let candidates = self.context.known.sight::<C>(items.iter().map(|open| (self.batch.keys().get(start + open.place), open.key)));
            self.context.known.make::<C, L>(self.adder.instructions(), candidates);
        }
    }

    /// Learns how many of the hinted items spoil a combination: the bad ones, and those whose hint is not that of their R.
    fn learn(&self, open: &[Open<C>], hinted: &[(usize, Hint)]) {
        let is_spoilt = |(index, hint): &&(usize, Hint)| match &self.decisions[open[*index].place] {
            Decision { answer: Err(_), .. } => true,
            Decision { y: None, .. } => false,
            Decision { y: Some(y), .. } => match hint {
                Hint::Parity(abscissa) => (y[0] & 1 == 1) != abscissa.y_is_odd,
                Hint::Whole([_, hinted]) => y != hinted,
            },
        };
        self.context.forgeries.learn(self.batch.source(), hinted.len(), hinted.iter().filter(is_spoilt).count());
    }
}

/// The fewest items that are worth advancing together. Vectors pay from the second item on: eight lanes cost hardly more than one single item.
const fn items_min<L: Lanes>() -> usize {
    if L::WIDTH == 1 { 32 } else { 2 }
}

/// Factors of 128 random bits.
pub(super) fn random_factors(seed: [u8; 32]) -> impl FnMut() -> u128 {
    let mut stream = ChaCha12Rng::from_seed(seed);
    move || u128::from(stream.next_u64()) << 64 | u128::from(stream.next_u64())
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("processor", &self.processor).field("forced", &self.forced).finish_non_exhaustive()
    }
}
