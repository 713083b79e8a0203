//! Verdicts on single items: on the CPU of this process, or by the service.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use chainbox_engine::{
    backend::{Cpu, CpuOptions, Fault, known_answers},
    batch::{Batch, Item, Shape},
    scheme::Scheme,
    verdict::Verdict,
};

use crate::{gather::Gather, link::Link, settings::Settings};

/// The shapes whose items are gathered: raw signatures over digests, as cards see them.
const GATHERED: [Shape; 3] =
    [Shape::digests(Scheme::Sm2Sm3), Shape::digests(Scheme::EcdsaP256Sha256), Shape::digests(Scheme::EcdsaSecp256k1Sha256)];

/// Messages to the service that are under way at once: one travels while the service works on another.
const MESSAGES_MAX: usize = 4;

/// The bytes of an uncompressed SEC1 key.
const KEY_BYTES: usize = 65;

/// Who verifies, and how many verdicts it gave.
pub(crate) struct Verifier {
    cpu: Cpu,
    link: Option<Arc<Link>>,
    fallback: bool,
    gathers: Option<[Gather<Question, Result<Verdict, Fault>>; 3]>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    /// Verdicts of the service.
    service: AtomicU64,
    /// Verdicts of this process's CPU.
    here: AtomicU64,
    batches: AtomicU64,
}

/// An item that is gathered with others.
struct Question {
    key: [u8; KEY_BYTES],
    digest: [u8; 32],
    signature: [u8; 64],
}

impl Question {
    /// None for what is of another length: it is seldom, and answered alone.
    fn new(item: &Item<'_>) -> Option<Self> {
        Some(Self { key: item.key.try_into().ok()?, digest: item.input.try_into().ok()?, signature: item.signature.try_into().ok()? })
    }

    const fn as_item(&self) -> Item<'_> {
        Item { key: &self.key, input: &self.digest, signature: &self.signature, id: None, hint: &[] }
    }
}

impl Verifier {
    /// How many verdicts it gave.
    pub(crate) fn verified(&self) -> u64 {
        self.counts.service.load(Relaxed) + self.counts.here.load(Relaxed)
    }

    pub(crate) fn new(settings: &Settings, link: Option<Arc<Link>>) -> Result<Self, Fault> {
        // Verification stays on the threads that ask; the pool's only one makes the tables of keys that come again.
        let cpu = Cpu::with_options(&CpuOptions { threads: Some(1), key_table_bytes: settings.key_table_bytes, ..CpuOptions::default() })?;
        // Tables that all threads share are made by this, too: they would be half made for ever in the child of a process that forks while a thread makes them.
        known_answers::check(&cpu).map_err(|failure| Fault::Device { backend: NAME.to_owned(), what: failure.to_string() })?;
        let workers = if link.is_some() { MESSAGES_MAX } else { thread::available_parallelism().map_or(1, usize::from) };
        let gathers = settings.gather.then(|| [(); 3].map(|()| Gather::new(workers)));
        Ok(Self { cpu, link, fallback: settings.fallback, gathers, counts: Counts::default() })
    }

    pub(crate) fn verify(&self, shape: Shape, item: Item<'_>) -> Result<Verdict, Fault> {
        let gather = GATHERED.iter().position(|gathered| *gathered == shape).zip(self.gathers.as_ref());
        let Some((gather, question)) = gather.map(|(place, gathers)| &gathers[place]).zip(Question::new(&item)) else {
            return self.batch(shape, [item]).pop().unwrap_or_else(|| Err(left_out()));
        };
        let answer = gather.ask(question, |questions| self.batch(shape, questions.iter().map(Question::as_item)));
        answer.unwrap_or_else(|| Err(left_out()))
    }

    /// One verdict an item, or the fault for each.
    fn batch<'a>(&self, shape: Shape, items: impl IntoIterator<Item = Item<'a>>) -> Vec<Result<Verdict, Fault>> {
        let mut batch = Batch::new(shape);
        for item in items {
            if let Err(error) = batch.push(item) {
                return vec![Err(Fault::Unsupported { backend: NAME.to_owned(), what: error.to_string() })];
            }
        }
        self.counts.batches.fetch_add(1, Relaxed);
        match self.decide(&batch) {
            Ok(verdicts) => verdicts.into_iter().map(Ok).collect(),
            Err(fault) => vec![Err(fault); batch.len()],
        }
    }

    /// The service's verdicts; where it does not answer, those of the CPU, which are the same.
    fn decide(&self, batch: &Batch) -> Result<Vec<Verdict>, Fault> {
        if let Some(link) = &self.link {
            let fault = match link.remote() {
                None => link.is_down().to_string(),
                Some(remote) => match remote.wait(remote.client().verify(batch)) {
                    Ok(verdicts) => {
                        self.counts.service.fetch_add(batch.len() as u64, Relaxed);
                        return Ok(verdicts.into());
                    }
                    Err(error) => {
                        link.lost(&error);
                        error.to_string()
                    }
                },
            };
            if !self.fallback {
                return Err(Fault::Device { backend: NAME.to_owned(), what: fault });
            }
        }
        self.counts.here.fetch_add(batch.len() as u64, Relaxed);
        Ok(self.cpu.verify_here(batch).into())
    }
}

/// The name in faults.
const NAME: &str = "card";

/// The thread that had this item among its own broke off.
fn left_out() -> Fault {
    Fault::Device { backend: NAME.to_owned(), what: "the verification broke off".to_owned() }
}

impl fmt::Display for Verifier {
    /// What was done so far.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [service, here, batches] = [&self.counts.service, &self.counts.here, &self.counts.batches].map(|count| count.load(Relaxed));
        write!(f, "{} verified in {batches} batches: {service} by the service, {here} by this process's CPU", self.verified())?;
        let known = self.cpu.known_keys();
        write!(f, "; tables of {} keys in {} MiB", known.keys, known.bytes >> 20)
    }
}
