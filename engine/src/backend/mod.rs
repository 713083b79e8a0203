//! Back ends: what turns a batch into verdicts.

pub mod contract;
mod cpu;
pub mod known_answers;

pub use cpu::{Cpu, CpuOptions};

use crate::{
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    hash::{Digest, Hash},
    scheme::Scheme,
    strategy::Strategy,
    verdict::Verdicts,
};

/// What a back end can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The schemes it verifies, over messages and over digests.
    pub schemes: Vec<Scheme>,
    /// Whether it recovers keys (secp256k1).
    pub recovery: bool,
    /// The hash functions it computes for [`Backend::digest`].
    pub hashes: Vec<Hash>,
    /// The largest batch in items.
    pub batch_items_max: usize,
    /// The largest batch in bytes over all its columns.
    pub batch_bytes_max: usize,
    /// The largest batch that is answered on the thread that asks, without a hop to others: about a tenth of a millisecond of work. 0 for none.
    pub inline_items_max: usize,
    /// Whether it runs on the processor's cores, as the CPU and a software device do: then it and the CPU only slow each other down.
    pub shares_cores: bool,
}

/// Why a back end gave no verdicts. A fault says nothing about the items: they go to another back end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It was asked for something that its capabilities exclude.
    #[error("{backend} cannot do this: {what}")]
    Unsupported {
        /// The back end's name.
        backend: String,
        /// What was asked.
        what: String,
    },
    /// The device failed, was lost, or answered with something that is no answer.
    #[error("{backend} failed: {what}")]
    Device {
        /// The back end's name.
        backend: String,
        /// What happened.
        what: String,
    },
}

/// What a back end found out about R: the 32 bytes of y(R), big-endian.
pub type Hint = [u8; 32];

/// Something that verifies batches. Any back end gives the same verdicts for the same bytes: [`contract::check`] proves it.
pub trait Backend: Send + Sync {
    /// The name used in settings, JSON and metrics, e.g. `cpu`.
    fn name(&self) -> &str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// One verdict an item, in order.
    ///
    /// # Errors
    /// [`Fault`] where the whole batch got no verdict.
    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault>;

    /// The same, and for each valid item the hint that was found on the way, where one was: the 32 bytes of y(R), big-endian.
    ///
    /// # Errors
    /// [`Fault`] where the whole batch got no verdict.
    fn verify_and_hint(&self, batch: &Batch) -> Result<(Verdicts, Vec<Option<Hint>>), Fault> {
        let verdicts = self.verify(batch)?;
        let hints = vec![None; batch.len()];
        Ok((verdicts, hints))
    }

    /// How many items each strategy decided since the back end was made; nothing for a back end that knows no strategies.
    fn decided(&self) -> Vec<(Strategy, u64)> {
        Vec::new()
    }

    /// One key or reason an item, in order.
    ///
    /// # Errors
    /// [`Fault`] where the whole batch got no answer.
    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault>;

    /// One digest a message, in order.
    ///
    /// # Errors
    /// [`Fault`] where no digest was made.
    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault>;
}
