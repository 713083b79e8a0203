//! Seeded sets of real signatures, some of them invalid, and the comparison of every verdict.

use std::{
    fmt,
    time::{Duration, Instant},
};

use chainbox_engine::{
    backend::{Backend, Fault, contract},
    batch::{Encoding, Input, ItemError, RecoveryBatch},
    scheme::Scheme,
    verdict::Verdict,
};
use chainbox_workloads::{Hints, Kind, SignedItem, Spec, SpecError, Workload, batches};

use crate::generate;

/// Items of one form: a scheme has four.
const FORM_ITEMS: u64 = 1024;

/// The items of a set are by this many signers.
const SIGNERS: u64 = 128;

/// The share of invalid items, of every kind.
const INVALID_SHARE: f64 = 0.1;

/// The seed of all sets: any other would do.
const SEED: u64 = 2;

/// What a set of right verdicts told.
pub(super) struct Checked {
    pub(super) items: usize,
    pub(super) invalid: usize,
    /// How long the back end took.
    pub(super) time: Duration,
}

/// Why a check did not pass.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A known answer came out otherwise.
    KnownAnswers(contract::Failure),
    /// The back end gave no verdicts.
    Fault(Fault),
    /// The set could not be made, or was not what a batch takes.
    Set(String),
    /// A wrong verdict.
    Wrong(Box<Wrong>),
}

/// A wrong verdict and the item that got it.
#[derive(Debug)]
pub(crate) struct Wrong {
    backend: String,
    item: SignedItem,
    expected: String,
    answered: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KnownAnswers(failure) => write!(f, "{failure}"),
            Self::Fault(fault) => write!(f, "{fault}"),
            Self::Set(error) => write!(f, "the set of signatures is broken: {error}"),
            Self::Wrong(wrong) => {
                let line = generate::line(&wrong.item, true);
                write!(f, "Back end {} answers {}, and {} is right, for the item\n{line}", wrong.backend, wrong.answered, wrong.expected)
            }
        }
    }
}

impl From<contract::Failure> for Failure {
    fn from(failure: contract::Failure) -> Self {
        Self::KnownAnswers(failure)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<SpecError> for Failure {
    fn from(error: SpecError) -> Self {
        Self::Set(error.to_string())
    }
}

impl From<ItemError> for Failure {
    fn from(error: ItemError) -> Self {
        Self::Set(error.to_string())
    }
}

/// Verifies a set of signatures of every form, valid and invalid, and compares verdicts and reasons.
pub(super) fn verification(backend: &dyn Backend, scheme: Scheme) -> Result<Checked, Failure> {
    let mut checked = Checked { items: 0, invalid: 0, time: Duration::ZERO };
    for (input, encoding, compressed) in [
        (Input::Message, Encoding::Raw, false),
        (Input::Message, Encoding::Der, true),
        (Input::Digest, Encoding::Raw, true),
        (Input::Digest, Encoding::Der, false),
    ] {
        let spec = Spec { input, encoding, compressed, invalid_share: INVALID_SHARE, ..spec(scheme) };
        let spec = Spec { invalid_kinds: Kind::all_for(spec.shape()), ..spec };
        let items = Workload::new(spec)?.items(0..FORM_ITEMS);
        for made in batches(&items)? {
            let start = Instant::now();
            let verdicts = backend.verify(&made.batch)?;
            checked.time += start.elapsed();
            compare(backend, &items, made.expected.iter().copied(), verdicts.as_slice())?;
        }
        checked.items += items.len();
        checked.invalid += items.iter().filter(|item| !item.expected().is_valid()).count();
    }
    Ok(checked)
}

/// Recovers the signers' keys from a set of valid signatures and compares them.
pub(super) fn recovery(backend: &dyn Backend) -> Result<Checked, Failure> {
    let spec = Spec { input: Input::Digest, hints: Hints::Parity, ..spec(Scheme::EcdsaSecp256k1Keccak256) };
    let items = Workload::new(spec)?.items(0..FORM_ITEMS);
    let mut batch = RecoveryBatch::new(Input::Digest, true);
    for SignedItem { item, .. } in &items {
        batch.push(&item.input, &[&item.signature[..], &item.hint].concat())?;
    }
    let start = Instant::now();
    let recovered = backend.recover(&batch)?;
    let time = start.elapsed();
    compare(backend, &items, (0..items.len()).map(|index| (index, Verdict::Valid)), recovered.verdicts.as_slice())?;
    for (signed, key) in items.iter().zip(&recovered.keys) {
        let signer = &signed.item.key[1..];
        if signer != key {
            return Err(wrong(backend, signed, format!("signer {}", hex::encode(signer)), format!("signer {}", hex::encode(key))));
        }
    }
    Ok(Checked { items: items.len(), invalid: 0, time })
}

fn spec(scheme: Scheme) -> Spec {
    Spec { signers: SIGNERS, seed: SEED, ..Spec::new(scheme, FORM_ITEMS) }
}

/// The first verdict that is not the expected one, or that is missing.
fn compare(
    backend: &dyn Backend,
    items: &[SignedItem],
    expected: impl ExactSizeIterator<Item = (usize, Verdict)>,
    verdicts: &[Verdict],
) -> Result<(), Failure> {
    if verdicts.len() != expected.len() {
        let what = format!("{} verdicts for {} items", verdicts.len(), expected.len());
        return Err(Failure::Fault(Fault::Device { backend: backend.name().to_owned(), what }));
    }
    for ((index, expected), &answered) in expected.zip(verdicts) {
        if answered != expected {
            return Err(wrong(backend, &items[index], text(expected), text(answered)));
        }
    }
    Ok(())
}

fn wrong(backend: &dyn Backend, item: &SignedItem, expected: String, answered: String) -> Failure {
    Failure::Wrong(Box::new(Wrong { backend: backend.name().to_owned(), item: item.clone(), expected, answered }))
}

fn text(verdict: Verdict) -> String {
    verdict.reason().map_or_else(|| "valid".to_owned(), |reason| format!("invalid ({reason})"))
}
