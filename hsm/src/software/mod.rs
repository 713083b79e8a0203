//! Keys in an encrypted file, for development: a device without hardware. Whoever has the file and its password has the keys.

mod ephemeral;
pub mod file;
mod keys;
pub mod sm2;

pub use ephemeral::Ephemeral;

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
    thread,
};

use chainbox_engine::hash::Digest;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    Algorithm, Deadline, Device, Error, KeyInfo, Kind, Label, PublicKey, Signature,
    device::Capabilities,
    secret::Secret,
    storage::{self, Lock},
};
use file::{Cost, FILE_BYTES_MAX, KEYS_MAX, Sealed, SealingKey};
use keys::Key;

/// The most digests of one call.
const BATCH_MAX: usize = 1024;

/// Settings of a file of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The file.
    pub path: PathBuf,
    /// Whether this runs in production, where keys in a file are refused.
    #[serde(default)]
    pub production: bool,
    /// Whether keys in a file are wanted in production all the same.
    #[serde(default)]
    pub allow_software: bool,
}

/// The file's identity, which every rewrite changes: inode, length, time of the last change in ns.
type Stamp = (u64, u64, i64);

/// What was read from the file last.
struct Held {
    /// Kept open, so that no other file gets its inode.
    _file: File,
    stamp: Stamp,
    sealed: Sealed,
    keys: Vec<Arc<Key>>,
}

/// An open file of keys. Several processes may have it open at once: each change is made to the newest file under a lock, and seen by the others.
pub struct Software {
    name: String,
    path: PathBuf,
    sealing_key: SealingKey,
    held: RwLock<Arc<Held>>,
}

impl Software {
    /// Makes an empty file of keys, encrypted under a password, and opens it.
    ///
    /// # Errors
    /// [`Kind::Refused`] in production, [`Kind::KeyExists`] where there is a file already, [`Kind::Storage`] where it cannot be written.
    pub fn create(options: &Options, password: &Secret) -> Result<Self, Error> {
        Self::create_at(options, password, Cost::DEFAULT)
    }

