//! The FPGA verifier's RTL in simulation, named as devices are: `fpga-sim` is built for SM2, `fpga-sim:1` for P-256. It is there to be tried, and slow.

use chainbox_kernels::discover::DeviceBackend;

use crate::error::Error;

/// The interface, beside those of [`chainbox_kernels::discover::APIS`].
pub const API: &str = "fpga-sim";

/// Opens one by its name.
///
/// # Errors
/// [`Error`] where there is none, or this build has no simulation.
pub fn open(name: &str) -> Result<Box<dyn DeviceBackend>, Error> {
    #[cfg(feature = "fpga-sim")]
    return simulated::open(name);
    #[cfg(not(feature = "fpga-sim"))]
    Err(Error::new(format!(
        "{name}: this build has no simulation of the FPGA verifier; build with the cargo feature fpga-sim, which needs Verilator 5"
    )))
}

#[cfg(feature = "fpga-sim")]
pub use simulated::listed;

#[cfg(feature = "fpga-sim")]
mod simulated {
    use std::time::Duration;

    use chainbox_engine::{
        backend::{Backend, Capabilities, Fault},
        batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
        hash::{Digest, Hash},
        verdict::Verdicts,
    };
    use chainbox_fpga::{
        Fpga,
        simulated::{ENGINES, Simulated},
    };
    use chainbox_kernels::{
        device::{DeviceInfo, Kind},
        discover::DeviceBackend,
        pipeline::measure::KernelTime,
    };

    use super::API;
    use crate::error::Error;

    /// One of them, with what it says of itself as devices do.
    struct Device {
        fpga: Fpga<Simulated>,
        info: DeviceInfo,
    }

    impl Device {
        fn new(name: &str, index: usize) -> Self {
            let fpga = Fpga::new(name, Simulated::new(ENGINES[index].0));
            let identity = fpga.identity();
            let info = DeviceInfo {
                api: API,
                name: identity.device.clone(),
                driver: identity.driver.clone(),
                kind: Kind::Software,
                memory_bytes: 0,
                buffer_bytes_max: 0,
            };
            Self { fpga, info }
        }

        fn has_no_kernels(&self) -> Fault {
            Fault::Unsupported { backend: self.fpga.name().to_owned(), what: "it has no kernels to measure".to_owned() }
        }
    }

    fn name(index: usize) -> String {
        if index == 0 { API.to_owned() } else { format!("{API}:{index}") }
    }

    /// All of them: names, and what each says of itself.
    pub fn listed() -> Vec<(String, DeviceInfo)> {
        (0..ENGINES.len()).map(|index| (name(index), Device::new(&name(index), index).info)).collect()
    }

    pub fn open(wanted: &str) -> Result<Box<dyn DeviceBackend>, Error> {
        let index = (0..ENGINES.len()).find(|index| name(*index) == wanted);
        let index =
            index.ok_or_else(|| Error::new(format!("{wanted}: there is no such device; `chainbox devices` lists what there is")))?;
        Ok(Box::new(Device::new(wanted, index)))
    }

    impl Backend for Device {
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

    impl DeviceBackend for Device {
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
}
