//! NVIDIA devices through the driver alone: PTX made at release time, finished by the driver. The driver's library is opened at run time.
//!
//! Each slot has a stream of its own, so that the copies of one overlap with the kernels of another; the kernels of all slots follow one another in the order
//! of the calls. The driver keeps what it makes of PTX in a cache of its own (~/.nv/ComputeCache), by PTX, device and driver.

#![allow(unsafe_code, reason = "a driver takes pointers and handles; listed in tests/architecture/sources.rs")]

use std::{
    ffi::{CString, c_void},
    mem, ptr, slice,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use cudarc::driver::{
    result::{self, DriverError},
    sys,
};

use crate::{
    device::{Device, DeviceError, DeviceInfo, Kind, Launch, SlotBytes},
    layout::GROUP_LANES,
    program::Program,
};

/// PTX by the names of programs, each with a zero at its end.
type Ptx = &'static [(&'static str, &'static [u8])];

/// What this build holds: the programs of back ends, and those of the harness.
mod ptx {
    include!(concat!(env!("OUT_DIR"), "/ptx.rs"));
}

/// The first pause between two looks at an event; each look doubles it up to the second.
const PAUSE_MIN: Duration = Duration::from_micros(20);
const PAUSE_MAX: Duration = Duration::from_millis(1);
/// The oldest compute capability that the PTX is for, times ten.
const CAPABILITY_MIN: i32 = 75;

/// Why there is no device, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {remedy}")]
pub struct Why {
    /// What is missing or failed.
    pub what: String,
    /// What a person can do about it.
    pub remedy: String,
}

impl Why {
    fn new(what: impl Into<String>, remedy: &str) -> Self {
        Self { what: what.into(), remedy: remedy.to_owned() }
    }
}

/// A device that the driver lists.
#[derive(Clone, Debug)]
pub struct Listed {
    device: sys::CUdevice,
    info: DeviceInfo,
}

impl Listed {
    /// What the device says of itself.
    #[must_use]
    pub const fn info(&self) -> &DeviceInfo {
        &self.info
    }

    /// Opens the device.
    ///
    /// # Errors
    /// [`DeviceError`] where the driver refuses.
    pub fn open(&self) -> Result<Cuda, DeviceError> {
        self.open_with(&[])
    }

    /// Opens the device for the tests of kernel functions, with the PTX of their programs as well. Nobody else calls this, so that a program that has no use
    /// for that PTX does not hold it.
    ///
    /// # Errors
    /// [`DeviceError`] where the driver refuses.
    pub fn open_for_harness(&self) -> Result<Cuda, DeviceError> {
        self.open_with(ptx::HARNESS)
    }

    fn open_with(&self, more: Ptx) -> Result<Cuda, DeviceError> {
        // SAFETY: the device is one that the driver listed.
        let raw = unsafe { result::primary_ctx::retain(self.device) }.map_err(lost)?;
        let context = Arc::new(Context { device: self.device, raw });
        Ok(Cuda { info: self.info.clone(), context, more, last_kernel: Mutex::new(None) })
    }
}

fn lost(error: DriverError) -> DeviceError {
    DeviceError::Lost(words(error))
}

fn words(error: DriverError) -> String {
    let text = |text: Result<&std::ffi::CStr, DriverError>| text.map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
    format!("{}: {}", text(error.error_name()), text(error.error_string()))
}

/// The primary context of a device.
struct Context {
    device: sys::CUdevice,
    raw: sys::CUcontext,
}

// SAFETY: a context may be used from any thread; each thread makes it its current one first, see `enter`.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    /// Makes it the current one of this thread.
    fn enter(&self) -> Result<(), DeviceError> {
        // SAFETY: it is retained as long as `self` lives.
        unsafe { result::ctx::set_current(self.raw) }.map_err(lost)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: it was retained once when `self` was made.
        let _ = unsafe { result::primary_ctx::release(self.device) };
    }
}

/// Memory of the device.
struct Memory {
    context: Arc<Context>,
    at: sys::CUdeviceptr,
}

impl Memory {
    fn new(context: &Arc<Context>, bytes: usize) -> Result<Self, DeviceError> {
        context.enter()?;
        // SAFETY: what it holds is written before a kernel is asked to read it, or is of no consequence.
        let at = unsafe { result::malloc_sync(bytes.max(4)) }.map_err(|error| DeviceError::Memory { bytes, what: words(error) })?;
        Ok(Self { context: Arc::clone(context), at })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.context.enter().is_ok() {
            // SAFETY: it came from malloc_sync, and nobody else has it.
            let _ = unsafe { result::free_sync(self.at) };
        }
    }
}

