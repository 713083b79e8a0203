//! The same for scripts and for the page: HTTP with JSON, below `/v1/`, and the page `/chain`.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use chainbox_engine::transaction::native::TRANSACTION_BYTES_MAX;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    LIST_BLOCKS_MAX, Unread, read,
    view::{BlockView, TransactionView},
};
use crate::{
    node::{Answer, Node, NodeError, Wait},
    state::StateKey,
    text,
    types::Place,
};

/// What the page may do: run its own script, ask its own server, and nothing else.
const PAGE_POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Transactions of a block that are listed at once.
const LIST_TRANSACTIONS_MAX: usize = 100;

/// The source of transactions that come over HTTP: all of them together.
const SOURCE: u64 = u64::MAX;

/// Why a request is not answered with what was asked for.
enum Failure {
    /// The request is wrong.
    Wrong(String),
    /// There is no such thing.
    Missing(String),
    /// There was such a thing, and it is not kept.
    Gone(String),
    /// The node failed.
    Internal(String),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Wrong(text) => (StatusCode::BAD_REQUEST, text),
            Self::Missing(text) => (StatusCode::NOT_FOUND, text),
            Self::Gone(text) => (StatusCode::GONE, text),
            Self::Internal(text) => (StatusCode::INTERNAL_SERVER_ERROR, text),
        };
        (status, Json(json!({ "error": text }))).into_response()
    }
}

impl From<Unread> for Failure {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Pruned(text) => Self::Gone(text),
            Unread::Failed(text) => Self::Internal(text),
        }
    }
}

type Answered<T> = Result<Json<T>, Failure>;

/// What answers.
pub fn router(node: Node) -> Router {
    Router::new()
        .route("/chain", get(async || page()))
        .route("/chain.js", get(async || ([(header::CONTENT_TYPE, "text/javascript")], include_str!("chain.js"))))
        .route("/v1/status", get(status))
        .route("/v1/blocks", get(blocks))
        .route("/v1/blocks/{which}", get(block))
        .route("/v1/transactions", post(submit).layer(DefaultBodyLimit::max(2 * TRANSACTION_BYTES_MAX + 2)))
        .route("/v1/transactions/{id}", get(transaction))
        .route("/v1/accounts/{address}", get(account))
        .route("/v1/entries/{owner}/{key}", get(entry))
        .route("/v1/records/{digest}", get(record))
        .route("/v1/proofs/transaction/{id}", get(transaction_proof))
        .route("/v1/proofs/account/{address}", get(account_proof))
        .route("/v1/proofs/entry/{owner}/{key}", get(entry_proof))
        .with_state(node)
}

fn page() -> impl IntoResponse {
    let policy = (header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    ([policy, (header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::REFERRER_POLICY, "no-referrer")], Html(include_str!("chain.html")))
}

/// Reads of the node, on a thread that may wait.
async fn ask<T: Send + 'static>(node: Node, work: impl FnOnce(&Node) -> Result<T, NodeError> + Send + 'static) -> Result<T, Failure> {
    Ok(read(move || work(&node)).await?)
}

fn exactly<const N: usize>(text: &str) -> Result<[u8; N], Failure> {
    text::array(text).map_err(|error| Failure::Wrong(error.to_string()))
}

fn any(text: &str) -> Result<Vec<u8>, Failure> {
    text::bytes(text).map_err(|error| Failure::Wrong(error.to_string()))
}

async fn status(State(node): State<Node>) -> Answered<crate::node::Status> {
    ask(node, Node::status).await.map(Json)
}

#[derive(Deserialize)]
struct Range {
    /// The highest block; the last one where none is named.
    to: Option<u64>,
    limit: Option<u64>,
}

/// Blocks from a height downwards.
async fn blocks(State(node): State<Node>, Query(range): Query<Range>) -> Answered<Vec<BlockView>> {
    let list = ask(node, move |node| {
        let to = range.to.unwrap_or(u64::MAX).min(node.height());
        let limit = range.limit.unwrap_or(20).clamp(1, LIST_BLOCKS_MAX);
        let headers = (0..=to).rev().take(limit as usize).map(|height| node.header(height));
        headers.filter_map(Result::transpose).map(|header| header.map(|header| BlockView::of(&header))).collect::<Result<Vec<_>, _>>()
    });
    list.await.map(Json)
}

#[derive(Deserialize)]
struct Part {
    /// The first transaction that is listed.
    first: Option<usize>,
}

async fn block(State(node): State<Node>, Path(which): Path<String>, Query(part): Query<Part>) -> Answered<BlockView> {
    let height = match which.as_str() {
        "latest" => node.height(),
        text => text.parse().map_err(|_| Failure::Wrong(format!("{text:?} is neither a height nor latest")))?,
    };
    let found = ask(node, move |node| {
        if height == 0 {
            return Ok(node.header(0)?.map(|header| BlockView::of(&header)));
        }
        let view = |(block, _): (crate::block::Block, _)| {
            BlockView::of(&block.header).with(&block.transactions, part.first.unwrap_or(0), LIST_TRANSACTIONS_MAX)
        };
        Ok(node.block(height)?.map(view))
    });
    found.await?.map(Json).ok_or_else(|| Failure::Missing(format!("there is no block {height}")))
}

