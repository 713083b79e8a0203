//! The back end: what the host does of an item, and what it makes of the device's answers.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chainbox_engine::{
    backend::{Backend, Capabilities, Fault},
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch, Shape},
    curve::{Curve, P256, Sm2, point::Affine},
    hash::{Digest, Hash},
    scheme::{self, Equation, Scheme, Statement},
    strategy::single,
    verdict::{Verdict, Verdicts},
};
use chainbox_fpga_model::{
    machine::{Item, Outcome},
    wire::{ITEM_BYTES, set_tag},
    word::Word,
};
use rayon::prelude::*;

use crate::{
    table::{scheme, table, words},
    transport::{Answer, Identity, Transport, TransportError},
};

/// Without an answer for so long, a device that has items counts as hung.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// A back end on a device.
pub struct Fpga<T> {
    name: String,
    identity: Identity,
    scheme: Scheme,
    /// Made with the first batch.
    table: OnceLock<Arc<[[Word; 2]]>>,
    answer_time_max: Duration,
    line: Mutex<Line<T>>,
    counts: Counts,
}

/// The device, which one batch has at a time.
struct Line<T> {
    transport: T,
    /// The tag of the next item. Tags do not come again before four billion others, so that an answer that comes late is nobody's.
    tag: u32,
    /// Whether constants and table are loaded and nothing failed since.
    is_ready: bool,
}

#[derive(Default)]
struct Counts {
    by_host: AtomicU64,
    broken: AtomicU64,
    strange: AtomicU64,
}

/// What was counted since the back end was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Items that the host decided, since the device did not.
    pub by_host: u64,
    /// Of these, those that the device marked since a word that they read had wrong parity.
    pub broken: u64,
    /// Answers that no device in order gives: to no item, twice, or of no code.
    pub strange: u64,
}

/// An item that a device is to decide.
struct Open<C: Curve> {
    index: usize,
    equation: Equation,
    key: Affine<C>,
}

impl<T: Transport> Fpga<T> {
    /// The back end of a device, by the name that settings and metrics have for it. Nothing is loaded before the first batch.
    pub fn new(name: &str, transport: T) -> Self {
        let identity = transport.identity().clone();
        Self {
            name: name.to_owned(),
            scheme: scheme(&identity.curve),
            table: OnceLock::new(),
            identity,
            answer_time_max: ANSWER_TIME_MAX,
            line: Mutex::new(Line { transport, tag: 0, is_ready: false }),
            counts: Counts::default(),
        }
    }

    /// The same, with another bound of the time without an answer.
    #[must_use]
    pub fn with_answer_time_max(self, answer_time_max: Duration) -> Self {
        Self { answer_time_max, ..self }
    }

    /// What is at the other end.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What was counted.
    #[must_use]
    pub fn counted(&self) -> Counted {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counted { by_host: read(&self.counts.by_host), broken: read(&self.counts.broken), strange: read(&self.counts.strange) }
    }

