//! What runs kernels: an OpenCL queue, a wgpu queue, a CUDA stream.

use std::time::Duration;

use crate::{layout::Params, program::Program};

/// Why a device did not do what it was asked. It says nothing about items.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// A program was refused by the compiler or the driver; the log is part of the text.
    #[error("the kernels of {program} do not compile: {log}")]
    Compile {
        /// The program's name.
        program: String,
        /// What the compiler said.
        log: String,
    },
    /// There is not enough memory for what was asked.
    #[error("the device has no room for {bytes} bytes: {what}")]
    Memory {
        /// What was asked for.
        bytes: usize,
        /// What the driver said.
        what: String,
    },
    /// The device is gone or reports a failure: nothing more can be expected of it.
    #[error("the device failed: {0}")]
    Lost(String),
    /// No answer came in time.
    #[error("no answer within {} ms", .0.as_millis())]
    Hangs(Duration),
}

/// What kind of device it is. Software devices are offered only where somebody names them: they take the cores that the CPU back end has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A GPU with memory of its own.
    Discrete,
    /// A GPU that shares memory with the processor.
    Integrated,
    /// The processor that runs kernels: PoCL, lavapipe.
    Software,
    /// Something else, or the driver does not say.
    Other,
}

impl Kind {
    /// The name in JSON and for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discrete => "discrete",
            Self::Integrated => "integrated",
            Self::Software => "software",
            Self::Other => "other",
        }
    }
}

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The interface, which is the back end's name as well: `opencl`, `wgpu`, `cuda`.
    pub api: &'static str,
    /// The device's name.
    pub name: String,
    /// The driver with its version.
    pub driver: String,
    /// What it is.
    pub kind: Kind,
    /// The bytes of its memory, 0 where the driver does not say.
    pub memory_bytes: u64,
    /// The most bytes of one buffer.
    pub buffer_bytes_max: u64,
}

/// One launch of one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The kernel, counted in [`Program::kernels`].
    pub kernel: usize,
    /// Groups of [`GROUP_LANES`](crate::layout::GROUP_LANES) lanes.
    pub groups: u32,
    /// What the kernel is told.
    pub params: Params,
}

/// The bytes of the buffers of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotBytes {
    /// What the host writes for each submission.
    pub input: usize,
    /// What kernels keep between them. Never read back.
    pub work: usize,
    /// What kernels answer.
    pub output: usize,
}

/// What runs kernels. All of its functions may be called from any thread.
///
/// A program has tables (of G, and of known keys) that stay on the device; a slot has the buffers of one submission. Several slots may be under way at
/// once: their submissions are done in the order of the calls, and the copies of one may overlap with the kernels of another.
pub trait Device: Send + Sync + 'static {
    /// A compiled program.
    type Program: Send + Sync;
    /// A buffer that stays on the device.
    type Tables: Send + Sync;
    /// The buffers of one submission.
    type Slot: Send;

    /// What it is.
    fn info(&self) -> &DeviceInfo;

    /// Compiles a program, or takes it from the cache on disk.
    ///
    /// # Errors
    /// [`DeviceError`].
    fn compile(&self, program: &Program) -> Result<Self::Program, DeviceError>;

    /// Makes a buffer of `bytes` bytes that begins with `contents`.
    ///
    /// # Errors
    /// [`DeviceError`].
    fn tables(&self, bytes: usize, contents: &[u8]) -> Result<Self::Tables, DeviceError>;

    /// Makes the buffers of a submission, once for many. Kernels that are launched with the slot find these tables.
    ///
    /// # Errors
    /// [`DeviceError`].
    fn slot(&self, bytes: SlotBytes, tables: &Self::Tables) -> Result<Self::Slot, DeviceError>;

    /// Writes the input, sets each word of the first `output_bytes` of the output to `poison`, launches the kernels one after the other, and begins to read
    /// those bytes of the output. Does not wait. Lengths are multiples of 4 and fit the slot.
    ///
    /// No input leaves the slot's input as it is; 0 output bytes leave the output alone, and nothing is read. So kernels of several programs work on one slot by
    /// several submissions, the last of which has output bytes; then comes the wait. `work` keeps its contents between them.
    ///
    /// # Errors
    /// [`DeviceError`].
    fn submit(
        &self,
        program: &Self::Program,
        slot: &mut Self::Slot,
        input: &[u8],
        launches: &[Launch],
        output_bytes: usize,
        poison: u32,
    ) -> Result<(), DeviceError>;

    /// Waits for what was submitted last with this slot, and gives what the kernels wrote. `time_max` bounds the wait where the interface can.
    /// After an error the slot is dropped, with its submissions still under way or not.
    ///
    /// # Errors
    /// [`DeviceError`].
    fn wait<'slot>(&self, slot: &'slot mut Self::Slot, time_max: Duration) -> Result<&'slot [u8], DeviceError>;
}
