//! Digests of one call, signed by as many threads as are free.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use chainbox_engine::hash::Digest;

use super::{Reply, Worker, guarded};
use crate::{Deadline, Error, Kind, Label, Signature};

/// A call of `sign`.
pub(super) struct Batch {
    key: Label,
    digests: Vec<Digest>,
    pub(super) deadline: Deadline,
    place: String,
    /// The first digest that nobody took yet.
    next: AtomicUsize,
    made: Mutex<Made>,
    pub(super) reply: Reply<Vec<Signature>>,
}

struct Made {
    signatures: Vec<Signature>,
    missing: usize,
}

impl Batch {
    pub(super) fn new(key: Label, digests: Vec<Digest>, deadline: Deadline, place: String) -> Self {
        let made = Made { signatures: vec![[0; 64]; digests.len()], missing: digests.len() };
        Self { key, digests, deadline, place, next: AtomicUsize::new(0), made: Mutex::new(made), reply: Reply::new() }
    }

    /// How many digests nobody took yet: as many threads can help.
    pub(super) fn open(&self) -> usize {
        self.digests.len().saturating_sub(self.next.load(Ordering::Relaxed))
    }

    /// Nobody takes a digest any more.
    pub(super) fn stop(&self) {
        self.next.store(self.digests.len(), Ordering::Relaxed);
    }

    /// Fails the whole call.
    pub(super) fn fail(&self, error: Error) {
        self.stop();
        self.reply.give(Err(error));
    }

    /// Signs until nothing is left to take. `answering` is called before an answer is given.
    pub(super) fn run(&self, worker: &mut impl Worker, answering: impl FnOnce()) {
        let mut signed = Vec::new();
        while let Some(index) = self.take() {
            match guarded(&self.place, || self.one(worker, index)) {
                Ok(signature) => signed.push((index, signature)),
                Err(error) => {
                    answering();
                    return self.fail(error);
                }
            }
        }
        self.gather(&signed, answering);
    }

    fn take(&self) -> Option<usize> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        (index < self.digests.len()).then_some(index)
    }

    fn one(&self, worker: &mut impl Worker, index: usize) -> Result<Signature, Error> {
        if self.deadline.is_over() {
            let what = format!("{index} of {} digests were signed before the deadline", self.digests.len());
            return Err(Error::new(Kind::Deadline, &self.place, what));
        }
        worker.sign(&self.key, &self.digests[index])
    }

    fn gather(&self, signed: &[(usize, Signature)], answering: impl FnOnce()) {
        if signed.is_empty() {
            return;
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, signature) in signed {
            made.signatures[*index] = *signature;
        }
        made.missing -= signed.len();
        if made.missing == 0 {
            let signatures = std::mem::take(&mut made.signatures);
            drop(made);
            answering();
            self.reply.give(Ok(signatures));
        }
    }
}
