//! The way of a batch over a device: cut, packed, submitted, read back, checked.
//!
//! - `job`: what kernels are launched for verification, recovery and digests, and which columns they read.
//! - `chunks`: a batch is cut so that a piece fits a slot and takes no longer than a display can wait.
//! - `pack`: columns become the input of a slot.
//! - `slots`: three slots in rotation, so that packing, copies, kernels and reading back of pieces that follow one another overlap.
//! - `programs`: programs are compiled when something needs them first.
//! - `answers`: what kernels wrote becomes verdicts, or a fault.
//! - `generator`: the tables of G.
//! - `known`: tables of keys that come again.
//! - [`measure`]: kernels without copies, and the rate of the device.

mod answers;
mod chunks;
mod generator;
mod job;
mod known;
pub mod measure;
mod pack;
mod programs;
mod slots;

use std::{
    collections::VecDeque,
    path::PathBuf,
    time::{Duration, Instant},
};

use chainbox_engine::{
    backend::{Backend, Capabilities, Fault},
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    hash::{Digest, Hash},
    scheme::Scheme,
    strategy::{recover::recover_one, single},
    verdict::{Verdict, Verdicts},
};
use rayon::prelude::*;

use crate::{
    device::{Device, DeviceError, DeviceInfo, Kind, SlotBytes},
    layout::{GROUP_LANES, KEY_TABLE_WORDS, RECOVER_WORDS, WORK_WORDS},
    program::{Curve, Purpose},
};
use answers::Answer;
use chunks::Pace;
use job::{Items, Job};
pub use known::KnownKeysState;
use known::{KnownKeys, Plan};
use programs::Programs;
use slots::{Slots, Station};

/// The longest string of an item that a device gets, in bytes: one lane would hash a longer one while all others wait, and the CPU is faster at that.
/// And llvmpipe ends a kernel's loops after 65,535 rounds in all, without a word: a hash of 64 KiB has more.
pub const STRING_BYTES_MAX: usize = 16 << 10;

/// The bytes of the tables of G, with which the device's tables begin.
pub const GENERATOR_BYTES: usize = generator::TABLE_BYTES;

/// After this time without an answer a submission counts as hung. Known slow devices stay far below, and whoever asks has a deadline of his own.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// The bound of the tables of known keys where nobody sets one: 2,048 keys.
const KEY_TABLE_BYTES: usize = 64 << 20;

/// The bytes of a buffer that any device is taken to have, where it does not say: what Vulkan guarantees.
const BUFFER_BYTES: usize = 128 << 20;

/// How a device is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The most items of a submission; `None` for what suits the kind of device.
    pub slot_items: Option<usize>,
    /// The most bytes of a submission's input.
    pub slot_bytes: usize,
    /// Where compiled kernels are kept.
    pub cache: Option<PathBuf>,
    /// The bound of the tables of known keys on the device, in bytes; `None` for what suits the kind of device: none for software, whose compilers take long
    /// for the kernels of known keys.
    pub key_table_bytes: Option<usize>,
    /// How long a submission should take at most: a display that the device drives stands still for so long.
    pub submission_time_max: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { slot_items: None, slot_bytes: 64 << 20, cache: None, key_table_bytes: None, submission_time_max: Duration::from_millis(200) }
    }
}

/// The items of a submission that suit a kind of device: enough lanes to keep it busy, within the memory that it is likely to have.
const fn slot_items_of(kind: Kind) -> usize {
    match kind {
        Kind::Discrete => 1 << 18,
        Kind::Integrated | Kind::Other => 1 << 16,
        Kind::Software => 1 << 12,
    }
}

/// A back end on a device.
pub struct Verifier<D: Device> {
    device: D,
    slots: Slots<D>,
    programs: Programs<D>,
    pace: Pace,
    known: KnownKeys,
    slot_items: usize,
    slot_bytes: usize,
    /// What the slots are bound to: kept as long as they.
    tables: D::Tables,
}

