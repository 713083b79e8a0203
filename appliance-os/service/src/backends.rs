//! What verifies: the CPU, and devices beside it.

use std::{collections::HashSet, sync::Arc};

use chainbox_engine::backend::Backend;
use serde::Serialize;

/// The jobs that a device is given at once unless told: while it answers one, the other is gathered and checked.
const JOBS_DEFAULT: usize = 2;

/// The most jobs that a device is given at once: each has a thread.
const JOBS_MAX: usize = 8;

/// The most devices.
pub(crate) const DEVICES_MAX: usize = 64;

/// A device that may verify once it gave the known answers.
#[derive(Clone)]
pub struct Device {
    /// Its name in metrics, logs and files: `opencl`, `cuda:1`. No other has it.
    pub name: String,
    /// What asks it.
    pub backend: Arc<dyn Backend>,
    /// The device and its driver with their versions, where they are known: what was learnt of other ones does not hold for it.
    pub hardware: String,
    /// The jobs that it is given at once, at least 1: with two, copies of one overlap with the kernels of the other.
    pub jobs_max: usize,
}

impl Device {
    /// A device of which nothing more is known than its back end says.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self { name: backend.name().to_owned(), backend, hardware: String::new(), jobs_max: JOBS_DEFAULT }
    }
}

/// What verifies.
#[derive(Clone)]
pub struct Backends {
    /// What all falls back on, and what checks the others. It has earned its trust.
    pub cpu: Arc<dyn Backend>,
    /// The devices. They give the known answers while the CPU works already, and are used from then on.
    pub devices: Vec<Device>,
}

impl Backends {
    /// The CPU and nothing else.
    #[must_use]
    pub fn cpu_alone(cpu: Arc<dyn Backend>) -> Self {
        Self { cpu, devices: Vec::new() }
    }

    /// Whether they can be told apart.
    ///
    /// # Errors
    /// The name that two have, or a number that is out of range.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.devices.len() > DEVICES_MAX {
            return Err(format!("engine.devices: {} devices are more than {DEVICES_MAX}: name fewer", self.devices.len()));
        }
        let mut names = HashSet::from([self.cpu.name()]);
        for device in &self.devices {
            if !names.insert(&device.name) {
                return Err(format!("engine.devices: two back ends are called {}: name each once", device.name));
            }
            if !(1..=JOBS_MAX).contains(&device.jobs_max) {
                return Err(format!("{} cannot be given {} jobs at once: 1 to {JOBS_MAX}", device.name, device.jobs_max));
            }
        }
        Ok(())
    }
}

/// What a back end is at, for people and for programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BackendReport {
    /// Its name.
    pub name: String,
    /// The device and its driver; the cores of the CPU.
    pub hardware: String,
    /// Whether it is given work.
    pub state: BackendHealth,
    /// What it did, where it is quarantined.
    pub reason: Option<String>,
    /// When it is tried again, in seconds from now, where it is quarantined.
    pub retry_seconds: Option<f64>,
    /// The items that it decided.
    pub items_total: u64,
    /// Of those, the ones that the CPU decided again.
    pub items_audited_total: u64,
    /// How often it was quarantined.
    pub quarantines_total: u64,
    /// Threads that it does not give back: they wait for answers that are of no use any more.
    pub threads_stuck: usize,
    /// What its jobs take, as far as that was learnt.
    pub curves: Vec<CurveReport>,
}

/// Whether a back end is given work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendHealth {
    /// Not yet: it has still to give the known answers.
    Unproven,
    /// It is.
    Admitted,
    /// Not now: it failed. It is tried again.
    Quarantined,
}

/// What a job takes on a back end: a fixed time, one for each item and one for each byte. Of the CPU it is the time of one core, of a device the time
/// with its checks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurveReport {
    /// What is done, in words: `verify sm2-sm3 digest raw`.
    pub task: String,
    /// Microseconds that any job takes.
    pub fixed_us: f64,
    /// Nanoseconds an item.
    pub item_ns: f64,
    /// Nanoseconds a byte.
    pub byte_ns: f64,
    /// The jobs that it was learnt from.
    pub jobs: u64,
}

#[cfg(test)]
mod tests {
    use chainbox_engine::backend::Cpu;

    use super::*;

    #[test]
    fn names_are_unique_and_jobs_are_few() {
        let device = |name: &str, jobs_max| Device { name: name.to_owned(), jobs_max, ..Device::new(Arc::new(Cpu::new())) };
        let check = |devices| Backends { cpu: Arc::new(Cpu::new()), devices }.check();
        assert_eq!(check(vec![device("opencl", 1), device("opencl:1", 2)]), Ok(()));
        assert!(check(vec![device("opencl", 1), device("opencl", 1)]).unwrap_err().contains("two back ends are called opencl"));
        assert!(check(vec![Device::new(Arc::new(Cpu::new()))]).unwrap_err().contains("called cpu"));
        assert!(check(vec![device("opencl", 0)]).unwrap_err().contains("0 jobs"));
        assert!(check((0..=DEVICES_MAX).map(|number| device(&number.to_string(), 1)).collect()).is_err());
    }
}
