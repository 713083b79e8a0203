//! Whether a log is whole, and if not, where it breaks first.

use std::{collections::VecDeque, path::Path};

use chainbox_engine::{
    batch::{Item, Shape},
    hash::Digest,
    scheme::Scheme,
    strategy::single,
    verdict::Verdict,
};
use serde::Serialize;

use super::{
    Event, Head, Record,
    log::{End, file_name, file_numbers, place, read, unreadable},
};
use crate::{
    Error, Kind, Payload, PublicKey,
    hexadecimal::Hex,
    payload::{SM2_ID, digest},
    storage::{Disk, Folder},
};

/// How many records a head may come after the last one that it covers.
const HEAD_LATE_MAX: usize = 1 << 20;

/// A key whose signatures of heads count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// The key.
    pub public_key: PublicKey,
    /// The id that goes into Z_A of an SM2 key.
    pub sm2_id: Vec<u8>,
}

impl Trusted {
    /// A key with the common id.
    #[must_use]
    pub fn new(public_key: PublicKey) -> Self {
        Self { public_key, sm2_id: SM2_ID.to_vec() }
    }
}

/// Where a log breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Break {
    /// The file.
    pub file: String,
    /// The line in it, from 1.
    pub line: u64,
    /// What is wrong there.
    pub what: String,
}

/// What a log holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Files read.
    pub files: u64,
    /// The number of the first record; above 0 where older files are not here.
    pub first: u64,
    /// Records that are whole, those before the first one of this folder included.
    pub records: u64,
    /// Requests among them that were signed.
    pub signed: u64,
    /// Requests among them that failed.
    pub failed: u64,
    /// Times that torn lines at the end were cut off.
    pub repairs: u64,
    /// Whole records that were cut off with them: worth a question, since a crash of the process leaves none.
    pub repaired_records: u64,
    /// Heads whose signatures verify with a trusted key.
    pub heads: u64,
    /// Heads whose signatures verify, but with a key of which nobody said that it is trusted.
    pub heads_untrusted: u64,
    /// The last head that counts.
    pub last_head: Option<Head>,
    /// Records behind the last that a head covers. Nothing proves that there were no more.
    pub unsigned: u64,
    /// The first break; none where the log is whole.
    pub broken: Option<Break>,
}

/// Verifies the log in a folder: every hash, the chain over all files, every signature of a head. `trusted` are the keys whose heads count; `known` is a head
/// that was kept elsewhere, which shows where a log was cut behind it or written anew. `progress` is called after each file.
///
/// # Errors
/// [`Kind::Storage`] where the folder cannot be read or holds no log. A log that is broken is no error of this function: see [`Report::broken`].
pub fn verify(folder: &Path, trusted: &[Trusted], known: Option<&Head>, progress: &mut dyn FnMut(&Report)) -> Result<Report, Error> {
    verify_in(&Disk::new(folder), &place(folder), trusted, known, progress)
}

pub(super) fn verify_in(
    folder: &dyn Folder,
    place: &str,
    trusted: &[Trusted],
    known: Option<&Head>,
    progress: &mut dyn FnMut(&Report),
) -> Result<Report, Error> {
    let numbers = file_numbers(folder).map_err(|error| unreadable(place, &error))?;
    let Some(&first) = numbers.first() else {
        return Err(Error::new(Kind::Storage, place, "there is no audit log in this folder").remedy("name the folder of the settings"));
    };
    let mut verifier =
        Verifier { trusted, known, end: None, hashes: VecDeque::new(), covered: 0, known_seen: false, report: Report::default() };
    for (number, expected) in numbers.iter().copied().zip(first..) {
        let bytes = read(folder, number, place)?;
        verifier.report.files += 1;
        if let Err(broken) = verifier.file(number, expected, &bytes) {
            verifier.report.broken = Some(broken);
            break;
        }
        progress(&verifier.report);
    }
    Ok(verifier.finish(&file_name(numbers.last().copied().unwrap_or(first))))
}

struct Verifier<'a> {
    trusted: &'a [Trusted],
    known: Option<&'a Head>,
    end: Option<End>,
    /// The hashes of the last records, the newest last.
    hashes: VecDeque<Digest>,
    /// Records that a trusted head covers.
    covered: u64,
    known_seen: bool,
    report: Report,
}

