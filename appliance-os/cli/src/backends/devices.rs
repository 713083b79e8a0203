//! Devices, found and opened.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use chainbox_engine::backend::Backend;
use chainbox_kernels::{
    device::{DeviceInfo, Kind},
    discover::{self, APIS, Candidate, DeviceBackend, Found},
    pipeline,
};
use chainbox_service::Device;

use crate::error::Error;

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
    let backend = discover::open(name, options).map_err(|error| Error::new(format!("{error}; `chainbox devices` lists what there is")))?;
    Ok(Opened { name: name.to_owned(), backend: Arc::from(backend) })
}

/// Opens what is wanted, each device once. One that is named and cannot be opened is an error; of the others a line on standard error says so.
///
/// # Errors
/// [`Error`] for a device that is named.
pub fn open_wanted(wanted: &Wanted, options: &pipeline::Options) -> Result<Vec<Opened>, Error> {
    let mut opened = wanted.names.iter().map(|name| open(name, options)).collect::<Result<Vec<_>, _>>()?;
    if wanted.every {
        for candidate in by_itself(discover::discover()).into_iter().filter(|candidate| !wanted.names.contains(&candidate.name)) {
            match candidate.open(options) {
                Ok(backend) => opened.push(Opened { name: candidate.name, backend: Arc::from(backend) }),
                // Where standard error is closed, `chainbox devices` still tells.
                Err(error) => drop(writeln!(io::stderr(), "chainbox: {error}: this device is not used; see `chainbox devices`")),
            }
        }
    }
    Ok(opened)
}

/// The devices that are used without being named: no software, which takes the cores that the CPU back end has; and of one interface alone, the first
/// that has any, since the same card shows itself through several.
fn by_itself(found: Vec<Found>) -> Vec<Candidate> {
    let real: Vec<Candidate> = found
        .into_iter()
        .filter_map(|found| match found {
            Found::Usable(candidate) if candidate.info.kind != Kind::Software => Some(candidate),
            _ => None,
        })
        .collect();
    let api = APIS.into_iter().find(|api| real.iter().any(|candidate| candidate.info.api == *api));
    real.into_iter().filter(|candidate| Some(candidate.info.api) == api).collect()
}

/// The data folder that commands use which have no settings: the one of the settings in force, or else the user's own.
#[must_use]
pub fn data_folder() -> PathBuf {
    use chainbox_service::settings::{Settings, Sources};
    let sources = crate::config::SettingsArgs::default().sources(Sources::default_file());
    Settings::load(&sources)
        .map_or_else(|_| chainbox_service::settings::data_folder_of_user(&sources.environment), |loaded| loaded.settings.data)
}
