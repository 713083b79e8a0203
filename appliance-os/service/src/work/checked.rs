//! A job of a device: known answers among its items, and some of its answers decided again by the CPU, before any of them counts.

use chainbox_engine::{
    backend::{Backend, known_answers::KnownAnswer},
    batch::ColumnFull,
    dispatch::{Canary, Checks, Job, SourceId, Task},
    verdict::{Reason, Verdict},
};

use super::{
    Answer, Payload,
    canaries::Canaries,
    job::{self, Answers, Slice},
};

/// What the CPU decides again counts as a source of its own in its estimates: what is picked says nothing about whom it came from.
const AUDIT_SOURCE: SourceId = SourceId::MAX;

/// Answers that agree with all that was checked of them.
pub struct Checked {
    /// One an item of the job.
    pub answers: Answers,
    /// The items that the CPU decided as well.
    pub audited: usize,
}

/// Why no answer to a job counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There was not one answer an item.
    #[error("{0}")]
    Fault(String),
    /// An answer was wrong: a known one, or one that the CPU gave as well.
    #[error("{0}")]
    Disagreement(String),
}

/// Has a device answer a job, and checks what it says as the dispatcher wants it.
///
/// # Errors
/// [`Failure`]; no answer counts then.
pub fn run(device: &dyn Backend, cpu: &dyn Backend, canaries: &Canaries, job: &Job, slices: &[Slice]) -> Result<Checked, Failure> {
    let checks = &job.handed.checks;
    let pool = match job.task {
        Task::Verify { shape, .. } => canaries.of(shape),
        Task::Recover { .. } | Task::Digest(_) => &[],
    };
    let mut answers = if pool.is_empty() || checks.canaries.is_empty() {
        job::run(device, job.source, slices).map_err(|fault| Failure::Fault(fault.to_string()))?
    } else {
        let (payload, placed) = gather(job.source, slices, &checks.canaries, pool)?;
        let mut answers = job::ask(device, payload.question()).map_err(|fault| Failure::Fault(fault.to_string()))?;
        take_out(&mut answers, &placed)?;
        answers
    };
    // What a device left as it was is no verdict.
    if answers.verdicts().unwrap_or_default().contains(&Verdict::Invalid(Reason::NotChecked)) {
        return Err(Failure::Fault("it left items unanswered".to_owned()));
    }
    let audited = audit(cpu, job.source, slices, &mut answers, checks)?;
    Ok(Checked { answers, audited })
}

/// A known answer, and where it stands in the batch.
type Placed<'a> = (usize, &'a KnownAnswer);

/// The items of a job with known answers among them.
fn gather<'a>(
    source: SourceId,
    slices: &[Slice],
    canaries: &[Canary],
    pool: &'a [KnownAnswer],
) -> Result<(Payload, Vec<Placed<'a>>), Failure> {
    let items: usize = slices.iter().map(|slice| slice.items.len()).sum();
    let mut payload = slices[0].payload.empty(source, items + canaries.len());
    let mut placed = Vec::with_capacity(canaries.len());
    let mut due = canaries.iter().peekable();
    for slice in slices {
        let mut from = slice.items.start;
        while from < slice.items.end {
            let place = payload.items();
            if let Some(canary) = due.next_if(|canary| canary.place <= place) {
                placed.push((place, put(&mut payload, canary, pool)?));
                continue;
            }
            let room = due.peek().map_or(usize::MAX, |canary| canary.place - place);
            let until = slice.items.end.min(from.saturating_add(room));
            payload.append(&slice.payload, from..until).map_err(full)?;
            from = until;
        }
    }
    for canary in due {
        placed.push((payload.items(), put(&mut payload, canary, pool)?));
    }
    Ok((payload, placed))
}

fn put<'a>(payload: &mut Payload, canary: &Canary, pool: &'a [KnownAnswer]) -> Result<&'a KnownAnswer, Failure> {
    let known = &pool[(canary.which % pool.len() as u64) as usize];
    if let Payload::Verify { batch, .. } = payload {
        known.item.push_into(batch).map_err(|error| Failure::Fault(error.to_string()))?;
    }
    Ok(known)
}