impl<D: Device> Verifier<D> {
    /// A back end on this device. Nothing is compiled yet.
    ///
    /// # Errors
    /// [`DeviceError`] where the device has no room for the tables.
    pub fn new(device: D, options: &Options) -> Result<Self, DeviceError> {
        let info = device.info();
        let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let buffer_bytes_max = if info.buffer_bytes_max == 0 { BUFFER_BYTES } else { bytes(info.buffer_bytes_max) };
        // The slots' work takes at most three eighths of the memory.
        let work_bytes_max = if info.memory_bytes == 0 { buffer_bytes_max } else { buffer_bytes_max.min(bytes(info.memory_bytes / 8)) };
        let lanes_max = work_bytes_max / (4 * WORK_WORDS) / GROUP_LANES * GROUP_LANES;
        let slot_bytes_min = 2 * pack::bytes_of_longest_item();
        if lanes_max == 0 || buffer_bytes_max < slot_bytes_min.max(generator::TABLE_BYTES + 4 * KEY_TABLE_WORDS) {
            return Err(DeviceError::Memory { bytes: slot_bytes_min, what: format!("its buffers have at most {buffer_bytes_max} bytes") });
        }
        let slot_items = options.slot_items.unwrap_or_else(|| slot_items_of(info.kind)).clamp(1, lanes_max).next_multiple_of(GROUP_LANES);
        // Places in the input are words of 32 bits.
        let slot_bytes = options.slot_bytes.clamp(slot_bytes_min, buffer_bytes_max.min(u32::MAX as usize)) / 4 * 4;
        let key_table_bytes = options.key_table_bytes.unwrap_or(if info.kind == Kind::Software { 0 } else { KEY_TABLE_BYTES });
        let known = KnownKeys::new(key_table_bytes.min(buffer_bytes_max.saturating_sub(generator::TABLE_BYTES)));
        // Lanes past the items read the first place, whatever it holds.
        let tables = device.tables(generator::TABLE_BYTES + known.bytes().max(4 * KEY_TABLE_WORDS), &generator::tables())?;
        let bytes = SlotBytes { input: slot_bytes, work: 4 * WORK_WORDS * slot_items, output: 4 * RECOVER_WORDS * slot_items };
        Ok(Self {
            slots: Slots::new(bytes),
            programs: Programs::default(),
            pace: Pace::new(options.submission_time_max),
            known,
            slot_items,
            slot_bytes,
            tables,
            device,
        })
    }

    /// What the device says of itself.
    pub fn info(&self) -> &DeviceInfo {
        self.device.info()
    }

    /// What the tables of known keys are at.
    #[must_use]
    pub fn known_keys(&self) -> KnownKeysState {
        self.known.state()
    }

    fn fault(&self, what: impl ToString) -> Fault {
        Fault::Device { backend: self.info().api.to_owned(), what: what.to_string() }
    }

