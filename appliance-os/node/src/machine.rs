//! The node's state machine: inputs and time in, effects out. What it holds is the chain, the consensus, and the blocks under way; who waits for a transaction
//! (`W`) is answered by an effect. It runs the same in a process with threads and disks and in a simulation from a seed.

use std::{collections::VecDeque, io, sync::Arc};

use chainbox_engine::hash::Digest;

use crate::{
    block::{Certificate, Header},
    chain::{Chain, Committed},
    consensus::{Action, Consensus, Event, Vote},
    pool::{Pool, Waiting, next_nonces},
    refusal::Refusal,
    state::Change,
};

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// It is this time, in milliseconds since 1970-01-01 UTC; there may be transactions in the pool.
    Time(u64),
    /// A block that was to be stored survives a crash from now on.
    Stored(u64),
    /// A vote was signed by this node's validator.
    Signed(Vote, [u8; 64]),
    /// All up to this height stands where leaves are read from.
    Applied(u64),
}

/// What is to be done, in this order.
#[derive(Debug)]
pub enum Effect<W> {
    /// Append a block, sync it, and say so.
    Store {
        /// Its height.
        height: u64,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Sign a vote, and say so.
    Sign(Vote),
    /// Append the certificate of a block that is stored.
    Certify {
        /// The block's height.
        height: u64,
        /// The certificate.
        certificate: Certificate,
    },
    /// Tell those who wait for its transactions that a block is final and stored.
    Confirm(Confirmed<W>),
    /// Take over into the stored state and its indexes what a block changed, and say so.
    Apply(Box<Applied>),
    /// Tell who waits that a transaction is in no block.
    Refuse(Waiting<W>, Refusal),
}

/// A block that is final.
#[derive(Debug)]
pub struct Confirmed<W> {
    /// Its header.
    pub header: Header,
    /// Its identity.
    pub id: Digest,
    /// The identities of its transactions.
    pub ids: Arc<[Digest]>,
    /// Who waits for each of its transactions, in order; none waits for those of a block that was there before a restart.
    pub waiters: Vec<W>,
}

/// What a block changed.
#[derive(Debug)]
pub struct Applied {
    /// The block's height.
    pub height: u64,
    /// What it changed in the state.
    pub changes: Vec<Change>,
    /// The identities of its transactions.
    pub ids: Arc<[Digest]>,
    /// The documents that it records, and the indices of the transactions that do.
    pub records: Vec<(Digest, u32)>,
}

/// A block that is executed and not final.
struct UnderWay<W> {
    committed: Committed,
    waiters: Vec<W>,
}

/// The state machine.
pub struct Machine<W> {
    chain: Chain,
    consensus: Box<dyn Consensus>,
    pool: Arc<Pool<W>>,
    /// This node's index among the validators.
    validator: u16,
    is_wanted: bool,
    under_way: VecDeque<UnderWay<W>>,
}

impl<W> Machine<W> {
    /// At a chain whose blocks are all final but for `recovered`, the last one, where that has no certificate. The effects are to be done first.
    pub fn start(
        chain: Chain,
        mut consensus: Box<dyn Consensus>,
        pool: Arc<Pool<W>>,
        validator: u16,
        recovered: Option<Committed>,
    ) -> (Self, Vec<Effect<W>>) {
        let height = chain.head().height;
        let event = recovered.as_ref().map_or(Event::Started { height }, |committed| Event::Recovered { height, id: committed.id });
        let actions = consensus.step(event);
        let under_way = recovered.map(|committed| UnderWay { committed, waiters: Vec::new() });
        let mut machine = Self { chain, consensus, pool, validator, is_wanted: false, under_way: under_way.into_iter().collect() };
        let mut effects = Vec::new();
        machine.follow(actions, &mut effects);
        (machine, effects)
    }

    /// The chain.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Whether a block would be proposed now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_wanted && self.pool.is_ready()
    }

