//! What there is to verify with on this machine, and what is known of it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use chainbox_engine::backend::known_answers;
use chainbox_kernels::{
    device::{DeviceInfo, Kind},
    discover::{self, Found},
};
use chainbox_service::learned::{self, Learned};

use crate::backends::{
    devices::{self, hardware, options},
    fpga,
};

/// One device, or one interface that cannot be used.
pub(crate) enum Sight {
    /// It can be opened.
    Usable(Usable),
    /// It cannot be used.
    Unusable {
        /// The interface.
        api: &'static str,
        /// What is missing or refused.
        what: String,
        /// What to do about it.
        remedy: String,
    },
}

/// A device that can be opened.
pub(crate) struct Usable {
    /// The name that opens it.
    pub(crate) name: String,
    pub(crate) info: DeviceInfo,
    /// Whether kernels of its interface ever ran on real hardware.
    pub(crate) ran_on_hardware: bool,
    /// What the known answers gave, where they were asked.
    pub(crate) proof: Option<Result<Proof, String>>,
    /// What was learnt of it here; none where it never worked here.
    pub(crate) learned: Option<Learned>,
}

/// The known answers, all right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    /// How many.
    pub(crate) answers: usize,
    /// Until the first of them were given: kernels are compiled, or taken from the cache.
    pub(crate) first_time: Duration,
    /// All of them once more, when nothing is left to compile.
    pub(crate) time: Duration,
}

impl Usable {
    /// Whether it takes the cores that the CPU back end has.
    pub(crate) fn is_software(&self) -> bool {
        self.info.kind == Kind::Software
    }

    /// Whether it is used only where it is named: software, and cards of an interface that nobody ever tried one of.
    pub(crate) fn is_by_name(&self) -> bool {
        self.is_software() || self.info.api == fpga::CARDS
    }
}

/// Which devices are asked the known answers, here and now. Their kernels are compiled for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prove {
    /// None.
    Nothing,
    /// Those that are no software.
    Hardware,
    /// All.
    Everything,
}

/// Everything that is found, and what was learnt of it in this data folder.
pub(crate) fn survey(learned: &[Learned], data: &Path, prove: Prove) -> Vec<Sight> {
    let sight = |found| match found {
        Found::Usable(candidate) => {
            let ran_on_hardware = candidate.ran_on_hardware();
            Sight::Usable(usable(candidate.name, candidate.info, ran_on_hardware, learned, data, prove))
        }
        Found::Unusable { api, what, remedy } => Sight::Unusable { api, what, remedy },
    };
    let sights = discover::discover().into_iter().map(sight);
    let of_fpga = |(name, seen): fpga::Seen| match seen {
        Ok(info) => Sight::Usable(usable(name, info, false, learned, data, prove)),
        Err(error) => Sight::Unusable { api: fpga::CARDS, what: error.to_string(), remedy: error.remedy().to_owned() },
    };
    sights.chain(fpga::seen().into_iter().map(of_fpga)).collect()
}

/// What was learnt, from the file in the data folder; with the error of a file that cannot be read.
pub(crate) fn learned(data: &Path) -> (Vec<Learned>, Option<String>) {
    match learned::read(&data.join(learned::FILE)) {
        Ok(learned) => (learned, None),
        Err(error) => (Vec::new(), Some(error)),
    }
}

fn usable(name: String, info: DeviceInfo, ran_on_hardware: bool, learned: &[Learned], data: &Path, prove: Prove) -> Usable {
    let hardware = hardware(&info);
    let is_asked = match prove {
        Prove::Nothing => false,
        Prove::Hardware => info.kind != Kind::Software,
        Prove::Everything => true,
    };
    Usable {
        ran_on_hardware,
        proof: is_asked.then(|| proof(&name, data)),
        learned: learned.iter().find(|learned| learned.name == name && learned.hardware == hardware).cloned(),
        name,
        info,
    }
}

/// Opens the device and asks it the known answers, twice: the first time kernels are compiled.
fn proof(name: &str, data: &Path) -> Result<Proof, String> {
    let start = Instant::now();
    let opened = devices::open(name, &options(data)).map_err(|error| error.to_string())?;
    let backend = opened.backend.as_ref();
    let answers = known_answers::check(backend).map_err(|failure| failure.to_string())?;
    let first_time = start.elapsed();
    let start = Instant::now();
    known_answers::check(backend).map_err(|failure| format!("the second time: {failure}"))?;
    Ok(Proof { answers, first_time, time: start.elapsed() })
}
