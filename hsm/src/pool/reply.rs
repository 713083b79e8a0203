//! One answer, awaited by one thread.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use crate::Error;

/// Where an answer is put for the thread that made this.
pub(super) struct Reply<T> {
    answer: Mutex<Option<Result<T, Error>>>,
    given: AtomicBool,
    asker: Thread,
}

impl<T> Reply<T> {
    pub(super) fn new() -> Self {
        Self { answer: Mutex::new(None), given: AtomicBool::new(false), asker: thread::current() }
    }

    /// Answers; only the first answer counts.
    pub(super) fn give(&self, answer: Result<T, Error>) {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(answer);
        self.given.store(true, Ordering::Release);
        self.asker.unpark();
    }

    /// Whether there is an answer.
    pub(super) fn is_given(&self) -> bool {
        self.given.load(Ordering::Acquire)
    }

    /// The answer, or none so long from now. For the thread that made this.
    pub(super) fn take(&self, wait: Duration) -> Option<Result<T, Error>> {
        let until = Instant::now() + wait;
        loop {
            let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
            let left = until.saturating_duration_since(Instant::now());
            if answer.is_some() || left.is_zero() {
                return answer;
            }
            thread::park_timeout(left);
        }
    }
}
