//! When to try again.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

/// How often, and after which waits, something is tried that may be tried again: verification changes nothing, so any try is safe.
///
/// A wait doubles with each failure, and a random half of it is left out, so that clients that failed together do not come back together. A server's hint
/// is waited for in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How often a message is sent at most, the first time among them; on a stream also how often in a row it may break without an answer between.
    pub tries_max: u32,
    /// The longest first wait.
    pub wait_min: Duration,
    /// The longest wait.
    pub wait_max: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { tries_max: 8, wait_min: Duration::from_millis(20), wait_max: Duration::from_secs(2) }
    }
}

impl Retries {
    /// The wait after so many failures, of which the last came with a hint, or with zero.
    pub(super) fn wait(&self, failures: u32, hint: Duration) -> Duration {
        let doubled = self.wait_min.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
        let longest = if hint.is_zero() { doubled.min(self.wait_max) } else { hint / 2 };
        hint + longest.mul_f64(1.0 - random() / 2.0)
    }
}

/// A number from 0 to 1: the standard library seeds its hash tables at random.
fn random() -> f64 {
    (RandomState::new().hash_one(()) >> 32) as f64 / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_never_undercut_a_hint() {
        let retries = Retries { tries_max: 9, wait_min: Duration::from_millis(10), wait_max: Duration::from_millis(60) };
        for (failures, longest) in [(1, 10), (2, 20), (3, 40), (4, 60), (40, 60)] {
            let wait = retries.wait(failures, Duration::ZERO).as_millis();
            assert!((longest / 2..=longest).contains(&wait), "{failures} failures: {wait} ms");
        }
        let hinted = retries.wait(1, Duration::from_millis(500)).as_millis();
        assert!((500..=750).contains(&hinted), "{hinted} ms");
    }

    #[test]
    fn waits_differ() {
        let waits: std::collections::HashSet<_> = (0..10).map(|_| Retries::default().wait(5, Duration::ZERO)).collect();
        assert!(waits.len() > 1);
    }
}
