//! `CKA_ID` and `CKA_LABEL` that callers gave to keys of the file: kept in a small file beside it, `KEYS.names`.
//!
//! A line has the SHA-256 of a public key (`04 || x || y`), which object of the pair, which attribute, and its bytes, all but the words in hex:
//! `HASH private id HEX`. Whoever deletes the file loses names, never keys.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use chainbox_engine::hash::{Digest, sha256};
use chainbox_hsm::{Error, Kind, PublicKey, storage};

use crate::{limits::NAMES_BYTES_MAX, objects::Class};

/// Which attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    Id,
    Label,
}

/// Names that were given, by key, object and attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names(BTreeMap<(Digest, Class, Name), Vec<u8>>);

/// `CKA_ID` of a key that was given none: the SHA-256 of its public key, which is also what Fabric knows it by.
pub(crate) fn id_of(key: &PublicKey) -> Digest {
    sha256(key)
}

impl Names {
    /// A name that was given.
    pub(crate) fn get(&self, key: &PublicKey, class: Class, name: Name) -> Option<&[u8]> {
        self.0.get(&(id_of(key), class, name)).map(Vec::as_slice)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut names = BTreeMap::new();
        for line in text.lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            let [key, class, name, bytes] = fields[..] else { return None };
            let class = match class {
                "public" => Class::Public,
                "private" => Class::Private,
                _ => return None,
            };
            let name = match name {
                "id" => Name::Id,
                "label" => Name::Label,
                _ => return None,
            };
            names.insert((hex::decode(key).ok()?.try_into().ok()?, class, name), hex::decode(bytes).ok()?);
        }
        Some(Self(names))
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for ((key, class, name), bytes) in &self.0 {
            let class = if *class == Class::Public { "public" } else { "private" };
            let name = if *name == Name::Id { "id" } else { "label" };
            writeln!(text, "{} {class} {name} {}", hex::encode(key), hex::encode(bytes)).expect("a string takes all");
        }
        text
    }
}

/// The file.
pub(crate) struct NamesFile(PathBuf);

impl NamesFile {
    /// The file beside a file of keys.
    pub(crate) fn beside(keys: &Path) -> Self {
        let mut path = keys.as_os_str().to_owned();
        path.push(".names");
        Self(path.into())
    }

    fn place(&self) -> String {
        self.0.display().to_string()
    }

    /// What stands there; nothing where there is no file.
    ///
    /// # Errors
    /// [`Kind::Storage`] where it cannot be read or is damaged.
    pub(crate) fn read(&self) -> Result<Names, Error> {
        let unreadable = |error: io::Error| {
            Error::new(Kind::Storage, self.place(), format!("cannot be read: {error}")).remedy("may this program read it?")
        };
        let file = match File::open(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Names::default()),
            file => file.map_err(unreadable)?,
        };
        let mut bytes = Vec::new();
        file.take(NAMES_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        let text = String::from_utf8(bytes).ok().filter(|text| text.len() <= NAMES_BYTES_MAX);
        text.and_then(|text| Names::parse(&text)).ok_or_else(|| {
            Error::new(Kind::Storage, self.place(), "it is damaged")
                .remedy("restore it, or delete it: then keys have the ids and labels of their own again")
        })
    }

    /// Gives names to an object of a key.
    ///
    /// # Errors
    /// [`Kind::Storage`] where the file cannot be read or written, [`Kind::DeviceFull`] where it would be too large.
    pub(crate) fn give(&self, key: &PublicKey, class: Class, given: &[(Name, Vec<u8>)]) -> Result<(), Error> {
        self.change(|names| names.extend(given.iter().map(|(name, bytes)| ((id_of(key), class, *name), bytes.clone()))))
    }

    /// Forgets the names of a key, if it has any.
    ///
    /// # Errors
    /// As [`Self::give`].
    pub(crate) fn forget(&self, key: &PublicKey) -> Result<(), Error> {
        let digest = id_of(key);
        if self.read()?.0.keys().any(|(of, ..)| *of == digest) {
            return self.change(|names| names.retain(|(of, ..), _| *of != digest));
        }
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<(Digest, Class, Name), Vec<u8>>)) -> Result<(), Error> {
        let unwritable = |error: io::Error| {
            Error::new(Kind::Storage, self.place(), format!("cannot be written: {error}"))
                .remedy("is there room on the disk, and may this user write in the folder?")
        };
        let mut lock = self.0.clone().into_os_string();
        lock.push(".lock");
        let _lock = storage::Lock::wait(Path::new(&lock)).map_err(unwritable)?;
        let mut names = self.read()?;
        change(&mut names.0);
        let text = names.text();
        if text.len() > NAMES_BYTES_MAX {
            return Err(Error::new(Kind::DeviceFull, self.place(), format!("it would have more than {NAMES_BYTES_MAX} bytes"))
                .remedy("destroy keys that nobody uses"));
        }
        storage::replace(&self.0, text.as_bytes()).map_err(unwritable)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const KEY: PublicKey = [4; 65];

    #[test]
    fn names_are_kept_changed_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let file = NamesFile::beside(&folder.path().join("keys"));
        assert_eq!(file.read(), Ok(Names::default()));
        file.forget(&KEY).unwrap();
        assert!(!folder.path().join("keys.names").exists(), "nothing is written for nothing");
        file.give(&KEY, Class::Private, &[(Name::Id, vec![1, 2]), (Name::Label, b"a b\n".to_vec())]).unwrap();
        file.give(&KEY, Class::Private, &[(Name::Id, vec![])]).unwrap();
        file.give(&[5; 65], Class::Public, &[(Name::Id, vec![9])]).unwrap();
        let names = file.read().unwrap();
        assert_eq!(names.get(&KEY, Class::Private, Name::Id), Some(&[][..]));
        assert_eq!(names.get(&KEY, Class::Private, Name::Label), Some(&b"a b\n"[..]));
        assert_eq!(names.get(&KEY, Class::Public, Name::Id), None);
        file.forget(&KEY).unwrap();
        let names = file.read().unwrap();
        assert_eq!((names.get(&KEY, Class::Private, Name::Id), names.get(&[5; 65], Class::Public, Name::Id)), (None, Some(&[9][..])));
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = NamesFile::beside(&folder.path().join("keys"));
        let key = "00".repeat(32);
        for text in
            ["x", &format!("{key} public id 0"), &format!("{key} public id +1"), &format!("{key} both id 00"), "00 public id 00", "\n"]
        {
            fs::write(folder.path().join("keys.names"), text).unwrap();
            let error = file.read().unwrap_err();
            assert!(
                error.kind == Kind::Storage && error.place.ends_with("keys.names") && error.remedy.contains("delete"),
                "{text:?}: {error}"
            );
        }
        fs::write(folder.path().join("keys.names"), "é".repeat(NAMES_BYTES_MAX)).unwrap();
        assert_eq!(file.read().unwrap_err().kind, Kind::Storage);
    }
}
