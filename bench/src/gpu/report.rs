//! Figures of devices, for programs and for the terminal.

use std::fmt;

use chainbox_engine::scheme::Scheme;
use chainbox_kernels::{device::DeviceInfo, discover::RAN_ON_HARDWARE};
use serde::{Serialize, Serializer};

use crate::{machine::Machine, report::thousands};

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// One caller with batches of each size.
    Sizes,
    /// Several callers with large batches, and the kernels alone.
    Full,
    /// Small requests at random times.
    Low,
}

impl Section {
    /// Every section, in the order in which they are measured.
    pub const ALL: [Self; 3] = [Self::Sizes, Self::Full, Self::Low];

    /// The name used in options and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sizes => "sizes",
            Self::Full => "full",
            Self::Low => "low",
        }
    }

    /// The heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Sizes => "Sizes of batches, one caller",
            Self::Full => "Several callers at full speed, and the kernels alone",
            Self::Low => "Single requests at low load",
        }
    }
}

/// What is known of a back end's device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Device {
    /// The back end's name, as `opencl:1`.
    pub backend: String,
    /// The device's name.
    pub device: String,
    /// The driver with its version.
    pub driver: String,
    /// `discrete`, `integrated`, `software` or `other`.
    pub kind: &'static str,
    /// The bytes of its memory, 0 where the driver does not say.
    pub memory_bytes: u64,
    /// Whether kernels of this interface ran on real hardware, by those who released this version.
    pub ran_on_hardware: bool,
    /// Independent 32-bit multiply-adds a second, as a kernel of nothing else does them; none where that was not measured.
    pub multiply_adds_per_s: Option<f64>,
}

impl Device {
    /// What a device says of itself, with its rate of multiply-adds where one was measured.
    pub(super) fn new(backend: &str, info: &DeviceInfo, multiply_adds_per_s: f64) -> Self {
        Self {
            backend: backend.to_owned(),
            device: info.name.clone(),
            driver: info.driver.clone(),
            kind: info.kind.name(),
            memory_bytes: info.memory_bytes,
            ran_on_hardware: RAN_ON_HARDWARE.contains(&info.api),
            multiply_adds_per_s: Some(multiply_adds_per_s).filter(|rate| *rate > 0.0),
        }
    }
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What it is about.
    pub section: Section,
    /// The scheme's name.
    #[serde(serialize_with = "as_text")]
    pub scheme: Scheme,
    /// Who answered: `cpu`, a device as `opencl:1`, or `all` of them together.
    pub backend: String,
    /// Items a batch.
    pub batch: usize,
    /// Callers, each with one batch at a time.
    pub callers: usize,
    /// The distinct signers that come again; none where every item has a signer of its own.
    pub known_signers: Option<u64>,
    /// Runs, interleaved with those of the other back ends.
    pub runs: usize,
    /// Batches in all runs together.
    pub batches: usize,
    /// Items verified a second, from wire to verdict: the median of the runs.
    pub items_per_s: f64,
    /// From question to verdicts, in microseconds: half of the batches took no longer.
    pub p50_us: f64,
    /// 99 % took no longer (nearest rank).
    pub p99_us: f64,
    /// The rate over that of the CPU alone on the same items in the same runs; at low load, where everybody has the rate that is asked, none.
    pub ratio: Option<f64>,
    /// At low load: the 99th percentile over that of the CPU alone, each the median of the runs' own.
    pub p99_ratio: Option<f64>,
    /// Items a second of the kernels alone, without packing, copies and reading back.
    pub kernel_items_per_s: Option<f64>,
    /// The share of the device's multiply-add rate that the kernels alone achieve, 0 to 1.
    pub multiply_add_share: Option<f64>,
}

/// From which size on a back end is faster than the CPU alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Crossover {
    /// The scheme's name.
    #[serde(serialize_with = "as_text")]
    pub scheme: Scheme,
    /// The back end.
    pub backend: String,
    /// Items a batch, between the sizes that were measured; none where it is faster at no size.
    pub batch: Option<f64>,
}

/// What was not measured, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeftOut {
    /// The back end.
    pub backend: String,
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// The worst figure of some rows, and where it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worst {
    /// The ratio to the CPU alone.
    pub ratio: f64,
    /// The scheme's name.
    #[serde(serialize_with = "as_text")]
    pub scheme: Scheme,
    /// Items a batch.
    pub batch: usize,
}

/// All back ends together beside the CPU alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Dispatcher {
    /// The least rate over that of the CPU alone, over all sizes and schemes.
    pub rate: Option<Worst>,
    /// The greatest 99th percentile at low load over that of the CPU alone.
    pub p99: Option<Worst>,
}

/// All figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Where they were measured.
    pub machine: Machine,
    /// What devices there are.
    pub devices: Vec<Device>,
    /// The runs that were asked for; a row tells its own.
    pub runs: usize,
    /// The figures.
    pub results: Vec<Row>,
    /// What was not measured.
    pub left_out: Vec<LeftOut>,
    /// From which size on each device is faster than the CPU.
    pub crossovers: Vec<Crossover>,
    /// All back ends together beside the CPU alone.
    pub dispatcher: Dispatcher,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn as_text<S: Serializer>(scheme: &Scheme, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(scheme.name())
}

