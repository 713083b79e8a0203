//! The audit log: one record a signature, each with the hash of the one before; its head signed at intervals. docs/signing.md says what it proves.

mod log;
mod record;
mod verify;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use log::Audit;
pub use record::{Event, Head, LINE_BYTES_MAX, LineError, Record, Repair, Sign};
pub use verify::{Break, Report, Trusted, verify};

use crate::{Error, Kind, Label};

/// The largest file that the settings may ask for, in bytes: a file is read whole when it is verified.
pub const FILE_BYTES_MAX: u64 = 1 << 28;

/// The smallest one.
const FILE_BYTES_MIN: u64 = 1 << 16;

/// Settings of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Its folder, which is made where it is missing.
    pub folder: PathBuf,
    /// The label of the key that signs its head, which needs the role audit. Without one, nobody can tell a log that was written anew from the true one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_key: Option<Label>,
    /// Records after which the head is signed.
    #[serde(default = "defaults::head_records")]
    pub head_records: u64,
    /// Seconds after which the head is signed where there is any new record.
    #[serde(default = "defaults::head_s")]
    pub head_s: u64,
    /// Milliseconds after which records of other than consensus roles are on the disk at the latest. Those of consensus roles are before their signature
    /// leaves.
    #[serde(default = "defaults::sync_ms")]
    pub sync_ms: u64,
    /// Bytes of a file before the next one is begun.
    #[serde(default = "defaults::file_bytes")]
    pub file_bytes: u64,
}

mod defaults {
    pub(super) const fn head_records() -> u64 {
        10_000
    }

    pub(super) const fn head_s() -> u64 {
        60
    }

    pub(super) const fn sync_ms() -> u64 {
        1000
    }

    pub(super) const fn file_bytes() -> u64 {
        1 << 26
    }
}

impl Options {
    /// The defaults, in a folder.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            head_key: None,
            head_records: defaults::head_records(),
            head_s: defaults::head_s(),
            sync_ms: defaults::sync_ms(),
            file_bytes: defaults::file_bytes(),
        }
    }

    /// That numbers are within their bounds.
    fn check(&self) -> Result<(), Error> {
        let wrong = |what: String, remedy: String| Err(Error::new(Kind::Input, "audit log", what).remedy(remedy));
        if !(FILE_BYTES_MIN..=FILE_BYTES_MAX).contains(&self.file_bytes) {
            return wrong(format!("file_bytes is {}", self.file_bytes), format!("set {FILE_BYTES_MIN} to {FILE_BYTES_MAX}"));
        }
        let numbers = [("head_records", self.head_records), ("head_s", self.head_s), ("sync_ms", self.sync_ms)];
        match numbers.into_iter().find(|(_, number)| *number == 0) {
            Some((name, _)) => wrong(format!("{name} is 0"), "set 1 or more".to_owned()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
