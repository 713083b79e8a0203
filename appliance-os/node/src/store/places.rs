//! The index of transactions by identity. Its keys are random: one by one they would cost the database more than everything else of a transaction.
//!
//! So identities are kept in memory at first, and beside them in the database as one entry a block. Once there are many, a thread sorts them and adds them to
//! the database as a table of its own; only then their blocks' entries are removed. What a crash leaves of that is done again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use chainbox_engine::hash::Digest;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch};

use super::error::StoreError;
use crate::types::Place;

/// Identities are cut to so many bytes: none of them meet, and the index is the smaller.
const ID_BYTES: usize = 16;

type Id = [u8; ID_BYTES];

/// The index.
pub struct Places {
    parts: Parts,
    unsorted_max: usize,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Clone)]
struct Parts {
    db: Database,
    /// Identity -> place, in tables that are made at once.
    sorted: Keyspace,
    /// Height -> the identities of its block, of blocks that are in no table.
    by_block: Keyspace,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Default)]
struct Memory {
    recent: HashMap<Id, Place>,
    /// What is becoming a table.
    sealed: Arc<HashMap<Id, Place>>,
    /// The last height of which something is in `recent`.
    height: u64,
    /// Why no table was made.
    problem: Option<StoreError>,
}

impl Places {
    /// The index of a database, with so many identities in memory before they become a table.
    pub fn open(db: &Database, unsorted_max: usize) -> Result<Self, StoreError> {
        let keyspace = |name: &str| db.keyspace(name, KeyspaceCreateOptions::default);
        let (sorted, by_block) = (keyspace("places")?, keyspace("recent")?);
        let mut memory = Memory::default();
        for guard in by_block.iter() {
            let (height, ids) = guard.into_inner()?;
            let height = <[u8; 8]>::try_from(&*height).map(u64::from_be_bytes);
            let height = height.map_err(|_| StoreError::damaged("the database of the state", "a height of its index is none"))?;
            memory.add(height, ids.as_chunks().0.iter().copied());
        }
        let parts = Parts { db: db.clone(), sorted, by_block, memory: Arc::new(Mutex::new(memory)) };
        Ok(Self { parts, unsorted_max, thread: Mutex::new(None) })
    }

    /// Adds the identities of a block to a batch.
    pub fn insert(&self, batch: &mut OwnedWriteBatch, height: u64, ids: &[Digest]) {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| id[..ID_BYTES].iter().copied()).collect();
        batch.insert(&self.parts.by_block, height.to_be_bytes(), bytes);
    }

    /// That the batch is in the database: from now on they are found.
    pub fn inserted(&self, height: u64, ids: &[Digest]) -> Result<(), StoreError> {
        let is_full = {
            let mut memory = self.parts.memory();
            if let Some(problem) = memory.problem.take() {
                return Err(problem);
            }
            memory.add(height, ids.iter().map(cut));
            memory.recent.len() >= self.unsorted_max
        };
        if is_full {
            self.make_table()?;
        }
        Ok(())
    }

    /// Where a transaction is.
    pub fn find(&self, id: &Digest) -> Result<Option<Place>, StoreError> {
        let id = cut(id);
        let found = {
            let memory = self.parts.memory();
            memory.recent.get(&id).or_else(|| memory.sealed.get(&id)).copied()
        };
        match found {
            Some(place) => Ok(Some(place)),
            None => Ok(self.parts.sorted.get(id)?.and_then(|bytes| Place::from_bytes(&bytes))),
        }
    }

    /// Has a thread make a table of what is in memory, once the one before is done.
    fn make_table(&self) -> Result<(), StoreError> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        join(thread.take())?;
        let (sealed, height) = {
            let mut memory = self.parts.memory();
            memory.sealed = Arc::new(std::mem::take(&mut memory.recent));
            (Arc::clone(&memory.sealed), memory.height)
        };
        let parts = self.parts.clone();
        let work = move || {
            let made = parts.sort_in(&sealed, height);
            let mut memory = parts.memory();
            match made {
                Ok(()) => memory.sealed = Arc::default(),
                Err(error) => memory.problem = Some(error),
            }
        };
        let started = thread::Builder::new().name("index".to_owned()).spawn(work);
        *thread = Some(started.map_err(|error| StoreError::Io { deed: "start", place: "a thread for the index".to_owned(), error })?);
        Ok(())
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // What it did not do is done after the next start.
        let _ = join(thread);
    }
}

fn join(thread: Option<JoinHandle<()>>) -> Result<(), StoreError> {
    let ended = thread.map_or(Ok(()), JoinHandle::join);
    ended.map_err(|_| StoreError::damaged("the index of transactions", "the thread that makes its tables panicked"))
}

impl Parts {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a table, and removes the entries of the blocks up to a height.
    fn sort_in(&self, places: &HashMap<Id, Place>, height: u64) -> Result<(), StoreError> {
        let mut list: Vec<_> = places.iter().collect();
        list.sort_unstable_by_key(|(id, _)| **id);
        let mut ingestion = self.sorted.start_ingestion()?;
        for (id, place) in list {
            ingestion.write(*id, place.to_bytes())?;
        }
        ingestion.finish()?;
        let mut batch = self.db.batch();
        for guard in self.by_block.range(..=height.to_be_bytes()) {
            batch.remove(&self.by_block, guard.key()?);
        }
        Ok(batch.commit()?)
    }
}

impl Memory {
    fn add(&mut self, height: u64, ids: impl Iterator<Item = Id>) {
        self.height = height;
        self.recent.extend(ids.zip(0..).map(|(id, index)| (id, Place { height, index })));
    }
}

fn cut(id: &Digest) -> Id {
    *id.first_chunk().expect("a digest has 32 bytes")
}
