//! The pool: what waits to come into a block. Time is passed in; nothing here is verified or read from a disk.
//!
//! Bytes wait for their checks in the [`Gate`], fair to their sources; what was seen before is known by a keyed digest ([`Seen`]); transactions whose
//! signatures are valid wait by sender, in the order of their nonces ([`Pool`]).

mod gate;
mod seen;
mod senders;

pub use gate::{Chunk, Gate, GateLimits, SourceId};
pub use seen::Seen;
pub use senders::{PoolLimits, PoolState, Waiting};

use std::{
    collections::HashSet,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use chainbox_engine::transaction::native::Address;

use crate::{refusal::Refusal, types::Checked};
use senders::Shard;

/// Shards of the pool: senders of different ones do not wait for one another.
const SHARDS: usize = 16;

/// What a sender whom the pool does not know yet has sent so far.
pub trait Nonces {
    /// The sender's next nonce, by the last block that was executed.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn next(&self, sender: &Address) -> std::io::Result<u64>;
}

/// Transactions with valid signatures that are in no block yet. `W` is who waits for each.
pub struct Pool<W> {
    shards: Vec<Mutex<Shard<W>>>,
    limits: PoolLimits,
    transactions: AtomicUsize,
    bytes: AtomicUsize,
    /// The shard from which the next block is filled first.
    first: AtomicUsize,
}

impl<W> Pool<W> {
    /// An empty pool.
    #[must_use]
    pub fn new(limits: PoolLimits) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::default())).collect();
        Self { shards, limits, transactions: AtomicUsize::new(0), bytes: AtomicUsize::new(0), first: AtomicUsize::new(0) }
    }

    fn shard(&self, sender: &Address) -> MutexGuard<'_, Shard<W>> {
        // Addresses are digests; where somebody chooses them to meet in one shard, the others are the faster.
        lock(&self.shards[usize::from(sender[19]) % SHARDS])
    }

    /// Whether there is room for a transaction of this sender with this nonce, before its signature is verified.
    ///
    /// # Errors
    /// The [`Refusal`], and an I/O error where the sender's nonce cannot be read.
    pub fn check(&self, nonces: &impl Nonces, sender: &Address, nonce: u64, bytes: usize) -> std::io::Result<Result<(), Refusal>> {
        if self.is_full_for(bytes) {
            return Ok(Err(self.full()));
        }
        self.shard(sender).check(nonces, sender, nonce, &self.limits)
    }

    /// Takes a transaction whose signature is valid.
    ///
    /// # Errors
    /// The [`Refusal`] and who waits for it; an I/O error where the sender's nonce cannot be read.
    pub fn insert(&self, now: Duration, nonces: &impl Nonces, checked: Checked, waiter: W) -> std::io::Result<Result<(), (Refusal, W)>> {
        let bytes = checked.raw.len();
        // Taken first and given back, so that threads that insert at once stay within the bounds together.
        let (transactions, all) = (self.transactions.fetch_add(1, Relaxed), self.bytes.fetch_add(bytes, Relaxed));
        let result = if transactions >= self.limits.transactions_max || all + bytes > self.limits.bytes_max {
            Ok(Err((self.full(), waiter)))
        } else {
            self.shard(&checked.sender).insert(now, nonces, checked, waiter, &self.limits)
        };
        if !matches!(result, Ok(Ok(()))) {
            self.forget(1, bytes);
        }
        result
    }

    fn forget(&self, transactions: usize, bytes: usize) {
        self.transactions.fetch_sub(transactions, Relaxed);
        self.bytes.fetch_sub(bytes, Relaxed);
    }

    fn is_full_for(&self, bytes: usize) -> bool {
        let state = self.state();
        state.transactions >= self.limits.transactions_max || state.bytes + bytes > self.limits.bytes_max
    }

    const fn full(&self) -> Refusal {
        Refusal::PoolFull { retry_after_ms: self.limits.retry_after_ms }
    }

    /// Whether something could come into a block.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.shards.iter().any(|shard| lock(shard).is_ready())
    }

    /// Takes transactions for a block of this height: so many and so many bytes at most, of each sender in the order of its nonces, of all senders in turn.
    /// What can be in no block of this height or a later one is handed to `refuse`.
    pub fn take(&self, height: u64, transactions: usize, bytes: usize, refuse: &mut dyn FnMut(Waiting<W>, Refusal)) -> Vec<Waiting<W>> {
        let mut taken: Vec<Waiting<W>> = Vec::new();
        let (mut room, mut dropped, mut dropped_bytes) = (bytes, 0, 0);
        let mut refuse = |waiting: Waiting<W>, refusal| {
            dropped += 1;
            dropped_bytes += waiting.checked.raw.len();
            refuse(waiting, refusal);
        };
        let first = self.first.fetch_add(1, Relaxed);
        for round in 0..SHARDS {
            let left = SHARDS - round;
            // Each shard gets its part of what is left, so that the first ones do not take it all; the second round takes what the parts left over.
            let part = (transactions - taken.len()).div_ceil(left);
            lock(&self.shards[(first + round) % SHARDS]).take(height, part, &mut room, &mut taken, &mut refuse);
        }
        for round in 0..SHARDS {
            let left = transactions - taken.len();
            lock(&self.shards[(first + round) % SHARDS]).take(height, left, &mut room, &mut taken, &mut refuse);
        }
        self.forget(taken.len() + dropped, bytes - room + dropped_bytes);
        taken
    }

    /// Says what became of transactions that were taken: the next nonce of each sender. What waits behind a transaction that came into no block is handed
    /// to `refuse`.
    pub fn settle(&self, senders: impl IntoIterator<Item = (Address, u64)>, refuse: &mut dyn FnMut(Waiting<W>, Refusal)) {
        for (sender, next) in senders {
            let dropped = self.shard(&sender).settle(&sender, next);
            self.forget(dropped.len(), dropped.iter().map(|waiting| waiting.checked.raw.len()).sum());
            dropped.into_iter().for_each(|waiting| refuse(waiting, Refusal::Predecessor { next }));
        }
    }

    /// Lets go what waited too long for the transactions before it, and senders of whom nothing is here. Not while a block is executed: what is known of
    /// its senders is in no state yet.
    pub fn expire(&self, now: Duration, refuse: &mut dyn FnMut(Waiting<W>, Refusal)) {
        for shard in &self.shards {
            let dropped = lock(shard).expire(now, &self.limits);
            self.forget(dropped.len(), dropped.iter().map(|(waiting, _)| waiting.checked.raw.len()).sum());
            dropped.into_iter().for_each(|(waiting, refusal)| refuse(waiting, refusal));
        }
    }

    /// Everything that waits, in a shutdown.
    pub fn drain(&self, refuse: &mut dyn FnMut(Waiting<W>, Refusal)) {
        for shard in &self.shards {
            let dropped = lock(shard).drain();
            self.forget(dropped.len(), dropped.iter().map(|waiting| waiting.checked.raw.len()).sum());
            dropped.into_iter().for_each(|waiting| refuse(waiting, Refusal::Closing));
        }
    }

    /// How full it is.
    #[must_use]
    pub fn state(&self) -> PoolState {
        PoolState { transactions: self.transactions.load(Relaxed), bytes: self.bytes.load(Relaxed) }
    }

    /// The bounds.
    #[must_use]
    pub const fn limits(&self) -> &PoolLimits {
        &self.limits
    }
}

/// The next nonces of the senders of a block: of each what its last transaction leaves, executed or not.
#[must_use]
pub fn next_nonces(transactions: &[Checked], results: &[Result<(), Refusal>]) -> Vec<(Address, u64)> {
    let mut failed: HashSet<Address> = HashSet::new();
    let mut next = Vec::new();
    for (checked, result) in transactions.iter().zip(results) {
        // The first that fails is the one whose nonce is still to be used; what followed it failed for that.
        if result.is_err() && failed.insert(checked.sender) {
            next.push((checked.sender, checked.nonce));
        }
    }
    next
}

fn lock<T>(shard: &Mutex<T>) -> MutexGuard<'_, T> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
