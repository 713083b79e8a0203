//! The thread that builds blocks: it alone steps the state machine.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed, mpsc},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::{Effect, Shared, commit::Order, stages::Stage, ticket::Waiter};
use crate::{
    consensus::Vote,
    machine::{Input, Machine},
};

/// What the builder is told.
pub(super) enum Event {
    /// The pool has something.
    Ready,
    /// A block is stored.
    Stored(u64),
    /// A vote is signed.
    Signed(Vote, [u8; 64]),
    /// The database has taken over a block.
    Applied(u64),
    /// No more blocks than those of what is accepted.
    Close,
}

/// How often what waits too long is looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// The builder.
pub(super) struct Builder {
    pub shared: Arc<Shared>,
    pub machine: Machine<Waiter>,
    pub events: mpsc::Receiver<Event>,
    pub orders: mpsc::SyncSender<Order>,
    /// Blocks that were ordered to be applied and are not yet.
    pub applying: u64,
}

impl Builder {
    /// Does what the start of the machine asks for, and builds until the node is closed.
    pub fn run(mut self, effects: Vec<Effect>) {
        self.carry_out(effects);
        let mut last_block = Instant::now();
        let mut swept = Instant::now();
        let mut closing: Option<Instant> = None;
        loop {
            let wait = if self.machine.is_ready() { self.left(last_block) } else { SWEEP };
            if !wait.is_zero() {
                match self.events.recv_timeout(wait) {
                    Ok(Event::Close) => {
                        closing.get_or_insert_with(|| Instant::now() + self.shared.options.shutdown_time_max);
                    }
                    Ok(event) => self.take(event),
                    Err(_) => {}
                }
            }
            // What came in the meantime, before a block is built that may take long.
            while let Ok(event) = self.events.try_recv() {
                match event {
                    Event::Close => {
                        closing.get_or_insert_with(|| Instant::now() + self.shared.options.shutdown_time_max);
                    }
                    event => self.take(event),
                }
            }
            if self.machine.is_ready() && self.left(last_block).is_zero() && !self.is_broken() {
                last_block = Instant::now();
                self.build();
            }
            if swept.elapsed() >= SWEEP {
                swept = Instant::now();
                self.sweep();
            }
            if closing.is_some_and(|deadline| self.is_done() || Instant::now() >= deadline || self.is_broken()) {
                break;
            }
        }
        let shared = &self.shared;
        shared.pool.drain(&mut |waiting, refusal| shared.refuse(&waiting.waiter, refusal));
    }

    /// What is left of the time between two blocks.
    fn left(&self, last_block: Instant) -> Duration {
        self.shared.options.block_interval.saturating_sub(last_block.elapsed())
    }

    fn is_broken(&self) -> bool {
        super::lock(&self.shared.problem).is_some()
    }

    /// Whether nobody waits for anything, and nothing that was admitted could still come into a block.
    fn is_done(&self) -> bool {
        let shared = &self.shared;
        shared.unanswered.load(Relaxed) == 0 && !shared.pool.is_ready() && self.applying == 0 && !self.machine.is_any_under_way()
    }

    fn take(&mut self, event: Event) {
        let input = match event {
            Event::Ready => {
                self.shared.is_builder_told.store(false, Relaxed);
                return;
            }
            Event::Stored(height) => Input::Stored(height),
            Event::Signed(vote, signature) => Input::Signed(vote, signature),
            Event::Applied(height) => {
                self.applying -= 1;
                Input::Applied(height)
            }
            Event::Close => return,
        };
        self.step(input);
    }

    fn build(&mut self) {
        let start = Instant::now();
        let before = self.machine.chain().head().height;
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self.step(Input::Time(now_ms));
        let head = self.machine.chain().head();
        if head.height > before {
            self.shared.stages.count(Stage::Execute, head.transactions as usize, start.elapsed());
        }
    }

    fn step(&mut self, input: Input) {
        match self.machine.step(input) {
            Ok(effects) => self.carry_out(effects),
            Err(error) => self.shared.broken(&format!("the state cannot be read: {error}")),
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let order = match effect {
                Effect::Refuse(waiting, refusal) => {
                    self.shared.refuse(&waiting.waiter, refusal);
                    continue;
                }
                Effect::Store { height, bytes } => Order::Store { height, bytes },
                Effect::Sign(vote) => Order::Sign(vote),
                Effect::Certify { height, certificate } => Order::Certify { height, certificate },
                Effect::Confirm(confirmed) => Order::Confirm(confirmed),
                Effect::Apply(applied) => {
                    self.applying += 1;
                    Order::Apply(applied)
                }
            };
            // Where who carries out orders has ended, the node is broken, and says so.
            let _ = self.orders.send(order);
        }
    }

    /// Lets go what waits too long. No block is being executed here: what the pool forgets of senders is in the state.
    fn sweep(&self) {
        let shared = &self.shared;
        let now = shared.stages.now();
        shared.pool.expire(now, &mut |waiting, refusal| shared.refuse(&waiting.waiter, refusal));
        shared.gate().expire(now);
    }
}