    fn line(&self) -> MutexGuard<'_, Line<T>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, error: impl ToString) -> Fault {
        Fault::Device { backend: self.name.clone(), what: error.to_string() }
    }

    fn unsupported(&self, what: impl Into<String>) -> Fault {
        Fault::Unsupported { backend: self.name.clone(), what: what.into() }
    }

    fn verify_on<C: Curve>(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        let shape = batch.shape();
        let mut verdicts = Verdicts::not_checked(batch.len());
        let written = verdicts.as_mut_slice();
        let read: Vec<_> = (0..batch.len()).into_par_iter().map(|index| scheme::read::<C>(&shape, &batch.item(index))).collect();
        let mut statements: Vec<Statement> = Vec::with_capacity(batch.len());
        let mut open = Vec::with_capacity(batch.len());
        for (index, read) in read.into_iter().enumerate() {
            match read {
                Ok((statement, key)) => {
                    statements.push(statement);
                    open.push((index, key));
                }
                Err(reason) => written[index] = Verdict::Invalid(reason),
            }
        }
        let equations = scheme::equations::<C>(&shape, &statements);
        let open: Vec<Open<C>> = open.into_iter().zip(equations).map(|((index, key), equation)| Open { index, equation, key }).collect();
        let outcomes = self.ask(&open).map_err(|error| self.fault(error))?;
        let left: Vec<&Open<C>> = open
            .iter()
            .zip(outcomes)
            .filter_map(|(item, outcome)| {
                // The device says whether x(R) is c; where R is the identity the sum met opposite points, and it decided nothing.
                let decided = match outcome {
                    Some(Outcome::Valid) => item.equation.decide(false, || true),
                    Some(Outcome::Mismatch) => item.equation.decide(false, || false),
                    _ => return Some(item),
                };
                written[item.index] = decided.into();
                None
            })
            .collect();
        self.counts.by_host.fetch_add(left.len() as u64, Ordering::Relaxed);
        let decided: Vec<(usize, Verdict)> =
            left.par_iter().map(|item| (item.index, single::decide(&item.equation, &item.key).into())).collect();
        decided.into_iter().for_each(|(index, verdict)| written[index] = verdict);
        Ok(verdicts)
    }

    /// The outcome of each item; `None` where the device said nothing that can be used.
    fn ask<C: Curve>(&self, open: &[Open<C>]) -> Result<Vec<Option<Outcome>>, TransportError> {
        let mut outcomes = vec![None; open.len()];
        if open.is_empty() {
            return Ok(outcomes);
        }
        // Digits are made by all cores, before the device is taken.
        let packet = |Open { equation: Equation { factors, c, .. }, key, .. }: &Open<C>| {
            Item::new(words(key), Word(*c), &Word(factors.u1), &Word(factors.u2)).packet(0)
        };
        let mut packets: Vec<_> = open.par_iter().map(packet).collect();
        let mut line = self.line();
        if !line.is_ready {
            line.transport.reset(self.table.get_or_init(|| table(&self.identity.curve)))?;
            line.is_ready = true;
        }
        let asked = self.exchange(&mut line, &mut packets, &mut outcomes);
        line.is_ready = asked.is_ok();
        asked.map(|()| outcomes)
    }

    /// Sends the packets, each with its tag, and takes the answers.
    fn exchange(
        &self,
        line: &mut Line<T>,
        packets: &mut [[u8; ITEM_BYTES]],
        outcomes: &mut [Option<Outcome>],
    ) -> Result<(), TransportError> {
        let mut under_way: HashMap<u32, usize> = HashMap::new();
        let mut sent = 0;
        let mut last_answer = Instant::now();
        while sent < packets.len() || !under_way.is_empty() {
            while sent < packets.len() && under_way.len() < self.identity.credits {
                set_tag(&mut packets[sent], line.tag);
                line.transport.send(&packets[sent])?;
                under_way.insert(line.tag, sent);
                line.tag = line.tag.wrapping_add(1);
                sent += 1;
            }
            let waited = last_answer.elapsed();
            if waited >= self.answer_time_max {
                return Err(TransportError::Hangs(self.answer_time_max));
            }
            let answers = line.transport.receive(self.answer_time_max - waited)?;
            if !answers.is_empty() {
                last_answer = Instant::now();
            }
            for Answer { tag, code } in answers {
                let outcome = Outcome::of_code(code);
                let Some(place) = under_way.remove(&tag) else {
                    self.counts.strange.fetch_add(1, Ordering::Relaxed);
                    continue;
                };
                match outcome {
                    None => self.counts.strange.fetch_add(1, Ordering::Relaxed),
                    Some(Outcome::Broken) => self.counts.broken.fetch_add(1, Ordering::Relaxed),
                    Some(_) => 0,
                };
                outcomes[place] = outcome;
            }
        }
        Ok(())
    }
}

impl<T: Transport> Backend for Fpga<T> {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            schemes: vec![self.scheme],
            recovery: false,
            hashes: Vec::new(),
            batch_items_max: 4 * self.identity.credits,
            batch_bytes_max: 64 << 20,
            inline_items_max: 0,
            shares_cores: self.identity.is_software,
        }
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        let Shape { scheme, .. } = batch.shape();
        if scheme != self.scheme {
            return Err(self.unsupported(format!("{scheme}; its engines are built for {}: name another back end", self.scheme)));
        }
        match scheme {
            Scheme::Sm2Sm3 => self.verify_on::<Sm2>(batch),
            _ => self.verify_on::<P256>(batch),
        }
    }

    fn recover(&self, _: &RecoveryBatch) -> Result<Recovered, Fault> {
        Err(self.unsupported("recovery of keys"))
    }

    fn digest(&self, _: Hash, _: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        Err(self.unsupported("digests alone"))
    }
}
