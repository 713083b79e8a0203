//! Threads that make the calls to a device, so that no caller is held by them beyond its deadline.
//!
//! Each thread owns one session of the device. There are as many threads as there is work for, between bounds; one that had nothing to do for a while ends.
//! A thread whose call outlasts the deadline of whom it works for counts as hung: others take its place up to a bound, and where that is reached, callers
//! are refused at once. A hung thread that comes back serves again or ends.

mod batch;
mod crew;
mod reply;
mod spin;
#[cfg(test)]
mod tests;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use chainbox_engine::hash::Digest;

use self::{batch::Batch, crew::Crew, reply::Reply};
use crate::{Deadline, Error, Kind, Label, Signature};

/// How long the end of a pool waits for its threads.
const END_WAIT: Duration = Duration::from_secs(2);

/// How many threads, how much work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Threads that stay.
    pub workers_min: usize,
    /// Threads that are not hung, at most.
    pub workers_max: usize,
    /// Hung threads whose place is taken by others, at most.
    pub hung_max: usize,
    /// Calls that wait, at most.
    pub queue_max: usize,
    /// How long a thread above the least stays without work.
    pub idle: Duration,
}

/// What a thread does its work with: a session of a device. It is made, used and dropped on that thread.
pub(crate) trait Worker: 'static {
    /// Makes itself ready, where it is not. [`Kind::DeviceFull`] says that the device serves no more workers than it has.
    fn connect(&mut self) -> Result<(), Error>;

    /// Signs one digest.
    fn sign(&mut self, key: &Label, digest: &Digest) -> Result<Signature, Error>;
}

/// The threads of a device.
pub(crate) struct Pool<W> {
    crew: Arc<Crew<W>>,
    process: u32,
}

/// Makes a call with a worker, or passes on why there is none, and gives the answer after it called what it is given.
type Run<W> = dyn FnOnce(Result<&mut W, Error>, &dyn Fn()) + Send;

/// What waits for a thread.
enum Work<W> {
    /// A call of its own.
    Call { deadline: Deadline, run: Box<Run<W>> },
    /// Digests that any number of threads sign.
    Batch(Arc<Batch>),
}

impl<W: Worker> Pool<W> {
    /// A pool without threads yet. `place` is what errors name; `make` makes what a thread works with and must not call the device.
    pub(crate) fn new(place: String, bounds: Bounds, make: impl Fn() -> W + Send + Sync + 'static) -> Self {
        Self { crew: Arc::new(Crew::new(place, bounds, Box::new(make))), process: std::process::id() }
    }

    /// Makes a call on some thread and waits for its answer.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        deadline: Deadline,
        job: impl FnOnce(&mut W) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.check(deadline)?;
        let reply = Arc::new(Reply::new());
        let (answer, place) = (Arc::clone(&reply), self.crew.place.clone());
        let run = move |worker: Result<&mut W, Error>, answering: &dyn Fn()| {
            let made = worker.and_then(|worker| guarded(&place, || job(worker)));
            answering();
            answer.give(made);
        };
        self.crew.submit(Work::Call { deadline, run: Box::new(run) })?;
        self.crew.wait(&reply, deadline)
    }

    /// Signs digests on as many threads as are free.
    pub(crate) fn sign(&self, key: &Label, digests: &[Digest], deadline: Deadline) -> Result<Vec<Signature>, Error> {
        self.check(deadline)?;
        if digests.is_empty() {
            return Ok(Vec::new());
        }
        let batch = Arc::new(Batch::new(key.clone(), digests.to_vec(), deadline, self.crew.place.clone()));
        self.crew.submit(Work::Batch(Arc::clone(&batch)))?;
        let answer = self.crew.wait(&batch.reply, deadline);
        batch.stop();
        answer
    }

    /// Starts the threads that stay.
    pub(crate) fn warm(&self, deadline: Deadline) {
        self.crew.warm(deadline);
    }

    /// That the caller still waits, and is in the process that made the pool: the threads of a process do not survive in its fork.
    fn check(&self, deadline: Deadline) -> Result<(), Error> {
        let process = std::process::id();
        if process != self.process {
            let what = format!("it was opened by process {}, of which this one, {process}, is a fork", self.process);
            return Err(Error::new(Kind::Library, &self.crew.place, what).remedy("open the device again in this process"));
        }
        if deadline.is_over() {
            return Err(Error::new(Kind::Deadline, &self.crew.place, "the deadline was over before the device was asked"));
        }
        Ok(())
    }
}

impl<W> Drop for Pool<W> {
    fn drop(&mut self) {
        // In a fork there are no threads to wait for, and a lock may be held by one that does not exist.
        if std::process::id() == self.process {
            self.crew.close(END_WAIT);
        }
    }
}

/// Runs vendor code behind a wrapper that may panic on what it answers.
fn guarded<T>(place: &str, call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
        Err(Error::new(Kind::DeviceFailed, place, "what the module answered broke its caller").remedy("report the version of the module"))
    })
}
