//! From a batch of requests for one key to signatures.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use chainbox_engine::{
    batch::{Item, Shape},
    curve::{Curve, P256, Secp256k1},
    field::limbs,
    hash::Digest,
    strategy::single,
    verdict::Verdict,
};
use tokio::sync::oneshot;

use super::Observe;
use crate::{
    Algorithm, Deadline, Device, Error, KeyInfo, Kind, Label, Payload, Signature,
    guard::Guard,
    payload::digest,
    signer::{Signed, policy::KeyPolicy, workers::Work},
};

/// A request that passed the policy and waits for its answer.
pub(super) struct Job {
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
    pub(super) guard: Option<Guard>,
    /// Keys as the device showed them last.
    pub(super) keys: RwLock<HashMap<Label, KeyInfo>>,
}

impl Work for Signing {
    type Job = Job;

    fn deadline(job: &Job) -> Deadline {
        job.deadline
    }

    fn serve(&self, label: &Label, jobs: Vec<Job>, begun: &dyn Fn()) {
        let jobs: Vec<Job> = jobs.into_iter().filter_map(|job| self.awaited(job)).collect();
        let Some(deadline) = jobs.iter().map(|job| job.deadline).max() else { return };
        let key = match self.key(label, deadline) {
            Ok(key) => key,
            Err(error) => return jobs.into_iter().for_each(|job| job.answer(Err(error.clone()))),
        };
        let (jobs, digests) = self.permitted(&key, self.digests(&key, jobs));
        begun();
        let is_guarded = jobs.iter().any(|job| job.payload.position().is_some());
        let signatures = self.signatures(&key, &digests, deadline);
        for (index, job) in jobs.into_iter().enumerate() {
            let signature = signatures.as_ref().map_err(Clone::clone).map(|signatures| signatures[index]);
            let signed = signature.and_then(|signature| self.checked(&key, &job, &digests[index], signature));
            job.answer(signed);
        }
        if let Some(guard) = self.guard.as_ref().filter(|_| is_guarded) {
            guard.mirror(&key);
        }
    }
}

impl Signing {
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

    /// The jobs that have a digest, with it; the others are answered.
    fn digests(&self, key: &KeyInfo, jobs: Vec<Job>) -> Vec<(Job, Digest)> {
        let digest = |job: Job| match digest_of(key, &job) {
            Ok(digest) => Some((job, digest)),
            Err(error) => {
                job.answer(Err(error));
                None
            }
        };
        jobs.into_iter().filter_map(digest).collect()
    }

    /// The jobs that the guard lets through, and their digests; the others are answered.
    fn permitted(&self, key: &KeyInfo, jobs: Vec<(Job, Digest)>) -> (Vec<Job>, Vec<Digest>) {
        let votes = jobs.iter().filter_map(|(job, digest)| job.payload.position().map(|(_, position)| (position, *digest)));
        let votes: Vec<_> = votes.collect();
        let chain = jobs.iter().find_map(|(job, _)| job.policy.chain.as_deref()).unwrap_or_default();
        let mut answers = match &self.guard {
            _ if votes.is_empty() => Vec::new(),
            Some(guard) => guard.permit(key, chain, &votes),
            None => votes.iter().map(|_| Err(Error::new(Kind::Storage, self.device.name(), "there is no double-vote guard"))).collect(),
        }
        .into_iter();
        let permitted = |(job, digest): (Job, Digest)| {
            let answer = if job.payload.position().is_some() { answers.next()? } else { Ok(()) };
            match answer {
                Ok(()) => Some((job, digest)),
                Err(error) => {
                    job.answer(Err(error));
                    None
                }
            }
        };
        jobs.into_iter().filter_map(permitted).unzip()
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
    fn checked(&self, key: &KeyInfo, job: &Job, digest: &Digest, signature: Signature) -> Result<Signed, Error> {
        let signature = with_low_s(key.algorithm, signature);
        if (self.check_signatures || job.policy.is_consensus()) && !verifies(key, digest, &signature) {
            self.forget(&key.label);
            let error =
                Error::new(Kind::DeviceFailed, self.device.name(), format!("the device gave a wrong signature with the key {}", key.label));
            return Err(
                error.remedy("was the key replaced by another of the same label? Ask again: the device is asked for its public key anew")
            );
        }
        Ok(Signed { signature, scheme: job.policy.scheme, public_key: key.public_key })
    }
}

fn digest_of(key: &KeyInfo, job: &Job) -> Result<Digest, Error> {
    let wanted = Algorithm::of(job.policy.scheme);
    if key.algorithm != wanted {
        let what = format!("the settings give it the scheme {}, but on the device it is a key of {}", job.policy.scheme, key.algorithm);
        return Err(Error::new(Kind::Refused, format!("key {}", key.label), what).remedy("name the scheme of the key, or the right key"));
    }
    digest(&job.payload, job.policy.scheme, &key.public_key, job.policy.id())
}

fn verifies(key: &KeyInfo, digest: &Digest, signature: &Signature) -> bool {
    let shape = Shape { low_s: true, ..Shape::digests(key.algorithm.scheme()) };
    let item = Item { key: &key.public_key, input: digest, signature, id: None, hint: &[] };
    single::verify(&shape, &item) == Verdict::Valid
}

/// Of an ECDSA signature the one of (r, s) and (r, n - s) whose s is lower; both are valid. SM2 has no such twin.
fn with_low_s(algorithm: Algorithm, mut signature: Signature) -> Signature {
    let n = match algorithm {
        Algorithm::EcdsaSecp256k1 => Secp256k1::N,
        Algorithm::EcdsaP256 => P256::N,
        Algorithm::Sm2 => return signature,
    };
    let (_, s) = signature.split_at_mut(32);
    let s: &mut [u8; 32] = s.try_into().expect("the second half of 64 bytes");
    let value = limbs::from_be_bytes(s);
    let (twin, borrow) = limbs::sub(&n, &value);
    if borrow == 0 && limbs::less(&twin, &value) {
        *s = limbs::to_be_bytes(&twin);
    }
    signature
}
