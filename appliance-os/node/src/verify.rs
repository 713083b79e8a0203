//! A store checked from its genesis on: everything is computed again.

use std::{
    io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use chainbox_engine::{
    backend::{Backend, Fault},
    batch::{Batch, Item},
    transaction::native::Transaction,
};
use serde::Serialize;

use crate::{
    archive::{self, ArchiveError, Snapshot},
    block::{Block, Header},
    certify::{self, Uncertified},
    chain::{Chain, Invalid, SharedState, index_of},
    genesis::Genesis,
    node::NodeOptions,
    refusal::Refusal,
    state::{Leaf, Leaves, MemoryLeaves, State, StateOptions},
    store::{Repair, Store, StoreError},
};

/// What was checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Checked {
    /// The first block that is there: 1, unless older ones were pruned.
    pub first: u64,
    /// Blocks from there on.
    pub blocks: u64,
    /// Their transactions.
    pub transactions: u64,
    /// Seconds that their signatures took.
    pub signature_seconds: f64,
    /// What was repaired when the store was opened.
    pub repairs: Vec<Repair>,
}

/// What is wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state cannot be read.
    #[error("the state cannot be read: {0}")]
    State(#[from] io::Error),
    /// Its genesis is another than the file's.
    #[error("the store is of another genesis than the file")]
    Genesis,
    /// A block is missing.
    #[error("block {0} is missing")]
    Missing(u64),
    /// A block is none of this chain.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A block is not final.
    #[error("block {height}: {reason}")]
    Uncertified {
        /// Its height.
        height: u64,
        /// Why.
        reason: Uncertified,
    },
    /// The stored state is not what the blocks make.
    #[error("the stored state is not what the blocks up to {0} make")]
    OtherState(u64),
    /// Older blocks were pruned, and the snapshot that the others begin from cannot be read.
    #[error(transparent)]
    Snapshot(Box<ArchiveError>),
    /// Older blocks were pruned, and no snapshot is there.
    #[error("blocks before {0} were pruned, and there is no snapshot of a later state: put one into the folder snapshots")]
    NoSnapshot(u64),
    /// No verdicts could be had.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Checks a store: checksums, headers, votes, signatures (with the hints of the blocks, or without), execution, roots, and the stored state. Where older blocks
/// were pruned, execution begins at the oldest snapshot. All accounts are in memory meanwhile. `progress` is told the height and the last one.
///
/// # Errors
/// [`Wrong`] at the first thing that is.
pub fn verify_store(
    folder: &Path,
    genesis: &Genesis,
    options: &NodeOptions,
    backend: &dyn Backend,
    with_hints: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Checked, Wrong> {
    let (store, repairs) = Store::open(folder, &options.store)?;
    if genesis.header(genesis.state_root()) != *store.genesis() {
        return Err(Wrong::Genesis);
    }
    let first = store.first()?.unwrap_or(1);
    let (start, all) = if first == 1 { (*store.genesis(), genesis.leaves()) } else { of_snapshot(folder, genesis, first)? };
    let leaves = Arc::new(MemoryLeaves::of(&all));
    let state_options = StateOptions { leaves_expected: all.len() as u64, ..options.state };
    let state = State::load(genesis.hasher(), Arc::clone(&leaves) as Arc<dyn Leaves>, &state_options, start.height, |give| {
        all.into_iter().for_each(give);
        Ok(())
    })?;
    if state.root() != start.state_root {
        return Err(Wrong::OtherState(start.height));
    }
    let mut chain = Chain::new(Arc::new(genesis.clone()), SharedState::new(state), start, options.threads);
    let (head, applied) = (store.head(), store.state_height()?);
    let mut checked = Checked { first, repairs, ..Checked::default() };
    check_state(&store, &leaves, start.height, applied)?;
    let mut together = Vec::new();
    let mut last = store.header(first - 1)?.map(|header| header.id());
    for height in first..=head {
        let block = store.block(height)?.ok_or(Wrong::Missing(height))?;
        match store.certificate(height)? {
            Some(certificate) => {
                certify::check(genesis, &block.header, &certificate).map_err(|reason| Wrong::Uncertified { height, reason })?;
            }
            // Of the last block a crash may have taken it; the node votes for it again.
            None if height == head => {}
            None => {
                return Err(Wrong::Uncertified { height, reason: Uncertified::TooFew { votes: 0, validators: genesis.validators.len() } });
            }
        }
        checked.blocks += 1;
        checked.transactions += block.transactions.len() as u64;
        together.push(block.clone());
        if height == head || together.iter().map(|block| block.transactions.len()).sum::<usize>() >= GROUP_TRANSACTIONS {
            checked.signature_seconds += verify_signatures(&together, genesis, backend, with_hints)?.as_secs_f64();
            together.clear();
        }
        let id = block.header.id();
        if last.replace(id).is_some_and(|last| last != block.header.parent) {
            return Err(Invalid::Header { height, what: "it does not follow the block before it" }.into());
        }
        if height <= start.height {
            index_of(genesis, &block)?;
            if height == start.height && id != start.id() {
                return Err(Wrong::OtherState(height));
            }
        } else {
            let committed = chain.commit(chain.examine(block)?);
            leaves.apply(&committed.changes);
            chain.state().lock().applied(height);
            check_state(&store, &leaves, height, applied)?;
        }
        progress(height, head);
    }
    Ok(checked)
}

/// The header and the leaves of the oldest snapshot of a folder from a height on.
fn of_snapshot(folder: &Path, genesis: &Genesis, from: u64) -> Result<(Header, Vec<Leaf>), Wrong> {
    let read = || -> Result<_, ArchiveError> {
        let Some(info) = archive::oldest(folder, from)? else { return Ok(None) };
        let mut snapshot = Snapshot::open(&info.path, genesis)?;
        let leaves = snapshot.leaves().collect::<Result<Vec<_>, _>>()?;
        Ok(Some((snapshot.header, leaves)))
    };
    read().map_err(|error| Wrong::Snapshot(Box::new(error)))?.ok_or(Wrong::NoSnapshot(from))
}

/// That the stored state, which is at one height, is what the blocks make.
fn check_state(store: &Store, leaves: &MemoryLeaves, height: u64, applied: u64) -> Result<(), Wrong> {
    if height != applied {
        return Ok(());
    }
    let mut expected = leaves.all().into_iter();
    for leaf in store.view().leaves() {
        if expected.next() != Some(leaf?) {
            return Err(Wrong::OtherState(height));
        }
    }
    if expected.next().is_none() { Ok(()) } else { Err(Wrong::OtherState(height)) }
}

/// Transactions whose signatures are verified together, about: more make none of them cheaper, and the memory of so many is small.
pub const GROUP_TRANSACTIONS: usize = 16_384;

/// Verifies the signatures of blocks together, and says how long that took.
///
/// # Errors
/// [`Wrong`] where one is invalid, or a transaction is none.
///
/// # Panics
/// Where the blocks are larger than a batch, of 4 GiB.
pub fn verify_signatures<'b>(
    blocks: impl IntoIterator<Item = &'b Block, IntoIter: Clone>,
    genesis: &Genesis,
    backend: &dyn Backend,
    with_hints: bool,
) -> Result<Duration, Wrong> {
    let blocks = blocks.into_iter();
    let mut batch = Batch::with_capacity(genesis.suite.shape(), blocks.clone().map(|block| block.transactions.len()).sum());
    let wrong = |height, index, refusal| Wrong::Invalid(Invalid::Transaction { height, index, refusal });
    let mut places = Vec::new();
    for block in blocks {
        for (index, (raw, hint)) in block.transactions.iter().zip(&block.hints).enumerate() {
            let height = block.header.height;
            let transaction = Transaction::decode(raw).map_err(|refusal| wrong(height, index, refusal.into()))?;
            let hint = hint.as_ref().filter(|_| with_hints).map_or(&[][..], |hint| hint);
            batch.push(Item { hint, ..transaction.item() }).expect("the blocks fit a batch");
            places.push((height, index));
        }
    }
    let begin = Instant::now();
    let verdicts = backend.verify(&batch)?;
    let time = begin.elapsed();
    let invalid = verdicts.as_slice().iter().zip(places).find_map(|(verdict, place)| Some((place, verdict.reason()?)));
    invalid.map_or(Ok(time), |((height, index), reason)| Err(wrong(height, index, Refusal::Signature(reason))))
}
