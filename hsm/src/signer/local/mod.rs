//! The signer of this process: it stands above one device.

mod signature;
mod signing;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
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
use crate::{
    Algorithm, Deadline, Device, Error, KeyInfo, Kind, Label, PublicKey, Role,
    audit::{self, Audit},
    device::Capabilities,
    guard::Guard,
};
use signing::{Job, Signing};

/// The most random bytes of one call.
const RANDOM_BYTES_MAX: usize = 1 << 16;

/// How long the threads have to end when a signer is dropped.
const CLOSE: Duration = Duration::from_secs(5);

/// How often the audit log is looked after at least.
const TICK: Duration = Duration::from_millis(500);

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
    /// The audit log; without it, nothing is recorded.
    pub audit: Option<audit::Options>,
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
}

impl Local {
    /// Takes a device over, which is not asked for anything yet.
    ///
    /// # Errors
    /// [`Kind::Input`] where the options contradict themselves, [`Kind::Storage`] where the guard or the audit log cannot be opened.
    pub fn open(device: Arc<dyn Device>, options: Options, observer: Arc<dyn Observe>) -> Result<Self, Error> {
        let Options { policy, check_signatures, guard, audit, limits } = options;
        limits.check()?;
        check(&policy, guard.is_some(), audit.as_ref())?;
        let guard = guard.map(|folder| Guard::open(&folder)).transpose()?;
        let audit = audit.map(Audit::open).transpose()?;
        let policy = RwLock::new(Arc::new(policy));
        let tick = audit.as_ref().map(|audit| Duration::from_millis(audit.options().sync_ms).min(TICK));
        let signing = Signing { device, observer, check_signatures, policy, guard, audit, keys: RwLock::default(), head: Mutex::default() };
        let workers = Workers::new(signing, limits);
        if let Some(tick) = tick {
            workers
                .every(tick, keep_log)
                .map_err(|error| Error::new(Kind::Busy, "signer", format!("no thread for the audit log: {error}")))?;
        }
        Ok(Self { workers })
    }

    /// Takes another policy for the requests to come.
    ///
    /// # Errors
    /// [`Kind::Input`] where it contradicts itself; the old one stays.
    pub fn set_policy(&self, policy: Policy) -> Result<(), Error> {
        let signing = self.workers.work();
        check(&policy, signing.guard.is_some(), signing.audit.as_ref().map(Audit::options))?;
        *signing.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
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
        let policy = self.workers.work().policy();
        let of_key = policy.permit(caller, &key, &payload)?.clone();
        crate::payload::message(&payload)?;
        let (reply, answer) = oneshot::channel();
        let ordered = of_key.is_consensus();
        let job = Job { caller: caller.clone(), policy: of_key, payload, deadline, reply };
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

/// What policy, guard and log must have of one another.
fn check(policy: &Policy, has_guard: bool, audit: Option<&audit::Options>) -> Result<(), Error> {
    policy.check()?;
    let voter = policy.keys.iter().find(|(_, key)| key.is_consensus());
    if let Some((label, _)) = voter.filter(|_| !has_guard) {
        let error = Error::new(Kind::Input, format!("key {label}"), "a key that votes or proposes needs the double-vote guard");
        return Err(error.remedy("name the guard's folder in the settings, and make it once with chainbox hsm guard create"));
    }
    let head_key = audit.and_then(|audit| audit.head_key.as_ref());
    match head_key.filter(|label| !policy.keys.get(label.as_str()).is_some_and(|key| key.roles.contains(&Role::Audit))) {
        Some(label) => {
            let error = Error::new(Kind::Input, format!("key {label}"), "it signs the head of the audit log without the role audit");
            Err(error.remedy("give it the role audit"))
        }
        None => Ok(()),
    }
}

/// Syncs the audit log, and asks for a signature of its head where it is time.
fn keep_log(workers: &Workers<Signing>) {
    let signing = workers.work();
    let Some(audit) = &signing.audit else { return };
    if let Err(error) = audit.sync() {
        tracing::error!(%error, "the audit log");
    }
    let Some((job, label)) = audit.head_due().and_then(|head| signing.head_job(audit, head)) else { return };
    if let Err(error) = workers.sign(&label, job.policy.is_consensus(), &job.caller.clone(), job) {
        tracing::warn!(%error, "the head of the audit log could not be signed");
    }
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
