//! The machine that a figure belongs to.

use std::{env::consts, fs, thread};

use chainbox_engine::simd::{Feature, Processor};
use serde::Serialize;

/// The load of one minute, in runnable tasks, above which figures are not to be trusted.
pub const LOAD_MAX: f64 = 0.5;

/// The machine that a figure belongs to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Machine {
    /// The processor's name, or its architecture where the system does not tell the name.
    pub cpu: String,
    /// The threads that the system runs at once.
    pub cores: usize,
    /// The operating system.
    pub os: String,
    /// The compiler that built the engine.
    pub rustc: &'static str,
    /// The instructions that the engine may use: what the processor has, less what was masked. Peers use what they find.
    #[serde(rename = "features", serialize_with = "as_names")]
    pub processor: Processor,
    /// The load before the measurement (runnable tasks, mean of one minute), where the system tells it.
    pub load: Option<f64>,
}

impl Machine {
    /// This machine, now, with the instructions that the engine may use.
    #[must_use]
    pub fn this(processor: Processor) -> Self {
        let field = |file: &str, name: &str| {
            let text = fs::read_to_string(file).ok()?;
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line[name.len()..].trim_start_matches([' ', '\t', ':', '=']).trim_matches('"').to_owned())
        };
        Self {
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| consts::ARCH.to_owned()),
            cores: thread::available_parallelism().map_or(1, Into::into),
            os: field("/etc/os-release", "PRETTY_NAME").unwrap_or_else(|| consts::OS.to_owned()),
            rustc: env!("CHAINBOX_BENCH_RUSTC"),
            processor,
            load: fs::read_to_string("/proc/loadavg").ok().and_then(|text| text.split(' ').next()?.parse().ok()),
        }
    }

    /// What to tell the user where the machine was busy before the measurement began.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let load = self.load.filter(|load| *load > LOAD_MAX)?;
        Some(format!("the machine is busy (load {load}): ratios still compare, rates may be too low; stop other programs and run it again"))
    }
}

impl Machine {
    /// The names of the instructions that the engine may use.
    pub fn features(&self) -> impl Iterator<Item = &'static str> {
        Feature::ALL.into_iter().filter(|feature| self.processor.has(*feature)).map(Feature::name)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn as_names<S: serde::Serializer>(processor: &Processor, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(Feature::ALL.into_iter().filter(|feature| processor.has(*feature)).map(Feature::name))
}
