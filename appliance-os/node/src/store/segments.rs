//! Segments: files of records that only grow. A block counts once its record is synced.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, Read},
    ops::{ControlFlow, Range},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;

use super::{
    error::StoreError,
    record::{self, HEAD_BYTES, Head, Kind, is_any_in},
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

/// A segment as far as its records are whole.
pub struct WholeSegment {
    /// Where it stands.
    pub path: PathBuf,
    /// The file, open: what is pruned from now on can be read all the same.
    pub file: File,
    /// The heights of its first block and of its last.
    pub first: u64,
    /// See there.
    pub last: u64,
    /// Bytes of whole records.
    pub bytes: u64,
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
            let length = self.length(&file, segment)?;
            let (good, _) = self.records(&file, segment, start..length, &mut |record| take(record).map(ControlFlow::Continue))?;
            if good < length {
                let is_last = index + 1 == segments.len();
                repair = Some(self.cut(&file, segment, good, length, is_last)?);
            }
            end = End { file: Some((segment, file)), offset: good };
        }
        Ok((end, repair))
    }

    /// Reads the records from a segment on, and gives each to `take` until it has enough, while somebody else may append; what is unfinished at the end is left
    /// out.
    pub fn read_all<E: From<StoreError>>(
        &self,
        from: u64,
        take: &mut impl FnMut(FoundRecord) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let segments: Vec<u64> = self.list()?.into_iter().filter(|segment| *segment >= from).collect();
        for (index, &segment) in segments.iter().enumerate() {
            let path = self.path(segment);
            let file = File::open(&path).map_err(|error| StoreError::io("open", &path, error))?;
            let length = self.length(&file, segment)?;
            let (good, flow) = self.records(&file, segment, 0..length, take)?;
            if flow.is_break() {
                return Ok(());
            }
            if good < length {
                self.unfinished(&file, segment, good..length, index + 1 == segments.len())?;
            }
        }
        Ok(())
    }

    /// The segments as far as their records are whole now.
    pub fn whole(&self) -> Result<Vec<WholeSegment>, StoreError> {
        let segments = self.list()?;
        let whole = |(index, &first): (usize, &u64)| {
            let path = self.path(first);
            let file = File::open(&path).map_err(|error| StoreError::io("open", &path, error))?;
            let length = self.length(&file, first)?;
            if let Some(next) = segments.get(index + 1) {
                return Ok(WholeSegment { path, file, first, last: next - 1, bytes: length });
            }
            let mut last = first;
            let (bytes, _) = self.records(&file, first, 0..length, &mut |record| {
                last = last.max(record.head.height);
                Ok::<_, StoreError>(ControlFlow::Continue(()))
            })?;
            self.unfinished(&file, first, bytes..length, true)?;
            Ok(WholeSegment { path, file, first, last, bytes })
        };
        segments.iter().enumerate().map(whole).collect()
    }

    fn length(&self, file: &File, segment: u64) -> Result<u64, StoreError> {
        file.metadata().map(|data| data.len()).map_err(|error| StoreError::io("look at", &self.path(segment), error))
    }

    /// Gives the whole records of a part of a segment to `take` until it has enough; says where those that it was given end.
    fn records<E: From<StoreError>>(
        &self,
        file: &File,
        segment: u64,
        part: Range<u64>,
        take: &mut impl FnMut(FoundRecord) -> Result<ControlFlow<()>, E>,
    ) -> Result<(u64, ControlFlow<()>), E> {
        let mut offset = part.start;
        let read =
            |offset| read_record(file, segment, offset, part.end).map_err(|error| StoreError::io("read", &self.path(segment), error));
        while let Some(record) = read(offset)? {
            offset = record.spot.end();
            if take(record)?.is_break() {
                return Ok((offset, ControlFlow::Break(())));
            }
        }
        Ok((offset, ControlFlow::Continue(())))
    }

    /// The bytes behind the last whole record; refuses where they are more than an unfinished write.
    fn unfinished(&self, file: &File, segment: u64, part: Range<u64>, is_last: bool) -> Result<Vec<u8>, StoreError> {
        let path = self.path(segment);
        let mut bytes = vec![0; usize::try_from(part.end - part.start).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut bytes, part.start).map_err(|error| StoreError::io("read", &path, error))?;
        // Behind the first byte: a record whose own head or payload is wrong is not found again at its own place.
        if !is_last || is_any_in(bytes.get(1..).unwrap_or_default()) {
            let place = format!("{} at byte {}", path.display(), part.start);
            return Err(StoreError::damaged(place, "a record is wrong, and there are others behind it"));
        }
        Ok(bytes)
    }

    /// Cuts off what stands behind the last whole record, and keeps it; refuses where there is more than an unfinished write.
    fn cut(&self, file: &File, segment: u64, good: u64, length: u64, is_last: bool) -> Result<Repair, StoreError> {
        let path = self.path(segment);
        let bytes = self.unfinished(file, segment, good..length, is_last)?;
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
        let file = match self.file(spot.segment) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.first()?.is_some_and(|first| first > spot.segment) => {
                return Err(StoreError::Pruned { first: self.first()?.unwrap_or_default() });
            }
            file => file.map_err(|error| StoreError::io("open", &path, error))?,
        };
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

    /// The height of the first block that is there.
    pub fn first(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.list()?.first().copied())
    }

    /// The segment with a block, of those that are there.
    pub fn segment_of(&self, height: u64) -> Result<Option<u64>, StoreError> {
        Ok(self.list()?.into_iter().rev().find(|first| *first <= height))
    }

    /// Removes the segments all of whose blocks are below a height, oldest first, and says how many bytes that freed. The last segment stays.
    pub fn prune(&self, below: u64) -> Result<u64, StoreError> {
        let segments = self.list()?;
        let mut freed = 0;
        for pair in segments.windows(2).take_while(|pair| pair[1] <= below) {
            let path = self.path(pair[0]);
            let removed = fs::metadata(&path).and_then(|data| fs::remove_file(&path).map(|()| data.len()));
            freed += removed.map_err(|error| StoreError::io("remove", &path, error))?;
            self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&pair[0]);
            // One by one: a crash leaves no hole.
            File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(|error| StoreError::io("sync", &self.folder, error))?;
        }
        Ok(freed)
    }

    /// The bytes of all segments.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        let length = |segment| {
            let path = self.path(segment);
            match fs::metadata(&path) {
                // It was pruned meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
                data => data.map(|data| data.len()).map_err(|error| StoreError::io("look at", &path, error)),
            }
        };
        self.list()?.into_iter().map(length).sum()
    }
}

/// The record at an offset, of a file of so many bytes; none where no whole and right one stands there.
fn read_record(file: &File, segment: u64, offset: u64, length: u64) -> io::Result<Option<FoundRecord>> {
    let room = length.saturating_sub(offset + HEAD_BYTES as u64);
    let found = record::read(&mut At { file, offset }, room)?;
    Ok(found.map(|(head, payload)| FoundRecord { spot: Spot { segment, offset, length: head.length }, head, payload }))
}

/// A file from a place on, without moving where others read.
struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for At<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(bytes, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    file.write_all_at(bytes, 0)?;
    file.sync_all()
}
