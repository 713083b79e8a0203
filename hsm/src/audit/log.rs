//! The log, open to be appended to by one process.
//!
//! Records are appended under a lock; the sync comes after it, and one sync serves all who wait for one. What is not yet known to be on the disk is kept in
//! memory, so that it is written again after a sync that failed: the system forgets what it could not write.

use std::{
    fs, io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use chainbox_engine::hash::{Digest, sha256};

use super::{Event, FILE_BYTES_MAX, LINE_BYTES_MAX, Options, Record, Repair};
use crate::{
    Error, Kind,
    hexadecimal::Hex,
    storage::{Disk, Folder, Handle, Lock},
};

const LOCK: &str = "lock";

/// The most bytes that are kept in memory because they are not known to be on the disk: then they are synced, whatever the interval says.
const PENDING_BYTES_MAX: usize = 1 << 20;

/// The most bytes at the end of a log that a crash can leave torn: what was not synced, and a call's records.
const TORN_BYTES_MAX: usize = 2 * PENDING_BYTES_MAX;

/// The log.
pub struct Audit {
    folder: Box<dyn Folder>,
    options: Options,
    place: String,
    state: Mutex<State>,
    /// Held by the one who syncs, and taken before `state`; whoever waits for it may find the work done.
    syncing: Mutex<()>,
    _lock: Option<Lock>,
}

struct State {
    file: Arc<dyn Handle>,
    number: u32,
    /// Bytes of the file that hold records.
    written: u64,
    /// What of them is on the disk.
    synced: u64,
    /// The bytes between.
    pending: Vec<u8>,
    /// Whether the file may hold something else beyond `synced` than `pending`.
    is_suspect: bool,
    end: End,
    synced_at: Instant,
    head_at: Instant,
    head_not_before: Instant,
    records_since_head: u64,
}

/// Where the chain ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    /// Records so far.
    pub(super) records: u64,
    /// The hash of the last one.
    pub(super) hash: Digest,
}

impl Audit {
    /// Opens the log in a folder, which is made where it is missing. Lines at the end that a crash had torn are cut off and kept in a file beside it, and a
    /// record says so.
    ///
    /// # Errors
    /// [`Kind::Input`] for options out of bounds; [`Kind::Storage`] where another process has it open, where it cannot be read or written, and where it is
    /// damaged elsewhere than at its end.
    pub fn open(options: Options) -> Result<Self, Error> {
        options.check()?;
        let place = place(&options.folder);
        fs::create_dir_all(&options.folder).map_err(|error| unwritable(&place, &error))?;
        let lock = Lock::take(&options.folder.join(LOCK)).map_err(|error| unwritable(&place, &error))?;
        let lock = lock.ok_or_else(|| {
            Error::new(Kind::Storage, &place, "another process has it open").remedy("stop the other one, or name another folder")
        })?;
        Self::open_in(Box::new(Disk::new(&options.folder)), options, Some(lock))
    }

    pub(super) fn open_in(folder: Box<dyn Folder>, options: Options, lock: Option<Lock>) -> Result<Self, Error> {
        let place = place(&options.folder);
        let found = Found::new(&*folder, &place)?;
        let name = file_name(found.number);
        let file = if found.is_there { folder.open(&name) } else { folder.create(&name).and_then(|file| folder.sync().map(|()| file)) };
        let file: Arc<dyn Handle> = file.map_err(|error| unwritable(&place, &error))?.into();
        let now = Instant::now();
        let state = State {
            file,
            number: found.number,
            written: found.whole,
            synced: found.whole,
            pending: Vec::new(),
            // What a crash had torn is cut off, and what was read may not be on the disk yet.
            is_suspect: true,
            end: found.end,
            synced_at: now,
            head_at: now,
            head_not_before: now,
            records_since_head: found.records_since_head,
        };
        let repair = found.keep_torn(&*folder).map_err(|error| unwritable(&place, &error))?;
        let log = Self { folder, options, place, state: Mutex::new(state), syncing: Mutex::new(()), _lock: lock };
        log.restore(&mut log.state())?;
        if let Some(repair) = repair {
            tracing::warn!(log = log.place, ?repair, "the end of the audit log was torn and is cut off");
            log.append(vec![Event::Repair(repair)], true)?;
        }
        Ok(log)
    }

