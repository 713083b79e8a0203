//! Figures of the service, for programs and for the terminal.

use std::fmt;

use chainbox_engine::scheme::Scheme;
use serde::{Serialize, Serializer};

use super::load::Measured;
use crate::{
    machine::Machine,
    report::{percent, thousands},
};

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// Each way to the service, at full speed.
    Transports,
    /// Requests of other sizes.
    Batches,
    /// Requests at random times.
    Open,
    /// Single items at a small load.
    Small,
    /// Clients that do nothing.
    Idle,
    /// An honest source beside hostile ones.
    Hostile,
}

impl Section {
    /// Every section, in the order in which they are measured.
    pub const ALL: [Self; 6] = [Self::Transports, Self::Batches, Self::Open, Self::Small, Self::Idle, Self::Hostile];

    /// The name used in options and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transports => "transports",
            Self::Batches => "batches",
            Self::Open => "open",
            Self::Small => "small",
            Self::Idle => "idle",
            Self::Hostile => "hostile",
        }
    }

    /// The heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Transports => "Ways to the service, at full speed",
            Self::Batches => "Sizes of requests, at full speed",
            Self::Open => "Requests at random times",
            Self::Small => "Single items at a small load",
            Self::Idle => "Clients that do nothing",
            Self::Hostile => "An honest source beside hostile ones",
        }
    }
}

/// How items come to whoever verifies them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// The engine in the process that measures.
    InProcess,
    /// A Unix socket.
    Socket,
    /// TCP on the loopback interface.
    Tcp,
    /// TCP with TLS and certificates on both sides.
    TcpTls,
}

impl Transport {
    /// The name used in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InProcess => "in-process",
            Self::Socket => "socket",
            Self::Tcp => "tcp",
            Self::TcpTls => "tcp-tls",
        }
    }
}

/// What a row measures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Subject {
    /// What it is about.
    pub section: Section,
    /// The scheme's name.
    #[serde(serialize_with = "as_text")]
    pub scheme: Scheme,
    /// How the items came.
    pub transport: Transport,
    /// What sets the row apart in its section, for people.
    pub what: String,
    /// Items a request.
    pub batch: usize,
    /// Clients, each with one request at a time.
    pub clients: usize,
    /// Items a second that were asked for, where requests came at random times; none where each client asked again once it had its answer.
    pub offered_items_per_s: Option<f64>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What it measures.
    #[serde(flatten)]
    pub subject: Subject,
    /// Answered requests.
    pub requests: u64,
    /// Requests that had no answer but an error, after all tries.
    pub failed: u64,
    /// Items verified a second: the median of the samples, where there are several.
    pub items_per_s: f64,
    /// Times from when a request was to be sent to its verdicts, in microseconds.
    #[serde(flatten)]
    pub latency: Latency,
    /// The server's processor time for a request, in microseconds.
    pub server_cpu_us: Option<f64>,
    /// The server's processor time over the time that passed: 1 is one core.
    pub server_cores: Option<f64>,
    /// The most memory that the server has had so far, in bytes.
    pub server_memory_max: Option<u64>,
    /// What it is compared with: the engine in process on the same items in the same run; for an honest source beside hostile ones, itself alone.
    pub compared_items_per_s: Option<f64>,
    /// The first rate over the second.
    pub ratio: Option<f64>,
    /// The plain verification time of a request in process in the same run, in microseconds: the median.
    pub plain_us: Option<f64>,
}

/// Percentiles of latencies, in microseconds; none where nothing was asked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// Half of the requests took no longer.
    pub p50_us: Option<f64>,
    /// 99 % took no longer.
    pub p99_us: Option<f64>,
    /// 99.9 % took no longer.
    pub p999_us: Option<f64>,
}

/// What a server spent while something was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spent {
    /// Seconds of processor time.
    pub(super) cpu_s: f64,
    /// The most memory so far, in bytes.
    pub(super) memory_max: u64,
}

