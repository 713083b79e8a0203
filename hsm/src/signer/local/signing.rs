//! From a batch of requests for one key to signatures.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use chainbox_engine::hash::Digest;
use tokio::sync::oneshot;

use super::{
    Observe,
    signature::{verifies, with_low_s},
};
use crate::{
    Algorithm, Deadline, Device, Error, KeyInfo, Kind, Label, Payload, Role, Signature,
    audit::{Audit, Event, Head, Sign},
    guard::Guard,
    payload::{Position, digest},
    signer::{
        Caller, Signed,
        policy::{KeyPolicy, Policy},
        workers::Work,
    },
};

/// How long the device may take for the signature of the audit log's head, and how long after a failure it is asked again.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// A request that passed the policy and waits for its answer.
pub(super) struct Job {
    pub(super) caller: Caller,
    pub(super) policy: KeyPolicy,
    pub(super) payload: Payload,
    pub(super) deadline: Deadline,
    pub(super) reply: oneshot::Sender<Result<Signed, Error>>,
}

impl Job {
    /// Whoever asked may be gone: what was done is recorded all the same.
    fn answer(self, answer: Result<Signed, Error>) {
        self.reply.send(answer).ok();
    }
}

/// What the threads work with.
pub(super) struct Signing {
    pub(super) device: Arc<dyn Device>,
    pub(super) observer: Arc<dyn Observe>,
    pub(super) check_signatures: bool,
    pub(super) policy: RwLock<Arc<Policy>>,
    pub(super) guard: Option<Guard>,
    pub(super) audit: Option<Audit>,
    pub(super) head: Mutex<Option<PendingHead>>,
    /// Keys as the device showed them last.
    pub(super) keys: RwLock<HashMap<Label, KeyInfo>>,
}

/// A request with its digest, and its answer as soon as it has one.
struct Item {
    job: Job,
    digest: Digest,
    answer: Option<Result<Signed, Error>>,
}

impl Item {
    /// Its place, where it is of consensus.
    fn position(&self) -> Option<Position> {
        self.job.payload.position().map(|(_, position)| position)
    }

    /// Whether a wrong signature, or one without a record, would do lasting harm.
    fn is_grave(&self) -> bool {
        let role = self.job.payload.role();
        role.is_consensus() || role == Role::Audit
    }
}

/// A signature of the audit log's head that is under way.
pub(super) type PendingHead = oneshot::Receiver<Result<Signed, Error>>;

impl Work for Signing {
    type Job = Job;

    fn deadline(job: &Job) -> Deadline {
        job.deadline
    }

    /// Digests, the guard, the device, the check of its signatures, the record, the answer: in this order.
    fn serve(&self, label: &Label, jobs: Vec<Job>, begun: &dyn Fn()) {
        let jobs: Vec<Job> = jobs.into_iter().filter_map(|job| self.awaited(job)).collect();
        let Some(deadline) = jobs.iter().map(|job| job.deadline).max() else { return };
        let key = match self.key(label, deadline) {
            Ok(key) => key,
            Err(error) => return jobs.into_iter().for_each(|job| job.answer(Err(error.clone()))),
        };
        let mut items = digests(&key, jobs);
        self.ask_guard(&key, &mut items);
        begun();
        self.ask_device(&key, &mut items, deadline);
        self.record(&key, &mut items);
        let is_guarded = items.iter().any(|item| item.position().is_some());
        for Item { job, answer, .. } in items {
            job.answer(answer.unwrap_or_else(|| Err(Error::new(Kind::DeviceFailed, self.device.name(), "there is no signature"))));
        }
        if let Some(guard) = self.guard.as_ref().filter(|_| is_guarded) {
            guard.mirror(&key);
        }
    }
}

