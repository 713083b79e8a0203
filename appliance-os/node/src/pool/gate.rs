//! Where bytes wait for their checks: fair to their sources by what they cost, and bounded.
//!
//! Start-time fair queueing: a source's next chunk has a start tag, and the chunk with the least is checked next. An item costs one unit, one that fails ten,
//! which is known only afterwards and charged then. So who fails waits the longer, and where there is no room, the one with the highest tag gives way.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

/// Who sends: a connection, or a client by name.
pub type SourceId = u64;

/// Units that a failure costs; a transaction that is taken costs one.
const FAILURE_COST: u64 = 10;

/// The bounds of the gate.
#[derive(Clone, Copy, Debug)]
pub struct GateLimits {
    /// Items that wait, at most.
    pub items_max: usize,
    /// Their bytes, at most.
    pub bytes_max: usize,
    /// Items of one source that wait, at most.
    pub source_items_max: usize,
    /// How long a source is remembered that sends nothing.
    pub idle_max: Duration,
    /// When who is refused for want of room should try again, in milliseconds.
    pub retry_after_ms: u32,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self { items_max: 100_000, bytes_max: 128 << 20, source_items_max: 50_000, idle_max: Duration::from_secs(60), retry_after_ms: 100 }
    }
}

/// Some items of one source that are checked together.
#[derive(Debug)]
pub struct Chunk<T> {
    /// Who sent them.
    pub source: SourceId,
    /// How many they are.
    pub items: usize,
    /// Their bytes.
    pub bytes: usize,
    /// What they are.
    pub content: T,
}

#[derive(Debug)]
struct Source<T> {
    chunks: VecDeque<Chunk<T>>,
    items: usize,
    /// Where the next chunk starts, in units.
    start: u64,
    last_seen: Duration,
}

impl<T> Source<T> {
    /// Where its next chunk starts and its last one ends, where it has any.
    fn places(&self) -> Option<(u64, u64)> {
        (!self.chunks.is_empty()).then(|| (self.start, self.start + self.items as u64))
    }
}

/// Chunks that wait for their checks.
#[derive(Debug)]
pub struct Gate<T> {
    sources: HashMap<SourceId, Source<T>>,
    /// The sources that have something waiting, by where their next chunk starts.
    by_start: BTreeSet<(u64, SourceId)>,
    /// The same, by where their last one ends.
    by_end: BTreeSet<(u64, SourceId)>,
    limits: GateLimits,
    items: usize,
    bytes: usize,
    /// The start of the chunk that was handed out last: who was idle starts here, and saves nothing up.
    now: u64,
}

impl<T> Gate<T> {
    /// An empty gate.
    #[must_use]
    pub fn new(limits: GateLimits) -> Self {
        Self { sources: HashMap::new(), by_start: BTreeSet::new(), by_end: BTreeSet::new(), limits, items: 0, bytes: 0, now: 0 }
    }

    /// Changes a source, and its places among the others with it.
    fn change<R>(&mut self, id: SourceId, change: impl FnOnce(&mut Source<T>) -> R) -> Option<R> {
        let source = self.sources.get_mut(&id)?;
        let before = source.places();
        let changed = change(source);
        let after = source.places();
        if before != after {
            if let Some((start, end)) = before {
                self.by_start.remove(&(start, id));
                self.by_end.remove(&(end, id));
            }
            if let Some((start, end)) = after {
                self.by_start.insert((start, id));
                self.by_end.insert((end, id));
            }
        }
        Some(changed)
    }

