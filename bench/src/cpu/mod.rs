//! The CPU back end beside other libraries. All bytes are parsed inside the timed part.

mod contest;
mod digests;
mod options;

pub use options::Options;

use chainbox_engine::{
    batch::{Encoding, Input},
    hash::Hash,
    scheme::Scheme,
    strategy::Strategy,
};
use chainbox_workloads::{Hints, Spec};

use crate::{
    Error,
    machine::Machine,
    peers::{self, Peer},
    report::{DigestRow, Figure, Report, Row, Section},
    rounds::Rounds,
};
use contest::{Contest, Entry};

/// Measures a section, or every one and the digests. Each figure is handed to `show` as soon as it is there.
///
/// # Errors
/// [`Error`]; nothing is reported of a run in which anything went wrong.
pub fn run(options: &Options, only: Option<Section>, machine: Machine, show: impl FnMut(Figure<'_>)) -> Result<Report, Error> {
    let mut threads = vec![1, machine.cores];
    threads.dedup();
    let contests = threads.into_iter().map(|threads| Contest::new(threads, machine.processor)).collect::<Result<_, _>>()?;
    let mut bench = Bench { options, contests, show, results: Vec::new(), digests: Vec::new() };
    for section in Section::ALL.into_iter().filter(|section| only.is_none_or(|only| only == *section)) {
        match section {
            Section::Strategies => bench.strategies()?,
            Section::Forms => bench.forms()?,
            Section::Peers => bench.further_peers()?,
            Section::Forged => bench.forged()?,
            Section::Signers => bench.signers()?,
            Section::Latency => bench.latencies()?,
        }
    }
    if only.is_none() {
        bench.digests()?;
    }
    Ok(Report { machine, samples: options.samples, results: bench.results, digests: bench.digests })
}

/// A run on the way.
struct Bench<'a, S> {
    options: &'a Options,
    /// One for each number of threads, the fewest first: never none.
    contests: Vec<Contest>,
    show: S,
    results: Vec<Row>,
    digests: Vec<DigestRow>,
}

