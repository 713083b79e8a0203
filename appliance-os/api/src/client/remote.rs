//! A server as a back end.

use std::fmt;

use chainbox_engine::{
    backend::{self, Backend, Fault, Hint},
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    hash::{Digest, Hash},
    scheme::Scheme,
    verdict::Verdicts,
};
use nix::sys::signal::{SigSet, Signal};
use tokio::runtime::{Builder, Runtime};

use super::{Address, Client, Error, Options};
use crate::{convert, v1};

/// The name of the back end.
const NAME: &str = "remote";

/// A blocking client for threads without a runtime: a back end like any other, for many threads at once. It takes batches of any size.
///
/// It has a runtime of its own, with one thread. Do not use it in async code, which it would block: [`Client`] is for that.
pub struct Remote {
    client: Client,
    capabilities: backend::Capabilities,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("address", self.address()).finish_non_exhaustive()
    }
}

impl Remote {
    /// Connects, and asks the server what it can do.
    ///
    /// # Errors
    /// [`Error`] where the options make no sense, nobody answers there, or whoever answers is no Chainbox.
    pub fn connect(address: &Address, options: Options) -> Result<Self, Error> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("remote").on_thread_start(block_sigpipe).enable_all();
        let runtime = builder.build().map_err(|error| Error::System(error.to_string()))?;
        let address = address.clone();
        // Spawned, so that whatever writes to the connection, its making too, stays on the threads of the runtime.
        let connecting = runtime.spawn(async move {
            let client = Client::connect(&address, options).await?;
            let told = client.capabilities().await?;
            Ok::<_, Error>((client, told))
        });
        let (client, told) = runtime.block_on(connecting).map_err(|error| Error::System(error.to_string()))??;
        Ok(Self { client, capabilities: capabilities_of(&told), runtime: Some(runtime) })
    }

    /// The server's address.
    #[must_use]
    pub fn address(&self) -> &Address {
        self.client.address()
    }

    /// What the server can do, and the limits in force for this client.
    ///
    /// # Errors
    /// [`Error`].
    pub fn server(&self) -> Result<v1::CapabilitiesResponse, Error> {
        self.wait(self.client.capabilities())
    }

    /// The client behind it, for those who want to know what went wrong: a [`Fault`] has the text alone. [`Self::wait`] waits for its answers.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Waits for an answer of the client.
    ///
    /// # Errors
    /// That of the client.
    pub fn wait<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.runtime.as_ref().map_or_else(|| Err(Error::System("it is being dropped".to_owned())), |runtime| runtime.block_on(answer))
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // Waits for nobody, so that it may be dropped anywhere.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A write to a connection that the server has closed raises SIGPIPE in the thread that writes, which ends a program that is not Rust's own and does
/// not ignore it. Where it is blocked, the write says the same by its error.
fn block_sigpipe() {
    // It fails for what is no signal, and for nothing else.
    let _ = SigSet::from(Signal::SIGPIPE).thread_block();
}

/// What this client knows of what the server can do.
fn capabilities_of(told: &v1::CapabilitiesResponse) -> backend::Capabilities {
    let schemes = Scheme::ALL.into_iter().filter(|&scheme| told.schemes.contains(&convert::scheme_to_proto(scheme).into()));
    let hashes = Hash::ALL.into_iter().filter(|&hash| told.hashes.contains(&convert::hash_to_proto(hash).into()));
    backend::Capabilities {
        schemes: schemes.collect(),
        recovery: told.recovery,
        hashes: hashes.collect(),
        // The client cuts what is larger than a message.
        batch_items_max: usize::MAX,
        batch_bytes_max: usize::MAX,
        inline_items_max: 0,
        shares_cores: false,
    }
}

fn fault(error: Error) -> Fault {
    Fault::Device { backend: NAME.to_owned(), what: error.to_string() }
}

impl Backend for Remote {
    fn name(&self) -> &str {
        NAME
    }

    /// As the server told when it was connected to.
    fn capabilities(&self) -> backend::Capabilities {
        self.capabilities.clone()
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        self.wait(self.client.verify(batch)).map_err(fault)
    }

    fn verify_and_hint(&self, batch: &Batch) -> Result<(Verdicts, Vec<Option<Hint>>), Fault> {
        self.wait(self.client.verify_and_hint(batch)).map_err(fault)
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        self.wait(self.client.recover(batch)).map_err(fault)
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        self.wait(self.client.digest(hash, messages)).map_err(fault)
    }
}
