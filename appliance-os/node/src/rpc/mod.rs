//! The node's interfaces: gRPC (`chainbox.v1.Chain`) and HTTP with JSON and the page. Listeners, limits of bytes and who asks are the service's.

mod grpc;
mod http;
mod metrics;
mod view;

pub use grpc::Grpc;
pub use http::router;
pub use metrics::metrics;

use crate::{node::NodeError, store::StoreError};

/// Transactions of one request, at most.
pub const REQUEST_TRANSACTIONS_MAX: usize = 10_000;

/// Requests of one stream that are under way at once; the next is read when one is answered.
const STREAM_REQUESTS_MAX: usize = 64;

/// Subscriptions at once.
const SUBSCRIPTIONS_MAX: usize = 1_000;

/// Blocks of one list, at most.
const LIST_BLOCKS_MAX: u64 = 100;

/// Why something was not read.
enum Unread {
    /// It was there, and is not kept.
    Pruned(String),
    /// The node failed.
    Failed(String),
}

impl From<NodeError> for Unread {
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::Store(StoreError::Pruned { .. }) => Self::Pruned(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}

/// Reads on a thread that may wait for a disk.
async fn read<T: Send + 'static>(work: impl FnOnce() -> Result<T, NodeError> + Send + 'static) -> Result<T, Unread> {
    match tokio::task::spawn_blocking(work).await {
        Ok(read) => Ok(read?),
        Err(error) => Err(Unread::Failed(error.to_string())),
    }
}
