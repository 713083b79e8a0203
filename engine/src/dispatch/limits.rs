//! What may be asked of the queue, and how much of it at once.

use std::time::Duration;

/// What the whole queue keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The items that are queued or running, of all sources together.
    pub items_in_flight_max: usize,
    /// How long a request may wait until the first of its items begins.
    pub queue_time_max: Duration,
    /// The predicted run time up to which small requests are put together: what comes meanwhile waits that long.
    pub gather_time_max: Duration,
    /// The most items of a job of [`Lane::Express`](super::Lane::Express): what the back end verifies on the thread that asks.
    pub express_items_max: usize,
    /// The cores that verify, at least 1. A job of [`Lane::Bulk`](super::Lane::Bulk) spreads over all of them.
    pub cores: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            items_in_flight_max: 1 << 20,
            queue_time_max: Duration::from_secs(2),
            gather_time_max: Duration::from_micros(500),
            express_items_max: 16,
            cores: 1,
        }
    }
}

/// What one source keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceLimits {
    /// Its share beside those of other sources that have work: 100 is usual, 0 counts as 1.
    pub weight: u32,
    /// Its items that are queued or running.
    pub items_in_flight_max: usize,
    /// Whether the operator named it (by a certificate, say): nobody can make such sources without end, so it need not prove itself first.
    pub is_named: bool,
}

impl Default for SourceLimits {
    fn default() -> Self {
        Self { weight: 100, items_in_flight_max: 1 << 18, is_named: false }
    }
}