impl Signing {
    /// The policy of now.
    pub(super) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The request to sign the head of the audit log; none where nobody signs it, or a signature is under way.
    pub(super) fn head_job(&self, audit: &Audit, (records, head): (u64, Digest)) -> Option<(Job, Label)> {
        let label = audit.options().head_key.clone()?;
        let policy = self.policy().keys.get(label.as_str())?.clone();
        let mut pending = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        match pending.as_mut().map(PendingHead::try_recv) {
            Some(Err(oneshot::error::TryRecvError::Empty)) => return None,
            Some(Ok(Err(error))) => {
                tracing::warn!(%error, "the head of the audit log was not signed");
                *pending = None;
                audit.put_off_head(HEAD_TIME);
                return None;
            }
            _ => {}
        }
        let (reply, answer) = oneshot::channel();
        *pending = Some(answer);
        let (caller, payload) = (Caller("audit log".to_owned()), Payload::Audit { records, head });
        Some((Job { caller, policy, payload, deadline: Deadline::after(HEAD_TIME), reply }, label))
    }

    /// A job that somebody waits for. Nothing is signed for who does not.
    fn awaited(&self, job: Job) -> Option<Job> {
        if job.reply.is_closed() {
            return None;
        }
        if job.deadline.is_over() {
            job.answer(Err(
                Error::new(Kind::Deadline, self.device.name(), "the deadline passed before a thread was free").remedy("ask again later")
            ));
            return None;
        }
        Some(job)
    }

    /// A key by its label: the device is asked once.
    fn key(&self, label: &Label, deadline: Deadline) -> Result<KeyInfo, Error> {
        if let Some(key) = self.keys.read().unwrap_or_else(PoisonError::into_inner).get(label) {
            return Ok(key.clone());
        }
        let key = self.device.key(label, deadline)?;
        self.keys.write().unwrap_or_else(PoisonError::into_inner).insert(label.clone(), key.clone());
        Ok(key)
    }

