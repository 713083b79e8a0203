//! What was seen before: keyed digests of raw bytes.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    mem,
};

/// Remembers byte strings by 64-bit SipHash digests under a key that nobody else knows: at least the last `generation_max` of them, at most twice as many.
#[derive(Debug)]
pub struct Seen {
    key: RandomState,
    now: HashSet<u64>,
    before: HashSet<u64>,
    generation_max: usize,
}

impl Seen {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new(generation_max: usize) -> Self {
        Self { key: RandomState::new(), now: HashSet::new(), before: HashSet::new(), generation_max }
    }

    /// The digest of a string.
    #[must_use]
    pub fn digest(&self, bytes: &[u8]) -> u64 {
        self.key.hash_one(bytes)
    }

    /// Remembers a digest; false where it is remembered already.
    pub fn insert(&mut self, digest: u64) -> bool {
        if self.before.contains(&digest) || !self.now.insert(digest) {
            return false;
        }
        if self.now.len() >= self.generation_max {
            self.before = mem::take(&mut self.now);
        }
        true
    }

    /// Forgets a digest: its bytes were refused, and may come again.
    pub fn remove(&mut self, digest: u64) {
        if !self.now.remove(&digest) {
            self.before.remove(&digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_are_remembered_and_no_more_than_twice_as_many() {
        let mut seen = Seen::new(10);
        let digests: Vec<_> = (0..95_u32).map(|index| seen.digest(&index.to_be_bytes())).collect();
        assert!(digests.iter().all(|digest| seen.insert(*digest)));
        assert!(digests[85..].iter().all(|digest| !seen.insert(*digest)), "the last ten");
        assert!(seen.insert(digests[0]), "the first is forgotten");
        assert!(seen.now.len() + seen.before.len() <= 20);
        seen.remove(digests[94]);
        assert!(seen.insert(digests[94]), "what was refused may come again");
    }
}
