//! `chainbox bench card`.

use std::{
    env,
    path::{Path, PathBuf},
};

use chainbox_bench::{
    card::{self, Options, Programs, report::Row},
    machine::Machine,
    page,
};
use chainbox_engine::simd::Processor;
use clap::ValueHint;

use super::{Outputs, introduce, show, warn};
use crate::error::Error;

/// The name of the library's file.
const LIBRARY: &str = "libchainbox_sdf.so";

/// The options of `chainbox bench card`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Measure less: a first impression in half a minute instead of some three
    #[arg(long)]
    quick: bool,
    /// The SDF library; unless set, the one beside this program, or else where the system looks for libraries
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    library: Option<PathBuf>,
    /// The compiled stand-in of a node (hsm/provider/sdf/examples/fisco_node); unless set, it is compiled with cc
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::FilePath)]
    node: Option<PathBuf>,
    #[command(flatten)]
    outputs: Outputs,
}

/// Measures, prints each figure as soon as it is there, and writes the files that were asked for.
pub(super) fn run(args: &Args) -> Result<(), Error> {
    let machine = Machine::this(Processor::detect());
    warn(&machine);
    args.outputs.check()?;
    let options = if args.quick { Options::QUICK } else { Options::FULL };
    let program = env::current_exe().map_err(|error| Error::new(format!("cannot tell which program this is: {error}")))?;
    let library = args.library.clone().unwrap_or_else(|| library_beside(&program));
    let json = args.outputs.json;
    let lines = [
        format!(
            "the SDF library ({}), called as a FISCO BCOS node calls it: hash with key and id, verification, one signature a call",
            library.display()
        ),
        format!(
            "{} signers, {} items that all sides get, median of {} interleaved samples of {:?}; each answer is compared",
            options.signers, options.items, options.samples, options.sample_time
        ),
    ];
    introduce(&machine, options.samples, json, &lines).map_err(|error| Error::stdout(&error))?;
    let mut printed = Ok(());
    let mut last = None;
    let programs = Programs { chainbox: &program, library: &library, node: args.node.as_deref() };
    let report = card::run(&options, &programs, machine, |row| {
        if printed.is_ok() {
            let heading = (last != Some(row.section)).then(|| format!("{}\n{}", row.section.title(), Row::header()));
            printed = show(row, json, heading);
            last = Some(row.section);
        }
    });
    let report = report.map_err(|error| Error::new(error.to_string()))?;
    printed.map_err(|error| Error::stdout(&error))?;
    let command = format!("chainbox bench card{}", if args.quick { " --quick" } else { "" });
    args.outputs.write(&report, || page::card_html(&report, &command))
}

/// The library that was built with the program, or its name alone, for the system's loader.
fn library_beside(program: &Path) -> PathBuf {
    let beside = program.with_file_name(LIBRARY);
    if beside.is_file() { beside } else { LIBRARY.into() }
}
