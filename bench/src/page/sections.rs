//! The sections of the page: a sentence, charts, a table.

use chainbox_engine::scheme::Scheme;
use chainbox_workloads::Hints;

use super::{
    chart::{Bars, Lines, Scale},
    table::{html_table, ratio},
};
use crate::report::{DigestRow, Latency, Report, Row, Section, percent, strategy_name, thousands};

/// Every section that has figures.
pub(super) fn all(report: &Report) -> String {
    let of = |section| report.results.iter().filter(|row| row.section == section).collect::<Vec<_>>();
    let signatures = Section::ALL.into_iter().map(|section| signatures(section, &of(section)));
    signatures.chain([digests(&report.digests)]).collect()
}

fn signatures(section: Section, rows: &[&Row]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let charts: String = Scheme::ALL
        .into_iter()
        .filter_map(|scheme| {
            // The charts show one number of threads, so that their figures compare; the table has all.
            let threads = rows.iter().map(|row| row.threads).min()?;
            let rows: Vec<_> = rows.iter().copied().filter(|row| row.scheme == scheme && row.threads == threads).collect();
            (!rows.is_empty()).then(|| chart(section, scheme, &rows))
        })
        .collect();
    format!("<h2>{}</h2>\n<p>{}</p>\n<div class=\"charts\">\n{charts}</div>\n{}", section.title(), note(section), table(rows))
}

/// What to know of a section's figures.
const fn note(section: Section) -> &'static str {
    match section {
        Section::Strategies => {
            "Items over given digests, 65-byte keys, 64-byte signatures. <code>floor</code> is the time of an item over that of its field \
             products alone: the closer to 1, the less is left to gain without another algorithm. The charts show one core."
        }
        Section::Forms => "The same items in other forms, keys never seen before, on one core; the engine chooses the strategy.",
        Section::Peers => "Other libraries for the same scheme, keys never seen before, on one core; the engine chooses the strategy.",
        Section::Forged => {
            "The engine chooses the strategy, on one core. With hints, each item carries y(R), which the signer knew; a forged item's hint \
             does not fit it. A hint may change the cost, never the verdict."
        }
        Section::Signers => "Batches of one size by few or many signers, without hints, on one core; the engine chooses the strategy.",
        Section::Latency => {
            "From bytes to verdicts of one batch, keys never seen before, on all cores; the engine chooses the strategy. \
             p99 is the least time that 99 % of the samples do not exceed."
        }
    }
}

fn chart(section: Section, scheme: Scheme, rows: &[&Row]) -> String {
    let title = scheme.name();
    let peer = rows[0].peer;
    let rates = |rows: &[&Row]| rows.iter().map(|row| row.items_per_s).collect::<Vec<_>>();
    let peers = |rows: &[&Row]| rows.iter().map(|row| row.peer_items_per_s).collect::<Vec<_>>();
    match section {
        Section::Strategies | Section::Forms | Section::Peers => {
            let label = |row: &Row| match section {
                Section::Strategies => strategy_name(row.strategy).to_owned(),
                Section::Forms => form_in_short(row),
                _ => row.peer.to_owned(),
            };
            let groups = rows.iter().map(|row| (label(row), vec![row.items_per_s, row.peer_items_per_s])).collect();
            let peer = if section == Section::Peers { "the peer" } else { peer };
            Bars { title, unit: "items/s", series: &["Chainbox", peer], groups }.figure()
        }
        Section::Forged => {
            let (hinted, plain): (Vec<_>, Vec<_>) = rows.iter().copied().partition(|row| row.hints != Hints::None);
            let x = hinted.iter().map(|row| percent(row.forged).replace(' ', "")).collect();
            let series = vec![("Chainbox, hints", rates(&hinted)), (peer, peers(&hinted)), ("Chainbox, no hints", rates(&plain))];
            Lines { title, x_label: "forged items", y_label: "items/s", scale: Scale::Linear, x, series }.figure()
        }
        Section::Signers => {
            let x = rows.iter().map(|row| thousands(row.signers as f64)).collect();
            let series = vec![("Chainbox", rates(rows)), (peer, peers(rows))];
            Lines { title, x_label: "distinct signers", y_label: "items/s", scale: Scale::Linear, x, series }.figure()
        }
        Section::Latency => {
            let x = rows.iter().map(|row| thousands(row.batch as f64)).collect();
            let times = |time: fn(&Latency) -> f64| rows.iter().filter_map(|row| row.latency.as_ref().map(time)).collect::<Vec<_>>();
            let [their_p50, their_p99] = ["p50", "p99"].map(|percentile| format!("{peer} {percentile}"));
            let series = vec![
                ("Chainbox p50", times(|latency| latency.p50_us)),
                (their_p50.as_str(), times(|latency| latency.peer_p50_us)),
                ("Chainbox p99", times(|latency| latency.p99_us)),
                (their_p99.as_str(), times(|latency| latency.peer_p99_us)),
            ];
            Lines { title, x_label: "items a batch", y_label: "microseconds", scale: Scale::Logarithmic, x, series }.figure()
        }
    }
}

