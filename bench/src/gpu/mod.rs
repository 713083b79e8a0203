//! Devices beside the CPU, and all back ends together: the same items in the same runs, from wire to verdict.
//!
//! Who takes part is the caller's choice; the first contestant is the CPU alone, with which the others are compared.

mod options;
pub mod report;
mod runs;

pub use options::Options;

use std::time::Duration;

use chainbox_engine::{
    backend::Backend,
    batch::{Batch, Input},
    scheme::Scheme,
    verdict::Verdict,
};
use chainbox_kernels::{discover::DeviceBackend, pipeline::measure::KernelTime};
use chainbox_workloads::{Hints, Spec};

use crate::{Error, machine::Machine, measure::Times, report::thousands, rounds::Rounds};
use report::{Crossover, Device, Dispatcher, LeftOut, Report, Row, Section, Worst, crossover};
use runs::{Asked, Run};

/// The name of the CPU alone.
pub const CPU: &str = "cpu";

/// The name of all back ends together.
pub const ALL: &str = "all";

/// The share of forged items: few, as in a service, and enough that nobody who finds everything valid has a rate.
const FORGED: f64 = 0.001;

/// A back end that is measured.
pub struct Contestant<'a> {
    /// The name: [`CPU`], a device's as `opencl:1`, or [`ALL`].
    pub name: String,
    /// What answers.
    pub backend: &'a dyn Backend,
    /// The same, where it is one device: what its kernels do can be measured too.
    pub device: Option<&'a dyn DeviceBackend>,
}

/// Measures a section, or every one. The first contestant is the CPU alone. Each row is handed to `show` as soon as it is there.
///
/// # Errors
/// [`Error`]; nothing is reported of a run in which anything went wrong.
pub fn run(
    options: &Options,
    only: Option<Section>,
    contestants: &[Contestant<'_>],
    machine: Machine,
    show: impl FnMut(&Row),
) -> Result<Report, Error> {
    let mut devices = Vec::new();
    for contestant in contestants {
        let Some(device) = contestant.device else { continue };
        let rate = device.multiply_add_rate(options.rate_time)?;
        devices.push(Device::new(&contestant.name, device.info(), rate));
    }
    let mut bench = Bench { options, contestants, devices, seed: 0, show, results: Vec::new(), left_out: Vec::new() };
    for section in Section::ALL.into_iter().filter(|section| only.is_none_or(|only| only == *section)) {
        for &scheme in options.schemes {
            match section {
                Section::Sizes => bench.sizes(scheme)?,
                Section::Full => bench.full(scheme)?,
                Section::Low => bench.low(scheme)?,
            }
        }
    }
    let Bench { devices, results, left_out, .. } = bench;
    let (crossovers, dispatcher) = (crossovers(&results), dispatcher(&results));
    Ok(Report { machine, devices, runs: options.runs, results, left_out, crossovers, dispatcher })
}

/// A run on the way.
struct Bench<'a, S> {
    options: &'a Options,
    contestants: &'a [Contestant<'a>],
    devices: Vec<Device>,
    /// Counts what is made: whoever remembers keys must not find those of one row in another.
    seed: u64,
    show: S,
    results: Vec<Row>,
    left_out: Vec<LeftOut>,
}

/// Items of one kind: what a row is made of.
struct Items {
    batches: Vec<Batch>,
    expected: Vec<Vec<Verdict>>,
}

impl Items {
    /// So many batches, the same ones for the same seed. No two seeds have a signer in common.
    fn new(subject: Subject, batches: usize, seed: u64) -> Result<Self, Error> {
        let Subject { scheme, batch, known_signers, .. } = subject;
        let signers = known_signers.unwrap_or((batch * batches) as u64);
        let spec = Spec { input: Input::Digest, invalid_share: FORGED, seed, ..Spec::new(scheme, signers) };
        let rounds = Rounds::new(spec, batch, batches)?;
        Ok(Self { batches: rounds.batches(Hints::None)?, expected: rounds.expected })
    }

    fn asked(&self) -> Asked<'_> {
        Asked { batches: &self.batches, expected: &self.expected }
    }
}

/// What all rows of one comparison have in common.
#[derive(Clone, Copy)]
struct Subject {
    section: Section,
    scheme: Scheme,
    batch: usize,
    /// Batches of a run, over all callers.
    batches: usize,
    callers: usize,
    known_signers: Option<u64>,
}

