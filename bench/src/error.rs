//! Why a measurement gave no figures.

use std::path::Path;

use chainbox_engine::{
    backend::Fault,
    batch::{ColumnFull, ItemError},
};
use chainbox_workloads::SpecError;

/// Why a measurement gave no figures.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A contender's answer is not the expected one.
    #[error("{contender} answered item {index} of {items} wrongly: a rate of wrong answers means nothing")]
    WrongAnswer {
        /// Who answered.
        contender: String,
        /// The first item with a wrong answer.
        index: usize,
        /// The number of items.
        items: usize,
    },
    /// The back end gave no verdicts.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The system gives no more threads.
    #[error("no pool of threads for the peers: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The items cannot be made.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The items do not fit a batch.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// The service gave no verdicts.
    #[error(transparent)]
    Client(#[from] chainbox_api::client::Error),
    /// The service could not be started.
    #[error("no service for the measurement: {program} serve: {what}")]
    Server {
        /// The program.
        program: String,
        /// What happened.
        what: String,
    },
    /// The stand-in of a node gave no figures.
    #[error("no stand-in of a node for the measurement: {0}")]
    Node(String),
    /// A chain gave no figures.
    #[error("no chain for the measurement: {0}")]
    Chain(String),
    /// No certificates could be made.
    #[error("no certificates for the measurement: {0}")]
    Certificates(#[from] rcgen::Error),
    /// A file or a limit of the system.
    #[error("{place}: {error}")]
    System {
        /// The file, or what else was asked for.
        place: String,
        /// What the system says.
        error: std::io::Error,
    },
}

impl Error {
    /// A file that could not be used.
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        Self::System { place: path.display().to_string(), error }
    }
}

impl From<ColumnFull> for Error {
    fn from(full: ColumnFull) -> Self {
        Self::Item(full.into())
    }
}
