//! Until when somebody waits.

use std::time::{Duration, Instant};

/// The time after which nobody waits for an answer any more. Every call to a device has one: a module that hangs holds no caller beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// When it is.
    #[must_use]
    pub const fn at(self) -> Instant {
        self.0
    }

    /// The time that is left; zero when it has passed.
    #[must_use]
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.left().is_zero()
    }
}
