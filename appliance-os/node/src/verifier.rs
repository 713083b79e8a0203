//! What gives verdicts: the box's dispatcher, or a back end alone.

use std::sync::Arc;

use chainbox_engine::{
    backend::{Backend, Hint},
    batch::Batch,
    verdict::Verdict,
};

/// Verdicts on a batch, and the hints found on the way.
pub struct Verified {
    /// One verdict an item, in order.
    pub verdicts: Vec<Verdict>,
    /// For each item what was found out about R, where anything was.
    pub hints: Vec<Option<Hint>>,
}

/// Gives verdicts. It blocks the thread that asks, and several ask at once.
pub trait Verifier: Send + Sync {
    /// The verdicts on a batch of one source's items.
    ///
    /// # Errors
    /// Why there are none; the items are neither valid nor invalid then.
    fn verify(&self, source: u64, batch: Batch) -> Result<Verified, String>;
}

/// One back end and nothing else.
pub struct Alone(pub Arc<dyn Backend>);

impl Verifier for Alone {
    fn verify(&self, source: u64, batch: Batch) -> Result<Verified, String> {
        let (verdicts, hints) = self.0.verify_and_hint(&batch.from_source(source)).map_err(|fault| fault.to_string())?;
        Ok(Verified { verdicts: verdicts.as_slice().to_vec(), hints })
    }
}
