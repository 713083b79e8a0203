//! The buffers of a submission, and the way of bytes there and back.

use std::{
    mem,
    num::NonZeroU64,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use ::wgpu::{
    BindGroup, BindGroupDescriptor, BindGroupEntry, BindingResource, Buffer, BufferBinding, BufferUsages, CommandEncoder,
    CommandEncoderDescriptor, ComputePassDescriptor, MapMode, PollError, PollType, SubmissionIndex,
};

use super::{INPUT, OUTPUT, PARAMS, Pipelines, TABLES, WORK, Wgpu};
use crate::{
    device::{DeviceError, Launch, SlotBytes},
    layout::PARAM_WORDS,
};

/// The most launches of a submission.
const LAUNCHES_MAX: usize = 256;
/// The bytes of the parameters of a launch.
const PARAMS_BYTES: usize = 4 * PARAM_WORDS;
/// The least bytes that can be mapped.
const MAPPED_BYTES_MIN: u64 = 4;
/// How long a submission waits for the input of the one before it, on the same slot, to be copied.
const UPLOAD_TIME_MAX: Duration = Duration::from_secs(60);
/// How long a thread waits for another one that has been told of a mapping and has yet to pass it on.
const CALLBACK_TIME: Duration = Duration::from_millis(1);

/// The buffers of a submission.
#[derive(Debug)]
pub struct Slot {
    bytes: SlotBytes,
    group: BindGroup,
    params: Buffer,
    /// The bytes from the parameters of one launch to those of the next.
    params_step: usize,
    params_words: Vec<u8>,
    input: Buffer,
    output: Buffer,
    /// What the host writes, mapped but for the time that the device copies it.
    upload: Staging,
    /// What the host reads.
    readback: Staging,
    /// A copy of it fills the output.
    poison: Option<(u32, Buffer)>,
    last: Option<SubmissionIndex>,
    /// The bytes that the last submission reads back.
    answer_bytes: usize,
    answer: Vec<u8>,
}

/// A buffer that host and device have in turns.
#[derive(Debug)]
struct Staging {
    buffer: Buffer,
    mapping: Arc<Mapping>,
}

#[derive(Debug)]
struct Mapping {
    asked: Mutex<Asked>,
    changed: Condvar,
}

/// What became of the last time that the host asked for the buffer, and how often it asked: another thread may tell of an earlier time late.
#[derive(Debug)]
struct Asked {
    state: State,
    times: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unmapped,
    Asked,
    Mapped,
    Refused,
}

impl Slot {
    pub(super) fn new(wgpu: &Wgpu, bytes: SlotBytes, tables: &Buffer) -> Result<Self, DeviceError> {
        let params_step = PARAMS_BYTES.next_multiple_of(wgpu.device.limits().min_storage_buffer_offset_alignment as usize);
        let params = wgpu.buffer(params_step * LAUNCHES_MAX, BufferUsages::STORAGE | BufferUsages::COPY_DST, false)?;
        let input = wgpu.buffer(bytes.input, BufferUsages::STORAGE | BufferUsages::COPY_DST, false)?;
        let work = wgpu.buffer(bytes.work, BufferUsages::STORAGE, false)?;
        let output = wgpu.buffer(bytes.output, BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC, false)?;
        let upload = wgpu.buffer(bytes.input, BufferUsages::MAP_WRITE | BufferUsages::COPY_SRC, true)?;
        let readback = wgpu.buffer(bytes.output, BufferUsages::MAP_READ | BufferUsages::COPY_DST, false)?;
        let one_launch = BufferBinding { buffer: &params, offset: 0, size: NonZeroU64::new(PARAMS_BYTES as u64) };
        let entries = [
            BindGroupEntry { binding: PARAMS, resource: BindingResource::Buffer(one_launch) },
            BindGroupEntry { binding: INPUT, resource: input.as_entire_binding() },
            BindGroupEntry { binding: WORK, resource: work.as_entire_binding() },
            BindGroupEntry { binding: OUTPUT, resource: output.as_entire_binding() },
            BindGroupEntry { binding: TABLES, resource: tables.as_entire_binding() },
        ];
        let descriptor = BindGroupDescriptor { label: None, layout: &wgpu.bindings, entries: &entries };
        let memory = |what| DeviceError::Memory { bytes: bytes.input.max(bytes.work).max(bytes.output), what };
        let group = wgpu.scoped(|| wgpu.device.create_bind_group(&descriptor)).map_err(memory)?;
        Ok(Self {
            bytes,
            group,
            params,
            params_step,
            params_words: Vec::with_capacity(params_step * LAUNCHES_MAX),
            input,
            output,
            upload: Staging::new(upload, State::Mapped),
            readback: Staging::new(readback, State::Unmapped),
            poison: None,
            last: None,
            answer_bytes: 0,
            answer: vec![0; bytes.output],
        })
    }

    pub(super) fn submit(
        &mut self,
        wgpu: &Wgpu,
        program: &Pipelines,
        input: &[u8],
        launches: &[Launch],
        output_bytes: usize,
        poison: u32,
    ) -> Result<(), DeviceError> {
        let fits = input.len() <= self.bytes.input && output_bytes <= self.bytes.output && launches.len() <= LAUNCHES_MAX;
        let is_whole = input.len().is_multiple_of(4) && output_bytes.is_multiple_of(4);
        if !fits || !is_whole {
            let text =
                format!("{} bytes of input, {output_bytes} of output and {} launches do not fit the slot", input.len(), launches.len());
            return Err(DeviceError::Lost(text));
        }
        // An answer that nobody waited for.
        self.readback.unmap();
        let mut encoder = wgpu.device.create_command_encoder(&CommandEncoderDescriptor { label: None });
        if !input.is_empty() {
            self.write_input(wgpu, input, &mut encoder)?;
        }
        if output_bytes > 0 {
            self.fill_output(wgpu, output_bytes, poison, &mut encoder)?;
        }
        self.write_params(wgpu, launches);
        self.launch(program, launches, &mut encoder);
        if output_bytes > 0 {
            encoder.copy_buffer_to_buffer(&self.output, 0, &self.readback.buffer, 0, output_bytes as u64);
        }
        self.last = Some(wgpu.queue.submit([encoder.finish()]));
        if !input.is_empty() {
            self.upload.ask(MapMode::Write, self.bytes.input);
        }
        if output_bytes > 0 {
            self.readback.ask(MapMode::Read, output_bytes);
        }
        self.answer_bytes = output_bytes;
        Ok(())
    }

    pub(super) fn wait(&mut self, wgpu: &Wgpu, time_max: Duration) -> Result<&[u8], DeviceError> {
        let Some(last) = self.last.clone() else { return Ok(&[]) };
        if self.answer_bytes == 0 {
            poll(wgpu, &last, time_max, time_max)?;
            return Ok(&[]);
        }
        self.readback.wait(wgpu, Some(&last), time_max)?;
        let answer = &mut self.answer[..self.answer_bytes];
        let view = self.readback.buffer.get_mapped_range(..self.answer_bytes as u64).map_err(lost)?;
        answer.copy_from_slice(&view);
        drop(view);
        self.readback.unmap();
        self.last = None;
        Ok(answer)
    }

    fn write_input(&mut self, wgpu: &Wgpu, input: &[u8], encoder: &mut CommandEncoder) -> Result<(), DeviceError> {
        self.upload.wait(wgpu, self.last.as_ref(), UPLOAD_TIME_MAX)?;
        let bytes = input.len() as u64;
        let mut view = self.upload.buffer.get_mapped_range_mut(..bytes).map_err(lost)?;
        view.copy_from_slice(input);
        drop(view);
        self.upload.unmap();
        encoder.copy_buffer_to_buffer(&self.upload.buffer, 0, &self.input, 0, bytes);
        Ok(())
    }

    fn fill_output(&mut self, wgpu: &Wgpu, output_bytes: usize, word: u32, encoder: &mut CommandEncoder) -> Result<(), DeviceError> {
        if self.poison.as_ref().is_none_or(|(filled, _)| *filled != word) {
            let buffer = wgpu.buffer(self.bytes.output, BufferUsages::COPY_SRC | BufferUsages::MAP_WRITE, true)?;
            let words = word.to_le_bytes().repeat(buffer.size() as usize / 4);
            buffer.get_mapped_range_mut(..).map_err(lost)?.copy_from_slice(&words);
            buffer.unmap();
            self.poison = Some((word, buffer));
        }
        if let Some((_, buffer)) = &self.poison {
            encoder.copy_buffer_to_buffer(buffer, 0, &self.output, 0, output_bytes as u64);
        }
        Ok(())
    }

    fn write_params(&mut self, wgpu: &Wgpu, launches: &[Launch]) {
        self.params_words.clear();
        for (place, launch) in launches.iter().enumerate() {
            self.params_words.resize(place * self.params_step, 0);
            self.params_words.extend(launch.params.words().iter().flat_map(|word| word.to_le_bytes()));
        }
        if !launches.is_empty() {
            wgpu.queue.write_buffer(&self.params, 0, &self.params_words);
        }
    }

    fn launch(&self, program: &Pipelines, launches: &[Launch], encoder: &mut CommandEncoder) {
        let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor::default());
        for (place, launch) in launches.iter().enumerate() {
            pass.set_pipeline(&program.kernels[launch.kernel]);
            pass.set_bind_group(0, &self.group, &[(place * self.params_step) as u32]);
            pass.dispatch_workgroups(launch.groups, 1, 1);
        }
    }
}