/// The form in the width of a chart's label.
fn form_in_short(row: &Row) -> String {
    match (row.form.input, row.form.encoding) {
        ("message", _) => "messages".to_owned(),
        (_, "der") => "DER".to_owned(),
        _ => format!("{}-byte key", row.form.key_bytes),
    }
}

fn digests(rows: &[DigestRow]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let single: Vec<_> = rows.iter().filter(|row| row.threads == first.threads).collect();
    let charts: String = single
        .iter()
        .map(|row| {
            let groups = vec![(String::new(), vec![row.digests_per_s, row.peer_digests_per_s])];
            Bars { title: row.hash.name(), unit: "digests/s", series: &["Chainbox", row.peer], groups }.figure()
        })
        .collect();
    let lines = rows.iter().map(|row| {
        let rates = [thousands(row.digests_per_s), row.peer.to_owned(), thousands(row.peer_digests_per_s)];
        [vec![row.hash.name().to_owned(), row.threads.to_string()], rates.to_vec(), vec![ratio(row.ratio)]].concat()
    });
    format!(
        "<h2>Digests</h2>\n<p>Messages of {} bytes, {} a batch. The charts show one core.</p>\n<div class=\"charts\">\n{charts}</div>\n{}",
        first.message_bytes,
        thousands(first.batch as f64),
        html_table(
            &[("hash", false), ("threads", true), ("digests/s", true), ("peer", false), ("its digests/s", true), ("ratio", true)],
            lines
        )
    )
}

/// All rows; the floor and the times where there are some.
fn table(rows: &[&Row]) -> String {
    let has_floors = rows.iter().any(|row| row.floor_ratio.is_some());
    let has_times = rows.iter().any(|row| row.latency.is_some());
    let mut columns = vec![("scheme", false), ("strategy", false), ("items", false)];
    // The subject of a time is its batch.
    columns.extend((!has_times).then_some(("batch", true)));
    columns.extend([("threads", true), ("items/s", true), ("peer", false), ("its items/s", true), ("ratio", true)]);
    columns.extend(has_floors.then_some(("floor", true)));
    if has_times {
        columns.extend([("p50 µs", true), ("p99 µs", true), ("its p50", true), ("its p99", true)]);
    }
    let lines = rows.iter().map(|row| {
        let mut cells = vec![row.scheme.name().to_owned(), strategy_name(row.strategy).to_owned(), row.subject()];
        cells.extend((!has_times).then(|| thousands(row.batch as f64)));
        cells.extend([row.threads.to_string(), thousands(row.items_per_s)]);
        cells.extend([row.peer.to_owned(), thousands(row.peer_items_per_s), ratio(row.ratio)]);
        cells.extend(has_floors.then(|| row.floor_ratio.map_or_else(|| "–".to_owned(), ratio)));
        cells
            .extend(row.latency.iter().flat_map(|times| [times.p50_us, times.p99_us, times.peer_p50_us, times.peer_p99_us]).map(thousands));
        cells
    });
    html_table(&columns, lines)
}
