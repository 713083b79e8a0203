//! `chainbox check`: this build, on this machine, against known answers and real signatures.

mod sets;

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use chainbox_engine::{
    backend::{Backend, Cpu, known_answers},
    scheme::Scheme,
};
use serde_json::json;

use crate::{
    backends::{self, CPU, Choice},
    error::Error,
    generate::invoked_as,
};
use sets::{Checked, Failure};

/// The exit status of a wrong verdict.
const EXIT_WRONG: u8 = 1;

/// The options of `chainbox check`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Print a line of JSON for each scheme and one for the whole
    #[arg(long)]
    json: bool,

    /// What to check: cpu; a device as opencl, wgpu:1 or cuda; several with commas between, or all, behind one queue
    #[arg(long, value_name = "NAME", default_value = CPU, value_parser = Choice::parse)]
    backend: Choice,
}

/// Runs `chainbox check`.
///
/// # Errors
/// [`Error`] with what could not be done. A wrong verdict is no error but exit status 1.
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    let style = if args.json { Style::Json } else { Style::Table };
    // A CPU that gives wrong answers is reported as such, below: it is not asked before.
    let backend: Arc<dyn Backend> = match &args.backend {
        Choice::Cpu => Arc::new(Cpu::new()),
        other => backends::open(other, None, &backends::devices::data_folder())?,
    };
    let report = check_all(backend.as_ref(), style, &mut io::stdout().lock());
    match report.map_err(|error| Error::stdout(&error))? {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(failure) => Ok(wrong(&failure)),
    }
}

/// Says that this build is not to be used.
pub(crate) fn wrong(failure: &Failure) -> ExitCode {
    eprintln!("chainbox: WRONG VERDICT. {failure}\nDo not use this build on this machine, and report this.");
    ExitCode::from(EXIT_WRONG)
}

/// How much a report shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// A row for each scheme.
    Table,
    /// A line of JSON for each scheme.
    Json,
    /// Nothing: the caller says it.
    Silent,
}

/// What was checked and found right.
pub(crate) struct Right {
    /// Known answers.
    pub(crate) known_answers: usize,
    /// Signatures of the seeded sets.
    pub(crate) signatures: usize,
}

/// Checks known answers and every scheme that the back end offers, and shows each as soon as it is done; the first wrong verdict ends it.
pub(crate) fn check_all(backend: &dyn Backend, style: Style, out: &mut dyn Write) -> io::Result<Result<Right, Failure>> {
    let mut report = Report { out, style, items: 0 };
    let known = match known_answers::check(backend) {
        Ok(known) => known,
        Err(failure) => return report.failed(failure.into()),
    };
    report.known_answers(known)?;
    let capabilities = backend.capabilities();
    for scheme in capabilities.schemes {
        match sets::verification(backend, scheme) {
            Ok(checked) => report.row(scheme, "verify", &checked)?,
            Err(failure) => return report.failed(failure),
        }
    }
    if capabilities.recovery {
        match sets::recovery(backend) {
            Ok(checked) => report.row(Scheme::EcdsaSecp256k1Keccak256, "recover", &checked)?,
            Err(failure) => return report.failed(failure),
        }
    }
    report.summary(known)?;
    Ok(Ok(Right { known_answers: known, signatures: report.items }))
}

/// What the user sees.
struct Report<'a> {
    out: &'a mut dyn Write,
    style: Style,
    items: usize,
}

impl Report<'_> {
    fn known_answers(&mut self, known: usize) -> io::Result<()> {
        if self.style != Style::Table {
            return Ok(());
        }
        writeln!(self.out, "chainbox {} on {} threads\n", env!("CARGO_PKG_VERSION"), rayon::current_num_threads())?;
        writeln!(self.out, "{known} known answers: all right\n")?;
        writeln!(self.out, "{:<26}  {:<7}  {:>6}  {:>6}  {:>7}  {:>9}", "scheme", "task", "items", "valid", "invalid", "items/s")
    }

    fn row(&mut self, scheme: Scheme, task: &str, checked: &Checked) -> io::Result<()> {
        self.items += checked.items;
        let (valid, rate) = (checked.items - checked.invalid, rate(checked.items, checked.time));
        if self.style == Style::Silent {
            return Ok(());
        }
        if self.style == Style::Json {
            let row = json!({
                "scheme": scheme.name(), "task": task, "items": checked.items,
                "valid": valid, "invalid": checked.invalid, "items_per_s": rate.round(),
            });
            return writeln!(self.out, "{row}");
        }
        writeln!(
            self.out,
            "{:<26}  {task:<7}  {:>6}  {:>6}  {:>7}  {:>9}",
            scheme.name(),
            grouped(checked.items as f64),
            grouped(valid as f64),
            checked.invalid,
            grouped(rate)
        )
    }

    fn summary(&mut self, known: usize) -> io::Result<()> {
        if self.style == Style::Silent {
            return Ok(());
        }
        if self.style == Style::Json {
            let summary = json!({ "known_answers": known, "items": self.items, "wrong": 0 });
            return writeln!(self.out, "{}", json!({ "summary": summary }));
        }
        writeln!(
            self.out,
            "\nEvery verdict and every reason is the expected one, on {} signatures made by other libraries:\n\
             this build verifies correctly on this machine. Next, verify a file:\n\n  \
             {me} generate --count 100000 --invalid 0.01 -o items.jsonl\n  \
             {me} verify items.jsonl",
            grouped(self.items as f64),
            me = invoked_as()
        )
    }

    fn failed(&mut self, failure: Failure) -> io::Result<Result<Right, Failure>> {
        if self.style == Style::Json {
            writeln!(self.out, "{}", json!({ "summary": { "items": self.items, "wrong": 1, "failure": failure.to_string() } }))?;
        }
        Ok(Err(failure))
    }
}

/// Items a second.
fn rate(items: usize, time: Duration) -> f64 {
    items as f64 / time.as_secs_f64().max(f64::EPSILON)
}

/// A number with a comma after each thousand.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests;
