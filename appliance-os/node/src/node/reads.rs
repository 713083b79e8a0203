//! What is read of a node: the confirmed chain, the state, proofs, and how the node is.

use std::io;

use bytes::Bytes;
use chainbox_engine::{
    hash::Digest,
    transaction::native::{Address, Transaction},
};
use serde::Serialize;
use tokio::sync::watch;

use super::{Node, Pace, StageReport, lock};
use crate::{
    block::{Block, Certificate, Header},
    genesis::Genesis,
    proof::Proof,
    state::{Account, StateKey},
    store::{Repair, StoreError},
    types::Place,
};

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state.
    #[error("the state cannot be read: {0}")]
    State(#[from] io::Error),
    /// What is stored is not what it should be.
    #[error("block {0} is damaged: run `chainbox node verify-store`")]
    Damaged(u64),
    /// The node stopped.
    #[error("the node stopped before the block of this proof was confirmed")]
    Stopped,
}

/// Refusals of one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusalCount {
    /// The reason's name.
    pub reason: &'static str,
    /// How many there were.
    pub total: u64,
}

/// How a node is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// The chain.
    pub chain_id: u64,
    /// Its suite.
    pub suite: &'static str,
    /// The height of the last confirmed block.
    pub height: u64,
    /// Its identity.
    pub head: String,
    /// Its time, in milliseconds since 1970-01-01 UTC.
    pub head_time_ms: u64,
    /// How fast transactions are confirmed.
    #[serde(flatten)]
    pub pace: Pace,
    /// Transactions that wait for a block.
    pub pool_transactions: usize,
    /// Their bytes.
    pub pool_bytes: usize,
    /// Transactions that wait to be checked.
    pub gate_transactions: usize,
    /// What each stage did.
    pub stages: Vec<StageReport>,
    /// Refusals by their reasons.
    pub refusals: Vec<RefusalCount>,
    /// What was repaired at the start.
    pub repairs: Vec<Repair>,
    /// The first block that is there; 0 where there is none yet.
    pub first_block: u64,
    /// The height of the last snapshot of the state.
    pub snapshot: Option<u64>,
    /// Why the last snapshot failed, where it did.
    pub snapshot_problem: Option<String>,
    /// Bytes of blocks on the disk.
    pub block_bytes: u64,
    /// Bytes of the state and the indexes on the disk.
    pub state_bytes: u64,
    /// Why the node does not go on.
    pub problem: Option<String>,
}

impl Node {
    /// How the node is.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn status(&self) -> Result<Status, NodeError> {
        let shared = &self.0.shared;
        let height = self.height();
        let header = self.header(height)?.ok_or(NodeError::Damaged(height))?;
        let kept = lock(&shared.kept).clone();
        let pool = shared.pool.state();
        let (block_bytes, state_bytes) = shared.store.bytes()?;
        let refusals = lock(&shared.refusals).iter().map(|(reason, total)| RefusalCount { reason, total: *total }).collect();
        Ok(Status {
            chain_id: shared.genesis.chain_id,
            suite: shared.genesis.suite.name(),
            height,
            head: hex::encode(header.id()),
            head_time_ms: header.time_ms,
            pace: shared.stages.pace(),
            pool_transactions: pool.transactions,
            pool_bytes: pool.bytes,
            gate_transactions: shared.gate().waiting().0,
            stages: shared.stages.reports(),
            refusals,
            repairs: shared.repairs.clone(),
            first_block: shared.store.first()?.unwrap_or(0),
            snapshot: kept.snapshot,
            snapshot_problem: kept.problem,
            block_bytes,
            state_bytes,
            problem: lock(&shared.problem).clone(),
        })
    }

    /// What all nodes of the chain agree on.
    #[must_use]
    pub fn genesis(&self) -> &Genesis {
        &self.0.shared.genesis
    }

    /// Why the node does not go on, where it does not.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        lock(&self.0.shared.problem).clone()
    }

    /// The height of the last confirmed block.
    #[must_use]
    pub fn height(&self) -> u64 {
        *self.0.shared.confirmed.borrow()
    }

    /// The height of the last confirmed block, as it grows. Blocks are read by their heights, so that who is slow misses none.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.shared.confirmed.subscribe()
    }

    /// The header of a confirmed block.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn header(&self, height: u64) -> Result<Option<Header>, NodeError> {
        if height > self.height() {
            return Ok(None);
        }
        Ok(self.0.shared.store.header(height)?)
    }

    /// A confirmed block with its certificate.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn block(&self, height: u64) -> Result<Option<(Block, Certificate)>, NodeError> {
        let store = &self.0.shared.store;
        if height == 0 || height > self.height() {
            return Ok(None);
        }
        Ok(store.block(height)?.zip(store.certificate(height)?))
    }

    /// A confirmed transaction by its identity, and where it is.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn transaction(&self, id: &Digest) -> Result<Option<(Place, Bytes)>, NodeError> {
        let store = &self.0.shared.store;
        let Some(place) = store.find(id)? else { return Ok(None) };
        let Some((raw, _)) = store.transaction(place)? else { return Ok(None) };
        // The index knows the first half of an identity.
        let is_it = Transaction::decode(&raw).is_ok_and(|transaction| transaction.id() == *id);
        Ok(is_it.then_some((place, raw)))
    }

    /// Where a document was recorded first.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn record(&self, digest: &Digest) -> Result<Option<Place>, NodeError> {
        Ok(self.0.shared.store.find_record(digest)?)
    }

    /// An account, after the last executed block.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn account(&self, address: &Address) -> Result<Account, NodeError> {
        let shared = &self.0.shared;
        let path = StateKey::Account(*address).path(&shared.hasher);
        Ok(shared.state.lock().account(&path)?)
    }

    /// An entry of an account's, after the last executed block.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn entry(&self, owner: &Address, key: &[u8]) -> Result<Option<Vec<u8>>, NodeError> {
        let shared = &self.0.shared;
        let path = StateKey::Entry { owner: *owner, key: key.into() }.path(&shared.hasher);
        Ok(shared.state.lock().get(&path)?.map(<[u8]>::to_vec))
    }

    /// The proof that a confirmed transaction is in its block.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn transaction_proof(&self, id: &Digest) -> Result<Option<Proof>, NodeError> {
        let Some((place, _)) = self.transaction(id)? else { return Ok(None) };
        let Some((block, certificate)) = self.block(place.height)? else { return Ok(None) };
        let read = block.transactions.iter().map(|raw| Transaction::decode(raw)).collect::<Result<Vec<_>, _>>();
        let transactions = read.map_err(|_| NodeError::Damaged(place.height))?;
        Ok(Proof::of_transaction(&block.header, &certificate, &transactions, &self.0.shared.hasher, place.index as usize))
    }

    /// The proof of what stands in the state after the last executed block, or that nothing does. It waits until that block is confirmed.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn state_proof(&self, key: &StateKey) -> Result<Proof, NodeError> {
        let shared = &self.0.shared;
        let path = key.path(&shared.hasher);
        let (height, way) = {
            let mut state = shared.state.lock();
            (state.height(), state.prove(&path)?)
        };
        let mut confirmed = self.subscribe();
        confirmed.wait_for(|confirmed| *confirmed >= height).await.map_err(|_| NodeError::Stopped)?;
        let header = self.header(height)?.ok_or(NodeError::Damaged(height))?;
        // The genesis has no votes: who has it knows that it is right.
        let certificate = shared.store.certificate(height)?.unwrap_or_default();
        Ok(Proof::of_state(&header, &certificate, key, way))
    }
}
