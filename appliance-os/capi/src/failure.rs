//! Why a call gave no answer.

use chainbox_api::convert::Malformed;
use chainbox_engine::backend::Fault;

use crate::abi::Status;

/// Why a call gave no answer, as the caller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub status: Status,
    /// When to try again, in milliseconds; 0 where that will not help or nobody said.
    pub retry_after_ms: u32,
    pub message: String,
}

impl Failure {
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, retry_after_ms: 0, message: message.into() }
    }

    /// The caller's mistake.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new(Status::BadArgument, message)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let status = match fault {
            Fault::Unsupported { .. } => Status::BadArgument,
            Fault::Device { .. } => Status::Internal,
        };
        Self::new(status, fault.to_string())
    }
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Unknown { field, value } => Self::argument(format!("{field} is {value}: no number of enum chainbox_{field}")),
            other => Self::argument(other.to_string()),
        }
    }
}
