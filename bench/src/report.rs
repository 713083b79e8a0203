//! Figures, for people and for programs.

use std::fmt;

use chainbox_engine::scheme::Scheme;
use serde::Serialize;

use crate::machine::Machine;

/// One figure beside its peer's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The scheme's name.
    #[serde(serialize_with = "as_name")]
    pub scheme: Scheme,
    /// How the engine decided.
    pub strategy: &'static str,
    /// Items a batch.
    pub batch: usize,
    /// Threads of both sides.
    pub threads: usize,
    /// Distinct signers.
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
}

/// All figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Where they were measured.
    pub machine: Machine,
    /// Samples of each contender; a figure is their median.
    pub samples: usize,
    /// The figures.
    pub results: Vec<Row>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn as_name<S: serde::Serializer>(scheme: &Scheme, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(scheme.name())
}

/// The columns of the table: right-aligned figures between left-aligned names.
pub const HEADER: &str = "\
scheme                     strategy  threads    items/s  peer           its items/s  ratio";

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<25}  {:<8}  {:>7}  {:>9.0}  {:<13}  {:>11.0}  {:>5.2}",
            self.scheme.name(),
            self.strategy,
            self.threads,
            self.items_per_s,
            self.peer,
            self.peer_items_per_s,
            self.ratio
        )
    }
}