impl<S: FnMut(Figure<'_>)> Bench<'_, S> {
    /// Each strategy on items that suit it, on one thread and on all.
    fn strategies(&mut self) -> Result<(), Error> {
        for &scheme in self.options.schemes {
            let distinct = self.rounds(spec(scheme, self.options.items as u64))?;
            let few = self.rounds(spec(scheme, self.options.signers))?;
            let entry = |rounds, hints, strategy| Entry { rounds, hints, strategy: Some(strategy) };
            let unknown_keys = [Strategy::Single, Strategy::Lockstep].map(|strategy| entry(&distinct, Hints::None, strategy));
            let few_keys = [(Hints::None, Strategy::Known), (Hints::Parity, Strategy::Parity), (Hints::Y, Strategy::Whole)]
                .map(|(hints, strategy)| entry(&few, hints, strategy));
            for contest in 0..self.contests.len() {
                self.verify(Section::Strategies, contest, peers::of(scheme), &unknown_keys)?;
                self.verify(Section::Strategies, contest, peers::of(scheme), &few_keys)?;
                if scheme == Scheme::EcdsaSecp256k1Keccak256 {
                    let row = self.contests[contest].recover(&distinct)?;
                    self.keep(row);
                }
            }
        }
        Ok(())
    }

    /// Messages, compressed keys and DER signatures, on one thread.
    fn forms(&mut self) -> Result<(), Error> {
        for &scheme in self.options.schemes {
            let plain = spec(scheme, 1);
            for spec in [
                Spec { input: Input::Message, message_bytes: self.options.message_bytes, ..plain.clone() },
                Spec { compressed: true, ..plain.clone() },
                Spec { encoding: Encoding::Der, ..plain },
            ] {
                self.aside(Section::Forms, peers::of(scheme), spec)?;
            }
        }
        Ok(())
    }

    /// Further peers, on one thread.
    fn further_peers(&mut self) -> Result<(), Error> {
        for &scheme in self.options.schemes {
            for &(peer, input) in peers::further(scheme) {
                self.aside(Section::Peers, peer, Spec { input, message_bytes: self.options.message_bytes, ..spec(scheme, 1) })?;
            }
        }
        Ok(())
    }

    /// Shares of forged items, with y(R) as hints and without, on one thread.
    fn forged(&mut self) -> Result<(), Error> {
        for &scheme in self.options.curves {
            for &invalid_share in self.options.forged {
                let rounds = self.rounds(Spec { invalid_share, ..spec(scheme, self.options.signers) })?;
                self.verify(Section::Forged, 0, peers::of(scheme), &[Hints::Y, Hints::None].map(|hints| automatic(&rounds, hints)))?;
            }
        }
        Ok(())
    }

    /// Numbers of distinct signers, without hints, on one thread.
    fn signers(&mut self) -> Result<(), Error> {
        for &scheme in self.options.curves {
            for &signers in self.options.signer_counts {
                let rounds = self.rounds(spec(scheme, signers))?;
                self.verify(Section::Signers, 0, peers::of(scheme), &[automatic(&rounds, Hints::None)])?;
            }
        }
        Ok(())
    }

    /// The times of single batches by signers never seen before, on all threads.
    fn latencies(&mut self) -> Result<(), Error> {
        let all_threads = self.contests.len() - 1;
        for &scheme in self.options.schemes {
            for &(batch, samples) in self.options.latencies {
                let rounds = unseen(spec(scheme, 1), batch, samples + 1)?;
                self.verify(Section::Latency, all_threads, peers::of(scheme), &[automatic(&rounds, Hints::None)])?;
            }
        }
        Ok(())
    }

    /// Digests of messages, on one thread and on all.
    fn digests(&mut self) -> Result<(), Error> {
        for hash in Hash::ALL {
            for contest in &self.contests {
                let row = digests::row(contest, hash, self.options)?;
                (self.show)(Figure::Digests(&row));
                self.digests.push(row);
            }
        }
        Ok(())
    }

    /// A batch for each sample, and one that is not timed.
    fn rounds(&self, spec: Spec) -> Result<Rounds, Error> {
        Rounds::new(spec, self.options.items, self.options.samples + 1)
    }

    /// A row without hints on one thread, by signers never seen before.
    fn aside(&mut self, section: Section, peer: &dyn Peer, spec: Spec) -> Result<(), Error> {
        let rounds = unseen(spec, self.options.items_aside, self.options.samples + 1)?;
        self.verify(section, 0, peer, &[automatic(&rounds, Hints::None)])
    }

    fn verify(&mut self, section: Section, contest: usize, peer: &dyn Peer, entries: &[Entry<'_>]) -> Result<(), Error> {
        for row in self.contests[contest].verify(section, peer, entries)? {
            self.keep(row);
        }
        Ok(())
    }

    fn keep(&mut self, row: Row) {
        (self.show)(Figure::Row(&row));
        self.results.push(row);
    }
}

/// Raw signatures over digests under uncompressed keys, by this many signers.
fn spec(scheme: Scheme, signers: u64) -> Spec {
    Spec { input: Input::Digest, ..Spec::new(scheme, signers) }
}

/// Items each of which has a signer of its own, over all rounds.
fn unseen(spec: Spec, batch: usize, rounds: usize) -> Result<Rounds, Error> {
    Rounds::new(Spec { signers: (batch * rounds) as u64, ..spec }, batch, rounds)
}

/// The engine chooses the strategy.
const fn automatic(rounds: &Rounds, hints: Hints) -> Entry<'_> {
    Entry { rounds, hints, strategy: None }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn unseen_signers_sign_once() {
        let rounds = unseen(spec(Scheme::EcdsaSecp256k1Keccak256, 1), 3, 4).unwrap();
        let batches = rounds.batches(Hints::None).unwrap();
        let keys: BTreeSet<&[u8]> = batches.iter().flat_map(|batch| batch.keys().iter()).collect();
        assert_eq!(keys.len(), 12);
    }
}
