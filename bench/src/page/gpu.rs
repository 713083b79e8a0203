//! The page of the figures of devices.

use chainbox_engine::scheme::Scheme;

use super::{
    Introduction,
    chart::{Bars, Lines, Scale},
    document, escape,
    table::{html_table, ratio},
};
use crate::{
    gpu::report::{Report, Row, Section},
    report::{percent, thousands},
};

/// The page of a run that `command` made.
#[must_use]
pub fn html(report: &Report, command: &str) -> String {
    let introduction = Introduction {
        title: "Chainbox: devices beside the CPU",
        text: "Every back end got the same fresh items in the same runs, from wire to verdict: packing, copies, kernels and reading back are inside of \
               the timed part. Every verdict was compared with the expected one.",
        samples: format!("{} runs of each back end, interleaved, or as many as time allowed; a rate is the median", report.runs),
    };
    let sections: String = Section::ALL.into_iter().map(|section| section_of(report, section)).collect();
    document(&introduction, &report.machine, command, &(devices(report) + &conclusions(report) + &sections))
}

/// What was measured on.
fn devices(report: &Report) -> String {
    if report.devices.is_empty() {
        return "<h2>Devices</h2>\n<p>None: the CPU alone, and the queue in front of it.</p>\n".to_owned();
    }
    let columns = [
        ("back end", false),
        ("device", false),
        ("driver", false),
        ("kind", false),
        ("memory, MiB", true),
        ("multiply-adds/s", true),
        ("interface", false),
    ];
    let lines = report.devices.iter().map(|device| {
        vec![
            device.backend.clone(),
            device.device.clone(),
            device.driver.clone(),
            device.kind.to_owned(),
            thousands(device.memory_bytes as f64 / f64::from(1 << 20)),
            device.multiply_adds_per_s.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.3e}")),
            if device.ran_on_hardware { "ran on hardware" } else { "never run on hardware" }.to_owned(),
        ]
    });
    format!("<h2>Devices</h2>\n{}", html_table(&columns, lines))
}

fn conclusions(report: &Report) -> String {
    let lines: String = report.conclusions().lines().map(|line| format!("<p>{}</p>\n", escape(line))).collect();
    if lines.is_empty() { lines } else { format!("<h2>What follows</h2>\n{lines}") }
}

fn section_of(report: &Report, section: Section) -> String {
    let rows: Vec<_> = report.results.iter().filter(|row| row.section == section).collect();
    if rows.is_empty() {
        return String::new();
    }
    let charts: String = Scheme::ALL
        .into_iter()
        .filter_map(|scheme| {
            let rows: Vec<_> = rows.iter().copied().filter(|row| row.scheme == scheme).collect();
            (!rows.is_empty()).then(|| charts(section, scheme, &rows))
        })
        .collect();
    format!("<h2>{}</h2>\n<p>{}</p>\n<div class=\"charts\">\n{charts}</div>\n{}", section.title(), note(section), table(&rows))
}

/// What to know of a section's figures.
const fn note(section: Section) -> &'static str {
    match section {
        Section::Sizes => "Keys never seen before; the caller asks again once it has its answer. The ratio is that to the CPU alone.",
        Section::Full => {
            "Each caller asks again once it has its answer. <code>kernels</code> is the rate of the kernels alone on one batch, and \
             <code>share</code> the part of the device's rate of 32-bit multiply-adds that they achieve."
        }
        Section::Low => {
            "Requests arrive at random times, far apart, with keys never seen before. The ratio is that of the 99th percentiles."
        }
    }
}

fn charts(section: Section, scheme: Scheme, rows: &[&Row]) -> String {
    if section == Section::Sizes {
        let rates = lines(scheme, rows, "items/s", |row| row.items_per_s);
        return rates + &lines(scheme, rows, "median, microseconds", |row| row.p50_us);
    }
    let (unit, value): (_, fn(&Row) -> f64) =
        if section == Section::Full { ("items/s", |row| row.items_per_s) } else { ("p99 us", |row| row.p99_us) };
    let mut charts = String::new();
    for row in rows.iter().filter(|row| row.backend == rows[0].backend) {
        let same = |other: &&&Row| other.batch == row.batch && other.known_signers == row.known_signers;
        let groups = rows.iter().filter(same).map(|row| (row.backend.clone(), vec![value(row)])).collect();
        let title = format!("{}, {} a batch, {} signers", scheme.name(), thousands(row.batch as f64), row.signers());
        charts += &Bars { title: &title, unit, series: &[unit], groups }.figure();
    }
    charts
}

