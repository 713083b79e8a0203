//! The page of a node under load.

use super::{Introduction, chart::Bars, document, table::html_table};
use crate::{node::report::Report, report::thousands};

/// The page of a run that `command` made.
#[must_use]
pub fn html(report: &Report, command: &str) -> String {
    let introduction = Introduction {
        title: "Chainbox: a node under load",
        text: "Signed transactions from a file, sent by one process over the node's socket to another on the same processors; every answer was \
               compared with what the transaction deserves. Confirmed means: in a final block, synced to the disk.",
        samples: format!("one run of {:.0} s; the first second is in no rate", report.seconds),
    };
    let figures = [
        ("confirmed transactions a second", thousands(report.tps)),
        ("megabytes a second", format!("{:.1}", report.payload_mb_s)),
        ("confirmed after, p50, ms", format!("{:.1}", report.p50_ms)),
        ("confirmed after, p99, ms", format!("{:.1}", report.p99_ms)),
        ("confirmed after, p99.9, ms", format!("{:.1}", report.p999_ms)),
        ("confirmed", thousands(report.confirmed as f64)),
        ("refused, as they had to be", thousands(report.refused as f64)),
        ("CPU of the node a transaction, us", format!("{:.1}", report.cpu_us_per_tx)),
        ("CPU of the sender a transaction, us", format!("{:.1}", report.sender_cpu_us_per_tx)),
        ("bytes on the disk a transaction", format!("{:.0}", report.disk_bytes_per_tx)),
        ("memory of the node, MB", format!("{:.0}", report.memory_bytes as f64 / 1e6)),
        ("busiest stage", report.limiting_stage.clone()),
    ];
    let lines = figures.into_iter().map(|(name, figure)| vec![name.to_owned(), figure]);
    let table = html_table(&[("figure", false), ("", true)], lines);
    let groups = report.stages.iter().map(|stage| (stage.name.clone(), vec![100.0 * stage.busy])).collect();
    let chart = Bars { title: "Stages", unit: "% busy", series: &["busy"], groups }.figure();
    let stage = |stage: &crate::node::report::Stage| {
        let each = stage.us_per_tx.map_or_else(String::new, |us| format!("{us:.2}"));
        vec![stage.name.clone(), format!("{:.1}", 100.0 * stage.busy), each]
    };
    let stages = html_table(&[("stage", false), ("% busy", true), ("us a transaction", true)], report.stages.iter().map(stage));
    let (workload, suite) = (report.workload, report.suite);
    document(
        &introduction,
        &report.machine,
        command,
        &format!("<h2>{workload} on {suite}</h2>\n{table}<div class=\"charts\">\n{chart}</div>\n{stages}"),
    )
}
