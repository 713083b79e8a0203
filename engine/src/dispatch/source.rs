//! One source: its limits, its requests, and what is known of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Load, SourceId, SourceLimits, Standing, Tag, Ticket,
    costs::{Factor, Work},
    order::Entry,
    standing::Evidence,
};

/// The sources whose standing is kept after they were forgotten.
const REMEMBERED_MAX: usize = 4_096;

/// The weight at which a tag counts nanoseconds of a core.
const WEIGHT_USUAL: Tag = 100;

/// Which of a source's two queues a request is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Short enough to be put together with others.
    Small,
    /// To be cut where it is long.
    Large,
}

/// Requests in their order, and what they had beside the other queue of the source.
#[derive(Debug, Default)]
pub struct Queue {
    pub tickets: BTreeSet<Ticket>,
    turn: Tag,
}

#[derive(Debug)]
pub struct Source {
    pub limits: SourceLimits,
    pub load: Load,
    pub evidence: Evidence,
    pub factor: Factor,
    /// What it had, over its weight.
    pub tag: Tag,
    /// How it is entered in the order of its standing, where it is.
    pub entry: Option<Entry>,
    /// The predicted work of its jobs that are running.
    pub running: Work,
    /// The predicted work of its requests that wait.
    pub queued: Work,
    /// Whether it is to go once it has nothing in flight.
    pub is_leaving: bool,
    /// Whether it was refused since it had room.
    pub was_full: bool,
    small: Queue,
    large: Queue,
}

impl Source {
    pub fn new(limits: SourceLimits, evidence: Evidence) -> Self {
        Self {
            limits,
            load: Load::default(),
            evidence,
            factor: Factor::default(),
            tag: 0,
            entry: None,
            running: 0,
            queued: 0,
            is_leaving: false,
            was_full: false,
            small: Queue::default(),
            large: Queue::default(),
        }
    }

    pub const fn in_flight(&self) -> usize {
        self.load.items_queued + self.load.items_running
    }

    pub const fn standing(&self) -> Standing {
        self.evidence.standing()
    }

    /// Whether a job of its items may begin: not before there is room for half of what it may have running, or the rest would be done in slivers.
    pub fn is_ready(&self) -> bool {
        self.load.items_queued > 0 && self.running <= self.evidence.allowance() / 2
    }

    /// The predicted work that it may begin beside what is running.
    pub fn allowed(&self) -> Work {
        self.evidence.allowance().saturating_sub(self.running)
    }

    pub fn push(&mut self, class: Class, ticket: Ticket) {
        // The queue that was empty saved nothing up.
        let other = self.queue(class.other()).turn;
        let queue = self.queue_mut(class);
        if queue.tickets.is_empty() {
            queue.turn = queue.turn.max(other);
        }
        queue.tickets.insert(ticket);
    }

    pub fn remove(&mut self, class: Class, ticket: Ticket) {
        self.queue_mut(class).tickets.remove(&ticket);
    }

    /// The next request of one of its queues.
    pub fn first(&self, class: Class) -> Option<Ticket> {
        self.queue(class).tickets.first().copied()
    }

    /// Its small requests that wait.
    pub fn small_tickets(&self) -> impl Iterator<Item = Ticket> {
        self.small.tickets.iter().copied()
    }

    /// The queue whose turn it is, which is not empty where the source has anything queued.
    pub fn next_class(&self) -> Class {
        let is_small = !self.small.tickets.is_empty() && (self.large.tickets.is_empty() || self.small.turn <= self.large.turn);
        if is_small { Class::Small } else { Class::Large }
    }

    /// Some of its work begins, predicted to be so much.
    pub fn begin(&mut self, class: Class, work: Work) {
        self.running += work;
        self.tag += self.scaled(work);
        self.queue_mut(class).turn += Tag::from(work);
    }

    /// Work ends: it is charged `work` and not what was predicted.
    pub fn end(&mut self, predicted: Work, work: Work) {
        self.running = self.running.saturating_sub(predicted);
        self.tag = (self.tag + self.scaled(work)).saturating_sub(self.scaled(predicted));
    }

    fn scaled(&self, work: Work) -> Tag {
        Tag::from(work) * WEIGHT_USUAL / Tag::from(self.limits.weight.max(1))
    }

    const fn queue(&self, class: Class) -> &Queue {
        match class {
            Class::Small => &self.small,
            Class::Large => &self.large,
        }
    }

    const fn queue_mut(&mut self, class: Class) -> &mut Queue {
        match class {
            Class::Small => &mut self.small,
            Class::Large => &mut self.large,
        }
    }
}

impl Class {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Small => Self::Large,
            Self::Large => Self::Small,
        }
    }
}

/// What was learnt of sources that were forgotten: the latest [`REMEMBERED_MAX`] that are proven or suspect.
#[derive(Debug, Default)]
pub struct Memory {
    evidence: HashMap<SourceId, (u64, Evidence)>,
    by_age: BTreeMap<u64, SourceId>,
    stored: u64,
}

impl Memory {
    pub fn store(&mut self, source: SourceId, evidence: Evidence) {
        self.take(source);
        if !evidence.is_notable() {
            return;
        }
        self.stored += 1;
        self.evidence.insert(source, (self.stored, evidence));
        self.by_age.insert(self.stored, source);
        if self.by_age.len() > REMEMBERED_MAX
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.evidence.remove(&oldest);
        }
    }

    pub fn get(&self, source: SourceId) -> Option<Evidence> {
        self.evidence.get(&source).map(|&(_, evidence)| evidence)
    }

    pub fn take(&mut self, source: SourceId) -> Option<Evidence> {
        let (age, evidence) = self.evidence.remove(&source)?;
        self.by_age.remove(&age);
        Some(evidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_keeps_the_latest() {
        let mut memory = Memory::default();
        for source in 0..2 * REMEMBERED_MAX as u64 {
            memory.store(source, Evidence::NAMED);
            memory.store(source, Evidence::NAMED);
        }
        assert_eq!((memory.evidence.len(), memory.by_age.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
        assert!(memory.take(0).is_none());
        assert!(memory.take(REMEMBERED_MAX as u64).is_some());
        memory.store(0, Evidence::NONE);
        assert!(memory.take(0).is_none(), "there is nothing to keep of it");
    }

    #[test]
    fn both_queues_of_a_source_get_on() {
        let mut source = Source::new(SourceLimits::default(), Evidence::NAMED);
        source.push(Class::Large, Ticket(1));
        source.begin(Class::Large, 1_000);
        source.push(Class::Small, Ticket(2));
        assert_eq!(source.next_class(), Class::Small, "a tie");
        source.begin(Class::Small, 10);
        assert_eq!(source.next_class(), Class::Large);
        source.begin(Class::Large, 100);
        assert_eq!(source.next_class(), Class::Small);
        source.remove(Class::Large, Ticket(1));
        source.begin(Class::Small, 1_000);
        assert_eq!(source.next_class(), Class::Small);
    }
}
