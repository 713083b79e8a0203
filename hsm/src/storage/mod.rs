//! Files that must be on the disk, and locks between processes.

#[cfg(test)]
pub(crate) mod simulated;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The mode of every file made here: its owner's alone.
pub(crate) const MODE: u32 = 0o600;

/// A lock that one process at a time holds; it ends with the process, however that ends.
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock; none where somebody holds it.
    pub(crate) fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = Self::open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// Waits for the lock. Only for what is held for the time of one write.
    ///
    /// # Errors
    /// Where its file cannot be made.
    pub fn wait(path: &Path) -> io::Result<Self> {
        let file = Self::open(path)?;
        file.lock()?;
        Ok(Self { _file: file })
    }

    fn open(path: &Path) -> io::Result<File> {
        OpenOptions::new().create(true).truncate(false).write(true).mode(MODE).open(path)
    }
}

/// Puts a file with these bytes in the place of another: after a crash it is the old one or the new one. Two writers at once must be kept apart by a [`Lock`].
///
/// # Errors
/// Where it cannot be written; the old one is there then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    Disk::new(folder).replace(name, bytes)
}

/// A folder whose files must survive: the operations that can fail, one by one, so that tests can have each of them fail.
pub(crate) trait Folder: Send + Sync {
    /// The names in it.
    fn names(&self) -> io::Result<Vec<String>>;

    /// A file's bytes, at most one more than `limit`; none where there is no such file.
    fn read(&self, name: &str, limit: usize) -> io::Result<Option<Vec<u8>>>;

    /// An empty file in the place of whatever had the name.
    fn create(&self, name: &str) -> io::Result<Box<dyn Handle>>;

    /// A file that is there, to be written.
    fn open(&self, name: &str) -> io::Result<Box<dyn Handle>>;

    /// Gives a file another name, in the place of whatever had it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Puts the names on the disk.
    fn sync(&self) -> io::Result<()>;

    /// Puts a file with these bytes in the place of another: after a crash it is the old one or the new one. Two writers at once must be kept apart.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = format!("{name}.new");
        let handle = self.create(&new)?;
        handle.write_at(bytes, 0)?;
        handle.sync()?;
        self.rename(&new, name)?;
        self.sync()
    }
}

/// An open file.
pub(crate) trait Handle: Send + Sync {
    /// Writes all bytes from an offset on.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts what stands after so many bytes.
    fn truncate(&self, bytes: u64) -> io::Result<()>;

    /// Puts what was written on the disk.
    fn sync(&self) -> io::Result<()>;
}

/// A folder of the file system.
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// A folder that is there.
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl Folder for Disk {
    fn names(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.0)?.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    fn read(&self, name: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Handle>> {
        Ok(Box::new(OpenOptions::new().create(true).truncate(true).write(true).mode(MODE).open(self.0.join(name))?))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Handle>> {
        Ok(Box::new(OpenOptions::new().write(true).open(self.0.join(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
}

impl Handle for File {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        // Lengths are data here; times of access are not.
        self.sync_data()
    }
}
