//! Figures, for programs and for the terminal. [`crate::page`] draws them.

use std::fmt;

use chainbox_engine::{batch::Shape, hash::Hash, scheme::Scheme, strategy::Strategy};
use chainbox_workloads::Hints;
use serde::{Serialize, Serializer};

use crate::machine::Machine;

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// Each strategy, beside the fastest peer.
    Strategies,
    /// Other forms of items.
    Forms,
    /// Further peers.
    Peers,
    /// The share of forged items.
    Forged,
    /// The number of distinct signers.
    Signers,
    /// The time of one batch, by its size.
    Latency,
}

impl Section {
    /// Every section, in the order in which they are measured.
    pub const ALL: [Self; 6] = [Self::Strategies, Self::Forms, Self::Peers, Self::Forged, Self::Signers, Self::Latency];

    /// The name used in options and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strategies => "strategies",
            Self::Forms => "forms",
            Self::Peers => "peers",
            Self::Forged => "forged",
            Self::Signers => "signers",
            Self::Latency => "latency",
        }
    }

    /// The heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Strategies => "Strategies",
            Self::Forms => "Messages, compressed keys, DER",
            Self::Peers => "Further peers",
            Self::Forged => "Share of forged items",
            Self::Signers => "Distinct signers",
            Self::Latency => "Time of one batch",
        }
    }
}

/// How an item's bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Form {
    /// `digest` or `message`.
    pub input: &'static str,
    /// Bytes of the digest or message.
    pub input_bytes: usize,
    /// Bytes of a key: 33 or 65.
    pub key_bytes: usize,
    /// `raw` or `der`.
    pub encoding: &'static str,
}

impl Form {
    /// The form of items of a shape.
    #[must_use]
    pub const fn new(shape: Shape, input_bytes: usize, compressed: bool) -> Self {
        Self { input: shape.input.name(), input_bytes, key_bytes: if compressed { 33 } else { 65 }, encoding: shape.encoding.name() }
    }
}

/// Times of single batches, in microseconds. A percentile is the least sample that the share does not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// Samples of each side.
    pub samples: usize,
    /// The engine's median.
    pub p50_us: f64,
    /// The engine's 99th percentile.
    pub p99_us: f64,
    /// The peer's median.
    pub peer_p50_us: f64,
    /// The peer's 99th percentile.
    pub peer_p99_us: f64,
}

/// One figure beside its peer's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What it is about.
    pub section: Section,
    /// The scheme's name.
    #[serde(serialize_with = "as_text")]
    pub scheme: Scheme,
    /// How the engine decided; none where it chose itself.
    #[serde(serialize_with = "as_strategy")]
    pub strategy: Option<Strategy>,
    /// How the items are written.
    #[serde(flatten)]
    pub form: Form,
    /// What the items claim to know of R.
    #[serde(serialize_with = "as_hint")]
    pub hints: Hints,
    /// Items a batch.
    pub batch: usize,
    /// Threads of both sides.
    pub threads: usize,
    /// Distinct signers in a batch.
    pub signers: u64,
    /// The share of forged items, 0 to 1.
    pub forged: f64,
    /// The engine's rate, median of the samples.
    pub items_per_s: f64,
    /// The other library.
    pub peer: &'static str,
    /// Its rate on the same items in the same run.
    pub peer_items_per_s: f64,
    /// The first rate over the second.
    pub ratio: f64,
    /// One product in the base field on one core, in nanoseconds, as measured beside the row.
    pub product_ns: f64,
    /// The time of an item over that of its field products alone; none where the engine chose the strategy itself.
    pub floor_ratio: Option<f64>,
    /// Times of single batches, where they were measured.
    #[serde(flatten)]
    pub latency: Option<Latency>,
}

/// Digests of one hash function beside its peer's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DigestRow {
    /// The hash function's name.
    #[serde(serialize_with = "as_hash")]
    pub hash: Hash,
    /// Bytes of each message.
    pub message_bytes: usize,
    /// Messages a batch.
    pub batch: usize,
    /// Threads of both sides.
    pub threads: usize,
    /// The engine's rate, median of the samples.
    pub digests_per_s: f64,
    /// The other library.
    pub peer: &'static str,
    /// Its rate on the same messages in the same run.
    pub peer_digests_per_s: f64,
    /// The first rate over the second.
    pub ratio: f64,
}

/// All figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Where they were measured.
    pub machine: Machine,
    /// Samples of each contender; a rate is their median.
    pub samples: usize,
    /// Signatures.
    pub results: Vec<Row>,
    /// Digests.
    pub digests: Vec<DigestRow>,
}

