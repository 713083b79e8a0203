//! Threads that sign one digest after the other for a while.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use chainbox_engine::hash::{Digest, sha256};
use chainbox_hsm::{KeyInfo, Signature, device::contract::verifies};

use super::WARM_UP;
use crate::error::Error;

/// What was measured in one sample.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    /// How long each signature took.
    pub(super) each: Vec<Duration>,
    /// How long all of them took together.
    pub(super) whole: Duration,
}

/// Has each of the signers sign on a thread of its own. The last signature of each is verified in the engine.
pub(super) fn measure<S>(key: &KeyInfo, signers: Vec<S>, time: Duration) -> Result<Times, Error>
where
    S: FnMut(&Digest) -> Result<Signature, Error> + Send,
{
    let (start, is_over) = (Barrier::new(signers.len() + 1), AtomicBool::new(false));
    let (begin, answers) = thread::scope(|scope| {
        let threads: Vec<_> = signers
            .into_iter()
            .enumerate()
            .map(|(thread, signer)| {
                let (start, is_over) = (&start, &is_over);
                scope.spawn(move || one(key, signer, thread, start, is_over))
            })
            .collect();
        start.wait();
        let begin = Instant::now();
        thread::sleep(time);
        is_over.store(true, Relaxed);
        let answers: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("no thread of the measurement panics")).collect();
        (begin, answers)
    });
    let mut times = Times { whole: begin.elapsed(), ..Times::default() };
    for answer in answers {
        times.each.extend(answer?);
    }
    Ok(times)
}

/// Signs until it is over: each time, of those after the warm-up.
fn one<S>(key: &KeyInfo, mut signer: S, thread: usize, start: &Barrier, is_over: &AtomicBool) -> Result<Vec<Duration>, Error>
where
    S: FnMut(&Digest) -> Result<Signature, Error>,
{
    let mut digest = sha256(format!("chainbox hsm bench {thread}").as_bytes());
    let warm_up = Instant::now();
    let mut warmed = Ok(());
    while warm_up.elapsed() < WARM_UP && warmed.is_ok() {
        warmed = signer(&digest).map(drop);
    }
    // All wait for one another, also where one failed: it is told once all have begun.
    start.wait();
    warmed?;
    let mut times = Vec::new();
    loop {
        let begin = Instant::now();
        let signature = signer(&digest)?;
        times.push(begin.elapsed());
        if is_over.load(Relaxed) {
            return if verifies(key, &digest, &signature) {
                Ok(times)
            } else {
                Err(Error::new(format!("a signature of {} does not verify: its figures mean nothing; run chainbox hsm doctor", key.label)))
            };
        }
        digest = next(&digest);
    }
}

/// Another digest, at no cost that would count.
fn next(digest: &Digest) -> Digest {
    let mut next = *digest;
    let counter = u64::from_le_bytes(next[..8].try_into().expect("eight bytes")).wrapping_add(1);
    next[..8].copy_from_slice(&counter.to_le_bytes());
    next
}
