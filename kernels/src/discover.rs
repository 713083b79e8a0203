//! What devices this machine has, and how to open one.

use std::time::Duration;

use chainbox_engine::{
    backend::{Backend, Fault},
    batch::Batch,
};

use crate::{
    device::{Device, DeviceError, DeviceInfo},
    pipeline::{Options, Verifier, measure::KernelTime},
};

/// The interfaces, by the names that settings and the command line use.
pub const APIS: [&str; 3] = ["cuda", "opencl", "wgpu"];

/// The interfaces whose kernels ran on real hardware and gave the known answers there, by whoever released this version. The others are `never run on hardware`.
/// All of them: one NVIDIA H200, docs/gpu.md.
pub const RAN_ON_HARDWARE: [&str; 3] = APIS;

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

    /// See [`Verifier::measure_kernels`].
    ///
    /// # Errors
    /// [`Fault`].
    fn measure_kernels(&self, batch: &Batch, rounds: usize) -> Result<KernelTime, Fault>;

    /// See [`Verifier::multiply_adds_an_item`].
    fn multiply_adds_an_item(&self, batch: &Batch, key_is_known: bool) -> u64;

    /// See [`Verifier::multiply_add_rate`].
    ///
    /// # Errors
    /// [`Fault`].
    fn multiply_add_rate(&self, time: Duration) -> Result<f64, Fault>;
}

/// Everything that was found, and why what is missing is missing. Loaders are opened here for the first time: a machine without any gets reasons.
#[must_use]
pub fn discover() -> Vec<Found> {
    APIS.into_iter().flat_map(of_api).collect()
}

/// What was found of one interface.
fn of_api(api: &'static str) -> Vec<Found> {
    match api {
        #[cfg(feature = "cuda")]
        "cuda" => cuda(),
        #[cfg(feature = "opencl")]
        "opencl" => opencl(),
        #[cfg(feature = "wgpu")]
        "wgpu" => wgpu(),
        _ => vec![unusable(api, "this build has no such back end", &format!("build with the cargo feature {api}"))],
    }
}

#[cfg(feature = "cuda")]
fn cuda() -> Vec<Found> {
    use crate::cuda::Cuda;
    match Cuda::all() {
        Ok(listed) => usable("cuda", listed, |device| device.info().clone(), |device, _| device.open()),
        Err(why) => vec![unusable("cuda", &why.what, &why.remedy)],
    }
}

#[cfg(feature = "opencl")]
fn opencl() -> Vec<Found> {
    use crate::{cache::Cache, opencl::OpenCl};
    match OpenCl::all() {
        Ok(listed) => {
            usable("opencl", listed, |device| device.info().clone(), |device, options| device.open(options.cache.clone().map(Cache::new)))
        }
        Err(why) => vec![unusable("opencl", &why.what, &why.remedy)],
    }
}

#[cfg(feature = "wgpu")]
fn wgpu() -> Vec<Found> {
    use crate::{
        cache::Cache,
        wgpu::{Wgpu, Words, adapters},
    };
    let open = |adapter: &_, options: &Options| Wgpu::open(adapter, Words::Native, options.cache.clone().map(Cache::new));
    match adapters() {
        Ok(adapters) => usable("wgpu", adapters, |adapter| adapter.info.clone(), open),
        Err(why) => vec![unusable("wgpu", &why.what, &why.remedy)],
    }
}

fn unusable(api: &'static str, what: &str, remedy: &str) -> Found {
    Found::Unusable { api, what: what.to_owned(), remedy: remedy.to_owned() }
}

/// The devices of an interface, numbered in the order in which it lists them.
#[cfg(any(feature = "cuda", feature = "opencl", feature = "wgpu"))]
fn usable<L: Send + Sync + 'static, D: Device>(
    api: &'static str,
    listed: Vec<L>,
    info: fn(&L) -> DeviceInfo,
    open: fn(&L, &Options) -> Result<D, DeviceError>,
) -> Vec<Found> {
    let candidate = |(number, listed): (usize, L)| {
        let name = if number == 0 { api.to_owned() } else { format!("{api}:{number}") };
        let info = info(&listed);
        let opener = move |options: &Options| -> Result<Box<dyn DeviceBackend>, DeviceError> {
            Ok(Box::new(Verifier::new(open(&listed, options)?, options)?))
        };
        Found::Usable(Candidate { name, info, opener: Box::new(opener) })
    };
    listed.into_iter().enumerate().map(candidate).collect()
}

/// Opens a device by its name: `opencl`, `wgpu` or `cuda`, with `:1` after it for the second device of that interface and so on.
///
/// # Errors
/// [`OpenError`].
pub fn open(name: &str, options: &Options) -> Result<Box<dyn DeviceBackend>, OpenError> {
    let api = name.split(':').next().unwrap_or_default();
    let number = name[api.len()..].strip_prefix(':').map_or(Ok(0), str::parse::<usize>);
    let (Some(api), Ok(number)) = (APIS.into_iter().find(|known| *known == api), number) else {
        return Err(OpenError::Name { name: name.to_owned() });
    };
    let mut usable = 0;
    let mut why = None;
    for found in of_api(api) {
        match found {
            Found::Usable(candidate) if usable == number => return candidate.open(options),
            Found::Usable(_) => usable += 1,
            Found::Unusable { what, remedy, .. } => why = Some((what, remedy)),
        }
    }
    let (what, remedy) = why.unwrap_or_else(|| ("there is no such device".to_owned(), "see `chainbox devices`".to_owned()));
    Err(OpenError::Absent { name: name.to_owned(), what, remedy })
}

impl<D: Device> DeviceBackend for Verifier<D> {
    fn info(&self) -> &DeviceInfo {
        self.info()
    }

    fn measure_kernels(&self, batch: &Batch, rounds: usize) -> Result<KernelTime, Fault> {
        self.measure_kernels(batch, rounds)
    }

    fn multiply_adds_an_item(&self, batch: &Batch, key_is_known: bool) -> u64 {
        self.multiply_adds_an_item(batch, key_is_known)
    }

    fn multiply_add_rate(&self, time: Duration) -> Result<f64, Fault> {
        self.multiply_add_rate(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_none_are_refused() {
        for name in ["", "gpu", "opencl:", "opencl:x", "opencl:-1", ":0", "opencl 0"] {
            assert!(matches!(open(name, &Options::default()), Err(OpenError::Name { .. })), "{name}");
        }
    }

    /// Whatever is installed here, looking does not fail, and each interface is spoken of.
    #[test]
    fn every_interface_has_a_device_or_a_reason() {
        let found = discover();
        for api in APIS {
            let of_api = |found: &Found| match found {
                Found::Usable(candidate) => candidate.info.api == api && candidate.name.starts_with(api),
                Found::Unusable { api: other, what, remedy } => *other == api && !what.is_empty() && !remedy.is_empty(),
            };
            assert!(found.iter().any(of_api), "{api}");
        }
        assert!(matches!(open("opencl:999", &Options::default()), Err(OpenError::Absent { .. })));
    }
}
