//! The signer of this process: it stands above one device.

mod signing;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::{sync::oneshot, time::timeout_at};

use super::{
    Caller, Reply, SignRequest, Signed, Signer,
    policy::Policy,
    workers::{Limits, Workers},
};
use crate::{Algorithm, Deadline, Device, Error, KeyInfo, Kind, Label, PublicKey, Role, device::Capabilities, guard::Guard};
use signing::{Job, Signing};

/// The most random bytes of one call.
const RANDOM_BYTES_MAX: usize = 1 << 16;

/// How long the threads have to end when a signer is dropped.
const CLOSE: Duration = Duration::from_secs(5);

/// Settings of a signer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Who may sign what with which key.
    pub policy: Policy,
    /// Whether the engine verifies every signature before it leaves. Those of consensus roles it verifies always.
    pub check_signatures: bool,
    /// The folder of the double-vote guard, which `chainbox hsm guard create` makes. Nothing is signed for consensus without it.
    pub guard: Option<PathBuf>,
    /// Bounds.
    pub limits: Limits,
}

/// Who counts what a signer does. Calls come from many threads, and must not block.
pub trait Observe: Send + Sync {
    /// A request was answered after so long: with a signature, or with a failure of this kind.
    fn answered(&self, role: Role, result: Result<(), Kind>, time: Duration);

    /// A device was asked for so many signatures in one call, which took so long.
    fn device_called(&self, signatures: usize, time: Duration);
}

/// Counts nothing.
impl Observe for () {
    fn answered(&self, _role: Role, _result: Result<(), Kind>, _time: Duration) {}

    fn device_called(&self, _signatures: usize, _time: Duration) {}
}

/// A signer above a device of this process: roles, digests, the guard, the audit log, threads. Its futures need tokio's timer.
pub struct Local {
    workers: Workers<Signing>,
    policy: RwLock<Arc<Policy>>,
}

impl Local {
    /// Takes a device over, which is not asked for anything yet.
    ///
    /// # Errors
    /// [`Kind::Input`] where the options contradict themselves, [`Kind::Storage`] where the guard cannot be opened.
    pub fn open(device: Arc<dyn Device>, options: Options, observer: Arc<dyn Observe>) -> Result<Self, Error> {
        let Options { policy, check_signatures, guard, limits } = options;
        limits.check()?;
        policy.check()?;
        need_guard(&policy, guard.is_some())?;
        let guard = guard.map(|folder| Guard::open(&folder)).transpose()?;
        let signing = Signing { device, observer, check_signatures, guard, keys: RwLock::new(HashMap::new()) };
        Ok(Self { workers: Workers::new(signing, limits), policy: RwLock::new(Arc::new(policy)) })
    }

    /// Takes another policy for the requests to come.
    ///
    /// # Errors
    /// [`Kind::Input`] where it contradicts itself; the old one stays.
    pub fn set_policy(&self, policy: Policy) -> Result<(), Error> {
        policy.check()?;
        need_guard(&policy, self.guard().is_some())?;
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
        Ok(())
    }

    /// The double-vote guard.
    #[must_use]
    pub fn guard(&self) -> Option<&Guard> {
        self.workers.work().guard.as_ref()
    }

    /// Threads that the device holds beyond the deadline of their work.
    #[must_use]
    pub fn threads_held(&self) -> usize {
        self.workers.held()
    }

