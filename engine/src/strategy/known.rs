//! `known`: tables of the keys that come again, so that u2*Q is a sum of rows.
//!
//! The tables of all schemes share one bound in bytes. A key that was met [`SIGHTINGS`] times gets its table in the background, at the pace that
//! the items in all pay for. The table that was idle longest gives way, but none that is still in use: more keys than there is room for must not
//! drive each other out in turn.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use crate::{
    curve::{
        Curve,
        lanes::{add::Adder, fixed_base::FixedBase},
        point::Affine,
    },
    field::lanes::{Lanes, Packed, portable::FourLimbs},
    hash::Digest,
};

/// The default bound of all tables.
pub const TABLE_BYTES_DEFAULT: usize = 512 << 20;

/// How often a key is met before its table is made: the table costs as much as some twenty products save.
const SIGHTINGS: u32 = 3;

/// Items that pay for one table: a table takes as long as some thirty of them, and must not hold up the others by more than a fifth.
const ITEMS_A_TABLE: u64 = 150;

/// Tables that may be paid for in advance.
const CREDIT_TABLES: u64 = 128;

/// Slots for keys that were met and have no table yet. A key that finds its slot taken takes it over.
const SIGHTING_SLOTS: usize = 1 << 16;

/// The widest digits. One bit more doubles a table and saves a tenth of the additions.
const WIDTH_MAX: u32 = 8;
/// The narrowest digits.
const WIDTH_MIN: u32 = 3;

/// Keys for which there should be room: narrower tables are taken until there is.
const KEYS_WANTED: usize = 1500;

/// Tables that one background task makes together.
const TASK_KEYS: usize = 16;

/// Tables that may be waiting to be made.
const WAITING_MAX: usize = 4096;

/// A table is in use while it was met within this many items for each table that there is.
const IDLE_FACTOR: u64 = 16;

/// A key as bytes, of one curve.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Name {
    curve: u8,
    len: u8,
    bytes: [u8; 65],
}

impl Name {
    fn new<C: Curve>(key: &[u8]) -> Self {
        let mut bytes = [0; 65];
        bytes[..key.len()].copy_from_slice(key);
        Self { curve: C::NUMBER, len: key.len() as u8, bytes }
    }
}

/// A key that has a table.
#[derive(Debug)]
pub struct KnownKey {
    x: Packed,
    y: Packed,
    table: FixedBase,
    /// An id of the signer and the Z_A that goes with it: the first that was met, and hardly anybody has a second.
    z_a: OnceLock<(Vec<u8>, Digest)>,
    /// The clock, in items, when it was last met.
    last_met: AtomicU64,
}

impl KnownKey {
    /// The point.
    #[inline]
    #[must_use]
    pub fn point<C: Curve>(&self) -> Affine<C> {
        Affine { x: C::Base::from_packed(&self.x), y: C::Base::from_packed(&self.y) }
    }

    /// Z_A for an id, where it was computed before.
    #[must_use]
    pub fn z_a(&self, id: &[u8]) -> Option<Digest> {
        self.z_a.get().filter(|(known, _)| known == id).map(|(_, z_a)| *z_a)
    }

    /// Keeps Z_A for an id, unless another id came first.
    pub fn keep_z_a(&self, id: &[u8], z_a: Digest) {
        self.z_a.get_or_init(|| (id.to_vec(), z_a));
    }

    /// The table of its multiples.
    #[inline]
    #[must_use]
    pub const fn table(&self) -> &FixedBase {
        &self.table
    }
}

/// What the tables are at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownKeysState {
    /// Keys that have tables.
    pub keys: usize,
    /// The bytes of these tables.
    pub bytes: usize,
    /// The bound of these bytes.
    pub bytes_max: usize,
    /// Keys whose tables are being made.
    pub waiting: usize,
}

/// The tables of keys, shared by threads.
pub struct KnownKeys {
    bytes_max: usize,
    width: Option<u32>,
    /// Items that were looked up in all.
    clock: AtomicU64,
    hasher: RandomState,
    tables: RwLock<HashMap<Name, Arc<KnownKey>>>,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    /// The clock up to which items have paid for tables.
    paid: u64,
    /// How often each key was met: its hash and a count.
    sightings: Vec<(u64, u32)>,
    names: HashSet<Name>,
}

/// A key that deserves a table.
pub struct Candidate<C: Curve> {
    name: Name,
    point: Affine<C>,
}

