//! The CPU back end beside other libraries: raw signatures over given digests, all keys distinct, all bytes parsed inside the timed part.

use std::time::Duration;

use chainbox_engine::{
    backend::{Backend, Cpu},
    batch::{Batch, Input, Item, RecoveryBatch, Shape},
    scheme::Scheme,
    strategy::Strategy,
    verdict::Verdict,
};
use chainbox_workloads::{Hints, SignedItem, Spec, Workload};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{
    Error,
    machine::Machine,
    measure::{Contender, interleaved},
    peers,
    report::{Report, Row},
};

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Items a batch.
    pub items: usize,
    /// Samples of each contender.
    pub samples: usize,
}

impl Options {
    /// Figures to publish: some two minutes on two cores.
    pub const FULL: Self = Self { items: 16_384, samples: 5 };
    /// A first impression: well under a minute.
    pub const QUICK: Self = Self { items: 2_048, samples: 5 };
}

/// Measures every scheme and recovery, on one thread and on one for each core. Each row is handed to `show` as soon as it is there.
///
/// # Errors
/// [`Error`]; nothing is reported of a run in which anything went wrong.
pub fn run(options: Options, machine: Machine, mut show: impl FnMut(&Row)) -> Result<Report, Error> {
    let mut threads = vec![1, machine.cores];
    threads.dedup();
    let contests = threads.into_iter().map(Contest::new).collect::<Result<Vec<_>, _>>()?;
    let mut results = Vec::new();
    let mut keep = |row: Row| {
        show(&row);
        results.push(row);
    };
    for scheme in Scheme::ALL {
        let items = items(scheme, options.items)?;
        for contest in &contests {
            keep(contest.verify(scheme, &items, options.samples)?);
        }
        if scheme == Scheme::EcdsaSecp256k1Keccak256 {
            for contest in &contests {
                keep(contest.recover(scheme, &items, options.samples)?);
            }
        }
    }
    Ok(Report { machine, samples: options.samples, results })
}

/// Valid items over digests by distinct signers, with the parity that recovery needs; verification does not get it.
fn items(scheme: Scheme, items: usize) -> Result<Vec<SignedItem>, Error> {
    let spec = Spec { input: Input::Digest, hints: Hints::Parity, ..Spec::new(scheme, items as u64) };
    Ok(Workload::new(spec)?.items(0..items as u64))
}

/// Both sides, on as many threads.
struct Contest {
    threads: usize,
    ours: Cpu,
    peers: ThreadPool,
}

impl Contest {
    fn new(threads: usize) -> Result<Self, Error> {
        Ok(Self { threads, ours: Cpu::with_threads(threads)?, peers: ThreadPoolBuilder::new().num_threads(threads).build()? })
    }

    fn verify(&self, scheme: Scheme, items: &[SignedItem], samples: usize) -> Result<Row, Error> {
        let mut batch = Batch::with_capacity(Shape::digests(scheme), items.len());
        for signed in items {
            batch.push(Item { hint: b"", ..signed.item.as_item() })?;
        }
        let expected = vec![Verdict::Valid; batch.len()];
        let peer = peers::of(scheme);
        let contenders = [
            Contender { name: "the engine", answer: &|| Ok(self.ours.verify(&batch)?.as_slice().to_vec()) },
            Contender { name: peer.name(), answer: &|| Ok(peer.verify(&self.peers, &batch)) },
        ];
        let times = interleaved(samples, &expected, &contenders)?;
        Ok(self.row(scheme, Strategy::Single, items.len(), peer.name(), &times))
    }

    fn recover(&self, scheme: Scheme, items: &[SignedItem], samples: usize) -> Result<Row, Error> {
        let mut batch = RecoveryBatch::new(Input::Digest, false);
        let mut expected = Vec::new();
        for SignedItem { item, .. } in items {
            batch.push(&item.input, &[&item.signature[..], &item.hint].concat())?;
            expected.push(<[u8; 64]>::try_from(&item.key[1..]).expect("an uncompressed key"));
        }
        let contenders = [
            Contender { name: "the engine", answer: &|| Ok(self.ours.recover(&batch)?.keys) },
            Contender { name: "secp256k1", answer: &|| Ok(peers::Secp256k1::recover(&self.peers, &batch)) },
        ];
        let times = interleaved(samples, &expected, &contenders)?;
        Ok(self.row(scheme, Strategy::Recover, items.len(), "secp256k1", &times))
    }

    fn row(&self, scheme: Scheme, strategy: Strategy, items: usize, peer: &'static str, times: &[Duration]) -> Row {
        let [ours, theirs] = [times[0], times[1]].map(|time| items as f64 / time.as_secs_f64());
        Row {
            scheme,
            strategy: strategy.name(),
            batch: items,
            threads: self.threads,
            signers: items as u64,
            forged: 0.0,
            items_per_s: ours,
            peer,
            peer_items_per_s: theirs,
            ratio: ours / theirs,
        }
    }
}