    /// Takes a chunk, and gives back what has no room, to be refused: chunks that gave way to it, or itself.
    #[must_use]
    pub fn offer(&mut self, now: Duration, chunk: Chunk<T>) -> Vec<Chunk<T>> {
        let (id, start) = (chunk.source, self.now);
        self.sources.entry(id).or_insert_with(|| Source { chunks: VecDeque::new(), items: 0, start, last_seen: now });
        self.items += chunk.items;
        self.bytes += chunk.bytes;
        let source_items_max = self.limits.source_items_max;
        let is_too_much = self.change(id, |source| {
            source.last_seen = now;
            if source.chunks.is_empty() {
                source.start = source.start.max(start);
            }
            source.items += chunk.items;
            source.chunks.push_back(chunk);
            source.items > source_items_max
        });
        let mut gone = Vec::new();
        if is_too_much == Some(true) {
            gone.extend(self.drop_last(id));
        }
        while self.items > self.limits.items_max || self.bytes > self.limits.bytes_max {
            // The source whose last chunk would be checked last of all.
            let Some((_, worst)) = self.by_end.last().copied() else { break };
            gone.extend(self.drop_last(worst));
        }
        gone
    }

    fn drop_last(&mut self, id: SourceId) -> Option<Chunk<T>> {
        let chunk = self.change(id, |source| {
            let chunk = source.chunks.pop_back()?;
            source.items -= chunk.items;
            Some(chunk)
        });
        self.left(chunk??)
    }

    /// The chunk to be checked next.
    pub fn pop(&mut self) -> Option<Chunk<T>> {
        let (start, id) = *self.by_start.first()?;
        self.now = start;
        let chunk = self.change(id, |source| {
            let chunk = source.chunks.pop_front()?;
            source.start += chunk.items as u64;
            source.items -= chunk.items;
            Some(chunk)
        });
        self.left(chunk??)
    }

    /// A chunk that waits no longer.
    const fn left(&mut self, chunk: Chunk<T>) -> Option<Chunk<T>> {
        self.items -= chunk.items;
        self.bytes -= chunk.bytes;
        Some(chunk)
    }

    /// The chunks to be checked next, together: several small ones as far as they have so many items, or a large one alone.
    pub fn pop_together(&mut self, items_max: usize) -> Vec<Chunk<T>> {
        let mut chunks: Vec<_> = self.pop().into_iter().collect();
        let mut items = chunks.first().map_or(0, |chunk| chunk.items);
        while items <= items_max / 2 && self.next_items().is_some_and(|next| items + next <= items_max) {
            let Some(chunk) = self.pop() else { break };
            items += chunk.items;
            chunks.push(chunk);
        }
        chunks
    }

    fn next_items(&self) -> Option<usize> {
        let (_, id) = self.by_start.first()?;
        self.sources.get(id)?.chunks.front().map(|chunk| chunk.items)
    }

    /// Charges a source for items that failed.
    pub fn failed(&mut self, id: SourceId, items: usize) {
        self.change(id, |source| source.start += items as u64 * (FAILURE_COST - 1));
    }

    /// Forgets sources that sent nothing for long.
    pub fn expire(&mut self, now: Duration) {
        let idle_max = self.limits.idle_max;
        self.sources.retain(|_, source| !source.chunks.is_empty() || source.last_seen + idle_max > now);
    }

    /// Items that wait, and their bytes.
    #[must_use]
    pub const fn waiting(&self) -> (usize, usize) {
        (self.items, self.bytes)
    }

