//! The CPU back end: items spread over a rayon pool.

use rayon::prelude::*;

use super::{Backend, Capabilities, Fault};
use crate::{
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    hash::{Digest, Hash, Message},
    scheme::Scheme,
    simd::Processor,
    strategy::{Strategy, recover, single},
    verdict::{Verdict, Verdicts},
};

/// Items that one task takes at once: about half a millisecond of work, so that tasks cost nothing beside it.
const CHUNK_ITEMS: usize = 16;

/// Messages that one task hashes at once: enough to fill the lanes many times, so that those that stand idle at the end cost little.
const CHUNK_MESSAGES: usize = 256;

/// What the CPU back end may use, and how it decides.
#[derive(Clone, Debug, Default)]
pub struct CpuOptions {
    /// The threads of a pool of its own, 0 for one a core; `None` for the process's common pool.
    pub threads: Option<usize>,
    /// The instructions that it may use.
    pub processor: Processor,
    /// The strategy to use wherever it applies, `None` to choose by cost. It changes no verdict.
    pub strategy: Option<Strategy>,
}

/// The CPU. It takes any batch.
#[derive(Debug, Default)]
pub struct Cpu {
    /// A pool of its own, or the process's common one.
    pool: Option<rayon::ThreadPool>,
    options: CpuOptions,
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
        Self::with_options(CpuOptions { threads: Some(threads), ..CpuOptions::default() })
    }

    /// A back end as the options say.
    ///
    /// # Errors
    /// [`Fault::Device`] where the system gives no more threads.
    pub fn with_options(options: CpuOptions) -> Result<Self, Fault> {
        let pool = options.threads.map(pool_of).transpose()?;
        Ok(Self { pool, options })
    }

    /// `answer(i)` for each i below `len`, in order, by all threads of the pool.
    fn map<T: Send>(&self, len: usize, answer: impl Fn(usize) -> T + Send + Sync) -> Vec<T> {
        self.install(|| (0..len).into_par_iter().with_min_len(CHUNK_ITEMS).map(&answer).collect())
    }

    /// Does the work on the pool.
    fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

const NAME: &str = "cpu";

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
        }
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        let shape = batch.shape();
        Ok(self.map(batch.len(), |index| single::verify(&shape, &batch.item(index))).into())
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        let (verdicts, keys): (Vec<_>, _) = self
            .map(batch.len(), |index| match recover::recover(batch, index) {
                Ok(key) => (Verdict::Valid, key),
                Err(reason) => (Verdict::Invalid(reason), [0; 64]),
            })
            .into_iter()
            .unzip();
        Ok(Recovered { verdicts: verdicts.into(), keys })
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        let mut digests = vec![[0; 32]; messages.len()];
        let digest_chunk = |(chunk, digests): (usize, &mut [Digest])| {
            let first = chunk * CHUNK_MESSAGES;
            let strings: Vec<Message<'_>> = (first..first + digests.len()).map(|index| [messages.get(index), &[]]).collect();
            hash.digest_all(&strings, digests, self.options.processor);
        };
        self.install(|| digests.par_chunks_mut(CHUNK_MESSAGES).enumerate().for_each(digest_chunk));
        Ok(digests)
    }
}
