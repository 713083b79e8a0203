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
    block::Block,
    certify::{self, Uncertified},
    chain::{Chain, Invalid, SharedState},
    genesis::Genesis,
    node::NodeOptions,
    refusal::Refusal,
    state::{Leaf, Leaves, MemoryLeaves, State, StateOptions},
    store::{Repair, Store, StoreError},
};

/// What was checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Checked {
    /// Blocks after the genesis.
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
    /// No verdicts could be had.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Checks a store: checksums, headers, votes, signatures (with the hints of the blocks, or without), execution, roots, and the stored state. All accounts are in
/// memory meanwhile. `progress` is told the height and the last one.
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
    let all = genesis.leaves();
    let leaves = Arc::new(MemoryLeaves::of(&all));
    let state_options = StateOptions { leaves_expected: all.len() as u64, ..options.state };
    let state = State::load(genesis.hasher(), Arc::clone(&leaves) as Arc<dyn Leaves>, &state_options, 0, |give| {
        all.into_iter().for_each(give);
        Ok(())
    })?;
    let header = genesis.header(state.root());
    if header != *store.genesis() {
        return Err(Wrong::Genesis);
    }
    let mut chain = Chain::new(Arc::new(genesis.clone()), SharedState::new(state), header, options.threads);
    let (head, applied) = (store.head(), store.state_height()?);
    let mut checked = Checked { repairs, ..Checked::default() };
    check_state(&store, &leaves, 0, applied)?;
    for height in 1..=head {
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
        checked.signature_seconds += verify_signatures(std::slice::from_ref(&block), genesis, backend, with_hints)?.as_secs_f64();
        checked.blocks += 1;
        checked.transactions += block.transactions.len() as u64;
        let committed = chain.commit(chain.examine(block)?);
        leaves.apply(&committed.changes);
        chain.state().lock().applied(height);
        check_state(&store, &leaves, height, applied)?;
        progress(height, head);
    }
    Ok(checked)
}

/// That the stored state, which is at one height, is what the blocks make.
fn check_state(store: &Store, leaves: &MemoryLeaves, height: u64, applied: u64) -> Result<(), Wrong> {
    if height != applied {
        return Ok(());
    }
    let mut expected = leaves.all().into_iter();
    let mut is_same = true;
    store.scan(&mut |leaf: Leaf| is_same &= expected.next() == Some(leaf))?;
    if is_same && expected.next().is_none() { Ok(()) } else { Err(Wrong::OtherState(height)) }
}

/// Verifies the signatures of blocks together, and says how long that took.
///
/// # Errors
/// [`Wrong`] where one is invalid, or a transaction is none.
///
/// # Panics
/// Where the blocks are larger than a batch, of 4 GiB.
pub fn verify_signatures(blocks: &[Block], genesis: &Genesis, backend: &dyn Backend, with_hints: bool) -> Result<Duration, Wrong> {
    let mut batch = Batch::with_capacity(genesis.suite.shape(), blocks.iter().map(|block| block.transactions.len()).sum());
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