    /// Asks the device again at the next use of a key.
    pub(super) fn forget(&self, label: &Label) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).remove(label);
    }

    /// Answers what the guard refuses.
    fn ask_guard(&self, key: &KeyInfo, items: &mut [Item]) {
        let Some(chain) = items.iter().find_map(|item| Some(item.job.payload.position()?.0.to_owned())) else { return };
        // The settings were changed while these waited.
        let is_of = |item: &Item, chain: &str| item.job.payload.position().is_some_and(|(of, _)| of == chain);
        for item in items.iter_mut().filter(|item| item.position().is_some() && !is_of(item, &chain)) {
            let error = Error::new(Kind::Refused, format!("key {}", key.label), "another chain was asked for at the same time");
            item.answer = Some(Err(error.remedy("ask again")));
        }
        let votes: Vec<_> =
            items.iter().filter(|item| item.answer.is_none()).filter_map(|item| Some((item.position()?, item.digest))).collect();
        let answers = match &self.guard {
            Some(guard) => guard.permit(key, &chain, &votes),
            None => votes.iter().map(|_| Err(Error::new(Kind::Storage, self.device.name(), "there is no double-vote guard"))).collect(),
        };
        let guarded = items.iter_mut().filter(|item| item.answer.is_none() && item.position().is_some());
        for (item, answer) in guarded.zip(answers) {
            item.answer = answer.err().map(Err);
        }
    }

    /// Answers everything else with signatures, or with what the device failed with.
    fn ask_device(&self, key: &KeyInfo, items: &mut [Item], deadline: Deadline) {
        let (digests, open): (Vec<Digest>, Vec<&mut Item>) =
            items.iter_mut().filter(|item| item.answer.is_none()).map(|item| (item.digest, item)).unzip();
        match self.signatures(key, &digests, deadline) {
            Ok(signatures) => {
                for (item, signature) in open.into_iter().zip(signatures) {
                    item.answer = Some(self.checked(key, item, signature));
                }
            }
            Err(error) => open.into_iter().for_each(|item| item.answer = Some(Err(error.clone()))),
        }
    }

    /// Writes a record for each. No signature leaves without its record, and none of consensus before it is on the disk.
    fn record(&self, key: &KeyInfo, items: &mut [Item]) {
        let Some(audit) = &self.audit else { return };
        let events: Vec<Event> = items.iter().filter_map(|item| event(key, item)).collect();
        let durable = items.iter().any(|item| item.is_grave() && item.answer.as_ref().is_some_and(Result::is_ok));
        if let Err(error) = audit.append(events, durable) {
            for item in items.iter_mut().filter(|item| item.answer.as_ref().is_some_and(Result::is_ok)) {
                item.answer = Some(Err(error.clone()));
            }
        }
    }

    /// One call to the device.
    fn signatures(&self, key: &KeyInfo, digests: &[Digest], deadline: Deadline) -> Result<Vec<Signature>, Error> {
        if digests.is_empty() {
            return Ok(Vec::new());
        }
        let since = Instant::now();
        let signatures = self.device.sign(&key.label, digests, deadline);
        self.observer.device_called(digests.len(), since.elapsed());
        let signatures = signatures.inspect_err(|error| {
            if error.kind == Kind::NoKey {
                self.forget(&key.label);
            }
        })?;
        if signatures.len() == digests.len() {
            return Ok(signatures);
        }
        let what = format!("the device gave {} signatures of {} digests", signatures.len(), digests.len());
        Err(Error::new(Kind::DeviceFailed, self.device.name(), what))
    }

    /// A signature as it may leave: with the lower s, and verified where that is wanted.
    fn checked(&self, key: &KeyInfo, item: &Item, signature: Signature) -> Result<Signed, Error> {
        let signature = with_low_s(key.algorithm, signature);
        if (self.check_signatures || item.is_grave()) && !verifies(key, &item.digest, &signature) {
            self.forget(&key.label);
            let error =
                Error::new(Kind::DeviceFailed, self.device.name(), format!("the device gave a wrong signature with the key {}", key.label));
            return Err(
                error.remedy("was the key replaced by another of the same label? Ask again: the device is asked for its public key anew")
            );
        }
        Ok(Signed { signature, scheme: item.job.policy.scheme, public_key: key.public_key })
    }
}

/// The jobs that have a digest, with it; the others are answered.
fn digests(key: &KeyInfo, jobs: Vec<Job>) -> Vec<Item> {
    let item = |job: Job| match digest_of(key, &job) {
        Ok(digest) => Some(Item { job, digest, answer: None }),
        Err(error) => {
            job.answer(Err(error));
            None
        }
    };
    jobs.into_iter().filter_map(item).collect()
}

/// The record of a request. That of the log's head is the head itself, and there is none where it could not be signed.
fn event(key: &KeyInfo, item: &Item) -> Option<Event> {
    let answer = item.answer.as_ref()?;
    if let Payload::Audit { records, head } = item.job.payload {
        let signed = answer.as_ref().ok()?;
        return Some(Event::Head(Box::new(Head::new(
            records,
            head,
            &key.label,
            signed.scheme.name(),
            &signed.public_key,
            &signed.signature,
        ))));
    }
    let result = answer.as_ref().map(drop).map_err(|error| error.kind);
    Some(Event::Sign(Box::new(Sign::new(&item.job.caller, &key.label, &item.job.payload, &item.digest, result))))
}

fn digest_of(key: &KeyInfo, job: &Job) -> Result<Digest, Error> {
    let wanted = Algorithm::of(job.policy.scheme);
    if key.algorithm != wanted {
        let what = format!("the settings give it the scheme {}, but on the device it is a key of {}", job.policy.scheme, key.algorithm);
        return Err(Error::new(Kind::Refused, format!("key {}", key.label), what).remedy("name the scheme of the key, or the right key"));
    }
    digest(&job.payload, job.policy.scheme, &key.public_key, job.policy.id())
}
