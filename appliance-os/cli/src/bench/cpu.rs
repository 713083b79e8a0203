//! `chainbox bench`: measures the engine beside other libraries.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use chainbox_bench::{
    cpu::{self, Options},
    machine::Machine,
    page,
    report::{Figure, Report, Section},
};
use chainbox_engine::simd::{Feature, Processor};
use serde_json::json;

use crate::error::Error;

/// The options of `chainbox bench`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What to measure.
    #[command(subcommand)]
    subject: Subject,
}

/// What to measure.
#[derive(Debug, clap::Subcommand)]
enum Subject {
    /// The CPU back end beside other crates: secp256k1, k256, aws-lc-rs, p256, ring, efficient-sm2, sm2; sha2, keccak-asm, sm3
    Cpu(CpuArgs),
}

/// The options of `chainbox bench cpu`.
#[derive(clap::Args, Debug)]
struct CpuArgs {
    /// Measure fewer items: a first impression in under a minute instead of some 20
    #[arg(long)]
    quick: bool,
    /// Measure one section alone: strategies, forms, peers, forged, signers or latency
    #[arg(long, value_name = "NAME", value_parser = section)]
    only: Option<Section>,
    /// Measure the engine without some instructions of the processor: avx2, sha or avx512. Its peers use what they find
    #[arg(long, value_name = "NAME", value_parser = feature)]
    without: Vec<Feature>,
    /// Print a line of JSON for the machine and one for each figure
    #[arg(long)]
    json: bool,
    /// Write all figures into this file as JSON
    #[arg(long, value_name = "FILE")]
    json_out: Option<PathBuf>,
    /// Write all figures into this file as a page of HTML with charts, which needs no other file
    #[arg(long, value_name = "FILE")]
    html_out: Option<PathBuf>,
}

impl CpuArgs {
    /// The command that repeats the measurement, for the page.
    fn command(&self) -> String {
        let without: String = self.without.iter().map(|feature| format!(" --without {}", feature.name())).collect();
        let only = self.only.map_or_else(String::new, |section| format!(" --only {}", section.name()));
        format!("chainbox bench cpu{}{only}{without}", if self.quick { " --quick" } else { "" })
    }

    /// The instructions that the engine may use.
    fn processor(&self) -> Processor {
        self.without.iter().fold(Processor::detect(), |processor, feature| processor.without(*feature))
    }
}

fn section(name: &str) -> Result<Section, String> {
    let names: Vec<_> = Section::ALL.into_iter().map(Section::name).collect();
    Section::ALL.into_iter().find(|section| section.name() == name).ok_or_else(|| format!("the sections are {}", names.join(", ")))
}

fn feature(name: &str) -> Result<Feature, String> {
    let names: Vec<_> = Feature::ALL.into_iter().map(Feature::name).collect();
    Feature::ALL.into_iter().find(|feature| feature.name() == name).ok_or_else(|| format!("the instructions are {}", names.join(", ")))
}

/// Runs `chainbox bench`.
///
/// # Errors
/// [`Error`] with what could not be done, or with the contender that gave a wrong answer.
pub fn run(args: Args) -> Result<ExitCode, Error> {
    let Subject::Cpu(args) = args.subject;
    let machine = Machine::this(args.processor());
    if let Some(warning) = machine.warning() {
        eprintln!("chainbox: {warning}");
    }
    if cfg!(debug_assertions) {
        eprintln!("chainbox: this is a debug build, whose figures mean nothing: cargo run --release --features bench -- bench cpu");
    }
    let options = if args.quick { Options::QUICK } else { Options::FULL };
    measure(&args, &options, machine)?;
    Ok(ExitCode::SUCCESS)
}

