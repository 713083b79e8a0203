//! What a finished job teaches, and what it gives back.

use std::{ops::Range, time::Duration};

use super::{
    ALARM_TIME, BackendId, CPU, Dispatcher, Finished, JobId, Outcome, SourceId, Standing, Task, Ticket, Time,
    costs::{Factor, Size, Work},
    meter::Spread,
    shares::Side,
};

/// Invalid items are charged to their source as this many times the work.
const INVALID_CHARGE: f64 = 10.0;

/// A job counts as at most that many times what was predicted: one stall of the machine must not cost a source its turns for long.
const OVERRUN_MAX: Work = 16;

/// A job that was handed out.
#[derive(Debug)]
pub struct Running {
    pub backend: BackendId,
    pub task: Task,
    pub size: Size,
    pub parts: Vec<RunningPart>,
    /// The sum of what the parts would have been each for itself.
    pub alone: Work,
    pub predicted: Work,
    /// That of its sources when it began.
    pub standing: Standing,
    pub spread: Spread,
    pub began: Time,
    pub reading: Work,
    /// When it is late; never on the CPU.
    pub deadline: Option<Time>,
    /// What its back end is expected to take for it alone, in nanoseconds; on the CPU, of a core.
    pub expected: f64,
    /// Whether it is done to learn what it takes.
    pub is_probe: bool,
}

#[derive(Debug)]
pub struct RunningPart {
    pub ticket: Ticket,
    pub source: SourceId,
    pub items: Range<usize>,
    /// What it was predicted to add to the job.
    pub predicted: Work,
    /// What it was predicted to be for itself: the parts share the job's work by this.
    pub alone: Work,
}

impl Dispatcher {
    /// Takes a job back. Answers count, and are to be delivered, only where this says so: the items of a job that failed or was late go to another back
    /// end.
    ///
    /// `busy` is the time from the lane's beginning with the job to its end. `invalid` counts the invalid items of each part; where its length is not
    /// that of the parts, nothing is learnt from the job. A failure of the CPU leaves requests without answers: they are cancelled.
    pub fn finished(&mut self, now: Time, job: JobId, busy: Duration, outcome: Outcome) -> Finished {
        let now = self.advance(now);
        let Some(job) = self.running.remove(&job) else { return Finished::Again };
        match outcome {
            Outcome::Answered { invalid, audited } => Finished::Counts(self.count(now, &job, busy, &invalid, audited)),
            Outcome::Failed(_) if job.backend == CPU => Finished::Lost(self.lose(now, &job, busy)),
            Outcome::Failed(reason) => {
                self.send_back(&job);
                self.quarantine(job.backend, reason, job.size.items);
                Finished::Again
            }
        }
    }

    /// The CPU failed with a job.
    fn lose(&mut self, now: Time, job: &Running, busy: Duration) -> Vec<Ticket> {
        let is_awaited = |part: &&RunningPart| self.requests.get(&part.ticket).is_some_and(|pending| !pending.is_cancelled);
        let lost: Vec<_> = job.parts.iter().filter(is_awaited).map(|part| part.ticket).collect();
        self.count(now, job, busy, &[], 0);
        for &ticket in &lost {
            self.cancel(ticket);
        }
        lost
    }

    /// A job is answered: what it held counts as in flight no longer. Gives the requests that are finished by it, but for cancelled ones.
    fn count(&mut self, now: Time, job: &Running, busy: Duration, invalid: &[usize], audited: usize) -> Vec<Ticket> {
        let work = if job.backend == CPU { self.work(now, busy, job) } else { job.predicted };
        let spoilt = invalid.iter().any(|&count| count > 0);
        let verdicts = (invalid.len() == job.parts.len()).then_some(invalid);
        if verdicts.is_some() {
            self.learn(now, job, work, spoilt);
        }
        self.end_on_back_end(job);
        if let Some(member) = self.fleet.get_mut(job.backend) {
            member.items += job.size.items as u64;
            member.items_audited += audited.min(job.size.items) as u64;
        }
        self.end_in_shares(job, work);
        let mut finished = Vec::new();
        for (index, part) in job.parts.iter().enumerate() {
            let share = (u128::from(work) * u128::from(part.alone) / u128::from(job.alone)) as Work;
            self.settle(part, job.task, share, verdicts.map(|invalid| invalid[index]));
            if self.give_back(part) {
                finished.push(part.ticket);
            }
            self.enter(part.source);
            self.drop_if_gone(part.source);
        }
        finished
    }

