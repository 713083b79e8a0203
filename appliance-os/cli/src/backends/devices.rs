//! Devices, found and opened.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use chainbox_engine::backend::Backend;
use chainbox_kernels::{
    device::DeviceInfo,
    discover::{self, DeviceBackend},
    pipeline,
};
use chainbox_service::{
    Device,
    settings::{self, Settings, Sources},
};

use super::{fpga, probe};
use crate::{config::SettingsArgs, error::Error};

/// The folder of compiled kernels in the data folder.
const KERNELS: &str = "kernels";

/// The jobs that a device is given at once: while it answers one, the other is gathered and checked.
const JOBS_MAX: usize = 2;

/// A device that is open.
#[derive(Clone)]
pub struct Opened {
    /// The name that opened it, as `opencl:1`.
    pub name: String,
    /// The back end.
    pub backend: Arc<dyn DeviceBackend>,
}

impl Wanted {
    /// Those that the settings mean.
    #[must_use]
    pub fn by(settings: &settings::Devices) -> Self {
        match settings {
            settings::Devices::Auto => Self { every: true, names: Vec::new() },
            settings::Devices::None => Self { every: false, names: Vec::new() },
            settings::Devices::Named(names) => Self { every: false, names: names.clone() },
        }
    }
}

impl Opened {
    /// As the service takes it.
    #[must_use]
    pub fn for_service(&self) -> Device {
        let backend: Arc<dyn Backend> = self.backend.clone();
        Device { name: self.name.clone(), backend, hardware: hardware(self.backend.info()), jobs_max: JOBS_MAX }
    }
}

/// Which devices are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Every one that is no software.
    pub every: bool,
    /// These by name, software or not.
    pub names: Vec<String>,
}

/// The device and its driver with its version: what was learnt holds for these.
#[must_use]
pub fn hardware(info: &DeviceInfo) -> String {
    format!("{}, {}", info.name, info.driver)
}

/// How a device is opened where compiled kernels are kept in this data folder.
#[must_use]
pub fn options(data: &Path) -> pipeline::Options {
    pipeline::Options { cache: Some(data.join(KERNELS)), ..pipeline::Options::default() }
}

/// Opens a device by its name.
///
/// # Errors
/// [`Error`] with what is missing and how to mend it.
pub fn open(name: &str, options: &pipeline::Options) -> Result<Opened, Error> {
    // The first device of an interface has one name, whoever counts from 0.
    let name = name.strip_suffix(":0").unwrap_or(name);
    let backend = if name.split(':').next().is_some_and(fpga::is_api) {
        fpga::open(name)?
    } else {
        discover::open(name, options).map_err(|error| Error::new(format!("{error}; `chainbox devices` lists what there is")))?
    };
    Ok(Opened { name: name.to_owned(), backend: Arc::from(backend) })
}

/// Opens what is wanted, each device once. One that is named and cannot be opened is an error; of the others a line on standard error says so.
///
/// # Errors
/// [`Error`] for a device that is named.
pub fn open_wanted(wanted: &Wanted, options: &pipeline::Options) -> Result<Vec<Opened>, Error> {
    let mut opened: Vec<Opened> = Vec::new();
    for name in &wanted.names {
        let device = open(name, options)?;
        if opened.iter().all(|other| other.name != device.name) {
            opened.push(device);
        }
    }
    if wanted.every {
        let names = probe::by_themselves().unwrap_or_else(|error| {
            warn(&error);
            Vec::new()
        });
        for name in names {
            let is_open = opened.iter().any(|other| other.name == name);
            match (!is_open).then(|| open(&name, options)).transpose() {
                Ok(device) => opened.extend(device),
                Err(error) => warn(&error.to_string()),
            }
        }
    }
    Ok(opened)
}

/// Says on standard error why a device is not used; where that is closed, `chainbox devices` still tells.
fn warn(why: &str) {
    let _ = writeln!(io::stderr(), "chainbox: {why}");
}

/// The data folder that commands use which have no settings: the one of the settings in force, or else the user's own.
#[must_use]
pub fn data_folder() -> PathBuf {
    let sources = SettingsArgs::default().sources(Sources::default_file());
    Settings::load(&sources).map_or_else(|_| settings::data_folder_of_user(&sources.environment), |loaded| loaded.settings.data)
}
