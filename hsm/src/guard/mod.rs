//! The double-vote guard: before a vote or a proposal is signed, its place and digest are on the disk. What is lower, or conflicts, is refused, over restarts
//! and crashes. docs/signing.md says what is kept, and what becomes of each fault; docs/adr/016-the-guard-and-the-audit-log.md why.

mod entry;
mod interchange;
mod slot;

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    fs, io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chainbox_engine::hash::{Digest, sha256};
use serde::{Deserialize, Serialize};

pub use interchange::{Interchange, InterchangeKey};
pub use slot::{Slot, SlotDamage};

use crate::{
    Error, KeyInfo, Kind, Label, PublicKey,
    payload::Position,
    storage::{Disk, Folder, Lock},
};
use entry::Entry;

/// The most keys of a guard.
pub const KEYS_MAX: usize = 4096;

const INDEX: &str = "index";
const INDEX_BYTES_MAX: usize = 1 << 20;
const LOCK: &str = "lock";

/// What was signed last with a key, and the highest place where something was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    /// The place.
    pub position: Position,
    /// The digest that was signed there; where there is none, nothing more is signed at this place.
    pub digest: Option<Digest>,
}

/// What the guard knows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyState {
    /// The key.
    pub public_key: PublicKey,
    /// The label that it had first.
    pub label: Label,
    /// The chain that it votes on.
    pub chain: String,
    /// What it signed last.
    pub last: Last,
}

/// The guard of all keys of a signer: a folder that one process at a time has open.
///
/// Keys are told apart by their public half, not by their label: two labels of one key share one state, and a new key of an old label begins anew. What
/// leaves for consensus was verified with that public key before, so no device can have the wrong state asked.
pub struct Guard {
    folder: Box<dyn Folder>,
    place: String,
    entries: Mutex<BTreeMap<PublicKey, Arc<Mutex<Entry>>>>,
    _lock: Option<Lock>,
}

/// The index: which keys have a file. It is how a lost file is noticed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    version: u32,
    /// Public keys in hex, in ascending order.
    keys: Vec<String>,
    /// SHA-256 of the public keys, in hex.
    checksum: String,
}

