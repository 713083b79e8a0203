//! Gathering: single questions that many threads ask at once are answered together.
//!
//! Who comes while a thread is free to work takes its turn at once. All others wait in a group; when a thread has finished, one of the group does the work of
//! all of it on its own thread. So nobody waits for a group to fill: who waits would have waited for a core in any case.
//!
//! Threads that compute do not meet by themselves: of fifty on two cores, two run, each finds the turn free, and the others are not there to be gathered. So
//! where more threads ask than there are turns, who takes a turn first lets the others run ([`thread::yield_now`]), which come, join it and wait: as long as
//! answers come faster so ([`Crowd`]).

mod crowd;

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use crowd::Crowd;

/// The most questions of a group.
pub const GROUP_MAX: usize = 64;

/// How often who takes a turn lets others run at most. Once is mostly enough: it comes back when those who are ready have run.
const YIELDS_MAX: usize = 4;

/// Questions `Q` and their answers `A`, by work that takes many at once.
pub struct Gather<Q, A> {
    turns: usize,
    queue: Mutex<Queue<Q, A>>,
}

struct Queue<Q, A> {
    /// Turns that are taken.
    taken: usize,
    /// Groups of those who took a turn and let others run.
    open: Vec<Filling<Q, A>>,
    /// Groups that wait for a turn; none while one is free. All but the last are full.
    waiting: VecDeque<Filling<Q, A>>,
    crowd: Crowd,
}

/// A group that takes more questions.
struct Filling<Q, A> {
    questions: Vec<Q>,
    group: Arc<Group<Q, A>>,
}

struct Group<Q, A> {
    stage: Mutex<Stage<Q, A>>,
    changed: Condvar,
}

enum Stage<Q, A> {
    /// It takes questions, or one of those who ask does the work.
    Waiting,
    /// One of those who ask is to do the work.
    Ready(Vec<Q>),
    /// The answers, in the order of the questions; fewer where the work broke off.
    Done(Vec<A>),
}

impl<Q, A: Clone> Gather<Q, A> {
    /// Nobody asks yet. At most `turns` threads work at once, at least one.
    #[must_use]
    pub fn new(turns: usize) -> Self {
        let turns = turns.max(1);
        let queue = Queue { taken: 0, open: Vec::new(), waiting: VecDeque::new(), crowd: Crowd::new(turns) };
        Self { turns, queue: Mutex::new(queue) }
    }

    /// The answer to a question. `work` answers questions in their order, here or on the thread of another who asks. `None` where it broke off by a panic on
    /// another thread, or left the answer out.
    pub fn ask(&self, question: Q, work: impl Fn(&[Q]) -> Vec<A>) -> Option<A> {
        let mut queue = lock(&self.queue);
        queue.crowd.came();
        if queue.taken == self.turns {
            let (group, place) = queue.join(question);
            drop(queue);
            return group.answer(self, place, work);
        }
        queue.taken += 1;
        if !queue.crowd.yields() {
            drop(queue);
            let _turn = Turn(self);
            return work(&[question]).pop();
        }
        let filling = Filling::new(question);
        let group = Arc::clone(&filling.group);
        queue.open.push(filling);
        drop(queue);
        let questions = self.let_others_join(&group);
        group.work(self, 0, || work(&questions))
    }

    /// Lets others run as long as they join; the questions then.
    fn let_others_join(&self, group: &Arc<Group<Q, A>>) -> Vec<Q> {
        let mut before = 1;
        for round in 1.. {
            thread::yield_now();
            let mut queue = lock(&self.queue);
            let place = queue.open.iter().position(|filling| Arc::ptr_eq(&filling.group, group));
            let place = place.expect("only who opened a group closes it");
            let questions = queue.open[place].questions.len();
            if questions == before || questions == GROUP_MAX || round == YIELDS_MAX {
                return queue.open.swap_remove(place).questions;
            }
            before = questions;
        }
        unreachable!("the last round returns")
    }
}

impl<Q, A> Queue<Q, A> {
    /// Puts a question into the smallest group that is open, else the last that waits, else a new one; its place there.
    fn join(&mut self, question: Q) -> (Arc<Group<Q, A>>, usize) {
        let open = self.open.iter_mut().min_by_key(|filling| filling.questions.len());
        let has_room = |filling: &&mut Filling<Q, A>| filling.questions.len() < GROUP_MAX;
        if let Some(filling) = open.filter(has_room).or_else(|| self.waiting.back_mut().filter(has_room)) {
            filling.questions.push(question);
            return (Arc::clone(&filling.group), filling.questions.len() - 1);
        }
        let filling = Filling::new(question);
        let group = Arc::clone(&filling.group);
        self.waiting.push_back(filling);
        (group, 0)
    }
}

impl<Q, A> Filling<Q, A> {
    fn new(question: Q) -> Self {
        Self { questions: vec![question], group: Arc::new(Group { stage: Mutex::new(Stage::Waiting), changed: Condvar::new() }) }
    }
}

