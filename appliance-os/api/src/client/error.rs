//! What can go wrong between a client and a server.

use std::{error::Error as StdError, io, time::Duration};

use tonic::{Code, ConnectError, Status, TimeoutExpired};
use tonic_types::StatusExt as _;

use super::{Address, AddressError};

/// Why there are no verdicts. Nothing is said about the items: they can be asked about again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What was given is no address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The options contradict the address or one another.
    #[error("the client's options: {0}")]
    Options(String),
    /// Certificates or keys cannot be used.
    #[error("TLS: {0}")]
    Tls(String),
    /// No connection could be made.
    #[error("cannot connect to {address}: {what}")]
    CannotConnect {
        /// The server.
        address: Address,
        /// What happened, and what may help.
        what: String,
    },
    /// The connection broke, and so did the next ones.
    #[error("the connection to {address} broke: {what}: the server may have stopped; its log says more")]
    Broken {
        /// The server.
        address: Address,
        /// What happened.
        what: String,
    },
    /// Nobody answers there as a Chainbox does.
    #[error("{address} does not answer as a Chainbox service does: {what}: check the address, http or https, and the client's certificate")]
    NotChainbox {
        /// The address.
        address: Address,
        /// What happened.
        what: String,
    },
    /// The server refused, and went on to where trying again was of use.
    #[error("{address} refused the request ({code:?}): {message}")]
    Refused {
        /// The server.
        address: Address,
        /// The code of gRPC.
        code: Code,
        /// What the server says.
        message: String,
        /// When the server says to try again; `None` where it does not.
        retry_after: Option<Duration>,
    },
    /// No answer came in time.
    #[error("no answer from {address} within {after:?}{}: the server is overloaded or hangs, or the deadline is too short", last_of(last))]
    Deadline {
        /// The server.
        address: Address,
        /// How long was waited.
        after: Duration,
        /// Why the last try before failed, where there was one.
        last: Option<String>,
    },
    /// The server answered with something that is no answer.
    #[error("{address} gave an answer that cannot be used: {what}: client and server may be of versions that do not fit")]
    BadAnswer {
        /// The server.
        address: Address,
        /// What is wrong with it.
        what: String,
    },
    /// One item alone is larger than a message may be.
    #[error(
        "item {index} takes {bytes} bytes and a message at most {bytes_max}: send its digest instead, or raise the limit of the server and the client"
    )]
    ItemTooLarge {
        /// Its place in the batch.
        index: usize,
        /// What it takes in a message.
        bytes: usize,
        /// What a message may take.
        bytes_max: usize,
    },
    /// The system gives what the client needs no more.
    #[error("cannot start the client: {0}")]
    System(String),
}

fn last_of(last: &Option<String>) -> String {
    last.as_ref().map_or_else(String::new, |last| format!(" (the last try before: {last})"))
}

impl Error {
    /// What a call ended with.
    pub(super) fn of_status(address: &Address, status: &Status, deadline: Duration) -> Self {
        let address = address.clone();
        let chain: Vec<&dyn StdError> = std::iter::successors(StdError::source(status), |error| (*error).source()).collect();
        if chain.iter().any(|error| error.is::<TimeoutExpired>()) {
            return Self::Deadline { address, after: deadline, last: None };
        }
        if let Some(place) = chain.iter().position(|error| error.is::<ConnectError>()) {
            let what = texts(&chain[place + 1..]).unwrap_or_else(|| chain[place].to_string());
            let remedy = chain.iter().find_map(|error| error.downcast_ref()).map_or("", remedy);
            return Self::CannotConnect { address, what: format!("{what}{remedy}") };
        }
        // What the server says has no source: it came over a connection that works.
        if let Some(what) = texts(&chain) {
            return Self::Broken { address, what };
        }
        // The server keeps the client's deadline too, and may be the first to say that it is over; tonic's own says CANCELLED then.
        if matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled) {
            return Self::Deadline { address, after: deadline, last: None };
        }
        let message = status.message().to_owned();
        match status.code() {
            Code::Unimplemented => Self::NotChainbox { address, what: message },
            code => {
                let retry_after = status.get_details_retry_info().and_then(|info| info.retry_delay);
                Self::Refused { address, code, message, retry_after }
            }
        }
    }

    /// How long to wait at least before the same may be tried again, zero where nobody says; `None` where it would fail again.
    pub(super) fn retry(&self) -> Option<Duration> {
        match self {
            Self::CannotConnect { .. } | Self::Broken { .. } => Some(Duration::ZERO),
            Self::Refused { code: Code::Unavailable, retry_after, .. } => Some(retry_after.unwrap_or_default()),
            Self::Refused { code: Code::ResourceExhausted, retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// What may help where a connection could not be made.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => ": is the service running there? (`chainbox serve` starts it)",
        io::ErrorKind::PermissionDenied => ": the owner and the mode of the socket say who may use it",
        io::ErrorKind::InvalidData => ": is the authority the one that vouches for this server, and is the server of that name?",
        _ => "",
    }
}

/// The texts of a chain of errors in one line, without those that repeat what stands before; `None` for no error.
fn texts(chain: &[&dyn StdError]) -> Option<String> {
    let mut line = chain.first()?.to_string();
    for error in &chain[1..] {
        let text = error.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
    }
    Some(line)
}