/// From which size on a back end is faster for good, given ascending sizes with the ratio of its rate to the CPU's: between two sizes, ratios are taken
/// for straight on logarithmic scales.
pub(super) fn crossover(ratios: &[(usize, f64)]) -> Option<f64> {
    let first = ratios.iter().rposition(|(_, ratio)| *ratio <= 1.0).map_or(0, |last| last + 1);
    let (size, ratio) = *ratios.get(first)?;
    let Some(&(slower, below)) = first.checked_sub(1).and_then(|before| ratios.get(before)) else { return Some(size as f64) };
    let share = -below.ln() / (ratio.ln() - below.ln());
    let [low, high] = [slower, size].map(|size| (size as f64).ln());
    Some((low + (high - low) * share.clamp(0.0, 1.0)).exp())
}

impl Row {
    /// What sets the row apart from the others of its section, for people.
    #[must_use]
    pub fn signers(&self) -> String {
        self.known_signers.map_or_else(|| "unknown".to_owned(), |signers| thousands(signers as f64))
    }

    /// The names of the columns, each as wide as its figures.
    #[must_use]
    pub fn header() -> String {
        format!(
            "{:<25}  {:<9}  {:>7}  {:>7}  {:>8}  {:>4}  {:>11}  {:>5}  {:>11}  {:>11}  {:>5}  {:>11}  {:>6}",
            "scheme",
            "back end",
            "batch",
            "callers",
            "signers",
            "runs",
            "items/s",
            "ratio",
            "p50 us",
            "p99 us",
            "p99 r",
            "kernels/s",
            "share"
        )
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: Option<f64>, digits: usize| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"));
        write!(f, "{:<25}  {:<9}  {:>7}  {:>7}  ", self.scheme.name(), self.backend, self.batch, self.callers)?;
        write!(f, "{:>8}  {:>4}  {:>11.0}  {:>5}  ", self.signers(), self.runs, self.items_per_s, number(self.ratio, 2))?;
        write!(f, "{:>11.0}  {:>11.0}  {:>5}  ", self.p50_us, self.p99_us, number(self.p99_ratio, 2))?;
        write!(f, "{:>11}  {:>6}", number(self.kernel_items_per_s, 0), number(self.multiply_add_share, 3))
    }
}

impl Report {
    /// What follows from the rows, for people: crossovers, and all back ends beside the CPU. Lines that end.
    #[must_use]
    pub fn conclusions(&self) -> String {
        let mut text = String::new();
        for Crossover { scheme, backend, batch } in &self.crossovers {
            let found = batch.map_or_else(
                || "at no size that was measured".to_owned(),
                |batch| format!("from batches of {} items on", thousands(batch.ceil())),
            );
            text += &format!("{backend} is faster than the CPU alone for {}: {found}\n", scheme.name());
        }
        let worst = |worst: &Worst| format!("{:.3} ({}, {} items)", worst.ratio, worst.scheme.name(), thousands(worst.batch as f64));
        if let Some(rate) = &self.dispatcher.rate {
            text += &format!("all together, least rate over that of the CPU alone: {}\n", worst(rate));
        }
        if let Some(p99) = &self.dispatcher.p99 {
            text += &format!("all together, greatest p99 at low load over that of the CPU alone: {}\n", worst(p99));
        }
        for LeftOut { backend, what, why } in &self.left_out {
            text += &format!("not measured: {backend}, {what}: {why}\n");
        }
        text
    }
}

/// A row, for tests of what shows rows.
#[cfg(test)]
pub(crate) fn row(section: Section, backend: &str, batch: usize) -> Row {
    Row {
        section,
        scheme: Scheme::Sm2Sm3,
        backend: backend.to_owned(),
        batch,
        callers: 1,
        known_signers: None,
        runs: 9,
        batches: 18,
        items_per_s: 1e6,
        p50_us: 10.0,
        p99_us: 20.0,
        ratio: Some(2.0),
        p99_ratio: None,
        kernel_items_per_s: Some(2e6),
        multiply_add_share: Some(0.25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crossover_stands_between_sizes() {
        assert_eq!(crossover(&[(1, 0.1), (100, 0.5), (10_000, 2.0)]).map(f64::round), Some(1_000.0));
        assert_eq!(crossover(&[(1, 2.0), (4, 3.0)]), Some(1.0));
        assert_eq!(crossover(&[(1, 0.5), (4, 0.9)]), None);
        assert_eq!(crossover(&[]), None);
        // Slower once more at a larger size: what counts is from where on it stays faster.
        assert!(crossover(&[(1, 2.0), (16, 0.5), (256, 2.0)]).is_some_and(|batch| batch > 16.0));
    }

    #[test]
    fn columns_are_as_wide_as_their_heads() {
        let rows = [row(Section::Full, "opencl:0", 65_536), Row { known_signers: Some(1_024), ..row(Section::Sizes, "all", 1) }];
        for row in rows {
            assert_eq!(row.to_string().len(), Row::header().len(), "{row}");
        }
    }

    #[test]
    fn conclusions_say_where_the_worst_is() {
        let worst = Worst { ratio: 0.987, scheme: Scheme::Sm2Sm3, batch: 4_096 };
        let report = Report {
            machine: Machine::this(chainbox_engine::simd::Processor::PORTABLE),
            devices: Vec::new(),
            runs: 9,
            results: Vec::new(),
            left_out: vec![LeftOut { backend: "wgpu:0".to_owned(), what: "batches of 9".to_owned(), why: "too long".to_owned() }],
            crossovers: vec![Crossover { scheme: Scheme::Sm2Sm3, backend: "opencl:0".to_owned(), batch: Some(1_234.2) }],
            dispatcher: Dispatcher { rate: Some(worst), p99: None },
        };
        let text = report.conclusions();
        for part in ["from batches of 1,235 items", "0.987 (sm2-sm3, 4,096 items)", "wgpu:0, batches of 9: too long"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
