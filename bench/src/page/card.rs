//! The page of the card's figures.

use super::{
    Introduction,
    chart::Bars,
    document,
    table::{html_table, ratio},
};
use crate::{
    card::report::{By, Report, Row, Section},
    report::{percent, thousands},
};

/// The page of a run that `command` made.
#[must_use]
pub fn html(report: &Report, command: &str) -> String {
    let introduction = Introduction {
        title: "Chainbox: the box as a card",
        text: "A C program that stands in for a node called the SDF library in the node's order, one signature a call; the others got the same keys, \
               hashes and signatures from as many threads. Every answer was compared with the expected one.",
        samples: format!("{} of {} ms of each contender, interleaved; a rate is the median", report.samples, report.sample_ms),
    };
    let sections: String = Section::ALL.into_iter().map(|section| section_of(report, section)).collect();
    document(&introduction, &report.machine, command, &sections)
}

fn section_of(report: &Report, section: Section) -> String {
    let rows: Vec<_> = report.results.iter().filter(|row| row.section == section).collect();
    if rows.is_empty() {
        return String::new();
    }
    let groups = rows.iter().map(|row| (row.by.name().to_owned(), vec![row.calls_per_s])).collect();
    let chart = Bars { title: section.title(), unit: "calls/s", series: &["calls/s"], groups }.figure();
    format!("<h2>{}</h2>\n<p>{}</p>\n<div class=\"charts\">\n{chart}</div>\n{}", section.title(), note(report, section), table(&rows))
}

/// What to know of a section's figures.
fn note(report: &Report, section: Section) -> String {
    match section {
        Section::Verify => format!(
            "{} signers, {} of the items must be refused, {} sessions in the node's pool. <code>socket</code> is the library as a client of a service on this machine, which shares its processors.",
            thousands(report.signers as f64),
            percent(report.invalid),
            report.sessions
        ),
        Section::Single => "The engine got batches of one item that were made beforehand.".to_owned(),
        Section::Sign => "The library signs with a key of an encrypted file, libcrypto with one in memory.".to_owned(),
    }
}

fn table(rows: &[&Row]) -> String {
    let columns = [
        ("by", false),
        ("threads", true),
        ("calls/s", true),
        ("p50 µs", true),
        ("p99 µs", true),
        ("ratio", true),
        ("to", false),
        ("goal", true),
    ];
    let lines = rows.iter().map(|row| {
        vec![
            row.by.name().to_owned(),
            thousands(row.threads as f64),
            thousands(row.calls_per_s),
            thousands(row.p50_us),
            thousands(row.p99_us),
            row.ratio.map_or_else(|| "–".to_owned(), ratio),
            row.compared_with.map_or("–", By::name).to_owned(),
            row.goal.map_or_else(|| "–".to_owned(), ratio),
        ]
    });
    html_table(&columns, lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{card::report::Sample, machine::Machine};

    #[test]
    fn the_page_has_a_line_for_each_figure_and_needs_nothing_else() {
        let sample = vec![Sample { calls_per_s: 1_000.0, p50_us: 10.0, p99_us: 20.0 }];
        let samples = [By::InProcess, By::Socket, By::EfficientSm2, By::Libcrypto, By::Engine].map(|by| (by, sample.clone()));
        let results = Section::ALL.into_iter().flat_map(|section| Row::of_section(section, 50, &samples)).collect();
        let machine = Machine::this(chainbox_engine::simd::Processor::PORTABLE);
        let report = Report { machine, samples: 1, sample_ms: 5, sessions: 50, signers: 1_024, invalid: 0.05, results };
        let page = html(&report, "chainbox bench card");
        for absent in ["http:", "https:", "src=", "<link", "<script", "url(", "NaN", "inf"] {
            assert!(!page.contains(absent), "the page has {absent:?}");
        }
        assert_eq!(page.matches("<tr").count(), Section::ALL.len() * 6);
        assert!(page.ends_with("</html>\n") && page.contains("efficient-sm2") && page.contains("1,024 signers"));
    }
}
