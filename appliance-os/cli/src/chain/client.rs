//! The commands' way to a chain that runs.

use std::path::PathBuf;

use chainbox_api::{
    client::{Address, Client, Options, Tls},
    v1::{self, chain_client::ChainClient},
};
use chainbox_service::settings::{Settings, Sources};
use clap::ValueHint;
use tonic::{Status, transport::Channel};

use super::ChainFolder;
use crate::{
    config::{FileArgs, refused},
    error::Error,
};

/// Which chain, and how its node is spoken to.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct ServerArgs {
    /// The node: http://HOST:PORT, https://HOST:PORT or unix:/PATH; the one of the settings or the data folder where none is named
    #[arg(long, value_name = "URL")]
    server: Option<Address>,

    /// https: who may vouch for the node, as a PEM file of certificates
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "server")]
    ca: Option<PathBuf>,

    #[command(flatten)]
    file: FileArgs,
}

impl ServerArgs {
    /// The settings, from which the node and its folder are known where no other is named.
    pub(crate) fn settings(&self) -> Result<Settings, Error> {
        let sources = self.file.sources(Sources::default_file(), []);
        Ok(Settings::load(&sources).map_err(|problems| refused(&problems))?.settings)
    }

    /// The chain's folder on this machine.
    pub(crate) fn folder(&self) -> Result<ChainFolder, Error> {
        Ok(ChainFolder::of(&self.settings()?.data))
    }

    /// Connects.
    pub(crate) async fn connect(&self) -> Result<Asker, Error> {
        let address = match &self.server {
            Some(address) => address.clone(),
            None => {
                let settings = self.settings()?;
                let socket = settings.socket.path.map(|path| std::path::absolute(&path).unwrap_or(path)).map(Address::Unix);
                let tcp =
                    || settings.grpc.listen.map(|listen| Address::Tcp { host: listen.ip().to_string(), port: listen.port(), tls: false });
                socket.or_else(tcp).ok_or_else(|| Error::new("the settings name no listener of gRPC: name the node with --server"))?
            }
        };
        let tls = self.ca.as_deref().map(|ca| Tls::from_files(ca, None)).transpose().map_err(|error| Error::new(error.to_string()))?;
        let client = Client::connect(&address, Options { tls, ..Options::default() }).await;
        let client = client.map_err(|error| Error::new(format!("{error}; is a node running there? `chainbox up` runs one")))?;
        Ok(Asker { chain: client.chain(), place: address.to_string() })
    }
}

/// A connection to a node.
pub(crate) struct Asker {
    pub(crate) chain: ChainClient<Channel>,
    place: String,
}

impl Asker {
    /// A failed call as the error of a command.
    pub(crate) fn failed(&self, status: &Status) -> Error {
        let place = &self.place;
        match status.code() {
            tonic::Code::Unimplemented => {
                Error::new(format!("the service at {place} runs no chain: `chainbox up` or `chainbox node run` does"))
            }
            _ => Error::new(format!("{place}: {}", status.message())),
        }
    }

    /// How the chain is.
    pub(crate) async fn status(&mut self) -> Result<v1::ChainStatusResponse, Error> {
        let answer = self.chain.status(v1::ChainStatusRequest {}).await;
        answer.map(tonic::Response::into_inner).map_err(|status| self.failed(&status))
    }
}

/// Runs what a command awaits.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Error::new(format!("cannot wait for answers: {error}")))?.block_on(work)
}
