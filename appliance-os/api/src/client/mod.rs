//! The client: batches go to a service and verdicts come back, exactly one an item and in order, or an error says what happened.
//!
//! [`Client`] is for async code, [`Remote`] for all else: a back end like any other. Both cut large batches into messages that the server takes, keep a
//! bounded number of them in flight, and try again what may be tried again; verification changes nothing, so asking twice does no harm. With the feature
//! `signing` a service is a signer too (`RemoteSigner`).

mod address;
mod call;
mod chain;
mod connect;
mod error;
mod exchange;
mod items;
mod options;
mod remote;
mod retry;
mod shared;
#[cfg(feature = "signing")]
mod signing;
mod tls;

use std::{borrow::Borrow, sync::Arc};

use chainbox_engine::{
    backend::Hint,
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    hash::{Digest, Hash},
    verdict::Verdicts,
};
use futures_util::{Stream, StreamExt as _, stream};

use crate::v1;
use call::Call;
use exchange::answers;
use items::{DigestItems, Items, RecoverItems, VerifyItems};
use shared::Shared;

pub use address::{Address, AddressError};
pub use error::Error;
pub use options::Options;
pub use remote::Remote;
pub use retry::Retries;
#[cfg(feature = "signing")]
pub use signing::RemoteSigner;
pub use tls::{Identity, Tls};

/// The codes of gRPC, for [`Error::Refused`].
pub use tonic::Code;

/// A connection to a service. Clones share it; it is made again where it breaks.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

impl Client {
    /// Connects, and asks the server what it can do and which limits are in force.
    ///
    /// # Errors
    /// [`Error`] where the options make no sense, nobody answers there, or whoever answers is no Chainbox.
    pub async fn connect(address: &Address, options: Options) -> Result<Self, Error> {
        Ok(Self { shared: Arc::new(Shared::connect(address, options).await?) })
    }

    /// The server's address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.shared.address
    }

    /// What the server can do, and the limits in force for this client. Messages are cut by them from now on.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn capabilities(&self) -> Result<v1::CapabilitiesResponse, Error> {
        self.shared.capabilities().await
    }

    /// One verdict an item, in order.
    ///
    /// # Errors
    /// [`Error`] where the whole batch got no verdicts.
    pub async fn verify(&self, batch: &Batch) -> Result<Verdicts, Error> {
        let (verdicts, _) = self.ask(&VerifyItems { batch, want_hints: false }).await?;
        Ok(verdicts.into())
    }

    /// The same, and for each valid item the hint that was found on the way, where one was: the 32 bytes of y(R), big-endian.
    ///
    /// # Errors
    /// [`Error`] where the whole batch got no verdicts.
    pub async fn verify_and_hint(&self, batch: &Batch) -> Result<(Verdicts, Vec<Option<Hint>>), Error> {
        let (verdicts, hints) = self.ask(&VerifyItems { batch, want_hints: true }).await?;
        Ok((verdicts.into(), hints))
    }

    /// One key or reason an item, in order.
    ///
    /// # Errors
    /// [`Error`] where the whole batch got no answer.
    pub async fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Error> {
        let (verdicts, keys) = self.ask(&RecoverItems(batch)).await?;
        Ok(Recovered { verdicts: verdicts.into(), keys })
    }

    /// One digest a message, in order.
    ///
    /// # Errors
    /// [`Error`] where no digest was made.
    pub async fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Error> {
        self.ask(&DigestItems { hash, messages }).await
    }

    /// For those who produce without end: the verdicts of each batch, and hints where they are wanted, in the order of the batches. No more is taken from
    /// `batches` than the messages in flight hold. Nothing follows an error.
    pub fn verify_stream<S>(
        &self,
        batches: S,
        want_hints: bool,
    ) -> impl Stream<Item = Result<(Verdicts, Vec<Option<Hint>>), Error>> + Send + use<S>
    where
        S: Stream<Item: Borrow<Batch> + Send + Sync> + Send,
    {
        let items = batches.map(move |batch| VerifyItems { batch, want_hints });
        answers(Arc::clone(&self.shared), items).map(|answer| answer.map(|(verdicts, hints)| (verdicts.into(), hints)))
    }

    /// The same for the recovery of keys.
    pub fn recover_stream<S>(&self, batches: S) -> impl Stream<Item = Result<Recovered, Error>> + Send + use<S>
    where
        S: Stream<Item: Borrow<RecoveryBatch> + Send + Sync> + Send,
    {
        let answers = answers(Arc::clone(&self.shared), batches.map(RecoverItems));
        answers.map(|answer| answer.map(|(verdicts, keys)| Recovered { verdicts: verdicts.into(), keys }))
    }

    /// The same for digests.
    pub fn digest_stream<S>(&self, hash: Hash, messages: S) -> impl Stream<Item = Result<Vec<Digest>, Error>> + Send + use<S>
    where
        S: Stream<Item: Borrow<ByteColumn> + Send + Sync> + Send,
    {
        answers(Arc::clone(&self.shared), messages.map(move |messages| DigestItems { hash, messages }))
    }

    /// Asks about items. Limits that became stricter since they were asked for are asked for again, once.
    async fn ask<I: Items>(&self, items: &I) -> Result<<I::Call as Call>::Answers, Error> {
        let cut = self.shared.cut();
        match self.ask_once(items).await {
            Err(Error::Refused { code: Code::ResourceExhausted | Code::OutOfRange, retry_after: None, .. })
                if self.shared.capabilities().await.is_ok() && self.shared.cut() != cut =>
            {
                self.ask_once(items).await
            }
            result => result,
        }
    }

    /// What fits one message is a call of its own; more goes over a stream.
    async fn ask_once<I: Items>(&self, items: &I) -> Result<<I::Call as Call>::Answers, Error> {
        let mut all = Default::default();
        if items.len() == 0 {
            return Ok(all);
        }
        if self.shared.cut().end(items, 0)? == items.len() {
            let response = self.shared.call::<I::Call>(items.request(0..items.len())).await?;
            I::Call::append(&mut all, &response, items.len()).map_err(|error| self.shared.bad_answer(error))?;
            return Ok(all);
        }
        let mut answers = std::pin::pin!(answers(Arc::clone(&self.shared), stream::iter([items])));
        let answer = answers.next().await.unwrap_or_else(|| Err(self.shared.bad_answer("it ended without an answer")))?;
        // The stream ends in peace, or with one answer too many.
        answers.next().await.map_or(Ok(answer), |more| Err(more.err().unwrap_or_else(|| self.shared.bad_answer("it answered twice"))))
    }
}
