//! How a node comes to run: its store is opened, what the database lost is executed again, and its threads are started.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use tokio::sync::watch;

use super::{
    Handle, Node, NodeOptions, Shared,
    admit::CHUNK_ITEMS_MAX,
    build::Builder,
    commit::{APPLYING_MAX, ORDERS_MAX, apply, carry_out},
    keep::{Kept, keep},
    lock,
    stages::Stages,
};
use crate::{
    archive::{self, ArchiveError},
    chain::{Chain, Committed, Invalid, SharedState},
    consensus::Solo,
    execute::Rules,
    genesis::Genesis,
    machine::Machine,
    pool::{Gate, Pool, Seen},
    state::{Leaves, State, StateOptions},
    store::{Repair, Store, StoreError},
    verifier::Verifier,
    vote::Voter,
};

/// Blocks that are executed again before the database is put on the disk.
const PERSIST_BLOCKS: u64 = 256;

/// Why a node does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The snapshots cannot be listed.
    #[error(transparent)]
    Snapshots(#[from] Box<ArchiveError>),
    /// The state cannot be read.
    #[error("the state cannot be read: {0}")]
    State(#[from] io::Error),
    /// A stored block is none of this chain.
    #[error("{0}: stop the node, and put another copy of its folder in the place of this one")]
    Invalid(#[from] Invalid),
    /// The genesis is another.
    #[error(
        "the folder has another chain than the genesis file: chain {stored}, and the file is that of chain {here}; if it is the same, the file was changed"
    )]
    OtherGenesis {
        /// The folder's.
        stored: u64,
        /// The file's.
        here: u64,
    },
    /// The state is not what the blocks say.
    #[error("the state is not that of block {0}: stop the node, and put another copy of its folder in the place of this one")]
    OtherState(u64),
    /// A block in the middle has no certificate.
    #[error(
        "block {0} has no certificate, and there are blocks after it: stop the node, and put another copy of its folder in the place of this one"
    )]
    Uncertified(u64),
    /// No thread could be started.
    #[error("the system gives no more threads: {0}")]
    Threads(io::Error),
}

/// A chain that was read from a store.
pub(crate) struct Opened {
    /// The store.
    pub store: Arc<Store>,
    /// The chain at the last stored block.
    pub chain: Chain,
    /// The last block, where it has no certificate.
    pub recovered: Option<Committed>,
    /// What was repaired.
    pub repairs: Vec<Repair>,
}

/// Makes the store of a new chain.
///
/// # Errors
/// [`StartError`].
pub fn create(folder: &Path, genesis: &Genesis, options: &NodeOptions) -> Result<(), StartError> {
    let header = genesis.header(genesis.state_root());
    Store::create(folder, &header, genesis.leaves().into_iter(), &options.store)?;
    Ok(())
}

