//! What a service serves beside verification and signing: the caller's own methods, pages and figures, behind the same listeners, limits and sources.

use std::sync::Arc;

use chainbox_api::caller::{Receipt, Receipts};
use chainbox_engine::{backend::Hint, batch::Batch, dispatch::SourceLimits, verdict::Verdict};
use tonic::service::Routes;

use crate::{
    transport::call::Call,
    work::{Answer, Payload, Work},
};

/// The source of batches that an extension has verified: it is fair to its own sources itself.
const SOURCE: u64 = u64::MAX;

/// Items of an extension that wait for their verdicts, at most: it asks on few threads, each of which waits.
const ITEMS_MAX: usize = 1 << 20;

/// Verdicts for an extension, by the same queue as everybody's.
#[derive(Clone)]
pub struct Verification(Work);

impl Verification {
    pub(crate) fn new(work: Work) -> Self {
        work.set_source(SOURCE, SourceLimits { items_in_flight_max: ITEMS_MAX, is_named: true, ..SourceLimits::default() });
        Self(work)
    }

    /// The verdicts on a batch, and the hints found on the way. The thread that asks waits, and works as well.
    ///
    /// # Errors
    /// Why there are none.
    pub fn verify_and_hint(&self, batch: Batch) -> Result<(Vec<Verdict>, Vec<Option<Hint>>), String> {
        match self.0.answer(SOURCE, Payload::Verify { batch, want_hints: true }) {
            Ok(Answer::Verified { verdicts, hints: Some(hints) }) => Ok((verdicts, hints)),
            Ok(_) => Err("the answer is to something else".to_owned()),
            Err(unanswered) => Err(unanswered.to_string()),
        }
    }
}

/// What is served beside verification.
pub struct Extension {
    /// Adds its methods.
    pub routes: Box<dyn FnOnce(Routes) -> Routes + Send>,
    /// Its pages and JSON.
    pub http: axum::Router,
    /// Its metrics, in the text format of Prometheus.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Why nothing should be sent to it, where that is so.
    pub unreadiness: Arc<dyn Fn() -> Option<String> + Send + Sync>,
    /// Ends it, once no connection asks anything more; it may wait.
    pub close: Box<dyn FnOnce() -> Result<(), String> + Send>,
}

/// Makes an extension, which may have batches verified. It is called where it may wait, within the service's runtime.
pub type Extend = Box<dyn FnOnce(Verification) -> Result<Extension, String> + Send>;

impl Receipts for Call {
    fn take(&self) -> Option<Receipt> {
        self.take_receipt().map(|receipt| Box::new(receipt) as Receipt)
    }
}