    /// Appends records. When it returns, they are written; where `durable`, they are on the disk.
    ///
    /// # Errors
    /// [`Kind::Storage`]: then no signature that these records are of may leave.
    pub fn append(&self, events: Vec<Event>, durable: bool) -> Result<(), Error> {
        let mark = {
            let mut syncing = None;
            let mut state = self.state();
            if state.is_suspect || self.is_full(&state) {
                drop(state);
                syncing = Some(self.syncing());
                state = self.state();
                self.restore(&mut state)?;
            }
            if self.is_full(&state) && syncing.is_some() {
                self.rotate(&mut state)?;
            }
            self.write(&mut state, events)?;
            let is_due =
                state.synced_at.elapsed() >= Duration::from_millis(self.options.sync_ms) || state.pending.len() > PENDING_BYTES_MAX;
            (durable || is_due).then_some(state.written)
        };
        mark.map_or(Ok(()), |mark| self.sync_to(mark))
    }

    /// Puts everything on the disk that is written.
    ///
    /// # Errors
    /// [`Kind::Storage`].
    pub fn sync(&self) -> Result<(), Error> {
        let written = self.state().written;
        self.sync_to(written)
    }

    /// Records so far and the hash of the last one, where it is time to sign them.
    #[must_use]
    pub fn head_due(&self) -> Option<(u64, Digest)> {
        let state = self.state();
        if state.head_not_before > Instant::now() {
            return None;
        }
        let is_due = state.records_since_head >= self.options.head_records
            || (state.records_since_head > 0 && state.head_at.elapsed() >= Duration::from_secs(self.options.head_s));
        is_due.then_some((state.end.records, state.end.hash))
    }

    /// Has the head not be due for some time, since it could not be signed.
    pub fn put_off_head(&self, time: Duration) {
        self.state().head_not_before = Instant::now() + time;
    }

    /// Its settings.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.options
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes events as lines; all of them or, as far as anybody will ever read, none.
    fn write(&self, state: &mut State, events: Vec<Event>) -> Result<(), Error> {
        let (mut end, mut lines, time_us) = (state.end, String::new(), now_us());
        let mut signs = 0;
        let mut has_head = false;
        for event in events {
            signs += u64::from(matches!(event, Event::Sign(_)));
            has_head |= matches!(event, Event::Head(_));
            let (line, hash) = Record { seq: end.records, time_us, prev: Hex(end.hash), event }.to_line();
            if line.len() > LINE_BYTES_MAX {
                let error = Error::new(Kind::Input, &self.place, format!("a record of {} bytes", line.len()));
                return Err(error.remedy(format!("the limit is {LINE_BYTES_MAX}: use shorter names of callers")));
            }
            lines.push_str(&line);
            end = End { records: end.records + 1, hash };
        }
        if let Err(error) = state.file.write_at(lines.as_bytes(), state.written) {
            state.is_suspect = true;
            return Err(unwritable(&self.place, &error));
        }
        state.written += lines.len() as u64;
        state.pending.extend_from_slice(lines.as_bytes());
        state.end = end;
        state.records_since_head += signs;
        if has_head {
            (state.records_since_head, state.head_at) = (0, Instant::now());
        }
        Ok(())
    }

