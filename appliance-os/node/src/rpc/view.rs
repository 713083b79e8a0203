//! Blocks and transactions as messages and as JSON.

use bytes::Bytes;
use chainbox_api::v1;
use chainbox_engine::transaction::native::{Content, Transaction};
use serde::Serialize;

use crate::{
    block::{Certificate, Header},
    types::Place,
};

/// A block as a message.
pub fn block_message(header: &Header, certificate: Option<&Certificate>, transactions: Vec<Bytes>) -> v1::BlockResponse {
    v1::BlockResponse {
        header: Bytes::copy_from_slice(&header.to_bytes()),
        id: Bytes::copy_from_slice(&header.id()),
        certificate: certificate.map(Certificate::to_bytes).unwrap_or_default().into(),
        transactions,
    }
}

/// A block as JSON.
#[derive(Serialize)]
pub struct BlockView {
    height: u64,
    id: String,
    parent: String,
    time_ms: u64,
    proposer: u16,
    transactions: u32,
    transactions_root: String,
    state_root: String,
    /// Of a single block, not of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<Vec<TransactionView>>,
}

impl BlockView {
    /// A block by its header.
    pub fn of(header: &Header) -> Self {
        Self {
            height: header.height,
            id: hex::encode(header.id()),
            parent: hex::encode(header.parent),
            time_ms: header.time_ms,
            proposer: header.proposer,
            transactions: header.transactions,
            transactions_root: hex::encode(header.transactions_root),
            state_root: hex::encode(header.state_root),
            list: None,
        }
    }

    /// The same with its first transactions.
    pub fn with(self, transactions: &[Bytes], first: usize, count: usize) -> Self {
        let listed = transactions.iter().enumerate().skip(first).take(count);
        let height = self.height;
        let list = listed.filter_map(|(index, raw)| TransactionView::of(Place { height, index: index as u32 }, raw)).collect();
        Self { list: Some(list), ..self }
    }
}

/// A transaction as JSON.
#[derive(Serialize)]
pub struct TransactionView {
    id: String,
    height: u64,
    index: u32,
    sender: String,
    nonce: u64,
    bytes: usize,
    #[serde(flatten)]
    content: ContentView,
}

/// What a transaction does. Numbers that JSON's readers may round are text.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum ContentView {
    Transfer { to: String, amount: String },
    Record { digest: String, media_type: String, payload_bytes: usize },
    Put { key: String, value: String },
    Remove { key: String },
    Permit { account: String, may_send: bool },
}

impl TransactionView {
    /// A transaction; none where the bytes are none.
    pub fn of(place: Place, raw: &[u8]) -> Option<Self> {
        let transaction = Transaction::decode(raw).ok()?;
        let content = match transaction.body.content {
            Content::Transfer { to, amount } => ContentView::Transfer { to: hex::encode(to), amount: amount.to_string() },
            Content::Record { digest, media_type, payload } => {
                ContentView::Record { digest: hex::encode(digest), media_type: media_type.to_owned(), payload_bytes: payload.len() }
            }
            Content::Put { key, value } => ContentView::Put { key: hex::encode(key), value: hex::encode(value) },
            Content::Remove { key } => ContentView::Remove { key: hex::encode(key) },
            Content::Permit { account, may_send } => ContentView::Permit { account: hex::encode(account), may_send },
        };
        Some(Self {
            id: hex::encode(transaction.id()),
            height: place.height,
            index: place.index,
            sender: hex::encode(transaction.sender()),
            nonce: transaction.body.nonce,
            bytes: raw.len(),
            content,
        })
    }
}
