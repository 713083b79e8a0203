//! One sum of products of many points, by Pippenger's bucket method: in each window of digits, the points with the same digit are summed first,
//! then each sum is taken as often as its digit says.
//!
//! All sums are those of lists, round by round, so that their additions share inversions. A bucket's weight k = hi * 2^half + lo is split: the
//! buckets are summed by hi and by lo, these sums by the bits of hi and lo, and the sums of bits are doubled into place, all windows in one run.
//! Until then the windows do not know each other, so that threads share them.

use rayon::prelude::*;

use super::{
    Term,
    add::Adder,
    unpack,
    windows::{self, SignedScalar},
};
use crate::{
    curve::{Group, point::Jacobian},
    field::lanes::{Lanes, PackedPoint},
};

/// One product of the sum.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// The point.
    pub point: PackedPoint,
    /// Its factor.
    pub factor: SignedScalar,
}

/// Products whose factors have about as many bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// How many products.
    pub products: usize,
    /// The bits of their factors, at most 255.
    pub bits: u32,
}

/// The widest windows: 2,048 buckets each.
const WIDTH_MAX: u32 = 12;

/// What a window costs whatever it holds, in additions: some twelve rounds, each with an inversion of its own.
const WINDOW_ADDITIONS: f64 = 1000.0;

/// The width that takes the fewest additions, and how many they are, about.
#[must_use]
pub fn plan(loads: &[Load]) -> (u32, f64) {
    let additions = |width: u32| -> f64 {
        let buckets = f64::from(1 << (width - 1));
        let bits_max = loads.iter().map(|load| load.bits).max().unwrap_or(0);
        // Windows come in runs that hold the same loads: a run ends where the factors of a load do.
        let (mut sum, mut start) = (2.0 * f64::from(bits_max), 0);
        while start < windows::digits(bits_max, width) {
            let held = || loads.iter().map(|load| (windows::digits(load.bits, width), load.products)).filter(|(end, _)| *end > start);
            let entries = held().map(|(_, products)| products).sum::<usize>() as f64;
            let end = held().map(|(end, _)| end).min().unwrap_or(start + 1);
            // Every bucket that is not empty is summed twice, by its upper and its lower half.
            sum += (end - start) as f64 * (WINDOW_ADDITIONS + entries + buckets * (1.0 - (-entries / buckets).exp()));
            start = end;
        }
        sum
    };
    let costs = (2..=WIDTH_MAX).map(|width| (width, additions(width)));
    costs.min_by(|(_, a), (_, b)| a.total_cmp(b)).expect("there are widths")
}

/// How many windows of a width a sum has.
#[must_use]
pub fn windows(loads: &[Load], width: u32) -> usize {
    windows::digits(loads.iter().map(|load| load.bits).max().unwrap_or(0), width)
}

/// The sum of all products, whose factors have at most `bits` bits, by windows of `width`, as [`plan`] says. The windows are spread over the threads
/// of the pool that this is called from.
#[must_use]
pub fn sum_of_products<G: Group, L: Lanes<Field = G::Base>>(
    instructions: L::Instructions,
    products: &[Product],
    bits: u32,
    width: u32,
) -> Jacobian<G> {
    let len = windows::digits(bits, width);
    let digits = digits_by_window(products, len, width);
    let points: Vec<PackedPoint> = products.iter().map(|product| product.point).collect();
    // Memory is kept from window to window: fresh pages would cost a tenth of the time.
    let memory = || (Adder::<G, L>::new(instructions), Vec::new());
    let window = |(adder, sums): &mut (Adder<G, L>, Vec<PackedPoint>), window: usize| {
        let digits = &digits[window * points.len()..][..points.len()];
        sums_by_bit(adder, sums, &points, digits, width)
    };
    let sums: Vec<_> = (0..len).into_par_iter().map_init(memory, window).collect();
    doubled_into_place::<G, L>(instructions, &sums, width)
}

/// The sum of the buckets that have a bit, for each bit of a window's weights: what stands at place i counts 2^i times.
fn sums_by_bit<G: Group, L: Lanes<Field = G::Base>>(
    adder: &mut Adder<G, L>,
    sums: &mut Vec<PackedPoint>,
    points: &[PackedPoint],
    digits: &[i16],
    width: u32,
) -> Vec<Option<(PackedPoint, bool)>> {
    sums.clear();
    let mut arena = Arena { given: points, sums };
    let buckets = reduce(adder, &mut arena, Lists::by_digit(1 << (width - 1), digits));
    let half = (width - 1) / 2;
    let lower = Lists::by_part(&buckets, |weight| weight & ((1 << half) - 1));
    let upper = Lists::by_part(&buckets, |weight| weight >> half);
    let parts = reduce(adder, &mut arena, Lists::concat(&[&lower, &upper]));
    let (lower, upper) = parts.split_at(lower.len());
    let mut by_bit = vec![Vec::new(); width as usize];
    for (shift, parts) in [(0, lower), (half, upper)] {
        for (weight, entry) in parts.iter().enumerate().filter_map(|(weight, entry)| Some((weight, (*entry)?))) {
            for bit in (0..width - shift).filter(|bit| weight >> bit & 1 == 1) {
                by_bit[(shift + bit) as usize].push(entry);
            }
        }
    }
    let sums = reduce(adder, &mut arena, Lists::of(&by_bit));
    let point = |entry: Entry| {
        let Term { point, negative } = arena.term(entry);
        (*point, negative)
    };
    sums.into_iter().map(|entry| entry.map(point)).collect()
}

