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
    report::{HEADER, Report, Row},
};
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
    /// The CPU back end beside crates secp256k1, aws-lc-rs (P-256) and efficient-sm2, on one core and on all
    Cpu(CpuArgs),
}

/// The options of `chainbox bench cpu`.
#[derive(clap::Args, Debug)]
struct CpuArgs {
    /// Measure fewer items: a first impression in under a minute
    #[arg(long)]
    quick: bool,
    /// Print a line of JSON for the machine and one for each figure
    #[arg(long)]
    json: bool,
    /// Write all figures into this file as JSON
    #[arg(long, value_name = "FILE")]
    json_out: Option<PathBuf>,
}

/// Runs `chainbox bench`.
///
/// # Errors
/// [`Error`] with what could not be done, or with the contender that gave a wrong answer.
pub fn run(args: Args) -> Result<ExitCode, Error> {
    let Subject::Cpu(args) = args.subject;
    let machine = Machine::this();
    if let Some(warning) = machine.warning() {
        eprintln!("chainbox: {warning}");
    }
    if cfg!(debug_assertions) {
        eprintln!("chainbox: this is a debug build, whose figures mean nothing: cargo run --release --features bench -- bench cpu");
    }
    let options = if args.quick { Options::QUICK } else { Options::FULL };
    introduce(&machine, options, args.json).map_err(|error| Error::stdout(&error))?;
    let mut printed = Ok(());
    let report = cpu::run(options, machine, |row| {
        if printed.is_ok() {
            printed = show(row, args.json);
        }
    });
    let report = report.map_err(|error| Error::new(error.to_string()))?;
    printed.map_err(|error| Error::stdout(&error))?;
    args.json_out.as_deref().map_or(Ok(()), |path| write_report(&report, path))?;
    Ok(ExitCode::SUCCESS)
}

fn introduce(machine: &Machine, options: Options, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return writeln!(out, "{}", json!({ "machine": machine, "samples": options.samples }));
    }
    writeln!(out, "{}, {} cores, {}, {}", machine.cpu, machine.cores, machine.os, machine.rustc)?;
    writeln!(
        out,
        "{} items a batch over given digests, all keys distinct, raw signatures, everything parsed inside the timed part; median of {} samples\n",
        options.items, options.samples
    )?;
    writeln!(out, "{HEADER}")
}

fn show(row: &Row, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json { writeln!(out, "{}", serde_json::to_string(row)?) } else { writeln!(out, "{row}") }
}

fn write_report(report: &Report, path: &Path) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(report).map_err(|error| Error::new(error.to_string()))?;
    fs::write(path, text + "\n").map_err(|error| Error::io("write", path.display(), &error))
}
