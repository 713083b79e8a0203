//! Keys that come again have a table on the device, so that the product with them needs no doublings. It changes the cost of a verdict, never its value.
//!
//! Tables are read by their places, so a place must hold what whoever reads it believes: a key is known to others only once its table is made, and a place that a
//! batch reads is not given to another key before that batch is done. A table is made on the lane of an item that has the key, so an item whose strings do not
//! reach the device takes no part.
//! After a fault nobody knows what tables hold, and all are forgotten.
//!
//! Most keys are never seen again, and each batch has thousands: they are hashed before the lock is taken, and counted in a sketch instead of kept.

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

use chainbox_engine::batch::ByteColumn;

use crate::{layout::KEY_TABLE_WORDS, program::Curve};

/// A key gets a table when it was seen on so many items: making one takes as long as about thirty items without.
const ITEMS_BEFORE_TABLE: u8 = 16;

/// Counters of keys, for each place there is.
const COUNTERS_A_PLACE: usize = 32;

/// The longest key that gets a table: an uncompressed one.
const KEY_BYTES_MAX: usize = 65;

/// The keys of a device.
pub(super) struct KnownKeys {
    places: usize,
    /// Nobody outside knows which keys share a hash.
    hasher: RandomState,
    state: Mutex<State>,
}

struct State {
    /// By the hash of curve and key. Of two keys with one hash the first alone has a table.
    by_hash: HashMap<u64, u32, BuildHasherDefault<AsItIs>>,
    places: Vec<Place>,
    sketch: Sketch,
    /// Counts batches: the time of the least recently used.
    clock: u64,
    /// Counts how often everything was forgotten.
    generation: u64,
    /// Items that were decided with tables.
    items: u64,
}

struct Place {
    owner: Option<Owner>,
    /// Whether the table is made.
    is_made: bool,
    /// The batch that makes it, by its count.
    maker: u64,
    /// Batches that read it and are not done.
    readers: usize,
    used: u64,
}

/// Whose table it is. Bytes are compared, not hashes of them: a verdict hangs on it.
struct Owner {
    hash: u64,
    curve: Curve,
    key: Box<[u8]>,
}

/// How often keys without a table were seen. A counter belongs to one key of those whose hashes share it; each other one that is seen takes one off, and has it
/// once nothing is left. So whoever comes often has a counter, and keys that are seen once wear each other out.
struct Sketch(Vec<Counter>);

#[derive(Clone, Copy, Default)]
struct Counter {
    /// Bits of the hash, which tell keys apart.
    tag: u16,
    seen: u8,
}

impl Sketch {
    fn new(places: usize) -> Self {
        Self(vec![Counter::default(); (COUNTERS_A_PLACE * places).next_power_of_two()])
    }

    fn counter(&mut self, hash: u64) -> &mut Counter {
        let mask = self.0.len() - 1;
        &mut self.0[hash as usize & mask]
    }

    /// Counts a key, and says how often it was seen, as far as is known.
    fn see(&mut self, hash: u64) -> u8 {
        let (counter, tag) = (self.counter(hash), (hash >> 48) as u16);
        if counter.tag == tag {
            counter.seen = counter.seen.saturating_add(1);
            return counter.seen;
        }
        match counter.seen.checked_sub(1) {
            Some(left) => counter.seen = left,
            None => *counter = Counter { tag, seen: 1 },
        }
        0
    }
}

/// The hasher of what is a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("hashes are numbers");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// What the tables of known keys are at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownKeysState {
    /// Tables on the device.
    pub tables: usize,
    /// Items that were decided with them.
    pub items: u64,
}

/// What a batch is to do with its keys.
pub(super) struct Plan {
    /// Items with the place of their key's table, sorted by place.
    pub known: Vec<(u32, u32)>,
    /// Those places, each once.
    places: Vec<u32>,
    /// Items without, in order.
    pub unknown: Vec<u32>,
    /// Places whose tables this batch makes.
    pub new: Vec<u32>,
    generation: u64,
}

impl KnownKeys {
    /// Room for tables of `bytes` bytes in all.
    pub(super) fn new(bytes: usize) -> Self {
        let places = bytes / (4 * KEY_TABLE_WORDS);
        Self { places, hasher: RandomState::new(), state: Mutex::new(State::new(places)) }
    }

