//! `chainbox bench gpu`.

use std::{
    io::{self, Write},
    num::NonZeroUsize,
    sync::Arc,
    time::Duration,
};

use chainbox_bench::{
    gpu::{
        self, ALL, CPU, Contestant, Options,
        report::{Report, Row, Section},
    },
    machine::Machine,
    page,
};
use chainbox_engine::{
    backend::{Backend, CpuOptions, known_answers},
    simd::Processor,
};
use serde_json::json;

use super::{Outputs, introduce, show, warn};
use crate::{
    backends::{
        self, Choice,
        devices::{self, Opened, Wanted},
    },
    error::Error,
};

/// The options of `chainbox bench gpu`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Measure less: one scheme, fewer and smaller batches, a first impression
    #[arg(long)]
    quick: bool,
    /// Measure one section alone: sizes, full or low
    #[arg(long, value_name = "NAME", value_parser = section)]
    only: Option<Section>,
    /// What to measure beside the CPU: opencl, wgpu:1, cuda, several with commas between; unless told, every device that is no software
    #[arg(long, value_name = "NAME", default_value = backends::ALL, value_parser = Choice::parse)]
    backend: Choice,
    /// Items of the largest batch
    #[arg(long, value_name = "N", value_parser = items)]
    items: Option<NonZeroUsize>,
    /// The most seconds that the runs of one back end take for a row: slow ones have fewer runs, or are left out of large batches
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: Option<u64>,
    #[command(flatten)]
    outputs: Outputs,
}

/// The most items of a batch: they are made and signed before they are measured, and kept in memory.
const ITEMS_MAX: usize = 1 << 22;

fn section(name: &str) -> Result<Section, String> {
    let names: Vec<_> = Section::ALL.into_iter().map(Section::name).collect();
    Section::ALL.into_iter().find(|section| section.name() == name).ok_or_else(|| format!("the sections are {}", names.join(", ")))
}

fn items(text: &str) -> Result<NonZeroUsize, String> {
    let items = text.parse().ok().filter(|items: &NonZeroUsize| items.get() <= ITEMS_MAX);
    items.ok_or_else(|| format!("a number from 1 to {ITEMS_MAX}"))
}

impl Args {
    /// The command that repeats the measurement, for the page.
    fn command(&self, opened: &[Opened]) -> String {
        let mut command = "chainbox bench gpu".to_owned();
        if self.quick {
            command += " --quick";
        }
        if let Some(section) = self.only {
            command += &format!(" --only {}", section.name());
        }
        let names: Vec<_> = opened.iter().map(|device| &*device.name).collect();
        command += &format!(" --backend {}", if names.is_empty() { CPU.to_owned() } else { names.join(",") });
        let numbers = [("--items", self.items.map(|items| items.get() as u64)), ("--seconds", self.seconds)];
        numbers.into_iter().filter_map(|(flag, number)| Some(format!(" {flag} {}", number?))).fold(command, |all, flag| all + &flag)
    }

    fn options(&self) -> Options {
        let options = if self.quick { Options::quick() } else { Options::full() };
        let options = match self.items {
            Some(items) => options.with_largest(items.get()),
            None => options,
        };
        Options { row_time: self.seconds.map_or(options.row_time, Duration::from_secs), ..options }
    }

    fn wanted(&self) -> Wanted {
        match &self.backend {
            Choice::Cpu => Wanted { every: false, names: Vec::new() },
            Choice::Device(name) => Wanted { every: false, names: vec![name.clone()] },
            Choice::Together { every, devices } => Wanted { every: *every, names: devices.clone() },
        }
    }
}

