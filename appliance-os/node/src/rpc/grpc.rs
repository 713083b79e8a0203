//! The methods of `chainbox.v1.Chain`.

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use chainbox_api::{
    caller::Caller,
    v1::{self, chain_server::Chain, proof_request::Subject},
};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{REQUEST_TRANSACTIONS_MAX, STREAM_REQUESTS_MAX, SUBSCRIPTIONS_MAX, Unread, read, view};
use crate::{
    node::{Answer, Node, Wait},
    pool::SourceId,
    refusal::Refusal,
    state::StateKey,
};

/// Blocks that wait for a subscriber who is slow.
const SUBSCRIBER_BLOCKS_MAX: usize = 4;

/// What answers the calls.
#[derive(Clone)]
pub struct Grpc {
    node: Node,
    subscriptions: Arc<Semaphore>,
}

impl Grpc {
    /// For a node.
    #[must_use]
    pub fn new(node: Node) -> Self {
        Self { node, subscriptions: Arc::new(Semaphore::new(SUBSCRIPTIONS_MAX)) }
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Who calls; without the service's transport everybody is one source.
fn caller_of<T>(request: &Request<T>) -> Option<Caller> {
    request.extensions().get::<Caller>().cloned()
}

fn source_of(caller: Option<&Caller>) -> SourceId {
    caller.map_or(0, |caller| caller.source)
}

/// Bytes of a fixed length.
fn exactly<const N: usize>(field: &str, bytes: &Bytes) -> Result<[u8; N], Status> {
    <[u8; N]>::try_from(&bytes[..]).map_err(|_| Status::invalid_argument(format!("{field}: {} bytes, and it has {N}", bytes.len())))
}

fn not_found(what: &str) -> Status {
    Status::not_found(format!("there is no {what} on this chain"))
}

impl Grpc {
    async fn submit_as(node: Node, source: SourceId, request: v1::SubmitRequest) -> Result<v1::SubmitResponse, Status> {
        let count = request.transactions.len();
        if count > REQUEST_TRANSACTIONS_MAX {
            let text = format!("{count} transactions, and a request has at most {REQUEST_TRANSACTIONS_MAX}: send several");
            return Err(Status::invalid_argument(text));
        }
        let wait = match request.wait() {
            v1::Wait::Admitted => Wait::Admitted,
            v1::Wait::Confirmed | v1::Wait::Unspecified => Wait::Confirmed,
        };
        let answers = node.submit(source, request.transactions, wait).await;
        let mut response = v1::SubmitResponse { tag: request.tag, heights: vec![0; count], indexes: vec![0; count], refused: Vec::new() };
        for (index, answer) in answers.into_iter().enumerate() {
            match answer {
                Answer::Confirmed { place, .. } => (response.heights[index], response.indexes[index]) = (place.height, place.index),
                Answer::Admitted { .. } => {}
                Answer::Refused(refusal) => response.refused.push(refused(index, &refusal)),
                Answer::Unknown => response.refused.push(v1::Refused {
                    index: index as u32,
                    reason: "unknown".to_owned(),
                    message: "the node stopped before it was known: send it again, it is not executed twice".to_owned(),
                    retry_after_ms: 0,
                }),
            }
        }
        Ok(response)
    }

    async fn block_at(node: Node, height: u64, transactions: bool) -> Result<Option<v1::BlockResponse>, Status> {
        let read = read(move || {
            if height == 0 {
                return Ok(node.header(0)?.map(|header| view::block_message(&header, None, Vec::new())));
            }
            Ok(node.block(height)?.map(|(block, certificate)| {
                let list = if transactions { block.transactions } else { Vec::new() };
                view::block_message(&block.header, Some(&certificate), list)
            }))
        });
        Ok(read.await?)
    }
}

fn refused(index: usize, refusal: &Refusal) -> v1::Refused {
    let retry_after_ms = match refusal {
        Refusal::SourceBusy { retry_after_ms } | Refusal::PoolFull { retry_after_ms } => *retry_after_ms,
        _ => 0,
    };
    v1::Refused { index: index as u32, reason: refusal.name().to_owned(), message: refusal.to_string(), retry_after_ms }
}

#[tonic::async_trait]
impl Chain for Grpc {
    type SubmitStreamStream = Answers<v1::SubmitResponse>;
    type SubscribeStream = Answers<v1::BlockResponse>;

    async fn submit(&self, request: Request<v1::SubmitRequest>) -> Result<Response<v1::SubmitResponse>, Status> {
        let caller = caller_of(&request);
        let _receipt = caller.as_ref().and_then(Caller::take_receipt);
        Self::submit_as(self.node.clone(), source_of(caller.as_ref()), request.into_inner()).await.map(Response::new)
    }

    async fn submit_stream(&self, request: Request<Streaming<v1::SubmitRequest>>) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let caller = caller_of(&request);
        let node = self.node.clone();
        // A body that was cut gives the same error each time that it is asked: the first one ends the requests.
        let messages = stream::unfold(Some(request.into_inner()), async |stream| {
            let mut stream = stream?;
            let message = stream.next().await?;
            let rest = message.is_ok().then_some(stream);
            Some((message, rest))
        });
        let answers = messages.map(move |message| {
            let (node, source) = (node.clone(), source_of(caller.as_ref()));
            let receipt = caller.as_ref().and_then(Caller::take_receipt);
            async move {
                let answer = Self::submit_as(node, source, message?).await;
                drop(receipt);
                answer
            }
        });
        Ok(Response::new(Box::pin(answers.buffer_unordered(STREAM_REQUESTS_MAX))))
    }

    async fn status(&self, _: Request<v1::ChainStatusRequest>) -> Result<Response<v1::ChainStatusResponse>, Status> {
        let node = self.node.clone();
        let status = read(move || node.status()).await?;
        Ok(Response::new(v1::ChainStatusResponse {
            chain_id: status.chain_id,
            suite: status.suite.to_owned(),
            height: status.height,
            head: hex::decode(&status.head).unwrap_or_default().into(),
            json: serde_json::to_string(&status).map_err(|error| Status::internal(error.to_string()))?,
        }))
    }

    async fn block(&self, request: Request<v1::BlockRequest>) -> Result<Response<v1::BlockResponse>, Status> {
        let v1::BlockRequest { height, latest, transactions } = request.into_inner();
        let height = if latest { self.node.height() } else { height };
        let block = Self::block_at(self.node.clone(), height, transactions).await?;
        block.map(Response::new).ok_or_else(|| not_found(&format!("block {height}")))
    }

    async fn transaction(&self, request: Request<v1::TransactionRequest>) -> Result<Response<v1::TransactionResponse>, Status> {
        let id = exactly("id", &request.into_inner().id)?;
        let node = self.node.clone();
        let found = read(move || node.transaction(&id)).await?;
        let (place, transaction) = found.ok_or_else(|| not_found("confirmed transaction of this identity"))?;
        Ok(Response::new(v1::TransactionResponse { height: place.height, index: place.index, transaction }))
    }

    async fn record(&self, request: Request<v1::RecordRequest>) -> Result<Response<v1::RecordResponse>, Status> {
        let digest = exactly("digest", &request.into_inner().digest)?;
        let node = self.node.clone();
        let place = read(move || node.record(&digest)).await?;
        let place = place.ok_or_else(|| not_found("record of this digest"))?;
        Ok(Response::new(v1::RecordResponse { height: place.height, index: place.index }))
    }

    async fn account(&self, request: Request<v1::AccountRequest>) -> Result<Response<v1::AccountResponse>, Status> {
        let address = exactly("address", &request.into_inner().address)?;
        let node = self.node.clone();
        let account = read(move || node.account(&address)).await?;
        Ok(Response::new(v1::AccountResponse {
            nonce: account.nonce,
            balance: Bytes::copy_from_slice(&account.balance.to_be_bytes()),
            permission: account.permission.name().to_owned(),
        }))
    }

    async fn entry(&self, request: Request<v1::EntryRequest>) -> Result<Response<v1::EntryResponse>, Status> {
        let v1::EntryRequest { owner, key } = request.into_inner();
        let owner = exactly("owner", &owner)?;
        let node = self.node.clone();
        let value = read(move || node.entry(&owner, &key)).await?;
        let value = value.ok_or_else(|| not_found("entry of this key"))?;
        Ok(Response::new(v1::EntryResponse { value: value.into() }))
    }

    async fn proof(&self, request: Request<v1::ProofRequest>) -> Result<Response<v1::ProofResponse>, Status> {
        let subject =
            request.into_inner().subject.ok_or_else(|| Status::invalid_argument("subject: name a transaction, an account or an entry"))?;
        let node = self.node.clone();
        let key = match subject {
            Subject::Transaction(id) => {
                let id = exactly("transaction", &id)?;
                let proof = read(move || node.transaction_proof(&id)).await?;
                return proof_message(&proof.ok_or_else(|| not_found("confirmed transaction of this identity"))?);
            }
            Subject::Account(address) => StateKey::Account(exactly("account", &address)?),
            Subject::Entry(v1::EntryRequest { owner, key }) => StateKey::Entry { owner: exactly("owner", &owner)?, key: key[..].into() },
        };
        proof_message(&node.state_proof(&key).await.map_err(Unread::from)?)
    }

    async fn subscribe(&self, request: Request<v1::SubscribeRequest>) -> Result<Response<Self::SubscribeStream>, Status> {
        let v1::SubscribeRequest { from, transactions } = request.into_inner();
        let permit = Arc::clone(&self.subscriptions).try_acquire_owned();
        let permit = permit
            .map_err(|_| Status::resource_exhausted(format!("there are {SUBSCRIPTIONS_MAX} subscriptions already: try again later")))?;
        let (sender, receiver) = mpsc::channel(SUBSCRIBER_BLOCKS_MAX);
        let node = self.node.clone();
        tokio::spawn(async move {
            let _permit = permit;
            let mut confirmed = node.subscribe();
            let mut next = if from == 0 { *confirmed.borrow() + 1 } else { from };
            loop {
                // Who is slow is waited for here: blocks are read when there is room for them.
                let height = tokio::select! {
                    () = sender.closed() => return,
                    height = confirmed.wait_for(|height| *height >= next) => height.map(|height| *height),
                };
                let Ok(height) = height else { return };
                while next <= height {
                    let block = match Self::block_at(node.clone(), next, transactions).await {
                        Ok(Some(block)) => Ok(block),
                        Ok(None) => Err(not_found(&format!("block {next}"))),
                        Err(status) => Err(status),
                    };
                    let is_last = block.is_err();
                    if sender.send(block).await.is_err() || is_last {
                        return;
                    }
                    next += 1;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver).chain(stream::empty()).boxed()))
    }
}

impl From<Unread> for Status {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Pruned(text) => Self::failed_precondition(text),
            Unread::Failed(text) => Self::internal(text),
        }
    }
}

fn proof_message(proof: &crate::proof::Proof) -> Result<Response<v1::ProofResponse>, Status> {
    let json = serde_json::to_string(proof).map_err(|error| Status::internal(error.to_string()))?;
    Ok(Response::new(v1::ProofResponse { json }))
}