    /// The same with another cost of a password than [`Cost::DEFAULT`]: tests open files often.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_at(options: &Options, password: &Secret, cost: Cost) -> Result<Self, Error> {
        permit(options)?;
        let place = place(&options.path);
        let _lock = Lock::wait(&lock_path(&options.path)).map_err(|error| unwritable(&place, &error))?;
        if options.path.symlink_metadata().is_ok() {
            let error = Error::new(Kind::KeyExists, place, "there is a file of this name already");
            return Err(error.remedy("open it, or choose another name: nothing is overwritten"));
        }
        let sealing_key = SealingKey::new(password, cost).map_err(|what| Error::new(Kind::DeviceFailed, &place, what))?;
        let sealed = sealing_key.seal(&[]).map_err(|what| Error::new(Kind::DeviceFailed, &place, what))?;
        storage::replace(&options.path, &sealed.to_bytes()).map_err(|error| unwritable(&place, &error))?;
        Self::open(options, password)
    }

    /// Opens a file of keys.
    ///
    /// # Errors
    /// [`Kind::Refused`] in production, [`Kind::NoDevice`] where there is no file, [`Kind::Pin`] where the password is not the right one,
    /// [`Kind::Storage`] where the file is damaged.
    pub fn open(options: &Options, password: &Secret) -> Result<Self, Error> {
        permit(options)?;
        let (file, stamp, sealed) = read(&options.path)?;
        let place = place(&options.path);
        let sealing_key = SealingKey::of(&sealed, password).map_err(|what| Error::new(Kind::DeviceFailed, &place, what))?;
        let keys = unseal(&sealing_key, &sealed, &place)?;
        Ok(Self {
            name: place,
            path: options.path.clone(),
            sealing_key,
            held: RwLock::new(Arc::new(Held { _file: file, stamp, sealed, keys })),
        })
    }

    /// The message of an SM2 ciphertext C1 || C3 || C2 with C1 uncompressed (GB/T 32918.4-2016), of 1 to [`sm2::MESSAGE_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`Kind::NoKey`], [`Kind::Unsupported`] for a key of another algorithm, [`Kind::Input`] where the ciphertext was not made for this key, and as the
    /// device's functions.
    pub fn decrypt(&self, label: &Label, ciphertext: &[u8], deadline: Deadline) -> Result<Zeroizing<Vec<u8>>, Error> {
        in_time(&self.name, deadline)?;
        let key = self.find(label)?;
        let Some(message) = key.decrypt(ciphertext) else {
            let error = Error::new(Kind::Unsupported, &self.name, format!("key {label} is one of {}", key.info().algorithm));
            return Err(error.remedy("only SM2 keys decrypt"));
        };
        message.map_err(|failure| {
            let error = Error::new(Kind::Input, &self.name, format!("key {label}: {failure}"));
            error.remedy("encrypt with the public half of this key, as C1 || C3 || C2")
        })
    }

    /// What the file holds now.
    fn held(&self) -> Result<Arc<Held>, Error> {
        let held = Arc::clone(&self.held.read().unwrap_or_else(std::sync::PoisonError::into_inner));
        let metadata = fs::metadata(&self.path).map_err(|error| unreadable(&self.name, &error))?;
        if stamp(&metadata) == held.stamp {
            return Ok(held);
        }
        let (file, stamp, sealed) = read(&self.path)?;
        if !sealed.same_password(&held.sealed) {
            let error = Error::new(Kind::Pin, &self.name, "the file was replaced by one under another password");
            return Err(error.remedy("restart with the password of the new file"));
        }
        let keys = unseal(&self.sealing_key, &sealed, &self.name)?;
        let held = Arc::new(Held { _file: file, stamp, sealed, keys });
        *self.held.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::clone(&held);
        Ok(held)
    }

    fn find(&self, label: &Label) -> Result<Arc<Key>, Error> {
        let held = self.held()?;
        let index = position(&held.keys, label).map_err(|_| no_key(&self.name, label))?;
        Ok(Arc::clone(&held.keys[index]))
    }

    /// Changes the newest keys under the lock and writes them; the file is the old one or the new one, whatever happens.
    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Key>>) -> Result<(), Error>) -> Result<(), Error> {
        let _lock = Lock::wait(&lock_path(&self.path)).map_err(|error| unwritable(&self.name, &error))?;
        let mut keys = self.held()?.keys.clone();
        change(&mut keys)?;
        let sealed = self.sealing_key.seal(&keys).map_err(|what| Error::new(Kind::DeviceFailed, &self.name, what))?;
        storage::replace(&self.path, &sealed.to_bytes()).map_err(|error| unwritable(&self.name, &error))
    }
}

impl Device for Software {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self, deadline: Deadline) -> Result<Capabilities, Error> {
        in_time(&self.name, deadline)?;
        Ok(Capabilities {
            description: "keys in an encrypted file, for development".to_owned(),
            algorithms: Algorithm::ALL.to_vec(),
            generates: true,
            destroys: true,
            sessions_max: thread::available_parallelism().map_or(1, usize::from),
            batch_max: BATCH_MAX,
        })
    }

    fn keys(&self, deadline: Deadline) -> Result<Vec<KeyInfo>, Error> {
        in_time(&self.name, deadline)?;
        Ok(self.held()?.keys.iter().map(|key| key.info().clone()).collect())
    }

    fn key(&self, label: &Label, deadline: Deadline) -> Result<KeyInfo, Error> {
        in_time(&self.name, deadline)?;
        Ok(self.find(label)?.info().clone())
    }

    fn generate(&self, label: &Label, algorithm: Algorithm, deadline: Deadline) -> Result<PublicKey, Error> {
        in_time(&self.name, deadline)?;
        let key = Arc::new(Key::generate(label.clone(), algorithm).map_err(|what| Error::new(Kind::DeviceFailed, &self.name, what))?);
        self.change(|keys| match position(keys, label) {
            Ok(_) => Err(Error::new(Kind::KeyExists, &self.name, format!("there is a key {label} already")).remedy("choose another label")),
            Err(_) if keys.len() >= KEYS_MAX => {
                Err(Error::new(Kind::DeviceFull, &self.name, format!("it holds {KEYS_MAX} keys"))
                    .remedy("destroy one, or use another file"))
            }
            Err(index) => {
                keys.insert(index, Arc::clone(&key));
                Ok(())
            }
        })?;
        Ok(key.info().public_key)
    }

    fn destroy(&self, label: &Label, deadline: Deadline) -> Result<(), Error> {
        in_time(&self.name, deadline)?;
        self.change(|keys| {
            let index = position(keys, label).map_err(|_| no_key(&self.name, label))?;
            keys.remove(index);
            Ok(())
        })
    }

    fn random(&self, bytes: &mut [u8], deadline: Deadline) -> Result<(), Error> {
        in_time(&self.name, deadline)?;
        getrandom::fill(bytes).map_err(|error| Error::new(Kind::DeviceFailed, &self.name, error.to_string()))
    }

    fn sign(&self, label: &Label, digests: &[Digest], deadline: Deadline) -> Result<Vec<Signature>, Error> {
        in_time(&self.name, deadline)?;
        if digests.len() > BATCH_MAX {
            let error = Error::new(Kind::Input, &self.name, format!("{} digests in one call", digests.len()));
            return Err(error.remedy(format!("it takes {BATCH_MAX} at most")));
        }
        let key = self.find(label)?;
        let sign = |digest| {
            in_time(&self.name, deadline)?;
            key.sign(digest).map_err(|what| Error::new(Kind::DeviceFailed, &self.name, what))
        };
        digests.iter().map(sign).collect()
    }
}

