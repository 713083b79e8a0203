//! The way of a batch through the strategies: read, join digests, choose, decide.

use std::{fmt, ops::Range, sync::Arc};

use super::{
    Decided, Strategy,
    combined::{self, Entropy, Member},
    forgeries::{Costs, Forgeries},
    known::{KnownKey, KnownKeys},
    ordinary::{self, Decision},
    single, with_lanes,
};
use rayon::prelude::*;

use crate::{
    batch::Batch,
    curve::{
        Curve, P256, Secp256k1, Sm2,
        lanes::{
            add::Adder,
            lift::{self, Abscissa},
            unpack,
        },
        point::Affine,
        sec1::{self, Key},
    },
    field::{
        Field,
        lanes::{Lanes, PackedPoint},
        limbs::{self, Limbs},
    },
    hash::Digest,
    scheme::{self, Claim, Equation, Scheme},
    simd::Processor,
    verdict::{Reason, Verdict},
};

/// Items that advance together: enough to share inversions, few enough that their tables stay in a second-level cache.
pub const ITEMS_TOGETHER: usize = 512;

/// What the decisions of one back end share.
pub struct Context {
    /// The threads; `None` for the process's common ones.
    pub pool: Option<rayon::ThreadPool>,
    /// The instructions that may be used.
    pub processor: Processor,
    /// The strategy to use wherever it applies; `None` to choose by cost.
    pub forced: Option<Strategy>,
    /// The keys that have tables.
    pub known: Arc<KnownKeys>,
    /// How the items were decided.
    pub decided: Decided,
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

/// The answers on a batch's items, which lie in `ranges` from the first to the last. Threads of the pool that this is called from take the ranges.
///
/// # Panics
/// Where a range is not within the batch.
#[must_use]
pub fn verify(context: &Context, batch: &Batch, ranges: Vec<Range<usize>>) -> Vec<Answer> {
    macro_rules! on {
        ($curve:ty) => {
            with_lanes!(context.processor, $curve, |L, instructions| verify_in::<$curve, L>(context, instructions, batch, ranges))
        };
    }
    match batch.shape().scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => on!(Secp256k1),
        Scheme::EcdsaP256Sha256 => on!(P256),
        Scheme::Sm2Sm3 => on!(Sm2),
    }
}

fn verify_in<C: Curve, L: Lanes<Field = C::Base>>(
    context: &Context,
    instructions: L::Instructions,
    batch: &Batch,
    ranges: Vec<Range<usize>>,
) -> Vec<Answer> {
    let piece = |range| Piece::<C, L>::new(context, instructions, batch, range);
    if context.forced == Some(Strategy::Single) {
        return in_parallel(ranges, |range| piece(range).alone()).into_iter().flatten().collect();
    }
    if batch.hints().data().is_empty() {
        return in_parallel(ranges, |range| piece(range).decide().0).into_iter().flatten().collect();
    }
    // A combination is the cheaper the larger it is, so all pieces join in one before each goes on by itself.
    let mut pieces = in_parallel(ranges, piece);
    combine(&mut pieces);
    let (answers, hints): (Vec<_>, Vec<_>) = in_parallel(pieces, Piece::decide).into_iter().unzip();
    let (hinted, spoilt) = hints.into_iter().fold((0, 0), |sum, hints| (sum.0 + hints.items, sum.1 + hints.spoilt));
    context.forgeries.learn(batch.source(), hinted, spoilt);
    answers.into_iter().flatten().collect()
}

/// What was seen of the hints of a piece.
struct HintsSeen {
    /// The items that have one.
    items: usize,
    /// Those that spoil a combination.
    spoilt: usize,
}

/// What comes of each part, in order. One part alone stays on the thread that asks.
fn in_parallel<T: Send, U: Send>(parts: Vec<T>, work: impl Fn(T) -> U + Send + Sync) -> Vec<U> {
    if parts.len() == 1 { parts.into_iter().map(work).collect() } else { parts.into_par_iter().map(work).collect() }
}

/// A range of a batch's items, on its way.
struct Piece<'a, C: Curve, L: Lanes> {
    context: &'a Context,
    batch: &'a Batch,
    range: Range<usize>,
    instructions: L::Instructions,
    /// One for each item of the range.
    decisions: Vec<Decision>,
    /// The items that are left once they are read.
    open: Vec<Open<C>>,
}

/// What is left of an item once it is read: its place in the range, its equation and its key.
struct Open<C: Curve> {
    place: usize,
    equation: Equation,
    key: Affine<C>,
    known: Option<Arc<KnownKey>>,
    hint: Option<Hint>,
    is_decided: bool,
}

/// An item whose signature and key were read: its place in the range, its key, and the key's table where there is one.
type Read<C> = (usize, Affine<C>, Option<Arc<KnownKey>>);

