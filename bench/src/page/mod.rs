//! All figures as one page of HTML that needs nothing else: style and charts stand in it.

mod card;
mod chart;
mod gpu;
mod node;
mod sections;
mod service;
mod table;

use crate::{machine::Machine, report::Report};

pub use card::html as card_html;
pub use gpu::html as gpu_html;
pub use node::html as node_html;
pub use service::html as service_html;

/// The style sheet, for light and dark screens.
const STYLE: &str = include_str!("style.css");

/// The page of a run that `command` made.
#[must_use]
pub fn html(report: &Report, command: &str) -> String {
    let introduction = Introduction {
        title: "Chainbox: the CPU beside other libraries",
        text: "Both sides got the same items, in one process and on as many threads; each sample had fresh items, and every answer was \
               compared with the expected one. Keys and signatures are parsed inside the timed part.",
        samples: format!("{} of each contender, interleaved; a rate is the median", report.samples),
    };
    document(&introduction, &report.machine, command, &sections::all(report))
}

/// What stands above the figures.
struct Introduction<'a> {
    title: &'a str,
    text: &'a str,
    /// What the samples are.
    samples: String,
}

fn document(introduction: &Introduction<'_>, machine: &Machine, command: &str, sections: &str) -> String {
    let Introduction { title, text, samples } = introduction;
    let head = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n"
    );
    let Machine { cpu, cores, os, rustc, .. } = machine;
    let busy = machine.warning().map(|warning| format!("<p class=\"busy\">{}</p>\n", escape(&warning))).unwrap_or_default();
    let load = machine.load.map_or_else(|| "unknown".to_owned(), |load| load.to_string());
    let features: Vec<_> = machine.features().collect();
    let facts = [
        ("Command", format!("<code>{}</code>", escape(command))),
        ("Machine", format!("{}, {cores} cores", escape(cpu))),
        ("Instructions", if features.is_empty() { "the portable form".to_owned() } else { features.join(", ") }),
        ("System", format!("{}, {}", escape(os), escape(rustc))),
        ("Load before", load),
        ("Samples", samples.clone()),
    ];
    let facts: String = facts.iter().map(|(name, fact)| format!("<dt>{name}</dt><dd>{fact}</dd>\n")).collect();
    format!("{head}<body>\n<h1>{title}</h1>\n<p>{text}</p>\n{busy}<dl>\n{facts}</dl>\n{sections}</body>\n</html>\n")
}

/// Text as HTML shows it.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
