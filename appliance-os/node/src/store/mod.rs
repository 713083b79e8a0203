//! What survives: blocks in segments that only grow, the state and the indexes in a database behind them.
//!
//! A block counts once it is appended and synced. The database is behind: it takes over a block after that, as a whole, and is persisted now and then; what it
//! lost in a crash is executed again from the blocks. One process at a time has a folder.

mod database;
mod error;
mod places;
pub(crate) mod record;
mod segments;

pub use database::{BlockEntry, StateView};
pub use error::StoreError;
pub use segments::{Repair, Spot};

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io,
    ops::{ControlFlow, RangeInclusive},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use chainbox_engine::{backend::Hint, hash::Digest};

use crate::{
    block::{Block, Certificate, HEADER_BYTES, Header},
    machine::Applied,
    state::{Leaf, Leaves},
    types::Place,
};
use record::Kind;
use segments::{End, FoundRecord};
pub(crate) use segments::{Segments, WholeSegment};

/// How the store is laid out.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// A segment is followed by another once it has so many bytes.
    pub segment_bytes_max: u64,
    /// Bytes of the database that are kept in memory.
    pub cache_bytes: u64,
    /// Identities of transactions that are kept in memory before they become a table of the index; twice as many at most.
    pub unsorted_ids_max: usize,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { segment_bytes_max: 256 << 20, cache_bytes: 128 << 20, unsorted_ids_max: 1 << 18 }
    }
}

/// The store of one chain.
pub struct Store {
    state: database::State,
    segments: Segments,
    writer: Mutex<Writer>,
    genesis: Header,
    /// Keeps other processes out.
    _lock: File,
}

struct Writer {
    end: End,
    /// The height of the last block that is stored.
    head: u64,
    /// Blocks that the database has not taken over.
    tail: BTreeMap<u64, TailEntry>,
    /// A write failed: what is on the disk is not known.
    poison: Option<String>,
}

#[derive(Clone)]
struct TailEntry {
    spot: Spot,
    header: Header,
    certificate: Option<Certificate>,
}