impl Guard {
    /// Makes a new, empty guard in a folder, which is made where it is missing, and opens it. Only for keys that never voted: for others, import what they
    /// signed.
    ///
    /// # Errors
    /// [`Kind::KeyExists`] where there is one already, [`Kind::Storage`] where the folder cannot be written.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let place = place(path);
        fs::create_dir_all(path).map_err(|error| unwritable(&place, &error))?;
        let lock = lock(path, &place)?;
        Self::create_in(Box::new(Disk::new(path)), place, Some(lock))
    }

    fn create_in(folder: Box<dyn Folder>, place: String, lock: Option<Lock>) -> Result<Self, Error> {
        let names = folder.names().map_err(|error| unreadable(&place, &error))?;
        if names.iter().any(|name| name != LOCK && *name != format!("{INDEX}.new")) {
            let error = Error::new(Kind::KeyExists, place, "the folder is not empty");
            return Err(error.remedy("open the guard that is there, or choose an empty folder: nothing is overwritten"));
        }
        write_index(&*folder, &[]).map_err(|error| unwritable(&place, &error))?;
        Self::open_in(folder, place, lock)
    }

    /// Opens the guard in a folder.
    ///
    /// # Errors
    /// [`Kind::Storage`] where there is none, where another process has it open, and where a file is lost or damaged: it is never begun anew silently.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let place = place(path);
        if !path.join(INDEX).exists() {
            return Err(none_here(&place));
        }
        let lock = lock(path, &place)?;
        Self::open_in(Box::new(Disk::new(path)), place, Some(lock))
    }

    fn open_in(folder: Box<dyn Folder>, place: String, lock: Option<Lock>) -> Result<Self, Error> {
        let slots = read_all(&*folder, &place)?;
        let listed = read_index(&*folder, &place)?;
        if slots.keys().ne(listed.iter()) {
            let keys: Vec<PublicKey> = slots.keys().copied().collect();
            write_index(&*folder, &keys).map_err(|error| unwritable(&place, &error))?;
        }
        let mut entries = BTreeMap::new();
        for (key, slots) in slots {
            let entry = Entry::open(&*folder, &key_file(&key), slots).map_err(|error| unwritable(&place, &error))?;
            entries.insert(key, Arc::new(Mutex::new(entry)));
        }
        Ok(Self { folder, place, entries: Mutex::new(entries), _lock: lock })
    }

    /// Whether these may be signed with a key, one answer each, in order. The last that may is on the disk when this returns, and so is a place not below any
    /// of them.
    ///
    /// # Errors
    /// Each [`Kind::DoubleVote`] where a place is below the last one, or the same with another digest; [`Kind::Storage`] where the disk did not take it:
    /// then nothing may leave.
    pub fn permit(&self, key: &KeyInfo, chain: &str, votes: &[(Position, Digest)]) -> Vec<Result<(), Error>> {
        let entry = match self.entry(key.public_key, &key.label, chain) {
            Ok(entry) => entry,
            Err(error) => return votes.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut entry = held(&entry);
        if entry.chain() != chain {
            let error = self.other_chain(&key.label, entry.chain(), chain);
            return votes.iter().map(|_| Err(error.clone())).collect();
        }
        let mut last = entry.last();
        let mut answers = Vec::with_capacity(votes.len());
        for &(position, digest) in votes {
            let answer = judge(&key.label, last, position, &digest);
            if answer.is_ok() {
                last = Some(Last { position, digest: Some(digest) });
            }
            answers.push(answer);
        }
        if let Some(last) = last.filter(|_| answers.iter().any(Result::is_ok))
            && let Err(error) = entry.write(last)
        {
            let error = unwritable(&self.place, &error);
            answers.iter_mut().filter(|answer| answer.is_ok()).for_each(|answer| *answer = Err(error.clone()));
        }
        answers
    }

    /// Writes the second copy of what was written last, off the way of whoever waits. It protects from a disk that loses what it took; where it fails, the
    /// first copy stands and the next vote tries again.
    pub fn mirror(&self, key: &KeyInfo) {
        let entry = held(&self.entries).get(&key.public_key).cloned();
        if let Some(Err(error)) = entry.map(|entry| held(&entry).mirror()) {
            tracing::warn!(key = %key.label, %error, "the guard's second copy could not be written");
        }
    }

    /// What it knows, in the order of the public keys. Keys that never voted are not among them.
    #[must_use]
    pub fn states(&self) -> Vec<KeyState> {
        let entries: Vec<_> = held(&self.entries).iter().map(|(key, entry)| (*key, Arc::clone(entry))).collect();
        let state = |(public_key, entry): (PublicKey, Arc<Mutex<Entry>>)| {
            let entry = held(&entry);
            Some(KeyState { public_key, label: entry.label().clone(), chain: entry.chain().to_owned(), last: entry.last()? })
        };
        entries.into_iter().filter_map(state).collect()
    }

    fn other_chain(&self, key: &Label, before: &str, now: &str) -> Error {
        let what = format!("the key {key} voted on the chain {before:?} before, not on {now:?}");
        Error::new(Kind::Storage, &self.place, what).remedy("use another key for another chain, or put the chain right in the settings")
    }

    /// The entry of a key, made at its first vote: its file first, then the index, and only then a vote.
    fn entry(&self, public_key: PublicKey, label: &Label, chain: &str) -> Result<Arc<Mutex<Entry>>, Error> {
        let mut entries = held(&self.entries);
        if let Some(entry) = entries.get(&public_key) {
            return Ok(Arc::clone(entry));
        }
        if entries.len() >= KEYS_MAX {
            let error = Error::new(Kind::Storage, &self.place, format!("it guards {KEYS_MAX} keys"));
            return Err(error.remedy("use another folder for further keys"));
        }
        let slot = Slot { sequence: 0, public_key, label: label.clone(), chain: chain.to_owned(), last: None };
        let made = Entry::create(&*self.folder, &key_file(&public_key), slot);
        let mut keys: Vec<PublicKey> = entries.keys().copied().chain([public_key]).collect();
        keys.sort_unstable();
        let made = made.and_then(|entry| write_index(&*self.folder, &keys).map(|()| entry));
        let entry = Arc::new(Mutex::new(made.map_err(|error| unwritable(&self.place, &error))?));
        entries.insert(public_key, Arc::clone(&entry));
        Ok(entry)
    }
}

/// Whether something may be signed at a place after what was signed last.
fn judge(key: &Label, last: Option<Last>, position: Position, digest: &Digest) -> Result<(), Error> {
    let Some(last) = last else { return Ok(()) };
    let double = |what: String| {
        let error = Error::new(Kind::DoubleVote, format!("key {key}"), what);
        Err(error.remedy("is another node running with this key? chainbox hsm guard show tells what was signed last"))
    };
    match position.cmp(&last.position) {
        Ordering::Greater => Ok(()),
        Ordering::Equal if last.digest == Some(*digest) => Ok(()),
        Ordering::Equal => double(format!("something else was signed at {position} already")),
        Ordering::Less => double(format!("{position} is below {}, which was signed already", last.position)),
    }
}

/// What the guard in a folder knows, also while another process has it open.
///
/// # Errors
/// [`Kind::Storage`] as [`Guard::open`].
pub fn read(path: &Path) -> Result<Vec<KeyState>, Error> {
    let slots = read_all(&Disk::new(path), &place(path))?;
    let state = |(public_key, slots): (PublicKey, Vec<Option<Slot>>)| {
        let newest = entry::newest(&slots)?;
        Some(KeyState { public_key, label: newest.label.clone(), chain: newest.chain.clone(), last: newest.last? })
    };
    Ok(slots.into_iter().filter_map(state).collect())
}

