//! The transactions of some senders, in the order of their nonces.

use std::{
    collections::{BTreeMap, HashMap, VecDeque, hash_map::Entry},
    io,
    time::Duration,
};

use chainbox_engine::transaction::native::Address;

use super::Nonces;
use crate::{refusal::Refusal, types::Checked};

/// Transactions of one sender that are taken before the next sender's turn.
const TURN: usize = 64;

/// The bounds of the pool.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    /// Transactions, at most.
    pub transactions_max: usize,
    /// Their bytes, at most.
    pub bytes_max: usize,
    /// How far a nonce may be ahead of its sender's next one: the transactions of one sender, at most.
    pub ahead_max: u64,
    /// How long a transaction waits for those of its sender before it.
    pub gap_max: Duration,
    /// When who is refused for want of room should try again, in milliseconds.
    pub retry_after_ms: u32,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self { transactions_max: 200_000, bytes_max: 256 << 20, ahead_max: 20_000, gap_max: Duration::from_secs(30), retry_after_ms: 100 }
    }
}

/// How full the pool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolState {
    /// Transactions.
    pub transactions: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// A transaction that waits for a block, and who waits for it.
#[derive(Debug)]
pub struct Waiting<W> {
    /// The transaction.
    pub checked: Checked,
    /// Who waits.
    pub waiter: W,
    /// Since when.
    pub since: Duration,
}

/// What is known of a sender.
struct Sender<W> {
    /// The nonce of the next transaction that may be taken.
    next: u64,
    queue: BTreeMap<u64, Waiting<W>>,
    /// It stands among those that are ready.
    is_listed: bool,
}

impl<W> Sender<W> {
    fn is_ready(&self) -> bool {
        self.queue.first_key_value().is_some_and(|(nonce, _)| *nonce == self.next)
    }
}

/// Some of the senders.
pub struct Shard<W> {
    senders: HashMap<Address, Sender<W>>,
    /// Those with a transaction that may be taken, in the order of their turns.
    ready: VecDeque<Address>,
}

impl<W> Default for Shard<W> {
    fn default() -> Self {
        Self { senders: HashMap::new(), ready: VecDeque::new() }
    }
}

impl<W> Shard<W> {
    fn sender(&mut self, nonces: &impl Nonces, sender: &Address) -> io::Result<&mut Sender<W>> {
        Ok(match self.senders.entry(*sender) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let next = nonces.next(sender)?;
                entry.insert(Sender { next, queue: BTreeMap::new(), is_listed: false })
            }
        })
    }

    pub fn check(&self, nonces: &impl Nonces, sender: &Address, nonce: u64, limits: &PoolLimits) -> io::Result<Result<(), Refusal>> {
        // Nothing is kept of a sender before a signature of its is valid: anybody can name any number of them.
        let Some(sender) = self.senders.get(sender) else {
            return Ok(check::<W>(&Sender { next: nonces.next(sender)?, queue: BTreeMap::new(), is_listed: false }, nonce, limits));
        };
        Ok(check(sender, nonce, limits))
    }

    pub fn insert(
        &mut self,
        now: Duration,
        nonces: &impl Nonces,
        checked: Checked,
        waiter: W,
        limits: &PoolLimits,
    ) -> io::Result<Result<(), (Refusal, W)>> {
        let address = checked.sender;
        let sender = self.sender(nonces, &address)?;
        if let Err(refusal) = check(sender, checked.nonce, limits) {
            return Ok(Err((refusal, waiter)));
        }
        sender.queue.insert(checked.nonce, Waiting { checked, waiter, since: now });
        if sender.is_ready() && !sender.is_listed {
            sender.is_listed = true;
            self.ready.push_back(address);
        }
        Ok(Ok(()))
    }

    pub fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Takes so many transactions at most, and no more bytes than there is room.
    pub fn take(
        &mut self,
        height: u64,
        transactions: usize,
        room: &mut usize,
        taken: &mut Vec<Waiting<W>>,
        refuse: &mut dyn FnMut(Waiting<W>, Refusal),
    ) {
        let end = taken.len() + transactions;
        // Who was passed over for want of bytes is not looked at again.
        let mut turns = self.ready.len();
        while taken.len() < end && turns > 0 {
            turns -= 1;
            let Some(address) = self.ready.pop_front() else { return };
            let Some(sender) = self.senders.get_mut(&address) else { continue };
            sender.is_listed = false;
            let before = taken.len();
            sender.take(height, TURN.min(end - before), room, taken, refuse);
            if sender.is_ready() {
                sender.is_listed = true;
                self.ready.push_back(address);
                turns += usize::from(taken.len() > before);
            }
        }
    }

    /// What waits behind a transaction that came into no block.
    pub fn settle(&mut self, address: &Address, next: u64) -> Vec<Waiting<W>> {
        let Some(sender) = self.senders.get_mut(address) else { return Vec::new() };
        sender.next = next;
        std::mem::take(&mut sender.queue).into_values().collect()
    }

    pub fn expire(&mut self, now: Duration, limits: &PoolLimits) -> Vec<(Waiting<W>, Refusal)> {
        let seconds = u32::try_from(limits.gap_max.as_secs()).unwrap_or(u32::MAX);
        let mut dropped = Vec::new();
        self.senders.retain(|_, sender| {
            if !sender.is_ready() && sender.queue.values().any(|waiting| waiting.since + limits.gap_max <= now) {
                let refusal = Refusal::Gap { seconds, next: sender.next };
                dropped.extend(std::mem::take(&mut sender.queue).into_values().map(|waiting| (waiting, refusal)));
            }
            !sender.queue.is_empty()
        });
        dropped
    }

    pub fn drain(&mut self) -> Vec<Waiting<W>> {
        self.ready.clear();
        self.senders.drain().flat_map(|(_, sender)| sender.queue.into_values()).collect()
    }
}

impl<W> Sender<W> {
    fn take(
        &mut self,
        height: u64,
        transactions: usize,
        room: &mut usize,
        taken: &mut Vec<Waiting<W>>,
        refuse: &mut dyn FnMut(Waiting<W>, Refusal),
    ) {
        for _ in 0..transactions {
            let Some(entry) = self.queue.first_entry().filter(|entry| *entry.key() == self.next) else { return };
            let checked = &entry.get().checked;
            if checked.valid_until < height {
                let next = self.next;
                let refusal = Refusal::Expired { valid_until: checked.valid_until, next: height };
                refuse(entry.remove(), refusal);
                let behind = std::mem::take(&mut self.queue);
                behind.into_values().for_each(|waiting| refuse(waiting, Refusal::Predecessor { next }));
                return;
            }
            let Some(left) = room.checked_sub(checked.raw.len()) else { return };
            *room = left;
            taken.push(entry.remove());
            self.next += 1;
        }
    }
}

/// Whether a transaction with this nonce may wait here.
fn check<W>(sender: &Sender<W>, nonce: u64, limits: &PoolLimits) -> Result<(), Refusal> {
    if nonce < sender.next {
        return Err(Refusal::NonceUsed { found: nonce, next: sender.next });
    }
    if nonce - sender.next >= limits.ahead_max {
        return Err(Refusal::NonceTooFar { found: nonce, next: sender.next, ahead_max: limits.ahead_max });
    }
    if sender.queue.contains_key(&nonce) {
        return Err(Refusal::NonceTaken(nonce));
    }
    Ok(())
}
