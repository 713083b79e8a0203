//! The one binary `chainbox`, as a library: what each subcommand does, and the readers of the formats that `chainbox verify` takes.
//!
//! This is the only place where back ends and devices that sign are picked. Everything that judges a signature is in `chainbox-engine`.

pub mod account;
mod backends;
#[cfg(feature = "bench")]
pub mod bench;
mod chain;
pub mod check;
pub mod command_line;
pub mod config;
pub mod devices;
pub mod doctor;
pub mod error;
pub mod formats;
pub mod generate;
pub mod hsm;
pub mod node;
mod output;
mod pages;
pub mod proof;
pub mod serve;
pub mod tx;
pub mod up;
pub mod verify;

use std::{io::Write, process::ExitCode};

use clap::Parser;

use command_line::{Cli, Command};
use error::Error;

/// The exit status where a command could not do what it was asked to do. Wrong usage ends with the same one.
pub const EXIT_FAILED: u8 = 2;

/// The exit status where a transaction was refused, or a proof proves nothing.
pub(crate) const EXIT_REFUSED: u8 = 1;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(Error::OutputClosed) => ExitCode::from(EXIT_FAILED),
        Err(error) => {
            // Where standard error is closed too, the exit status has to do.
            let _ = writeln!(std::io::stderr(), "chainbox: {error}");
            ExitCode::from(EXIT_FAILED)
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Error> {
    match cli.command {
        Command::Verify(args) => verify::run(&args),
        Command::Generate(args) => generate::run(args),
        Command::Up(args) => up::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Node(args) => node::run(&args),
        Command::Tx(args) => tx::run(&args),
        Command::Account(args) => account::run(&args),
        Command::Proof(args) => proof::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Devices(args) => devices::run(args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Hsm(args) => hsm::run(&args),
        Command::HsmHost => Ok(hsm::host::run()),
        #[cfg(feature = "bench")]
        Command::Bench(args) => bench::run(args),
        Command::Config(args) => config::run(&args),
        Command::Completions(args) => pages::completions(&args),
        Command::Man(args) => pages::man(&args),
    }
}
