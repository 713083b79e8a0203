//! The contract suite: what every device must pass.
//!
//! It makes keys of its own, whose labels begin with a prefix that the caller chooses, and destroys them again; on a device that makes no keys it uses
//! those that are there. Signatures are verified by the engine.

use std::thread;

use chainbox_engine::{
    batch::{Item, Shape},
    hash::{Digest, sha256},
    strategy::single,
    verdict::Verdict,
};

use super::{Capabilities, Device};
use crate::{Algorithm, Deadline, Error, KeyInfo, Kind, Label, Signature};

/// Threads that sign at once.
const THREADS: usize = 8;

/// Digests that each of them signs, one a call.
const CALLS: usize = 16;

/// How a device broke the contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It failed where it must not.
    #[error("{check}: {error}")]
    Failed {
        /// The part of the suite.
        check: &'static str,
        /// What it answered.
        error: Error,
    },
    /// It gave a wrong answer.
    #[error("{check}: {what}")]
    Wrong {
        /// The part of the suite.
        check: &'static str,
        /// What was wrong.
        what: String,
    },
}

type Outcome = Result<(), Failure>;

/// Runs the whole suite on a device that makes and destroys keys of at least one algorithm. `deadline` gives the deadline of one call.
///
/// # Errors
/// The first [`Failure`]. Keys of the suite may be left on the device then.
pub fn check(device: &dyn Device, prefix: &str, deadline: impl Fn() -> Deadline + Sync) -> Outcome {
    let suite = Suite { device, prefix, deadline };
    let capabilities = suite.take("capabilities", device.capabilities((suite.deadline)()))?;
    suite.expect("capabilities", !capabilities.algorithms.is_empty(), || "no algorithm".to_owned())?;
    for &algorithm in &capabilities.algorithms {
        suite.one_key(algorithm, capabilities.batch_max)?;
    }
    suite.unsupported(&capabilities.algorithms)?;
    suite.no_key()?;
    suite.random()?;
    suite.deadline_over(capabilities.algorithms[0])
}

/// Runs what there is of the suite for a device that makes and destroys no keys, on keys that it holds. No key has a label that begins with the prefix.
///
/// # Errors
/// The first [`Failure`].
pub fn check_with_keys(device: &dyn Device, labels: &[Label], prefix: &str, deadline: impl Fn() -> Deadline + Sync) -> Outcome {
    let suite = Suite { device, prefix, deadline };
    let capabilities = suite.take("capabilities", device.capabilities((suite.deadline)()))?;
    let makes_none = !capabilities.generates && !capabilities.destroys;
    suite.expect("capabilities", makes_none, || "a device that makes or destroys keys has the whole suite".to_owned())?;
    suite.expect("labels", !labels.is_empty(), || "no key to check".to_owned())?;
    for label in labels {
        suite.given_key(label, &capabilities)?;
    }
    suite.unsupported(&[])?;
    suite.no_key()?;
    suite.random()?;
    let late = device.sign(&labels[0], &digests("late", 1), Deadline::after(std::time::Duration::ZERO));
    suite.refuses("deadline over", late, Kind::Deadline)
}

/// Whether a signature verifies over this digest in the engine.
#[must_use]
pub fn verifies(key: &KeyInfo, digest: &Digest, signature: &Signature) -> bool {
    let shape = Shape::digests(key.algorithm.scheme());
    let item = Item { key: &key.public_key, input: digest, signature, id: None, hint: &[] };
    single::verify(&shape, &item) == Verdict::Valid
}

/// Digests that differ from one another.
fn digests(seed: &str, count: usize) -> Vec<Digest> {
    (0..count).map(|index| sha256(format!("{seed} {index}").as_bytes())).collect()
}

struct Suite<'a, D> {
    device: &'a dyn Device,
    prefix: &'a str,
    deadline: D,
}