    /// Sends items through the device piece by piece. `new` are the tables to be made on the way. `read` gets the items of a piece and what the kernels wrote.
    fn run(
        &self,
        job: &Job<'_>,
        items: &Items<'_>,
        new: &[u32],
        mut read: impl FnMut(&Items<'_>, &[u8]) -> Result<(), String>,
    ) -> Result<(), Fault> {
        let mut under_way = VecDeque::with_capacity(slots::SLOTS);
        let result = self.rotate(job, items, new, &mut under_way, &mut read);
        if result.is_err() {
            // What is still under way is nobody's, and nobody knows what became of the tables.
            self.slots.lose(under_way.len());
            self.known.forget();
        }
        result
    }

    fn rotate<'a>(
        &self,
        job: &Job<'_>,
        items: &Items<'a>,
        new: &[u32],
        under_way: &mut VecDeque<UnderWay<'a, D>>,
        read: &mut impl FnMut(&Items<'_>, &[u8]) -> Result<(), String>,
    ) -> Result<(), Fault> {
        let mut new = new.to_vec();
        let mut start = 0;
        while start < items.len() {
            let range = chunks::next(job, items, start, self.slot_items, self.slot_bytes, self.pace.weight_max(job.pace));
            start = range.end;
            let piece = items.part(range);
            let new_here = match &piece {
                Items::Known(known) => new.extract_if(.., |place| known.binary_search_by_key(place, |&(_, place)| place).is_ok()).collect(),
                _ => Vec::new(),
            };
            let station = loop {
                if let Some(station) =
                    self.slots.take(&self.device, &self.tables, under_way.is_empty()).map_err(|error| self.fault(error))?
                {
                    break station;
                }
                self.finish(job, under_way, read)?;
            };
            under_way.push_back(UnderWay { items: piece.clone(), station, submitted: Instant::now() });
            let station = &mut under_way.back_mut().expect("one was just put there").station;
            self.submit(job, &piece, &new_here, station).map_err(|error| self.fault(error))?;
        }
        while !under_way.is_empty() {
            self.finish(job, under_way, read)?;
        }
        Ok(())
    }

    /// Packs a piece and launches its kernels.
    fn submit(&self, job: &Job<'_>, items: &Items<'_>, new: &[u32], station: &mut Station<D>) -> Result<(), DeviceError> {
        let params = pack::pack(job, items, new, &mut station.staging);
        let mut input = &station.staging.input[..];
        let (last, before) = job.stages.split_last().expect("a job has stages");
        for (stage, output_bytes) in before.iter().map(|stage| (stage, 0)).chain([(last, 4 * job.answer_words * items.len())]) {
            let program = self.programs.get(&self.device, stage.purpose)?;
            let launches = stage.launches(&program.kernels, params, new.len());
            self.device.submit(&program.compiled, &mut station.slot, input, &launches, output_bytes, answers::POISON)?;
            input = &[];
        }
        Ok(())
    }

    /// Waits for the piece that was submitted first, and reads its answers.
    fn finish(
        &self,
        job: &Job<'_>,
        under_way: &mut VecDeque<UnderWay<'_, D>>,
        read: &mut impl FnMut(&Items<'_>, &[u8]) -> Result<(), String>,
    ) -> Result<(), Fault> {
        let first = under_way.front_mut().expect("something is under way");
        let output = self.device.wait(&mut first.station.slot, ANSWER_TIME_MAX).map_err(|error| self.fault(error))?;
        self.pace.learn(job.pace, chunks::weight(job, &first.items), first.submitted, Instant::now());
        let answer_bytes = 4 * job.answer_words * first.items.len();
        let whole = output.get(..answer_bytes).ok_or_else(|| self.fault(format!("{} bytes read of {answer_bytes}", output.len())))?;
        let result = read(&first.items, whole).map_err(|what| self.fault(what));
        let done = under_way.pop_front().expect("it was there above");
        self.slots.give_back(done.station);
        result
    }

    /// Verifies items; gives those that are left to the host.
    fn verify_items(
        &self,
        batch: &Batch,
        job: &Job<'_>,
        items: &Items<'_>,
        new: &[u32],
        written: &mut [Verdict],
    ) -> Result<Vec<usize>, Fault> {
        let mut left = Vec::new();
        self.run(job, items, new, |piece, output| {
            for (index, words) in piece.iter().zip(output.chunks_exact(4 * job.answer_words)) {
                if job.is_long(index) {
                    left.push(index);
                    continue;
                }
                match answers::verdict(batch, index, words)? {
                    Answer::Decided(verdict) => written[index] = verdict,
                    Answer::LeftToTheHost => left.push(index),
                }
            }
            Ok(())
        })?;
        Ok(left)
    }

    /// Verifies a batch some of whose keys have tables, or get them now.
    fn verify_known(&self, batch: &Batch, job: &Job<'_>, plan: &Plan, written: &mut [Verdict]) -> Result<Vec<usize>, Fault> {
        let known = self.verify_items(batch, &Job::verify_known(batch), &Items::Known(&plan.known), &plan.new, written)?;
        if !self.known.done(plan) {
            return Err(self.fault("the tables of known keys were lost on the way"));
        }
        let unknown = self.verify_items(batch, job, &Items::List(&plan.unknown), &[], written)?;
        Ok([known, unknown].concat())
    }
}

/// A piece of a batch that the device has.
struct UnderWay<'a, D: Device> {
    items: Items<'a>,
    station: Station<D>,
    submitted: Instant,
}

impl<D: Device> Backend for Verifier<D> {
    fn name(&self) -> &str {
        self.info().api
    }

