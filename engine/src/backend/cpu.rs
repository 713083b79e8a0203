//! The CPU back end: items spread over a rayon pool.

use std::{ops::Range, sync::Arc};

use rayon::prelude::*;

use super::{Backend, Capabilities, Fault, Hint};
use crate::{
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    field::limbs,
    hash::{Digest, Hash, Message},
    scheme::Scheme,
    simd::{Feature, Processor},
    strategy::{
        Decided, Strategy,
        combined::Entropy,
        forgeries::Forgeries,
        known::{self, KnownKeys, KnownKeysState},
        recover,
        verify::{Answer, Context, ITEMS_TOGETHER, verify},
    },
    verdict::{Verdict, Verdicts},
};

/// The fewest items that are worth a task of their own: one for each lane.
const TASK_ITEMS_MIN: usize = 8;

/// What the CPU back end may use, and how it decides.
#[derive(Clone)]
pub struct CpuOptions {
    /// The threads of a pool of its own, 0 for one a core; `None` for the process's common pool.
    pub threads: Option<usize>,
    /// The instructions that it may use.
    pub processor: Processor,
    /// The strategy to use wherever it applies, `None` to choose by cost. It changes no verdict.
    pub strategy: Option<Strategy>,
    /// The bound of the tables of known keys, in bytes.
    pub key_table_bytes: usize,
    /// Where the random factors of combinations come from: the operating system, but for tests.
    pub entropy: Entropy,
}

impl Default for CpuOptions {
    fn default() -> Self {
        Self {
            threads: None,
            processor: Processor::detect(),
            strategy: None,
            key_table_bytes: known::TABLE_BYTES_DEFAULT,
            entropy: Arc::new(entropy_of_the_system),
        }
    }
}

/// The CPU. It takes any batch.
pub struct Cpu {
    context: Context,
}

impl Default for Cpu {
    fn default() -> Self {
        Self::of(None, &CpuOptions::default())
    }
}

impl Cpu {
    /// A back end on the process's common pool: a thread for each core.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A back end on a pool of its own with `threads` threads; 0 means one for each core.
    ///
    /// # Errors
    /// [`Fault::Device`] where the system gives no more threads.
    pub fn with_threads(threads: usize) -> Result<Self, Fault> {
        Self::with_options(&CpuOptions { threads: Some(threads), ..CpuOptions::default() })
    }

    /// A back end as the options say.
    ///
    /// # Errors
    /// [`Fault::Device`] where the system gives no more threads.
    pub fn with_options(options: &CpuOptions) -> Result<Self, Fault> {
        Ok(Self::of(options.threads.map(pool_of).transpose()?, options))
    }

    fn of(pool: Option<rayon::ThreadPool>, options: &CpuOptions) -> Self {
        let known = Arc::new(KnownKeys::new(options.key_table_bytes));
        let entropy = Arc::clone(&options.entropy);
        Self {
            context: Context {
                pool,
                processor: options.processor,
                forced: options.strategy,
                known,
                decided: Decided::default(),
                forgeries: Forgeries::default(),
                entropy,
            },
        }
    }

    /// What the tables of known keys are at.
    #[must_use]
    pub fn known_keys(&self) -> KnownKeysState {
        self.context.known.state()
    }

    /// The verdicts of [`Backend::verify`], by the thread that asks alone, whatever the size: for those whose own threads keep all cores at work.
    #[must_use]
    pub fn verify_here(&self, batch: &Batch) -> Verdicts {
        let answers = verify(&self.context, batch, std::iter::once(0..batch.len()).collect());
        answers.into_iter().map(|answer| answer.verdict).collect::<Vec<_>>().into()
    }

    fn answers(&self, batch: &Batch) -> Vec<Answer> {
        self.in_ranges(batch.len(), ITEMS_TOGETHER, |ranges| verify(&self.context, batch, ranges))
    }