/// Measures, prints each figure as soon as it is there, and writes the files that were asked for.
pub(super) fn run(args: &Args) -> Result<(), Error> {
    let machine = Machine::this(Processor::detect());
    warn(&machine);
    args.outputs.check()?;
    let (wanted, options) = (args.wanted(), args.options());
    let opened = devices::open_wanted(&wanted, &devices::options(&devices::data_folder()))?;
    let opened = proven(opened, &wanted)?;
    let json = args.outputs.json;
    introduce(&machine, options.runs, json, &lines(&opened, &options)).map_err(|error| Error::stdout(&error))?;

    // Each has a CPU of its own: what one learnt of keys must not be found by the other.
    let cpu_options = CpuOptions { threads: Some(machine.cores), ..CpuOptions::default() };
    let alone = backends::cpu(&cpu_options)?;
    let within: Arc<dyn Backend> = Arc::new(backends::cpu(&cpu_options)?);
    let together = backends::together(within, &opened, &wanted, Vec::new())?;
    let contestants = contestants(&alone, &opened, &together);

    let mut printed = Ok(());
    let mut last = None;
    let report = gpu::run(&options, args.only, &contestants, machine, |row| {
        if printed.is_ok() {
            let heading = (last != Some(row.section)).then(|| format!("{}\n{}", row.section.title(), Row::header()));
            printed = show(row, json, heading);
            last = Some(row.section);
        }
    });
    let report = report.map_err(|error| Error::new(error.to_string()))?;
    printed.map_err(|error| Error::stdout(&error))?;
    conclude(&report, json).map_err(|error| Error::stdout(&error))?;
    args.outputs.write(&report, || page::gpu_html(&report, &args.command(&opened)))
}

/// The devices that give the known answers. One that is named and does not is an error; of the others a line on standard error says so.
fn proven(opened: Vec<Opened>, wanted: &Wanted) -> Result<Vec<Opened>, Error> {
    let mut proven = Vec::new();
    for device in opened {
        match known_answers::check(device.backend.as_ref()) {
            Ok(_) => proven.push(device),
            Err(failure) if wanted.names.contains(&device.name) => {
                return Err(Error::new(format!(
                    "back end {} fails its known answers on this machine and is not measured: {failure}",
                    device.name
                )));
            }
            // Where standard error is closed, the report does without the device.
            Err(failure) => {
                let _ = writeln!(io::stderr(), "chainbox: {} fails its known answers and is not measured: {failure}", device.name);
            }
        }
    }
    Ok(proven)
}

/// The CPU first, with which the others are compared; then each device alone; then all together.
fn contestants<'a>(alone: &'a dyn Backend, opened: &'a [Opened], together: &'a dyn Backend) -> Vec<Contestant<'a>> {
    let device = |device: &'a Opened| {
        let backend: &'a dyn Backend = &*device.backend;
        Contestant { name: device.name.clone(), backend, device: Some(&*device.backend) }
    };
    let cpu = Contestant { name: CPU.to_owned(), backend: alone, device: None };
    let all = Contestant { name: ALL.to_owned(), backend: together, device: None };
    [cpu].into_iter().chain(opened.iter().map(device)).chain([all]).collect()
}

/// What is said before the figures.
fn lines(opened: &[Opened], options: &Options) -> Vec<String> {
    let devices = opened.iter().map(|device| {
        let info = device.backend.info();
        format!("{}: {}, {}, driver {}", device.name, info.name, info.kind.name(), info.driver)
    });
    let none = opened.is_empty().then(|| {
        "no device to measure but software, which is measured where --backend names it: the CPU, and the queue in front of it".to_owned()
    });
    let how = format!(
        "from wire to verdict: raw signatures over given digests, 65-byte keys; median of {} interleaved runs of fresh items; each verdict is compared",
        options.runs
    );
    devices.chain(none).chain([how]).collect()
}

/// Prints what follows from the figures.
fn conclude(report: &Report, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        let Report { devices, left_out, crossovers, dispatcher, .. } = report;
        return writeln!(
            out,
            "{}",
            json!({ "devices": devices, "left_out": left_out, "crossovers": crossovers, "dispatcher": dispatcher })
        );
    }
    write!(out, "\n{}", report.conclusions())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_repeats_what_was_asked() {
        let args = Args {
            quick: true,
            only: Some(Section::Low),
            backend: Choice::Cpu,
            items: NonZeroUsize::new(100),
            seconds: Some(3),
            outputs: Outputs::default(),
        };
        assert_eq!(args.command(&[]), "chainbox bench gpu --quick --only low --backend cpu --items 100 --seconds 3");
        let options = args.options();
        assert_eq!((options.full_batch, options.row_time), (100, Duration::from_secs(3)));
        assert_eq!(args.wanted(), Wanted { every: false, names: Vec::new() });
        assert!(items("0").is_err() && items("4194305").is_err() && items("65536").is_ok());
    }
}
