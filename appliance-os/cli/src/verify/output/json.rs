//! Lines of JSON.

use std::{collections::BTreeMap, time::Duration};

use chainbox_engine::verdict::Reason;
use serde::Serialize;

use super::{
    super::judge::{Answer, Outcome},
    Summary, Work,
    human::prefixed_hex,
    rate,
};
use crate::formats::{Expected, Facts, Label};

/// The reason of a malformed line.
const MALFORMED: &str = "malformed";

#[derive(Serialize)]
struct ItemLine<'a> {
    index: u64,
    line: u64,
    valid: bool,
    reason: Option<&'a str>,
    #[serde(flatten)]
    facts: Option<FactsFields>,
    #[serde(flatten)]
    label: Option<LabelFields<'a>>,
    #[serde(flatten)]
    expected: Option<ExpectedFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct FactsFields {
    hash: Option<String>,
    sender: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum LabelFields<'a> {
    Test {
        #[serde(rename = "tcId")]
        tc_id: u64,
    },
    Certificate {
        subject: &'a str,
        issuer: &'a str,
    },
}

/// What was expected, and whether it is so.
#[derive(Default, Serialize)]
struct ExpectedFields {
    /// The verdict; absent where either would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_sender: Option<String>,
    matches: bool,
}

/// Appends the line of an item.
pub fn item(out: &mut Vec<u8>, answer: &Answer, mismatch: bool) {
    let (valid, reason, message) = match &answer.outcome {
        Outcome::Valid => (true, None, None),
        Outcome::Invalid(refusal) => (false, Some(refusal.name()), None),
        Outcome::Malformed(message) => (false, Some(MALFORMED), Some(message.as_str())),
    };
    let judged_expectation = answer.expected.as_ref().filter(|_| message.is_none());
    append(
        out,
        &ItemLine {
            index: answer.index,
            line: answer.line,
            valid,
            reason,
            facts: answer.facts.map(facts_fields),
            label: answer.label.as_ref().map(label_fields),
            expected: judged_expectation.map(|expected| expected_fields(expected, mismatch)),
            message,
        },
    );
}

fn facts_fields(facts: Facts) -> FactsFields {
    FactsFields { hash: facts.hash.map(prefixed_hex), sender: facts.sender.map(prefixed_hex) }
}

fn label_fields(label: &Label) -> LabelFields<'_> {
    match label {
        Label::Test(tc_id) => LabelFields::Test { tc_id: *tc_id },
        Label::Certificate { subject, issuer } => LabelFields::Certificate { subject, issuer },
    }
}

fn expected_fields(expected: &Expected, mismatch: bool) -> ExpectedFields {
    let fields = ExpectedFields { matches: !mismatch, ..ExpectedFields::default() };
    match expected {
        Expected::Either => fields,
        Expected::Verdict { valid, reason } => {
            ExpectedFields { expected: Some(*valid), expected_reason: reason.map(Reason::name), ..fields }
        }
        Expected::Transaction { sender, hash } => ExpectedFields {
            expected: Some(true),
            expected_hash: hash.map(prefixed_hex),
            expected_sender: sender.map(prefixed_hex),
            ..fields
        },
    }
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    summary: SummaryFields<'a>,
}

#[derive(Serialize)]
struct SummaryFields<'a> {
    items: u64,
    valid: u64,
    invalid: u64,
    malformed: u64,
    mismatches: u64,
    seconds: f64,
    items_per_second: u64,
    backend: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    strategies: BTreeMap<&'static str, u64>,
    reasons: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// Appends the last line.
pub fn summary(out: &mut Vec<u8>, summary: &Summary, elapsed: Duration, work: &Work<'_>) {
    let fields = SummaryFields {
        items: summary.items,
        valid: summary.valid,
        invalid: summary.invalid,
        malformed: summary.malformed,
        mismatches: summary.mismatches,
        seconds: elapsed.as_secs_f64(),
        items_per_second: rate(summary.items, elapsed),
        backend: work.backend,
        server: summary.server.as_deref(),
        strategies: work.strategies.iter().map(|(strategy, items)| (strategy.name(), *items)).collect(),
        reasons: summary.reasons.iter().map(|(refusal, count)| (refusal.name(), *count)).collect(),
        note: summary.note,
    };
    append(out, &SummaryLine { summary: fields });
}

/// Writing these types into memory cannot fail: they have no maps with other keys than text.
fn append(out: &mut Vec<u8>, line: &impl Serialize) {
    if serde_json::to_writer(&mut *out, line).is_ok() {
        out.push(b'\n');
    }
}
