//! The chain of a service.

use tonic::transport::Channel;

use super::Client;
use crate::v1::chain_client::ChainClient;

/// The largest answer that is taken, in bytes: a block, or a record in it.
const ANSWER_BYTES_MAX: usize = 256 << 20;

impl Client {
    /// The chain that the service runs, over the same connection. A service without one answers `UNIMPLEMENTED`.
    #[must_use]
    pub fn chain(&self) -> ChainClient<Channel> {
        ChainClient::new(self.shared.channel()).max_decoding_message_size(ANSWER_BYTES_MAX).max_encoding_message_size(ANSWER_BYTES_MAX)
    }
}