    /// The bounds.
    #[must_use]
    pub const fn limits(&self) -> &GateLimits {
        &self.limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(items_max: usize) -> Gate<u32> {
        Gate::new(GateLimits { items_max, ..GateLimits::default() })
    }

    fn chunk(source: SourceId, items: usize, content: u32) -> Chunk<u32> {
        Chunk { source, items, bytes: items, content }
    }

    const NOW: Duration = Duration::ZERO;

    /// Whatever each has waiting, both are served alike; and one that was idle is served at once, not for the time that it was away.
    #[test]
    fn sources_take_turns_by_what_they_cost() {
        let mut gate = gate(1000);
        (0..50).for_each(|content| assert!(gate.offer(NOW, chunk(1, 10, content)).is_empty()));
        (0..20).for_each(|_| assert!(gate.pop().is_some()));
        (0..10).for_each(|content| assert!(gate.offer(NOW, chunk(2, 10, content)).is_empty()));
        let order: Vec<_> = (0..20).map(|_| gate.pop().unwrap().source).collect();
        assert_eq!(order.iter().filter(|source| **source == 2).count(), 10, "{order:?}");
        assert_eq!(order[..4].iter().filter(|source| **source == 2).count(), 2, "in turn");
        assert_eq!(gate.waiting(), (200, 200));
    }

    #[test]
    fn failures_cost_ten_times() {
        let mut gate = gate(100_000);
        (0..1100).for_each(|content| assert!(gate.offer(NOW, chunk(1 + u64::from(content % 2), 1, content)).is_empty()));
        let mut served = [0; 3];
        for _ in 0..550 {
            let chunk = gate.pop().unwrap();
            served[chunk.source as usize] += 1;
            gate.failed(chunk.source, usize::from(chunk.source == 2));
        }
        assert_eq!(served, [0, 500, 50]);
    }

    /// A full gate: who has most waiting, or failed most, gives way to others, and to nobody who is worse.
    #[test]
    fn the_worst_gives_way() {
        let mut gate = gate(100);
        (0..10).for_each(|content| assert!(gate.offer(NOW, chunk(1, 10, content)).is_empty()));
        let gone = gate.offer(NOW, chunk(2, 20, 0));
        assert_eq!(gone.iter().map(|chunk| (chunk.source, chunk.content)).collect::<Vec<_>>(), [(1, 9), (1, 8)]);
        let gone = gate.offer(NOW, chunk(1, 10, 10));
        assert_eq!(gone.iter().map(|chunk| (chunk.source, chunk.content)).collect::<Vec<_>>(), [(1, 10)], "itself");
        gate.failed(2, 100);
        let gone = gate.offer(NOW, chunk(3, 10, 0));
        assert_eq!(gone.iter().map(|chunk| chunk.source).collect::<Vec<_>>(), [2]);
        assert_eq!(gate.waiting().0, 90);
    }

    /// Small chunks of several sources go together, in their turns; a large one goes alone, and nothing is passed over.
    #[test]
    fn small_chunks_go_together() {
        let mut gate = gate(10_000);
        for content in 0..10 {
            assert!(gate.offer(NOW, chunk(u64::from(content % 5), 3, content)).is_empty());
        }
        let together = gate.pop_together(10);
        assert_eq!(together.iter().map(|chunk| chunk.source).collect::<Vec<_>>(), [0, 1], "six of ten are enough");
        assert!(gate.offer(NOW, chunk(9, 100, 0)).is_empty());
        let mut sizes = Vec::new();
        while gate.waiting().0 > 0 {
            sizes.push(gate.pop_together(10).iter().map(|chunk| chunk.items).collect::<Vec<_>>());
        }
        assert_eq!(sizes.iter().flatten().sum::<usize>(), 8 * 3 + 100);
        assert!(sizes.contains(&vec![100]), "{sizes:?}");
        assert!(gate.pop_together(10).is_empty());
    }

    #[test]
    fn one_source_has_a_bound_of_its_own() {
        let mut gate = Gate::new(GateLimits { source_items_max: 15, ..GateLimits::default() });
        assert!(gate.offer(NOW, chunk(1, 10, 0)).is_empty());
        assert_eq!(gate.offer(NOW, chunk(1, 10, 1)).len(), 1);
        assert!(gate.offer(NOW, chunk(2, 10, 1)).is_empty());
        assert_eq!(gate.waiting().0, 20);
    }

    #[test]
    fn sources_that_went_away_are_forgotten() {
        let mut gate = gate(100);
        for source in 1..4 {
            assert!(gate.offer(Duration::from_secs(source), chunk(source, 1, 0)).is_empty());
        }
        assert_eq!((gate.pop().unwrap().source, gate.pop().unwrap().source), (1, 2));
        gate.expire(Duration::from_secs(61));
        let mut left: Vec<_> = gate.sources.keys().copied().collect();
        left.sort_unstable();
        assert_eq!(left, [2, 3], "one that was here a minute ago, and one that waits");
    }
}
