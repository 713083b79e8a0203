//! All figures as one page of HTML that needs nothing else: style and charts stand in it.

mod chart;
mod sections;

use crate::{machine::Machine, report::Report};

/// The style sheet, for light and dark screens.
const STYLE: &str = include_str!("style.css");

/// The page of a run that `command` made.
#[must_use]
pub fn html(report: &Report, command: &str) -> String {
    let head = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Chainbox: the CPU beside other libraries</title>\n<style>\n{STYLE}</style>\n</head>\n"
    );
    let body: String = [introduction(report, command), sections::all(report)].concat();
    format!("{head}<body>\n{body}</body>\n</html>\n")
}

fn introduction(report: &Report, command: &str) -> String {
    let Machine { cpu, cores, os, rustc, .. } = &report.machine;
    let busy = report.machine.warning().map(|warning| format!("<p class=\"busy\">{}</p>\n", escape(&warning))).unwrap_or_default();
    let load = report.machine.load.map_or_else(|| "unknown".to_owned(), |load| load.to_string());
    let features: Vec<_> = report.machine.features().collect();
    let facts = [
        ("Command", format!("<code>{}</code>", escape(command))),
        ("Machine", format!("{}, {cores} cores", escape(cpu))),
        ("Instructions", if features.is_empty() { "the portable form".to_owned() } else { features.join(", ") }),
        ("System", format!("{}, {}", escape(os), escape(rustc))),
        ("Load before", load),
        ("Samples", format!("{} of each contender, interleaved; a rate is the median", report.samples)),
    ];
    let facts: String = facts.iter().map(|(name, fact)| format!("<dt>{name}</dt><dd>{fact}</dd>\n")).collect();
    format!(
        "<h1>Chainbox: the CPU beside other libraries</h1>\n\
         <p>Both sides got the same items, in one process and on as many threads; each sample had fresh items, and every answer was \
         compared with the expected one. Keys and signatures are parsed inside the timed part.</p>\n{busy}<dl>\n{facts}</dl>\n"
    )
}

/// Text as HTML shows it.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
