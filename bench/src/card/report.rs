//! Figures of the card, for programs and for the terminal.

use std::{fmt, time::Duration};

use serde::Serialize;

use crate::machine::Machine;

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// Verification by many threads at once.
    Verify,
    /// Verification by one thread.
    Single,
    /// Signatures by many threads at once.
    Sign,
}

impl Section {
    /// Every section, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Verify, Self::Single, Self::Sign];

    /// The heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Verify => "Verification, many threads, one signature a call",
            Self::Single => "Verification, one thread",
            Self::Sign => "Signatures, many threads",
        }
    }

    /// Whom the others are compared with.
    pub(super) const fn compared_with(self) -> By {
        match self {
            Self::Verify => By::EfficientSm2,
            Self::Single => By::Engine,
            Self::Sign => By::Libcrypto,
        }
    }
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The SDF library, whose process verifies itself.
    InProcess,
    /// The SDF library as a client of a service on the same machine.
    Socket,
    /// Crate efficient-sm2 on the same threads.
    #[serde(rename = "efficient-sm2")]
    EfficientSm2,
    /// OpenSSL's libcrypto on the same threads.
    Libcrypto,
    /// The engine, a batch of one item at a time.
    Engine,
}

impl By {
    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InProcess => "in process",
            Self::Socket => "socket",
            Self::EfficientSm2 => "efficient-sm2",
            Self::Libcrypto => "libcrypto",
            Self::Engine => "engine",
        }
    }

    /// The ratio that is wanted of it, where one is.
    const fn goal(self, section: Section) -> Option<f64> {
        match (section, self) {
            (Section::Verify, Self::InProcess) => Some(3.0),
            (Section::Verify, Self::Socket) => Some(2.0),
            (Section::Single, Self::InProcess) => Some(0.9),
            (Section::Sign, Self::InProcess) => Some(1.0),
            _ => None,
        }
    }
}

/// What one sample came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Calls a second, of all threads together.
    pub calls_per_s: f64,
    /// Half of the calls took no longer, in microseconds.
    pub p50_us: f64,
    /// 99 % took no longer, in microseconds.
    pub p99_us: f64,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What it is about.
    pub section: Section,
    /// Who did it.
    pub by: By,
    /// Threads that asked at once.
    pub threads: usize,
    /// Calls a second: the median of the samples.
    pub calls_per_s: f64,
    /// The median of the samples' medians, in microseconds.
    pub p50_us: f64,
    /// The median of the samples' 99th percentiles, in microseconds.
    pub p99_us: f64,
    /// Whom it is compared with.
    pub compared_with: Option<By>,
    /// Its rate over that of the other.
    pub ratio: Option<f64>,
    /// The least ratio that is wanted.
    pub goal: Option<f64>,
}

impl Row {
    /// The rows of a section, from the samples of each contender.
    #[must_use]
    pub fn of_section(section: Section, threads: usize, samples: &[(By, Vec<Sample>)]) -> Vec<Self> {
        let row = |(by, samples): &(By, Vec<Sample>)| Self {
            section,
            by: *by,
            threads,
            calls_per_s: median(samples, |sample| sample.calls_per_s),
            p50_us: median(samples, |sample| sample.p50_us),
            p99_us: median(samples, |sample| sample.p99_us),
            compared_with: None,
            ratio: None,
            goal: None,
        };
        let mut rows: Vec<_> = samples.iter().map(row).collect();
        let other = section.compared_with();
        let Some(rate) = rows.iter().find(|row| row.by == other).map(|row| row.calls_per_s) else { return rows };
        for row in rows.iter_mut().filter(|row| row.by != other) {
            (row.compared_with, row.ratio, row.goal) = (Some(other), Some(row.calls_per_s / rate), row.by.goal(section));
        }
        rows
    }

    /// The names of the columns, each as wide as its figures.
    #[must_use]
    pub fn header() -> String {
        format!(
            "{:<13}  {:>7}  {:>9}  {:>9}  {:>9}  {:>5}  {:<13}  {:>4}",
            "by", "threads", "calls/s", "p50 us", "p99 us", "ratio", "to", "goal"
        )
    }
}

/// The middle value, or the upper one of two; 0 of none.
fn median(samples: &[Sample], value: fn(&Sample) -> f64) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: Option<f64>, digits: usize| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"));
        write!(f, "{:<13}  {:>7}  {:>9.0}  {:>9.0}  {:>9.0}", self.by.name(), self.threads, self.calls_per_s, self.p50_us, self.p99_us)?;
        write!(f, "  {:>5}  {:<13}  {:>4}", number(self.ratio, 2), self.compared_with.map_or("-", By::name), number(self.goal, 1))
    }
}

/// All figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Where they were measured.
    pub machine: Machine,
    /// Samples of each contender; a rate is their median.
    pub samples: usize,
    /// How long each of them took, in milliseconds.
    pub sample_ms: u128,
    /// Sessions of the node's pool.
    pub sessions: usize,
    /// Distinct signers.
    pub signers: u64,
    /// The share of items that had to be refused.
    pub invalid: f64,
    /// The figures.
    pub results: Vec<Row>,
}

impl Report {
    pub(super) fn new(machine: Machine, options: &super::Options, results: Vec<Row>) -> Self {
        let super::Options { samples, sample_time, sessions, signers, invalid, .. } = *options;
        Self { machine, samples, sample_ms: Duration::as_millis(&sample_time), sessions, signers, invalid, results }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_to_the_one_of_the_section() {
        let sample = |calls_per_s| Sample { calls_per_s, p50_us: 1.0, p99_us: 2.0 };
        let samples = [(By::InProcess, vec![sample(9.0), sample(30.0), sample(20.0)]), (By::EfficientSm2, vec![sample(5.0)])];
        let rows = Row::of_section(Section::Verify, 50, &samples);
        assert_eq!((rows[0].calls_per_s, rows[0].ratio, rows[0].goal), (20.0, Some(4.0), Some(3.0)));
        assert_eq!((rows[1].ratio, rows[1].compared_with, rows[1].goal), (None, None, None));
        assert!(rows[0].to_string().contains("4.00  efficient-sm2"), "{}", rows[0]);
        assert_eq!(Row::header().len(), rows[0].to_string().len());
        let json = serde_json::to_value(&rows[0]).unwrap();
        assert_eq!((&json["by"], &json["section"]), (&"in-process".into(), &"verify".into()));
    }
}
