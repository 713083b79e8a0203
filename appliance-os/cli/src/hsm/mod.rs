//! `chainbox hsm`: what an operator does with a device that signs.

mod audit;
mod bench;
mod destroy;
pub(crate) mod device;
mod doctor;
mod generate;
mod guard;
pub mod host;
mod list;
mod output;
mod payload;
mod rotate;
mod sign;

use std::process::ExitCode;

use crate::error::Error;

/// Lines of at most 80 characters, so that no terminal wraps them.
const DETAILS: &str = "\
The device is the one of the settings (--config, or /etc/chainbox/chainbox.toml),
or one that flags name: --pkcs11 MODULE --token LABEL, --sdf LIBRARY, or
--software FILE. With flags no file of settings is read unless --config names it.

The PIN is never a flag. It is asked for on the terminal, or comes from where
--pin-source says: env:NAME, file:/PATH (which its owner alone can read) or
credential:NAME.

Exit status:
  0  done
  1  doctor found something bad, audit a break in the log
  2  it could not be done; the message says what, where and the remedy";

/// The options of `chainbox hsm`.
#[derive(clap::Args, Debug)]
#[command(after_help = DETAILS)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Open the device step by step and say what is wrong with which step, and how to mend it
    Doctor(doctor::Args),
    /// List the keys of the device, and what the settings let them sign
    List(list::Args),
    /// Make a key on the device
    Generate(generate::Args),
    /// Sign one thing, whose kind is named
    Sign(sign::Args),
    /// Measure signatures a second by sessions, and how long one takes
    Bench(bench::Args),
    /// Verify the audit log, and name its first break
    Audit(audit::Args),
    /// Show, export or import what was voted on
    Guard(guard::Args),
    /// Make a key that takes another one's place, and say what to write into the settings
    Rotate(rotate::Args),
    /// Destroy a key: its label is typed twice
    Destroy(destroy::Args),
}

/// Runs `chainbox hsm`.
///
/// # Errors
/// [`Error`] where it could not be done.
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    match &args.command {
        Command::Doctor(args) => doctor::run(args),
        Command::List(args) => list::run(args),
        Command::Generate(args) => generate::run(args),
        Command::Sign(args) => sign::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Guard(args) => guard::run(args),
        Command::Rotate(args) => rotate::run(args),
        Command::Destroy(args) => destroy::run(args),
    }
}
