//! What a finished job teaches, and what it gives back.

use std::{ops::Range, time::Duration};

use super::{
    ALARM_TIME, Dispatcher, JobId, SourceId, Standing, Task, Ticket, Time,
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
    pub task: Task,
    pub size: Size,
    pub parts: Vec<RunningPart>,
    /// The sum of what the parts were predicted to be each for itself.
    pub basis: Work,
    pub predicted: Work,
    /// That of its sources when it began.
    pub standing: Standing,
    pub spread: Spread,
    pub began: Time,
    pub reading: Work,
}

#[derive(Debug)]
pub struct RunningPart {
    pub ticket: Ticket,
    pub source: SourceId,
    pub items: Range<usize>,
    pub predicted: Work,
}

impl Dispatcher {
    /// Takes a job back: what it held counts as in flight no longer. Gives the requests that are finished by it, but for cancelled ones.
    ///
    /// `busy` is the time from the lane's beginning with the job to its end. `invalid` counts the invalid items of each part; where its
    /// length is not that of the parts (empty, say, after a fault), nothing is learnt from the job. An unknown job changes nothing.
    pub fn finished(&mut self, now: Time, job: JobId, busy: Duration, invalid: &[usize]) -> Vec<Ticket> {
        let now = self.advance(now);
        let Some(job) = self.running.remove(&job) else { return Vec::new() };
        let work = self.work(now, busy, &job);
        self.groups[job.standing as usize].jobs -= 1;
        match job.standing {
            Standing::Proven => self.inner.correct(Side::Favoured, job.predicted, work),
            Standing::Newcomer => self.inner.correct(Side::Other, job.predicted, work),
            Standing::Suspect => {}
        }
        let side = if job.standing == Standing::Suspect { Side::Other } else { Side::Favoured };
        self.outer.correct(side, job.predicted, work);
        let verdicts = (invalid.len() == job.parts.len()).then_some(invalid);
        if let Some(invalid) = verdicts {
            self.learn_costs(&job, work, invalid.iter().any(|&count| count > 0));
        }
        let mut finished = Vec::new();
        for (index, part) in job.parts.iter().enumerate() {
            let share = (u128::from(work) * u128::from(part.predicted) / u128::from(job.basis)) as Work;
            self.settle(part, job.task, share, verdicts.map(|invalid| invalid[index]));
            if self.give_back(part) {
                finished.push(part.ticket);
            }
            self.enter(part.source);
            self.drop_if_gone(part.source);
        }
        finished
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
        let is_finished = pending.running == 0 && pending.begun == pending.size.items;
        let is_awaited = !pending.is_cancelled;
        if is_finished {
            self.requests.remove(&part.ticket);
        }
        is_finished && is_awaited
    }
}
