//! What all clones of a client share.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout_at};
use tonic::{Request, Response, Status, metadata::AsciiMetadataValue, transport::Channel};

use super::{
    Address, Error, Options,
    call::{Call, Calling},
    connect,
    items::Cut,
};
use crate::v1::{self, Refusal, verification_client::VerificationClient};

/// The header of a request id.
const REQUEST_ID: &str = "x-request-id";

/// The longest request id in bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// The most bytes that an answer takes for an item: a key of 64 bytes and its verdict, or a hint, its length and its verdict; rounded up.
const ANSWER_BYTES_PER_ITEM: usize = 72;

/// What an answer may take beside that.
const ANSWER_HEAD_BYTES: usize = 1 << 20;

pub(super) struct Shared {
    pub address: Address,
    pub options: Options,
    channel: Channel,
    request_id: Option<AsciiMetadataValue>,
    /// As the server told last.
    limits: Mutex<v1::Limits>,
}

impl Shared {
    pub async fn connect(address: &Address, options: Options) -> Result<Self, Error> {
        let shared = Self {
            channel: connect::channel(address, &options)?,
            request_id: options.request_id.as_deref().map(request_id).transpose()?,
            limits: Mutex::default(),
            address: address.clone(),
            options,
        };
        let told = shared.capabilities_once().await.map_err(|error| match error {
            // A server of another kind, or one that refuses the client's certificate, hangs up instead of answering.
            Error::Broken { address, what } => Error::NotChainbox { address, what },
            error => error,
        })?;
        shared.keep(&told);
        Ok(shared)
    }

    /// What the server tells, tried again as all else.
    pub async fn capabilities(&self) -> Result<v1::CapabilitiesResponse, Error> {
        let mut tries = Tries::new(self, self.options.deadline);
        loop {
            match self.capabilities_once().await {
                Ok(told) => {
                    self.keep(&told);
                    return Ok(told);
                }
                Err(error) => tries.wait_after(error).await?,
            }
        }
    }

    async fn capabilities_once(&self) -> Result<v1::CapabilitiesResponse, Error> {
        let deadline = Instant::now() + self.options.deadline;
        let mut client = self.client();
        let answer = timeout_at(deadline, client.capabilities(self.request(v1::CapabilitiesRequest {}))).await;
        Ok(answer.map_err(|_| self.too_late(None))?.map_err(|status| self.error(&status))?.into_inner())
    }

    fn keep(&self, told: &v1::CapabilitiesResponse) {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = told.limits.unwrap_or_default();
    }

    /// The limits in force, as far as the server told. 0 says that there is none.
    pub fn limits(&self) -> v1::Limits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a message may hold: the server's limits and one's own.
    pub fn cut(&self) -> Cut {
        let limits = self.limits();
        Cut {
            items_max: at_most(self.options.message_items_max, limits.items_in_flight_max),
            bytes_max: at_most(at_most(self.options.message_bytes_max, limits.message_bytes_max), limits.bytes_in_flight_max),
        }
    }

    /// One message about items and its answer, tried again where that may help.
    pub async fn call<C: Call>(&self, message: C::Request) -> Result<C::Response, Error> {
        self.ask(message, self.options.deadline, |request| C::call(self.client(), request)).await
    }

    /// One message and its answer, tried again where that may help, for so long.
    pub async fn ask<Q: Clone, A>(
        &self,
        message: Q,
        time_max: Duration,
        call: impl Fn(Request<Q>) -> Calling<Response<A>>,
    ) -> Result<A, Error> {
        let mut tries = Tries::new(self, time_max);
        loop {
            let mut request = self.request(message.clone());
            request.set_timeout(tries.deadline.saturating_duration_since(Instant::now()));
            let error = match timeout_at(tries.deadline, call(request)).await {
                Ok(Ok(response)) => return Ok(response.into_inner()),
                Ok(Err(status)) => self.error(&status),
                Err(_) => return Err(tries.too_late()),
            };
            if matches!(error, Error::Deadline { .. }) {
                return Err(tries.too_late());
            }
            tries.wait_after(error).await?;
        }
    }

