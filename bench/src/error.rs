//! Why a measurement gave no figures.

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
}

impl From<ColumnFull> for Error {
    fn from(full: ColumnFull) -> Self {
        Self::Item(full.into())
    }
}
