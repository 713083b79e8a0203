//! What stands behind a handle: a back end of this process, or a server.

use chainbox_engine::{
    backend::{Backend, Cpu, CpuOptions, Hint, known_answers},
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    hash::{Digest, Hash},
    verdict::Verdicts,
};

use crate::{
    abi::{Status, THREADS_MAX},
    failure::Failure,
};

/// What a program verifies with: chainbox_open gives one, chainbox_close takes it back.
pub struct Handle {
    backend: Box<dyn Backend>,
}

/// How to verify in process.
pub(crate) struct InProcess {
    /// The threads of a pool of the handle's own; 0 for one a core.
    pub threads: u32,
    /// The bound of the tables of known keys in bytes; 0 for the default.
    pub key_table_bytes: u64,
}

impl Handle {
    /// A handle that verifies in process. The known answers are asked first: a machine that gets one wrong is not used.
    pub(crate) fn in_process(options: &InProcess) -> Result<Self, Failure> {
        if options.threads > THREADS_MAX {
            return Err(Failure::argument(format!("threads is {}: set it to at most {THREADS_MAX}", options.threads)));
        }
        let mut cpu = CpuOptions { threads: Some(options.threads as usize), ..CpuOptions::default() };
        if options.key_table_bytes > 0 {
            cpu.key_table_bytes = usize::try_from(options.key_table_bytes).unwrap_or(usize::MAX);
        }
        let backend = Cpu::with_options(&cpu)?;
        known_answers::check(&backend)
            .map_err(|error| Failure::new(Status::Internal, format!("this machine fails the known answers and is not used: {error}")))?;
        Ok(Self { backend: Box::new(backend) })
    }

    pub(crate) fn verify(&self, batch: &Batch) -> Result<Verdicts, Failure> {
        Ok(self.backend.verify(batch)?)
    }

    pub(crate) fn verify_and_hint(&self, batch: &Batch) -> Result<(Verdicts, Vec<Option<Hint>>), Failure> {
        Ok(self.backend.verify_and_hint(batch)?)
    }

    pub(crate) fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Failure> {
        Ok(self.backend.recover(batch)?)
    }

    pub(crate) fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Failure> {
        Ok(self.backend.digest(hash, messages)?)
    }
}
