//! Back ends by their names, as the command line takes them.

use chainbox_kernels::discover::APIS;

use super::fpga;

/// The CPU.
pub const CPU: &str = "cpu";

/// The CPU and every device that is no software: what the service uses where nothing is set.
pub const ALL: &str = "all";

/// What verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The CPU alone.
    Cpu,
    /// One device alone, by the name that opens it.
    Device(String),
    /// The CPU and devices behind one queue, which gives each what it does soonest.
    Together {
        /// Whether every device is meant that is no software.
        every: bool,
        /// Devices that are named.
        devices: Vec<String>,
    },
}

impl Choice {
    /// Reads a name, or several with commas between.
    ///
    /// # Errors
    /// A line that says which names there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut names: Vec<&str> = Vec::new();
        for name in text.split(',').map(str::trim) {
            check(name)?;
            if names.contains(&name) {
                return Err(format!("{name} stands there twice"));
            }
            names.push(name);
        }
        let devices: Vec<String> = names.iter().filter(|name| ![CPU, ALL].contains(*name)).map(|name| (*name).to_owned()).collect();
        Ok(match (names.as_slice(), devices.as_slice()) {
            ([CPU], _) => Self::Cpu,
            ([_], [device]) => Self::Device(device.clone()),
            _ => Self::Together { every: names.contains(&ALL), devices },
        })
    }

    /// Whether the CPU alone is meant.
    #[must_use]
    pub fn is_cpu(&self) -> bool {
        *self == Self::Cpu
    }
}

/// Whether this is the name of a back end: one of the CPU, of all, or an interface with the number of a device after a colon.
fn check(name: &str) -> Result<(), String> {
    let (api, number) = name.split_once(':').unwrap_or((name, "0"));
    let is_device = (APIS.contains(&api) || fpga::is_api(api)) && number.parse::<u16>().is_ok();
    if is_device || [CPU, ALL].contains(&name) {
        return Ok(());
    }
    Err(format!(
        "no back end is called {name:?}: say {CPU}, {}, {ALL}, fpga, or several with commas between; opencl:1 is the second device of OpenCL",
        APIS.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_alone_and_together() {
        let device = |name: &str| Choice::Device(name.to_owned());
        let together = |every, names: &[&str]| Choice::Together { every, devices: names.iter().map(|name| (*name).to_owned()).collect() };
        for (text, choice) in [
            ("cpu", Choice::Cpu),
            ("opencl", device("opencl")),
            ("cuda:3", device("cuda:3")),
            ("all", together(true, &[])),
            ("cpu,opencl", together(false, &["opencl"])),
            ("opencl, wgpu:1", together(false, &["opencl", "wgpu:1"])),
            ("all,wgpu", together(true, &["wgpu"])),
            ("fpga", device("fpga")),
            ("fpga:1", device("fpga:1")),
            ("fpga-sim", device("fpga-sim")),
            ("fpga-sim:1", device("fpga-sim:1")),
        ] {
            assert_eq!(Choice::parse(text), Ok(choice), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_told_what_is() {
        for text in ["", "gpu", "opencl:", "opencl:x", "cpu:0", "cpu,,opencl", "OPENCL", "fpga-sim:", "fpga-simx"] {
            let error = Choice::parse(text).unwrap_err();
            assert!(error.contains("cuda, opencl, wgpu, all"), "{text}: {error}");
        }
        assert!(Choice::parse("opencl,cpu,opencl").unwrap_err().contains("twice"));
    }
}
