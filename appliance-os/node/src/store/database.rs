//! The state and the indexes, in one database whose batches are atomic. It may lose what was not persisted: then blocks are executed again.

use std::{ops::RangeInclusive, path::Path};

use chainbox_engine::hash::Digest;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};

use super::{StoreOptions, error::StoreError, places::Places, segments::Spot};
use crate::{
    block::{Certificate, HEADER_BYTES, Header},
    machine::Applied,
    state::Leaf,
    types::Place,
};

/// The version of what stands here.
const FORMAT: &[u8] = b"1";

/// Keys of `meta`.
const META_FORMAT: &[u8] = b"format";
const META_HEIGHT: &[u8] = b"height";
const META_GENESIS: &[u8] = b"genesis";
const META_LEAVES: &[u8] = b"leaves";

/// Bytes of an entry of `blocks` before the certificate: segment, offset, length, header.
const BLOCK_ENTRY_BYTES: usize = 8 + 8 + 4 + HEADER_BYTES;

/// What is kept of a block beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockEntry {
    /// Where its bytes stand.
    pub spot: Spot,
    /// Its header.
    pub header: Header,
    /// The votes that make it final.
    pub certificate: Certificate,
}

/// The database.
pub struct State {
    db: Database,
    leaves: Keyspace,
    places: Places,
    records: Keyspace,
    blocks: Keyspace,
    meta: Keyspace,
}

impl State {
    /// Opens or makes the database of a folder.
    pub fn open(folder: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        let db = Database::builder(folder).cache_size(options.cache_bytes).worker_threads(1).open()?;
        let keyspace = |name: &str| db.keyspace(name, KeyspaceCreateOptions::default);
        let (leaves, places, records) = (keyspace("state")?, Places::open(&db, options.unsorted_ids_max)?, keyspace("records")?);
        let (blocks, meta) = (keyspace("blocks")?, keyspace("meta")?);
        Ok(Self { db, leaves, places, records, blocks, meta })
    }

    /// Whether a chain was made here, as a whole.
    pub fn is_made(&self) -> Result<bool, StoreError> {
        match self.meta.get(META_FORMAT)? {
            None => Ok(false),
            Some(format) if *format == *FORMAT => Ok(true),
            Some(_) => Err(StoreError::Unfit {
                place: "the data folder".to_owned(),
                what: "a newer version of chainbox wrote it: use that one".to_owned(),
            }),
        }
    }

    /// Writes all leaves of a state, in the order of their paths, and says how many there are. The database is none before [`State::finish`].
    pub fn fill(&self, leaves: impl Iterator<Item = Result<Leaf, StoreError>>) -> Result<u64, StoreError> {
        let mut count = 0_u64;
        let mut ingestion = self.leaves.start_ingestion()?;
        for leaf in leaves {
            let leaf = leaf?;
            count += 1;
            ingestion.write(leaf.path, value_of(&leaf.key, &leaf.value))?;
        }
        ingestion.finish()?;
        Ok(count)
    }

    /// Makes the database that of a chain at a height, and puts it on the disk.
    pub fn finish(&self, genesis: &Header, height: u64, leaves: u64) -> Result<(), StoreError> {
        let mut batch = self.db.batch();
        batch.insert(&self.meta, META_HEIGHT, height.to_be_bytes());
        batch.insert(&self.meta, META_GENESIS, genesis.to_bytes());
        batch.insert(&self.meta, META_LEAVES, leaves.to_be_bytes());
        batch.insert(&self.meta, META_FORMAT, FORMAT);
        batch.commit()?;
        self.persist()
    }

    /// The header of height 0.
    pub fn genesis(&self) -> Result<Header, StoreError> {
        let bytes = self.meta.get(META_GENESIS)?.and_then(|bytes| <[u8; HEADER_BYTES]>::try_from(&*bytes).ok());
        let header = bytes.and_then(|bytes| Header::from_bytes(&bytes).ok());
        header.ok_or_else(|| StoreError::damaged("the database of the state", "it has no genesis"))
    }

    /// The height that the state is at.
    pub fn height(&self) -> Result<u64, StoreError> {
        self.number(META_HEIGHT)
    }

    /// About how many leaves the state has: those of the start, which is what its tree is laid out for.
    pub fn leaves_at_least(&self) -> Result<u64, StoreError> {
        Ok(self.number(META_LEAVES)?.max(self.leaves.approximate_len() as u64))
    }

    fn number(&self, key: &[u8]) -> Result<u64, StoreError> {
        read_number(self.meta.get(key)?.as_deref())
    }

    /// Takes over what a block did, as a whole. It is not on the disk until it is persisted.
    pub fn apply(&self, applied: &Applied, entry: &BlockEntry) -> Result<(), StoreError> {
        let mut batch = self.db.batch();
        for change in &applied.changes {
            match &change.value {
                Some(value) => batch.insert(&self.leaves, change.path, value_of(&change.key, value)),
                None => batch.remove(&self.leaves, change.path),
            }
        }
        let place = |index: u32| Place { height: applied.height, index }.to_bytes();
        self.places.insert(&mut batch, applied.height, &applied.ids);
        for (digest, index) in &applied.records {
            // The first one counts: it is what came first that is evidence.
            if !self.records.contains_key(digest)? {
                batch.insert(&self.records, *digest, place(*index));
            }
        }
        batch.insert(&self.blocks, applied.height.to_be_bytes(), entry_bytes(entry));
        batch.insert(&self.meta, META_HEIGHT, applied.height.to_be_bytes());
        batch.commit()?;
        self.places.inserted(applied.height, &applied.ids)
    }

