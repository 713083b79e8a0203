//! Chains as files: exported blocks, snapshots of the state, backups; and a store made again from them. docs/node.md tells operators.
//!
//! Exports and snapshots are streams of the records that segments are made of ([`stream`]). They are written beside the place where they are to be, synced,
//! and then moved there: a file that is there is whole.

mod backup;
mod blocks;
mod rebuild;
mod snapshot;
mod stream;

pub use backup::{Backup, Included, backup, unpack};
pub use blocks::{Exported, Imported, export, import};
pub use rebuild::rebuild;
pub use snapshot::{Snapshot, SnapshotInfo, newest, oldest, snapshots, snapshots_folder, take, tidy};

use std::{io, path::Path};

use crate::{certify::Uncertified, node::StartError, store::StoreError, verify::Wrong};

/// Why a chain was not written to a file, or not read from one.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file could not be used.
    #[error("cannot {deed} {place}: {error}")]
    Io {
        /// What was tried.
        deed: &'static str,
        /// The file.
        place: String,
        /// What the system says.
        error: io::Error,
    },
    /// The file ends before its end, or one of its records is wrong.
    #[error("{place}: record {record} is cut off or damaged: copy the file again, or make it again")]
    Damaged {
        /// The file.
        place: String,
        /// The record, from 0.
        record: u64,
    },
    /// The file is none of these.
    #[error("{place}: {what}")]
    Unfit {
        /// The file.
        place: String,
        /// What it is instead, and the remedy.
        what: String,
    },
    /// The file is of another chain.
    #[error("{0} is of another chain than the genesis file")]
    OtherChain(String),
    /// The blocks of the file do not follow those that are there.
    #[error("{place} begins at block {first}, and block {next} comes next here: import what is between first")]
    Gap {
        /// The file.
        place: String,
        /// Its first block.
        first: u64,
        /// The block that comes next.
        next: u64,
    },
    /// The file has another block at a height than the chain.
    #[error("block {0} is another one here than in the file: they are of two histories of one chain")]
    Differs(u64),
    /// A block or a state is not final.
    #[error("block {height}: {reason}")]
    Uncertified {
        /// Its height.
        height: u64,
        /// Why.
        reason: Uncertified,
    },
    /// It was to stop.
    #[error("it was stopped before it was done")]
    Stopped,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node's folder could not be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A block of the file, or of the folder, is wrong.
    #[error(transparent)]
    Wrong(#[from] Wrong),
}

impl ArchiveError {
    pub(crate) fn io(deed: &'static str, place: &Path, error: io::Error) -> Self {
        Self::Io { deed, place: place.display().to_string(), error }
    }

    fn unfit(place: &Path, what: impl ToString) -> Self {
        Self::Unfit { place: place.display().to_string(), what: what.to_string() }
    }
}
