//! Devices that Vulkan drives, through wgpu: WGSL, compiled by naga and the driver.
//!
//! The Vulkan loader is opened at run time; where there is none, [`adapters()`] says so. Errors of wgpu never end the process: what a call does wrong is
//! caught in an error scope, what comes later marks the device as failed.

mod adapters;
mod compile;
mod slot;

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ::wgpu::{
    BindGroupLayout, BindGroupLayoutDescriptor, BindGroupLayoutEntry, BindingType, Buffer, BufferBindingType, BufferDescriptor,
    BufferUsages, ComputePipeline, DeviceDescriptor, ErrorFilter, Features, MemoryHints, PipelineLayout, PipelineLayoutDescriptor,
    ShaderStages,
};

pub use self::{
    adapters::{Adapter, Unavailable, adapters},
    compile::Pipelines,
    slot::Slot,
};
use crate::{
    cache::Cache,
    device::{Device, DeviceError, DeviceInfo, Launch, SlotBytes},
    program::Program,
};

/// The places of the buffers in group 0, as the sources declare them.
const PARAMS: u32 = 0;
const INPUT: u32 = 1;
const WORK: u32 = 2;
const OUTPUT: u32 = 3;
const TABLES: u32 = 4;

/// How the product of two 32-bit words is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// With 64-bit integers, where the adapter has them.
    Native,
    /// With 32-bit integers alone.
    Only32,
}

/// A device that is open.
#[derive(Debug)]
pub struct Wgpu {
    info: DeviceInfo,
    device: ::wgpu::Device,
    queue: ::wgpu::Queue,
    bindings: BindGroupLayout,
    layout: PipelineLayout,
    cache: Option<Cache>,
    kernels: Mutex<HashMap<compile::Kernel, ComputePipeline>>,
    /// Why the device is of no more use, once it is.
    failure: Arc<Mutex<Option<String>>>,
}

/// A buffer that stays on the device.
#[derive(Debug)]
pub struct Tables(Buffer);

impl Wgpu {
    /// Opens an adapter with all that it has. Compiled kernels are kept in `cache`.
    ///
    /// # Errors
    /// [`DeviceError::Lost`] where the driver refuses.
    pub fn open(adapter: &Adapter, words: Words, cache: Option<Cache>) -> Result<Self, DeviceError> {
        let wanted = match words {
            Words::Native => Features::SHADER_INT64 | Features::PIPELINE_CACHE,
            Words::Only32 => Features::PIPELINE_CACHE,
        };
        let descriptor = DeviceDescriptor {
            required_features: adapter.inner.features() & wanted,
            required_limits: adapter.inner.limits(),
            memory_hints: MemoryHints::Performance,
            ..DeviceDescriptor::default()
        };
        let opened = guarded(|| adapters::ready(adapter.inner.request_device(&descriptor)))?;
        let (device, queue) = opened.map_err(|error| DeviceError::Lost(format!("it does not open: {error}")))?;

        let failure = Arc::new(Mutex::new(None));
        let (lost, uncaptured) = (Arc::clone(&failure), Arc::clone(&failure));
        device.set_device_lost_callback(move |reason, text| note(&lost, format!("lost ({reason:?}): {text}")));
        device.on_uncaptured_error(Arc::new(move |error: ::wgpu::Error| note(&uncaptured, error.to_string())));

        let bindings = device.create_bind_group_layout(&BindGroupLayoutDescriptor { label: None, entries: &entries() });
        let layout = device.create_pipeline_layout(&PipelineLayoutDescriptor {
            bind_group_layouts: &[Some(&bindings)],
            ..PipelineLayoutDescriptor::default()
        });
        Ok(Self { info: adapter.info.clone(), device, queue, bindings, layout, cache, kernels: Mutex::default(), failure })
    }

    /// Whether kernels have 64-bit integers here.
    #[must_use]
    pub fn has_int64(&self) -> bool {
        self.device.features().contains(Features::SHADER_INT64)
    }

