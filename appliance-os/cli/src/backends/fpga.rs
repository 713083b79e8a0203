//! The FPGA verifier, named as devices are. `fpga` is a card behind the devices of the Xilinx DMA driver, `fpga:1` the second one; no card was tried yet, so one is used only
//! where it is named. `fpga-sim` is the RTL in simulation, built for SM2, `fpga-sim:1` the one for P-256: there to be tried, and slow.

use std::{env, path::PathBuf, time::Duration};

use chainbox_engine::{
    backend::{Backend, Capabilities, Fault},
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    hash::{Digest, Hash},
    verdict::Verdicts,
};
use chainbox_fpga::{
    Fpga,
    transport::Transport,
    xdma::{self, Card, OpenError},
};
use chainbox_kernels::{
    device::{DeviceInfo, Kind},
    discover::DeviceBackend,
    pipeline::measure::KernelTime,
};

use crate::error::Error;

/// The interface of cards, beside those of [`chainbox_kernels::discover::APIS`].
pub const CARDS: &str = "fpga";

/// The interface of simulations.
pub const SIMULATIONS: &str = "fpga-sim";

/// What names another folder than `/dev` for the devices of cards: a stand-in has them elsewhere.
const FOLDER: &str = "CHAINBOX_FPGA_DEVICES";

/// Whether this is one of the two interfaces.
pub fn is_api(api: &str) -> bool {
    [CARDS, SIMULATIONS].contains(&api)
}

/// One that was found: its name, and what it says of itself or why it cannot be used.
pub type Seen = (String, Result<DeviceInfo, OpenError>);

/// Everything that is there.
pub fn seen() -> Vec<Seen> {
    let card = |(index, prefix): (usize, PathBuf)| (name(CARDS, index), Card::open(&prefix).map(|card| info(CARDS, &card)));
    let cards = cards().into_iter().enumerate().map(card);
    #[cfg(feature = "fpga-sim")]
    let cards = cards.chain(simulated::seen());
    cards.collect()
}

/// Opens one by its name.
///
/// # Errors
/// [`Error`] where there is none, it cannot be used, or this build has no simulation.
pub fn open(wanted: &str) -> Result<Box<dyn DeviceBackend>, Error> {
    if wanted.split(':').next() == Some(SIMULATIONS) {
        #[cfg(feature = "fpga-sim")]
        return simulated::open(wanted);
        #[cfg(not(feature = "fpga-sim"))]
        return Err(Error::new(format!(
            "{wanted}: this build has no simulation of the FPGA verifier; build with the cargo feature fpga-sim, which needs Verilator 5"
        )));
    }
    let found = cards().into_iter().enumerate().find(|(index, _)| name(CARDS, *index) == wanted);
    let folder = folder();
    let absent = || {
        Error::new(format!(
            "{wanted}: {} has no such card; load the kernel module xdma; `chainbox devices` lists what there is",
            folder.display()
        ))
    };
    let (_, prefix) = found.ok_or_else(absent)?;
    let card = Card::open(&prefix).map_err(|error| Error::new(format!("{wanted}: {error}; {}", error.remedy())))?;
    Ok(Box::new(Device::new(wanted, CARDS, card)))
}

fn folder() -> PathBuf {
    env::var_os(FOLDER).map_or_else(|| PathBuf::from("/dev"), PathBuf::from)
}

fn cards() -> Vec<PathBuf> {
    xdma::cards(&folder())
}

/// The name of a device: from the second one on with its number.
fn name(api: &str, index: usize) -> String {
    if index == 0 { api.to_owned() } else { format!("{api}:{index}") }
}

/// What a device says of itself, as devices of other interfaces do.
fn info(api: &'static str, transport: &impl Transport) -> DeviceInfo {
    let identity = transport.identity();
    DeviceInfo {
        api,
        name: identity.device.clone(),
        driver: identity.driver.clone(),
        kind: if identity.is_software { Kind::Software } else { Kind::Other },
        memory_bytes: 0,
        buffer_bytes_max: 0,
    }
}

/// One that is open.
struct Device<T> {
    fpga: Fpga<T>,
    info: DeviceInfo,
}

impl<T: Transport> Device<T> {
    fn new(name: &str, api: &'static str, transport: T) -> Self {
        let info = info(api, &transport);
        Self { fpga: Fpga::new(name, transport), info }
    }

    fn has_no_kernels(&self) -> Fault {
        Fault::Unsupported { backend: self.fpga.name().to_owned(), what: "it has no kernels to measure".to_owned() }
    }
}

impl<T: Transport> Backend for Device<T> {
    fn name(&self) -> &str {
        self.fpga.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.fpga.capabilities()
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        self.fpga.verify(batch)
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        self.fpga.recover(batch)
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        self.fpga.digest(hash, messages)
    }
}

impl<T: Transport> DeviceBackend for Device<T> {
    fn info(&self) -> &DeviceInfo {
        &self.info
    }

    fn measure_kernels(&self, _: &Batch, _: usize) -> Result<KernelTime, Fault> {
        Err(self.has_no_kernels())
    }

    fn multiply_adds_an_item(&self, _: &Batch, _: bool) -> u64 {
        0
    }

    fn multiply_add_rate(&self, _: Duration) -> Result<f64, Fault> {
        Err(self.has_no_kernels())
    }
}

#[cfg(feature = "fpga-sim")]
mod simulated {
    use chainbox_fpga::simulated::{ENGINES, Simulated};
    use chainbox_kernels::discover::DeviceBackend;

    use super::{Device, SIMULATIONS, Seen, info, name};
    use crate::error::Error;

    pub fn seen() -> impl Iterator<Item = Seen> {
        ENGINES.iter().enumerate().map(|(index, (curve, _))| (name(SIMULATIONS, index), Ok(info(SIMULATIONS, &Simulated::new(*curve)))))
    }

    pub fn open(wanted: &str) -> Result<Box<dyn DeviceBackend>, Error> {
        let curve = ENGINES.iter().enumerate().find(|(index, _)| name(SIMULATIONS, *index) == wanted).map(|(_, (curve, _))| *curve);
        let curve =
            curve.ok_or_else(|| Error::new(format!("{wanted}: there is no such device; `chainbox devices` lists what there is")))?;
        Ok(Box::new(Device::new(wanted, SIMULATIONS, Simulated::new(curve))))
    }
}