    /// The answers on all ranges of at most `task_items` items, in order, by all threads of the pool.
    fn map<T: Send>(&self, len: usize, task_items: usize, answer: impl Fn(Range<usize>) -> Vec<T> + Send + Sync) -> Vec<T> {
        self.in_ranges(len, task_items, |ranges| match &ranges[..] {
            [range] => answer(range.clone()),
            _ => ranges.into_par_iter().map(answer).collect::<Vec<_>>().into_iter().flatten().collect(),
        })
    }

    /// Hands ranges of at most `task_items` items, at least one for each thread, to work on the pool.
    fn in_ranges<T: Send>(&self, len: usize, task_items: usize, work: impl FnOnce(Vec<Range<usize>>) -> T + Send) -> T {
        // The hop to other threads would cost as much as a small batch takes.
        if len <= self.items_alone() {
            return work(std::iter::once(0..len).collect());
        }
        self.install(|| {
            let items = len.div_ceil(rayon::current_num_threads()).clamp(TASK_ITEMS_MIN, task_items);
            work((0..len).step_by(items).map(|start| start..len.min(start + items)).collect())
        })
    }

    /// The most items that stay on the thread that asks: about a tenth of a millisecond of work.
    const fn items_alone(&self) -> usize {
        if self.context.processor.has(Feature::Avx512) { 16 } else { 2 }
    }

    /// Does the work on the pool.
    fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.context.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

const NAME: &str = "cpu";

/// The most items of a task of recovery: a combination is the cheaper the larger it is, so with hints a thread takes as much as there is.
fn task_items(hints: &ByteColumn) -> usize {
    if hints.data().is_empty() { ITEMS_TOGETHER } else { usize::MAX }
}

/// A seed from the operating system, or none where it has none to give.
fn entropy_of_the_system() -> Option<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).ok()?;
    Some(seed)
}

fn pool_of(threads: usize) -> Result<rayon::ThreadPool, Fault> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|index| format!("verify-{index}")).build();
    pool.map_err(|error| Fault::Device { backend: NAME.to_owned(), what: format!("no pool of {threads} threads: {error}") })
}

impl Backend for Cpu {
    fn name(&self) -> &str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            schemes: Scheme::ALL.to_vec(),
            recovery: true,
            hashes: Hash::ALL.to_vec(),
            batch_items_max: usize::MAX,
            batch_bytes_max: usize::MAX,
            inline_items_max: self.items_alone(),
            shares_cores: true,
        }
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        Ok(self.answers(batch).into_iter().map(|answer| answer.verdict).collect::<Vec<_>>().into())
    }

    /// An item that went alone, or was combined by its parity, has no hint.
    fn verify_and_hint(&self, batch: &Batch) -> Result<(Verdicts, Vec<Option<Hint>>), Fault> {
        let answers = self.answers(batch).into_iter().map(|answer| (answer.verdict, answer.y.map(|y| limbs::to_be_bytes(&y))));
        let (verdicts, hints): (Vec<_>, _) = answers.unzip();
        Ok((verdicts.into(), hints))
    }

    fn decided(&self) -> Vec<(Strategy, u64)> {
        self.context.decided.counts()
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        let answers = self.map(batch.len(), task_items(batch.hints()), |range| recover::recover(&self.context, batch, range));
        let (verdicts, keys): (Vec<_>, _) = answers
            .into_iter()
            .map(|answer| match answer {
                Ok(key) => (Verdict::Valid, key),
                Err(reason) => (Verdict::Invalid(reason), [0; 64]),
            })
            .unzip();
        Ok(Recovered { verdicts: verdicts.into(), keys })
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        let answer = |range: Range<usize>| {
            let mut digests = vec![[0; 32]; range.len()];
            let strings: Vec<Message<'_>> = range.map(|index| [messages.get(index), &[]]).collect();
            hash.digest_all(&strings, &mut digests, self.context.processor);
            digests
        };
        Ok(self.map(messages.len(), ITEMS_TOGETHER, answer))
    }
}
