//! What the queue is at, for metrics and pages.

/// How far a source is trusted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Standing {
    /// It sent enough valid items, or the operator named it.
    Proven,
    /// Too little is known of it.
    Newcomer,
    /// Too many of its recent items are invalid.
    Suspect,
}

/// Items that wait and items that are being worked on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Items of which no job was made yet.
    pub items_queued: usize,
    /// Items in jobs that were handed out and are not finished.
    pub items_running: usize,
}

/// What a source is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SourceState {
    /// Its items.
    pub load: Load,
    /// How far it is trusted.
    pub standing: Standing,
}

/// What the whole queue is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// The items of all sources.
    pub load: Load,
    /// Accepted requests that are not finished.
    pub requests: usize,
    /// Sources that are known.
    pub sources: usize,
    /// Jobs that were handed out and are not finished.
    pub jobs: usize,
}