/// Opens the store of a chain, and executes again what the database lost. `progress` is told the height and the last one.
pub(crate) fn open(
    folder: &Path,
    genesis: &Arc<Genesis>,
    options: &NodeOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Opened, StartError> {
    let (store, repairs) = Store::open(folder, &options.store)?;
    let store = Arc::new(store);
    if store.genesis().parent != genesis.rules_digest() {
        return Err(StartError::OtherGenesis { stored: store.genesis().chain_id, here: genesis.chain_id });
    }
    let height = store.state_height()?;
    let header = store.header(height)?.ok_or(StartError::OtherState(height))?;
    let state_options = StateOptions { leaves_expected: store.leaves_at_least()?, ..options.state };
    let leaves = Arc::clone(&store) as Arc<dyn Leaves>;
    let state = State::load(genesis.hasher(), leaves, &state_options, height, |give| {
        store.view().leaves().try_for_each(|leaf| leaf.map(&mut *give))?;
        Ok(())
    })?;
    if state.root() != header.state_root {
        return Err(StartError::OtherState(height));
    }
    let mut chain = Chain::new(Arc::clone(genesis), SharedState::new(state), header, options.threads);
    let (head, mut recovered) = (store.head(), None);
    for height in height + 1..=head {
        progress(height, head);
        let block = store.block(height)?.ok_or(StartError::OtherState(height))?;
        let executable = chain.examine(block)?;
        let committed = chain.commit(executable);
        if store.certificate(height)?.is_none() {
            if height < head {
                return Err(StartError::Uncertified(height));
            }
            recovered = Some(committed);
        } else {
            store.apply(&committed.into_applied())?;
            chain.state().lock().applied(height);
        }
        if height % PERSIST_BLOCKS == 0 {
            store.persist()?;
        }
    }
    Ok(Opened { store, chain, recovered, repairs })
}

impl Node {
    /// Starts the node of a folder, whose votes `voter` signs as validator 0.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        folder: &Path,
        genesis: Genesis,
        options: NodeOptions,
        verifier: Arc<dyn Verifier>,
        voter: Box<dyn Voter>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, StartError> {
        let genesis = Arc::new(genesis);
        let Opened { store, chain, recovered, repairs } = open(folder, &genesis, &options, progress)?;
        let pool = Arc::new(Pool::new(options.pool));
        let kept = Kept { snapshot: archive::newest(folder).map_err(Box::new)?.map(|info| info.height), problem: None };
        let (events, events_of_builder) = mpsc::channel();
        let confirmed = chain.head().height - u64::from(recovered.is_some());
        let shared = Arc::new(Shared {
            hasher: genesis.hasher(),
            rules: Rules::new(&genesis),
            genesis,
            options,
            store,
            state: chain.state().clone(),
            pool: Arc::clone(&pool),
            gate: Mutex::new(Gate::new(options.gate)),
            gate_told: Condvar::new(),
            seen: Mutex::new(Seen::new(options.seen_max)),
            verifier,
            stages: Stages::new(options.threads),
            refusals: Mutex::new(BTreeMap::new()),
            confirmed: watch::Sender::new(confirmed),
            events,
            is_builder_told: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
            unanswered: AtomicU64::new(0),
            problem: Mutex::new(None),
            kept: Mutex::new(kept),
            repairs,
        });
        let folder = folder.to_owned();
        let (machine, effects) = Machine::start(chain, Box::new(Solo::default()), pool, 0, recovered);
        let threads = start_threads(&shared, folder, machine, effects, events_of_builder, voter).map_err(StartError::Threads)?;
        Ok(Self(Arc::new(Handle { shared, threads: Mutex::new(threads) })))
    }
}

fn start_threads(
    shared: &Arc<Shared>,
    folder: PathBuf,
    machine: Machine<super::Waiter>,
    effects: Vec<super::Effect>,
    events: mpsc::Receiver<super::build::Event>,
    voter: Box<dyn Voter>,
) -> io::Result<Vec<JoinHandle<()>>> {
    let (orders, orders_to_do) = mpsc::sync_channel(ORDERS_MAX);
    let (applying, to_apply) = mpsc::sync_channel(APPLYING_MAX);
    let (keeping, to_keep) = mpsc::sync_channel(1);
    let start = |name: String, work: Box<dyn FnOnce() + Send>| thread::Builder::new().name(name).spawn(work);
    let mut threads = Vec::new();
    for number in 0..shared.options.threads {
        let shared = Arc::clone(shared);
        threads.push(start(format!("admit-{number}"), Box::new(move || admit(&shared)))?);
    }
    let of_commit = Arc::clone(shared);
    threads.push(start("commit".to_owned(), Box::new(move || carry_out(&of_commit, voter, &orders_to_do, &applying)))?);
    let of_apply = Arc::clone(shared);
    threads.push(start("apply".to_owned(), Box::new(move || apply(&of_apply, &to_apply, &keeping)))?);
    let of_keep = Arc::clone(shared);
    threads.push(start("keep".to_owned(), Box::new(move || keep(&of_keep, &folder, &to_keep)))?);
    let builder = Builder { shared: Arc::clone(shared), machine, events, orders, applying: 0 };
    threads.push(start("build".to_owned(), Box::new(move || builder.run(effects)))?);
    Ok(threads)
}

/// Checks what waits in the gate, until the node is closed and nothing waits any more.
fn admit(shared: &Shared) {
    loop {
        let chunks = {
            let mut gate = shared.gate();
            loop {
                let chunks = gate.pop_together(CHUNK_ITEMS_MAX);
                if !chunks.is_empty() || shared.is_closing.load(Relaxed) {
                    break chunks;
                }
                gate = shared.gate_told.wait(gate).unwrap_or_else(std::sync::PoisonError::into_inner);
            }
        };
        if chunks.is_empty() {
            return;
        }
        if lock(&shared.problem).is_none() {
            shared.admit(&chunks);
        }
    }
}