/// Where a transaction came to stand.
#[derive(Serialize)]
struct Submitted {
    id: String,
    #[serde(flatten)]
    place: PlaceView,
}

#[derive(Serialize)]
struct PlaceView {
    height: u64,
    index: u32,
}

impl From<Place> for PlaceView {
    fn from(Place { height, index }: Place) -> Self {
        Self { height, index }
    }
}

/// One transaction, as it is or as hex; answered when it is confirmed.
async fn submit(State(node): State<Node>, headers: axum::http::HeaderMap, body: Bytes) -> Result<Response, Failure> {
    let is_raw = headers.get(header::CONTENT_TYPE) == Some(&HeaderValue::from_static("application/octet-stream"));
    let raw = if is_raw {
        body
    } else {
        let text = str::from_utf8(&body).map_err(|_| Failure::Wrong("the body is neither hex nor application/octet-stream".to_owned()))?;
        any(text.trim())?.into()
    };
    let refused =
        |status: StatusCode, reason: &str, text: String| (status, Json(json!({ "error": text, "reason": reason }))).into_response();
    Ok(match node.submit(SOURCE, vec![raw], Wait::Confirmed).await.first() {
        Some(Answer::Confirmed { id, place }) => Json(Submitted { id: hex::encode(id), place: (*place).into() }).into_response(),
        Some(Answer::Refused(refusal)) => refused(StatusCode::UNPROCESSABLE_ENTITY, refusal.name(), refusal.to_string()),
        _ => refused(StatusCode::SERVICE_UNAVAILABLE, "unknown", "the node stopped: send it again, it is not executed twice".to_owned()),
    })
}

async fn transaction(State(node): State<Node>, Path(id): Path<String>) -> Answered<TransactionView> {
    let id = exactly(&id)?;
    let found = ask(node, move |node| node.transaction(&id)).await?;
    let view = found.and_then(|(place, raw)| TransactionView::of(place, &raw));
    view.map(Json).ok_or_else(|| Failure::Missing("there is no confirmed transaction of this identity".to_owned()))
}

async fn account(State(node): State<Node>, Path(address): Path<String>) -> Answered<serde_json::Value> {
    let address = exactly(&address)?;
    let account = ask(node, move |node| node.account(&address)).await?;
    let (balance, permission) = (account.balance.to_string(), account.permission);
    Ok(Json(json!({ "address": hex::encode(address), "nonce": account.nonce, "balance": balance, "permission": permission })))
}

async fn entry(State(node): State<Node>, Path((owner, key)): Path<(String, String)>) -> Answered<serde_json::Value> {
    let (address, bytes) = (exactly(&owner)?, any(&key)?);
    let value = ask(node, move |node| node.entry(&address, &bytes)).await?;
    let value = value.ok_or_else(|| Failure::Missing("there is no entry of this key".to_owned()))?;
    Ok(Json(json!({ "owner": owner, "key": key, "value": hex::encode(value) })))
}

async fn record(State(node): State<Node>, Path(digest): Path<String>) -> Answered<PlaceView> {
    let digest = exactly(&digest)?;
    let place = ask(node, move |node| node.record(&digest)).await?;
    place.map(|place| Json(place.into())).ok_or_else(|| Failure::Missing("there is no record of this digest".to_owned()))
}

async fn transaction_proof(State(node): State<Node>, Path(id): Path<String>) -> Answered<crate::proof::Proof> {
    let id = exactly(&id)?;
    let proof = ask(node, move |node| node.transaction_proof(&id)).await?;
    proof.map(Json).ok_or_else(|| Failure::Missing("there is no confirmed transaction of this identity".to_owned()))
}

async fn account_proof(State(node): State<Node>, Path(address): Path<String>) -> Answered<crate::proof::Proof> {
    state_proof(&node, &StateKey::Account(exactly(&address)?)).await
}

async fn entry_proof(State(node): State<Node>, Path((owner, key)): Path<(String, String)>) -> Answered<crate::proof::Proof> {
    state_proof(&node, &StateKey::Entry { owner: exactly(&owner)?, key: any(&key)?.into() }).await
}

async fn state_proof(node: &Node, key: &StateKey) -> Answered<crate::proof::Proof> {
    node.state_proof(key).await.map(Json).map_err(|error| Unread::from(error).into())
}

#[cfg(test)]
mod tests {
    /// What the script shows has a place on the page, and nothing on the page asks for more than its policy allows.
    #[test]
    fn the_page_has_a_place_for_everything() {
        let (page, script) = (include_str!("chain.html"), include_str!("chain.js"));
        let ids = script.match_indices("byId(\"").chain(script.match_indices("show(\""));
        let mut found = 0;
        for (start, call) in ids {
            let id = script[start + call.len()..].split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
            found += 1;
        }
        assert!(found > 15);
        assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("<script>") && !page.contains("onclick"));
    }
}
