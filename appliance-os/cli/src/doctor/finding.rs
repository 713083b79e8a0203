//! What was looked at and found.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// Whether something is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// As it should be.
    Ok,
    /// It works, slower or with less than it could.
    Warning,
    /// The service does not start, or does not work as it should.
    Bad,
}

impl State {
    /// The name in JSON and on the page.
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

/// One line of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What was looked at.
    pub(crate) subject: String,
    pub(crate) state: State,
    /// What was found.
    pub(crate) found: String,
    /// What to do about it, where it is not as it should be.
    pub(crate) remedy: Option<String>,
}

impl Finding {
    /// As it should be.
    pub(crate) fn ok(subject: impl Into<String>, found: impl Into<String>) -> Self {
        Self { subject: subject.into(), state: State::Ok, found: found.into(), remedy: None }
    }

    /// It works, and could be better.
    pub(crate) fn warning(subject: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { subject: subject.into(), state: State::Warning, found: found.into(), remedy: Some(remedy.into()) }
    }

    /// It does not do.
    pub(crate) fn bad(subject: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Bad, ..Self::warning(subject, found, remedy) }
    }

    /// Whether it is not bad.
    pub(crate) const fn is_fit(&self) -> bool {
        !matches!(self.state, State::Bad)
    }

    fn json(&self) -> Value {
        json!({ "check": self.subject, "state": self.state.name(), "found": self.found, "remedy": self.remedy })
    }
}

/// All that was found.
#[derive(Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

impl Findings {
    /// Whether all is fit: nothing is bad.
    pub(crate) fn is_fit(&self) -> bool {
        self.count(State::Bad) == 0
    }

    fn count(&self, state: State) -> usize {
        self.0.iter().filter(|finding| finding.state == state).count()
    }

    /// A line of JSON each, and one for the whole.
    pub(crate) fn json_lines(&self) -> String {
        let [ok, warnings, bad] = [State::Ok, State::Warning, State::Bad].map(|state| self.count(state));
        let summary = json!({ "summary": { "fit": self.is_fit(), "ok": ok, "warnings": warnings, "bad": bad } });
        self.0.iter().map(Finding::json).chain([summary]).map(|line| format!("{line}\n")).collect()
    }

    /// A page for people. `place` is what was looked at, as `this machine`, and `whole` is what is fit or not, as `machine`.
    pub(crate) fn text(&self, place: &str, whole: &str) -> String {
        let width = self.0.iter().map(|finding| finding.subject.chars().count()).max().unwrap_or_default();
        let mut text = format!("chainbox {} on {place}\n\n", env!("CARGO_PKG_VERSION"));
        for Finding { subject, state, found, remedy } in &self.0 {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {:<7}  {subject:<width$}  {found}", state.name());
            if let Some(remedy) = remedy {
                let _ = writeln!(text, "  {:<7}  {:<width$}  -> {remedy}", "", "");
            }
        }
        let [warnings, bad] = [State::Warning, State::Bad].map(|state| self.count(state));
        let verdict = match (bad, warnings) {
            (0, 0) => format!("The {whole} is fit."),
            (0, _) => format!("The {whole} is fit; {warnings} of these could be better."),
            _ => format!("The {whole} is NOT fit: mend what is bad above ({bad})."),
        };
        text + &format!("\n{verdict}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bad_makes_unfit_and_a_warning_does_not() {
        let mut findings = Findings(vec![Finding::ok("cores", "2"), Finding::warning("clock", "slow", "use tsc")]);
        assert!(findings.is_fit());
        assert!(findings.text("this machine", "machine").ends_with("The machine is fit; 1 of these could be better.\n"));
        findings.0.push(Finding::bad("data folder", "cannot be written", "chown it"));
        assert!(!findings.is_fit());
        let text = findings.text("this machine", "machine");
        assert!(text.contains("  bad      data folder  cannot be written\n                        -> chown it\n"), "{text}");
        let lines: Vec<Value> = findings.json_lines().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0], json!({ "check": "cores", "state": "ok", "found": "2", "remedy": null }));
        assert_eq!(lines[3], json!({ "summary": { "fit": false, "ok": 1, "warnings": 1, "bad": 1 } }));
    }
}
