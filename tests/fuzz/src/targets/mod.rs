//! One module a target: `run` judges an input, `inputs` makes those to start from.

pub(crate) mod audit;
pub(crate) mod block;
pub(crate) mod chain;
pub(crate) mod detect;
mod entries;
pub(crate) mod eth_tx;
pub(crate) mod guard;
pub(crate) mod hsm_frame;
pub(crate) mod jsonl;
pub(crate) mod key;
pub(crate) mod native;
pub(crate) mod payload;
pub(crate) mod proof;
pub(crate) mod recover;
pub(crate) mod requests;
pub(crate) mod rlp;
pub(crate) mod settings;
pub(crate) mod signature;
pub(crate) mod software;
pub(crate) mod transaction;
pub(crate) mod verify;
pub(crate) mod wycheproof;
pub(crate) mod x509;

use std::sync::LazyLock;

use chainbox_engine::{
    backend::{Backend, Cpu},
    batch::{Batch, Item, Shape},
    verdict::{Reason, Verdict},
};
use chainbox_workloads::{SignedItem, Spec, Workload};

/// One thread: libFuzzer runs one input at a time and several processes.
static CPU: LazyLock<Cpu> = LazyLock::new(|| Cpu::with_threads(1).expect("a thread"));

/// The verdicts of the CPU back end.
fn verdicts(batch: &Batch) -> Vec<Verdict> {
    CPU.verify(batch).expect("the CPU verifies any batch").as_slice().to_vec()
}

/// The verdict of one item in a batch of its own.
fn verdict(shape: Shape, item: Item<'_>) -> Verdict {
    let mut batch = Batch::new(shape);
    batch.push(item).expect("an item that fits the shape");
    verdicts(&batch)[0]
}

/// Whether the signature's bytes or its numbers were refused, which no key and no message can change.
fn refuses_signature(verdict: Verdict) -> bool {
    matches!(verdict.reason(), Some(Reason::Encoding | Reason::ROutOfRange | Reason::SOutOfRange))
}

/// Whether the key was refused.
fn refuses_key(verdict: Verdict) -> bool {
    matches!(verdict.reason(), Some(Reason::KeyMalformed | Reason::KeyNotOnCurve | Reason::KeyIsIdentity))
}

/// All items of a workload.
fn workload(spec: Spec) -> Vec<SignedItem> {
    let items = spec.items;
    Workload::new(spec).expect("a workload that can be made").items(0..items)
}
