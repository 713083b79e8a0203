//! What the settings say of the chain, for the node.

use chainbox_node::{
    node::{Keep, NodeOptions},
    pool::{GateLimits, PoolLimits},
    store::StoreOptions,
};
use chainbox_service::settings::Settings;

/// How the node of these settings is run.
pub(crate) fn node_options(settings: &Settings) -> NodeOptions {
    let chain = &settings.chain;
    let default = NodeOptions::default();
    NodeOptions {
        gate: GateLimits { items_max: chain.unchecked_max, source_items_max: chain.source_unchecked_max, ..default.gate },
        pool: PoolLimits {
            transactions_max: chain.pool_transactions_max,
            bytes_max: chain.pool_bytes_max,
            ahead_max: chain.sender_transactions_max as u64,
            gap_max: chain.gap_time_max,
            ..default.pool
        },
        store: StoreOptions { cache_bytes: chain.cache_bytes as u64, ..default.store },
        keep: Keep { snapshot_blocks: chain.snapshot_blocks as u64, blocks: chain.keep_blocks as u64 },
        block_interval: chain.block_interval,
        shutdown_time_max: settings.shutdown_time_max.min(default.shutdown_time_max),
        ..default
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_the_default_of_the_node() {
        let settings = Settings::with_data("data".into());
        assert_eq!(format!("{:?}", node_options(&settings)), format!("{:?}", NodeOptions::default()));
    }
}
