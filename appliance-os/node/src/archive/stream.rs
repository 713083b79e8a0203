//! Files of records with an end, so that one that was cut is seen.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use tempfile::NamedTempFile;

use super::ArchiveError;
use crate::store::record::{self, Head, Kind};

/// Bytes that are written and read at once.
const BUFFER_BYTES: usize = 1 << 20;

/// The longest record: a block is shorter.
const RECORD_BYTES_MAX: u64 = 256 << 20;

/// A file that is being written.
pub struct Writer {
    to: BufWriter<NamedTempFile>,
    path: PathBuf,
    records: u64,
}

impl Writer {
    /// Begins a file, which is there once it is finished. One that is there stays.
    pub fn create(path: &Path) -> Result<Self, ArchiveError> {
        Ok(Self { to: BufWriter::with_capacity(BUFFER_BYTES, new_file(path)?), path: path.to_owned(), records: 0 })
    }

    /// Writes a record.
    pub fn write(&mut self, kind: Kind, height: u64, payload: &[u8]) -> Result<(), ArchiveError> {
        self.records += 1;
        record::write(&mut self.to, kind, height, payload).map_err(|error| ArchiveError::io("write", &self.path, error))
    }

    /// Writes the end, and puts the file where it is to be, synced. Says how many bytes it has.
    pub fn finish(mut self, height: u64) -> Result<u64, ArchiveError> {
        self.write(Kind::End, height, &self.records.to_be_bytes())?;
        let file = self.to.into_inner().map_err(|error| ArchiveError::io("write", &self.path, error.into_error()))?;
        put(file, &self.path)
    }
}

/// A file beside the place where it is to be, which its owner alone may read. What is at the place already is refused here, before the work.
pub(super) fn new_file(path: &Path) -> Result<NamedTempFile, ArchiveError> {
    if path.exists() {
        return Err(ArchiveError::unfit(path, "it is there already: name another file, or remove it"));
    }
    NamedTempFile::new_in(folder_of(path)).map_err(|error| ArchiveError::io("make", path, error))
}

/// Puts a whole file in its place, synced with its name. Says how many bytes it has.
pub(super) fn put(mut file: NamedTempFile, path: &Path) -> Result<u64, ArchiveError> {
    let put = || {
        file.flush()?;
        file.as_file().sync_all()?;
        let bytes = file.as_file().metadata()?.len();
        file.persist_noclobber(path).map_err(|error| error.error)?;
        File::open(folder_of(path))?.sync_all()?;
        Ok(bytes)
    };
    put().map_err(|error| ArchiveError::io("write", path, error))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file that is read to its end.
pub struct Reader {
    from: BufReader<File>,
    path: PathBuf,
    records: u64,
    bytes: u64,
    length: u64,
    is_ended: bool,
}

impl Reader {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let file = File::open(path).map_err(|error| ArchiveError::io("open", path, error))?;
        let length = fs::metadata(path).map_err(|error| ArchiveError::io("look at", path, error))?.len();
        let from = BufReader::with_capacity(BUFFER_BYTES, file);
        Ok(Self { from, path: path.to_owned(), records: 0, bytes: 0, length, is_ended: false })
    }

    /// The record that comes next; none at the end.
    pub fn next(&mut self) -> Result<Option<(Head, Bytes)>, ArchiveError> {
        if self.is_ended {
            return Ok(None);
        }
        let damaged = ArchiveError::Damaged { place: self.path.display().to_string(), record: self.records };
        let read = record::read(&mut self.from, RECORD_BYTES_MAX).map_err(|error| ArchiveError::io("read", &self.path, error))?;
        let Some((head, payload)) = read else { return Err(damaged) };
        self.bytes += (record::HEAD_BYTES + payload.len()) as u64;
        if head.kind == Kind::End {
            if *payload != self.records.to_be_bytes() || self.bytes != self.length {
                return Err(damaged);
            }
            self.is_ended = true;
            return Ok(None);
        }
        self.records += 1;
        Ok(Some((head, payload)))
    }

    /// The first record, which must be of a kind.
    pub fn first(&mut self, kind: Kind, what: &str) -> Result<(Head, Bytes), ArchiveError> {
        let begin = self.next();
        match begin {
            Ok(Some((head, payload))) if head.kind == kind => Ok((head, payload)),
            Err(error @ ArchiveError::Io { .. }) => Err(error),
            _ => Err(ArchiveError::unfit(&self.path, format!("this is no {what}"))),
        }
    }

    /// The share of the file that is read, in bytes, and all of them.
    pub const fn progress(&self) -> (u64, u64) {
        (self.bytes, self.length)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// That something about the file is wrong.
    pub fn unfit(&self, what: impl ToString) -> ArchiveError {
        ArchiveError::unfit(&self.path, what)
    }
}