/// What a hint says of R.
#[derive(Clone, Copy)]
enum Hint {
    Parity(Abscissa),
    Whole([Limbs; 2]),
}

/// The cost of an item in the ordinary way, in additions that share their inversion.
const KNOWN_ADDITIONS: f64 = 60.0;
/// The same without a table.
pub(super) const fn lockstep_additions<C: Curve>() -> f64 {
    // Half the doublings where there is an endomorphism.
    if C::ENDOMORPHISM.is_some() { 250.0 } else { 400.0 }
}
/// The cost of a square root in the same unit.
const ROOT_ADDITIONS: f64 = 40.0;

impl<'a, C: Curve, L: Lanes<Field = C::Base>> Piece<'a, C, L> {
    fn new(context: &'a Context, instructions: L::Instructions, batch: &'a Batch, range: Range<usize>) -> Self {
        let decisions = vec![Decision { answer: Err(Reason::NotChecked), y: None }; range.len()];
        let mut piece = Self { context, batch, range, instructions, decisions, open: Vec::new() };
        if context.forced != Some(Strategy::Single) {
            piece.open = piece.read();
        }
        piece
    }

    /// `single` for all items.
    fn alone(self) -> Vec<Answer> {
        self.context.decided.count(Strategy::Single, self.range.len());
        let shape = self.batch.shape();
        self.range.map(|index| Answer { verdict: single::verify(&shape, &self.batch.item(index)), y: None }).collect()
    }

    /// Decides what no combination decided.
    fn decide(mut self) -> (Vec<Answer>, HintsSeen) {
        let open = std::mem::take(&mut self.open);
        let mut adder = Adder::new(self.instructions);
        let left: Vec<_> = open.iter().filter(|open| !open.is_decided).collect();
        for chunk in left.chunks(ITEMS_TOGETHER) {
            let (known, others): (Vec<_>, Vec<_>) = chunk.iter().partition(|open| open.known.is_some());
            self.decide_known(&mut adder, &known);
            self.decide_others(&mut adder, &others);
        }
        // Where combinations fail, the next best way is to be ready for the keys of those that did not.
        if self.context.forgeries.is_spoiler(self.batch.source()) {
            self.sight(open.iter().filter(|open| open.is_decided && open.known.is_none()));
        }
        let hints = self.hints_seen(&open);
        (self.decisions.into_iter().map(|Decision { answer, y }| Answer { verdict: answer.into(), y }).collect(), hints)
    }

    /// Reads all items; those that fail a check are decided, the others are left open.
    fn read(&mut self) -> Vec<Open<C>> {
        let (shape, start) = (self.batch.shape(), self.range.start);
        let known = if self.uses_tables() {
            self.context.known.find::<C>(self.range.clone().map(|index| self.batch.keys().get(index)))
        } else {
            vec![None; self.range.len()]
        };
        let (mut claims, mut abscissae) = (Vec::with_capacity(self.range.len()), Vec::new());
        for (place, known) in known.into_iter().enumerate() {
            let item = self.batch.item(start + place);
            let key = |bytes: &[u8]| known.as_ref().map_or_else(|| sec1::read::<C>(bytes), |known| Ok(Key::Whole(known.point())));
            match scheme::claim::<C, _>(&shape, &item, key) {
                Ok(claim) => {
                    if let Key::Compressed { x, y_is_odd } = claim.key {
                        abscissae.push(Abscissa { x: x.to_limbs(), y_is_odd });
                    }
                    claims.push((place, claim, known));
                }
                // Checked after the key: one that turns out to be no point has its reason first.
                Err(Reason::RPlusSIsZero) => {
                    self.decisions[place].answer = sec1::parse::<C>(item.key).and(Err(Reason::RPlusSIsZero));
                }
                Err(reason) => self.decisions[place].answer = Err(reason),
            }
        }
        let instructions = self.instructions;
        let mut lifted = unpack::<C, L>(instructions, &lift::lift::<C, L>(instructions, &abscissae)).into_iter();
        let (mut open, mut signatures) = (Vec::with_capacity(claims.len()), Vec::with_capacity(claims.len()));
        for (place, Claim { signature, key }, known) in claims {
            let key = match key {
                Key::Whole(point) => point,
                Key::Compressed { .. } => lifted.next().expect("a point for each abscissa"),
            };
            if key.is_identity() {
                self.decisions[place].answer = Err(Reason::KeyNotOnCurve);
            } else {
                signatures.push(signature);
                open.push((place, key, known));
            }
        }
        let digests = self.digests(&open);
        let statements: Vec<_> =
            signatures.iter().zip(&digests).map(|(&signature, digest)| scheme::statement::<C>(signature, digest)).collect();
        let equations = scheme::equations::<C>(&shape, &statements);
        let open = open.into_iter().zip(equations).map(|((place, key, known), equation)| {
            let hint = self.hint(place, &equation);
            Open { place, equation, key, known, hint, is_decided: false }
        });
        open.collect()
    }

