//! `chainbox bench`: measures the engine beside other libraries, devices beside the engine, the service beside the engine, the box as a card, and a
//! node under load.

mod card;
mod cpu;
mod gpu;
mod node;
mod service;

use std::{
    fmt::Display,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use chainbox_bench::machine::Machine;
use serde::Serialize;
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
    Cpu(cpu::Args),
    /// Devices beside the CPU, and all of them behind one queue: sizes of batches, full speed, low load; the kernels alone
    Gpu(gpu::Args),
    /// The service as a process of its own beside the engine in this one: socket, TCP, TLS; full speed, random times, idle clients, hostile ones
    Service(service::Args),
    /// The SDF library as a node calls it, in process and through a service, beside efficient-sm2 and libcrypto; needs a C compiler and OpenSSL's headers
    Card(card::Args),
    /// A node under load: transactions signed beforehand, sent by one process over the real interface to another
    Node(node::Args),
}

/// Runs `chainbox bench`.
///
/// # Errors
/// [`Error`] with what could not be done, or with the contender that gave a wrong answer.
pub fn run(args: Args) -> Result<ExitCode, Error> {
    if cfg!(debug_assertions) {
        eprintln!("chainbox: this is a debug build, whose figures mean nothing: cargo run --release --features bench -- bench");
    }
    match args.subject {
        Subject::Cpu(args) => cpu::run(&args)?,
        Subject::Gpu(args) => gpu::run(&args)?,
        Subject::Service(args) => service::run(&args)?,
        Subject::Card(args) => card::run(&args)?,
        Subject::Node(args) => node::run(&args)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Where figures go beside the terminal.
#[derive(clap::Args, Debug, Default)]
struct Outputs {
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

impl Outputs {
    /// Opens the files: a place that cannot be written should be known before the minutes are spent. What stands there stays until there is a report.
    fn check(&self) -> Result<(), Error> {
        for path in self.json_out.iter().chain(&self.html_out) {
            let file = fs::OpenOptions::new().append(true).create(true).open(path);
            file.map_err(|error| Error::io("write", path.display(), &error))?;
        }
        Ok(())
    }

    /// Writes the files that were asked for.
    fn write(&self, report: &impl Serialize, page: impl FnOnce() -> String) -> Result<(), Error> {
        if let Some(path) = &self.json_out {
            let text = serde_json::to_string_pretty(report).map_err(|error| Error::new(error.to_string()))?;
            write(path, &(text + "\n"))?;
        }
        self.html_out.as_deref().map_or(Ok(()), |path| write(path, &page()))
    }
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|error| Error::io("write", path.display(), &error))
}

/// Warns of a busy machine.
fn warn(machine: &Machine) {
    if let Some(warning) = machine.warning() {
        eprintln!("chainbox: {warning}");
    }
}

/// Prints what is measured on, and `lines` about how.
fn introduce(machine: &Machine, samples: usize, json: bool, lines: &[String]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return writeln!(out, "{}", json!({ "machine": machine, "samples": samples }));
    }
    writeln!(out, "{}, {} cores, {}, {}", machine.cpu, machine.cores, machine.os, machine.rustc)?;
    let features: Vec<_> = machine.features().collect();
    writeln!(out, "instructions: {}", if features.is_empty() { "the portable form".to_owned() } else { features.join(", ") })?;
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// Prints a figure, under its heading where it is the first of its section.
fn show(figure: &(impl Serialize + Display), json: bool, heading: Option<String>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return writeln!(out, "{}", serde_json::to_string(figure)?);
    }
    if let Some(heading) = heading {
        writeln!(out, "\n{heading}")?;
    }
    writeln!(out, "{figure}")
}
