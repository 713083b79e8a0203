//! Keys that come again have a table on the device, so that the product with them needs no doublings. It changes the cost of a verdict, never its value.
//!
//! Tables are read by their places, so a place must hold what whoever reads it believes: a key is known to others only once its table is made, and a place that a
//! batch reads is not given to another key before that batch is done. A table is made on the lane of an item that has the key, so an item whose strings do not
//! reach the device takes no part.
//! After a fault nobody knows what tables hold, and all are forgotten.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chainbox_engine::batch::ByteColumn;

use crate::{layout::KEY_TABLE_WORDS, program::Curve};

/// A key gets a table when it was seen on so many items: making one takes as long as about thirty items without.
const ITEMS_BEFORE_TABLE: u32 = 16;

/// Keys without a table that are remembered, for each place there is.
const REMEMBERED_A_PLACE: usize = 4;

/// The longest key that is remembered: an uncompressed one.
const KEY_BYTES_MAX: usize = 65;

/// The keys of a device.
pub(super) struct KnownKeys {
    places: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By curve and bytes. Bytes are compared, not digests of them: a verdict hangs on it.
    keys: [HashMap<Box<[u8]>, Key>; 3],
    places: Vec<Place>,
    /// Counts batches: the time of the least recently used.
    clock: u64,
    /// Counts how often everything was forgotten.
    generation: u64,
    remembered: usize,
    /// Items that were decided with tables.
    items: u64,
}

#[derive(Clone, Copy)]
struct Key {
    items: u32,
    place: Option<u32>,
}

struct Place {
    owner: Option<(Curve, Box<[u8]>)>,
    /// Whether the table is made.
    is_made: bool,
    /// The batch that makes it, by its count.
    maker: u64,
    /// Batches that read it and are not done.
    readers: usize,
    used: u64,
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
    /// Items without, in order.
    pub unknown: Vec<u32>,
    /// Places whose tables this batch makes.
    pub new: Vec<u32>,
    generation: u64,
}

impl KnownKeys {
    /// Room for tables of `bytes` bytes in all.
    pub(super) fn new(bytes: usize) -> Self {
        Self { places: bytes / (4 * KEY_TABLE_WORDS), state: Mutex::default() }
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
        let mut state = self.lock();
        state.clock += 1;
        let mut plan = Plan { known: Vec::new(), unknown: Vec::new(), new: Vec::new(), generation: state.generation };
        for (item, key) in (0_u32..).zip(keys.iter()) {
            if is_left(item as usize) {
                plan.unknown.push(item);
                continue;
            }
            state.see(curve, key, REMEMBERED_A_PLACE * self.places);
            match state.place_of(curve, key, self.places, &mut plan.new, new_max) {
                Some(place) => plan.known.push((item, place)),
                None => plan.unknown.push(item),
            }
        }
        if plan.known.is_empty() {
            return None;
        }
        plan.known.sort_unstable_by_key(|&(item, place)| (place, item));
        for place in plan.places() {
            state.places[place as usize].readers += 1;
        }
        Some(plan)
    }

    /// All pieces of the plan that read tables are done: others may use the new ones, and the places may go to other keys. Whether the tables were those that the
    /// plan counted on, all the time.
    pub(super) fn done(&self, plan: &Plan) -> bool {
        let mut state = self.lock();
        if plan.generation != state.generation {
            return false;
        }
        for place in plan.places() {
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
        *state = State { generation: state.generation + 1, clock: state.clock, items: state.items, ..State::default() };
    }
}

impl Plan {
    /// Each place once.
    fn places(&self) -> impl Iterator<Item = u32> + '_ {
        self.known.chunk_by(|one, other| one.1 == other.1).map(|chunk| chunk[0].1)
    }
}

impl State {
    /// Counts an item of a key.
    fn see(&mut self, curve: Curve, key: &[u8], remembered_max: usize) {
        if let Some(key) = self.keys[curve as usize].get_mut(key) {
            key.items = key.items.saturating_add(1);
        } else if key.len() <= KEY_BYTES_MAX {
            if self.remembered >= remembered_max {
                self.keys.iter_mut().for_each(|keys| keys.retain(|_, key| key.place.is_some()));
                self.remembered = 0;
            }
            self.remembered += 1;
            self.keys[curve as usize].insert(key.into(), Key { items: 1, place: None });
        }
    }

    /// The place of a key's table: one that is made, or that this batch makes.
    fn place_of(&mut self, curve: Curve, key: &[u8], places_max: usize, new: &mut Vec<u32>, new_max: usize) -> Option<u32> {
        let known = *self.keys[curve as usize].get(key)?;
        if let Some(place) = known.place {
            let found = &mut self.places[place as usize];
            found.used = self.clock;
            return (found.is_made || found.maker == self.clock).then_some(place);
        }
        if known.items < ITEMS_BEFORE_TABLE || new.len() >= new_max {
            return None;
        }
        let place = self.free_place(places_max)?;
        if let Some((curve, evicted)) = self.places[place as usize].owner.take() {
            self.keys[curve as usize].remove(&evicted);
        }
        self.places[place as usize] =
            Place { owner: Some((curve, key.into())), is_made: false, maker: self.clock, readers: 0, used: self.clock };
        self.keys[curve as usize].insert(key.into(), Key { place: Some(place), ..known });
        self.remembered = self.remembered.saturating_sub(1);
        new.push(place);
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
