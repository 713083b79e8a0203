//! From entries to answers: batches of one shape, and the back end's verdicts put back in the order of the entries.

use std::collections::HashMap;

use chainbox_engine::{
    backend::{Backend, Capabilities, Fault},
    batch::{Batch, Input, ItemError, OwnedItem, RecoveryBatch, Shape},
    transaction::ethereum,
    verdict::{Reason, Verdict},
};

use crate::formats::{Content, Entry, Expected, Facts, Label, Refusal, ToRecover};

/// What an entry turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every check passed.
    Valid,
    /// The check that failed.
    Invalid(Refusal),
    /// It could not be read; what was expected.
    Malformed(String),
}

/// What was found out about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its place among the entries of the input, from 0.
    pub index: u64,
    /// The line on which it begins, from 1.
    pub line: u64,
    pub label: Option<Label>,
    pub expected: Option<Expected>,
    pub facts: Option<Facts>,
    pub outcome: Outcome,
}

/// Judges entries, of which the first is number `first_index` of the input.
///
/// # Errors
/// [`Fault`] where the back end gave no verdict.
pub fn judge(backend: &dyn Backend, entries: Vec<Entry>, first_index: u64) -> Result<Vec<Answer>, Fault> {
    let capabilities = backend.capabilities();
    let mut rulings = vec![Ruling::default(); entries.len()];
    for (shape, cases) in signatures_by_shape(&entries) {
        for piece in pieces(&cases, &capabilities, |(_, signature)| signature.bytes()) {
            verify(backend, shape, piece, &mut rulings)?;
        }
    }
    for piece in pieces(&transactions(&entries), &capabilities, |_| size_of::<ToRecover>()) {
        recover(backend, piece, &mut rulings)?;
    }
    let ruled = entries.into_iter().zip(rulings).zip(first_index..);
    Ok(ruled.map(|((entry, ruling), index)| ruling.answer(entry, index)).collect())
}

/// What the back end said of an entry so far.
#[derive(Clone, Debug)]
struct Ruling {
    verdict: Verdict,
    sender: Option<[u8; 20]>,
    /// Why it stands in no batch.
    left_out: Option<ItemError>,
}

impl Default for Ruling {
    fn default() -> Self {
        Self { verdict: Verdict::Invalid(Reason::NotChecked), sender: None, left_out: None }
    }
}

impl Ruling {
    /// Adds the verdict on one more signature, of which one must be valid. Else the reason that stands last in the order of the checks counts.
    fn add(&mut self, verdict: Verdict) {
        self.verdict = match (self.verdict, verdict) {
            (Verdict::Invalid(before), Verdict::Invalid(now)) => Verdict::Invalid(before.max(now)),
            _ => Verdict::Valid,
        };
    }

    fn answer(self, entry: Entry, index: u64) -> Answer {
        let Entry { line, label, expected, facts, content } = entry;
        let outcome = match (content, self.left_out) {
            (Content::Malformed(message), _) => Outcome::Malformed(message),
            (Content::Refused(refusal), _) => Outcome::Invalid(refusal),
            (_, Some(error)) => Outcome::Malformed(error.to_string()),
            (_, None) => self.verdict.reason().map_or(Outcome::Valid, |reason| Outcome::Invalid(Refusal::Item(reason))),
        };
        let facts = facts.map(|facts| Facts { sender: self.sender, ..facts });
        Answer { index, line, label, expected, facts, outcome }
    }
}

/// A signature and the place of its entry.
type Case<'a> = (usize, &'a OwnedItem);

fn signatures_by_shape(entries: &[Entry]) -> HashMap<Shape, Vec<Case<'_>>> {
    let mut cases: HashMap<Shape, Vec<Case<'_>>> = HashMap::new();
    for (place, entry) in entries.iter().enumerate() {
        let signatures = match &entry.content {
            Content::Signature(signature) => std::slice::from_ref(signature),
            Content::AnyOf(signatures) => signatures,
            Content::Transaction(_) | Content::Refused(_) | Content::Malformed(_) => &[],
        };
        for signature in signatures {
            cases.entry(signature.shape).or_default().push((place, signature));
        }
    }
    cases
}

fn transactions(entries: &[Entry]) -> Vec<(usize, &ToRecover)> {
    let places = entries.iter().enumerate();
    places
        .filter_map(|(place, entry)| match &entry.content {
            Content::Transaction(transaction) => Some((place, transaction)),
            _ => None,
        })
        .collect()
}

/// Cuts cases into pieces that the back end takes: at least one case each, then as many as fit.
fn pieces<'a, T>(cases: &'a [T], capabilities: &Capabilities, bytes_of: impl Fn(&T) -> usize) -> Vec<&'a [T]> {
    let mut pieces = Vec::new();
    let (mut start, mut held) = (0, 0);
    for (at, case) in cases.iter().enumerate() {
        let bytes = bytes_of(case);
        if at > start && (at - start >= capabilities.batch_items_max || held + bytes > capabilities.batch_bytes_max) {
            pieces.push(&cases[start..at]);
            (start, held) = (at, 0);
        }
        held += bytes;
    }
    if start < cases.len() {
        pieces.push(&cases[start..]);
    }
    pieces
}

fn verify(backend: &dyn Backend, shape: Shape, cases: &[Case<'_>], rulings: &mut [Ruling]) -> Result<(), Fault> {
    let mut batch = Batch::with_capacity(shape, cases.len());
    let mut places = Vec::with_capacity(cases.len());
    for &(place, signature) in cases {
        match signature.push_into(&mut batch) {
            Ok(()) => places.push(place),
            Err(error) => rulings[place].left_out = Some(error),
        }
    }
    let verdicts = backend.verify(&batch)?;
    for (place, verdict) in places.into_iter().zip(verdicts.as_slice()) {
        rulings[place].add(*verdict);
    }
    Ok(())
}

fn recover(backend: &dyn Backend, cases: &[(usize, &ToRecover)], rulings: &mut [Ruling]) -> Result<(), Fault> {
    let mut batch = RecoveryBatch::new(Input::Digest, true);
    let mut places = Vec::with_capacity(cases.len());
    for &(place, transaction) in cases {
        match batch.push(&transaction.digest, &transaction.signature) {
            Ok(()) => places.push(place),
            Err(error) => rulings[place].left_out = Some(error),
        }
    }
    let recovered = backend.recover(&batch)?;
    for (item, place) in places.into_iter().enumerate() {
        rulings[place].add(recovered.verdicts.as_slice()[item]);
        rulings[place].sender = recovered.key(item).map(ethereum::address);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
