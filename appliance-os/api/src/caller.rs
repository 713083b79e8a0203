//! Who makes a call, as the transport tells it to handlers that know nothing else of it.

use std::{any::Any, fmt, sync::Arc};

/// What a handler keeps until a message is answered: the message's bytes stay in the budgets so long.
pub type Receipt = Box<dyn Any + Send>;

/// Gives the receipt of the oldest message of a call that was not taken.
pub trait Receipts: Send + Sync {
    /// The receipt.
    fn take(&self) -> Option<Receipt>;
}

/// Who makes a call. The transport puts it among the extensions of each request.
#[derive(Clone)]
pub struct Caller {
    /// The source: a client by name, or a connection.
    pub source: u64,
    /// Its name.
    pub name: String,
    receipts: Arc<dyn Receipts>,
}

impl Caller {
    /// A caller whose messages have these receipts.
    pub fn new(source: u64, name: String, receipts: Arc<dyn Receipts>) -> Self {
        Self { source, name, receipts }
    }

    /// The receipt of the oldest message that was not taken: to be dropped when that is answered.
    #[must_use]
    pub fn take_receipt(&self) -> Option<Receipt> {
        self.receipts.take()
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("source", &self.source).field("name", &self.name).finish_non_exhaustive()
    }
}
