//! `chainbox bench cpu`.

use chainbox_bench::{
    cpu::{self, Options},
    machine::Machine,
    page,
    report::Section,
};
use chainbox_engine::simd::{Feature, Processor};

use super::{Outputs, introduce, show, warn};
use crate::error::Error;

/// The options of `chainbox bench cpu`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Measure fewer items: a first impression in under a minute instead of some 20
    #[arg(long)]
    quick: bool,
    /// Measure one section alone: strategies, forms, peers, forged, signers or latency
    #[arg(long, value_name = "NAME", value_parser = section)]
    only: Option<Section>,
    /// Measure the engine without some instructions of the processor: avx2, sha or avx512. Its peers use what they find
    #[arg(long, value_name = "NAME", value_parser = feature)]
    without: Vec<Feature>,
    #[command(flatten)]
    outputs: Outputs,
}

impl Args {
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

/// Runs `chainbox bench cpu`.
pub(super) fn run(args: &Args) -> Result<(), Error> {
    let machine = Machine::this(args.processor());
    warn(&machine);
    let options = if args.quick { Options::QUICK } else { Options::FULL };
    measure(args, &options, machine)
}

/// Measures, prints each figure as soon as it is there, and writes the files that were asked for.
fn measure(args: &Args, options: &Options, machine: Machine) -> Result<(), Error> {
    args.outputs.check()?;
    let json = args.outputs.json;
    let lines = [
        format!(
            "{} items a batch where nothing else is said, over given digests, 65-byte keys, raw signatures, everything parsed inside the timed part",
            options.items
        ),
        format!(
            "median of {} interleaved samples, each of fresh items; floor: time over that of the field products alone",
            options.samples
        ),
    ];
    introduce(&machine, options.samples, json, &lines).map_err(|error| Error::stdout(&error))?;
    let mut printed = Ok(());
    let mut title = "";
    let report = cpu::run(options, args.only, machine, |figure| {
        if printed.is_ok() {
            let heading = (title != figure.title()).then(|| format!("{}\n{}", figure.title(), figure.header()));
            printed = show(&figure, json, heading);
            title = figure.title();
        }
    });
    let report = report.map_err(|error| Error::new(error.to_string()))?;
    printed.map_err(|error| Error::stdout(&error))?;
    args.outputs.write(&report, || page::html(&report, &args.command()))
}

#[cfg(test)]
mod tests {
    use std::fs;

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
        let args = Args {
            quick: true,
            only: None,
            without: vec![Feature::Avx512],
            outputs: Outputs { json: false, json_out: Some(json.clone()), html_out: Some(html.clone()) },
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