impl KnownKeys {
    /// No key yet, and at most `bytes_max` bytes of tables. No table is ever made where not one fits.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        let fits = |width: &u32, keys: usize| FixedBase::bytes_of(*width) * keys <= bytes_max;
        let narrowest = Some(WIDTH_MIN).filter(|width| fits(width, 1));
        let width = (WIDTH_MIN..=WIDTH_MAX).rev().find(|width| fits(width, KEYS_WANTED)).or(narrowest);
        let sightings = if width.is_some() { vec![(0, 0); SIGHTING_SLOTS] } else { Vec::new() };
        Self {
            bytes_max,
            width,
            clock: AtomicU64::new(0),
            hasher: RandomState::new(),
            tables: RwLock::default(),
            waiting: Mutex::new(Waiting { paid: 0, sightings, names: HashSet::new() }),
        }
    }

    /// What the tables are at.
    #[must_use]
    pub fn state(&self) -> KnownKeysState {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let bytes = self.width.map_or(0, FixedBase::bytes_of);
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).names.len();
        KnownKeysState { keys: tables.len(), bytes: tables.len() * bytes, bytes_max: self.bytes_max, waiting }
    }

    /// The table of each key that has one.
    #[must_use]
    pub fn find<'a, C: Curve>(&self, keys: impl ExactSizeIterator<Item = &'a [u8]>) -> Vec<Option<Arc<KnownKey>>> {
        let now = self.clock.fetch_add(keys.len() as u64, Relaxed);
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        if tables.is_empty() {
            return vec![None; keys.len()];
        }
        let find = |key: &[u8]| {
            let known = (key.len() <= 65).then(|| tables.get(&Name::new::<C>(key))).flatten()?;
            known.last_met.store(now, Relaxed);
            Some(Arc::clone(known))
        };
        keys.map(find).collect()
    }

    /// Counts keys that have no table; those that were met often enough are to be given one by [`Self::make`]. `eager` asks not who pays.
    #[must_use]
    pub fn sight<'a, C: Curve>(&self, keys: impl Iterator<Item = (&'a [u8], Affine<C>)>, eager: bool) -> Vec<Candidate<C>> {
        if self.width.is_none() {
            return Vec::new();
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = &mut *waiting;
        let mut candidates = Vec::new();
        let now = self.clock.load(Relaxed);
        waiting.paid = waiting.paid.max(now.saturating_sub(CREDIT_TABLES * ITEMS_A_TABLE));
        for (key, point) in keys {
            let name = Name::new::<C>(key);
            let hash = self.hasher.hash_one(name);
            let (slot_hash, count) = &mut waiting.sightings[hash as usize % SIGHTING_SLOTS];
            if *slot_hash != hash {
                (*slot_hash, *count) = (hash, 0);
            }
            *count = count.saturating_add(1);
            let is_paid = eager || waiting.paid + ITEMS_A_TABLE <= now;
            if *count >= SIGHTINGS && is_paid && waiting.names.len() < WAITING_MAX && waiting.names.insert(name) {
                waiting.paid += if eager { 0 } else { ITEMS_A_TABLE };
                candidates.push(Candidate { name, point });
            }
        }
        candidates
    }

    /// Makes tables in tasks of a pool, or of the process's common one.
    pub fn make<C: Curve, L: Lanes<Field = C::Base>>(
        self: &Arc<Self>,
        instructions: L::Instructions,
        pool: Option<&rayon::ThreadPool>,
        mut candidates: Vec<Candidate<C>>,
    ) {
        while !candidates.is_empty() {
            let points = candidates.split_off(candidates.len().saturating_sub(TASK_KEYS));
            let keys = Arc::clone(self);
            let task = move || keys.make_now::<C, L>(instructions, &points);
            match pool {
                Some(pool) => pool.spawn_fifo(task),
                None => rayon::spawn_fifo(task),
            }
        }
    }

    fn make_now<C: Curve, L: Lanes<Field = C::Base>>(&self, instructions: L::Instructions, candidates: &[Candidate<C>]) {
        let Some(width) = self.width else { return };
        let mut adder = Adder::<C, L>::new(instructions);
        for Candidate { name, point } in candidates {
            if self.has_room_for(name, width) {
                let table = FixedBase::new(&mut adder, point, width);
                let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
                if self.make_room(&mut tables, FixedBase::bytes_of(width)) {
                    let (x, y) = (point.x.packed(), point.y.packed());
                    let last_met = AtomicU64::new(self.clock.load(Relaxed));
                    tables.insert(*name, Arc::new(KnownKey { x, y, table, z_a: OnceLock::new(), last_met }));
                }
            }
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).names.remove(name);
        }
    }

    /// Whether a key's table would find room, and is not there by now: none is made for nothing.
    fn has_room_for(&self, name: &Name, width: u32) -> bool {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        if tables.contains_key(name) {
            return false;
        }
        (tables.len() + 1) * FixedBase::bytes_of(width) <= self.bytes_max || tables.values().any(|known| self.is_idle(known, tables.len()))
    }

    fn is_idle(&self, known: &KnownKey, tables: usize) -> bool {
        self.clock.load(Relaxed).saturating_sub(known.last_met.load(Relaxed)) > IDLE_FACTOR * tables as u64
    }

    /// Lets the table go that was idle longest, where one more would be too much. Whether there is room now.
    fn make_room(&self, tables: &mut HashMap<Name, Arc<KnownKey>>, bytes: usize) -> bool {
        if (tables.len() + 1) * bytes <= self.bytes_max {
            return true;
        }
        let longest = tables.iter().min_by_key(|(_, known)| known.last_met.load(Relaxed));
        let Some((name, _)) = longest.filter(|(_, known)| self.is_idle(known, tables.len())) else { return false };
        let name = *name;
        tables.remove(&name);
        true
    }
}