impl Row {
    /// The row of some samples, and of what the server spent on them, where one did.
    pub(super) fn new(subject: Subject, samples: &[Measured], spent: Option<Spent>) -> Self {
        let all = Measured::together(samples);
        let mut rates: Vec<f64> = samples.iter().map(Measured::items_per_s).collect();
        rates.sort_by(f64::total_cmp);
        let latency = |percentile| (all.requests > 0).then(|| all.latency_us(percentile));
        Self {
            subject,
            requests: all.requests,
            failed: all.failed,
            items_per_s: rates.get(rates.len() / 2).copied().unwrap_or_default(),
            latency: Latency { p50_us: latency(50.0), p99_us: latency(99.0), p999_us: latency(99.9) },
            server_cpu_us: spent.filter(|_| all.requests > 0).map(|spent| spent.cpu_s * 1e6 / all.requests as f64),
            server_cores: spent.map(|spent| spent.cpu_s / all.time.as_secs_f64().max(1e-9)),
            server_memory_max: spent.map(|spent| spent.memory_max),
            compared_items_per_s: None,
            ratio: None,
            plain_us: None,
        }
    }

    /// Compares it with another rate.
    pub(super) fn compared_with(self, items_per_s: f64) -> Self {
        Self { compared_items_per_s: Some(items_per_s), ratio: Some(self.items_per_s / items_per_s), ..self }
    }

    /// The names of the columns, each as wide as its figures.
    #[must_use]
    pub fn header() -> String {
        format!(
            "{:<25}  {:<10}  {:<34}  {:>6}  {:>7}  {:>9}  {:>5}  {:>9}  {:>9}  {:>9}  {:>8}  {:>10}  {:>6}",
            "scheme",
            "transport",
            "what",
            "batch",
            "clients",
            "items/s",
            "ratio",
            "p50 us",
            "p99 us",
            "p99.9 us",
            "plain us",
            "cpu us/req",
            "failed"
        )
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Subject { scheme, transport, what, batch, clients, .. } = &self.subject;
        write!(f, "{:<25}  {:<10}  {what:<34}  {batch:>6}  {clients:>7}  {:>9.0}", scheme.name(), transport.name(), self.items_per_s)?;
        write!(f, "  {:>5}", self.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")))?;
        let Latency { p50_us, p99_us, p999_us } = self.latency;
        for (time, width) in [(p50_us, 9), (p99_us, 9), (p999_us, 9), (self.plain_us, 8), (self.server_cpu_us, 10)] {
            write!(f, "  {:>width$}", time.map_or_else(|| "-".to_owned(), |time| format!("{time:.0}")))?;
        }
        write!(f, "  {:>6}", self.failed)
    }
}

/// All figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Where they were measured.
    pub machine: Machine,
    /// Samples of each contender; a rate is their median.
    pub samples: usize,
    /// The figures.
    pub results: Vec<Row>,
}

/// What an open loop offers, for people.
pub(super) fn offer(share: f64, requests_per_s: f64) -> String {
    format!("{} load, {} a second", percent(share), thousands(requests_per_s))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn as_text<S: Serializer>(scheme: &Scheme, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(scheme.name())
}

/// The row of one request, for tests of what shows rows.
#[cfg(test)]
pub(crate) fn of_one_request(subject: Subject, latency: std::time::Duration) -> Row {
    let mut measured = Measured::new();
    measured.count(subject.batch, latency);
    measured.time = latency;
    Row::new(subject, &[measured], Some(Spent { cpu_s: 0.001, memory_max: 1 << 20 })).compared_with(1e4)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn figures_fit_together() {
        let subject = Subject {
            section: Section::Small,
            scheme: Scheme::Sm2Sm3,
            transport: Transport::Socket,
            what: "a what".to_owned(),
            batch: 64,
            clients: 2,
            offered_items_per_s: None,
        };
        let row = of_one_request(subject, Duration::from_millis(4));
        assert_eq!((row.requests, row.items_per_s, row.ratio), (1, 16_000.0, Some(1.6)));
        assert_eq!((row.server_cpu_us, row.server_cores), (Some(1_000.0), Some(0.25)));
        assert!(row.latency.p999_us.is_some_and(|time| (3_990.0..=4_010.0).contains(&time)), "{row:?}");
        assert!(row.to_string().contains("a what") && Row::header().len() >= row.to_string().len() - 6, "{row}");
        let json = serde_json::to_value(&row).unwrap();
        for field in ["section", "scheme", "transport", "batch", "items_per_s", "p50_us", "p99_us", "p999_us", "server_cpu_us", "ratio"] {
            assert!(!json[field].is_null(), "{field}: {json}");
        }
        assert_eq!((&json["transport"], &json["section"]), (&"socket".into(), &"small".into()));
    }
}
