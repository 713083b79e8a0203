//! What devices this machine has, and how to open one.

use std::time::Duration;

use chainbox_engine::{
    backend::{Backend, Fault},
    batch::Batch,
};

use crate::{
    device::{DeviceError, DeviceInfo},
    pipeline::{Options, measure::KernelTime},
};

/// The interfaces, by the names that settings and the command line use.
pub const APIS: [&str; 3] = ["cuda", "opencl", "wgpu"];

/// The interfaces whose kernels ran on real hardware and gave the known answers there, by whoever released this version. The others are `never run on hardware`.
pub const RAN_ON_HARDWARE: [&str; 0] = [];

/// One thing that was found, or that is missing.
pub enum Found {
    /// A device that can be opened.
    Usable(Candidate),
    /// Why an interface, or a device of it, cannot be used.
    Unusable {
        /// The interface.
        api: &'static str,
        /// What is missing or refused.
        what: String,
        /// What a person can do about it.
        remedy: String,
    },
}

/// A device that can be opened.
pub struct Candidate {
    /// The name that opens it: the interface, and from the second device on its number, `opencl:1`.
    pub name: String,
    /// What it says of itself.
    pub info: DeviceInfo,
    opener: Opener,
}

type Opener = Box<dyn Fn(&Options) -> Result<Box<dyn DeviceBackend>, DeviceError> + Send + Sync>;

impl Candidate {
    /// Opens it. Nothing is compiled yet; the known answers are the caller's to ask for.
    ///
    /// # Errors
    /// [`OpenError::Device`].
    pub fn open(&self, options: &Options) -> Result<Box<dyn DeviceBackend>, OpenError> {
        (self.opener)(options).map_err(|error| OpenError::Device { name: self.name.clone(), error })
    }

    /// Whether kernels of this interface ever ran on real hardware, see [`RAN_ON_HARDWARE`].
    #[must_use]
    pub fn ran_on_hardware(&self) -> bool {
        RAN_ON_HARDWARE.contains(&self.info.api)
    }
}

/// Why no device was opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The name is none of an interface, or its number is no number.
    #[error("{name:?} is no device: say cuda, opencl or wgpu, with :1 after it for the second device and so on")]
    Name {
        /// The name given.
        name: String,
    },
    /// There is no such device here.
    #[error("{name}: {what}; {remedy}")]
    Absent {
        /// The name given.
        name: String,
        /// What is missing.
        what: String,
        /// What a person can do about it.
        remedy: String,
    },
    /// It is there and failed.
    #[error("{name}: {error}")]
    Device {
        /// The name given.
        name: String,
        /// How.
        error: DeviceError,
    },
}

/// A back end on a device, with what only devices can say.
pub trait DeviceBackend: Backend {
    /// What the device says of itself.
    fn info(&self) -> &DeviceInfo;

    /// The time of the kernels alone, for as many items of the batch as one submission takes: the same input is worked on `rounds` times, without copies.
    ///
    /// # Errors
    /// [`Fault`].
    fn measure_kernels(&self, batch: &Batch, rounds: usize) -> Result<KernelTime, Fault>;

    /// The 32x32 multiply-adds that the kernels spend on an item of this batch's shape, hashing not counted.
    fn multiply_adds_an_item(&self, batch: &Batch) -> u64;

    /// 32x32 multiply-adds a second that the device does in a loop of nothing else, the best of some runs within about `time`.
    ///
    /// # Errors
    /// [`Fault`].
    fn multiply_add_rate(&self, time: Duration) -> Result<f64, Fault>;
}

/// Everything that was found, and why what is missing is missing. Loaders are opened here for the first time: a machine without any gets reasons.
#[must_use]
pub fn discover() -> Vec<Found> {
    Vec::new()
}

/// Opens a device by its name: `opencl`, `wgpu` or `cuda`, with `:1` after it for the second device of that interface and so on.
///
/// # Errors
/// [`OpenError`].
pub fn open(name: &str, options: &Options) -> Result<Box<dyn DeviceBackend>, OpenError> {
    let api = name.split(':').next().unwrap_or_default();
    let number = name[api.len()..].strip_prefix(':').map_or(Ok(0), str::parse::<usize>);
    let (true, Ok(_)) = (APIS.contains(&api), number) else { return Err(OpenError::Name { name: name.to_owned() }) };
    let mut why = None;
    for found in discover() {
        match found {
            Found::Usable(candidate) if candidate.name == name => return candidate.open(options),
            Found::Unusable { api: other, what, remedy } if other == api => why = Some((what, remedy)),
            _ => {}
        }
    }
    let (what, remedy) = why.unwrap_or_else(|| ("there is no such device".to_owned(), "see `chainbox devices`".to_owned()));
    Err(OpenError::Absent { name: name.to_owned(), what, remedy })
}
