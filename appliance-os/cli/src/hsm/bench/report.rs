//! What was measured, as a table and as JSON.

use std::{fmt::Write as _, thread, time::Duration};

use chainbox_hsm::KeyInfo;
use serde::Serialize;
use serde_json::json;

use super::{Via, load::Times};
use crate::{check::grouped, doctor::machine::processor_name};

/// The share of the best rate from which more sessions are of no use.
const SATURATION: f64 = 0.95;

/// A path by a number of sessions.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    path: Via,
    sessions: usize,
    /// Signatures a second: the median of the samples.
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
    signatures: usize,
    /// The rate over that of the bare loop with as many sessions, where there is one.
    ratio_to_bare: Option<f64>,
}

impl Row {
    pub(super) fn of(path: Via, sessions: usize, samples: Vec<Times>) -> Self {
        let mut rates: Vec<f64> = samples.iter().map(|times| times.each.len() as f64 / times.whole.as_secs_f64()).collect();
        rates.sort_by(f64::total_cmp);
        let mut each: Vec<Duration> = samples.into_iter().flat_map(|times| times.each).collect();
        each.sort_unstable();
        Self {
            path,
            sessions,
            per_second: rates[rates.len() / 2],
            p50_us: micros(percentile(&each, 50)),
            p99_us: micros(percentile(&each, 99)),
            signatures: each.len(),
            ratio_to_bare: None,
        }
    }
}

/// The nearest rank.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).clamp(1, sorted.len().max(1));
    sorted.get(rank - 1).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e7).round() / 10.0
}

/// The fewest sessions with nearly the best rate of a path.
#[derive(Clone, Debug, Serialize)]
struct Saturation {
    path: Via,
    sessions: usize,
    per_second: f64,
}

/// All figures, and what they belong to.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    version: &'static str,
    cpu: String,
    cores: usize,
    device: String,
    algorithm: &'static str,
    sample_ms: u64,
    samples: u32,
    rows: Vec<Row>,
    saturation: Vec<Saturation>,
}

impl Report {
    pub(super) fn new(device: &str, key: &KeyInfo, sample_ms: u64, samples: u32, mut rows: Vec<Row>) -> Self {
        let bare: Vec<(usize, f64)> = rows.iter().filter(|row| row.path == Via::Bare).map(|row| (row.sessions, row.per_second)).collect();
        for row in &mut rows {
            let beside = bare.iter().find(|(sessions, _)| *sessions == row.sessions);
            row.ratio_to_bare = beside.filter(|(_, rate)| *rate > 0.0).map(|(_, rate)| row.per_second / rate);
        }
        Self {
            version: env!("CARGO_PKG_VERSION"),
            cpu: processor_name(),
            cores: thread::available_parallelism().map_or(1, usize::from),
            device: device.to_owned(),
            algorithm: key.algorithm.name(),
            sample_ms,
            samples,
            saturation: saturation(&rows),
            rows,
        }
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("figures are JSON") + "\n"
    }

    /// A line each, and one for the whole.
    pub(super) fn json_lines(&self) -> String {
        let whole = json!({ "summary": {
            "version": self.version, "cpu": self.cpu, "cores": self.cores, "device": self.device, "algorithm": self.algorithm,
            "sample_ms": self.sample_ms, "samples": self.samples, "saturation": self.saturation,
        }});
        let rows = self.rows.iter().map(|row| serde_json::to_value(row).expect("figures are JSON"));
        rows.chain([whole]).map(|line| format!("{line}\n")).collect()
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{}, {} on {} ({} cores); median of {} samples of {} ms\n\n{:<14} {:>8} {:>12} {:>10} {:>10} {:>8}\n",
            self.device,
            self.algorithm,
            self.cpu,
            self.cores,
            self.samples,
            self.sample_ms,
            "path",
            "sessions",
            "signatures/s",
            "p50 us",
            "p99 us",
            "of bare"
        );
        for row in &self.rows {
            let ratio = row.ratio_to_bare.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            let (path, rate) = (row.path.name(), grouped(row.per_second));
            // Writing to a string does not fail.
            let _ = writeln!(text, "{path:<14} {:>8} {rate:>12} {:>10.1} {:>10.1} {ratio:>8}", row.sessions, row.p50_us, row.p99_us);
        }
        text.push('\n');
        for Saturation { path, sessions, per_second } in &self.saturation {
            let _ = writeln!(text, "{}: more than {sessions} sessions gain little; {} a second", path.name(), grouped(*per_second));
        }
        text
    }
}

fn saturation(rows: &[Row]) -> Vec<Saturation> {
    let of_path = |path: Via| {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.path == path).collect();
        let best = rows.iter().map(|row| row.per_second).fold(0.0, f64::max);
        let enough = rows.iter().filter(|row| row.per_second >= SATURATION * best).min_by_key(|row| row.sessions)?;
        Some(Saturation { path, sessions: enough.sessions, per_second: enough.per_second })
    };
    [Via::Bare, Via::InProcess, Via::Child].into_iter().filter_map(of_path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: Via, sessions: usize, per_second: f64) -> Row {
        Row { path, sessions, per_second, p50_us: 1.0, p99_us: 2.0, signatures: 1, ratio_to_bare: None }
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let times: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!([50, 99, 100].map(|percent| percentile(&times, percent).as_millis()), [100, 198, 200]);
        assert_eq!(percentile(&times[..1], 99), times[0]);
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }

    #[test]
    fn a_rate_is_the_median_and_times_are_of_all_samples() {
        let sample = |count: usize| Times { each: vec![Duration::from_micros(count as u64); count], whole: Duration::from_secs(1) };
        let row = Row::of(Via::Child, 2, vec![sample(10), sample(30), sample(20)]);
        assert_eq!((row.per_second, row.signatures, row.p99_us), (20.0, 60, 30.0));
    }

    #[test]
    fn saturation_is_the_fewest_sessions_with_nearly_the_best_rate() {
        let rows = [(1, 100.0), (2, 190.0), (4, 199.0), (8, 200.0)].map(|(sessions, rate)| row(Via::Child, sessions, rate));
        let found = saturation(&rows);
        assert_eq!((found.len(), found[0].sessions), (1, 2));
    }

    #[test]
    fn ratios_are_to_the_bare_loop_with_as_many_sessions() {
        let key = KeyInfo { label: "k".parse().unwrap(), algorithm: chainbox_hsm::Algorithm::EcdsaP256, public_key: [4; 65] };
        let rows = vec![row(Via::Bare, 1, 100.0), row(Via::Bare, 2, 200.0), row(Via::Child, 2, 150.0), row(Via::Child, 4, 150.0)];
        let report = Report::new("softhsm", &key, 1, 1, rows);
        assert_eq!(report.rows.iter().map(|row| row.ratio_to_bare).collect::<Vec<_>>(), [Some(1.0), Some(1.0), Some(0.75), None]);
        assert_eq!(report.json_lines().lines().count(), 5);
        assert!(report.text().contains("child process         2          150"), "{}", report.text());
    }
}
