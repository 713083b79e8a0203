//! A node that runs: the state machine with threads, a disk and a clock around it.
//!
//! Requests become chunks that wait in the gate; a few threads check them into the pool ([`admit`]); one thread builds blocks and steps the state machine
//! ([`build`]); one stores, votes and confirms ([`commit`]); one takes over into the database and puts it on the disk; one keeps the disk in bounds
//! ([`keep`]). Whoever reads sees what is confirmed ([`reads`]).

mod admit;
mod build;
mod commit;
mod keep;
mod options;
mod reads;
mod stages;
mod start;
mod ticket;

pub use keep::Keep;
pub use options::NodeOptions;
pub use reads::{NodeError, RefusalCount, Status};
pub use stages::{Pace, Stage, StageReport};
pub(crate) use start::{Opened, open};
pub use start::{StartError, create};
pub use ticket::{Answer, Wait};

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread::JoinHandle,
};

use bytes::Bytes;
use chainbox_engine::hash::Digest;
use tokio::sync::watch;

use crate::{
    chain::SharedState,
    execute::Rules,
    genesis::Genesis,
    machine,
    merkle::Hasher,
    pool::{Chunk, Gate, Pool, Seen, SourceId},
    refusal::Refusal,
    store::{Repair, Store},
    types::Place,
    verifier::Verifier,
};
use admit::{CHUNK_ITEMS_MAX, Raw};
use keep::Kept;
use stages::Stages;
use ticket::{Ticket, Waiter};

/// A node that runs. Clones are the same node.
#[derive(Clone)]
pub struct Node(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What the threads of a node share.
struct Shared {
    genesis: Arc<Genesis>,
    hasher: Hasher,
    rules: Rules,
    options: NodeOptions,
    store: Arc<Store>,
    state: SharedState,
    pool: Arc<Pool<Waiter>>,
    gate: Mutex<Gate<Raw>>,
    /// Told when something waits in the gate, or the node is closing.
    gate_told: Condvar,
    seen: Mutex<Seen>,
    verifier: Arc<dyn Verifier>,
    stages: Stages,
    refusals: Mutex<BTreeMap<&'static str, u64>>,
    confirmed: watch::Sender<u64>,
    events: mpsc::Sender<build::Event>,
    /// An event that says that the pool has something is on its way.
    is_builder_told: AtomicBool,
    is_closing: AtomicBool,
    /// Transactions in requests that are not answered yet.
    unanswered: AtomicU64,
    problem: Mutex<Option<String>>,
    kept: Mutex<Kept>,
    repairs: Vec<Repair>,
}

impl Node {
    /// Submits transactions of a source, and waits until each is answered: in order.
    pub async fn submit(&self, source: SourceId, transactions: Vec<Bytes>, wait: Wait) -> Vec<Answer> {
        let shared = &self.0.shared;
        let count = transactions.len();
        if shared.is_closing.load(Relaxed) {
            return vec![Answer::Refused(Refusal::Closing); count];
        }
        let _under_way = UnderWay::new(&shared.unanswered, count as u64);
        let (ticket, answers) = Ticket::new(source, wait, shared.stages.now(), count);
        shared.offer(source, &ticket, transactions);
        drop(ticket);
        answers.await.unwrap_or_else(|_| vec![Answer::Unknown; count])
    }

    /// Takes no more transactions, answers what was accepted, and puts everything on the disk. What is not done in time is refused.
    ///
    /// # Errors
    /// Why the node could not go on, where something kept it from that.
    pub fn close(&self) -> Result<(), String> {
        let shared = &self.0.shared;
        shared.is_closing.store(true, Relaxed);
        shared.gate_told.notify_all();
        // Who has no thread to tell is at its end already.
        let _ = shared.events.send(build::Event::Close);
        let threads = std::mem::take(&mut *lock(&self.0.threads));
        for thread in threads {
            if thread.join().is_err() {
                shared.broken("a thread of the node panicked");
            }
        }
        let problem = lock(&shared.problem).clone();
        problem.map_or(Ok(()), Err)
    }
}

/// Some transactions of which somebody waits for answers.
struct UnderWay<'a>(&'a AtomicU64, u64);

impl<'a> UnderWay<'a> {
    fn new(all: &'a AtomicU64, transactions: u64) -> Self {
        all.fetch_add(transactions, Relaxed);
        Self(all, transactions)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Relaxed);
    }
}

impl Shared {
    /// Has transactions wait in the gate. Those that have no room there are refused.
    fn offer(&self, source: SourceId, ticket: &Arc<Ticket>, transactions: Vec<Bytes>) {
        let mut transactions = transactions.into_iter();
        let mut first = 0;
        let retry_after_ms = self.options.gate.retry_after_ms;
        loop {
            let list: Vec<Bytes> = transactions.by_ref().take(CHUNK_ITEMS_MAX).collect();
            if list.is_empty() {
                return;
            }
            let (items, bytes) = (list.len(), list.iter().map(Bytes::len).sum());
            let chunk = Chunk { source, items, bytes, content: Raw { ticket: Arc::clone(ticket), first, list } };
            first += items as u32;
            let gone = self.gate().offer(self.stages.now(), chunk);
            self.gate_told.notify_one();
            for chunk in gone {
                for index in 0..chunk.items {
                    let refusal = Refusal::SourceBusy { retry_after_ms };
                    self.count_refusal(&refusal);
                    chunk.content.ticket.answer(chunk.content.first + index as u32, Answer::Refused(refusal));
                }
            }
        }
    }

    fn gate(&self) -> MutexGuard<'_, Gate<Raw>> {
        lock(&self.gate)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }

    fn count_refusal(&self, refusal: &Refusal) {
        *lock(&self.refusals).entry(refusal.name()).or_default() += 1;
    }

    /// Tells the builder that the pool has something, unless it is told already.
    fn wake_builder(&self) {
        if !self.is_builder_told.swap(true, Relaxed) {
            // Where the builder has ended, nothing is built any more.
            let _ = self.events.send(build::Event::Ready);
        }
    }

    /// Notes that the node cannot go on. What waits is refused; what is confirmed stays.
    fn broken(&self, why: &str) {
        tracing::error!(why, "the node stops");
        lock(&self.problem).get_or_insert_with(|| why.to_owned());
        self.is_closing.store(true, Relaxed);
        self.gate_told.notify_all();
        let _ = self.events.send(build::Event::Close);
    }
}

impl Waiter {
    /// Tells that the transaction is in a block.
    fn confirm(&self, id: Digest, height: u64, index: u32) {
        self.answer(Answer::Confirmed { id, place: Place { height, index } });
    }
}

/// What the state machine of a node says is to be done.
type Effect = machine::Effect<Waiter>;

/// The lock, also after a thread panicked with it: what is guarded here is whole between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
