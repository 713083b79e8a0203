//! A backup: one tar file with what a chain runs from but its database, which is made again. `tar tf` shows what is in it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Component, Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use tar::{Archive, Builder, EntryType, Header};

use super::{
    ArchiveError, newest,
    stream::{new_file, put},
};
use crate::store::{Segments, WholeSegment};

/// The last file of a backup, so that one that was cut is seen.
const END: &str = "backup.json";

const FORMAT: u32 = 1;

/// The longest [`END`].
const END_BYTES_MAX: u64 = 1 << 16;

/// What else stands in a backup.
#[derive(Clone, Debug)]
pub enum Included {
    /// Some bytes under a name.
    Bytes(String, Vec<u8>),
    /// A file under a name.
    File(String, PathBuf),
}

/// What a backup has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The version of the layout.
    pub format: u32,
    /// The chain's id.
    pub chain_id: u64,
    /// The height of the snapshot in it; without one the state is made from the genesis.
    pub snapshot: Option<u64>,
    /// The first block that is stored; 0 where there is none.
    pub first: u64,
    /// The last block that is stored. It counts where it is certified.
    pub last: u64,
}

/// Writes a backup of a chain's folder: what is included, the newest snapshot, all blocks. The node may run meanwhile: blocks up to some moment are in it.
/// `progress` is told the bytes that are written, and about how many there will be.
///
/// # Errors
/// [`ArchiveError`]. No file is left.
pub fn backup(
    chain: &Path,
    chain_id: u64,
    included: Vec<Included>,
    path: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Backup, ArchiveError> {
    let file = new_file(path)?;
    let segments = Segments::new(&chain.join("blocks"), u64::MAX)?;
    // Opened before the first is written: what is pruned meanwhile is in the backup all the same.
    let snapshot = newest(chain)?;
    let mut files = Vec::new();
    if let Some(info) = &snapshot {
        files.push(("snapshots", Whole::open(info.path.clone())?));
    }
    let mut backup = Backup { format: FORMAT, chain_id, snapshot: snapshot.map(|info| info.height), first: 0, last: 0 };
    for WholeSegment { path, file, first, last, bytes } in segments.whole()? {
        backup.first = if backup.first == 0 { first } else { backup.first };
        backup.last = last;
        files.push(("blocks", Whole { path, file, bytes }));
    }
    let all: u64 = files.iter().map(|(_, whole)| whole.bytes).sum();
    let mut written = 0;
    let mut tar = Builder::new(io::BufWriter::with_capacity(1 << 20, file));
    let failed = |error| ArchiveError::io("write", path, error);
    for included in included {
        match included {
            Included::Bytes(name, bytes) => add(&mut tar, &name, bytes.len() as u64, &bytes[..]).map_err(failed)?,
            Included::File(name, from) => {
                let whole = Whole::open(from)?;
                add(&mut tar, &name, whole.bytes, whole.file).map_err(failed)?;
            }
        }
    }
    for (folder, whole) in files {
        let name = whole.path.file_name().unwrap_or_default().to_string_lossy();
        let mut told = |more| {
            written += more;
            progress(written, all);
        };
        let from = Told { from: whole.file.take(whole.bytes), tell: &mut told };
        add(&mut tar, &format!("{folder}/{name}"), whole.bytes, from).map_err(failed)?;
    }
    let end = serde_json::to_vec_pretty(&backup).map_err(|error| failed(error.into()))?;
    add(&mut tar, END, end.len() as u64, &end[..]).map_err(failed)?;
    let file = tar.into_inner().and_then(|buffer| buffer.into_inner().map_err(io::IntoInnerError::into_error)).map_err(failed)?;
    put(file, path)?;
    Ok(backup)
}

/// A file that is to be written as far as it reaches now.
struct Whole {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Whole {
    fn open(path: PathBuf) -> Result<Self, ArchiveError> {
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (bytes, file) = opened.map_err(|error| ArchiveError::io("open", &path, error))?;
        Ok(Self { path, file, bytes })
    }
}

/// Tells how many bytes are read.
struct Told<'a, R> {
    from: R,
    tell: &'a mut dyn FnMut(u64),
}

impl<R: io::Read> io::Read for Told<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(bytes)?;
        (self.tell)(read as u64);
        Ok(read)
    }
}

fn add<W: Write>(tar: &mut Builder<W>, name: &str, bytes: u64, from: impl io::Read) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()));
    tar.append_data(&mut header, name, from)
}

/// Unpacks a backup into a folder, which is made. Everything is on the disk when this returns. `progress` is told the bytes that are read, and all of them.
///
/// # Errors
/// [`ArchiveError`]. What was unpacked before stays.
pub fn unpack(path: &Path, folder: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Backup, ArchiveError> {
    let file = File::open(path).map_err(|error| ArchiveError::io("open", path, error))?;
    let all = file.metadata().map_err(|error| ArchiveError::io("look at", path, error))?.len();
    let mut done = 0;
    let mut told = |more| {
        done += more;
        progress(done, all);
    };
    let failed = |error| ArchiveError::unfit(path, format!("it was cut, or is no backup ({error}): copy it again"));
    fs::create_dir_all(folder).map_err(|error| ArchiveError::io("make", folder, error))?;
    let mut archive = Archive::new(Told { from: io::BufReader::with_capacity(1 << 20, file), tell: &mut told });
    let mut end = None;
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let name = entry.path().map_err(failed)?.into_owned();
        // Files of this folder and the two below it, and nothing that leads elsewhere.
        let is_plain = name.components().all(|part| matches!(part, Component::Normal(_)));
        let is_ours = entry.header().entry_type() == EntryType::Regular && is_plain && name.components().count() <= 2;
        if !is_ours || end.is_some() {
            return Err(ArchiveError::unfit(path, format!("{} is nothing that a backup has", name.display())));
        }
        if name == Path::new(END) {
            let mut bytes = Vec::new();
            entry.take(END_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
            end = Some(bytes);
            continue;
        }
        let to = folder.join(&name);
        let mut unpack = || -> io::Result<()> {
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&to)?;
            io::copy(&mut entry, &mut file)?;
            file.sync_all()
        };
        unpack().map_err(|error| ArchiveError::io("unpack", &to, error))?;
    }
    let end = end.ok_or_else(|| ArchiveError::unfit(path, "it was cut, or is no backup: copy it again"))?;
    let backup: Backup = serde_json::from_slice(&end).map_err(|error| ArchiveError::unfit(path, format!("{END}: {error}")))?;
    if backup.format != FORMAT {
        return Err(ArchiveError::unfit(path, "a newer version of chainbox wrote it: use that one"));
    }
    Ok(backup)
}
