//! The chain as a value: what it is at, and what a block makes of it. No clock, no disk, no thread but those that execute.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Release},
        },
    },
};

use bytes::Bytes;
use chainbox_engine::{
    backend::Hint,
    hash::Digest,
    transaction::native::{Address, Content, Transaction},
};

use crate::{
    block::{Block, Header},
    execute::{Executed, Input, Rules, execute},
    genesis::Genesis,
    machine::Applied,
    merkle::{Hasher, TransactionTree},
    pool::Nonces,
    refusal::Refusal,
    state::{Change, Prepared, State, StateKey},
    types::Checked,
};

const OTHER_TRANSACTIONS: &str = "its transactions do not have the root that it names";

/// The state, which the chain writes and others read.
#[derive(Clone)]
pub struct SharedState(Arc<StateAndHeight>);

struct StateAndHeight {
    state: Mutex<State>,
    /// The height of the state, for those who need not wait for it.
    height: AtomicU64,
}

impl SharedState {
    /// Shares a state.
    #[must_use]
    pub fn new(state: State) -> Self {
        let height = AtomicU64::new(state.height());
        Self(Arc::new(StateAndHeight { state: Mutex::new(state), height }))
    }

    /// The state, for a short time.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        // What a thread that panicked left is whole: a block is committed by moves.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The height that it is at. A block that is being committed may not be seen yet.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.0.height.load(Acquire)
    }
}

impl Nonces for SharedState {
    fn next(&self, sender: &Address) -> io::Result<u64> {
        let mut state = self.lock();
        let path = StateKey::Account(*sender).path(state.hasher());
        state.account(&path).map(|account| account.nonce)
    }
}

/// A chain at its last executed block.
pub struct Chain {
    genesis: Arc<Genesis>,
    rules: Rules,
    hasher: Hasher,
    state: SharedState,
    head: Header,
    head_id: Digest,
    threads: usize,
}

/// A block that was executed, and what it did.
#[derive(Debug)]
pub struct Executable {
    /// The block.
    pub block: Block,
    /// Its identity.
    pub id: Digest,
    /// What it changes in the state.
    pub changes: Vec<Change>,
    /// The identities of its transactions.
    pub ids: Arc<[Digest]>,
    /// The documents that it records, and the indices of the transactions that do.
    pub records: Vec<(Digest, u32)>,
    prepared: Prepared,
}

/// A proposal, and what became of the transactions that were to be in it.
#[derive(Debug)]
pub struct Proposal {
    /// The block; none where no transaction could be executed.
    pub executable: Option<Executable>,
    /// One result a transaction, in order.
    pub results: Vec<Result<(), Refusal>>,
}

