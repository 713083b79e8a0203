//! The node's metrics, in the text format of Prometheus.

use std::fmt::Write as _;

use crate::node::Node;

/// The node's metrics; nothing where the node cannot be read.
#[must_use]
pub fn metrics(node: &Node) -> String {
    let Ok(status) = node.status() else { return String::new() };
    let mut text = String::new();
    let mut one = |name: &str, kind: &str, help: &str, values: &[(String, f64)]| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "# HELP chainbox_chain_{name} {help}\n# TYPE chainbox_chain_{name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(text, "chainbox_chain_{name}{labels} {value}");
        }
    };
    let plain = |value: f64| vec![(String::new(), value)];
    one("height", "gauge", "The height of the last confirmed block.", &plain(status.height as f64));
    one("pool_transactions", "gauge", "Transactions that wait for a block.", &plain(status.pool_transactions as f64));
    one("gate_transactions", "gauge", "Transactions that wait to be checked.", &plain(status.gate_transactions as f64));
    let bytes = [("blocks", status.block_bytes), ("state", status.state_bytes)];
    let bytes = bytes.map(|(part, bytes)| (format!("{{part=\"{part}\"}}"), bytes as f64));
    one("disk_bytes", "gauge", "Bytes on the disk.", &bytes);
    let stages = |value: fn(&crate::node::StageReport) -> f64| -> Vec<(String, f64)> {
        status.stages.iter().map(|stage| (format!("{{stage=\"{}\"}}", stage.name), value(stage))).collect()
    };
    one("stage_seconds_total", "counter", "Seconds that threads spent in a stage.", &stages(|stage| stage.seconds_total));
    one("stage_transactions_total", "counter", "Transactions that went through a stage.", &stages(|stage| stage.transactions_total as f64));
    let refusals: Vec<_> = status.refusals.iter().map(|count| (format!("{{reason=\"{}\"}}", count.reason), count.total as f64)).collect();
    one("refused_total", "counter", "Transactions that were refused, by reason.", &refusals);
    text
}