impl<Q, A: Clone> Group<Q, A> {
    /// Waits for the answer, and does the work where it falls to this thread.
    fn answer(&self, gather: &Gather<Q, A>, place: usize, work: impl Fn(&[Q]) -> Vec<A>) -> Option<A> {
        let mut stage = lock(&self.stage);
        loop {
            match &mut *stage {
                Stage::Done(answers) => return answers.get(place).cloned(),
                Stage::Ready(questions) => {
                    let questions = mem::take(questions);
                    *stage = Stage::Waiting;
                    drop(stage);
                    return self.work(gather, place, || work(&questions));
                }
                Stage::Waiting => stage = self.changed.wait(stage).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Does the work, lets the next group begin, and tells the others of this one, even where the work panics.
    fn work(&self, gather: &Gather<Q, A>, place: usize, work: impl FnOnce() -> Vec<A>) -> Option<A> {
        let mut answers = Answers { group: self, answers: Vec::new() };
        let turn = Turn(gather);
        answers.answers = work();
        drop(turn);
        answers.answers.get(place).cloned()
    }
}

/// The answers of a group, which all who wait are told when this is dropped.
struct Answers<'a, Q, A> {
    group: &'a Group<Q, A>,
    answers: Vec<A>,
}

impl<Q, A> Drop for Answers<'_, Q, A> {
    fn drop(&mut self) {
        *lock(&self.group.stage) = Stage::Done(mem::take(&mut self.answers));
        self.group.changed.notify_all();
    }
}

/// A turn that is taken. When it is dropped, it goes to the group that waited longest, or is free.
struct Turn<'a, Q, A>(&'a Gather<Q, A>);

impl<Q, A> Drop for Turn<'_, Q, A> {
    fn drop(&mut self) {
        let mut queue = lock(&self.0.queue);
        let Some(Filling { questions, group }) = queue.waiting.pop_front() else {
            queue.taken -= 1;
            return;
        };
        drop(queue);
        *lock(&group.stage) = Stage::Ready(questions);
        group.changed.notify_one();
    }
}

/// A panic while a lock is held leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::{
            Barrier,
            atomic::{AtomicUsize, Ordering::SeqCst},
            mpsc,
        },
        thread,
    };

    use super::*;

    fn waiting(gather: &Gather<u64, u64>) -> usize {
        let queue = lock(&gather.queue);
        queue.waiting.iter().map(|filling| filling.questions.len()).sum()
    }

    /// Waits until so many questions wait.
    fn until_waiting(gather: &Gather<u64, u64>, questions: usize) {
        while waiting(gather) < questions {
            thread::yield_now();
        }
    }

    #[test]
    fn everybody_gets_the_answer_to_its_own_question() {
        let (gather, calls, largest) = (Gather::new(2), AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |questions: &[u64]| {
            calls.fetch_add(1, SeqCst);
            largest.fetch_max(questions.len(), SeqCst);
            questions.iter().map(|question| question * 3 + 1).collect()
        };
        thread::scope(|scope| {
            for first in 0..32_u64 {
                let (gather, work) = (&gather, &work);
                scope.spawn(move || {
                    for question in (first..64_000).step_by(32) {
                        assert_eq!(gather.ask(question, work), Some(question * 3 + 1));
                    }
                });
            }
        });
        assert!(calls.load(SeqCst) <= 64_000 && largest.load(SeqCst) <= GROUP_MAX);
        assert_eq!(waiting(&gather), 0);
        assert_eq!(lock(&gather.queue).taken, 0);
    }

    /// While one thread works, all that come are one group, which one of them answers.
    #[test]
    fn those_who_wait_are_answered_together() {
        let gather = &Gather::new(1);
        let (free, go) = mpsc::channel::<()>();
        let sizes = &Mutex::new(Vec::new());
        let count = |questions: &[u64]| {
            sizes.lock().unwrap().push(questions.len());
            questions.to_vec()
        };
        thread::scope(|scope| {
            let first = scope.spawn(move || {
                gather.ask(0, |questions| {
                    go.recv().unwrap();
                    count(questions)
                })
            });
            while lock(&gather.queue).taken == 0 {
                thread::yield_now();
            }
            let others: Vec<_> = (1..=70_u64).map(|question| scope.spawn(move || gather.ask(question, count))).collect();
            until_waiting(gather, 70);
            free.send(()).unwrap();
            assert_eq!(first.join().unwrap(), Some(0));
            for (question, other) in (1..).zip(others) {
                assert_eq!(other.join().unwrap(), Some(question));
            }
        });
        assert_eq!(*sizes.lock().unwrap(), [1, GROUP_MAX, 70 - GROUP_MAX]);
    }

    /// Nobody hangs where the thread that works for others panics, and the next are served.
    #[test]
    fn a_panic_of_one_leaves_the_others_without_an_answer_and_nobody_waiting() {
        let gather = &Gather::new(1);
        let barrier = &Barrier::new(2);
        let answers: Vec<_> = thread::scope(|scope| {
            let first = scope.spawn(move || {
                gather.ask(0, |questions| {
                    barrier.wait();
                    until_waiting(gather, 3);
                    questions.to_vec()
                })
            });
            barrier.wait();
            let broken = |_: &[u64]| -> Vec<u64> { panic!("broken on purpose") };
            let ask = move || catch_unwind(AssertUnwindSafe(|| gather.ask(1, broken)));
            let others: Vec<_> = (0..3).map(|_| scope.spawn(ask)).collect();
            assert_eq!(first.join().unwrap(), Some(0));
            others.into_iter().map(|other| other.join().unwrap()).collect()
        });
        assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 1);
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(None))).count(), 2);
        assert_eq!(gather.ask(5, <[u64]>::to_vec), Some(5));
    }
}