    /// What it names as the largest batch is a rotation of slots; it takes larger ones as well.
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            schemes: Scheme::ALL.to_vec(),
            recovery: true,
            hashes: Hash::ALL.to_vec(),
            batch_items_max: slots::SLOTS * self.slot_items,
            batch_bytes_max: slots::SLOTS * self.slot_bytes,
            inline_items_max: 0,
            shares_cores: self.info().kind == Kind::Software,
        }
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        let mut verdicts = Verdicts::not_checked(batch.len());
        let written = verdicts.as_mut_slice();
        let curve = Curve::of(batch.shape().scheme);
        // Compiled with the first batch of the curve, so that no later one waits for it.
        if self.known.bytes() > 0 {
            self.programs.get(&self.device, Purpose::KnownKeys(curve)).map_err(|error| self.fault(error))?;
        }
        let job = Job::verify(batch);
        let plan = self.known.plan(curve, batch.keys(), |index| job.is_long(index), self.slot_items / GROUP_LANES);
        let left = match plan {
            Some(plan) => self.verify_known(batch, &job, &plan, written)?,
            None => self.verify_items(batch, &job, &Items::Range(0..batch.len()), &[], written)?,
        };
        let shape = batch.shape();
        let decided: Vec<Verdict> = left.par_iter().map(|&index| single::verify(&shape, &batch.item(index))).collect();
        for (index, verdict) in left.into_iter().zip(decided) {
            written[index] = verdict;
        }
        Ok(verdicts)
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        let job = Job::recover(batch);
        let mut verdicts = Verdicts::not_checked(batch.len());
        let mut keys = vec![[0; 64]; batch.len()];
        let mut left = Vec::new();
        let written = verdicts.as_mut_slice();
        self.run(&job, &Items::Range(0..job.items()), &[], |piece, output| {
            for (index, words) in piece.iter().zip(output.chunks_exact(4 * job.answer_words)) {
                if job.is_long(index) {
                    left.push(index);
                    continue;
                }
                match answers::key(batch, index, words)? {
                    Answer::Decided(answer) => (written[index], keys[index]) = answer,
                    Answer::LeftToTheHost => left.push(index),
                }
            }
            Ok(())
        })?;
        let decided: Vec<_> = left.par_iter().map(|&index| recover_one(batch, index)).collect();
        for (index, answer) in left.into_iter().zip(decided) {
            (written[index], keys[index]) = match answer {
                Ok(key) => (Verdict::Valid, key),
                Err(reason) => (Verdict::Invalid(reason), [0; 64]),
            };
        }
        Ok(Recovered { verdicts, keys })
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        let job = Job::digest(hash, messages);
        let mut digests = vec![[0; 32]; messages.len()];
        let mut left = Vec::new();
        self.run(&job, &Items::Range(0..job.items()), &[], |piece, output| {
            for (index, words) in piece.iter().zip(output.chunks_exact(4 * job.answer_words)) {
                if job.is_long(index) {
                    left.push(index);
                } else {
                    digests[index] = answers::digest(index, words)?;
                }
            }
            Ok(())
        })?;
        let made: Vec<_> = left.par_iter().map(|&index| hash.digest(messages.get(index))).collect();
        for (index, digest) in left.into_iter().zip(made) {
            digests[index] = digest;
        }
        Ok(digests)
    }
}