    pub fn client(&self) -> VerificationClient<Channel> {
        let bytes_max = ANSWER_HEAD_BYTES.saturating_add(self.options.message_items_max.saturating_mul(ANSWER_BYTES_PER_ITEM));
        VerificationClient::new(self.channel.clone()).max_decoding_message_size(bytes_max)
    }

    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(id) = &self.request_id {
            request.metadata_mut().insert(REQUEST_ID, id.clone());
        }
        request
    }

    pub fn error(&self, status: &Status) -> Error {
        Error::of_status(&self.address, status, self.options.deadline)
    }

    /// The error of a refusal on a stream.
    pub fn refused(&self, refusal: Refusal) -> Error {
        let retry_after = (refusal.retry_after_ms > 0).then(|| Duration::from_millis(refusal.retry_after_ms.into()));
        Error::Refused { address: self.address.clone(), code: refusal.code.into(), message: refusal.message, retry_after }
    }

    pub fn bad_answer(&self, what: impl ToString) -> Error {
        Error::BadAnswer { address: self.address.clone(), what: what.to_string() }
    }

    pub fn too_late(&self, last: Option<Error>) -> Error {
        Error::Deadline { address: self.address.clone(), after: self.options.deadline, last: last.map(|last| last.to_string()) }
    }
}

/// The smaller of a limit of one's own and one of the server's, where 0 is none.
pub(super) fn at_most(own: usize, servers: u64) -> usize {
    if servers == 0 { own } else { own.min(usize::try_from(servers).unwrap_or(usize::MAX)) }
}

fn request_id(id: &str) -> Result<AsciiMetadataValue, Error> {
    let is_visible = id.bytes().all(|byte| byte.is_ascii_graphic());
    let value = (is_visible && !id.is_empty() && id.len() <= REQUEST_ID_BYTES_MAX).then(|| id.parse().ok()).flatten();
    value.ok_or_else(|| Error::Options(format!("the request id {id:?} is not visible ASCII of 1 to {REQUEST_ID_BYTES_MAX} characters")))
}

/// The tries of one call.
struct Tries<'a> {
    shared: &'a Shared,
    time_max: Duration,
    deadline: Instant,
    failures: u32,
    last: Option<Error>,
}

impl<'a> Tries<'a> {
    fn new(shared: &'a Shared, time_max: Duration) -> Self {
        Self { shared, time_max, deadline: Instant::now() + time_max, failures: 0, last: None }
    }

    fn too_late(&mut self) -> Error {
        let (address, last) = (self.shared.address.clone(), self.last.take().map(|last| last.to_string()));
        Error::Deadline { address, after: self.time_max, last }
    }

    /// Waits until another try may help.
    ///
    /// # Errors
    /// The error where none would, where there were enough, or where the deadline passes before.
    async fn wait_after(&mut self, error: Error) -> Result<(), Error> {
        self.failures += 1;
        let Some(hint) = error.retry().filter(|_| self.failures < self.shared.options.retries.tries_max) else { return Err(error) };
        let until = Instant::now() + self.shared.options.retries.wait(self.failures, hint);
        if until >= self.deadline {
            self.last = Some(error);
            return Err(self.too_late());
        }
        self.last = Some(error);
        sleep(until.saturating_duration_since(Instant::now())).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_visible_and_short() {
        assert!(request_id("block-17/a").is_ok());
        for id in ["", "two words", "line\n", "ü", &"x".repeat(129)] {
            assert!(request_id(id).unwrap_err().to_string().contains("visible ASCII"), "{id}");
        }
    }

    #[test]
    fn no_limit_of_the_server_is_none() {
        assert_eq!([at_most(5, 0), at_most(5, 4), at_most(5, 6)], [5, 4, 5]);
    }
}