impl Store {
    /// Makes the store of a chain in a folder that has none, and opens it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn create(folder: &Path, genesis: &Header, leaves: impl Iterator<Item = Leaf>, options: &StoreOptions) -> Result<Self, StoreError> {
        let (lock, state) = Self::open_parts(folder, options)?;
        if state.is_made()? {
            let what = "there is a chain already: name another folder with --data".to_owned();
            return Err(StoreError::Unfit { place: folder.display().to_string(), what });
        }
        let leaves = state.fill(leaves.map(Ok))?;
        state.finish(genesis, 0, leaves)?;
        drop((state, lock));
        Self::open(folder, options).map(|(store, _)| store)
    }

    /// Makes the database of a folder that has blocks and none, from the leaves at a height: the blocks up to there are indexed, as `index` says once it found
    /// them right.
    ///
    /// # Errors
    /// [`StoreError`], or what `index` says.
    pub fn rebuild<E: From<StoreError>>(
        folder: &Path,
        options: &StoreOptions,
        genesis: &Header,
        start: (u64, Option<&Certificate>),
        leaves: impl Iterator<Item = Result<Leaf, StoreError>>,
        index: &mut dyn FnMut(&Block, &Certificate) -> Result<Applied, E>,
    ) -> Result<(), E> {
        let (height, certificate) = start;
        let (_lock, state) = Self::open_parts(folder, options)?;
        let count = state.fill(leaves)?;
        let segments = Segments::new(&folder.join("blocks"), options.segment_bytes_max)?;
        let mut pairs = Pairs::default();
        // The state has the certificate of its own block even where the segments lost it.
        let of_start = certificate.map(|certificate| (height, certificate.clone()));
        segments.read_all(0, &mut |record| -> Result<_, E> {
            let done = pairs.take(record, of_start.as_ref())?;
            let has_last = done.last().is_some_and(|pair| pair.block.header.height >= height);
            // What follows may stand before the certificate that was waited for.
            for Certified { spot, block, certificate } in done.into_iter().take_while(|pair| pair.block.header.height <= height) {
                state.apply(&index(&block, &certificate)?, &BlockEntry { spot, header: block.header, certificate })?;
            }
            Ok(if has_last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(state.finish(genesis, height, count)?)
    }

    /// Gives the blocks of a folder from a height on, with their certificates and in their order, until `take` has enough. Another process may have the folder,
    /// and append meanwhile: what is not certified yet is left out.
    ///
    /// # Errors
    /// [`StoreError`], or what `take` says.
    pub fn read_certified<E: From<StoreError>>(
        folder: &Path,
        from: u64,
        take: &mut dyn FnMut(Certified) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let segments = Segments::new(&folder.join("blocks"), u64::MAX)?;
        let Some(first) = segments.first()? else { return Ok(()) };
        let Some(segment) = segments.segment_of(from)? else { return Err(StoreError::Pruned { first }.into()) };
        let mut pairs = Pairs::default();
        segments.read_all(segment, &mut |record| {
            if record.head.height >= from {
                for pair in pairs.take(record, None)? {
                    if take(pair)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Whether a folder has a chain.
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        state_folder(folder).is_dir()
    }

    /// Opens the store of a folder, and says what it repaired.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(folder: &Path, options: &StoreOptions) -> Result<(Self, Vec<Repair>), StoreError> {
        let unfit = |what: &str| StoreError::Unfit { place: folder.display().to_string(), what: what.to_owned() };
        if !Self::is_in(folder) {
            return Err(unfit("there is no chain: make one with `chainbox node init`"));
        }
        let (lock, state) = Self::open_parts(folder, options)?;
        if !state.is_made()? {
            return Err(unfit("a chain was begun here and not finished: remove the folder, and make it again with `chainbox node init`"));
        }
        let genesis = state.genesis()?;
        let segments = Segments::new(&folder.join("blocks"), options.segment_bytes_max)?;
        let applied = state.height()?;
        let last = state.block(applied)?;
        if applied > 0 && last.is_none() {
            return Err(StoreError::damaged("the database of the state", "it lacks its last block"));
        }
        let from = last.as_ref().map(|entry| (entry.spot.segment, entry.spot.end()));
        let mut tail: BTreeMap<u64, TailEntry> = BTreeMap::new();
        let (mut head, mut is_last_certified) = (applied, false);
        let (mut end, repair) = segments.recover(from, |record| {
            let place = || format!("{} at byte {}", segments.path(record.spot.segment).display(), record.spot.offset);
            match record.head.kind {
                Kind::Block => {
                    if record.head.height != head + 1 {
                        return Err(StoreError::damaged(place(), format!("block {} follows block {head}", record.head.height)));
                    }
                    let header = record.payload.first_chunk::<HEADER_BYTES>().and_then(|bytes| Header::from_bytes(bytes).ok());
                    let header = header.ok_or_else(|| StoreError::damaged(place(), "the block has no header"))?;
                    head = record.head.height;
                    tail.insert(head, TailEntry { spot: record.spot, header, certificate: None });
                }
                Kind::Certificate => {
                    let certificate = Certificate::from_bytes(&record.payload).map_err(|error| StoreError::damaged(place(), error))?;
                    is_last_certified |= record.head.height == applied;
                    // That of the last block of the database stands in the database.
                    if let Some(entry) = tail.get_mut(&record.head.height) {
                        entry.certificate = Some(certificate);
                    }
                }
                kind => return Err(StoreError::damaged(place(), format!("a record of an archive, {kind:?}, stands among blocks"))),
            }
            Ok(())
        })?;
        if end.is_before(from) {
            return Err(StoreError::damaged(folder.join("blocks").display(), format!("block {applied} is in the state and not there")));
        }
        // A crash may have taken it from the segments and not from the database. There it is for whoever reads the segments alone.
        if let Some(entry) = last.filter(|_| !is_last_certified) {
            segments.append(&mut end, Kind::Certificate, applied, &entry.certificate.to_bytes())?;
        }
        let writer = Mutex::new(Writer { end, head, tail, poison: None });
        Ok((Self { state, segments, writer, genesis, _lock: lock }, repair.into_iter().collect()))
    }

    fn open_parts(folder: &Path, options: &StoreOptions) -> Result<(File, database::State), StoreError> {
        let path = state_folder(folder);
        fs::create_dir_all(&path).map_err(|error| StoreError::io("make", &path, error))?;
        let lock = lock(folder)?;
        Ok((lock, database::State::open(&path, options)?))
    }

    /// Appends a block and syncs it: when this returns it survives a crash.
    ///
    /// # Errors
    /// [`StoreError`]. After a failed write nothing more is appended.
    ///
    /// # Panics
    /// Where the bytes are shorter than a header.
    pub fn append(&self, height: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let mut writer = self.writer()?;
        if height != writer.head + 1 {
            return Err(StoreError::OutOfOrder { found: height, next: writer.head + 1 });
        }
        let header =
            bytes.first_chunk::<HEADER_BYTES>().and_then(|bytes| Header::from_bytes(bytes).ok()).expect("a block begins with its header");
        let appended = self.segments.append(&mut writer.end, Kind::Block, height, bytes);
        let spot = appended.and_then(|spot| self.segments.sync(&writer.end).map(|()| spot)).inspect_err(|error| writer.poison(error))?;
        writer.head = height;
        writer.tail.insert(height, TailEntry { spot, header, certificate: None });
        Ok(())
    }

    /// Appends the certificate of a stored block that the database has not taken over. The next block's sync covers it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn certify(&self, height: u64, certificate: &Certificate) -> Result<(), StoreError> {
        let mut writer = self.writer()?;
        let appended = self.segments.append(&mut writer.end, Kind::Certificate, height, &certificate.to_bytes());
        appended.inspect_err(|error| writer.poison(error))?;
        if let Some(entry) = writer.tail.get_mut(&height) {
            entry.certificate = Some(certificate.clone());
        }
        Ok(())
    }

    /// Takes over into the database what a stored and certified block did.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn apply(&self, applied: &Applied) -> Result<(), StoreError> {
        let next = self.state.height()? + 1;
        let entry = self.tail_entry(applied.height).filter(|_| applied.height == next);
        let Some(TailEntry { spot, header, certificate: Some(certificate) }) = entry else {
            return Err(StoreError::OutOfOrder { found: applied.height, next });
        };
        self.state.apply(applied, &BlockEntry { spot, header, certificate })?;
        self.writer_even_poisoned().tail.remove(&applied.height);
        Ok(())
    }

    /// Puts the database on the disk: what it has taken over is not executed again after a crash.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn persist(&self) -> Result<(), StoreError> {
        self.state.persist()
    }

    fn writer(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        let writer = self.writer_even_poisoned();
        match &writer.poison {
            None => Ok(writer),
            Some(why) => Err(StoreError::Poisoned(why.clone())),
        }
    }

    fn writer_even_poisoned(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tail_entry(&self, height: u64) -> Option<TailEntry> {
        self.writer_even_poisoned().tail.get(&height).cloned()
    }

    /// The height of the last block that is stored.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.writer_even_poisoned().head
    }

    /// The height that the database is at.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn state_height(&self) -> Result<u64, StoreError> {
        self.state.height()
    }

    /// The header of height 0.
    #[must_use]
    pub const fn genesis(&self) -> &Header {
        &self.genesis
    }

    /// A header.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn header(&self, height: u64) -> Result<Option<Header>, StoreError> {
        if height == 0 {
            return Ok(Some(self.genesis));
        }
        Ok(self.find_block(height)?.map(|(_, header, _)| header))
    }

    /// The certificate of a block.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn certificate(&self, height: u64) -> Result<Option<Certificate>, StoreError> {
        Ok(self.find_block(height)?.and_then(|(_, _, certificate)| certificate))
    }

    /// A block.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn block(&self, height: u64) -> Result<Option<Block>, StoreError> {
        let Some((spot, header, _)) = self.find_block(height)? else { return Ok(None) };
        let block = self.segments.read(&spot).and_then(|bytes| {
            let block = Block::from_bytes(&bytes).map_err(|error| StoreError::damaged(format!("block {height}"), error))?;
            if block.header == header {
                Ok(block)
            } else {
                Err(StoreError::damaged(format!("block {height}"), "it has another header than the index says"))
            }
        });
        block.map(Some)
    }

    fn find_block(&self, height: u64) -> Result<Option<(Spot, Header, Option<Certificate>)>, StoreError> {
        if let Some(entry) = self.tail_entry(height) {
            return Ok(Some((entry.spot, entry.header, entry.certificate)));
        }
        Ok(self.state.block(height)?.map(|entry| (entry.spot, entry.header, Some(entry.certificate))))
    }

    /// A transaction, and the hint that its block has for it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn transaction(&self, place: Place) -> Result<Option<(Bytes, Option<Hint>)>, StoreError> {
        let index = place.index as usize;
        let Some(block) = self.block(place.height)? else { return Ok(None) };
        Ok(block.transactions.get(index).cloned().zip(block.hints.get(index).copied()))
    }

    /// Where a transaction is, by its identity, of the blocks that the database has taken over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn find(&self, id: &Digest) -> Result<Option<Place>, StoreError> {
        self.state.place(id)
    }

    /// Where a document was recorded first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn find_record(&self, digest: &Digest) -> Result<Option<Place>, StoreError> {
        self.state.record(digest)
    }

    /// What stands at a path of the state, at the height of the database.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn leaf(&self, path: &Digest) -> Result<Option<Leaf>, StoreError> {
        self.state.leaf(path)
    }

    /// The state as it is now, however the store goes on.
    #[must_use]
    pub fn view(&self) -> StateView {
        self.state.view()
    }

    /// The first block that is there; later than 1 where older ones were pruned, none where there is no block.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn first(&self) -> Result<Option<u64>, StoreError> {
        self.segments.first()
    }

    /// Removes blocks below a height, by whole segments, and says how many bytes that freed. Whoever calls this has a snapshot of a state at that height or
    /// above.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn prune(&self, below: u64) -> Result<u64, StoreError> {
        let height = self.state.height()?;
        // What the database has not put on the disk would be executed again from blocks.
        self.state.persist()?;
        self.segments.prune(below.min(height))
    }

    /// About how many leaves the state has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn leaves_at_least(&self) -> Result<u64, StoreError> {
        self.state.leaves_at_least()
    }

    /// Bytes on the disk: of blocks, and of the state with its indexes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bytes(&self) -> Result<(u64, u64), StoreError> {
        Ok((self.segments.bytes()?, self.state.bytes()?))
    }
}

