//! The figures of a run.

use std::fmt;

use serde::Serialize;

use crate::{machine::Machine, report::thousands};

/// The figures of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Where they were measured.
    pub machine: Machine,
    /// The workload's name.
    pub workload: &'static str,
    /// The chain's suite.
    pub suite: &'static str,
    /// Senders of the load.
    pub senders: u32,
    /// Accounts beside those that send.
    pub accounts: u64,
    /// Transactions that were sent and not answered, at most.
    pub in_flight: usize,
    /// How long transactions were sent.
    pub seconds: f64,
    /// Confirmed transactions a second, after the first second and while they were sent.
    pub tps: f64,
    /// Megabytes (10^6) of transactions a second, those of requests that were answered.
    pub payload_mb_s: f64,
    /// The median time from the sending of a request to the answer, which comes when its last transaction is confirmed.
    pub p50_ms: f64,
    /// That of 99 of 100 transactions.
    pub p99_ms: f64,
    /// That of 999 of 1,000.
    pub p999_ms: f64,
    /// Confirmed transactions.
    pub confirmed: u64,
    /// Refused transactions: those that had to be.
    pub refused: u64,
    /// What the node's stages did.
    pub stages: Vec<Stage>,
    /// The stage whose threads were busiest.
    pub limiting_stage: String,
    /// Processor time of the node's process a confirmed transaction.
    pub cpu_us_per_tx: f64,
    /// That of the sender's.
    pub sender_cpu_us_per_tx: f64,
    /// Bytes on the disk a confirmed transaction, with the genesis state in them.
    pub disk_bytes_per_tx: f64,
    /// The most memory that the node's process had.
    pub memory_bytes: u64,
    /// The signatures of stored blocks, verified again afterwards.
    pub recheck: Recheck,
}

/// Signatures a second of stored blocks that are verified again, on all cores.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Recheck {
    /// Signatures that were verified.
    pub signatures: u64,
    /// With the hints of the blocks, without tables of keys.
    pub hints_cold: f64,
    /// Without either.
    pub plain_cold: f64,
    /// With hints and tables.
    pub hints_warm: f64,
    /// With tables alone.
    pub plain_warm: f64,
}

/// What a stage did.
#[derive(Clone, Debug, Serialize)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// The share of their time that its threads were in it.
    pub busy: f64,
    /// Microseconds of them a transaction; none of a stage that counts blocks.
    pub us_per_tx: Option<f64>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:.0} s of {} on {}, {} in flight", self.seconds, self.workload, self.suite, thousands(self.in_flight as f64))?;
        writeln!(f, "confirmed a second     {}", thousands(self.tps))?;
        writeln!(f, "megabytes a second     {:.1}", self.payload_mb_s)?;
        writeln!(f, "confirmed after, ms    {:.1} (p50), {:.1} (p99), {:.1} (p99.9)", self.p50_ms, self.p99_ms, self.p999_ms)?;
        writeln!(f, "confirmed, refused     {}, {}", thousands(self.confirmed as f64), thousands(self.refused as f64))?;
        writeln!(f, "CPU a transaction, us  {:.1} (node), {:.1} (sender)", self.cpu_us_per_tx, self.sender_cpu_us_per_tx)?;
        writeln!(f, "on disk a transaction  {:.0} bytes", self.disk_bytes_per_tx)?;
        writeln!(f, "memory of the node     {:.0} MB", self.memory_bytes as f64 / 1e6)?;
        let Recheck { hints_cold, plain_cold, hints_warm, plain_warm, .. } = self.recheck;
        let rechecked = |name: &str, hints: f64, plain: f64| {
            format!("{name}: {} a second with hints, {} without: {:.2}", thousands(hints), thousands(plain), hints / plain)
        };
        writeln!(f, "checked again          {}", rechecked("no tables of keys", hints_cold, plain_cold))?;
        writeln!(f, "                       {}", rechecked("with tables", hints_warm, plain_warm))?;
        writeln!(f, "busiest stage          {}", self.limiting_stage)?;
        for stage in &self.stages {
            let each = stage.us_per_tx.map_or_else(String::new, |us| format!("{us:.2} us a transaction"));
            writeln!(f, "  {:<9} {:>5.1} % busy  {each}", stage.name, 100.0 * stage.busy)?;
        }
        Ok(())
    }
}
