//! Why the store did not do what it was asked to.

use std::{io, path::Path};

/// Why the store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
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
    /// The database failed.
    #[error("the database of the state failed: {0}")]
    Database(#[from] fjall::Error),
    /// What stands there is not what was written.
    #[error("{place} is damaged: {what}; stop the node, and put another copy of the file, or of the folder, in its place")]
    Damaged {
        /// The file and the place in it.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// The block was removed to save room.
    #[error("the block was pruned: this node keeps blocks from {first} on; ask one that keeps more, or an export")]
    Pruned {
        /// The first block that is there.
        first: u64,
    },
    /// A write failed before: what is on the disk is not known until it is read again.
    #[error("a write failed before ({0}): free some space or mend the disk, then start the node again")]
    Poisoned(String),
    /// Another process uses the folder.
    #[error("another process uses {0}: stop it, or name another folder with --data")]
    Locked(String),
    /// The folder has no chain, has one already, or one that this program cannot read.
    #[error("{place}: {what}")]
    Unfit {
        /// The folder.
        place: String,
        /// What is wrong, and the remedy.
        what: String,
    },
    /// A block was given that does not come next.
    #[error("block {found} does not come next: that is block {next}")]
    OutOfOrder {
        /// The block's height.
        found: u64,
        /// The height that comes next.
        next: u64,
    },
}

impl StoreError {
    pub(super) fn io(deed: &'static str, place: &Path, error: io::Error) -> Self {
        Self::Io { deed, place: place.display().to_string(), error }
    }

    pub(super) fn damaged(place: impl ToString, what: impl ToString) -> Self {
        Self::Damaged { place: place.to_string(), what: what.to_string() }
    }
}

/// Failures of the state's leaves are those of input and output to who reads them.
impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> Self {
        Self::other(error.to_string())
    }
}
