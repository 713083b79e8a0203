//! Snapshots: the state after a block, with the block's header and the votes for it, so that nobody needs to be believed.

use std::{
    fs, io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use serde::Serialize;

use super::{
    ArchiveError,
    stream::{Reader, Writer},
};
use crate::{
    block::{Certificate, HEADER_BYTES, Header},
    certify,
    genesis::Genesis,
    merkle::Hasher,
    state::Leaf,
    store::{Store, StoreError, record::Kind},
};

const SUFFIX: &str = ".snapshot";

/// Snapshots that are kept: the last one, and the one before, should the last one turn out unreadable.
const SNAPSHOTS_KEPT: usize = 2;

/// Bytes of leaves in one record, about.
const LEAVES_BYTES: usize = 1 << 20;

/// What a snapshot is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SnapshotInfo {
    /// The height of its block.
    pub height: u64,
    /// The file.
    pub path: PathBuf,
}

/// The folder of a chain's snapshots.
#[must_use]
pub fn snapshots_folder(chain: &Path) -> PathBuf {
    chain.join("snapshots")
}

/// The snapshots of a chain's folder, oldest first.
///
/// # Errors
/// Where they cannot be listed.
pub fn snapshots(chain: &Path) -> Result<Vec<SnapshotInfo>, ArchiveError> {
    let folder = snapshots_folder(chain);
    let listed = || -> io::Result<Vec<SnapshotInfo>> {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?.collect::<io::Result<Vec<_>>>()?,
        };
        let info = |entry: fs::DirEntry| {
            let height = entry.file_name().to_str()?.strip_suffix(SUFFIX)?.parse().ok()?;
            Some(SnapshotInfo { height, path: entry.path() })
        };
        let mut found: Vec<_> = entries.into_iter().filter_map(info).collect();
        found.sort_unstable_by_key(|info| info.height);
        Ok(found)
    };
    listed().map_err(|error| ArchiveError::io("list", &folder, error))
}

/// The last snapshot of a chain's folder.
///
/// # Errors
/// As [`snapshots`].
pub fn newest(chain: &Path) -> Result<Option<SnapshotInfo>, ArchiveError> {
    Ok(snapshots(chain)?.pop())
}

/// The first snapshot of a chain's folder from a height on.
///
/// # Errors
/// As [`snapshots`].
pub fn oldest(chain: &Path, from: u64) -> Result<Option<SnapshotInfo>, ArchiveError> {
    Ok(snapshots(chain)?.into_iter().find(|info| info.height >= from))
}

