//! All back ends of a process as one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use chainbox_engine::{
    backend::{Backend, Capabilities, Fault, Hint},
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    dispatch::{Limits, SourceLimits},
    hash::{Digest, Hash},
    strategy::Strategy,
    verdict::Verdicts,
};

use crate::{
    backends::{BackendReport, Backends},
    learned::Learned,
    metrics::Metrics,
    work::{Answer, Question, Work},
};

const NAME: &str = "all";

/// No limit: who asks waits, and asks for no more than fits memory.
const ITEMS_MAX: usize = 1 << 40;

/// Nor does a batch wait in vain.
const QUEUE_TIME_MAX: Duration = Duration::from_secs(1 << 31);

/// All back ends as one: a queue in this process sends each batch, or parts of it, where it is finished first. It does what the CPU can, and blocks
/// until a batch is answered; several threads may ask at once.
///
/// It must not be asked on threads that the CPU's back end works with: those would wait for themselves. So the CPU has a pool of its own
/// (`CpuOptions::threads`) where the common one asks.
pub struct Together {
    work: Work,
    capabilities: Capabilities,
    /// The number of the next batch, which is a source of its own: it is no forger because another batch was forged.
    next: AtomicU64,
}

impl Together {
    /// Starts the threads that work. The CPU works at once, a device from when it gave the known answers. `learned` is what back ends taught before.
    ///
    /// # Errors
    /// Where two back ends have one name.
    pub fn start(backends: Backends, learned: Vec<Learned>) -> Result<Self, String> {
        backends.check()?;
        let capabilities = backends.cpu.capabilities();
        let limits = Limits {
            items_in_flight_max: ITEMS_MAX,
            queue_time_max: QUEUE_TIME_MAX,
            express_items_max: capabilities.inline_items_max.max(1),
            cores: thread::available_parallelism().map_or(1, usize::from),
            ..Limits::default()
        };
        let work = Work::start(backends, limits, Arc::new(Metrics::new()), learned);
        Ok(Self { work, capabilities, next: AtomicU64::new(1) })
    }

    /// Waits until every device gave the known answers or failed to.
    pub fn wait_until_proven(&self) {
        self.work.wait_until_judged();
    }

    /// What each back end is at, the CPU first.
    #[must_use]
    pub fn reports(&self) -> Vec<BackendReport> {
        self.work.reports()
    }

    /// What was learnt of back ends, to be kept for the next start.
    #[must_use]
    pub fn learned(&self) -> Vec<Learned> {
        self.work.learned()
    }

    fn ask(&self, question: Question<'_>) -> Result<Answer, Fault> {
        let answer = self.work.answer_at_once(question).unwrap_or_else(|| {
            let source = self.next.fetch_add(1, Relaxed);
            let limits = SourceLimits { items_in_flight_max: ITEMS_MAX, is_named: true, ..SourceLimits::default() };
            self.work.set_source(source, limits);
            let answer = self.work.answer(source, question.to_payload());
            self.work.forget_source(source);
            answer
        });
        answer.map_err(|unanswered| Fault::Device { backend: NAME.to_owned(), what: unanswered.to_string() })
    }
}

/// What is accepted is answered; nobody is there to ask for more.
impl Drop for Together {
    fn drop(&mut self) {
        self.work.close();
    }
}

impl Backend for Together {
    fn name(&self) -> &str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        match self.ask(Question::Verify { batch, want_hints: false })? {
            Answer::Verified { verdicts, .. } => Ok(verdicts.into()),
            _ => Err(another_answer()),
        }
    }

    fn verify_and_hint(&self, batch: &Batch) -> Result<(Verdicts, Vec<Option<Hint>>), Fault> {
        match self.ask(Question::Verify { batch, want_hints: true })? {
            Answer::Verified { verdicts, hints: Some(hints) } => Ok((verdicts.into(), hints)),
            _ => Err(another_answer()),
        }
    }

    fn decided(&self) -> Vec<(Strategy, u64)> {
        self.work.cpu().decided()
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        match self.ask(Question::Recover(batch))? {
            Answer::Recovered(recovered) => Ok(recovered),
            _ => Err(another_answer()),
        }
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        match self.ask(Question::Digest { hash, messages })? {
            Answer::Digests(digests) => Ok(digests),
            _ => Err(another_answer()),
        }
    }
}

fn another_answer() -> Fault {
    Fault::Device { backend: NAME.to_owned(), what: "the answer is to something else".to_owned() }
}