    /// Begins the next file when the last one is whole on the disk. Whoever calls it holds `syncing`.
    fn rotate(&self, state: &mut State) -> Result<(), Error> {
        if let Err(error) = state.file.sync() {
            state.is_suspect = true;
            return Err(unwritable(&self.place, &error));
        }
        state.is_synced(state.written);
        let number = state.number + 1;
        let file = self.folder.create(&file_name(number)).and_then(|file| self.folder.sync().map(|()| file));
        state.file = file.map_err(|error| unwritable(&self.place, &error))?.into();
        (state.number, state.written, state.synced) = (number, 0, 0);
        Ok(())
    }

    /// Where the file may hold something else than it should: cuts it, writes again what is not known to be on the disk, and syncs. Whoever calls it holds
    /// `syncing`.
    fn restore(&self, state: &mut State) -> Result<(), Error> {
        if !state.is_suspect {
            return Ok(());
        }
        let State { file, written, synced, pending, .. } = &*state;
        file.truncate(*written)
            .and_then(|()| file.write_at(pending, *synced))
            .and_then(|()| file.sync())
            .map_err(|error| unwritable(&self.place, &error))?;
        state.is_suspect = false;
        state.is_synced(state.written);
        Ok(())
    }

    /// Syncs so many bytes of the file, unless somebody else did meanwhile, or the next file was begun, which needs this one whole.
    fn sync_to(&self, bytes: u64) -> Result<(), Error> {
        let number = self.state().number;
        let _syncing = self.syncing();
        let (file, written) = {
            let mut state = self.state();
            self.restore(&mut state)?;
            if state.number != number || bytes <= state.synced {
                return Ok(());
            }
            (Arc::clone(&state.file), state.written)
        };
        let synced = file.sync();
        let mut state = self.state();
        match synced {
            Ok(()) => {
                state.is_synced(written);
                Ok(())
            }
            Err(error) => {
                state.is_suspect = true;
                Err(unwritable(&self.place, &error))
            }
        }
    }

    /// Every sync is made by one at a time: of two at once, the system would tell one alone that it failed.
    fn syncing(&self) -> MutexGuard<'_, ()> {
        self.syncing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn is_full(&self, state: &State) -> bool {
        state.written >= self.options.file_bytes
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        if let Err(error) = self.sync() {
            tracing::error!(%error, "the end of the audit log may not be on the disk");
        }
    }
}

impl State {
    fn is_synced(&mut self, up_to: u64) {
        let bytes = up_to.saturating_sub(self.synced);
        self.pending.drain(..usize::try_from(bytes).unwrap_or(usize::MAX).min(self.pending.len()));
        self.synced = self.synced.max(up_to);
        self.synced_at = Instant::now();
    }
}

/// What a folder holds when the log is opened.
#[derive(Default)]
struct Found {
    /// The last file.
    number: u32,
    is_there: bool,
    /// Bytes of it that are whole lines.
    whole: u64,
    /// What a crash had torn behind them.
    torn: Vec<u8>,
    end: End,
    records_since_head: u64,
}

impl Found {
    /// Puts what is to be cut off into a file beside the log, so that nobody can say that more was cut than a crash had torn.
    fn keep_torn(&self, folder: &dyn Folder) -> io::Result<Option<Repair>> {
        if self.torn.is_empty() {
            return Ok(None);
        }
        let file = format!("{}.torn-{}", file_name(self.number), self.whole);
        folder.replace(&file, &self.torn)?;
        let is_whole = |line: &&[u8]| line.strip_suffix(b"\n").is_some_and(|line| Record::parse(line).is_ok());
        let records = self.torn.split_inclusive(|byte| *byte == b'\n').filter(is_whole).count() as u64;
        Ok(Some(Repair { file, bytes: self.torn.len() as u64, sha256: Hex(sha256(&self.torn)), records }))
    }