fn full(full: ColumnFull) -> Failure {
    Failure::Fault(full.to_string())
}

/// Compares the known answers, and leaves those to the items.
fn take_out(answers: &mut Answers, placed: &[Placed<'_>]) -> Result<(), Failure> {
    let Answer::Verified { verdicts, hints } = answers else { return Ok(()) };
    for (place, known) in placed {
        let (answered, expected) = (verdicts[*place], known.verdict);
        if answered != expected {
            let what = format!("a known answer among {} items: it says {answered:?} and {expected:?} is right", verdicts.len());
            return Err(Failure::Disagreement(what));
        }
    }
    *verdicts = without(verdicts, placed);
    if let Some(hints) = hints {
        *hints = without(hints, placed);
    }
    Ok(())
}

/// All but those at some places, which ascend.
fn without<T: Copy>(all: &[T], placed: &[Placed<'_>]) -> Vec<T> {
    let mut kept = Vec::with_capacity(all.len() - placed.len());
    let mut from = 0;
    for (place, _) in placed {
        kept.extend_from_slice(&all[from..*place]);
        from = place + 1;
    }
    kept.extend_from_slice(&all[from..]);
    kept
}

/// Has the CPU decide some items again, and compares. Gives the number of them.
fn audit(cpu: &dyn Backend, source: SourceId, slices: &[Slice], answers: &mut Answers, checks: &Checks) -> Result<usize, Failure> {
    let picked = pick(answers, checks);
    if picked.is_empty() {
        return Ok(0);
    }
    let payload = of_picked(source, slices, &picked)?;
    let again = job::ask(cpu, payload.question()).map_err(|fault| Failure::Fault(format!("its answers could not be checked: {fault}")))?;
    for (index, &item) in picked.iter().enumerate() {
        let (answered, expected) = (said(answers, item), said(&again, index));
        if answered != expected {
            let what = format!("item {item} of {}: it says {answered} and the CPU says {expected}", answers.items().unwrap_or_default());
            return Err(Failure::Disagreement(what));
        }
    }
    Ok(picked.len())
}

/// The items to be decided again, ascending: those that the dispatcher chose, and the first invalid ones.
fn pick(answers: &Answers, checks: &Checks) -> Vec<usize> {
    let items = answers.items().unwrap_or_default();
    let invalid = answers.verdicts().unwrap_or_default().iter().enumerate().filter(|(_, verdict)| !verdict.is_valid());
    let invalid = invalid.map(|(item, _)| item).take(checks.invalid_audits_max);
    let mut picked: Vec<_> = checks.audits.iter().copied().filter(|item| *item < items).chain(invalid).collect();
    picked.sort_unstable();
    picked.dedup();
    picked
}

/// One payload of some items of a job, which ascend.
fn of_picked(source: SourceId, slices: &[Slice], picked: &[usize]) -> Result<Payload, Failure> {
    let mut payload = match slices[0].payload.empty(source, picked.len()) {
        Payload::Verify { batch, .. } => Payload::Verify { batch: batch.from_source(AUDIT_SOURCE), want_hints: false },
        other => other,
    };
    let mut picked = picked.iter().copied().peekable();
    let mut begin = 0;
    for slice in slices {
        let end = begin + slice.items.len();
        while let Some(item) = picked.next_if(|item| *item < end) {
            let item = slice.items.start + item - begin;
            payload.append(&slice.payload, item..item + 1).map_err(full)?;
        }
        begin = end;
    }
    Ok(payload)
}

/// What is said of an item, in a form in which it can be compared.
#[derive(PartialEq, Eq)]
enum Said<'a> {
    Verdict(Verdict),
    Bytes(&'a [u8]),
}

fn said(answers: &Answers, item: usize) -> Said<'_> {
    match answers {
        Answer::Verified { verdicts, .. } => Said::Verdict(verdicts[item]),
        Answer::Recovered(recovered) => {
            recovered.key(item).map_or_else(|| Said::Verdict(recovered.verdicts.as_slice()[item]), |key| Said::Bytes(key))
        }
        Answer::Digests(digests) => Said::Bytes(&digests[item]),
    }
}

impl std::fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Verdict(verdict) => write!(f, "{verdict:?}"),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}