/// A figure as soon as it is there.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Figure<'a> {
    /// Signatures.
    Row(&'a Row),
    /// Digests.
    Digests(&'a DigestRow),
}

/// The name of a strategy, `auto` where the engine chose.
#[must_use]
pub fn strategy_name(strategy: Option<Strategy>) -> &'static str {
    strategy.map_or("auto", Strategy::name)
}

/// The name of a kind of hints.
const fn hint_name(hints: Hints) -> &'static str {
    match hints {
        Hints::None => "none",
        Hints::Parity => "parity",
        Hints::Y => "y",
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn as_text<S: Serializer>(scheme: &Scheme, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(scheme.name())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn as_hash<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(hash.name())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn as_hint<S: Serializer>(hints: &Hints, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(hint_name(*hints))
}

#[expect(clippy::trivially_copy_pass_by_ref, clippy::ref_option, reason = "serde gives a reference")]
fn as_strategy<S: Serializer>(strategy: &Option<Strategy>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(strategy_name(*strategy))
}

impl Row {
    /// What sets the row apart from the others of its section, for people.
    #[must_use]
    pub fn subject(&self) -> String {
        match self.section {
            Section::Strategies | Section::Signers if self.signers == 1 => "1 signer".to_owned(),
            Section::Strategies | Section::Signers => format!("{} signers", thousands(self.signers as f64)),
            Section::Forms | Section::Peers => self.form.to_string(),
            Section::Forged => {
                let hints = if self.hints == Hints::None { "no hints" } else { "hints" };
                format!("{} forged, {hints}", percent(self.forged))
            }
            Section::Latency => format!("batch of {}", thousands(self.batch as f64)),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.input, self.key_bytes, self.encoding) {
            ("message", ..) => write!(f, "{}-byte messages", self.input_bytes),
            (_, 33, _) => write!(f, "33-byte keys"),
            (.., "der") => write!(f, "DER signatures"),
            _ => write!(f, "digests"),
        }
    }
}

/// A share as a percentage without needless digits, e.g. `0.1 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    // Three digits after the point are more than any share asked for has; they hide what binary fractions add.
    let text = format!("{:.3}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A rounded number with commas between thousands, e.g. `16,384`.
#[must_use]
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Figure<'_> {
    /// The heading above it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Row(row) => row.section.title(),
            Self::Digests(_) => "Digests",
        }
    }

    /// The names of its columns, each as wide as its figures.
    #[must_use]
    pub fn header(self) -> String {
        match self {
            Self::Row(row) => {
                let times = if row.latency.is_some() { "   p50 us    p99 us  its p50   its p99" } else { "" };
                format!(
                    "{:<25}  {:<8}  {:<22}  {:>7}  {:>9}  {:<13}  {:>11}  {:>5}  {:>5}{times}",
                    "scheme", "strategy", "items", "threads", "items/s", "peer", "its items/s", "ratio", "floor"
                )
            }
            Self::Digests(_) => {
                format!(
                    "{:<25}  {:<8}  {:<22}  {:>7}  {:>9}  {:<13}  {:>11}  {:>5}",
                    "hash", "", "messages", "threads", "digests/s", "peer", "its rate", "ratio"
                )
            }
        }
    }
}

impl fmt::Display for Figure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) => row.fmt(f),
            Self::Digests(row) => row.fmt(f),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, strategy, subject) = (self.scheme.name(), strategy_name(self.strategy), self.subject());
        write!(f, "{scheme:<25}  {strategy:<8}  {subject:<22}  {:>7}  {:>9.0}  ", self.threads, self.items_per_s)?;
        let floor = self.floor_ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        write!(f, "{:<13}  {:>11.0}  {:>5.2}  {floor:>5}", self.peer, self.peer_items_per_s, self.ratio)?;
        self.latency.map_or(Ok(()), |times| {
            let Latency { p50_us, p99_us, peer_p50_us, peer_p99_us, .. } = times;
            write!(f, "  {p50_us:>7.0}  {p99_us:>8.0}  {peer_p50_us:>7.0}  {peer_p99_us:>8.0}")
        })
    }
}

impl fmt::Display for DigestRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hash, subject) = (self.hash.name(), format!("{} bytes", self.message_bytes));
        write!(f, "{hash:<25}  {:<8}  {subject:<22}  {:>7}  {:>9.0}  ", "", self.threads, self.digests_per_s)?;
        write!(f, "{:<13}  {:>11.0}  {:>5.2}", self.peer, self.peer_digests_per_s, self.ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!([0.0, 999.4, 1_000.0, 16_384.0, 1_234_567.0].map(thousands), ["0", "999", "1,000", "16,384", "1,234,567"]);
        assert_eq!([0.0, 0.001, 0.05, 0.1, 1.0].map(percent), ["0 %", "0.1 %", "5 %", "10 %", "100 %"]);
    }
}
