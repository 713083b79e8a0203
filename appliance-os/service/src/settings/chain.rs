//! The chain that runs beside the service.

use std::time::Duration;

use chainbox_hsm::Label;

/// The chain that runs beside the service, where one does. None of it is what its nodes agree on: that is in the genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The key of the signing device that votes; `None` for the one in the chain's own file.
    pub vote_key: Option<Label>,
    /// The least time from one block to the next.
    pub block_interval: Duration,
    /// Transactions that wait to be checked.
    pub unchecked_max: usize,
    /// Those of one source.
    pub source_unchecked_max: usize,
    /// Transactions that wait for a block.
    pub pool_transactions_max: usize,
    /// Their bytes.
    pub pool_bytes_max: usize,
    /// Those of one sender.
    pub sender_transactions_max: usize,
    /// How long a transaction waits for those of its sender before it.
    pub gap_time_max: Duration,
    /// Memory for what was read of the state, in bytes.
    pub cache_bytes: usize,
    /// Blocks from one snapshot of the state to the next; 0 for none.
    pub snapshot_blocks: usize,
    /// Blocks that are kept, where there are snapshots; 0 for all.
    pub keep_blocks: usize,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            vote_key: None,
            block_interval: Duration::from_millis(20),
            unchecked_max: 100_000,
            source_unchecked_max: 50_000,
            pool_transactions_max: 200_000,
            pool_bytes_max: 256 << 20,
            sender_transactions_max: 20_000,
            gap_time_max: Duration::from_secs(30),
            cache_bytes: 128 << 20,
            snapshot_blocks: 0,
            keep_blocks: 0,
        }
    }
}
