//! Segments: files of records that only grow. A block counts once its record is synced.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;

use super::{
    error::StoreError,
    record::{HEAD_BYTES, Head, Kind, is_any_in},
};

/// The end of a segment's name.
const SUFFIX: &str = ".seg";

/// Segments that are open to be read, at most.
const OPEN_MAX: usize = 32;

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The segment, by the height of its first block.
    pub segment: u64,
    /// Where its head begins.
    pub offset: u64,
    /// Bytes of its payload.
    pub length: u32,
}

impl Spot {
    /// Where the next record begins.
    pub const fn end(&self) -> u64 {
        self.offset + (HEAD_BYTES as u64) + self.length as u64
    }
}

/// What was done at an open to files that a crash left.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Repair {
    /// The file that was cut.
    pub file: String,
    /// Where it ends now.
    pub offset: u64,
    /// The bytes that were cut off: of a block that was never confirmed.
    pub bytes: u64,
    /// Where they are kept.
    pub kept_in: String,
}

/// The segments of a folder.
pub struct Segments {
    folder: PathBuf,
    segment_bytes_max: u64,
    open: Mutex<HashMap<u64, Arc<File>>>,
}

/// The end of the last segment, where records are appended.
pub struct End {
    file: Option<(u64, File)>,
    offset: u64,
}

impl End {
    /// Whether it is before a place where records were.
    pub fn is_before(&self, place: Option<(u64, u64)>) -> bool {
        let at = self.file.as_ref().map(|(segment, _)| (*segment, self.offset));
        at < place
    }
}

/// A record as it was found.
pub struct FoundRecord {
    /// Where.
    pub spot: Spot,
    /// Its head.
    pub head: Head,
    /// Its payload.
    pub payload: Bytes,
}

impl Segments {
    /// Those of a folder, which is made where it is not there.
    pub fn new(folder: &Path, segment_bytes_max: u64) -> Result<Self, StoreError> {
        fs::create_dir_all(folder).map_err(|error| StoreError::io("make", folder, error))?;
        Ok(Self { folder: folder.to_owned(), segment_bytes_max, open: Mutex::default() })
    }

    /// The segments, by the heights of their first blocks, in order.
    pub fn list(&self) -> Result<Vec<u64>, StoreError> {
        let listed = || -> io::Result<Vec<u64>> {
            let names = fs::read_dir(&self.folder)?.map(|entry| entry.map(|entry| entry.file_name()));
            let names = names.collect::<io::Result<Vec<_>>>()?;
            let mut firsts: Vec<u64> = names.iter().filter_map(|name| name.to_str()?.strip_suffix(SUFFIX)?.parse().ok()).collect();
            firsts.sort_unstable();
            Ok(firsts)
        };
        listed().map_err(|error| StoreError::io("list", &self.folder, error))
    }

    /// The file of a segment.
    pub fn path(&self, segment: u64) -> PathBuf {
        self.folder.join(format!("{segment:020}{SUFFIX}"))
    }

    /// Reads the records from a place in a segment to the end of the last one, and gives each to `take`. What a crash left unfinished at the end is cut off.
    pub fn recover(
        &self,
        from: Option<(u64, u64)>,
        mut take: impl FnMut(FoundRecord) -> Result<(), StoreError>,
    ) -> Result<(End, Option<Repair>), StoreError> {
        let segments: Vec<u64> = self.list()?.into_iter().filter(|segment| from.is_none_or(|(first, _)| *segment >= first)).collect();
        let mut end = End { file: None, offset: 0 };
        let mut repair = None;
        for (index, &segment) in segments.iter().enumerate() {
            let path = self.path(segment);
            let start = from.filter(|(first, _)| *first == segment).map_or(0, |(_, offset)| offset);
            let file = OpenOptions::new().read(true).write(true).open(&path).map_err(|error| StoreError::io("open", &path, error))?;
            let good = self.records(&file, segment, start, &mut take)?;
            let length = file.metadata().map_err(|error| StoreError::io("look at", &path, error))?.len();
            if good < length {
                let is_last = index + 1 == segments.len();
                repair = Some(self.cut(&file, segment, good, length, is_last)?);
            }
            end = End { file: Some((segment, file)), offset: good };
        }
        Ok((end, repair))
    }

    /// Gives the whole records from an offset on to `take`; says where they end.
    pub fn records(
        &self,
        file: &File,
        segment: u64,
        start: u64,
        take: &mut impl FnMut(FoundRecord) -> Result<(), StoreError>,
    ) -> Result<u64, StoreError> {
        let path = self.path(segment);
        let length = file.metadata().map_err(|error| StoreError::io("look at", &path, error))?.len();
        let mut offset = start;
        while let Some(record) = read_record(file, segment, offset, length).map_err(|error| StoreError::io("read", &path, error))? {
            offset = record.spot.end();
            take(record)?;
        }
        Ok(offset)
    }

