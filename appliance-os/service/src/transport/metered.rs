//! A request's body that takes the bytes of each message from the budgets before it lets the message through.
//!
//! A gRPC message says its length first (a byte of flags and four of length, big-endian), and who decodes it reserves memory for all of it. So the
//! length is looked at here, and its last byte is passed on only when the bytes are there: a call of one message that finds none is refused at once,
//! a stream waits, and HTTP/2's flow control holds its sender back.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};
use tonic::Status;

use super::call::{Call, Receipt};
use crate::{
    budget::{Budget, NeverFits, Permit},
    grpc::status,
};

/// The length of a message's head.
const HEAD_BYTES: usize = 5;

/// What a message costs beside its bytes: what is kept of a request until it is answered.
pub const MESSAGE_OVERHEAD_BYTES: usize = 4096;

/// When a client that met a full budget may try again.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// What the bytes of messages are measured against.
#[derive(Clone)]
pub struct Allowance {
    /// The bytes of one message.
    pub message_bytes_max: usize,
    /// How long a message may take from its first byte to its last.
    pub transfer_time_max: Duration,
    /// The bytes of all sources.
    pub all: Arc<Budget>,
    /// Whether to wait for bytes (a stream) instead of refusing (one message).
    pub waits: bool,
}

type Taking = Pin<Box<dyn Future<Output = Result<[Permit; 2], NeverFits>> + Send>>;

/// The body.
pub struct Metered<B> {
    inner: B,
    call: Arc<Call>,
    allowance: Allowance,
    /// Bytes that arrived and were not passed on: they begin with (the rest of) a head.
    held: Bytes,
    /// How much of the current head was passed on or is at the front of `held`, and its length as far as it is known.
    head: [u8; HEAD_BYTES],
    head_len: usize,
    /// Bytes of the current message that have not been passed on.
    remaining: usize,
    taking: Option<Taking>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<B> Metered<B> {
    /// Meters a body. What is received is noted in the call.
    pub fn new(inner: B, call: Arc<Call>, allowance: Allowance) -> Self {
        // A call of one message is late from the begin on, a stream only within a message.
        let deadline = (!allowance.waits).then(|| Box::pin(sleep(allowance.transfer_time_max)));
        Self { inner, call, allowance, held: Bytes::new(), head: [0; HEAD_BYTES], head_len: 0, remaining: 0, taking: None, deadline }
    }

    /// Passes on what may be passed on of the bytes that are held: up to the end of a message, or up to the last byte of a head whose message has no
    /// permit yet. `None` where that is nothing.
    fn next_part(&mut self) -> Result<Option<Bytes>, Status> {
        if self.held.is_empty() {
            return Ok(None);
        }
        if self.remaining > 0 {
            let part = self.held.split_to(self.remaining.min(self.held.len()));
            self.remaining -= part.len();
            if self.remaining == 0 {
                self.deadline = None;
            }
            return Ok(Some(part));
        }
        let missing = HEAD_BYTES - self.head_len;
        if self.held.len() < missing {
            let part = std::mem::take(&mut self.held);
            self.head[self.head_len..][..part.len()].copy_from_slice(&part);
            self.head_len += part.len();
            return Ok(Some(part));
        }
        self.head[self.head_len..].copy_from_slice(&self.held[..missing]);
        let [_, length @ ..] = self.head;
        self.begin_message(u32::from_be_bytes(length) as usize)?;
        Ok(None)
    }

    /// A head is complete: takes the bytes of its message.
    fn begin_message(&mut self, length: usize) -> Result<(), Status> {
        let max = self.allowance.message_bytes_max;
        if length > max {
            return Err(status::too_large(&format!(
                "the message has {length} bytes and may have {max}: send its items in several messages"
            )));
        }
        let amount = length + MESSAGE_OVERHEAD_BYTES;
        let (own, all) = (Arc::clone(&self.call.source.bytes), Arc::clone(&self.allowance.all));
        let never = |NeverFits { max }| {
            status::too_large(&format!("the message has {length} bytes, and this source may have {max} in flight: send smaller ones"))
        };
        if self.allowance.waits {
            self.taking = Some(Box::pin(async move { Ok([own.take(amount).await?, all.take(amount).await?]) }));
            return Ok(());
        }
        let full = |whose: &str| {
            status::busy(&format!("the bytes in flight of {whose} are at their limit: wait for answers before sending more"), RETRY_AFTER)
        };
        let own = own.try_take(amount).map_err(never)?.ok_or_else(|| full("this source"))?;
        let all = all.try_take(amount).map_err(never)?.ok_or_else(|| full("all sources"))?;
        self.granted([own, all]);
        Ok(())
    }

    /// The message may pass.
    fn granted(&mut self, permits: [Permit; 2]) {
        self.call.received(Receipt { _permits: permits });
        let [_, length @ ..] = self.head;
        // The rest of the head goes with the message.
        self.remaining = HEAD_BYTES - self.head_len + u32::from_be_bytes(length) as usize;
        self.head_len = 0;
        let deadline = Instant::now() + self.allowance.transfer_time_max;
        match &mut self.deadline {
            Some(_) if !self.allowance.waits => {}
            Some(sleep) => sleep.as_mut().reset(deadline),
            None => self.deadline = Some(Box::pin(sleep(self.allowance.transfer_time_max))),
        }
    }

    fn check_deadline(&mut self, context: &mut Context<'_>) -> Result<(), Status> {
        let is_over = self.deadline.as_mut().is_some_and(|sleep| sleep.as_mut().poll(context).is_ready());
        if !is_over {
            return Ok(());
        }
        Err(Status::deadline_exceeded(format!(
            "the message did not arrive within {} s: send smaller ones, or raise limits.transfer_seconds_max",
            self.allowance.transfer_time_max.as_secs()
        )))
    }
}

impl<B> Body for Metered<B>
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        loop {
            if let Some(taking) = &mut this.taking {
                let taken = ready!(taking.as_mut().poll(context));
                this.taking = None;
                match taken {
                    Ok(permits) => this.granted(permits),
                    Err(NeverFits { max }) => {
                        let text = format!("the message is larger than the {max} bytes that this source may have in flight");
                        return Poll::Ready(Some(Err(status::too_large(&text))));
                    }
                }
            }
            match this.next_part() {
                Ok(Some(part)) => return Poll::Ready(Some(Ok(Frame::data(part)))),
                Ok(None) if this.taking.is_some() || !this.held.is_empty() => continue,
                Ok(None) => {}
                Err(status) => return Poll::Ready(Some(Err(status))),
            }
            match Pin::new(&mut this.inner).poll_frame(context) {
                Poll::Pending => {
                    return match this.check_deadline(context) {
                        Ok(()) => Poll::Pending,
                        Err(status) => Poll::Ready(Some(Err(status))),
                    };
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(Err(Status::unavailable(format!("the connection broke within a request: {error}")))));
                }
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => this.held = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers.map_data(|_: Bytes| Bytes::new())))),
                },
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.taking.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