    /// Puts everything on the disk.
    pub fn persist(&self) -> Result<(), StoreError> {
        Ok(self.db.persist(PersistMode::SyncAll)?)
    }

    /// What is kept of a block.
    pub fn block(&self, height: u64) -> Result<Option<BlockEntry>, StoreError> {
        self.blocks.get(height.to_be_bytes())?.map(|bytes| entry_of(height, &bytes)).transpose()
    }

    /// Where a transaction is.
    pub fn place(&self, id: &Digest) -> Result<Option<Place>, StoreError> {
        self.places.find(id)
    }

    /// Where a document was recorded first.
    pub fn record(&self, digest: &Digest) -> Result<Option<Place>, StoreError> {
        Ok(self.records.get(digest)?.and_then(|bytes| Place::from_bytes(&bytes)))
    }

    /// What stands at a path.
    pub fn leaf(&self, path: &Digest) -> Result<Option<Leaf>, StoreError> {
        self.leaves.get(path)?.map(|value| read_leaf(path, &value)).transpose()
    }

    /// The leaves of some paths, in order.
    pub fn range(&self, paths: RangeInclusive<Digest>) -> Result<Vec<Leaf>, StoreError> {
        self.leaves
            .range(paths)
            .map(|guard| guard.into_inner().map_err(StoreError::from).and_then(|(path, value)| read_pair(&path, &value)))
            .collect()
    }

    /// The state as it is now, however the database goes on.
    pub fn view(&self) -> StateView {
        StateView { snapshot: self.db.snapshot(), leaves: self.leaves.clone(), blocks: self.blocks.clone(), meta: self.meta.clone() }
    }

    /// Bytes on the disk.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        Ok(self.db.disk_space()?)
    }
}

/// The state at one height, while the database goes on.
pub struct StateView {
    snapshot: Snapshot,
    leaves: Keyspace,
    blocks: Keyspace,
    meta: Keyspace,
}

impl StateView {
    /// The height.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn height(&self) -> Result<u64, StoreError> {
        read_number(self.snapshot.get(&self.meta, META_HEIGHT)?.as_deref())
    }

    /// What is kept of the block of the height; none at height 0.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn block(&self) -> Result<Option<BlockEntry>, StoreError> {
        let height = self.height()?;
        self.snapshot.get(&self.blocks, height.to_be_bytes())?.map(|bytes| entry_of(height, &bytes)).transpose()
    }

    /// All leaves, in the order of their paths.
    pub fn leaves(&self) -> impl Iterator<Item = Result<Leaf, StoreError>> {
        self.snapshot.iter(&self.leaves).map(|guard| {
            let (path, value) = guard.into_inner()?;
            read_pair(&path, &value)
        })
    }
}

fn read_number(bytes: Option<&[u8]>) -> Result<u64, StoreError> {
    let number = bytes.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
    number.ok_or_else(|| StoreError::damaged("the database of the state", "a number of it is missing"))
}

fn entry_of(height: u64, bytes: &[u8]) -> Result<BlockEntry, StoreError> {
    read_entry(bytes).ok_or_else(|| StoreError::damaged("the database of the state", format!("its entry of block {height} is none")))
}

/// A leaf as a value: the length of its key in one byte, the key, the value.
fn value_of(key: &[u8], value: &[u8]) -> Vec<u8> {
    [&[key.len() as u8], key, value].concat()
}

fn read_pair(path: &[u8], value: &[u8]) -> Result<Leaf, StoreError> {
    let path = path.try_into().map_err(|_| StoreError::damaged("the database of the state", "a path does not have 32 bytes"))?;
    read_leaf(&path, value)
}

fn read_leaf(path: &Digest, bytes: &[u8]) -> Result<Leaf, StoreError> {
    let parts = bytes.split_first().and_then(|(length, rest)| rest.split_at_checked(usize::from(*length)));
    let (key, value) = parts.ok_or_else(|| StoreError::damaged("the database of the state", "a leaf ends too early"))?;
    Ok(Leaf { path: *path, key: key.into(), value: value.into() })
}

fn entry_bytes(entry: &BlockEntry) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(BLOCK_ENTRY_BYTES + 72);
    bytes.extend(entry.spot.segment.to_be_bytes());
    bytes.extend(entry.spot.offset.to_be_bytes());
    bytes.extend(entry.spot.length.to_be_bytes());
    bytes.extend(entry.header.to_bytes());
    bytes.extend(entry.certificate.to_bytes());
    bytes
}

fn read_entry(bytes: &[u8]) -> Option<BlockEntry> {
    let (segment, rest) = bytes.split_first_chunk()?;
    let (offset, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (header, certificate) = rest.split_first_chunk()?;
    let spot = Spot { segment: u64::from_be_bytes(*segment), offset: u64::from_be_bytes(*offset), length: u32::from_be_bytes(*length) };
    Some(BlockEntry { spot, header: Header::from_bytes(header).ok()?, certificate: Certificate::from_bytes(certificate).ok()? })
}
