//! OpenCL 1.2 through a loader that is opened at run time.
//!
//! Each slot has a queue of its own, done in order, so that the copies of one slot overlap with the kernels of another. The kernels of all slots follow one
//! another in the order of the calls: the first of a submission waits for the last of the one before.

#![allow(unsafe_code, reason = "pointers are handed to a driver; listed in tests/architecture/sources.rs")]

use std::{
    mem, ptr, slice,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use opencl3::{
    command_queue::CommandQueue,
    context::Context,
    device::{CL_DEVICE_TYPE_ALL, CL_DEVICE_TYPE_CPU, CL_DEVICE_TYPE_GPU, Device as ClDevice},
    error_codes::{
        CL_DEVICE_NOT_FOUND, CL_INVALID_BUFFER_SIZE, CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_HOST_MEMORY, CL_OUT_OF_RESOURCES,
        CL_PLATFORM_NOT_FOUND_KHR, ClError, DLOPEN_FUNCTION_NOT_AVAILABLE, DLOPEN_RUNTIME_LOAD_FAILED,
    },
    event::{CL_COMPLETE, Event},
    kernel::Kernel,
    memory::{Buffer, CL_MAP_READ, CL_MAP_WRITE, CL_MEM_ALLOC_HOST_PTR, CL_MEM_READ_ONLY, CL_MEM_READ_WRITE, ClMem},
    platform::get_platforms,
    program::Program as ClProgram,
    types::{CL_BLOCKING, CL_NON_BLOCKING, cl_event},
};

use chainbox_engine::hash;

use crate::{
    cache::Cache,
    device::{Device, DeviceError, DeviceInfo, Kind, Launch, SlotBytes},
    layout::{GROUP_LANES, PARAM_WORDS},
    program::Program,
};

/// How the sources are compiled: the dialect that every driver has.
const OPTIONS: &str = "-cl-std=CL1.2";
/// The first pause between two looks at an event; each look doubles it up to the second.
const PAUSE_MIN: Duration = Duration::from_micros(20);
const PAUSE_MAX: Duration = Duration::from_millis(1);
/// How long a slot that is used again waits for a submission that nobody waited for.
const LEFTOVER_TIME_MAX: Duration = Duration::from_secs(60);
/// The most characters of a compiler's log that are kept.
const LOG_CHARS_MAX: usize = 4096;
const WORD_BYTES: usize = size_of::<u32>();

/// Why there is no device, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {remedy}")]
pub struct Why {
    /// What is missing or failed.
    pub what: String,
    /// What a person can do about it.
    pub remedy: String,
}

/// A device that a platform lists.
#[derive(Clone, Debug)]
pub struct Listed {
    device: ClDevice,
    info: DeviceInfo,
}

impl Listed {
    /// What the device says of itself.
    #[must_use]
    pub const fn info(&self) -> &DeviceInfo {
        &self.info
    }

    /// Opens the device. Compiled programs are kept in `cache`, where there is one.
    ///
    /// # Errors
    /// [`DeviceError`] where the driver refuses.
    pub fn open(&self, cache: Option<Cache>) -> Result<OpenCl, DeviceError> {
        let context = Context::from_device(&self.device).map_err(failed("the context"))?;
        Ok(OpenCl { device: self.device, info: self.info.clone(), context, cache, last_kernel: Mutex::new(None) })
    }
}

/// A device that runs OpenCL.
pub struct OpenCl {
    device: ClDevice,
    info: DeviceInfo,
    context: Context,
    cache: Option<Cache>,
    /// The last kernel of the last submission of any slot.
    last_kernel: Mutex<Option<Event>>,
}

/// A compiled program. The arguments of a kernel belong to its object, so one submission at a time sets them.
pub struct Compiled {
    kernels: Mutex<Vec<Kernel>>,
}

/// A buffer that stays on the device.
pub struct Tables {
    words: Arc<Buffer<u32>>,
}

/// The buffers of one submission.
pub struct Slot {
    queue: CommandQueue,
    input: Buffer<u32>,
    work: Buffer<u32>,
    output: Buffer<u32>,
    params: Buffer<u32>,
    tables: Arc<Buffer<u32>>,
    bytes: SlotBytes,
    staged: Pinned,
    answered: Pinned,
    /// What the launches under way are told. Boxes, since the driver reads them later and they may not move.
    #[expect(clippy::vec_box, reason = "a vector that grows moves what is not boxed")]
    told: Vec<Box<[u32; PARAM_WORDS]>>,
    told_used: usize,
    /// The last command of the submissions under way, and the bytes that it reads back.
    pending: Option<Event>,
    output_bytes: usize,
}

impl OpenCl {
    /// The devices of all platforms.
    ///
    /// # Errors
    /// [`Why`] there is none: no loader, no platform, no device, or a device file that may not be opened.
    pub fn all() -> Result<Vec<Listed>, Why> {
        // Drivers find their devices at the first call, and PoCL lists none to a second thread that asks meanwhile.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let platforms = match get_platforms() {
            Ok(platforms) if !platforms.is_empty() => platforms,
            Ok(_) | Err(ClError(CL_PLATFORM_NOT_FOUND_KHR)) => return Err(no_platform()),
            Err(ClError(DLOPEN_RUNTIME_LOAD_FAILED | DLOPEN_FUNCTION_NOT_AVAILABLE)) => {
                return Err(Why {
                    what: "no OpenCL loader is installed".to_owned(),
                    remedy: "install ocl-icd-libopencl1 and the OpenCL driver of the device".to_owned(),
                });
            }
            Err(error) => {
                return Err(Why {
                    what: format!("the OpenCL loader lists no platforms ({error})"),
                    remedy: "run clinfo to see what its drivers say".to_owned(),
                });
            }
        };
        let mut listed = Vec::new();
        let mut refusals = Vec::new();
        for platform in platforms {
            let name = platform.name().unwrap_or_default();
            match platform.get_devices(CL_DEVICE_TYPE_ALL) {
                Ok(ids) if !ids.is_empty() => listed.extend(ids.into_iter().map(|id| list(id, &name))),
                Ok(_) | Err(ClError(CL_DEVICE_NOT_FOUND)) => refusals.push(format!("{name} has no device")),
                Err(error) => refusals.push(format!("{name} fails ({error})")),
            }
        }
        if listed.is_empty() { Err(no_device(&refusals)) } else { Ok(listed) }
    }

    /// The key of a program in the cache: whatever decides what the compiler gives.
    fn cache_key(&self, program: &Program) -> String {
        let mut text = Vec::new();
        for part in [self.info.api, &self.info.name, &self.info.driver, OPTIONS, &program.opencl] {
            text.extend_from_slice(&(part.len() as u64).to_le_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        hash::sha256(&text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn cached(&self, key: &str) -> Option<ClProgram> {
        let binary = self.cache.as_ref()?.get(key)?;
        // SAFETY: the device is the one of the context; the binary came from the driver itself, for this device, as the cache's key says.
        let mut program = unsafe { ClProgram::create_from_binary(&self.context, &[self.device.id()], &[&binary]) }.ok()?;
        program.build(&[self.device.id()], OPTIONS).ok()?;
        Some(program)
    }

    fn built(&self, program: &Program, key: &str) -> Result<ClProgram, DeviceError> {
        let refused = |log: String| DeviceError::Compile { program: program.name.clone(), log };
        let mut built = ClProgram::create_from_source(&self.context, &program.opencl).map_err(|error| refused(error.to_string()))?;
        if let Err(error) = built.build(&[self.device.id()], OPTIONS) {
            let log = built.get_build_log(self.device.id()).unwrap_or_default();
            return Err(refused(format!("{error}: {}", log.trim().chars().take(LOG_CHARS_MAX).collect::<String>())));
        }
        if let (Some(cache), Ok(binaries)) = (&self.cache, built.get_binaries())
            && let [binary] = binaries.as_slice()
            && !binary.is_empty()
        {
            cache.put(key, binary);
        }
        Ok(built)
    }

    fn kernels(&self, program: &Program, built: &ClProgram) -> Result<Vec<Kernel>, DeviceError> {
        let kernel = |name: &&'static str| {
            Kernel::create(built, name)
                .map_err(|error| DeviceError::Compile { program: program.name.clone(), log: format!("kernel {name}: {error}") })
        };
        program.kernels.iter().map(kernel).collect()
    }

    fn buffer(&self, flags: u64, bytes: usize) -> Result<Buffer<u32>, DeviceError> {
        // No driver makes an empty buffer, and every kernel names all of them.
        let words = bytes.div_ceil(WORD_BYTES).max(1);
        // SAFETY: no host pointer is given.
        unsafe { Buffer::create(&self.context, flags, words, ptr::null_mut()) }.map_err(no_memory(words * WORD_BYTES))
    }

    fn queue(&self) -> Result<CommandQueue, DeviceError> {
        // SAFETY: the device is the one of the context.
        unsafe { CommandQueue::create(&self.context, self.device.id(), 0) }.map_err(failed("a queue"))
    }
}

impl Device for OpenCl {
    type Program = Compiled;
    type Tables = Tables;
    type Slot = Slot;

    fn info(&self) -> &DeviceInfo {
        &self.info
    }

    fn compile(&self, program: &Program) -> Result<Compiled, DeviceError> {
        let key = self.cache_key(program);
        // What the cache holds may be of no use, or lack a kernel: then the source has it.
        if let Some(built) = self.cached(&key)
            && let Ok(kernels) = self.kernels(program, &built)
        {
            return Ok(Compiled { kernels: Mutex::new(kernels) });
        }
        let built = self.built(program, &key)?;
        Ok(Compiled { kernels: Mutex::new(self.kernels(program, &built)?) })
    }

    fn tables(&self, bytes: usize, contents: &[u8]) -> Result<Tables, DeviceError> {
        assert!(contents.len() <= bytes && contents.len().is_multiple_of(WORD_BYTES), "a table's contents are words within its size");
        let mut words = self.buffer(CL_MEM_READ_WRITE, bytes)?;
        if !contents.is_empty() {
            let contents = words_of(contents);
            let queue = self.queue()?;
            // SAFETY: the write blocks, so that the contents outlive it; they fit the buffer.
            unsafe { queue.enqueue_write_buffer(&mut words, CL_BLOCKING, 0, &contents, &[]) }.map_err(failed("writing a table"))?;
        }
        Ok(Tables { words: Arc::new(words) })
    }

    fn slot(&self, bytes: SlotBytes, tables: &Tables) -> Result<Slot, DeviceError> {
        let queue = self.queue()?;
        Ok(Slot {
            input: self.buffer(CL_MEM_READ_ONLY, bytes.input)?,
            work: self.buffer(CL_MEM_READ_WRITE, bytes.work)?,
            output: self.buffer(CL_MEM_READ_WRITE, bytes.output)?,
            params: self.buffer(CL_MEM_READ_ONLY, PARAM_WORDS * WORD_BYTES)?,
            tables: Arc::clone(&tables.words),
            staged: self.pinned(&queue, bytes.input)?,
            answered: self.pinned(&queue, bytes.output)?,
            bytes,
            told: Vec::new(),
            told_used: 0,
            pending: None,
            output_bytes: 0,
            queue,
        })
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
        assert!(input.len() <= slot.bytes.input && input.len().is_multiple_of(WORD_BYTES), "the input is words that fit the slot");
        assert!(output_bytes <= slot.bytes.output && output_bytes.is_multiple_of(WORD_BYTES), "the output is words that fit the slot");
        if !input.is_empty() {
            // The driver may still read what was staged before.
            slot.settle(LEFTOVER_TIME_MAX)?;
            slot.write_input(input)?;
        }
        if output_bytes > 0 {
            // SAFETY: the size is within the buffer, and a multiple of the pattern, which the driver copies.
            let poisoned = unsafe { slot.queue.enqueue_fill_buffer(&mut slot.output, &[poison], 0, output_bytes, &[]) };
            slot.pending = Some(poisoned.map_err(failed("poisoning the output"))?);
        }
        {
            let mut last_kernel = self.last_kernel.lock().unwrap_or_else(PoisonError::into_inner);
            let kernels = program.kernels.lock().unwrap_or_else(PoisonError::into_inner);
            for launch in launches {
                let after: Vec<cl_event> = last_kernel.iter().map(Event::get).collect();
                *last_kernel = Some(slot.launch(&kernels[launch.kernel], launch, &after)?);
            }
        }
        slot.output_bytes = output_bytes;
        slot.read_output()?;
        slot.queue.flush().map_err(failed("submitting"))
    }

    fn wait<'slot>(&self, slot: &'slot mut Slot, time_max: Duration) -> Result<&'slot [u8], DeviceError> {
        slot.settle(time_max)?;
        Ok(&slot.answered.bytes()[..slot.output_bytes])
    }
}

impl Slot {
    fn write_input(&mut self, input: &[u8]) -> Result<(), DeviceError> {
        let staged = &mut self.staged.bytes_mut()[..input.len()];
        staged.copy_from_slice(input);
        // SAFETY: the staged bytes are aligned for words (the driver maps whole pages), and stay as they are until the queue has settled.
        let written = unsafe {
            let words = slice::from_raw_parts(staged.as_ptr().cast::<u32>(), staged.len() / WORD_BYTES);
            self.queue.enqueue_write_buffer(&mut self.input, CL_NON_BLOCKING, 0, words, &[])
        };
        self.pending = Some(written.map_err(failed("writing the input"))?);
        Ok(())
    }

    fn launch(&mut self, kernel: &Kernel, launch: &Launch, after: &[cl_event]) -> Result<Event, DeviceError> {
        if self.told_used == self.told.len() {
            self.told.push(Box::default());
        }
        *self.told[self.told_used] = launch.params.words();
        self.told_used += 1;
        let told = &*self.told[self.told_used - 1];
        let lanes = launch.groups as usize * GROUP_LANES;
        // SAFETY: what the launch is told lies in a box that is neither moved nor written before the queue has settled; every kernel takes these five buffers,
        // which outlive it; the sizes point to numbers that outlive the call.
        unsafe {
            self.pending = Some(
                self.queue
                    .enqueue_write_buffer(&mut self.params, CL_NON_BLOCKING, 0, told, &[])
                    .map_err(failed("telling a kernel its parameters"))?,
            );
            for (index, buffer) in (0u32..).zip([&self.params, &self.input, &self.work, &self.output, &self.tables]) {
                kernel.set_arg(index, &buffer.get()).map_err(failed("a kernel's argument"))?;
            }
            self.queue
                .enqueue_nd_range_kernel(kernel.get(), 1, ptr::null(), [lanes].as_ptr(), [GROUP_LANES].as_ptr(), after)
                .map_err(failed("launching a kernel"))
        }
    }

    /// Begins to read the output; where nothing is to be read, what is waited for is all that came before.
    fn read_output(&mut self) -> Result<(), DeviceError> {
        let last = if self.output_bytes == 0 {
            // SAFETY: no event is waited for but those of the queue.
            unsafe { self.queue.enqueue_marker_with_wait_list(&[]) }
        } else {
            let bytes = &mut self.answered.bytes_mut()[..self.output_bytes];
            // SAFETY: as in `write_input`; nobody reads these bytes before the queue has settled.
            unsafe {
                let words = slice::from_raw_parts_mut(bytes.as_mut_ptr().cast::<u32>(), bytes.len() / WORD_BYTES);
                self.queue.enqueue_read_buffer(&self.output, CL_NON_BLOCKING, 0, words, &[])
            }
        };
        self.pending = Some(last.map_err(failed("reading the output"))?);
        Ok(())
    }

    /// Waits until the queue has nothing to do. OpenCL itself knows no time-out.
    fn settle(&mut self, time_max: Duration) -> Result<(), DeviceError> {
        let Some(pending) = &self.pending else { return Ok(()) };
        let begin = Instant::now();
        let mut pause = PAUSE_MIN;
        loop {
            match pending.command_execution_status().map_err(failed("asking for an event"))?.0 {
                CL_COMPLETE => break,
                error if error < 0 => return Err(DeviceError::Lost(ClError(error).to_string())),
                _ if begin.elapsed() > time_max => return Err(DeviceError::Hangs(time_max)),
                _ => thread::sleep(pause),
            }
            pause = (2 * pause).min(PAUSE_MAX);
        }
        self.pending = None;
        self.told_used = 0;
        Ok(())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let settled = |event: &Event| event.command_execution_status().is_ok_and(|status| status.0 <= CL_COMPLETE);
        if !self.pending.as_ref().is_none_or(settled) {
            // The device may still read and write these, maybe for ever: they are given up rather than given back.
            mem::forget(mem::take(&mut self.told));
            self.staged.leak();
            self.answered.leak();
        }
    }
}

/// Memory of the host that the driver pinned, for copies that need no other.
struct Pinned {
    buffer: mem::ManuallyDrop<Buffer<u32>>,
    at: *mut u8,
    bytes: usize,
    leaked: bool,
}

// SAFETY: the pointer is to memory that belongs to the buffer, which may be used from any thread; access goes through references to this value.
unsafe impl Send for Pinned {}

impl OpenCl {
    fn pinned(&self, queue: &CommandQueue, bytes: usize) -> Result<Pinned, DeviceError> {
        let bytes = bytes.next_multiple_of(WORD_BYTES).max(WORD_BYTES);
        let buffer = self.buffer(CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, bytes)?;
        let mut at = ptr::null_mut();
        // SAFETY: the range is the buffer's; the call blocks until the pointer is good, and it is good until the buffer is released.
        unsafe { queue.enqueue_map_buffer(&buffer, CL_BLOCKING, CL_MAP_READ | CL_MAP_WRITE, 0, bytes, &mut at, &[]) }
            .map_err(no_memory(bytes))?;
        if at.is_null() || !at.cast::<u32>().is_aligned() {
            return Err(DeviceError::Memory { bytes, what: "the driver maps no memory of the host".to_owned() });
        }
        Ok(Pinned { buffer: mem::ManuallyDrop::new(buffer), at: at.cast(), bytes, leaked: false })
    }
}

impl Pinned {
    fn bytes(&self) -> &[u8] {
        // SAFETY: the driver mapped this many bytes here, and whoever calls has waited for what the device wrote.
        unsafe { slice::from_raw_parts(self.at, self.bytes) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and nobody else has a reference.
        unsafe { slice::from_raw_parts_mut(self.at, self.bytes) }
    }

    const fn leak(&mut self) {
        self.leaked = true;
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if !self.leaked {
            // SAFETY: it is dropped here and nowhere else, and not used any more.
            unsafe { mem::ManuallyDrop::drop(&mut self.buffer) };
        }
    }
}

fn words_of(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|word| u32::from_ne_bytes(*word)).collect()
}

fn list(id: opencl3::types::cl_device_id, platform: &str) -> Listed {
    let device = ClDevice::new(id);
    let kind = match device.dev_type().unwrap_or_default() {
        bits if bits & CL_DEVICE_TYPE_GPU != 0 && device.host_unified_memory().unwrap_or(false) => Kind::Integrated,
        bits if bits & CL_DEVICE_TYPE_GPU != 0 => Kind::Discrete,
        bits if bits & CL_DEVICE_TYPE_CPU != 0 => Kind::Software,
        _ => Kind::Other,
    };
    let info = DeviceInfo {
        api: "opencl",
        name: device.name().unwrap_or_default().trim().to_owned(),
        driver: format!("{platform} {}", device.driver_version().unwrap_or_default().trim()),
        kind,
        memory_bytes: device.global_mem_size().unwrap_or(0),
        buffer_bytes_max: device.max_mem_alloc_size().unwrap_or(0),
    };
    Listed { device, info }
}

fn no_platform() -> Why {
    Why {
        what: "the OpenCL loader finds no platform".to_owned(),
        remedy: "install the OpenCL driver of the device (nvidia-opencl-icd, rocm-opencl-icd, intel-opencl-icd or, without a GPU, pocl-opencl-icd); \
                 drivers are named below /etc/OpenCL/vendors"
            .to_owned(),
    }
}

fn no_device(refusals: &[String]) -> Why {
    let what = format!("no OpenCL platform has a device ({})", refusals.join(", "));
    let remedy = match closed_device_files().as_slice() {
        [] => "look whether the kernel's driver of the device is loaded (lspci -k)".to_owned(),
        files => format!("the user may not open {}: join the groups render and video, and log in again", files.join(", ")),
    };
    Why { what, remedy }
}

/// The device files of GPUs that this user may not open.
fn closed_device_files() -> Vec<String> {
    let is_gpu =
        |folder: &str, name: &str| folder == "/dev/dri" && name.starts_with("renderD") || folder == "/dev" && name.starts_with("nvidia");
    let mut closed = Vec::new();
    for folder in ["/dev", "/dev/dri"] {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            let is_closed = || {
                let opened = std::fs::OpenOptions::new().read(true).write(true).open(entry.path());
                opened.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
            };
            if is_gpu(folder, &entry.file_name().to_string_lossy()) && is_closed() {
                closed.push(entry.path().display().to_string());
            }
        }
    }
    closed.sort();
    closed
}

fn failed(what: &str) -> impl Fn(ClError) -> DeviceError + '_ {
    move |error| match error {
        ClError(CL_OUT_OF_RESOURCES | CL_OUT_OF_HOST_MEMORY | CL_MEM_OBJECT_ALLOCATION_FAILURE) => {
            DeviceError::Memory { bytes: 0, what: format!("{what}: {error}") }
        }
        _ => DeviceError::Lost(format!("{what}: {error}")),
    }
}

fn no_memory(bytes: usize) -> impl Fn(ClError) -> DeviceError {
    move |error| match error {
        ClError(CL_OUT_OF_RESOURCES | CL_OUT_OF_HOST_MEMORY | CL_MEM_OBJECT_ALLOCATION_FAILURE | CL_INVALID_BUFFER_SIZE) => {
            DeviceError::Memory { bytes, what: error.to_string() }
        }
        _ => DeviceError::Lost(format!("a buffer of {bytes} bytes: {error}")),
    }
}
