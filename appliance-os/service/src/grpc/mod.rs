//! The methods of `chainbox.v1.Verification`: messages become work, answers become messages.

mod kinds;
pub mod signing;
pub mod status;

use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use chainbox_api::{convert, v1};
use futures_util::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, Streaming};
use tracing::debug;

use crate::{
    backends::{BackendHealth, BackendReport},
    live::Live,
    log,
    metrics::Metrics,
    transport::call::{Call, Receipt},
    work::{Payload, Pending, Unanswered, Work},
};
use kinds::Kind;

/// Messages of one stream that are accepted and not yet answered: enough to keep all lanes busy.
const STREAM_MESSAGES_MAX: usize = 8;

/// What answers the calls.
#[derive(Clone)]
pub struct Grpc {
    /// Where the work is done.
    pub work: Work,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The limits in force.
    pub live: Arc<Live>,
    /// Cancelled in a shutdown: streams take no more messages.
    pub closing: CancellationToken,
}

/// How a request that finds no room is treated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Full {
    /// It is refused.
    Refuse,
    /// It waits: it is one of a stream, which is held back.
    Wait,
}

impl Grpc {
    async fn one<K: Kind>(&self, request: Request<K::Request>) -> Result<Response<K::Response>, Status> {
        let call = call_of(&request)?;
        let answered = self.answer::<K>(&call, K::METHOD, request.into_inner(), Full::Refuse).await;
        answered.map(Response::new)
    }

    async fn answer<K: Kind>(&self, call: &Call, method: &'static str, request: K::Request, full: Full) -> Result<K::Response, Status> {
        let begin = Instant::now();
        let payload = self.payload::<K>(call, request);
        let (items, answer) = match payload {
            Ok(payload) => {
                let items = payload.items();
                let accepted = self.accept(call, payload, full).await;
                let answer = match accepted {
                    Ok(pending) => pending.await,
                    Err(unanswered) => Err(unanswered),
                };
                (items, answer.map_err(|unanswered| status::of_unanswered(&unanswered)))
            }
            Err(status) => (0, Err(status)),
        };
        let response = answer.and_then(|answer| {
            let invalid = answer.invalid(0..items);
            self.metrics.answered_to(&call.source, items - invalid, invalid);
            call.source.answered(items, invalid);
            K::response(&answer).ok_or_else(|| Status::internal("the answer is to something else"))
        });
        self.note(call, method, items, begin, response.as_ref().err());
        response
    }

    /// What is asked. More items than may be are refused before anything is made of them: an item may be three bytes of a message.
    fn payload<K: Kind>(&self, call: &Call, request: K::Request) -> Result<Payload, Status> {
        let (items, items_max) = (K::items(&request), self.work.request_items_max(call.source.id));
        if items > items_max {
            return Err(status::too_large(&format!(
                "the message has {items} items and this source may send {items_max}: send several messages"
            )));
        }
        K::payload(request).map_err(|malformed| status::of_malformed(&malformed))
    }

    async fn accept(&self, call: &Call, payload: Payload, full: Full) -> Result<Pending, Unanswered> {
        match full {
            Full::Refuse => self.work.submit(call.source.id, payload),
            Full::Wait => self.work.submit_when_room(call.source.id, payload).await,
        }
    }

    /// Counts a request, and writes it to the log.
    fn note(&self, call: &Call, method: &'static str, items: usize, begin: Instant, failed: Option<&Status>) {
        let time = begin.elapsed();
        call.note();
        match failed {
            None => {
                self.metrics.request(method, status::name(Code::Ok), time);
                let (request_id, source) = (&*call.request_id, &*call.source.name);
                debug!(request_id, source, method, items, us = time.as_micros(), "answered");
            }
            Some(status) => note_refusal(&self.metrics, call, method, time, status),
        }
    }

