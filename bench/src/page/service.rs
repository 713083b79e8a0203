//! The page of the service's figures.

use chainbox_engine::scheme::Scheme;

use super::{
    Introduction,
    chart::{Bars, Lines, Scale},
    document,
    table::{html_table, ratio},
};
use crate::{
    report::thousands,
    service::report::{Report, Row, Section, Transport},
};

/// The page of a run that `command` made.
#[must_use]
pub fn html(report: &Report, command: &str) -> String {
    let introduction = Introduction {
        title: "Chainbox: the service beside the engine",
        text: "The service ran as a process of its own on the same machine, and its clients in the one that measured; both share the processors. \
               Every verdict was compared with the expected one.",
        samples: format!("{} of each contender at full speed, interleaved; a rate is the median", report.samples),
    };
    let sections: String = Section::ALL.into_iter().map(|section| section_of(report, section)).collect();
    document(&introduction, &report.machine, command, &sections)
}

fn section_of(report: &Report, section: Section) -> String {
    let rows: Vec<_> = report.results.iter().filter(|row| row.subject.section == section).collect();
    if rows.is_empty() {
        return String::new();
    }
    let charts = match section {
        Section::Transports | Section::Batches => rate_charts(&rows),
        Section::Open | Section::Small | Section::Hostile => latency_chart(&rows),
        Section::Idle => String::new(),
    };
    format!("<h2>{}</h2>\n<p>{}</p>\n<div class=\"charts\">\n{charts}</div>\n{}", section.title(), note(section), table(&rows))
}

/// What to know of a section's figures.
const fn note(section: Section) -> &'static str {
    match section {
        Section::Transports => {
            "Each client asks again once it has its answer. The ratio is that to the engine in process on the same items."
        }
        Section::Batches => "Each client asks again once it has its answer, through the socket. In process, as many threads ask.",
        Section::Open => {
            "Requests arrive at random times (Poisson), at shares of the rate at full speed; a latency is counted from when its request was to \
             be sent. <code>plain</code> is the time of the same request in process, alone."
        }
        Section::Small => "Single items arrive at random times. <code>plain</code> is the time of one in process, alone.",
        Section::Idle => "The server's processor time beside clients that are connected and ask nothing, and beside none.",
        Section::Hostile => {
            "An honest source asks at random times for a share of what the machine can do; hostile sources send as fast as this machine lets them, \
             on the same processors. The ratio is that to the honest source alone."
        }
    }
}

/// A chart for each scheme and size: the rates of each way.
fn rate_charts(rows: &[&Row]) -> String {
    let mut charts = String::new();
    for scheme in Scheme::ALL {
        let mut batches: Vec<_> = rows.iter().filter(|row| row.subject.scheme == scheme).map(|row| row.subject.batch).collect();
        batches.dedup();
        for batch in batches {
            let of = rows.iter().filter(|row| row.subject.scheme == scheme && row.subject.batch == batch);
            let groups = of.map(|row| (row.subject.transport.name().to_owned(), vec![row.items_per_s])).collect();
            let title = format!("{}, {} a request", scheme.name(), thousands(batch as f64));
            charts += &Bars { title: &title, unit: "items/s", series: &["items/s"], groups }.figure();
        }
    }
    charts
}

/// One chart: the percentiles of each row.
fn latency_chart(rows: &[&Row]) -> String {
    let times = |time: fn(&Row) -> Option<f64>| rows.iter().map(|row| time(row).unwrap_or_default()).collect::<Vec<_>>();
    let series = vec![
        ("p50", times(|row| row.latency.p50_us)),
        ("p99", times(|row| row.latency.p99_us)),
        ("p99.9", times(|row| row.latency.p999_us)),
    ];
    let x = (1..=rows.len()).map(|line| line.to_string()).collect();
    Lines { title: "Times of requests", x_label: "line of the table", y_label: "microseconds", scale: Scale::Logarithmic, x, series }
        .figure()
}

fn table(rows: &[&Row]) -> String {
    let columns = [
        ("scheme", false),
        ("way", false),
        ("what", false),
        ("items a request", true),
        ("clients", true),
        ("items/s", true),
        ("ratio", true),
        ("p50 µs", true),
        ("p99 µs", true),
        ("p99.9 µs", true),
        ("plain µs", true),
        ("server CPU µs a request", true),
        ("server cores", true),
        ("server MiB at most", true),
        ("failed", true),
    ];
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), thousands);
    let lines = rows.iter().map(|row| {
        let subject = &row.subject;
        let way = if subject.transport == Transport::InProcess { "in process" } else { subject.transport.name() };
        vec![
            subject.scheme.name().to_owned(),
            way.to_owned(),
            subject.what.clone(),
            thousands(subject.batch as f64),
            thousands(subject.clients as f64),
            thousands(row.items_per_s),
            row.ratio.map_or_else(|| "–".to_owned(), ratio),
            number(row.latency.p50_us),
            number(row.latency.p99_us),
            number(row.latency.p999_us),
            number(row.plain_us),
            number(row.server_cpu_us),
            row.server_cores.map_or_else(|| "–".to_owned(), |cores| format!("{cores:.3}")),
            number(row.server_memory_max.map(|bytes| bytes as f64 / f64::from(1 << 20))),
            thousands(row.failed as f64),
        ]
    });
    html_table(&columns, lines)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{machine::Machine, service::report};

    #[test]
    fn the_page_has_a_line_for_each_figure_and_needs_nothing_else() {
        let machine = Machine::this(chainbox_engine::simd::Processor::PORTABLE);
        let row = |section| {
            let subject = report::Subject {
                section,
                scheme: Scheme::Sm2Sm3,
                transport: Transport::TcpTls,
                what: "<b>".to_owned(),
                batch: 64,
                clients: 2,
                offered_items_per_s: None,
            };
            report::of_one_request(subject, Duration::from_millis(3))
        };
        let report = Report { machine, samples: 1, results: Section::ALL.into_iter().map(row).collect() };
        let page = html(&report, "chainbox bench service");
        for absent in ["http:", "https:", "src=", "<link", "<script", "url(", "<b>", "NaN", "inf"] {
            assert!(!page.contains(absent), "the page has {absent:?}");
        }
        // A line a figure, and a head a table.
        assert_eq!(page.matches("<tr").count(), 2 * Section::ALL.len());
        assert_eq!(page.matches("<svg").count(), Section::ALL.len() - 1);
        assert!(page.ends_with("</html>\n") && page.contains("tcp-tls"));
    }
}
