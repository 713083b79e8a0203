//! Why a call gave no answer.

use std::time::Duration;

use chainbox_api::{client, convert::Malformed};
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

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        use client::Error as E;
        let (status, retry_after) = match &error {
            E::Address(_) | E::Options(_) | E::Tls(_) => (Status::BadArgument, None),
            E::CannotConnect { .. } | E::Broken { .. } | E::NotChainbox { .. } => (Status::Connection, None),
            E::Refused { code, retry_after, .. } => (status_of(*code), *retry_after),
            E::ItemTooLarge { .. } => (Status::Refused, None),
            E::Deadline { .. } => (Status::Deadline, None),
            E::BadAnswer { .. } | E::System(_) => (Status::Internal, None),
        };
        Self { status, retry_after_ms: retry_after.map_or(0, milliseconds), message: error.to_string() }
    }
}

/// What a code of gRPC means here, where the server sent it.
const fn status_of(code: client::Code) -> Status {
    match code {
        client::Code::InvalidArgument => Status::BadArgument,
        client::Code::DeadlineExceeded => Status::Deadline,
        client::Code::Unknown | client::Code::Internal | client::Code::DataLoss => Status::Internal,
        _ => Status::Refused,
    }
}

/// Rounded up: 0 would say that trying again does not help.
fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_nanos().div_ceil(1_000_000).max(1)).unwrap_or(u32::MAX)
}