    /// The digests of items by their places. Z_A is kept with the tables of known keys.
    fn digests(&self, items: &[Read<C>]) -> Vec<Digest> {
        let shape = self.batch.shape();
        let bytes: Vec<_> = items.iter().map(|(place, ..)| self.batch.item(self.range.start + place)).collect();
        let mut z_as = Vec::new();
        if shape.has_id() {
            let id = |index: usize| bytes[index].id.unwrap_or_default();
            let kept: Vec<_> = items.iter().enumerate().map(|(index, (.., known))| known.as_ref()?.z_a(id(index))).collect();
            let missing: Vec<_> = (0..items.len()).filter(|&index| kept[index].is_none()).collect();
            let signers: Vec<_> = missing.iter().map(|&index| (id(index), &items[index].1)).collect();
            z_as = kept.into_iter().map(Option::unwrap_or_default).collect();
            for (&index, z_a) in missing.iter().zip(scheme::z_as(&signers, self.context.processor)) {
                z_as[index] = z_a;
                if let Some(known) = &items[index].2 {
                    known.keep_z_a(id(index), z_a);
                }
            }
        }
        scheme::digests(&shape, &bytes, &z_as, self.context.processor)
    }

    fn uses_tables(&self) -> bool {
        !matches!(self.context.forced, Some(Strategy::Single | Strategy::Lockstep))
    }

    /// What the item's hint says, where it is one that the strategies at hand can use.
    fn hint(&self, place: usize, equation: &Equation) -> Option<Hint> {
        if equation.refused_by_low_s {
            return None;
        }
        let (parity, whole) = match self.context.forced {
            None => (true, true),
            Some(strategy) => (strategy == Strategy::Parity, strategy == Strategy::Whole),
        };
        let p = &C::Base::MODULUS;
        match *self.batch.hints().get(self.range.start + place) {
            [id @ 0..=3] if parity => {
                let (x, overflow) = if id & 2 == 0 { (equation.c, 0) } else { limbs::add(&equation.c, &C::N) };
                (overflow == 0 && limbs::less(&x, p)).then_some(Hint::Parity(Abscissa { x, y_is_odd: id & 1 == 1 }))
            }
            ref y if y.len() == 32 && whole => {
                let y = limbs::from_be_bytes(y.try_into().ok()?);
                limbs::less(&y, p).then_some(Hint::Whole([equation.c, y]))
            }
            _ => None,
        }
    }

    /// The points that the hints name, one for each item that has a hint; the identity where there is none.
    fn points(&self) -> Vec<PackedPoint> {
        let (mut abscissae, mut coordinates) = (Vec::new(), Vec::new());
        for hint in self.open.iter().filter_map(|open| open.hint) {
            match hint {
                Hint::Parity(abscissa) => abscissae.push(abscissa),
                Hint::Whole(point) => coordinates.push(point),
            }
        }
        let mut lifted = lift::lift::<C, L>(self.instructions, &abscissae).into_iter();
        let mut checked = lift::check::<C, L>(self.instructions, &coordinates).into_iter();
        let next = |hint: &Hint| match hint {
            Hint::Parity(_) => lifted.next(),
            Hint::Whole(_) => checked.next(),
        };
        let hints = self.open.iter().filter_map(|open| open.hint.as_ref());
        hints.map(next).map(|point| point.expect("a point for each hint")).collect()
    }

    /// `known`.
    fn decide_known(&mut self, adder: &mut Adder<C, L>, items: &[&Open<C>]) {
        let (equations, keys): (Vec<_>, Vec<_>) = items.iter().filter_map(|open| Some((open.equation, open.known.as_deref()?))).unzip();
        self.context.decided.count(Strategy::Known, items.len());
        for (open, decision) in items.iter().zip(ordinary::known(adder, &equations, &keys)) {
            self.decisions[open.place] = decision;
        }
    }

    /// `lockstep`, or `single` for a few. Keys that come again get their tables in the background.
    fn decide_others(&mut self, adder: &mut Adder<C, L>, items: &[&Open<C>]) {
        if items.len() < items_min::<L>() {
            self.context.decided.count(Strategy::Single, items.len());
            for open in items {
                self.decisions[open.place].answer = single::decide(&open.equation, &open.key);
            }
        } else {
            self.context.decided.count(Strategy::Lockstep, items.len());
            let (equations, keys): (Vec<_>, Vec<_>) = items.iter().map(|open| (open.equation, open.key)).unzip();
            for (open, decision) in items.iter().zip(ordinary::lockstep(adder, &equations, &keys)) {
                self.decisions[open.place] = decision;
            }
        }
        self.sight(items.iter().copied());
    }