/// Writes the state of a store, as it is now, to the folder of its snapshots; where there is one of that height, that is it. None at height 0, whose state is
/// in the genesis. `progress` is told how many leaves are written, and may stop it.
///
/// # Errors
/// [`ArchiveError`].
pub fn take(
    chain: &Path,
    store: &Store,
    genesis: &Genesis,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Option<SnapshotInfo>, ArchiveError> {
    let view = store.view();
    let Some(entry) = view.block()? else { return Ok(None) };
    let height = entry.header.height;
    let folder = snapshots_folder(chain);
    fs::create_dir_all(&folder).map_err(|error| ArchiveError::io("make", &folder, error))?;
    let info = SnapshotInfo { height, path: folder.join(format!("{height:020}{SUFFIX}")) };
    if info.path.exists() {
        return Ok(Some(info));
    }
    let mut writer = Writer::create(&info.path)?;
    writer.write(Kind::Genesis, 0, &genesis.rules_digest())?;
    writer.write(Kind::Snapshot, height, &[&entry.header.to_bytes()[..], &entry.certificate.to_bytes()].concat())?;
    let (mut some, mut count) = (Vec::with_capacity(LEAVES_BYTES), 0);
    for leaf in view.leaves() {
        push(&mut some, &leaf?);
        count += 1;
        if some.len() >= LEAVES_BYTES {
            writer.write(Kind::Leaves, height, &some)?;
            some.clear();
            if progress(count).is_break() {
                return Err(ArchiveError::Stopped);
            }
        }
    }
    if !some.is_empty() {
        writer.write(Kind::Leaves, height, &some)?;
    }
    writer.finish(height)?;
    Ok(Some(info))
}

/// Removes all snapshots but the last ones, and where not all blocks are to be kept those below the oldest of them. Says how many bytes of blocks that freed.
///
/// # Errors
/// [`ArchiveError`].
pub fn tidy(chain: &Path, store: &Store, blocks: u64) -> Result<u64, ArchiveError> {
    let all = snapshots(chain)?;
    let (old, kept) = all.split_at(all.len().saturating_sub(SNAPSHOTS_KEPT));
    for info in old {
        fs::remove_file(&info.path).map_err(|error| ArchiveError::io("remove", &info.path, error))?;
    }
    let Some(oldest) = kept.first().filter(|_| blocks > 0) else { return Ok(0) };
    Ok(store.prune(oldest.height.min(store.head().saturating_sub(blocks - 1)))?)
}

/// A leaf as bytes: lengths of key (1) and value (4), key, value. Its path is the digest of its key.
fn push(bytes: &mut Vec<u8>, leaf: &Leaf) {
    bytes.push(leaf.key.len() as u8);
    bytes.extend((leaf.value.len() as u32).to_be_bytes());
    bytes.extend_from_slice(&leaf.key);
    bytes.extend_from_slice(&leaf.value);
}

/// A snapshot that is read.
pub struct Snapshot {
    /// The header of its block.
    pub header: Header,
    /// The votes for it.
    pub certificate: Certificate,
    reader: Reader,
    hasher: Hasher,
}

impl Snapshot {
    /// Opens a snapshot, and checks that its block is final on this chain. That the leaves have the root of the header is seen by whoever has read them all.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn open(path: &Path, genesis: &Genesis) -> Result<Self, ArchiveError> {
        let mut reader = Reader::open(path)?;
        let (_, rules) = reader.first(Kind::Genesis, "snapshot of a chain")?;
        if *rules != genesis.rules_digest() {
            return Err(ArchiveError::OtherChain(path.display().to_string()));
        }
        let (head, payload) = reader.first(Kind::Snapshot, "snapshot of a chain")?;
        let read = payload
            .split_first_chunk::<HEADER_BYTES>()
            .and_then(|(header, certificate)| Some((Header::from_bytes(header).ok()?, Certificate::from_bytes(certificate).ok()?)));
        let (header, certificate) = read.ok_or_else(|| reader.unfit("it has no header"))?;
        let height = header.height;
        if (header.suite, header.chain_id, head.height) != (genesis.suite, genesis.chain_id, height) {
            return Err(ArchiveError::OtherChain(path.display().to_string()));
        }
        certify::check(genesis, &header, &certificate).map_err(|reason| ArchiveError::Uncertified { height, reason })?;
        Ok(Self { header, certificate, reader, hasher: genesis.hasher() })
    }

    /// Its leaves, in the order of their paths; the first error ends them.
    pub fn leaves(&mut self) -> impl Iterator<Item = Result<Leaf, StoreError>> {
        let mut last = None;
        let mut some = Vec::new().into_iter();
        let mut is_over = false;
        std::iter::from_fn(move || {
            loop {
                if let Some(leaf) = some.next() {
                    return Some(Ok(leaf));
                }
                if is_over {
                    return None;
                }
                match self.next_leaves(&mut last) {
                    Ok(Some(leaves)) => some = leaves.into_iter(),
                    Ok(None) => is_over = true,
                    Err(error) => {
                        is_over = true;
                        return Some(Err(StoreError::Unfit { place: self.reader.path().display().to_string(), what: error.to_string() }));
                    }
                }
            }
        })
    }

    fn next_leaves(&mut self, last: &mut Option<[u8; 32]>) -> Result<Option<Vec<Leaf>>, ArchiveError> {
        let Some((head, payload)) = self.reader.next()? else { return Ok(None) };
        let pairs = (head.kind == Kind::Leaves).then(|| read_pairs(&payload)).flatten();
        let pairs = pairs.ok_or_else(|| self.reader.unfit("its leaves are none"))?;
        let paths = self.hasher.all(pairs.iter().map(|(key, _)| &**key));
        let leaves: Vec<Leaf> =
            paths.into_iter().zip(pairs).map(|(path, (key, value))| Leaf { path, key: (*key).into(), value: (*value).into() }).collect();
        let is_in_order = leaves.iter().all(|leaf| last.replace(leaf.path).is_none_or(|last| last < leaf.path));
        if is_in_order { Ok(Some(leaves)) } else { Err(self.reader.unfit("its leaves are not in order")) }
    }
}

fn read_pairs(bytes: &Bytes) -> Option<Vec<(Bytes, Bytes)>> {
    let (mut pairs, mut rest) = (Vec::new(), &bytes[..]);
    while let Some((key, after)) = rest.split_first() {
        let (value, after) = after.split_first_chunk::<4>()?;
        let (key, after) = after.split_at_checked(usize::from(*key))?;
        let (value, after) = after.split_at_checked(u32::from_be_bytes(*value) as usize)?;
        pairs.push((bytes.slice_ref(key), bytes.slice_ref(value)));
        rest = after;
    }
    Some(pairs)
}
