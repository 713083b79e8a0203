//! Small files in the folder `files` of the settings (GM/T 0018-2012, 6.7). A name stands for one file in that folder and for nothing else; every change is
//! on the disk before it is answered, and the file is the old one or the new one whatever happens.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use chainbox_card::{Card, Level};
use chainbox_hsm::{
    sdf::Code,
    storage::{self, Lock},
};
use nix::fcntl::OFlag;

/// The longest name.
pub(crate) const NAME_BYTES_MAX: usize = 128;

/// The largest file.
pub(crate) const FILE_BYTES_MAX: usize = 64 << 10;

/// Files at most.
const FILES_MAX: usize = 256;

/// Room for all files together.
pub(crate) const ROOM_BYTES: usize = FILE_BYTES_MAX * FILES_MAX;

/// What the names of files end with on the disk: what stands beside them, as a new version that is being written, is no file.
const SUFFIX: &str = ".sdf";

/// The file that is locked while one is changed.
const LOCK: &str = "lock";

/// The files of a card.
pub(crate) struct Files<'a> {
    folder: &'a Path,
    card: &'a Card,
}

impl<'a> Files<'a> {
    /// The files of this card; not supported where the settings name no folder.
    pub(crate) fn of(card: &'a Card) -> Result<Self, Code> {
        let folder = card.settings().files.as_deref().ok_or(Code::NOT_SUPPORTED)?;
        Ok(Self { folder, card })
    }

    /// Makes a file of zeros.
    pub(crate) fn create(&self, name: &[u8], bytes: usize) -> Result<(), Code> {
        let path = self.path(name)?;
        if bytes > FILE_BYTES_MAX {
            return Err(Code::FILE_SIZE);
        }
        let _lock = self.lock()?;
        if fs::symlink_metadata(&path).is_ok() {
            return Err(Code::FILE_EXISTS);
        }
        if self.count()? >= FILES_MAX {
            return Err(Code::NO_BUFFER);
        }
        self.replace(&path, &vec![0; bytes])
    }

    /// At most so many bytes from an offset on.
    pub(crate) fn read(&self, name: &[u8], offset: usize, bytes: usize) -> Result<Vec<u8>, Code> {
        let whole = self.whole(&self.path(name)?)?;
        let rest = whole.get(offset..).ok_or(Code::FILE_OFFSET)?;
        Ok(rest[..rest.len().min(bytes)].to_vec())
    }

    /// Writes bytes at an offset, within the size that the file has.
    pub(crate) fn write(&self, name: &[u8], offset: usize, bytes: &[u8]) -> Result<(), Code> {
        let path = self.path(name)?;
        let _lock = self.lock()?;
        let mut whole = self.whole(&path)?;
        let rest = whole.get_mut(offset..).ok_or(Code::FILE_OFFSET)?;
        rest.get_mut(..bytes.len()).ok_or(Code::FILE_SIZE)?.copy_from_slice(bytes);
        self.replace(&path, &whole)
    }

    /// Deletes a file.
    pub(crate) fn delete(&self, name: &[u8]) -> Result<(), Code> {
        let path = self.path(name)?;
        let _lock = self.lock()?;
        let deleted = fs::remove_file(&path).and_then(|()| File::open(self.folder)?.sync_all());
        deleted.map_err(|error| self.failed(&path, &error, Code::FILE_WRITE))
    }

    /// Where a file stands. Letters, digits and `.`, `_`, `-` name a file of this folder, and with the suffix nothing else does.
    fn path(&self, name: &[u8]) -> Result<PathBuf, Code> {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        let is_name = (1..=NAME_BYTES_MAX).contains(&name.len()) && name.iter().all(is_plain) && name[0] != b'.';
        let name = str::from_utf8(name).ok().filter(|_| is_name).ok_or(Code::INPUT)?;
        Ok(self.folder.join(format!("{name}{SUFFIX}")))
    }

    fn lock(&self) -> Result<Lock, Code> {
        let path = self.folder.join(LOCK);
        Lock::wait(&path).map_err(|error| self.failed(&path, &error, Code::FILE_WRITE))
    }

    fn count(&self) -> Result<usize, Code> {
        let names = fs::read_dir(self.folder).map_err(|error| self.failed(self.folder, &error, Code::FILE_WRITE))?;
        Ok(names.flatten().filter(|entry| entry.file_name().as_encoded_bytes().ends_with(SUFFIX.as_bytes())).count())
    }

    /// A whole file, which must be a plain one and no link.
    fn whole(&self, path: &Path) -> Result<Vec<u8>, Code> {
        let no_follow = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
        let read = || {
            let file = OpenOptions::new().read(true).custom_flags(no_follow).open(path)?;
            let mut whole = Vec::new();
            file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut whole)?;
            if whole.len() > FILE_BYTES_MAX { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(whole) }
        };
        read().map_err(|error| self.failed(path, &error, Code::HARDWARE))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), Code> {
        storage::replace(path, bytes).map_err(|error| self.failed(path, &error, Code::FILE_WRITE))
    }

    /// The code for a failure, which is logged unless the file is not there.
    fn failed(&self, path: &Path, error: &io::Error, failed: Code) -> Code {
        let is_file = path.extension().is_some();
        if is_file && error.kind() == io::ErrorKind::NotFound {
            return Code::NO_FILE;
        }
        let line = format!("{}: {error}; `files` in the settings must name a folder that this user can write, with room", path.display());
        self.card.log().line(Level::Warning, &line);
        failed
    }
}