impl Verifier<'_> {
    fn file(&mut self, number: u32, expected: u32, bytes: &[u8]) -> Result<(), Break> {
        let file = file_name(number);
        if number != expected {
            return Err(Break { file: file_name(expected), line: 1, what: format!("the file is missing: {file} comes next") });
        }
        for (line, number) in bytes.split_inclusive(|byte| *byte == b'\n').zip(1..) {
            self.line(line).map_err(|what| Break { file: file.clone(), line: number, what })?;
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        let line = line.strip_suffix(b"\n").ok_or("the line has no end: it was torn, or is being written")?;
        let (record, hash) = Record::parse(line).map_err(|error| error.to_string())?;
        self.follows(&record)?;
        match &record.event {
            Event::Sign(sign) if sign.result == super::record::SIGNED => self.report.signed += 1,
            Event::Sign(_) => self.report.failed += 1,
            Event::Repair(repair) => {
                self.report.repairs += 1;
                self.report.repaired_records += repair.records;
            }
            Event::Head(head) => self.head(head, record.seq)?,
        }
        self.end = Some(End { records: record.seq + 1, hash });
        self.report.records = record.seq + 1;
        self.hashes.push_back(hash);
        if self.hashes.len() > HEAD_LATE_MAX {
            self.hashes.pop_front();
        }
        self.is_as_known(hash)
    }

    /// That a record is the next one of the chain.
    fn follows(&mut self, record: &Record) -> Result<(), String> {
        let Some(end) = self.end else {
            self.report.first = record.seq;
            self.covered = record.seq;
            let is_first = record.seq == 0;
            return if is_first && record.prev.0 != Digest::default() {
                Err("the first record follows another one".to_owned())
            } else {
                Ok(())
            };
        };
        if record.seq != end.records {
            return Err(format!("record {} where record {} is expected: records were taken out or put in", record.seq, end.records));
        }
        if record.prev.0 != end.hash {
            return Err(format!("record {} does not follow the one before it: its prev is another hash", record.seq));
        }
        Ok(())
    }

    fn head(&mut self, head: &Head, seq: u64) -> Result<(), String> {
        let hash = self.hash_before(head.records, seq)?;
        if hash != head.hash.0 {
            return Err(format!("the head covers {} records that end otherwise: {} instead of {}", head.records, head.hash, Hex(hash)));
        }
        let trusted = self.trusted.iter().find(|trusted| trusted.public_key == head.public_key.0);
        let id = trusted.map_or(SM2_ID, |trusted| &trusted.sm2_id);
        let is_signed = is_signed(head, id);
        match (trusted, is_signed) {
            (Some(_), true) => {
                self.report.heads += 1;
                self.covered = self.covered.max(head.records);
                self.report.last_head = Some(head.clone());
            }
            (None, true) => self.report.heads_untrusted += 1,
            // Without the key's id nobody can judge an SM2 signature of a key that is not trusted anyway.
            (None, false) if head.scheme == Scheme::Sm2Sm3.name() => self.report.heads_untrusted += 1,
            (_, false) => return Err(format!("the signature of the head by the key {} is wrong", head.key)),
        }
        Ok(())
    }

    /// The hash of the record before the one of this number.
    fn hash_before(&self, records: u64, seq: u64) -> Result<Digest, String> {
        let back = seq.checked_sub(records).and_then(|back| usize::try_from(back).ok());
        let index = back.and_then(|back| self.hashes.len().checked_sub(1 + back));
        index
            .map(|index| self.hashes[index])
            .ok_or_else(|| format!("the head covers {records} records, of which the last is not within reach"))
    }

    /// That the chain passes through the head that was kept elsewhere.
    fn is_as_known(&mut self, hash: Digest) -> Result<(), String> {
        let Some(known) = self.known.filter(|known| known.records == self.report.records) else { return Ok(()) };
        self.known_seen = true;
        if hash == known.hash.0 {
            Ok(())
        } else {
            Err(format!("the log was written anew: a head is known that covers {} records with another end", known.records))
        }
    }

    fn finish(mut self, last_file: &str) -> Report {
        let records = self.report.records;
        self.report.unsigned = records.saturating_sub(self.covered);
        if let Some(known) = self.known.filter(|known| self.report.broken.is_none() && !self.known_seen && known.records > 0) {
            let what = if known.records > records {
                format!("the log was cut: it ends after {records} records, and a head is known that covers {}", known.records)
            } else {
                format!("the record {} that a known head ends with is not here", known.records - 1)
            };
            self.report.broken = Some(Break { file: last_file.to_owned(), line: 0, what });
        }
        self.report
    }
}

/// Whether the signature of a head verifies with the key that it names.
fn is_signed(head: &Head, sm2_id: &[u8]) -> bool {
    let Ok(scheme) = head.scheme.parse::<Scheme>() else { return false };
    let payload = Payload::Audit { records: head.records, head: head.hash.0 };
    let Ok(digest) = digest(&payload, scheme, &head.public_key.0, sm2_id) else { return false };
    let item = Item { key: &head.public_key.0, input: &digest, signature: &head.signature.0, id: None, hint: &[] };
    single::verify(&Shape::digests(scheme), &item) == Verdict::Valid
}
