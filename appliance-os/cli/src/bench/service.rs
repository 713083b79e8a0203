//! `chainbox bench service`.

use std::env;

use chainbox_bench::{
    machine::Machine,
    page,
    service::{
        self, Options,
        report::{Row, Section},
    },
};
use chainbox_engine::simd::Processor;

use super::{Outputs, introduce, show, warn};
use crate::error::Error;

/// The options of `chainbox bench service`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Measure less: a first impression in about a minute instead of some eight
    #[arg(long)]
    quick: bool,
    /// Measure one section alone: transports, batches, open, small, idle or hostile
    #[arg(long, value_name = "NAME", value_parser = section)]
    only: Option<Section>,
    #[command(flatten)]
    outputs: Outputs,
}

impl Args {
    /// The command that repeats the measurement, for the page.
    fn command(&self) -> String {
        let only = self.only.map_or_else(String::new, |section| format!(" --only {}", section.name()));
        format!("chainbox bench service{}{only}", if self.quick { " --quick" } else { "" })
    }
}

fn section(name: &str) -> Result<Section, String> {
    let names: Vec<_> = Section::ALL.into_iter().map(Section::name).collect();
    Section::ALL.into_iter().find(|section| section.name() == name).ok_or_else(|| format!("the sections are {}", names.join(", ")))
}

/// Measures, prints each figure as soon as it is there, and writes the files that were asked for.
pub(super) fn run(args: &Args) -> Result<(), Error> {
    let machine = Machine::this(Processor::detect());
    warn(&machine);
    args.outputs.check()?;
    let options = if args.quick { Options::QUICK } else { Options::FULL };
    let program = env::current_exe().map_err(|error| Error::new(format!("cannot tell which program this is: {error}")))?;
    let json = args.outputs.json;
    let lines = [
        "raw signatures over given digests, 65-byte keys, signers that come again; client and server share the processors".to_owned(),
        format!(
            "rates at full speed: median of {} interleaved samples of {:?}; each verdict is compared",
            options.samples, options.sample_time
        ),
    ];
    introduce(&machine, options.samples, json, &lines).map_err(|error| Error::stdout(&error))?;
    let mut printed = Ok(());
    let mut last = None;
    let report = service::run(&options, args.only, &program, machine, |row| {
        if printed.is_ok() {
            let heading = (last != Some(row.subject.section)).then(|| format!("{}\n{}", row.subject.section.title(), Row::header()));
            printed = show(row, json, heading);
            last = Some(row.subject.section);
        }
    });
    let report = report.map_err(|error| Error::new(error.to_string()))?;
    printed.map_err(|error| Error::stdout(&error))?;
    args.outputs.write(&report, || page::service_html(&report, &args.command()))
}