    /// Cuts off what stands behind the last whole record, and keeps it; refuses where there is more than an unfinished write.
    fn cut(&self, file: &File, segment: u64, good: u64, length: u64, is_last: bool) -> Result<Repair, StoreError> {
        let path = self.path(segment);
        let mut bytes = vec![0; usize::try_from(length - good).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut bytes, good).map_err(|error| StoreError::io("read", &path, error))?;
        // Behind the first byte: a record whose own head or payload is wrong is not found again at its own place.
        if !is_last || is_any_in(&bytes[1..]) {
            return Err(StoreError::damaged(
                format!("{} at byte {good}", path.display()),
                "a record is wrong, and there are others behind it",
            ));
        }
        let kept = self.folder.join(format!("torn-{segment:020}-{good}"));
        let written = write_new(&kept, &bytes).and_then(|()| {
            file.set_len(good)?;
            file.sync_all()?;
            File::open(&self.folder)?.sync_all()
        });
        written.map_err(|error| StoreError::io("cut", &path, error))?;
        Ok(Repair { file: path.display().to_string(), offset: good, bytes: length - good, kept_in: kept.display().to_string() })
    }

    /// Appends a record. It is not synced, but a segment that is made for it is, with its name.
    pub fn append(&self, end: &mut End, kind: Kind, height: u64, payload: &[u8]) -> Result<Spot, StoreError> {
        if kind == Kind::Block && (end.file.is_none() || end.offset >= self.segment_bytes_max) {
            let path = self.path(height);
            let made = || -> io::Result<File> {
                if let Some((_, file)) = &end.file {
                    file.sync_data()?;
                }
                let file = OpenOptions::new().create_new(true).read(true).write(true).mode(0o600).open(&path)?;
                file.sync_all()?;
                File::open(&self.folder)?.sync_all()?;
                Ok(file)
            };
            let file = made().map_err(|error| StoreError::io("make", &path, error))?;
            *end = End { file: Some((height, file)), offset: 0 };
        }
        let Some((segment, file)) = &end.file else { return Err(StoreError::OutOfOrder { found: height, next: 1 }) };
        let head = Head::of(kind, height, payload).to_bytes();
        let written = file.write_all_at(&head, end.offset).and_then(|()| file.write_all_at(payload, end.offset + HEAD_BYTES as u64));
        if let Err(error) = written {
            // What was written of it is no record. Where it cannot be cut off, the next open does.
            let _ = file.set_len(end.offset);
            return Err(StoreError::io("write", &self.path(*segment), error));
        }
        let spot = Spot { segment: *segment, offset: end.offset, length: payload.len() as u32 };
        end.offset = spot.end();
        Ok(spot)
    }

    /// Puts what was appended on the disk.
    pub fn sync(&self, end: &End) -> Result<(), StoreError> {
        let Some((segment, file)) = &end.file else { return Ok(()) };
        file.sync_data().map_err(|error| StoreError::io("sync", &self.path(*segment), error))
    }

    /// The payload of a record.
    pub fn read(&self, spot: &Spot) -> Result<Bytes, StoreError> {
        let path = self.path(spot.segment);
        let file = self.file(spot.segment).map_err(|error| StoreError::io("open", &path, error))?;
        let record = read_record(&file, spot.segment, spot.offset, u64::MAX).map_err(|error| StoreError::io("read", &path, error))?;
        let place = || format!("{} at byte {}", path.display(), spot.offset);
        let record = record.ok_or_else(|| StoreError::damaged(place(), "a record does not have its checksum"))?;
        if record.spot == *spot { Ok(record.payload) } else { Err(StoreError::damaged(place(), "another record stands there")) }
    }

    fn file(&self, segment: u64) -> io::Result<Arc<File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&segment) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(File::open(self.path(segment))?);
        if open.len() >= OPEN_MAX {
            open.clear();
        }
        open.insert(segment, Arc::clone(&file));
        Ok(file)
    }

    /// The bytes of all segments.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        let length = |segment| {
            let path = self.path(segment);
            fs::metadata(&path).map(|data| data.len()).map_err(|error| StoreError::io("look at", &path, error))
        };
        self.list()?.into_iter().map(length).sum()
    }
}

/// The record at an offset; none where no whole and right one stands there.
fn read_record(file: &File, segment: u64, offset: u64, length: u64) -> io::Result<Option<FoundRecord>> {
    let mut head = [0; HEAD_BYTES];
    match file.read_exact_at(&mut head, offset) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let Some(head) = Head::from_bytes(&head) else { return Ok(None) };
    let spot = Spot { segment, offset, length: head.length };
    if spot.end() > length {
        return Ok(None);
    }
    let mut payload = vec![0; head.length as usize];
    match file.read_exact_at(&mut payload, offset + HEAD_BYTES as u64) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    Ok(head.fits(&payload).then(|| FoundRecord { spot, head, payload: payload.into() }))
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    file.write_all_at(bytes, 0)?;
    file.sync_all()
}