/// Memory of the host that does not move, so that the device copies from it by itself.
struct Pinned {
    context: Arc<Context>,
    at: *mut u8,
    bytes: usize,
}

// SAFETY: it is plain memory with one owner.
unsafe impl Send for Pinned {}

impl Pinned {
    fn new(context: &Arc<Context>, bytes: usize) -> Result<Self, DeviceError> {
        context.enter()?;
        let bytes = bytes.max(4);
        // SAFETY: it is written below.
        let at = unsafe { result::malloc_host(bytes, 0) }.map_err(|error| DeviceError::Memory { bytes, what: words(error) })?.cast::<u8>();
        // SAFETY: `bytes` bytes were just given.
        unsafe { ptr::write_bytes(at, 0, bytes) };
        Ok(Self { context: Arc::clone(context), at, bytes })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the memory is there and written as long as `self` lives; the device writes to it only between submission and wait, and callers look after that.
        unsafe { slice::from_raw_parts(self.at, self.bytes) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`.
        unsafe { slice::from_raw_parts_mut(self.at, self.bytes) }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if self.context.enter().is_ok() {
            // SAFETY: it came from malloc_host, and nobody else has it.
            let _ = unsafe { result::free_host(self.at.cast::<c_void>()) };
        }
    }
}

/// A queue of commands, done in order.
struct Stream {
    context: Arc<Context>,
    raw: sys::CUstream,
}

// SAFETY: streams may be used from any thread whose current context is theirs.
unsafe impl Send for Stream {}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.context.enter().is_ok() {
            // SAFETY: nobody else has it; what is under way is done all the same.
            let _ = unsafe { result::stream::destroy(self.raw) };
        }
    }
}

/// A mark in a stream.
struct Event {
    context: Arc<Context>,
    raw: sys::CUevent,
}

// SAFETY: events may be used from any thread whose current context is theirs.
unsafe impl Send for Event {}
// SAFETY: as above.
unsafe impl Sync for Event {}

impl Event {
    fn new(context: &Arc<Context>) -> Result<Self, DeviceError> {
        let raw = result::event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING).map_err(lost)?;
        Ok(Self { context: Arc::clone(context), raw })
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if self.context.enter().is_ok() {
            // SAFETY: nobody else has it.
            let _ = unsafe { result::event::destroy(self.raw) };
        }
    }
}

/// An NVIDIA device.
pub struct Cuda {
    info: DeviceInfo,
    context: Arc<Context>,
    /// PTX beside that of back ends.
    more: Ptx,
    /// After the last kernel that was submitted, of whatever slot.
    last_kernel: Mutex<Option<Arc<Event>>>,
}

/// A program on the device.
pub struct Compiled {
    context: Arc<Context>,
    module: sys::CUmodule,
    kernels: Vec<sys::CUfunction>,
}

// SAFETY: modules and functions are handles of the context, which any thread may use.
unsafe impl Send for Compiled {}
// SAFETY: as above; nothing is changed after it was made.
unsafe impl Sync for Compiled {}

impl Drop for Compiled {
    fn drop(&mut self) {
        if self.context.enter().is_ok() {
            // SAFETY: it was loaded once, and nobody else has it.
            let _ = unsafe { result::module::unload(self.module) };
        }
    }
}

/// A buffer that stays on the device.
pub struct Tables(Arc<Memory>);

/// The buffers of one submission.
pub struct Slot(mem::ManuallyDrop<Buffers>);

struct Buffers {
    stream: Stream,
    input: Memory,
    work: Memory,
    output: Memory,
    tables: Arc<Memory>,
    staged: Pinned,
    read: Pinned,
    kernels_done: Arc<Event>,
    done: Event,
    bytes: SlotBytes,
    output_bytes: usize,
    /// Whether something was submitted that nobody saw done.
    is_under_way: bool,
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Freeing waits for what is under way, which may hang: then the memory stays with the process.
        if !self.0.is_under_way {
            // SAFETY: it is dropped here and nowhere else.
            unsafe { mem::ManuallyDrop::drop(&mut self.0) };
        }
    }
}

impl Cuda {
    /// The devices of the driver.
    ///
    /// # Errors
    /// [`Why`] there is none: no PTX in this build, no driver, no device.
    pub fn all() -> Result<Vec<Listed>, Why> {
        if ptx::PROGRAMS.is_empty() {
            return Err(Why::new(
                "this build holds no PTX",
                "make it with kernels/ptx/build and build again with CHAINBOX_PTX set to its folder",
            ));
        }
        // SAFETY: opening a library runs its initialisers; this is the driver's, found as any program finds it.
        if !unsafe { sys::is_culib_present() } {
            return Err(Why::new("no NVIDIA driver is installed (libcuda.so.1)", "install the driver of the device"));
        }
        let failed =
            |error| Why::new(words(error), "run nvidia-smi to see what the driver says, and look at the permissions of /dev/nvidia*");
        result::init().map_err(failed)?;
        let mut version = 0;
        // SAFETY: it writes one integer.
        unsafe { sys::cuDriverGetVersion(&raw mut version) }.result().map_err(failed)?;
        let driver = format!("CUDA {}.{}", version / 1000, version % 1000 / 10);
        let count = result::device::get_count().map_err(failed)?;
        let listed: Vec<_> = (0..count).filter_map(|number| list(number, &driver).ok().flatten()).collect();
        if listed.is_empty() {
            return Err(Why::new(
                "the NVIDIA driver lists no device that can be used",
                "a device of compute capability 7.5 or newer is needed",
            ));
        }
        Ok(listed)
    }
}

/// A device by its number, unless it is too old.
fn list(number: i32, driver: &str) -> Result<Option<Listed>, DriverError> {
    use sys::CUdevice_attribute::{
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, CU_DEVICE_ATTRIBUTE_INTEGRATED,
    };
    let device = result::device::get(number)?;
    // SAFETY: the driver just gave the device.
    let attribute = |attribute| unsafe { result::device::get_attribute(device, attribute) };
    let capability =
        10 * attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)? + attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
    if capability < CAPABILITY_MIN {
        return Ok(None);
    }
    // SAFETY: as above.
    let memory_bytes = unsafe { result::device::total_mem(device) }? as u64;
    let info = DeviceInfo {
        api: "cuda",
        name: result::device::get_name(device)?,
        driver: driver.to_owned(),
        kind: if attribute(CU_DEVICE_ATTRIBUTE_INTEGRATED)? == 1 { Kind::Integrated } else { Kind::Discrete },
        memory_bytes,
        // An allocation may take all that is free; a quarter of all leaves room for the others.
        buffer_bytes_max: memory_bytes / 4,
    };
    Ok(Some(Listed { device, info }))
}

impl Device for Cuda {
    type Program = Compiled;
    type Tables = Tables;
    type Slot = Slot;

    fn info(&self) -> &DeviceInfo {
        &self.info
    }

    fn compile(&self, program: &Program) -> Result<Compiled, DeviceError> {
        let refused = |log: String| DeviceError::Compile { program: program.name.clone(), log };
        let found = ptx::PROGRAMS.iter().chain(self.more).find(|(name, _)| *name == program.name);
        let (_, text) =
            found.ok_or_else(|| refused("this build holds no PTX of it; make it with kernels/ptx/build and build again".to_owned()))?;
        self.context.enter()?;
        // SAFETY: the text ends with a zero.
        let module = unsafe { result::module::load_data(text.as_ptr().cast()) }.map_err(|error| refused(words(error)))?;
        let mut compiled = Compiled { context: Arc::clone(&self.context), module, kernels: Vec::new() };
        for name in &program.kernels {
            let name = CString::new(*name).map_err(|error| refused(error.to_string()))?;
            // SAFETY: the module is loaded.
            let kernel = unsafe { result::module::get_function(module, name) }.map_err(|error| refused(words(error)))?;
            compiled.kernels.push(kernel);
        }
        Ok(compiled)
    }

    fn tables(&self, bytes: usize, contents: &[u8]) -> Result<Tables, DeviceError> {
        let memory = Memory::new(&self.context, bytes.max(contents.len()))?;
        // SAFETY: the memory is at least as long as the contents, and the copy is done when the call returns.
        unsafe { result::memcpy_htod_sync(memory.at, contents) }.map_err(lost)?;
        Ok(Tables(Arc::new(memory)))
    }

    fn slot(&self, bytes: SlotBytes, tables: &Tables) -> Result<Slot, DeviceError> {
        let context = &self.context;
        context.enter()?;
        let raw = result::stream::create(result::stream::StreamKind::NonBlocking).map_err(lost)?;
        Ok(Slot(mem::ManuallyDrop::new(Buffers {
            stream: Stream { context: Arc::clone(context), raw },
            input: Memory::new(context, bytes.input)?,
            work: Memory::new(context, bytes.work)?,
            output: Memory::new(context, bytes.output)?,
            tables: Arc::clone(&tables.0),
            staged: Pinned::new(context, bytes.input)?,
            read: Pinned::new(context, bytes.output)?,
            kernels_done: Arc::new(Event::new(context)?),
            done: Event::new(context)?,
            bytes,
            output_bytes: 0,
            is_under_way: false,
        })))
    }

    fn submit(
        &self,
        program: &Compiled,
        slot: &mut Slot,
        input: &[u8],
        launches: &[Launch],
        output_bytes: usize,
        poison: u32,
    ) -> Result<(), DeviceError> {
        let buffers = &mut *slot.0;
        assert!(input.len() <= buffers.bytes.input && output_bytes <= buffers.bytes.output, "what is submitted fits the slot");
        self.context.enter()?;
        let stream = buffers.stream.raw;
        if !input.is_empty() {
            if buffers.is_under_way {
                // A submission that nobody waited for may still be copied from where this one is staged.
                // SAFETY: the stream lives.
                unsafe { result::stream::synchronize(stream) }.map_err(lost)?;
            }
            buffers.staged.bytes_mut()[..input.len()].copy_from_slice(input);
        }
        buffers.is_under_way = true;
        buffers.output_bytes = output_bytes;
        // One at a time, so that the kernels of two submissions do not stand between one another.
        let mut last = self.last_kernel.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: all handles live as long as the slot, the staged bytes are not touched before the stream is done with them, and `last` is kept until it is replaced.
        unsafe {
            if !input.is_empty() {
                result::memcpy_htod_async(buffers.input.at, &buffers.staged.bytes()[..input.len()], stream).map_err(lost)?;
            }
            if output_bytes > 0 {
                sys::cuMemsetD32Async(buffers.output.at, poison, output_bytes / 4, stream).result().map_err(lost)?;
            }
            if let Some(last) = &*last {
                result::stream::wait_event(stream, last.raw, sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT).map_err(lost)?;
            }
        }
        for launch in launches {
            let mut told = launch.params.words();
            let mut at = [buffers.input.at, buffers.work.at, buffers.output.at, buffers.tables.at];
            let [input, work, output, tables] = &mut at;
            let mut arguments: [*mut c_void; 5] = [
                (&raw mut told).cast(),
                ptr::from_mut(input).cast(),
                ptr::from_mut(work).cast(),
                ptr::from_mut(output).cast(),
                ptr::from_mut(tables).cast(),
            ];
            // SAFETY: the arguments are those of KERNEL in prelude_cuda.cu, and the driver copies them before it returns.
            unsafe {
                result::launch_kernel(
                    program.kernels[launch.kernel],
                    (launch.groups, 1, 1),
                    (GROUP_LANES as u32, 1, 1),
                    0,
                    stream,
                    &mut arguments,
                )
            }
            .map_err(lost)?;
        }
        // SAFETY: as above; the bytes read are not touched before the event after them was seen.
        unsafe {
            result::event::record(buffers.kernels_done.raw, stream).map_err(lost)?;
            *last = Some(Arc::clone(&buffers.kernels_done));
            drop(last);
            if output_bytes > 0 {
                result::memcpy_dtoh_async(&mut buffers.read.bytes_mut()[..output_bytes], buffers.output.at, stream).map_err(lost)?;
            }
            result::event::record(buffers.done.raw, stream).map_err(lost)
        }
    }

    fn wait<'slot>(&self, slot: &'slot mut Slot, time_max: Duration) -> Result<&'slot [u8], DeviceError> {
        self.context.enter()?;
        let deadline = Instant::now() + time_max;
        let mut pause = PAUSE_MIN;
        // SAFETY: the event lives as long as the slot.
        while let Err(error) = unsafe { result::event::query(slot.0.done.raw) } {
            if error.0 != sys::CUresult::CUDA_ERROR_NOT_READY {
                return Err(lost(error));
            }
            if Instant::now() >= deadline {
                return Err(DeviceError::Hangs(time_max));
            }
            thread::sleep(pause);
            pause = (2 * pause).min(PAUSE_MAX);
        }
        slot.0.is_under_way = false;
        let output_bytes = slot.0.output_bytes;
        Ok(&slot.0.read.bytes()[..output_bytes])
    }
}
