//! What only measuring needs: kernels without copies, and the rate of the device.

use std::time::{Duration, Instant};

use chainbox_engine::{backend::Fault, batch::Batch};

use super::{
    ANSWER_TIME_MAX, Verifier, answers, chunks,
    job::{Items, Job},
    pack,
    slots::Station,
};
use crate::{
    device::{Device, DeviceError, Launch},
    layout::{GROUP_LANES, Params, RATE_CHAINS, RATE_ROUNDS},
    program::{Curve, Purpose},
};

/// How long kernels take for some items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelTime {
    /// The items of a submission.
    pub items: usize,
    /// The time of all kernels of a submission, without copies; the mean of some.
    pub time: Duration,
}

impl<D: Device> Verifier<D> {
    /// The time of the kernels alone, for as many items of the batch as one submission takes: the same input is worked on `rounds` times.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn measure_kernels(&self, batch: &Batch, rounds: usize) -> Result<KernelTime, Fault> {
        let job = Job::verify(batch);
        let whole = Items::Range(0..batch.len());
        let piece = whole.part(chunks::next(&job, &whole, 0, self.slot_items, self.slot_bytes, usize::MAX));
        let items = piece.len();
        let mut time = Duration::ZERO;
        self.with_station(|station| {
            self.submit(&job, &piece, &[], station)?;
            self.device.wait(&mut station.slot, ANSWER_TIME_MAX)?;
            let params = pack::pack(&job, &piece, &[], &mut station.staging);
            let begin = Instant::now();
            for round in 1..=rounds.max(1) {
                for (place, stage) in job.stages.iter().enumerate() {
                    let program = self.programs.get(&self.device, stage.purpose)?;
                    let launches = stage.launches(&program.kernels, params, 0);
                    // One word is read at the end, to wait for it.
                    let output_bytes = if round >= rounds && place + 1 == job.stages.len() { 4 } else { 0 };
                    self.device.submit(&program.compiled, &mut station.slot, &[], &launches, output_bytes, answers::POISON)?;
                }
            }
            self.device.wait(&mut station.slot, ANSWER_TIME_MAX)?;
            time = begin.elapsed() / u32::try_from(rounds.max(1)).unwrap_or(u32::MAX);
            Ok(())
        })?;
        Ok(KernelTime { items, time })
    }

    /// The 32x32 multiply-adds that the kernels spend on an item of this batch's shape, hashing not counted. The counts stand at the head of `verify.cl`.
    #[must_use]
    pub fn multiply_adds_an_item(&self, batch: &Batch, key_is_known: bool) -> u64 {
        match (Curve::of(batch.shape().scheme), key_is_known) {
            (Curve::Secp256k1, false) => 136_025,
            (Curve::P256, false) => 170_858,
            (Curve::Sm2, false) => 169_336,
            (Curve::Secp256k1, true) => 71_312,
            (Curve::P256, true) => 61_882,
            (Curve::Sm2, true) => 60_360,
        }
    }

    /// 32x32 multiply-adds a second that the device does in a loop of nothing else, the best of some runs within about `time`.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn multiply_add_rate(&self, time: Duration) -> Result<f64, Fault> {
        let purpose = Purpose::Harness(Curve::Secp256k1, &["multiply_add_rate"]);
        let program = self.programs.get(&self.device, purpose).map_err(|error| self.fault(error))?;
        let params = Params { items: self.slot_items as u32, lanes: self.slot_items as u32, ..Params::default() };
        let launches = [Launch { kernel: 0, groups: (self.slot_items / GROUP_LANES) as u32, params }];
        let work = self.slot_items as f64 * f64::from(RATE_CHAINS) * f64::from(RATE_ROUNDS);
        let mut best = 0.0_f64;
        self.with_station(|station| {
            let begin = Instant::now();
            // The first run is to warm up.
            for run in 0.. {
                let submitted = Instant::now();
                self.device.submit(&program.compiled, &mut station.slot, &[0; 16], &launches, 4, answers::POISON)?;
                self.device.wait(&mut station.slot, ANSWER_TIME_MAX)?;
                if run > 0 {
                    best = best.max(work / submitted.elapsed().as_secs_f64());
                }
                if run > 0 && begin.elapsed() >= time {
                    break;
                }
            }
            Ok(())
        })?;
        Ok(best)
    }

    /// Does something with a slot.
    fn with_station(&self, work: impl FnOnce(&mut Station<D>) -> Result<(), DeviceError>) -> Result<(), Fault> {
        let taken = self.slots.take(&self.device, &self.tables, true).map_err(|error| self.fault(error))?;
        let mut station = taken.expect("who waits gets a slot");
        let result = work(&mut station);
        match result {
            Ok(()) => self.slots.give_back(station),
            Err(_) => self.slots.lose(1),
        }
        result.map_err(|error| self.fault(error))
    }
}
