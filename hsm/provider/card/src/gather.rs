//! Gathering: single questions that many threads ask at once are answered together.
//!
//! Who comes while a thread is free to work, works at once on its own question alone. Who comes while all are at work waits in a group with the others that
//! wait; when a thread has finished, one of the group does the work of all of it on its own thread. So nobody ever waits for a group to fill, a question that
//! comes alone is answered as if there were no gathering, and one that waits would have waited for a core in any case.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// The most questions of a group.
pub const GROUP_MAX: usize = 64;

/// Questions `Q` and their answers `A`, by work that takes many at once.
pub struct Gather<Q, A> {
    workers_max: usize,
    queue: Mutex<Queue<Q, A>>,
}

struct Queue<Q, A> {
    /// Threads that work.
    working: usize,
    /// Those who wait; none while fewer than `workers_max` work. All but the last are full.
    groups: VecDeque<Arc<Group<Q, A>>>,
}

struct Group<Q, A> {
    stage: Mutex<Stage<Q, A>>,
    changed: Condvar,
}

enum Stage<Q, A> {
    /// Questions come in.
    Filling(Vec<Q>),
    /// No more come, and one of those who ask is to do the work.
    Ready(Vec<Q>),
    /// One of them does it.
    Working,
    /// The answers, in the order of the questions; fewer where the work broke off.
    Done(Vec<A>),
}

impl<Q, A: Clone> Gather<Q, A> {
    /// Nobody asks yet. At most `workers_max` threads work at once, at least one.
    #[must_use]
    pub fn new(workers_max: usize) -> Self {
        Self { workers_max: workers_max.max(1), queue: Mutex::new(Queue { working: 0, groups: VecDeque::new() }) }
    }

    /// The answer to a question. `work` answers questions in their order, here or on the thread of another who asks. `None` where it broke off by a panic on
    /// another thread, or left the answer out.
    pub fn ask(&self, question: Q, work: impl Fn(&[Q]) -> Vec<A>) -> Option<A> {
        let mut queue = lock(&self.queue);
        if queue.working < self.workers_max {
            queue.working += 1;
            drop(queue);
            let _turn = Turn(self);
            return work(&[question]).pop();
        }
        let (group, place) = queue.join(question);
        drop(queue);
        group.answer(self, place, work)
    }
}

impl<Q, A> Queue<Q, A> {
    /// Puts a question into the last group, or a new one; its place there.
    fn join(&mut self, question: Q) -> (Arc<Group<Q, A>>, usize) {
        if let Some(group) = self.groups.back()
            && let Stage::Filling(questions) = &mut *lock(&group.stage)
            && questions.len() < GROUP_MAX
        {
            questions.push(question);
            return (Arc::clone(group), questions.len() - 1);
        }
        let group = Arc::new(Group { stage: Mutex::new(Stage::Filling(vec![question])), changed: Condvar::new() });
        self.groups.push_back(Arc::clone(&group));
        (group, 0)
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
                    *stage = Stage::Working;
                    drop(stage);
                    return self.work(gather, place, || work(&questions));
                }
                Stage::Filling(_) | Stage::Working => stage = self.changed.wait(stage).unwrap_or_else(PoisonError::into_inner),
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

/// The turn of a thread that works. When it is dropped, it goes to the group that waited longest, or comes back.
struct Turn<'a, Q, A>(&'a Gather<Q, A>);

impl<Q, A> Drop for Turn<'_, Q, A> {
    fn drop(&mut self) {
        let mut queue = lock(&self.0.queue);
        let Some(group) = queue.groups.pop_front() else {
            queue.working -= 1;
            return;
        };
        drop(queue);
        let mut stage = lock(&group.stage);
        if let Stage::Filling(questions) = &mut *stage {
            *stage = Stage::Ready(mem::take(questions));
        }
        drop(stage);
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
        queue.groups.iter().map(|group| if let Stage::Filling(questions) = &*lock(&group.stage) { questions.len() } else { 0 }).sum()
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
        assert_eq!(lock(&gather.queue).working, 0);
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
            while lock(&gather.queue).working == 0 {
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
