//! Counting.

use std::{collections::BTreeMap, process::ExitCode};

use super::super::judge::{Answer, Outcome};
use crate::{
    EXIT_FAILED,
    formats::{Expected, Refusal},
};

/// The exit status where some item is not as it should be.
const EXIT_INVALID: u8 = 1;

/// What was found in an input. Items = valid + invalid + malformed.
#[derive(Debug, Default)]
pub struct Summary {
    pub items: u64,
    pub valid: u64,
    pub invalid: u64,
    pub malformed: u64,
    /// Items of which something was expected, malformed ones aside.
    pub expectations: u64,
    /// Those of them that are not as expected.
    pub mismatches: u64,
    /// Invalid items of which nothing was expected.
    pub unexpected: u64,
    /// How many items are invalid for each reason, in the order of the checks.
    pub reasons: BTreeMap<Refusal, u64>,
    /// What to know about the format.
    pub note: Option<&'static str>,
    /// The address of the service that verified, where one did.
    pub server: Option<String>,
}

impl Summary {
    /// Counts one answer and says whether it differs from what is expected of it.
    pub fn count(&mut self, answer: &Answer) -> bool {
        self.items += 1;
        match &answer.outcome {
            Outcome::Valid => self.valid += 1,
            Outcome::Invalid(refusal) => {
                self.invalid += 1;
                *self.reasons.entry(*refusal).or_default() += 1;
            }
            Outcome::Malformed(_) => {
                self.malformed += 1;
                return false;
            }
        }
        match &answer.expected {
            None => {
                self.unexpected += u64::from(answer.outcome != Outcome::Valid);
                false
            }
            Some(expected) => {
                let mismatch = !is_met(expected, answer);
                self.expectations += 1;
                self.mismatches += u64::from(mismatch);
                mismatch
            }
        }
    }

    /// 2 wins over 1.
    pub fn exit_code(&self, skip_malformed: bool) -> ExitCode {
        if self.malformed > 0 && !skip_malformed {
            ExitCode::from(EXIT_FAILED)
        } else if self.mismatches > 0 || self.unexpected > 0 {
            ExitCode::from(EXIT_INVALID)
        } else {
            ExitCode::SUCCESS
        }
    }
}

fn is_met(expected: &Expected, answer: &Answer) -> bool {
    let found = match &answer.outcome {
        Outcome::Invalid(refusal) => Some(*refusal),
        Outcome::Valid | Outcome::Malformed(_) => None,
    };
    match expected {
        Expected::Either => true,
        Expected::Verdict { valid: true, .. } => found.is_none(),
        Expected::Verdict { valid: false, reason: None } => found.is_some(),
        Expected::Verdict { valid: false, reason: Some(reason) } => found == Some(Refusal::Item(*reason)),
        Expected::Transaction { sender, hash } => {
            let facts = answer.facts.unwrap_or_default();
            found.is_none() && (sender.is_none() || *sender == facts.sender) && (hash.is_none() || *hash == facts.hash)
        }
    }
}
