//! All back ends of a process as one: no network and no runtime.

use std::sync::Arc;

use chainbox_engine::{
    backend::{Backend, Capabilities, Cpu, CpuOptions, Fault, contract},
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    hash::{Digest, Hash},
    scheme::Scheme,
    verdict::Verdicts,
};
use chainbox_service::{BackendHealth, Backends, Device, Together};

use crate::common::items;

/// A CPU with a pool of its own that poses as a device.
struct Second(Cpu);

impl Backend for Second {
    fn name(&self) -> &str {
        "second"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { inline_items_max: 0, shares_cores: false, batch_items_max: 5_000, ..self.0.capabilities() }
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        assert!(batch.len() <= 5_000, "more than it takes");
        self.0.verify(batch)
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        self.0.recover(batch)
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        self.0.digest(hash, messages)
    }
}

fn cpu() -> Cpu {
    Cpu::with_options(&CpuOptions { threads: Some(0), ..CpuOptions::default() }).unwrap()
}

fn together() -> Together {
    let devices = vec![Device::new(Arc::new(Second(cpu())))];
    Together::start(Backends { cpu: Arc::new(cpu()), devices }, Vec::new()).unwrap()
}

#[test]
fn it_passes_the_contract_suite() {
    let together = together();
    together.wait_until_proven();
    assert!(together.reports().iter().all(|report| report.state == BackendHealth::Admitted));
    contract::check(&together).unwrap();
    let reports = together.reports();
    assert!(reports.iter().all(|report| report.quarantines_total == 0), "{reports:?}");
    assert!(reports[1].items_total > 0, "the second did nothing: {reports:?}");
}

#[test]
fn it_gives_the_hints_that_the_cpu_finds_and_counts_what_it_decided() {
    let together = together();
    let made = items(Scheme::EcdsaP256Sha256, 500, 3);
    let (verdicts, hints) = together.verify_and_hint(&made.batch).unwrap();
    let alone = Cpu::new();
    let (expected, _) = alone.verify_and_hint(&made.batch).unwrap();
    assert_eq!(verdicts, expected);
    assert_eq!(hints.len(), 500);
    assert!(hints.iter().any(Option::is_some));
    let decided = |backend: &dyn Backend| backend.decided().iter().map(|(_, items)| items).sum::<u64>();
    assert_eq!(decided(&together), decided(&alone));
    assert_eq!(together.verify(&Batch::new(made.batch.shape())).unwrap().as_slice(), []);
}

#[test]
fn many_threads_may_ask_at_once() {
    let together = together();
    std::thread::scope(|scope| {
        for seed in 0..8 {
            let together = &together;
            scope.spawn(move || {
                for count in [1, 2, 40, 3_000] {
                    let made = items(Scheme::ALL[seed as usize % 4], count, seed);
                    let verdicts = together.verify(&made.batch).unwrap();
                    let codes: Vec<u8> = verdicts.as_slice().iter().map(|verdict| verdict.code()).collect();
                    assert_eq!(codes, made.verdicts);
                }
            });
        }
    });
}

/// What was learnt comes back, and two of one name cannot be told apart.
#[test]
fn it_starts_with_what_was_learnt_before() {
    let first = together();
    let made = items(Scheme::Sm2Sm3, 2_000, 3);
    (0..20).for_each(|_| drop(first.verify(&made.batch).unwrap()));
    let learned = first.learned();
    drop(first);
    let again = Together::start(Backends::cpu_alone(Arc::new(cpu())), learned.clone()).unwrap();
    // Of the CPU as it was, and of the other one although it is not here.
    assert_eq!(again.learned(), learned);
    let devices = (0..2).map(|_| Device::new(Arc::new(Second(cpu())) as _)).collect();
    assert!(Together::start(Backends { cpu: Arc::new(cpu()), devices }, Vec::new()).is_err());
}