/// Keys in a file are for development.
fn permit(options: &Options) -> Result<(), Error> {
    if options.production && !options.allow_software {
        let error = Error::new(Kind::Refused, place(&options.path), "keys in a file are refused in production");
        return Err(error.remedy("use a PKCS#11 or an SDF device, or set allow_software where you accept that whoever reads the file and its password has the keys"));
    }
    Ok(())
}

fn read(path: &Path) -> Result<(File, Stamp, Sealed), Error> {
    let place = place(path);
    let missing = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Error::new(Kind::NoDevice, &place, "there is no such file")
            .remedy("name another, or make one: chainbox hsm generate LABEL --algorithm NAME --software FILE"),
        _ => unreadable(&place, &error),
    };
    let file = File::open(path).map_err(missing)?;
    let stamp = stamp(&file.metadata().map_err(|error| unreadable(&place, &error))?);
    let mut bytes = Zeroizing::new(Vec::new());
    (&file).take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&place, &error))?;
    let sealed = Sealed::parse(&bytes).map_err(|error| {
        Error::new(Kind::Storage, &place, error.to_string()).remedy("restore it from a copy; without one its keys are lost")
    })?;
    Ok((file, stamp, sealed))
}

fn unseal(sealing_key: &SealingKey, sealed: &Sealed, place: &str) -> Result<Vec<Arc<Key>>, Error> {
    let stored = sealing_key.unseal(sealed).map_err(|error| match error {
        file::Damage::Unsealed => Error::new(Kind::Pin, place, "the password is wrong, or the file was changed by somebody else")
            .remedy("give the password it was made with"),
        error => Error::new(Kind::Storage, place, error.to_string()).remedy("restore it from a copy"),
    })?;
    let keys: Result<Vec<_>, _> = stored.into_iter().map(|stored| Key::new(stored).map(Arc::new)).collect();
    keys.map_err(|what| Error::new(Kind::Storage, place, what).remedy("restore it from a copy"))
}

fn position(keys: &[Arc<Key>], label: &Label) -> Result<usize, usize> {
    keys.binary_search_by(|key| key.info().label.cmp(label))
}

fn stamp(metadata: &fs::Metadata) -> Stamp {
    (metadata.ino(), metadata.len(), metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec()))
}

fn in_time(place: &str, deadline: Deadline) -> Result<(), Error> {
    if deadline.is_over() { Err(Error::new(Kind::Deadline, place, "the deadline has passed")) } else { Ok(()) }
}

fn no_key(place: &str, label: &Label) -> Error {
    Error::new(Kind::NoKey, place, format!("there is no key {label}"))
        .remedy("chainbox hsm list shows the keys, chainbox hsm generate makes one")
}

fn unreadable(place: &str, error: &io::Error) -> Error {
    Error::new(Kind::DeviceGone, place, format!("cannot be read: {error}")).remedy("is the disk there, and may this user read the file?")
}

fn unwritable(place: &str, error: &io::Error) -> Error {
    Error::new(Kind::Storage, place, format!("cannot be written: {error}"))
        .remedy("is there room on the disk, and may this user write in the folder?")
}

fn place(path: &Path) -> String {
    format!("software:{}", path.display())
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

#[cfg(test)]
pub(crate) mod tests;
