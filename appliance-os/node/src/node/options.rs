//! How a node is run.

use std::{num::NonZero, thread, time::Duration};

use super::Keep;
use crate::{
    pool::{GateLimits, PoolLimits},
    state::StateOptions,
    store::StoreOptions,
};

/// How a node is run. None of it changes what it decides.
#[derive(Clone, Copy, Debug)]
pub struct NodeOptions {
    /// The bounds of what waits to be checked.
    pub gate: GateLimits,
    /// The bounds of the pool.
    pub pool: PoolLimits,
    /// How much of the state is kept in memory.
    pub state: StateOptions,
    /// How the store is laid out.
    pub store: StoreOptions,
    /// What is kept on the disk.
    pub keep: Keep,
    /// Threads that check transactions, and that execute blocks.
    pub threads: usize,
    /// The least time from one block to the next: what comes in it goes into one block.
    pub block_interval: Duration,
    /// How often the database is put on the disk.
    pub persist_interval: Duration,
    /// Digests of bytes that are remembered, so that the same bytes are checked once.
    pub seen_max: usize,
    /// How long a shutdown waits for what was accepted.
    pub shutdown_time_max: Duration,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            gate: GateLimits::default(),
            pool: PoolLimits::default(),
            state: StateOptions::default(),
            store: StoreOptions::default(),
            keep: Keep::default(),
            threads: thread::available_parallelism().map_or(1, NonZero::get),
            block_interval: Duration::from_millis(20),
            persist_interval: Duration::from_secs(5),
            seen_max: 1 << 19,
            shutdown_time_max: Duration::from_secs(10),
        }
    }
}