    /// A job of a standing does not run any more: its share is charged what it was, in place of what was predicted.
    pub(super) fn end_in_shares(&mut self, job: &Running, work: Work) {
        self.groups[job.standing as usize].jobs -= 1;
        match job.standing {
            Standing::Proven => self.inner.correct(Side::Favoured, job.predicted, work),
            Standing::Newcomer => self.inner.correct(Side::Other, job.predicted, work),
            Standing::Suspect => {}
        }
        let side = if job.standing == Standing::Suspect { Side::Other } else { Side::Favoured };
        self.outer.correct(side, job.predicted, work);
    }

    /// A job does not run any more.
    pub(super) fn end_on_back_end(&mut self, job: &Running) {
        self.end_probe(job);
        let now = self.now;
        if let Some(member) = self.fleet.get_mut(job.backend) {
            member.jobs -= 1;
            member.last_end = now;
        }
    }

    /// What the job teaches of its back end.
    fn learn(&mut self, now: Time, job: &Running, work: Work, spoilt: bool) {
        if job.backend == CPU {
            let factor = self.factor_of(job);
            self.learn_costs(job, work, spoilt);
            if !job.task.has_hints() || !spoilt {
                self.learn_curve(now, CPU, job.task, job.size, work as f64 / factor);
            }
        } else if let Some(member) = self.fleet.get(job.backend) {
            // What it took beside the job before it, with the way to the lane's thread and back, and with the checks.
            let took = now - job.began.max(member.last_end);
            self.learn_curve(now, job.backend, job.task, job.size, took.as_nanos() as f64);
            self.did_well(job.backend, took);
        }
    }

    pub(super) fn learn_curve(&mut self, now: Time, backend: BackendId, task: Task, size: Size, took: f64) {
        if let Some(member) = self.fleet.get_mut(backend) {
            let guess = member.guess(task);
            member.curves.entry(task).or_insert(guess).learn(now, size, took);
        }
    }

    /// How much dearer than usual the items of its source are.
    fn factor_of(&self, job: &Running) -> f64 {
        let source = job.parts.first().and_then(|part| self.sources.get(&part.source));
        if job.task.has_hints() { source.map_or(1.0, |source| source.factor.get()) } else { 1.0 }
    }

    /// What the job had of the machine while it was worked on.
    fn work(&mut self, now: Time, busy: Duration, job: &Running) -> Work {
        let had = self.meter.end(now, job.spread) - job.reading;
        let held = (now - job.began).as_nanos();
        let work = if busy.as_nanos() < held { u128::from(had) * busy.as_nanos() / held } else { u128::from(had) };
        Work::try_from(work).unwrap_or(Work::MAX).clamp(1, job.predicted.saturating_mul(OVERRUN_MAX))
    }

    fn learn_costs(&mut self, job: &Running, work: Work, spoilt: bool) {
        let of_source = job.parts.first().and_then(|part| self.sources.get_mut(&part.source));
        let mut of_nobody = Factor::default();
        let factor = of_source.map_or(&mut of_nobody, |source| &mut source.factor);
        self.costs.learn(job.task, job.size, factor, work, spoilt);
    }

    /// Charges a source what its items cost, and learns from the verdicts on them.
    fn settle(&mut self, part: &RunningPart, task: Task, work: Work, invalid: Option<usize>) {
        let Some(source) = self.sources.get_mut(&part.source) else { return };
        let from = source.standing();
        let items = part.items.len();
        let spoilt = invalid.map_or(0.0, |invalid| invalid.min(items) as f64 / items as f64);
        let charge = work as f64 * (1.0 + (INVALID_CHARGE - 1.0) * spoilt);
        source.end(part.predicted, charge as Work);
        match (invalid, task) {
            (None, _) => {}
            (Some(_), Task::Digest(_)) => source.evidence.learn_work(work),
            (Some(invalid), Task::Verify { .. } | Task::Recover { .. }) => source.evidence.learn(items, invalid, work),
        }
        if from != Standing::Suspect && source.standing() == Standing::Suspect && !source.limits.is_named {
            self.alarm_until = self.now.saturating_add(ALARM_TIME);
        }
        self.regroup(part.source, from);
    }

    /// Gives back the room of a part; whether somebody waits for the request and this ends it.
    fn give_back(&mut self, part: &RunningPart) -> bool {
        let items = part.items.len();
        if let Some(source) = self.sources.get_mut(&part.source) {
            source.load.items_running -= items;
            self.load.items_running -= items;
            self.groups[source.standing() as usize].in_flight -= items;
        }
        let Some(pending) = self.requests.get_mut(&part.ticket) else { return false };
        pending.running -= items;
        let is_finished = pending.running == 0 && pending.left() == 0;
        let is_awaited = !pending.is_cancelled;
        if is_finished {
            self.requests.remove(&part.ticket);
        }
        is_finished && is_awaited
    }
}
