//! What waits to be signed: a line for each key, and in it one for each caller. Keys take turns, and so do the callers of a key.

use std::collections::{HashMap, VecDeque};

use super::Caller;
use crate::Label;

/// Why something cannot wait here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// As much waits as may wait.
    All,
    /// As much waits of this caller as may wait of one.
    Caller,
}

/// The lines.
pub(super) struct Queue<J> {
    waiting_max: usize,
    caller_waiting_max: usize,
    batch_max: usize,
    waiting: usize,
    callers: HashMap<Caller, usize>,
    lines: HashMap<Label, Line<J>>,
    /// Keys whose line may be served, in the order of their turns.
    turns: VecDeque<Label>,
}

/// What waits for one key.
struct Line<J> {
    /// Callers in the order of their turns.
    callers: VecDeque<(Caller, VecDeque<J>)>,
    waiting: usize,
    /// Whether the order within a caller must be kept until [`Queue::release`].
    ordered: bool,
    held: bool,
}

impl<J> Queue<J> {
    pub(super) fn new(waiting_max: usize, caller_waiting_max: usize, batch_max: usize) -> Self {
        let (callers, lines, turns) = (HashMap::new(), HashMap::new(), VecDeque::new());
        Self { waiting_max, caller_waiting_max, batch_max, waiting: 0, callers, lines, turns }
    }

    /// How much waits.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether [`Self::take`] would give something.
    pub(super) fn is_ready(&self) -> bool {
        !self.turns.is_empty()
    }

    /// Appends a job. A line is `ordered` where its jobs must be begun one batch after the other.
    pub(super) fn push(&mut self, key: &Label, ordered: bool, caller: &Caller, job: J) -> Result<(), Full> {
        if self.waiting >= self.waiting_max {
            return Err(Full::All);
        }
        let of_caller = self.callers.entry(caller.clone()).or_default();
        if *of_caller >= self.caller_waiting_max {
            return Err(Full::Caller);
        }
        *of_caller += 1;
        self.waiting += 1;
        let line = self.lines.entry(key.clone()).or_insert_with(|| Line { callers: VecDeque::new(), waiting: 0, ordered, held: false });
        if line.waiting == 0 && !line.held {
            self.turns.push_back(key.clone());
        }
        line.push(caller, job);
        Ok(())
    }

    /// The batch that is next, where `hands` could serve a share of it each: several jobs of one key, callers in turn.
    pub(super) fn take(&mut self, hands: usize) -> Option<(Label, Vec<J>)> {
        let key = self.turns.pop_front()?;
        let line = self.lines.get_mut(&key)?;
        let share = if line.ordered { line.waiting } else { line.waiting.div_ceil(hands.max(1)) };
        let jobs: Vec<J> = (0..share.min(self.batch_max)).map_while(|_| line.pop(&mut self.callers)).collect();
        self.waiting -= jobs.len();
        line.held = line.ordered;
        self.next_turn(&key);
        Some((key, jobs))
    }

    /// The next batch of an ordered line may be begun.
    pub(super) fn release(&mut self, key: &Label) {
        if let Some(line) = self.lines.get_mut(key).filter(|line| line.held) {
            line.held = false;
            self.next_turn(key);
        }
    }

    /// Everything that waits.
    pub(super) fn drain(&mut self) -> Vec<J> {
        (self.waiting, self.callers, self.turns) = (0, HashMap::new(), VecDeque::new());
        self.lines.drain().flat_map(|(_, line)| line.callers).flat_map(|(_, jobs)| jobs).collect()
    }

    fn next_turn(&mut self, key: &Label) {
        match self.lines.get(key) {
            Some(line) if line.held => {}
            Some(line) if line.waiting > 0 => self.turns.push_back(key.clone()),
            _ => drop(self.lines.remove(key)),
        }
    }
}

impl<J> Line<J> {
    fn push(&mut self, caller: &Caller, job: J) {
        self.waiting += 1;
        match self.callers.iter_mut().find(|(name, _)| name == caller) {
            Some((_, jobs)) => jobs.push_back(job),
            None => self.callers.push_back((caller.clone(), VecDeque::from([job]))),
        }
    }

    /// The next job of the caller whose turn it is.
    fn pop(&mut self, callers: &mut HashMap<Caller, usize>) -> Option<J> {
        let (caller, mut jobs) = self.callers.pop_front()?;
        let job = jobs.pop_front()?;
        self.waiting -= 1;
        if let Some(waiting) = callers.get_mut(&caller) {
            *waiting -= 1;
            if *waiting == 0 {
                callers.remove(&caller);
            }
        }
        if !jobs.is_empty() {
            self.callers.push_back((caller, jobs));
        }
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Label {
        name.parse().expect("a label")
    }

    fn caller(name: &str) -> Caller {
        Caller(name.to_owned())
    }

    fn queue() -> Queue<&'static str> {
        Queue::new(6, 4, 4)
    }

    #[test]
    fn keys_and_callers_take_turns() {
        let mut queue = queue();
        for (name, from, job) in
            [("k", "flood", "f1"), ("k", "flood", "f2"), ("k", "flood", "f3"), ("k", "other", "o1"), ("l", "other", "o2")]
        {
            queue.push(&key(name), false, &caller(from), job).expect("room");
        }
        assert_eq!(queue.take(2), Some((key("k"), vec!["f1", "o1"])));
        assert_eq!(queue.take(2), Some((key("l"), vec!["o2"])));
        assert_eq!(queue.take(1), Some((key("k"), vec!["f2", "f3"])));
        assert_eq!(queue.take(1), None);
        assert_eq!(queue.waiting(), 0);
    }

    #[test]
    fn limits_hold_for_all_and_for_each_caller() {
        let mut queue = queue();
        for _ in 0..4 {
            queue.push(&key("k"), false, &caller("flood"), "f").expect("room");
        }
        assert_eq!(queue.push(&key("l"), false, &caller("flood"), "f"), Err(Full::Caller));
        queue.push(&key("k"), false, &caller("a"), "a").expect("room");
        queue.push(&key("k"), false, &caller("b"), "b").expect("room");
        assert_eq!(queue.push(&key("k"), false, &caller("c"), "c"), Err(Full::All));
        assert_eq!(queue.take(1).map(|(_, jobs)| jobs.len()), Some(4), "no more than a batch");
        queue.push(&key("k"), false, &caller("c"), "c").expect("room again");
        assert_eq!(queue.drain().len(), 3);
        assert!(!queue.is_ready());
    }

    #[test]
    fn an_ordered_line_is_begun_one_batch_after_the_other() {
        let mut queue = queue();
        queue.push(&key("k"), true, &caller("a"), "1").expect("room");
        queue.push(&key("k"), true, &caller("a"), "2").expect("room");
        assert_eq!(queue.take(8), Some((key("k"), vec!["1", "2"])), "shares would part what is ordered");
        queue.push(&key("k"), true, &caller("a"), "3").expect("room");
        assert_eq!(queue.take(8), None);
        queue.release(&key("k"));
        assert_eq!(queue.take(8), Some((key("k"), vec!["3"])));
        queue.release(&key("k"));
        queue.release(&key("k"));
        assert!(!queue.is_ready());
    }
}