/// Why a block is none of this chain at this height.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// A field of the header is not what it must be.
    #[error("block {height}: {what}")]
    Header {
        /// Its height.
        height: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// A transaction is none, or cannot be executed.
    #[error("block {height}, transaction {index}: {refusal}")]
    Transaction {
        /// The block's height.
        height: u64,
        /// The transaction's index.
        index: usize,
        /// Why.
        refusal: Refusal,
    },
    /// The state cannot be read.
    #[error("the state cannot be read: {0}")]
    State(#[from] io::Error),
}

impl Chain {
    /// A chain that is at a header, with the state after it.
    #[must_use]
    pub fn new(genesis: Arc<Genesis>, state: SharedState, head: Header, threads: usize) -> Self {
        let (rules, hasher) = (Rules::new(&genesis), genesis.hasher());
        Self { genesis, rules, hasher, state, head, head_id: head.id(), threads }
    }

    /// The header of the last executed block.
    #[must_use]
    pub const fn head(&self) -> &Header {
        &self.head
    }

    /// Its identity.
    #[must_use]
    pub const fn head_id(&self) -> &Digest {
        &self.head_id
    }

    /// The state after it.
    #[must_use]
    pub const fn state(&self) -> &SharedState {
        &self.state
    }

    /// What all its nodes agree on.
    #[must_use]
    pub const fn genesis(&self) -> &Arc<Genesis> {
        &self.genesis
    }

    /// A block of those of the transactions that can be executed, in their order. Nothing changes until it is committed.
    ///
    /// # Errors
    /// Where the state cannot be read.
    ///
    /// # Panics
    /// Where a transaction is none: they were read before.
    pub fn propose(&self, time_ms: u64, proposer: u16, candidates: &[Checked]) -> io::Result<Proposal> {
        let height = self.head.height + 1;
        let inputs: Vec<_> = candidates
            .iter()
            .map(|checked| Input { transaction: Transaction::decode(&checked.raw).expect("it was read before"), sender: checked.sender })
            .collect();
        let mut state = self.state.lock();
        let Executed { results, mut changes } = execute(&mut state, &self.rules, height, &inputs, self.threads)?;
        let kept: Vec<usize> = (0..candidates.len()).filter(|index| results[*index].is_ok()).collect();
        if kept.is_empty() {
            return Ok(Proposal { executable: None, results });
        }
        let prepared = state.prepare(height, &mut changes)?;
        drop(state);
        let ids: Arc<[Digest]> = kept.iter().map(|index| candidates[*index].id).collect();
        let tree = TransactionTree::new(&self.hasher, ids.iter().zip(kept.iter().map(|index| inputs[*index].transaction.signature)));
        let header = Header {
            suite: self.genesis.suite,
            chain_id: self.genesis.chain_id,
            height,
            time_ms: time_ms.max(self.head.time_ms + 1),
            parent: self.head_id,
            proposer,
            transactions: kept.len() as u32,
            transactions_root: tree.root(),
            state_root: prepared.root,
        };
        let records = records(kept.iter().map(|index| &inputs[*index].transaction));
        let transactions: Vec<Bytes> = kept.iter().map(|index| candidates[*index].raw.clone()).collect();
        let hints: Vec<Option<Hint>> = kept.iter().map(|index| candidates[*index].hint).collect();
        let block = Block { header, transactions, hints };
        let executable = Executable { id: header.id(), block, changes, ids, records, prepared };
        Ok(Proposal { executable: Some(executable), results })
    }

    /// What a block of somebody else, or of the disk, makes of the chain: all is checked but signatures. Nothing changes until it is committed.
    ///
    /// # Errors
    /// [`Invalid`] where it is no next block of this chain.
    pub fn examine(&self, block: Block) -> Result<Executable, Invalid> {
        let header = block.header;
        let height = header.height;
        let wrong = |what| Err(Invalid::Header { height, what });
        let limits = self.genesis.limits;
        if (header.suite, header.chain_id) != (self.genesis.suite, self.genesis.chain_id) {
            return wrong("it is of another chain");
        }
        if height != self.head.height + 1 || header.parent != self.head_id {
            return wrong("it does not follow the block before it");
        }
        if header.time_ms <= self.head.time_ms {
            return wrong("its time is not later than that of the block before it");
        }
        if usize::from(header.proposer) >= self.genesis.validators.len() {
            return wrong("its proposer is no validator");
        }
        let bytes: usize = block.transactions.iter().map(Bytes::len).sum();
        if header.transactions == 0 || header.transactions > limits.transactions || bytes > limits.bytes as usize {
            return wrong("it is empty, or larger than the genesis allows");
        }
        if block.transactions.len() != header.transactions as usize || block.hints.len() != block.transactions.len() {
            return wrong("it has another number of transactions than its header says");
        }
        let transactions = read_all(&self.genesis, height, &block)?;
        let senders = senders(&self.hasher, &transactions);
        let inputs: Vec<_> =
            transactions.iter().zip(senders).map(|(transaction, sender)| Input { transaction: *transaction, sender }).collect();
        let mut state = self.state.lock();
        let Executed { results, mut changes } = execute(&mut state, &self.rules, height, &inputs, self.threads)?;
        if let Some((index, refusal)) = results.iter().enumerate().find_map(|(index, result)| Some((index, result.err()?))) {
            return Err(Invalid::Transaction { height, index, refusal });
        }
        let prepared = state.prepare(height, &mut changes)?;
        drop(state);
        let (tree, ids) = TransactionTree::of(&self.hasher, &transactions);
        if tree.root() != header.transactions_root {
            return wrong(OTHER_TRANSACTIONS);
        }
        if prepared.root != header.state_root {
            return wrong("the state after it does not have the root that it names");
        }
        let records = records(transactions.iter());
        Ok(Executable { id: header.id(), changes, ids: ids.into(), records, prepared, block: block.clone() })
    }

    /// Makes a block the head, and gives back what changed.
    pub fn commit(&mut self, executable: Executable) -> Committed {
        let Executable { block, id, changes, ids, records, prepared } = executable;
        let mut state = self.state.lock();
        state.commit(block.header.height, prepared);
        self.state.0.height.store(block.header.height, Release);
        drop(state);
        (self.head, self.head_id) = (block.header, id);
        Committed { block, id, changes, ids, records }
    }
}

/// A block that the chain is at, or beyond, and what it changed.
#[derive(Debug)]
pub struct Committed {
    /// The block.
    pub block: Block,
    /// Its identity.
    pub id: Digest,
    /// What it changed in the state.
    pub changes: Vec<Change>,
    /// The identities of its transactions.
    pub ids: Arc<[Digest]>,
    /// The documents that it records, and the indices of the transactions that do.
    pub records: Vec<(Digest, u32)>,
}

impl Committed {
    /// What is to be taken over into the stored state.
    #[must_use]
    pub fn into_applied(self) -> Applied {
        Applied { height: self.block.header.height, changes: self.changes, ids: self.ids, records: self.records }
    }
}

/// What is indexed of a final block, whose transactions are compared with its header; it is not executed.
///
/// # Errors
/// [`Invalid`].
pub fn index_of(genesis: &Genesis, block: &Block) -> Result<Applied, Invalid> {
    let height = block.header.height;
    let transactions = read_all(genesis, height, block)?;
    let (tree, ids) = TransactionTree::of(&genesis.hasher(), &transactions);
    if tree.root() != block.header.transactions_root {
        return Err(Invalid::Header { height, what: OTHER_TRANSACTIONS });
    }
    Ok(Applied { height, changes: Vec::new(), ids: ids.into(), records: records(transactions.iter()) })
}

/// Reads the transactions of a block, and checks what needs no state.
fn read_all<'b>(genesis: &Genesis, height: u64, block: &'b Block) -> Result<Vec<Transaction<'b>>, Invalid> {
    let read = block.transactions.iter().enumerate().map(|(index, raw)| {
        let transaction = Transaction::decode(raw).map_err(Refusal::from);
        let checked = transaction.and_then(|transaction| check_stateless(genesis, &transaction).map(|()| transaction));
        checked.map_err(|refusal| Invalid::Transaction { height, index, refusal })
    });
    read.collect()
}