/// A line for each back end over the sizes. One that was too slow for the largest sizes ends before them.
fn lines(scheme: Scheme, rows: &[&Row], y_label: &str, value: fn(&Row) -> f64) -> String {
    let mut sizes: Vec<_> = rows.iter().map(|row| row.batch).collect();
    sizes.dedup();
    let mut series: Vec<(&str, Vec<f64>)> = Vec::new();
    for row in rows {
        match series.iter_mut().find(|(name, _)| *name == row.backend) {
            Some((_, values)) => values.push(value(row)),
            None => series.push((&row.backend, vec![value(row)])),
        }
    }
    let x = sizes.into_iter().map(|size| thousands(size as f64)).collect();
    Lines { title: scheme.name(), x_label: "items a batch", y_label, scale: Scale::Logarithmic, x, series }.figure()
}

fn table(rows: &[&Row]) -> String {
    let columns = [
        ("scheme", false),
        ("back end", false),
        ("items a batch", true),
        ("callers", true),
        ("signers", true),
        ("runs", true),
        ("items/s", true),
        ("ratio", true),
        ("p50 µs", true),
        ("p99 µs", true),
        ("p99 ratio", true),
        ("kernels, items/s", true),
        ("share", true),
    ];
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), thousands);
    let share = |value: Option<f64>, text: fn(f64) -> String| value.map_or_else(|| "–".to_owned(), text);
    let lines = rows.iter().map(|row| {
        vec![
            row.scheme.name().to_owned(),
            row.backend.clone(),
            thousands(row.batch as f64),
            thousands(row.callers as f64),
            row.signers(),
            thousands(row.runs as f64),
            thousands(row.items_per_s),
            share(row.ratio, ratio),
            thousands(row.p50_us),
            thousands(row.p99_us),
            share(row.p99_ratio, ratio),
            number(row.kernel_items_per_s),
            share(row.multiply_add_share, percent),
        ]
    });
    html_table(&columns, lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gpu::report::{Device, Dispatcher, LeftOut, row},
        machine::Machine,
    };

    #[test]
    fn the_page_has_a_line_for_each_figure_and_needs_nothing_else() {
        let device = Device {
            backend: "opencl:0".to_owned(),
            device: "<b>".to_owned(),
            driver: "a driver".to_owned(),
            kind: "software",
            memory_bytes: 1 << 30,
            ran_on_hardware: false,
            multiply_adds_per_s: Some(1e12),
        };
        let left_out = LeftOut { backend: "opencl:0".to_owned(), what: "<i>".to_owned(), why: "slow".to_owned() };
        let rows =
            Section::ALL.into_iter().flat_map(|section| [row(section, "cpu", 1), row(section, "opencl:0", 1), row(section, "cpu", 4)]);
        let report = Report {
            machine: Machine::this(chainbox_engine::simd::Processor::PORTABLE),
            devices: vec![device],
            runs: 9,
            results: rows.collect(),
            left_out: vec![left_out],
            crossovers: Vec::new(),
            dispatcher: Dispatcher::default(),
        };
        let page = html(&report, "chainbox bench gpu");
        for absent in ["http:", "https:", "src=", "<link", "<script", "url(", "<b>", "<i>", "NaN", "inf"] {
            assert!(!page.contains(absent), "the page has {absent:?}");
        }
        // A line a figure, a head a table, and the devices with theirs.
        assert_eq!(page.matches("<tr").count(), 9 + 3 + 2);
        assert_eq!(page.matches("<svg").count(), 2 + 2 + 2);
        assert!(page.ends_with("</html>\n") && page.contains("never run on hardware"));
    }
}