/// The digits of all factors: first the lowest of each, then the next of each, and so on.
fn digits_by_window(products: &[Product], len: usize, width: u32) -> Vec<i16> {
    let mut digits = vec![0; products.len() * len];
    let mut row = vec![0; len];
    for (index, product) in products.iter().enumerate() {
        product.factor.write_digits(width, &mut row);
        for (window, digit) in row.iter().enumerate() {
            digits[window * products.len() + index] = *digit as i16;
        }
    }
    digits
}

/// The sum over all windows of what [`sums_by_bit`] gives, each doubled as often as its place in its window and its window say.
fn doubled_into_place<G: Group, L: Lanes<Field = G::Base>>(
    instructions: L::Instructions,
    windows: &[Vec<Option<(PackedPoint, bool)>>],
    width: u32,
) -> Jacobian<G> {
    debug_assert!(windows.iter().all(|window| window.len() == width as usize));
    let sums = windows.concat();
    let points: Vec<_> = sums.iter().map(|sum| sum.map_or(PackedPoint::IDENTITY, |(point, _)| point)).collect();
    sums.iter().zip(unpack::<G, L>(instructions, &points)).rev().fold(Jacobian::IDENTITY, |total, (sum, point)| {
        let negative = sum.is_some_and(|(_, negative)| negative);
        total.double().add_affine(&if negative { point.neg() } else { point })
    })
}

/// The points that are summed, and the sums.
struct Arena<'a> {
    given: &'a [PackedPoint],
    sums: &'a mut Vec<PackedPoint>,
}

impl Arena<'_> {
    fn term(&self, entry: Entry) -> Term<'_> {
        entry.term(self.given, self.sums)
    }
}

/// A point of an [`Arena`] or its opposite: the index, the given points first, then the sign in the lowest bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry(u32);

impl Entry {
    const fn new(index: usize, negative: bool) -> Self {
        Self((index as u32) << 1 | negative as u32)
    }

    #[inline(always)]
    fn term<'a>(self, given: &'a [PackedPoint], sums: &'a [PackedPoint]) -> Term<'a> {
        let index = (self.0 >> 1) as usize;
        let point = given.get(index).unwrap_or_else(|| &sums[index - given.len()]);
        Term { point, negative: self.0 & 1 == 1 }
    }
}

/// Lists of entries, one after the other.
struct Lists {
    entries: Vec<Entry>,
    ends: Vec<usize>,
}

impl Lists {
    const fn len(&self) -> usize {
        self.ends.len()
    }

    fn iter(&self) -> impl Iterator<Item = &[Entry]> {
        self.ends.iter().scan(0, |start, &end| Some(&self.entries[std::mem::replace(start, end)..end]))
    }

    /// The points by the size of their digits, 0 left out: list k holds those of k or -k. Sorted by counting.
    fn by_digit(largest: usize, digits: &[i16]) -> Self {
        let mut ends = vec![0; largest + 1];
        for digit in digits {
            ends[usize::from(digit.unsigned_abs())] += 1;
        }
        ends[0] = 0;
        let mut end = 0;
        for slot in &mut ends {
            end += std::mem::replace(slot, end);
        }
        // Each list's start moves to its end as the list is filled.
        let mut entries = vec![Entry(0); end];
        for (index, &digit) in digits.iter().enumerate() {
            if digit != 0 {
                let slot = &mut ends[usize::from(digit.unsigned_abs())];
                entries[*slot] = Entry::new(index, digit < 0);
                *slot += 1;
            }
        }
        Self { entries, ends }
    }

    /// Buckets by a part of their weights, 0 left out.
    fn by_part(buckets: &[Option<Entry>], part: impl Fn(usize) -> usize) -> Self {
        let largest = (0..buckets.len()).map(&part).max().unwrap_or(0);
        let mut lists = vec![Vec::new(); largest + 1];
        for (weight, entry) in buckets.iter().enumerate().filter_map(|(weight, entry)| Some((weight, (*entry)?))) {
            if part(weight) != 0 {
                lists[part(weight)].push(entry);
            }
        }
        Self::of(&lists)
    }

    fn of(lists: &[Vec<Entry>]) -> Self {
        let ends = lists.iter().scan(0, |end, list| {
            *end += list.len();
            Some(*end)
        });
        Self { ends: ends.collect(), entries: lists.concat() }
    }

    fn concat(parts: &[&Self]) -> Self {
        let lists: Vec<_> = parts.iter().flat_map(|part| part.iter().map(<[Entry]>::to_vec)).collect();
        Self::of(&lists)
    }
}

/// The sum of each list, `None` for an empty one. The arena takes the sums.
fn reduce<G: Group, L: Lanes<Field = G::Base>>(adder: &mut Adder<G, L>, arena: &mut Arena<'_>, mut lists: Lists) -> Vec<Option<Entry>> {
    loop {
        let base = arena.given.len() + arena.sums.len();
        let mut pairs = Vec::with_capacity(lists.entries.len() / 2);
        let mut next = Lists { entries: Vec::with_capacity(lists.entries.len()), ends: Vec::with_capacity(lists.len()) };
        for list in lists.iter() {
            let (whole, rest) = list.as_chunks::<2>();
            for pair in whole {
                next.entries.push(Entry::new(base + pairs.len(), false));
                pairs.push(*pair);
            }
            next.entries.extend_from_slice(rest);
            next.ends.push(next.entries.len());
        }
        if pairs.is_empty() {
            return lists.iter().map(|list| list.first().copied()).collect();
        }
        let done = arena.sums.len();
        arena.sums.resize(done + pairs.len(), PackedPoint::IDENTITY);
        let (done, sums) = arena.sums.split_at_mut(done);
        adder.add(sums, |index| pairs[index].map(|entry| entry.term(arena.given, done)));
        lists = next;
    }
}