    /// That the device is of use still.
    fn check(&self) -> Result<(), DeviceError> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.as_ref().map_or(Ok(()), |text| Err(DeviceError::Lost(text.clone())))
    }

    /// Makes a buffer.
    fn buffer(&self, bytes: usize, usage: BufferUsages, mapped_at_creation: bool) -> Result<Buffer, DeviceError> {
        let memory = |what: String| DeviceError::Memory { bytes, what };
        if bytes as u64 > self.device.limits().max_buffer_size {
            return Err(memory(format!("buffers have {} bytes at most", self.device.limits().max_buffer_size)));
        }
        // Bindings are not empty.
        let descriptor = BufferDescriptor { label: None, size: (bytes as u64).max(16).next_multiple_of(4), usage, mapped_at_creation };
        let buffer = self.scoped(|| self.device.create_buffer(&descriptor)).map_err(memory)?;
        self.check()?;
        Ok(buffer)
    }

    /// Calls wgpu, and gives its complaint as text.
    fn scoped<T>(&self, call: impl FnOnce() -> T) -> Result<T, String> {
        guarded(|| {
            let memory = self.device.push_error_scope(ErrorFilter::OutOfMemory);
            let validation = self.device.push_error_scope(ErrorFilter::Validation);
            let internal = self.device.push_error_scope(ErrorFilter::Internal);
            let value = call();
            let errors = [internal.pop(), validation.pop(), memory.pop()].map(adapters::ready);
            errors.into_iter().flatten().next().map_or(Ok(value), |error| Err(error.to_string()))
        })
        .map_err(|error| error.to_string())?
    }
}

impl Device for Wgpu {
    type Program = Pipelines;
    type Tables = Tables;
    type Slot = Slot;

    fn info(&self) -> &DeviceInfo {
        &self.info
    }

    fn compile(&self, program: &Program) -> Result<Pipelines, DeviceError> {
        self.check()?;
        compile::compile(self, program)
    }

    fn tables(&self, bytes: usize, contents: &[u8]) -> Result<Tables, DeviceError> {
        self.check()?;
        let bytes = bytes.max(contents.len());
        let buffer = self.buffer(bytes, BufferUsages::STORAGE | BufferUsages::COPY_DST, false)?;
        let contents = &contents[..contents.len() / 4 * 4];
        if !contents.is_empty() {
            self.scoped(|| self.queue.write_buffer(&buffer, 0, contents)).map_err(DeviceError::Lost)?;
        }
        Ok(Tables(buffer))
    }

    fn slot(&self, bytes: SlotBytes, tables: &Tables) -> Result<Slot, DeviceError> {
        self.check()?;
        Slot::new(self, bytes, &tables.0)
    }

    fn submit(
        &self,
        program: &Pipelines,
        slot: &mut Slot,
        input: &[u8],
        launches: &[Launch],
        output_bytes: usize,
        poison: u32,
    ) -> Result<(), DeviceError> {
        self.check()?;
        guarded(|| slot.submit(self, program, input, launches, output_bytes, poison))??;
        self.check()
    }

    fn wait<'slot>(&self, slot: &'slot mut Slot, time_max: Duration) -> Result<&'slot [u8], DeviceError> {
        self.check()?;
        guarded(|| slot.wait(self, time_max))?
    }
}

/// wgpu panics where it knows no other way to say that a device was lost: that is an error here.
fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, DeviceError> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        DeviceError::Lost(text.unwrap_or_else(|| "wgpu panicked".to_owned()))
    })
}

/// Keeps the first failure.
fn note(failure: &Mutex<Option<String>>, text: String) {
    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
}

/// What the sources declare: the parameters of each launch at an offset of their own, the input to be read, the rest to be read and written.
fn entries() -> [BindGroupLayoutEntry; 5] {
    [(PARAMS, true, true), (INPUT, true, false), (WORK, false, false), (OUTPUT, false, false), (TABLES, false, false)].map(
        |(binding, read_only, has_dynamic_offset)| BindGroupLayoutEntry {
            binding,
            visibility: ShaderStages::COMPUTE,
            ty: BindingType::Buffer { ty: BufferBindingType::Storage { read_only }, has_dynamic_offset, min_binding_size: None },
            count: None,
        },
    )
}