    /// Checks a request and has it wait for a thread.
    fn submit(&self, caller: &Caller, request: SignRequest, deadline: Deadline) -> Waiting<Signed> {
        let SignRequest { key, payload } = request;
        let policy = Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner));
        let of_key = policy.permit(caller, &key, &payload)?.clone();
        crate::payload::message(&payload)?;
        let (reply, answer) = oneshot::channel();
        let ordered = of_key.is_consensus();
        let job = Job { policy: of_key, payload, deadline, reply };
        self.workers.sign(&key, ordered, caller, job)?;
        Ok(answer)
    }

    /// An answer that comes before the deadline, or the failure that it did not.
    async fn wait<T>(&self, answer: Waiting<T>, deadline: Deadline) -> Result<T, Error> {
        match timeout_at(deadline.at().into(), answer?).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Error::new(
                Kind::DeviceFailed,
                self.place(),
                "the request was dropped: the device panicked, or the signer is shut down",
            )),
            Err(_) => {
                self.workers.replenish();
                let error = Error::new(Kind::Deadline, self.place(), "there was no answer before the deadline");
                Err(error.remedy("ask again: signing the same once more is safe; where it stays so, see chainbox hsm doctor"))
            }
        }
    }

    fn place(&self) -> &str {
        self.workers.work().device.name()
    }

    /// Has a thread ask the device.
    fn ask<'a, T: Send + 'static>(
        &'a self,
        deadline: Deadline,
        ask: impl FnOnce(&Signing) -> Result<T, Error> + Send + 'static,
    ) -> BoxFuture<'a, Result<T, Error>> {
        let (reply, answer) = oneshot::channel();
        let task = self.workers.task(deadline, move |signing| {
            if !reply.is_closed() {
                // Whoever asked may be gone by now.
                reply.send(ask(signing)).ok();
            }
        });
        Box::pin(self.wait(task.map(|()| answer), deadline))
    }
}

fn need_guard(policy: &Policy, is_there: bool) -> Result<(), Error> {
    let voter = policy.keys.iter().find(|(_, key)| key.is_consensus());
    voter.filter(|_| !is_there).map_or(Ok(()), |(label, _)| {
        let error = Error::new(Kind::Input, format!("key {label}"), "a key that votes or proposes needs the double-vote guard");
        Err(error.remedy("name the guard's folder in the settings, and make it once with chainbox hsm guard create"))
    })
}

/// What a caller waits for, or why it need not.
type Waiting<T> = Result<oneshot::Receiver<Result<T, Error>>, Error>;

impl Signer for Local {
    fn sign<'a>(&'a self, caller: &'a Caller, requests: Vec<SignRequest>, deadline: Deadline) -> BoxFuture<'a, Vec<Result<Signed, Error>>> {
        Box::pin(async move {
            let since = Instant::now();
            let submit = |request: SignRequest| (request.payload.role(), self.submit(caller, request, deadline));
            let waiting: Vec<_> = requests.into_iter().map(submit).collect();
            let mut answers = Vec::with_capacity(waiting.len());
            for (role, answer) in waiting {
                let answer = self.wait(answer, deadline).await;
                let result = answer.as_ref().map(drop).map_err(|error: &Error| error.kind);
                self.workers.work().observer.answered(role, result, since.elapsed());
                answers.push(answer);
            }
            answers
        })
    }

    fn key<'a>(&'a self, label: &'a Label, deadline: Deadline) -> Reply<'a, KeyInfo> {
        let label = label.clone();
        self.ask(deadline, move |signing| signing.device.key(&label, deadline))
    }

    fn keys(&self, deadline: Deadline) -> Reply<'_, Vec<KeyInfo>> {
        self.ask(deadline, move |signing| signing.device.keys(deadline))
    }

    fn generate<'a>(&'a self, label: &'a Label, algorithm: Algorithm, deadline: Deadline) -> Reply<'a, PublicKey> {
        let label = label.clone();
        self.ask(deadline, move |signing| {
            signing.forget(&label);
            signing.device.generate(&label, algorithm, deadline)
        })
    }

    fn destroy<'a>(&'a self, label: &'a Label, deadline: Deadline) -> Reply<'a, ()> {
        let label = label.clone();
        self.ask(deadline, move |signing| {
            let destroyed = signing.device.destroy(&label, deadline);
            signing.forget(&label);
            destroyed
        })
    }

    fn random(&self, bytes: usize, deadline: Deadline) -> Reply<'_, Vec<u8>> {
        if bytes > RANDOM_BYTES_MAX {
            let error = Error::new(Kind::Input, self.place(), format!("{bytes} random bytes in one call"));
            return Box::pin(std::future::ready(Err(error.remedy(format!("ask for {RANDOM_BYTES_MAX} at most")))));
        }
        self.ask(deadline, move |signing| {
            let mut random = vec![0; bytes];
            signing.device.random(&mut random, deadline).map(|()| random)
        })
    }

    fn capabilities(&self, deadline: Deadline) -> Reply<'_, Capabilities> {
        self.ask(deadline, move |signing| signing.device.capabilities(deadline))
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.workers.close(CLOSE);
    }
}

#[cfg(test)]
mod tests;
