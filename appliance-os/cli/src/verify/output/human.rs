//! Text for people.

use std::{fmt::Write, time::Duration};

use indicatif::HumanCount;

use super::{
    super::judge::{Answer, Outcome},
    Summary, Work, rate,
};
use crate::formats::{Expected, Facts, Label};

/// Bytes as lower-case hex behind 0x.
pub fn prefixed_hex(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// The message about a malformed entry.
pub fn malformed(name: &str, answer: &Answer, message: &str) -> String {
    format!("{name}:{}: malformed: {}", answer.line, printable(message))
}

/// Appends the line of an item. A valid one has a line only where it has something to tell: a transaction, a certificate, a mismatch.
pub fn item(out: &mut Vec<u8>, name: &str, answer: &Answer, mismatch: bool) {
    let verdict = match &answer.outcome {
        Outcome::Valid if mismatch || answer.facts.is_some() || matches!(answer.label, Some(Label::Certificate { .. })) => {
            "valid".to_owned()
        }
        Outcome::Valid | Outcome::Malformed(_) => return,
        Outcome::Invalid(refusal) => format!("invalid: {}", refusal.text()),
    };
    let details = [label(answer.label.as_ref()), facts(answer.facts), expectation(answer, mismatch)];
    let mut line = format!("{name}:{}: {verdict}", answer.line);
    for detail in details.into_iter().flatten() {
        let _ = write!(line, "; {}", printable(&detail));
    }
    line.push('\n');
    out.extend_from_slice(line.as_bytes());
}

fn label(label: Option<&Label>) -> Option<String> {
    match label? {
        Label::Test(tc_id) => Some(format!("test {tc_id}")),
        Label::Certificate { subject, issuer } => Some(format!("subject {subject}; issuer {issuer}")),
    }
}

fn facts(facts: Option<Facts>) -> Option<String> {
    let Facts { hash, sender } = facts?;
    let told = [hash.map(|hash| format!("hash {}", prefixed_hex(hash))), sender.map(|sender| format!("sender {}", prefixed_hex(sender)))];
    let told: Vec<String> = told.into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn expectation(answer: &Answer, mismatch: bool) -> Option<String> {
    let expected = answer.expected.as_ref()?;
    if !mismatch {
        return Some("as expected".to_owned());
    }
    Some(match expected {
        Expected::Either => return None,
        Expected::Verdict { valid: true, .. } => "valid was expected".to_owned(),
        Expected::Verdict { valid: false, reason: None } => "invalid was expected".to_owned(),
        Expected::Verdict { valid: false, reason: Some(reason) } => format!("invalid was expected: {}", reason.text()),
        Expected::Transaction { sender, hash } => {
            let wanted = facts(Some(Facts { hash: *hash, sender: *sender })).unwrap_or_default();
            format!("expected were {wanted}")
        }
    })
}

/// Appends the summary.
pub fn summary(out: &mut Vec<u8>, summary: &Summary, elapsed: Duration, work: &Work<'_>) {
    let count = |number: u64| HumanCount(number).to_string();
    let mut text = format!(
        "{} {}: {} valid, {} invalid, {} malformed\n",
        count(summary.items),
        if summary.items == 1 { "item" } else { "items" },
        count(summary.valid),
        count(summary.invalid),
        count(summary.malformed)
    );
    for (refusal, items) in &summary.reasons {
        let _ = writeln!(text, "  {:>12}  {}", count(*items), refusal.text());
    }
    if summary.expectations > 0 {
        let _ = writeln!(text, "{} with an expectation: {} differ from it", count(summary.expectations), count(summary.mismatches));
    }
    if let Some(note) = summary.note {
        let _ = writeln!(text, "{note}");
    }
    let per_second = count(rate(summary.items, elapsed));
    let server = summary.server.as_ref().map_or_else(String::new, |server| format!(" at {server}"));
    let _ = writeln!(text, "{:.3} s, {per_second} items a second, back end {}{server}", elapsed.as_secs_f64(), work.backend);
    let strategies: Vec<_> = work.strategies.iter().map(|(strategy, items)| format!("{} by {strategy}", count(*items))).collect();
    if !strategies.is_empty() {
        let _ = writeln!(text, "decided: {}", strategies.join(", "));
    }
    out.extend_from_slice(text.as_bytes());
}

/// Text from a file, without what would steer a terminal.
fn printable(text: &str) -> String {
    text.chars().flat_map(|found| if found.is_control() { found.escape_default().collect::<Vec<_>>() } else { vec![found] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_cannot_steer_a_terminal() {
        assert_eq!(printable("CN=\u{1b}[31mred\n"), "CN=\\u{1b}[31mred\\n");
        assert_eq!(printable("CN=签发者"), "CN=签发者");
    }
}