    fn stream<K: Kind>(&self, request: Request<Streaming<K::Tagged>>) -> Result<Response<Responses<K::TaggedResponse>>, Status> {
        let call = call_of(&request)?;
        let grpc = self.clone();
        // In a shutdown a stream ends after the answers to what was read; its client knows what has none.
        let messages = request.into_inner().take_until(self.closing.clone().cancelled_owned());
        let responses = messages.map(move |message| {
            let (grpc, call) = (grpc.clone(), Arc::clone(&call));
            async move {
                // What cannot be read ends the stream, after the answers to what was read before.
                let (tag, request) = K::untag(message?);
                let receipt = call.take_receipt();
                let response = match request {
                    Some(request) => grpc.answer::<K>(&call, K::STREAM_METHOD, request, Full::Wait).await,
                    None => {
                        let status = Status::invalid_argument("the message has a tag and no request: set both");
                        grpc.note(&call, K::STREAM_METHOD, 0, Instant::now(), Some(&status));
                        Err(status)
                    }
                };
                Ok((K::tag(tag, response.map_err(|status| status::refusal(&status))), receipt))
            }
        });
        // The bytes of a message are given back when its response leaves.
        let leave = |answered: Result<(K::TaggedResponse, Option<Receipt>), Status>| answered.map(|(response, _)| response);
        Ok(Response::new(Box::pin(responses.buffered(STREAM_MESSAGES_MAX).map(leave))))
    }
}

/// Counts a request that has no answer, and writes it to the log.
pub fn note_refusal(metrics: &Metrics, call: &Call, method: &str, time: Duration, status: &Status) {
    metrics.request(method, status::name(status.code()), time);
    metrics.refused_to(&call.source);
    call.source.refused();
    log::refusal(&call.request_id, &call.source.name, method, status);
}

/// What is known of the call.
fn call_of<T>(request: &Request<T>) -> Result<Arc<Call>, Status> {
    request.extensions().get::<Arc<Call>>().cloned().ok_or_else(|| Status::internal("the call has no source"))
}

/// The responses of a stream.
type Responses<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl v1::verification_server::Verification for Grpc {
    type VerifyStreamStream = Responses<v1::VerifyStreamResponse>;
    type RecoverStreamStream = Responses<v1::RecoverStreamResponse>;
    type DigestStreamStream = Responses<v1::DigestStreamResponse>;

    async fn verify(&self, request: Request<v1::VerifyRequest>) -> Result<Response<v1::VerifyResponse>, Status> {
        self.one::<kinds::Verify>(request).await
    }

    async fn verify_stream(
        &self,
        request: Request<Streaming<v1::VerifyStreamRequest>>,
    ) -> Result<Response<Self::VerifyStreamStream>, Status> {
        self.stream::<kinds::Verify>(request)
    }

    async fn recover(&self, request: Request<v1::RecoverRequest>) -> Result<Response<v1::RecoverResponse>, Status> {
        self.one::<kinds::Recover>(request).await
    }

    async fn recover_stream(
        &self,
        request: Request<Streaming<v1::RecoverStreamRequest>>,
    ) -> Result<Response<Self::RecoverStreamStream>, Status> {
        self.stream::<kinds::Recover>(request)
    }

    async fn digest(&self, request: Request<v1::DigestRequest>) -> Result<Response<v1::DigestResponse>, Status> {
        self.one::<kinds::Digest>(request).await
    }

    async fn digest_stream(
        &self,
        request: Request<Streaming<v1::DigestStreamRequest>>,
    ) -> Result<Response<Self::DigestStreamStream>, Status> {
        self.stream::<kinds::Digest>(request)
    }

    async fn capabilities(&self, request: Request<v1::CapabilitiesRequest>) -> Result<Response<v1::CapabilitiesResponse>, Status> {
        let source = &call_of(&request)?.source;
        let capabilities = self.work.cpu().capabilities();
        let ready = |report: BackendReport| v1::Backend { ready: report.state == BackendHealth::Admitted, name: report.name };
        let limits = &self.live.limits();
        Ok(Response::new(v1::CapabilitiesResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schemes: capabilities.schemes.iter().map(|scheme| convert::scheme_to_proto(*scheme).into()).collect(),
            hashes: capabilities.hashes.iter().map(|hash| convert::hash_to_proto(*hash).into()).collect(),
            recovery: capabilities.recovery,
            backends: self.work.reports().into_iter().map(ready).collect(),
            limits: Some(v1::Limits {
                message_bytes_max: limits.message_bytes_max as u64,
                items_in_flight_max: self.work.request_items_max(source.id) as u64,
                bytes_in_flight_max: source.bytes_max() as u64,
                queue_ms_max: limits.queue_time_max.as_millis() as u64,
            }),
            source: source.name.clone(),
        }))
    }
}