    /// Reads the last file that holds a record, and checks every line of it.
    fn new(folder: &dyn Folder, place: &str) -> Result<Self, Error> {
        let numbers = file_numbers(folder).map_err(|error| unreadable(place, &error))?;
        let mut found = Self { number: numbers.last().copied().unwrap_or(1), is_there: !numbers.is_empty(), ..Self::default() };
        for number in numbers.into_iter().rev() {
            let bytes = read(folder, number, place)?;
            let lines = Lines::read(&bytes).map_err(|line| damaged(place, number, line))?;
            if number == found.number {
                (found.whole, found.torn) = (lines.whole as u64, bytes[lines.whole..].to_vec());
            } else if lines.whole < bytes.len() {
                return Err(damaged(place, number, lines.count + 1));
            }
            if let Some(end) = lines.end {
                (found.end, found.records_since_head) = (end, lines.signs_since_head);
                break;
            }
        }
        Ok(found)
    }
}

/// The whole lines at the beginning of a file.
#[derive(Default)]
struct Lines {
    count: usize,
    /// Bytes of them.
    whole: usize,
    /// Where the chain ends, if there is any.
    end: Option<End>,
    signs_since_head: u64,
}

impl Lines {
    /// Reads a file, behind whose whole lines a crash may have left some that are torn. Else the line that is damaged.
    fn read(bytes: &[u8]) -> Result<Self, usize> {
        let mut read = Self::default();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let record = line.strip_suffix(b"\n").and_then(|line| Record::parse(line).ok());
            let next = record.filter(|(record, _)| read.end.is_none_or(|end| (record.seq, record.prev.0) == (end.records, end.hash)));
            let Some((record, hash)) = next else { break };
            match record.event {
                Event::Sign(_) => read.signs_since_head += 1,
                Event::Head(_) => read.signs_since_head = 0,
                Event::Repair(_) => {}
            }
            read.end = Some(End { records: record.seq + 1, hash });
            read.count += 1;
            read.whole += line.len();
        }
        if bytes.len() - read.whole > TORN_BYTES_MAX { Err(read.count + 1) } else { Ok(read) }
    }
}

pub(super) fn read(folder: &dyn Folder, number: u32, place: &str) -> Result<Vec<u8>, Error> {
    // A file ends with the records of the call that filled it.
    let limit = 2 * FILE_BYTES_MAX as usize;
    let bytes = folder.read(&file_name(number), limit).map_err(|error| unreadable(place, &error))?.unwrap_or_default();
    if bytes.len() > limit {
        let error = Error::new(Kind::Storage, place, format!("{} has more than {limit} bytes", file_name(number)));
        return Err(error.remedy("no file of the log grows so long: is it another's?"));
    }
    Ok(bytes)
}

/// The name of a file of the log.
pub(super) fn file_name(number: u32) -> String {
    format!("audit-{number:08}.jsonl")
}

/// The numbers of the files of a log, in ascending order.
pub(super) fn file_numbers(folder: &dyn Folder) -> io::Result<Vec<u32>> {
    let number =
        |name: String| name.strip_prefix("audit-")?.strip_suffix(".jsonl")?.parse().ok().filter(|number| file_name(*number) == name);
    let mut numbers: Vec<u32> = folder.names()?.into_iter().filter_map(number).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

pub(super) fn place(folder: &Path) -> String {
    format!("audit log {}", folder.display())
}

fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

fn damaged(place: &str, number: u32, line: usize) -> Error {
    let what = format!("{} is damaged at line {line}, where no crash damages it", file_name(number));
    Error::new(Kind::Storage, place, what)
        .remedy("keep the folder for an inquiry (chainbox hsm audit names the break), and name a new one in the settings")
}

pub(super) fn unreadable(place: &str, error: &io::Error) -> Error {
    Error::new(Kind::Storage, place, format!("cannot be read: {error}")).remedy("is the disk there, and may this user read the folder?")
}

fn unwritable(place: &str, error: &io::Error) -> Error {
    Error::new(Kind::Storage, place, format!("cannot be written: {error}"))
        .remedy("is there room on the disk, and may this user write in the folder? Nothing is signed until its record can be written")
}