/// The slots of every key: those of the index, whose files must be there, and those whose file was made just before the power went.
fn read_all(folder: &dyn Folder, place: &str) -> Result<BTreeMap<PublicKey, Vec<Option<Slot>>>, Error> {
    let mut all = BTreeMap::new();
    for key in read_index(folder, place)? {
        let slots = read_slots(folder, place, &key)?;
        let slots = slots.ok_or_else(|| Error::new(Kind::Storage, place, format!("the file {} is lost", key_file(&key))).remedy(REMEDY))?;
        all.insert(key, slots);
    }
    for name in folder.names().map_err(|error| unreadable(place, &error))? {
        let Some(key) = name.strip_suffix(KEY_SUFFIX).and_then(key_of) else { continue };
        if !all.contains_key(&key) {
            all.extend(read_slots(folder, place, &key)?.map(|slots| (key, slots)));
        }
    }
    Ok(all)
}

/// Both slots of a key, of which one at least is whole; none where it has no file.
fn read_slots(folder: &dyn Folder, place: &str, key: &PublicKey) -> Result<Option<Vec<Option<Slot>>>, Error> {
    let name = key_file(key);
    let Some(bytes) = folder.read(&name, slot::FILE_BYTES).map_err(|error| unreadable(place, &error))? else { return Ok(None) };
    let slot = |offset: &usize| bytes.get(*offset..).and_then(|bytes| Slot::parse(bytes).ok()).filter(|slot| slot.public_key == *key);
    let slots: Vec<_> = slot::OFFSETS.iter().map(slot).collect();
    match &slots.iter().flatten().collect::<Vec<_>>()[..] {
        [] => Err(Error::new(Kind::Storage, place, format!("both copies in {name} are damaged")).remedy(REMEDY)),
        [one, other] if one.chain != other.chain => {
            Err(Error::new(Kind::Storage, place, format!("the copies in {name} are of two chains")).remedy(REMEDY))
        }
        _ => Ok(Some(slots)),
    }
}

/// What to do where the state of a key is gone. Votes that were signed may be on the chain.
const REMEDY: &str = "stop the validator; find the height that it voted at last on the chain itself; put a higher one into a file as docs/signing.md shows, move \
                      this folder away, and run chainbox hsm guard import. Never begin anew without it: a second vote costs the stake";

fn read_index(folder: &dyn Folder, place: &str) -> Result<Vec<PublicKey>, Error> {
    let bytes = folder.read(INDEX, INDEX_BYTES_MAX).map_err(|error| unreadable(place, &error))?.ok_or_else(|| none_here(place))?;
    let index: Option<Index> = serde_json::from_slice(&bytes).ok();
    let keys = index.filter(|index| index.version == 1).and_then(|index| {
        let keys: Option<Vec<PublicKey>> = index.keys.iter().map(|key| key_of(key)).collect();
        keys.filter(|keys| checksum(keys) == index.checksum)
    });
    keys.ok_or_else(|| Error::new(Kind::Storage, place, "its index is damaged").remedy(REMEDY))
}

fn write_index(folder: &dyn Folder, keys: &[PublicKey]) -> io::Result<()> {
    let index = Index { version: 1, keys: keys.iter().map(hex::encode).collect(), checksum: checksum(keys) };
    folder.replace(INDEX, &serde_json::to_vec(&index)?)
}

fn checksum(keys: &[PublicKey]) -> String {
    hex::encode(sha256(keys.as_flattened()))
}

const KEY_SUFFIX: &str = ".key";

fn key_file(key: &PublicKey) -> String {
    format!("{}{KEY_SUFFIX}", hex::encode(key))
}

fn key_of(text: &str) -> Option<PublicKey> {
    let mut key = [0; 65];
    hex::decode_to_slice(text, &mut key).ok().map(|()| key)
}

fn lock(path: &Path, place: &str) -> Result<Lock, Error> {
    Lock::take(&path.join(LOCK)).map_err(|error| unwritable(place, &error))?.ok_or_else(|| {
        Error::new(Kind::Storage, place, "another process has it open").remedy("stop the other one: two signers with one key vote twice")
    })
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn place(path: &Path) -> String {
    format!("guard {}", path.display())
}

fn none_here(place: &str) -> Error {
    Error::new(Kind::Storage, place, "there is no guard in this folder")
        .remedy("is its disk mounted? For keys that never voted: chainbox hsm guard create; for others: chainbox hsm guard import")
}

fn unreadable(place: &str, error: &io::Error) -> Error {
    Error::new(Kind::Storage, place, format!("cannot be read: {error}")).remedy("is the disk there, and may this user read the folder?")
}

fn unwritable(place: &str, error: &io::Error) -> Error {
    Error::new(Kind::Storage, place, format!("cannot be written: {error}"))
        .remedy("is there room on the disk, and may this user write in the folder? Nothing that needs the guard is signed until then")
}

#[cfg(test)]
mod tests;