impl Staging {
    fn new(buffer: Buffer, state: State) -> Self {
        Self { buffer, mapping: Arc::new(Mapping { asked: Mutex::new(Asked { state, times: 0 }), changed: Condvar::new() }) }
    }

    /// Asks for the first `bytes` bytes, once the device is done with them.
    fn ask(&self, mode: MapMode, bytes: usize) {
        let mapping = Arc::clone(&self.mapping);
        let this_time = {
            let mut asked = mapping.lock();
            asked.state = State::Asked;
            asked.times += 1;
            asked.times
        };
        self.buffer.map_async(mode, ..(bytes as u64).max(MAPPED_BYTES_MIN), move |result| {
            let mut asked = mapping.lock();
            if asked.state == State::Asked && asked.times == this_time {
                asked.state = if result.is_ok() { State::Mapped } else { State::Refused };
            }
            mapping.changed.notify_all();
        });
    }

    /// Gives the buffer back to the device, mapped or about to be.
    fn unmap(&self) {
        let before = mem::replace(&mut self.mapping.lock().state, State::Unmapped);
        if matches!(before, State::Asked | State::Mapped) {
            self.buffer.unmap();
        }
    }

    /// Waits until the host has the buffer, which it has asked for after `submission`.
    fn wait(&self, wgpu: &Wgpu, submission: Option<&SubmissionIndex>, time_max: Duration) -> Result<(), DeviceError> {
        let begun = Instant::now();
        loop {
            if self.is_mapped()? {
                return Ok(());
            }
            let left = time_max.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()).ok_or(DeviceError::Hangs(time_max))?;
            match submission {
                Some(submission) => poll(wgpu, submission, left, time_max)?,
                // It was waited for: the host's turn is at most a callback away.
                None => {
                    wgpu.device.poll(PollType::Poll).map_err(lost)?;
                }
            }
            wgpu.check()?;
            let asked = self.mapping.lock();
            if asked.state == State::Asked {
                // The callback is another thread's to call.
                drop(self.mapping.changed.wait_timeout(asked, CALLBACK_TIME).unwrap_or_else(PoisonError::into_inner));
            }
        }
    }

    fn is_mapped(&self) -> Result<bool, DeviceError> {
        match self.mapping.lock().state {
            State::Mapped => Ok(true),
            State::Asked => Ok(false),
            State::Unmapped | State::Refused => Err(DeviceError::Lost("a buffer was not mapped".to_owned())),
        }
    }
}

impl Mapping {
    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lost(error: impl ToString) -> DeviceError {
    DeviceError::Lost(error.to_string())
}

/// Waits for a submission.
fn poll(wgpu: &Wgpu, submission: &SubmissionIndex, left: Duration, time_max: Duration) -> Result<(), DeviceError> {
    match wgpu.device.poll(PollType::Wait { submission_index: Some(submission.clone()), timeout: Some(left) }) {
        Ok(_) => Ok(()),
        Err(PollError::Timeout) => Err(DeviceError::Hangs(time_max)),
        Err(error) => Err(lost(error)),
    }
}
