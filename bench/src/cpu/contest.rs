//! Both sides on the same items and as many threads.

use std::{thread, time::Duration};

use chainbox_engine::{
    backend::{Backend, Cpu, CpuOptions},
    batch::Batch,
    simd::Processor,
    strategy::Strategy,
};
use chainbox_workloads::Hints;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{
    Error, floor,
    measure::{Contender, Times, interleaved},
    peers::{Peer, Secp256k1},
    report::{Latency, Row, Section},
    rounds::{Recovery, Rounds},
};

/// How the engine is asked for one row: fresh items, which of their hints it gets, and the strategy, none for the engine's own choice.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) rounds: &'a Rounds,
    pub(super) hints: Hints,
    pub(super) strategy: Option<Strategy>,
}

/// Both sides, on as many threads.
pub(super) struct Contest {
    pub(super) threads: usize,
    processor: Processor,
    pub(super) peers: ThreadPool,
}

impl Contest {
    pub(super) fn new(threads: usize, processor: Processor) -> Result<Self, Error> {
        Ok(Self { threads, processor, peers: ThreadPoolBuilder::new().num_threads(threads).build()? })
    }

    /// The engine with nothing in its caches.
    pub(super) fn engine(&self, strategy: Option<Strategy>) -> Result<Cpu, Error> {
        Ok(Cpu::with_options(&CpuOptions { threads: Some(self.threads), processor: self.processor, strategy, ..CpuOptions::default() })?)
    }

    /// One row for each entry, all interleaved with one peer. The entries' items may differ in their hints only.
    pub(super) fn verify(&self, section: Section, peer: &dyn Peer, entries: &[Entry<'_>]) -> Result<Vec<Row>, Error> {
        let rounds = entries[0].rounds;
        let engines = entries.iter().map(|entry| self.engine(entry.strategy)).collect::<Result<Vec<_>, _>>()?;
        let batches = entries.iter().map(|entry| entry.rounds.batches(entry.hints)).collect::<Result<Vec<_>, _>>()?;
        for (engine, batches) in engines.iter().zip(&batches) {
            settle(engine, &batches[0], rounds.spec().signers)?;
        }
        let ours: Vec<_> = engines
            .iter()
            .zip(&batches)
            .map(|(engine, batches)| move |round: usize| Ok(engine.verify(&batches[round])?.as_slice().to_vec()))
            .collect();
        let theirs = |round: usize| Ok(peer.verify(&self.peers, &batches[0][round]));
        let mut contenders: Vec<_> = ours.iter().map(|answer| Contender { name: "the engine", answer }).collect();
        contenders.push(Contender { name: peer.name(), answer: &theirs });
        let mut products = Vec::new();
        let times =
            interleaved(&rounds.expected, &contenders, || products.push(floor::Products::measure(rounds.spec().scheme, self.processor)))?;
        let (theirs, ours) = times.split_last().expect("the peer's times");
        Ok(entries.iter().zip(ours).map(|(entry, ours)| self.row(section, entry, peer.name(), [ours, theirs], &products)).collect())
    }

    /// Recovery of the signers' keys, beside crate secp256k1.
    pub(super) fn recover(&self, rounds: &Rounds) -> Result<Row, Error> {
        let entry = Entry { rounds, hints: Hints::Parity, strategy: Some(Strategy::Recover) };
        let engine = self.engine(entry.strategy)?;
        let Recovery { batches, expected } = rounds.recovery()?;
        let peer = Secp256k1.name();
        let mut products = Vec::new();
        let times = interleaved(
            &expected,
            &[
                Contender { name: "the engine", answer: &|round| Ok(engine.recover(&batches[round])?.keys) },
                Contender { name: peer, answer: &|round| Ok(Secp256k1::recover(&self.peers, &batches[round])) },
            ],
            || products.push(floor::Products::measure(rounds.spec().scheme, self.processor)),
        )?;
        Ok(self.row(Section::Strategies, &entry, peer, [&times[0], &times[1]], &products))
    }

    /// The row of the engine's times and the peer's.
    fn row(&self, section: Section, entry: &Entry<'_>, peer: &'static str, times: [&Times; 2], products: &[floor::Products]) -> Row {
        let (rounds, spec) = (entry.rounds, entry.rounds.spec());
        let (batch, signers) = (rounds.items(), spec.signers.min(rounds.items() as u64));
        let [items_per_s, peer_items_per_s] = times.map(|times| batch as f64 / times.median().as_secs_f64());
        let product_seconds = middle(products.iter().map(|products| products.seconds(entry.strategy)).collect());
        let core_seconds = self.threads as f64 / items_per_s;
        let floor_ratio = |strategy| core_seconds / (floor::products(spec.scheme, strategy, batch, signers) * product_seconds);
        Row {
            section,
            scheme: spec.scheme,
            strategy: entry.strategy,
            form: rounds.form(),
            hints: entry.hints,
            batch,
            threads: self.threads,
            signers,
            forged: spec.invalid_share,
            items_per_s,
            peer,
            peer_items_per_s,
            ratio: items_per_s / peer_items_per_s,
            product_ns: product_seconds * 1e9,
            floor_ratio: entry.strategy.map(floor_ratio),
            latency: (section == Section::Latency).then(|| latency(times)),
        }
    }
}

fn latency(times: [&Times; 2]) -> Latency {
    let [[p50_us, p99_us], [peer_p50_us, peer_p99_us]] =
        times.map(|times| [times.median(), times.percentile(99)].map(|time| time.as_secs_f64() * 1e6));
    Latency { samples: times[0].samples(), p50_us, p99_us, peer_p50_us, peer_p99_us }
}

/// Lets the engine meet signers that come again until it makes no more tables of them: the figures are those of a service that runs, and its
/// first seconds are not. Their items are those of the round that is not timed.
fn settle(engine: &Cpu, batch: &Batch, signers: u64) -> Result<(), Error> {
    // Passes without a new table, after which there will be none: a key must be met a few times before it has one.
    const STILL: usize = 4;
    let (mut keys, mut still) = (0, 0);
    while 2 * signers <= batch.len() as u64 && still < STILL {
        engine.verify(batch)?;
        while engine.known_keys().waiting > 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let now = engine.known_keys().keys;
        still = if now > keys { 0 } else { still + 1 };
        keys = now;
    }
    Ok(())
}

/// The middle value, the upper one of two; there is one at least.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use chainbox_engine::{
        batch::{Input, Item, Shape},
        scheme::Scheme,
    };
    use chainbox_workloads::Spec;

    use super::*;

    /// Accepts everything.
    struct Credulous;

    impl Peer for Credulous {
        fn name(&self) -> &'static str {
            "credulous"
        }

        fn accepts(&self, _: Shape, _: &Item<'_>) -> bool {
            true
        }
    }

    #[test]
    fn a_peer_that_accepts_forgeries_gives_no_figures() {
        let contest = Contest::new(1, Processor::detect()).unwrap();
        let row = |invalid_share| {
            let spec = Spec { input: Input::Digest, invalid_share, ..Spec::new(Scheme::EcdsaP256Sha256, 4) };
            let rounds = Rounds::new(spec, 4, 2).unwrap();
            let entry = Entry { rounds: &rounds, hints: Hints::None, strategy: None };
            contest.verify(Section::Forged, &Credulous, &[entry])
        };
        assert_eq!(row(0.0).unwrap().len(), 1);
        let error = row(1.0).unwrap_err();
        assert!(matches!(&error, Error::WrongAnswer { contender, index: 0, items: 4 } if contender == "credulous"), "{error}");
    }
}
