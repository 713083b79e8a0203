//! Where generated items go: standard output, or a file that appears only once it is complete.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Stdout, Write},
    path::{Path, PathBuf},
    process,
};

use crate::error::Error;

/// Where generated items go.
pub(super) enum Output {
    /// Standard output.
    Standard(BufWriter<Stdout>),
    /// Something that is no ordinary file, such as a pipe: written in place.
    Device(BufWriter<File>, PathBuf),
    /// A file, under a temporary name beside it until it is complete.
    File(BufWriter<File>, Partial),
}

/// A file under a temporary name, removed when dropped.
pub(super) struct Partial {
    path: PathBuf,
    temporary: PathBuf,
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After the renaming there is nothing to remove.
        drop(fs::remove_file(&self.temporary));
    }
}

impl Output {
    /// Opens `path`; `-` is standard output. A file that exists is refused unless `force`.
    pub(super) fn open(path: &Path, force: bool) -> Result<Self, Error> {
        if path == Path::new("-") {
            return Ok(Self::Standard(BufWriter::new(io::stdout())));
        }
        let failed = |error: &io::Error| Error::io("write", path.display(), error);
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Err(Error::new(format!("cannot write {}: it is a folder; name a file in it", path.display()))),
            Ok(found) if !found.is_file() => {
                let file = OpenOptions::new().write(true).open(path).map_err(|error| failed(&error))?;
                Ok(Self::Device(BufWriter::new(file), path.to_owned()))
            }
            Ok(_) if !force => Err(Error::new(format!("{} exists: give --force to replace it, or another name", path.display()))),
            // A link keeps pointing to the file that is replaced.
            Ok(_) => Self::create(fs::canonicalize(path).map_err(|error| failed(&error))?),
            Err(_) => Self::create(path.to_owned()),
        }
    }

    fn create(path: PathBuf) -> Result<Self, Error> {
        let mut name = OsString::from(".");
        name.push(path.file_name().ok_or_else(|| Error::new(format!("{} is not the name of a file", path.display())))?);
        name.push(format!(".{}.partial", process::id()));
        let temporary = path.with_file_name(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary);
        let file = file.map_err(|error| Error::io("write", path.display(), &error))?;
        Ok(Self::File(BufWriter::new(file), Partial { path, temporary }))
    }

    /// Whether this is standard output.
    pub(super) const fn is_standard(&self) -> bool {
        matches!(self, Self::Standard(_))
    }

    /// Appends bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match self {
            Self::Standard(out) => out.write_all(bytes).map_err(|error| Error::stdout(&error)),
            Self::Device(out, path) => out.write_all(bytes).map_err(|error| Error::io("write", path.display(), &error)),
            Self::File(out, partial) => out.write_all(bytes).map_err(|error| partial.failed(&error)),
        }
    }

    /// Completes the output, and gives a file its name. The name, where there is one.
    pub(super) fn finish(self) -> Result<Option<PathBuf>, Error> {
        match self {
            Self::Standard(mut out) => out.flush().map(|()| None).map_err(|error| Error::stdout(&error)),
            Self::Device(mut out, path) => out.flush().map(|()| None).map_err(|error| Error::io("write", path.display(), &error)),
            Self::File(mut out, partial) => {
                let complete = out.flush().and_then(|()| fs::rename(&partial.temporary, &partial.path));
                complete.map(|()| Some(partial.path.clone())).map_err(|error| partial.failed(&error))
            }
        }
    }
}

impl Partial {
    fn failed(&self, error: &io::Error) -> Error {
        Error::io("write", self.path.display(), error)
    }
}