/// What can be said against a transaction without the state and without its signature.
fn check_stateless(genesis: &Genesis, transaction: &Transaction<'_>) -> Result<(), Refusal> {
    check_chain(genesis, transaction)?;
    if transaction.payload_fits() { Ok(()) } else { Err(Refusal::PayloadDigest) }
}

/// That a transaction is for this chain.
///
/// # Errors
/// The [`Refusal`].
pub fn check_chain(genesis: &Genesis, transaction: &Transaction<'_>) -> Result<(), Refusal> {
    let body = &transaction.body;
    if body.chain_id != genesis.chain_id {
        return Err(Refusal::WrongChain { found: body.chain_id, here: genesis.chain_id });
    }
    if body.suite != genesis.suite {
        return Err(Refusal::WrongSuite { found: body.suite, here: genesis.suite });
    }
    Ok(())
}

/// The accounts that sent transactions.
#[must_use]
pub fn senders(hasher: &Hasher, transactions: &[Transaction<'_>]) -> Vec<Address> {
    let digests = hasher.all(transactions.iter().map(|transaction| &transaction.body.sender[1..]));
    let address = |digest: Digest| {
        let mut address = [0; 20];
        address.copy_from_slice(&digest[12..]);
        address
    };
    digests.into_iter().map(address).collect()
}

/// The documents that transactions record.
fn records<'t>(transactions: impl Iterator<Item = &'t Transaction<'t>>) -> Vec<(Digest, u32)> {
    let record = |(index, transaction): (usize, &Transaction<'_>)| match transaction.body.content {
        Content::Record { digest, .. } => Some((*digest, index as u32)),
        _ => None,
    };
    transactions.enumerate().filter_map(record).collect()
}