impl<'a, S: FnMut(&Row)> Bench<'a, S> {
    /// One caller with batches of each size, keys never seen before.
    fn sizes(&mut self, scheme: Scheme) -> Result<(), Error> {
        for &(batch, batches) in &self.options.sizes {
            self.compare(Subject { section: Section::Sizes, scheme, batch, batches, callers: 1, known_signers: None })?;
        }
        Ok(())
    }

    /// Several callers with large batches: keys never seen before, and few that come again.
    fn full(&mut self, scheme: Scheme) -> Result<(), Error> {
        let Options { full_batch: batch, callers, full_batches, signers, .. } = *self.options;
        for known_signers in [None, Some(signers)] {
            let subject = Subject { section: Section::Full, scheme, batch, batches: callers * full_batches, callers, known_signers };
            self.compare(subject)?;
        }
        Ok(())
    }

    /// Small requests at random times.
    fn low(&mut self, scheme: Scheme) -> Result<(), Error> {
        for &(batch, requests) in &self.options.low {
            self.compare(Subject { section: Section::Low, scheme, batch, batches: requests, callers: 1, known_signers: None })?;
        }
        Ok(())
    }

    /// A row for each contestant that is fast enough, from runs that were taken in turn. A first run is not timed: it fills caches and tables, and tells
    /// how many runs there is time for. Who has fewer than the CPU is compared with the CPU in those.
    fn compare(&mut self, subject: Subject) -> Result<(), Error> {
        let Subject { batches, known_signers, .. } = subject;
        let contestants = self.fast_enough(subject);
        self.seed += 2;
        let first = Items::new(subject, batches, self.seed)?;
        let mut affordable = Vec::with_capacity(contestants.len());
        let mut cpu_time = Duration::ZERO;
        for (place, contestant) in contestants.iter().enumerate() {
            if known_signers.is_some() {
                runs::settle(&contestant.name, contestant.backend, first.asked(), self.options.warm_time)?;
            }
            let run = runs::closed(&contestant.name, contestant.backend, first.asked(), subject.callers)?;
            let runs = self.options.row_time.as_secs_f64() / run.time.as_secs_f64().max(f64::MIN_POSITIVE);
            affordable.push(self.options.runs.min(runs as usize).max(1));
            if place == 0 {
                cpu_time = Times::new(run.times).median();
            }
        }
        // The same signers where they come again, and then the items of the first run, number 0, were met before.
        let seed = if known_signers.is_some() { self.seed } else { self.seed + 1 };
        let runs = affordable.iter().copied().max().unwrap_or(1);
        let items = Items::new(subject, batches * (runs + 1), seed)?;
        let low_per_s = self.options.low_load / cpu_time.as_secs_f64().max(f64::MIN_POSITIVE);
        let mut taken: Vec<Vec<Run>> = contestants.iter().map(|_| Vec::new()).collect();
        for run in 1..=runs {
            let asked = items.asked().run(run, batches);
            for (place, contestant) in contestants.iter().enumerate().filter(|(place, _)| run <= affordable[*place]) {
                let Contestant { name, backend, .. } = *contestant;
                taken[place].push(match subject.section {
                    Section::Low => runs::open(name, *backend, asked, low_per_s, run as u64)?,
                    Section::Sizes | Section::Full => runs::closed(name, *backend, asked, subject.callers)?,
                });
            }
        }
        let cpu = taken[0].clone();
        for (contestant, taken) in contestants.iter().zip(&taken) {
            let mut row = row(subject, &contestant.name, taken, &cpu[..taken.len().min(cpu.len())]);
            if let (Section::Full, Some(device)) = (subject.section, contestant.device) {
                self.kernels(&mut row, device, &first.batches[0])?;
            }
            (self.show)(&row);
            self.results.push(row);
        }
        Ok(())
    }