/// A block with its certificate, as it was read.
#[derive(Clone, Debug)]
pub struct Certified {
    /// Where the block stands.
    pub spot: Spot,
    /// The block.
    pub block: Block,
    /// The votes that make it final.
    pub certificate: Certificate,
}

/// Puts blocks and certificates together: a certificate may stand behind the next block.
#[derive(Default)]
struct Pairs {
    blocks: BTreeMap<u64, (Spot, Block)>,
    certificates: BTreeMap<u64, Certificate>,
}

impl Pairs {
    /// The pairs that a record completes, in the order of their heights; `known` is a certificate that may be missing.
    fn take(&mut self, record: FoundRecord, known: Option<&(u64, Certificate)>) -> Result<Vec<Certified>, StoreError> {
        let FoundRecord { spot, head, payload } = record;
        let damaged = |error: &dyn std::fmt::Display| StoreError::damaged(format!("the record of block {}", head.height), error);
        match head.kind {
            Kind::Block => {
                let block = Block::from_bytes(&payload).map_err(|error| damaged(&error))?;
                self.blocks.insert(head.height, (spot, block));
                if let Some((height, certificate)) = known.filter(|(height, _)| *height == head.height) {
                    self.certificates.insert(*height, certificate.clone());
                }
            }
            Kind::Certificate => {
                let certificate = Certificate::from_bytes(&payload).map_err(|error| damaged(&error))?;
                self.certificates.insert(head.height, certificate);
            }
            kind => return Err(damaged(&format!("{kind:?} stands among blocks"))),
        }
        let mut done = Vec::new();
        while let Some(entry) = self.blocks.first_entry() {
            let Some(certificate) = self.certificates.remove(entry.key()) else { break };
            let (spot, block) = entry.remove();
            done.push(Certified { spot, block, certificate });
        }
        // Those of blocks that are done, or were not asked for.
        let waiting = self.blocks.first_key_value().map(|(height, _)| *height);
        self.certificates.retain(|height, _| waiting.is_some_and(|waiting| *height >= waiting));
        Ok(done)
    }
}

impl Leaves for Store {
    fn range(&self, paths: RangeInclusive<Digest>) -> io::Result<Vec<Leaf>> {
        Ok(self.state.range(paths)?)
    }
}

impl Writer {
    fn poison(&mut self, error: &StoreError) {
        self.poison = Some(error.to_string());
    }
}

fn state_folder(folder: &Path) -> PathBuf {
    folder.join("state")
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("chain.lock");
    let file =
        File::options().create(true).truncate(false).write(true).open(&path).map_err(|error| StoreError::io("open", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(folder.display().to_string())),
        Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &path, error)),
    }
}

#[cfg(test)]
mod tests;