    /// Counts keys that have no table, and has those made that are due.
    fn sight<'o>(&self, items: impl Iterator<Item = &'o Open<C>>) {
        let eager = self.context.forced == Some(Strategy::Known);
        if eager || self.context.forced.is_none() {
            let keys = items.map(|open| (self.batch.keys().get(self.range.start + open.place), open.key));
            let candidates = self.context.known.sight::<C>(keys, eager);
            self.context.known.make::<C, L>(self.instructions, self.context.pool.as_ref(), candidates);
        }
    }

    /// How many of the hinted items spoil a combination: the bad ones, and those whose hint is not that of their R.
    fn hints_seen(&self, open: &[Open<C>]) -> HintsSeen {
        let is_spoilt = |(decision, hint): &(&Decision, Hint)| match (decision, hint) {
            (Decision { answer: Err(_), .. }, _) => true,
            (Decision { y: None, .. }, _) => false,
            (Decision { y: Some(y), .. }, Hint::Parity(abscissa)) => (y[0] & 1 == 1) != abscissa.y_is_odd,
            (Decision { y: Some(y), .. }, Hint::Whole([_, hinted])) => y != hinted,
        };
        let hinted = || open.iter().filter_map(|open| Some((&self.decisions[open.place], open.hint?)));
        HintsSeen { items: hinted().count(), spoilt: hinted().filter(is_spoilt).count() }
    }
}

/// `parity` and `whole` for the items of all pieces that have hints, where that pays.
fn combine<C: Curve, L: Lanes<Field = C::Base>>(pieces: &mut [Piece<'_, C, L>]) {
    let Some(Piece { context, batch, instructions, .. }) = pieces.first() else { return };
    let (context, batch, instructions) = (*context, *batch, *instructions);
    let hinted = pieces.iter().flat_map(|piece| &piece.open).filter_map(|open| Some((open, open.hint?)));
    let (items, cost) = hinted.fold((0, 0.0), |(items, cost), (open, hint)| (items + 1, cost + ordinary_cost(open, &hint)));
    if items == 0 {
        return;
    }
    let (ordinary_item, share, forced) = (cost / items as f64, context.forgeries.share(batch.source()), context.forced.is_some());
    // As if all had the same key, which costs least.
    let at_best = Costs { combination: |items| combined::cost::<C>(items, 1), ordinary_item, share };
    if !forced && !at_best.combine(items) {
        return;
    }
    let points = in_parallel(pieces.iter().collect(), Piece::points);
    let (mut places, mut members) = (Vec::with_capacity(items), Vec::with_capacity(items));
    for (piece_index, (piece, points)) in pieces.iter().zip(points).enumerate() {
        let hinted = piece.open.iter().enumerate().filter(|(_, open)| open.hint.is_some());
        for ((index, open), r) in hinted.zip(points).filter(|(_, r)| *r != PackedPoint::IDENTITY) {
            places.push((piece_index, index));
            let key_bytes = batch.keys().get(piece.range.start + open.place);
            members.push(Member { equation: &open.equation, key_bytes, key: &open.key, r });
        }
    }
    let good = combined::good::<C, L>(instructions, &members, &context.entropy, ordinary_item, share, forced);
    for ((piece, index), _) in places.into_iter().zip(good).filter(|(_, good)| *good) {
        let piece = &mut pieces[piece];
        let open = &mut piece.open[index];
        let (strategy, y) = match open.hint {
            Some(Hint::Whole([_, y])) => (Strategy::Whole, Some(y)),
            Some(Hint::Parity(_)) | None => (Strategy::Parity, None),
        };
        open.is_decided = true;
        piece.decisions[open.place] = Decision { answer: Ok(()), y };
        context.decided.count(strategy, 1);
    }
}

/// The cost of an item in the ordinary way, less what its hint costs before it is of use.
fn ordinary_cost<C: Curve>(open: &Open<C>, hint: &Hint) -> f64 {
    let ordinary = if open.known.is_some() { KNOWN_ADDITIONS } else { lockstep_additions::<C>() };
    ordinary - if matches!(hint, Hint::Parity(_)) { ROOT_ADDITIONS } else { 0.0 }
}

/// The fewest items that are worth advancing together. Vectors pay from the second item on: eight lanes cost hardly more than one single item.
const fn items_min<L: Lanes>() -> usize {
    if L::WIDTH == 1 { 32 } else { 2 }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("processor", &self.processor).field("forced", &self.forced).finish_non_exhaustive()
    }
}
