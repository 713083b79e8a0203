//! The thread that keeps the disk in bounds: it takes snapshots of the state, and removes blocks that are older than them.

use std::{
    ops::ControlFlow,
    path::Path,
    sync::{Arc, atomic::Ordering::Relaxed, mpsc},
};

use super::{Shared, lock};
use crate::archive::{self, ArchiveError};

/// What is kept on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Blocks from one snapshot of the state to the next; 0 for no snapshots.
    pub snapshot_blocks: u64,
    /// Blocks that are kept, at least, where there are snapshots; 0 for all.
    pub blocks: u64,
}

/// What was kept last.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// The height of the last snapshot.
    pub snapshot: Option<u64>,
    /// Why the last attempt failed.
    pub problem: Option<String>,
}

/// Keeps the folder in bounds as blocks are applied, until nobody applies any more. A failure costs room, not the chain: it is said, and tried again after a
/// tenth of the blocks to the next snapshot.
pub(super) fn keep(shared: &Arc<Shared>, folder: &Path, applied: &mpsc::Receiver<u64>) {
    let Keep { snapshot_blocks, .. } = shared.options.keep;
    let mut due = lock(&shared.kept).snapshot.unwrap_or(0) + snapshot_blocks;
    for height in applied {
        if snapshot_blocks == 0 || height < due {
            continue;
        }
        let done = keep_once(shared, folder);
        let mut kept = lock(&shared.kept);
        match done {
            Ok(taken) => {
                due = taken.unwrap_or(0) + snapshot_blocks;
                *kept = Kept { snapshot: taken, problem: None };
            }
            Err(ArchiveError::Stopped) => return,
            Err(error) => {
                tracing::error!(%error, "no snapshot was taken");
                due = height + snapshot_blocks.div_ceil(10);
                kept.problem = Some(error.to_string());
            }
        }
    }
}

fn keep_once(shared: &Shared, folder: &Path) -> Result<Option<u64>, ArchiveError> {
    let mut progress = |_| if shared.is_closing.load(Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let Some(info) = archive::take(folder, &shared.store, &shared.genesis, &mut progress)? else { return Ok(None) };
    tracing::info!(height = info.height, "a snapshot of the state was taken");
    archive::tidy(folder, &shared.store, shared.options.keep.blocks)?;
    Ok(Some(info.height))
}