    /// Whether a block is executed and not final.
    #[must_use]
    pub fn is_any_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Takes an input, and says what is to be done.
    ///
    /// # Errors
    /// Where the state cannot be read: nothing has changed then but that the transactions of the proposal are refused.
    pub fn step(&mut self, input: Input) -> io::Result<Vec<Effect<W>>> {
        let mut effects = Vec::new();
        match input {
            Input::Time(now_ms) => self.propose(now_ms, &mut effects)?,
            Input::Stored(height) => {
                let stored = self.under_way.iter().find(|block| block.committed.block.header.height == height);
                let event = stored.map(|block| Event::Stored { height, id: block.committed.id });
                self.happened(event, &mut effects);
            }
            Input::Signed(vote, signature) => {
                self.happened(Some(Event::Signed { vote, validator: self.validator, signature }), &mut effects);
            }
            Input::Applied(height) => self.chain.state().lock().applied(height),
        }
        Ok(effects)
    }

    fn happened(&mut self, event: Option<Event>, effects: &mut Vec<Effect<W>>) {
        if let Some(event) = event {
            let actions = self.consensus.step(event);
            self.follow(actions, effects);
        }
    }

    fn follow(&mut self, actions: Vec<Action>, effects: &mut Vec<Effect<W>>) {
        for action in actions {
            match action {
                Action::Propose { height } => {
                    debug_assert_eq!(height, self.chain.head().height + 1);
                    self.is_wanted = true;
                }
                Action::Store { height } => {
                    let block = self.under_way.iter().find(|block| block.committed.block.header.height == height);
                    effects.extend(block.map(|block| Effect::Store { height, bytes: block.committed.block.to_bytes() }));
                }
                Action::Sign(vote) => effects.push(Effect::Sign(vote)),
                Action::Decide { height, certificate } => self.decide(height, certificate, effects),
            }
        }
    }

    fn decide(&mut self, height: u64, certificate: Certificate, effects: &mut Vec<Effect<W>>) {
        let Some(UnderWay { committed, waiters }) = self.under_way.pop_front() else { return };
        let Committed { block, id, changes, ids, records } = committed;
        debug_assert_eq!(block.header.height, height, "blocks are final in the order of their heights");
        effects.push(Effect::Certify { height, certificate });
        effects.push(Effect::Confirm(Confirmed { header: block.header, id, ids: Arc::clone(&ids), waiters }));
        effects.push(Effect::Apply(Box::new(Applied { height, changes, ids, records })));
    }

    /// Proposes a block of what the pool has, where one is wanted.
    fn propose(&mut self, now_ms: u64, effects: &mut Vec<Effect<W>>) -> io::Result<()> {
        if !self.is_wanted {
            return Ok(());
        }
        let (height, limits) = (self.chain.head().height + 1, self.chain.genesis().limits);
        let mut refused = Vec::new();
        let mut refuse = |waiting, refusal| refused.push(Effect::Refuse(waiting, refusal));
        let taken = self.pool.take(height, limits.transactions as usize, limits.bytes as usize, &mut refuse);
        effects.append(&mut refused);
        if taken.is_empty() {
            return Ok(());
        }
        let (candidates, waiters): (Vec<_>, Vec<_>) =
            taken.into_iter().map(|waiting| (waiting.checked, (waiting.waiter, waiting.since))).unzip();
        let proposal = self.chain.propose(now_ms, self.validator, &candidates)?;
        let mut refuse = |waiting, refusal| refused.push(Effect::Refuse(waiting, refusal));
        self.pool.settle(next_nonces(&candidates, &proposal.results), &mut refuse);
        effects.append(&mut refused);
        let mut kept = Vec::new();
        for ((checked, (waiter, since)), result) in candidates.into_iter().zip(waiters).zip(proposal.results) {
            match result {
                Ok(()) => kept.push(waiter),
                Err(refusal) => effects.push(Effect::Refuse(Waiting { checked, waiter, since }, refusal)),
            }
        }
        if let Some(executable) = proposal.executable {
            self.is_wanted = false;
            let committed = self.chain.commit(executable);
            let event = Event::Proposed { height, id: committed.id };
            self.under_way.push_back(UnderWay { committed, waiters: kept });
            self.happened(Some(event), effects);
        }
        Ok(())
    }
}