impl<D: Fn() -> Deadline + Sync> Suite<'_, D> {
    fn label(&self, name: &str) -> Label {
        format!("{}{name}", self.prefix).parse().expect("a short prefix makes a label")
    }

    fn take<T>(&self, check: &'static str, answer: Result<T, Error>) -> Result<T, Failure> {
        answer.map_err(|error| Failure::Failed { check, error })
    }

    fn expect(&self, check: &'static str, holds: bool, what: impl FnOnce() -> String) -> Outcome {
        if holds { Ok(()) } else { Err(Failure::Wrong { check, what: what() }) }
    }

    /// That an answer is an error of this kind, which names its place.
    fn refuses<T: std::fmt::Debug>(&self, check: &'static str, answer: Result<T, Error>, kind: Kind) -> Outcome {
        match answer {
            Err(error) if error.kind == kind => self.expect(check, !error.place.is_empty(), || format!("{error} names no place")),
            other => Err(Failure::Wrong { check, what: format!("expected {}, answered {other:?}", kind.name()) }),
        }
    }

    /// The life of a key: made, found, listed, used by many, destroyed.
    fn one_key(&self, algorithm: Algorithm, batch_max: usize) -> Outcome {
        let label = self.label(algorithm.name());
        let public_key = self.take("generate", self.device.generate(&label, algorithm, (self.deadline)()))?;
        let key = self.take("key", self.device.key(&label, (self.deadline)()))?;
        self.expect("key", key == KeyInfo { label: label.clone(), algorithm, public_key }, || {
            format!("{key:?} is not the key that was made")
        })?;
        self.refuses("generate twice", self.device.generate(&label, algorithm, (self.deadline)()), Kind::KeyExists)?;
        self.used(&key, batch_max)?;
        self.take("destroy", self.device.destroy(&label, (self.deadline)()))?;
        self.refuses("key destroyed", self.device.key(&label, (self.deadline)()), Kind::NoKey)?;
        self.refuses("sign destroyed", self.device.sign(&label, &digests("late", 1), (self.deadline)()), Kind::NoKey)
    }

    /// A key that was there before: found, listed, used by many, and still there after somebody tried to destroy it.
    fn given_key(&self, label: &Label, capabilities: &Capabilities) -> Outcome {
        let key = self.take("key", self.device.key(label, (self.deadline)()))?;
        let is_named = key.label == *label && capabilities.algorithms.contains(&key.algorithm);
        self.expect("key", is_named, || format!("{key:?} is not {label}, or of an algorithm that the device does not name"))?;
        self.refuses("destroy", self.device.destroy(label, (self.deadline)()), Kind::Unsupported)?;
        self.used(&key, capabilities.batch_max)?;
        let again = self.take("key", self.device.key(label, (self.deadline)()))?;
        self.expect("key", again == key, || format!("{again:?} was {key:?} before"))
    }

    /// Listed, and used by one and by many, in calls of all sizes.
    fn used(&self, key: &KeyInfo, batch_max: usize) -> Outcome {
        let keys = self.take("keys", self.device.keys((self.deadline)()))?;
        self.expect("keys", keys.contains(key), || format!("{} is not listed", key.label))?;
        self.expect("keys", keys.is_sorted_by(|a, b| a.label < b.label), || "not in the order of their labels".to_owned())?;
        for size in [0, 1, 2, 17.min(batch_max), 100.min(batch_max)] {
            self.sign(key, &digests(key.algorithm.name(), size))?;
        }
        self.edges(key)?;
        self.at_once(key)
    }

    fn sign(&self, key: &KeyInfo, digests: &[Digest]) -> Outcome {
        let signatures = self.take("sign", self.device.sign(&key.label, digests, (self.deadline)()))?;
        self.expect("sign", signatures.len() == digests.len(), || format!("{} signatures of {} digests", signatures.len(), digests.len()))?;
        for (index, (digest, signature)) in digests.iter().zip(&signatures).enumerate() {
            self.expect("sign", verifies(key, digest, signature), || {
                format!("the signature of digest {index} of {} does not verify", digests.len())
            })?;
        }
        Ok(())
    }

    /// Digests above the group's order, and with leading zeros.
    fn edges(&self, key: &KeyInfo) -> Outcome {
        let mut small = [0; 32];
        small[31] = 1;
        self.sign(key, &[[0xff; 32], small])
    }

    /// Many threads at once, each with digests of its own.
    fn at_once(&self, key: &KeyInfo) -> Outcome {
        thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    scope
                        .spawn(move || digests(&format!("thread {thread}"), CALLS).iter().try_for_each(|digest| self.sign(key, &[*digest])))
                })
                .collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("no thread of the suite panics"))
        })
    }

    fn unsupported(&self, algorithms: &[Algorithm]) -> Outcome {
        let others = Algorithm::ALL.into_iter().filter(|algorithm| !algorithms.contains(algorithm));
        others
            .map(|algorithm| self.device.generate(&self.label("unsupported"), algorithm, (self.deadline)()))
            .try_for_each(|answer| self.refuses("unsupported", answer, Kind::Unsupported))
    }

    fn no_key(&self) -> Outcome {
        let label = self.label("nobody made this");
        self.refuses("no key", self.device.key(&label, (self.deadline)()), Kind::NoKey)?;
        self.refuses("no key", self.device.sign(&label, &digests("none", 1), (self.deadline)()), Kind::NoKey)?;
        self.refuses("no key", self.device.destroy(&label, (self.deadline)()), Kind::NoKey)
    }

    fn random(&self) -> Outcome {
        let mut draws = [[0; 32]; 2];
        for draw in &mut draws {
            self.take("random", self.device.random(draw, (self.deadline)()))?;
        }
        self.expect("random", draws[0] != draws[1] && draws.iter().all(|draw| *draw != [0; 32]), || {
            "the same bytes twice, or none".to_owned()
        })
    }

    /// Nothing is done for whoever does not wait any more.
    fn deadline_over(&self, algorithm: Algorithm) -> Outcome {
        let label = self.label("too late");
        let over = Deadline::after(std::time::Duration::ZERO);
        self.refuses("deadline over", self.device.generate(&label, algorithm, over), Kind::Deadline)?;
        self.refuses("deadline over", self.device.key(&label, (self.deadline)()), Kind::NoKey)
    }
}