/// Measures, prints each figure as soon as it is there, and writes the files that were asked for.
fn measure(args: &CpuArgs, options: &Options, machine: Machine) -> Result<(), Error> {
    for path in args.json_out.iter().chain(&args.html_out) {
        // A place that cannot be written should be known before the minutes are spent. What stands there stays until there is a report.
        let file = fs::OpenOptions::new().append(true).create(true).open(path);
        file.map_err(|error| Error::io("write", path.display(), &error))?;
    }
    introduce(&machine, options, args.json).map_err(|error| Error::stdout(&error))?;
    let mut printed = Ok(());
    let mut title = "";
    let report = cpu::run(options, args.only, machine, |figure| {
        if printed.is_ok() {
            printed = show(figure, args.json, title != figure.title());
            title = figure.title();
        }
    });
    let report = report.map_err(|error| Error::new(error.to_string()))?;
    printed.map_err(|error| Error::stdout(&error))?;
    args.json_out.as_deref().map_or(Ok(()), |path| write_report(&report, path))?;
    args.html_out.as_deref().map_or(Ok(()), |path| write(path, &page::html(&report, &args.command())))
}

fn introduce(machine: &Machine, options: &Options, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return writeln!(out, "{}", json!({ "machine": machine, "samples": options.samples }));
    }
    writeln!(out, "{}, {} cores, {}, {}", machine.cpu, machine.cores, machine.os, machine.rustc)?;
    let features: Vec<_> = machine.features().collect();
    writeln!(out, "instructions: {}", if features.is_empty() { "the portable form".to_owned() } else { features.join(", ") })?;
    writeln!(
        out,
        "{} items a batch where nothing else is said, over given digests, 65-byte keys, raw signatures, everything parsed inside the timed part",
        options.items
    )?;
    writeln!(
        out,
        "median of {} interleaved samples, each of fresh items; floor: time over that of the field products alone",
        options.samples
    )
}

/// Prints a figure, under a heading where it is the first of its section.
fn show(figure: Figure<'_>, json: bool, is_first: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return writeln!(out, "{}", serde_json::to_string(&figure)?);
    }
    if is_first {
        writeln!(out, "\n{}\n{}", figure.title(), figure.header())?;
    }
    writeln!(out, "{figure}")
}

fn write_report(report: &Report, path: &Path) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(report).map_err(|error| Error::new(error.to_string()))?;
    write(path, &(text + "\n"))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|error| Error::io("write", path.display(), &error))
}

#[cfg(test)]
mod tests {
    use chainbox_engine::scheme::Scheme;
    use serde_json::Value;

    use super::*;

    #[test]
    fn both_files_hold_the_figures_of_the_run() {
        let options = Options {
            items: 4,
            items_aside: 4,
            samples: 1,
            schemes: &[Scheme::EcdsaSecp256k1Keccak256],
            forged: &[1.0],
            signer_counts: &[2],
            latencies: &[(1, 1)],
            messages: 4,
            ..Options::QUICK
        };
        let dir = tempfile::tempdir().unwrap();
        let [json, html] = ["figures.json", "figures.html"].map(|name| dir.path().join(name));
        fs::write(&json, "an older and longer report".repeat(1_000)).unwrap();
        let args = CpuArgs {
            quick: true,
            only: None,
            without: vec![Feature::Avx512],
            json: false,
            json_out: Some(json.clone()),
            html_out: Some(html.clone()),
        };
        measure(&args, &options, Machine { cores: 1, ..Machine::this(args.processor()) }).unwrap();

        let report: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
        assert!(["cpu", "cores", "os", "rustc", "load"].iter().all(|field| report["machine"].get(field).is_some()), "{report}");
        let fields = [
            "scheme",
            "strategy",
            "batch",
            "threads",
            "signers",
            "forged",
            "items_per_s",
            "peer",
            "peer_items_per_s",
            "ratio",
            "floor_ratio",
        ];
        let results = report["results"].as_array().unwrap();
        assert!(!results.is_empty() && results.iter().all(|row| fields.iter().all(|field| row.get(field).is_some())), "{report}");
        assert_eq!(report["digests"].as_array().unwrap().len(), 3);

        let page = fs::read_to_string(html).unwrap();
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
        assert!(page.contains("<code>chainbox bench cpu --quick --without avx512</code>"));
    }
}
