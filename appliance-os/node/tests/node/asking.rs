//! What tests ask a node, in a word each.

use bytes::Bytes;
use chainbox_node::node::{Answer, Node, Wait};

use super::common::{Box, options};

/// The node of a chain, as most tests run it.
pub fn start(chain: &Box) -> Node {
    chain.try_start(chain.folder.path(), options()).unwrap()
}

/// Submits transactions and waits for their blocks.
pub async fn submit(node: &Node, transactions: Vec<Bytes>) -> Vec<Answer> {
    node.submit(1, transactions, Wait::Confirmed).await
}

/// A moment that a test lets pass for another thread.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
