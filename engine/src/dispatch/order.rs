//! The order of the sources of one standing: start-time fair queueing, with an index for each question that a lane asks.

use std::collections::{BTreeSet, HashMap};

use super::{SourceId, Tag, Task};

/// How a source is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it had, over its weight: the lowest goes next.
    pub tag: Tag,
    /// The task of its next small request, where it has one.
    pub small: Option<Task>,
    /// Whether that request is one for the express lane.
    pub is_express: bool,
}

type Queue = BTreeSet<(Tag, SourceId)>;

/// The sources that have something to begin, by tag.
#[derive(Debug, Default)]
pub struct Order {
    all: Queue,
    express: Queue,
    /// By the task of the next small request. There are finitely many tasks.
    small: HashMap<Task, Queue>,
    /// The tag of the source that began last.
    now: Tag,
}

impl Order {
    /// The tag that a source which was idle has at least: nobody saves up.
    pub const fn now(&self) -> Tag {
        self.now
    }

    /// A source of this tag begins.
    pub fn advance(&mut self, tag: Tag) {
        self.now = self.now.max(tag);
    }

    pub fn insert(&mut self, source: SourceId, entry: Entry) {
        self.all.insert((entry.tag, source));
        if entry.is_express {
            self.express.insert((entry.tag, source));
        }
        if let Some(task) = entry.small {
            self.small.entry(task).or_default().insert((entry.tag, source));
        }
    }

    pub fn remove(&mut self, source: SourceId, entry: Entry) {
        self.all.remove(&(entry.tag, source));
        self.express.remove(&(entry.tag, source));
        if let Some(queue) = entry.small.and_then(|task| self.small.get_mut(&task)) {
            queue.remove(&(entry.tag, source));
        }
    }

    /// Who goes next.
    pub fn first(&self) -> Option<SourceId> {
        self.all.first().map(|&(_, source)| source)
    }

    /// Who goes next, and who after it.
    pub fn iter(&self) -> impl Iterator<Item = SourceId> {
        self.all.iter().map(|&(_, source)| source)
    }

    /// Who goes next on the express lane: nobody who is ahead of the first by more than `burst`.
    pub fn first_express(&self, burst: Tag) -> Option<SourceId> {
        let &(tag, source) = self.express.first()?;
        let &(first, _) = self.all.first()?;
        (tag <= first + burst).then_some(source)
    }

    /// Who goes next of those whose next small request is of this task, with a tag of at most `tag_max`.
    pub fn first_small(&self, task: Task, tag_max: Tag) -> Option<SourceId> {
        let &(tag, source) = self.small.get(&task)?.first()?;
        (tag <= tag_max).then_some(source)
    }

    /// How many have something to begin.
    pub fn len(&self) -> usize {
        self.all.len()
    }
}
