//! What a client can be told.

use std::time::Duration;

use super::{Retries, Tls};

/// What a client can be told. A server's limits win over larger ones here.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a message may go without its answer, all tries together. A batch of many messages takes longer as long as answers keep coming.
    pub deadline: Duration,
    /// How long it may take to connect, a TLS handshake included.
    pub connect_time_max: Duration,
    /// When to try again.
    pub retries: Retries,
    /// Needed for an https address, and for no other.
    pub tls: Option<Tls>,
    /// Messages of one stream that are sent and not yet answered.
    pub messages_in_flight_max: usize,
    /// Items of a message.
    pub message_items_max: usize,
    /// Bytes of a message.
    pub message_bytes_max: usize,
    /// Sent with every call as `x-request-id`, for the server's log: visible ASCII, at most 128 characters.
    pub request_id: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            connect_time_max: Duration::from_secs(5),
            retries: Retries::default(),
            tls: None,
            messages_in_flight_max: 4,
            message_items_max: 16_384,
            message_bytes_max: 4 << 20,
            request_id: None,
        }
    }
}