    /// The bytes of all tables.
    pub(super) const fn bytes(&self) -> usize {
        4 * KEY_TABLE_WORDS * self.places
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to do with the keys of a batch, which makes at most `new_max` tables. `None` where no key has a table or gets one. Items that the host decides
    /// (`is_left`) are unknown, whatever their keys. Whoever has a plan must say [`Self::done`] or [`Self::forget`].
    pub(super) fn plan(&self, curve: Curve, keys: &ByteColumn, is_left: impl Fn(usize) -> bool, new_max: usize) -> Option<Plan> {
        if self.places == 0 || keys.len() > u32::MAX as usize {
            return None;
        }
        let hash = |(index, key): (usize, &[u8])| {
            (key.len() <= KEY_BYTES_MAX && !is_left(index)).then(|| self.hasher.hash_one((curve as u8, key)))
        };
        let hashes: Vec<Option<u64>> = keys.iter().enumerate().map(hash).collect();
        let mut plan = Plan { known: Vec::new(), places: Vec::new(), unknown: Vec::new(), new: Vec::new(), generation: 0 };
        let mut state = self.lock();
        state.clock += 1;
        plan.generation = state.generation;
        for ((item, key), hash) in (0_u32..).zip(keys.iter()).zip(hashes) {
            match hash.and_then(|hash| state.place_of(hash, curve, key, self.places, &mut plan, new_max)) {
                Some(place) => plan.known.push((item, place)),
                None => plan.unknown.push(item),
            }
        }
        for &place in &plan.places {
            state.places[place as usize].readers += 1;
        }
        drop(state);
        if plan.known.is_empty() {
            return None;
        }
        plan.known.sort_unstable_by_key(|&(item, place)| (place, item));
        Some(plan)
    }

    /// All pieces of the plan that read tables are done: others may use the new ones, and the places may go to other keys. Whether the tables were those that the
    /// plan counted on, all the time.
    pub(super) fn done(&self, plan: &Plan) -> bool {
        let mut state = self.lock();
        if plan.generation != state.generation {
            return false;
        }
        for &place in &plan.places {
            state.places[place as usize].readers -= 1;
        }
        for &place in &plan.new {
            state.places[place as usize].is_made = true;
        }
        state.items += plan.known.len() as u64;
        true
    }

    /// What they are at.
    pub(super) fn state(&self) -> KnownKeysState {
        let state = self.lock();
        KnownKeysState { tables: state.places.iter().filter(|place| place.is_made).count(), items: state.items }
    }

    /// Forgets all tables, after a fault.
    pub(super) fn forget(&self) {
        let mut state = self.lock();
        *state = State { generation: state.generation + 1, clock: state.clock, items: state.items, ..State::new(self.places) };
    }
}

impl State {
    fn new(places: usize) -> Self {
        Self { by_hash: HashMap::default(), places: Vec::new(), sketch: Sketch::new(places), clock: 0, generation: 0, items: 0 }
    }

    /// The place of a key's table: one that is made, or that this batch makes.
    fn place_of(&mut self, hash: u64, curve: Curve, key: &[u8], places_max: usize, plan: &mut Plan, new_max: usize) -> Option<u32> {
        if let Some(&place) = self.by_hash.get(&hash) {
            let found = &mut self.places[place as usize];
            let is_owner = found.owner.as_ref().is_some_and(|owner| owner.curve == curve && *owner.key == *key);
            if !is_owner {
                return None;
            }
            if !found.is_made && found.maker != self.clock {
                return None;
            }
            if found.used < self.clock {
                found.used = self.clock;
                plan.places.push(place);
            }
            return Some(place);
        }
        if self.sketch.see(hash) < ITEMS_BEFORE_TABLE || plan.new.len() >= new_max {
            return None;
        }
        let place = self.free_place(places_max)?;
        if let Some(evicted) = self.places[place as usize].owner.take() {
            self.by_hash.remove(&evicted.hash);
        }
        let owner = Some(Owner { hash, curve, key: key.into() });
        self.places[place as usize] = Place { owner, is_made: false, maker: self.clock, readers: 0, used: self.clock };
        self.by_hash.insert(hash, place);
        // Once its table went to another key, it is to come as often again.
        *self.sketch.counter(hash) = Counter::default();
        plan.places.push(place);
        plan.new.push(place);
        Some(place)
    }

    /// A place that nobody has, or that of the key that was not used for longest and not by this batch.
    fn free_place(&mut self, places_max: usize) -> Option<u32> {
        if self.places.len() < places_max {
            self.places.push(Place { owner: None, is_made: false, maker: 0, readers: 0, used: 0 });
            return Some(self.places.len() as u32 - 1);
        }
        let idle = self.places.iter().enumerate().filter(|(_, place)| place.readers == 0 && place.used < self.clock);
        idle.min_by_key(|(_, place)| place.used).map(|(place, _)| place as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A column of keys: those numbers.
    fn column(numbers: impl Iterator<Item = u64>) -> ByteColumn {
        let mut keys = ByteColumn::new();
        numbers.for_each(|number| keys.push(&number.to_le_bytes()).unwrap());
        keys
    }

    #[test]
    fn keys_that_come_again_are_found_among_masses_that_do_not() {
        let known = KnownKeys::new(4 * KEY_TABLE_WORDS * 64);
        let all = |_| false;
        for batch in 0..50 {
            // A thousand new keys, and each of eight ones twice.
            let keys = column((0..1_000).map(|number| 1_000 * (batch + 1) + number).chain((0..16).map(|number| number % 8)));
            let Some(plan) = known.plan(Curve::Sm2, &keys, all, 64) else { continue };
            assert!(plan.known.is_sorted_by_key(|&(_, place)| place));
            assert!(plan.known.iter().all(|&(item, _)| item >= 1_000), "a key that was seen once has a table");
            let mut items: Vec<u32> = plan.known.iter().map(|&(item, _)| item).chain(plan.unknown.iter().copied()).collect();
            items.sort_unstable();
            assert!(items.into_iter().eq(0..1_016));
            assert!(known.done(&plan));
        }
        assert_eq!(known.state().tables, 8);
        // The same bytes are another key on another curve, and an item that the host decides has none.
        let keys = column(0..8);
        assert!(known.plan(Curve::P256, &keys, all, 64).is_none());
        assert!(known.plan(Curve::Sm2, &keys, |_| true, 64).is_none());
        assert_eq!(known.plan(Curve::Sm2, &keys, all, 64).unwrap().known.len(), 8);
    }
}