    /// The contestants that answer one batch within the time of a row, as far as can be told from smaller ones; the CPU always.
    fn fast_enough(&mut self, subject: Subject) -> Vec<&'a Contestant<'a>> {
        let Self { contestants, results, left_out, options, .. } = self;
        let too_slow = |contestant: &Contestant<'_>| {
            let of = |row: &&Row| row.scheme == subject.scheme && row.backend == contestant.name && row.section != Section::Low;
            let time = subject.batch as f64 / results.iter().rev().find(of)?.items_per_s;
            (contestant.name != CPU && time > options.row_time.as_secs_f64()).then_some(time)
        };
        let mut fast = Vec::new();
        for contestant in *contestants {
            if let Some(time) = too_slow(contestant) {
                left_out.push(LeftOut {
                    backend: contestant.name.clone(),
                    what: format!("{} in batches of {}", subject.scheme.name(), thousands(subject.batch as f64)),
                    why: format!("one would take some {time:.0} s"),
                });
            } else {
                fast.push(contestant);
            }
        }
        fast
    }

    /// Adds what the kernels do alone.
    fn kernels(&self, row: &mut Row, device: &dyn DeviceBackend, batch: &Batch) -> Result<(), Error> {
        let KernelTime { items, time } = device.measure_kernels(batch, self.options.kernel_rounds)?;
        let items_per_s = items as f64 / time.as_secs_f64().max(f64::MIN_POSITIVE);
        row.kernel_items_per_s = Some(items_per_s);
        // A count or a rate of 0 is none.
        let counted = Some(device.multiply_adds_an_item(batch, row.known_signers.is_some())).filter(|counted| *counted > 0);
        let rate = self.devices.iter().find(|device| device.backend == row.backend).and_then(|device| device.multiply_adds_per_s);
        row.multiply_add_share = counted.zip(rate).map(|(counted, rate)| counted as f64 * items_per_s / rate);
        Ok(())
    }
}

/// The row of a contestant's runs, beside those of the CPU alone.
fn row(subject: Subject, name: &str, taken: &[Run], cpu: &[Run]) -> Row {
    let Subject { section, scheme, batch, batches, callers, known_signers } = subject;
    let times = runs::times(taken);
    let [items_per_s, cpu_items_per_s] = [taken, cpu].map(|runs| runs::rate(runs, batch * batches));
    let is_low = section == Section::Low;
    let p99 = |taken: &[Run]| {
        let of_each = taken.iter().map(|run| Times::new(run.times.clone()).percentile(99)).collect();
        Times::new(of_each).median().as_secs_f64()
    };
    Row {
        section,
        scheme,
        backend: name.to_owned(),
        batch,
        callers,
        known_signers,
        runs: taken.len(),
        batches: times.samples(),
        items_per_s,
        p50_us: times.median().as_secs_f64() * 1e6,
        p99_us: times.percentile(99).as_secs_f64() * 1e6,
        ratio: (!is_low).then_some(items_per_s / cpu_items_per_s),
        p99_ratio: is_low.then(|| p99(taken) / p99(cpu).max(f64::MIN_POSITIVE)),
        kernel_items_per_s: None,
        multiply_add_share: None,
    }
}

/// For each scheme and each device, from which size on it is faster than the CPU.
fn crossovers(rows: &[Row]) -> Vec<Crossover> {
    let mut found: Vec<Crossover> = Vec::new();
    let sizes = || rows.iter().filter(|row| row.section == Section::Sizes);
    for row in sizes().filter(|row| ![CPU, ALL].contains(&&*row.backend)) {
        let is_same = |other: &Crossover| other.scheme == row.scheme && other.backend == row.backend;
        if found.iter().any(is_same) {
            continue;
        }
        let of = sizes().filter(|other| other.scheme == row.scheme && other.backend == row.backend);
        let ratios: Vec<_> = of.map(|row| (row.batch, row.ratio.unwrap_or_default())).collect();
        found.push(Crossover { scheme: row.scheme, backend: row.backend.clone(), batch: crossover(&ratios) });
    }
    found
}

/// The worst of all back ends together.
fn dispatcher(rows: &[Row]) -> Dispatcher {
    let all = |value: fn(&Row) -> Option<f64>| {
        let of_all = rows.iter().filter(|row| row.backend == ALL);
        of_all.filter_map(move |row| Some(Worst { ratio: value(row)?, scheme: row.scheme, batch: row.batch }))
    };
    Dispatcher {
        rate: all(|row| row.ratio).min_by(|a, b| a.ratio.total_cmp(&b.ratio)),
        p99: all(|row| row.p99_ratio).max_by(|a, b| a.ratio.total_cmp(&b.ratio)),
    }
}
