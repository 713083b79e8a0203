//! What is checked of the answers of a device, at places that it cannot know.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use super::{Canary, Checks, Task};

/// One item in so many is a known answer,
const ITEMS_A_CANARY: usize = 4_096;

/// but at least so many of a job: one valid, one invalid.
const CANARIES_MIN: usize = 2;

/// One item in so many is decided by the CPU as well,
const ITEMS_AN_AUDIT: usize = 1_024;

/// one in so many while the CPU has nothing else to do,
const ITEMS_A_SPARE_AUDIT: usize = 64;

/// and at least so many of a job: the floor of each device.
const AUDITS_MIN: usize = 2;

/// Spare audits take the CPU at most this part of the time that the job takes.
const SPARE_AUDITS_TIME: f64 = 1.0 / 16.0;

/// The CPU decides all invalid items as well up to one in so many of the job's,
const ITEMS_AN_INVALID_AUDIT: usize = 16;

/// or up to this many of a small job.
const INVALID_AUDITS_MIN: usize = 256;

/// What the CPU could do beside a job, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Spare {
    /// How long the job takes.
    pub job: f64,
    /// How long the CPU takes for one of its items.
    pub item: f64,
}

/// The most canaries in a job of so many items.
pub const fn canaries_max(items: usize) -> usize {
    let share = items / ITEMS_A_CANARY;
    if share > CANARIES_MIN { share } else { CANARIES_MIN }
}

/// Where checks are made, from a seed.
#[derive(Debug)]
pub struct Places(ChaCha8Rng);

impl Places {
    pub fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha8Rng::from_seed(seed))
    }

    /// The checks of a job of so many items; `spare` where the CPU has nothing else to do.
    pub fn checks(&mut self, task: Task, items: usize, spare: Option<Spare>) -> Checks {
        let canaries = match task {
            Task::Verify { .. } => self.canaries(items),
            Task::Recover { .. } | Task::Digest(_) => Vec::new(),
        };
        let least = (items / ITEMS_AN_AUDIT).max(AUDITS_MIN);
        let most = spare.map_or(0, |spare| (spare.job * SPARE_AUDITS_TIME / spare.item.max(1.0)) as usize).min(items / ITEMS_A_SPARE_AUDIT);
        let audits = self.choose(least.max(most), items);
        Checks { canaries, audits, invalid_audits_max: (items / ITEMS_AN_INVALID_AUDIT).max(INVALID_AUDITS_MIN) }
    }

    /// Known answers by turns even and odd.
    fn canaries(&mut self, items: usize) -> Vec<Canary> {
        let count = canaries_max(items);
        let first = self.0.next_u64();
        let places = self.choose(count, items + count);
        let canary = |(turn, place)| Canary { place, which: (self.0.next_u64() & !1) | ((first ^ turn as u64) & 1) };
        places.into_iter().enumerate().map(canary).collect()
    }

    /// So many distinct numbers below `bound`, ascending; all where there are no more.
    fn choose(&mut self, count: usize, bound: usize) -> Vec<usize> {
        if count >= bound {
            return (0..bound).collect();
        }
        // At most one in 64 is chosen of many, and of few it does not matter: hardly any is met twice.
        let mut chosen = Vec::with_capacity(count);
        while chosen.len() < count {
            chosen.extend((chosen.len()..count).map(|_| (self.0.next_u64() % bound as u64) as usize));
            chosen.sort_unstable();
            chosen.dedup();
        }
        chosen
    }
}
