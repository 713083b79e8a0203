//! A simulated device: how long it takes, and how it fails.

use std::{collections::VecDeque, time::Duration};

use chainbox_engine::{
    backend::Capabilities,
    dispatch::{Checks, Job, Time},
    scheme::Scheme,
};
use chainbox_tests::seed::Random;

use super::truth::Truth;

/// How long a job that hangs takes, in nanoseconds: it does answer, long after anybody waits.
const HANGS: f64 = 30e9;

/// What a device does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Hangs,
    Dies,
    AnswersTooFew,
    AllValid,
    Shifted,
    Random,
    /// One item that is valid is answered invalid, or the other way round, at a random place.
    FlipsOne {
        to_valid: bool,
    },
}

impl Fault {
    pub const WHOLE: [Self; 6] = [Self::Hangs, Self::Dies, Self::AnswersTooFew, Self::AllValid, Self::Shifted, Self::Random];

    /// What it makes of the right answers; none where there are none.
    pub fn answers(self, mut answers: Vec<bool>, random: &mut Random) -> Option<Vec<bool>> {
        match self {
            Self::Hangs => {}
            Self::Dies => return None,
            Self::AnswersTooFew => {
                answers.pop();
            }
            Self::AllValid => answers.fill(true),
            Self::Shifted => answers.rotate_right(1),
            Self::Random => answers.iter_mut().for_each(|answer| *answer = random.below(2) == 0),
            Self::FlipsOne { to_valid } => {
                let places: Vec<_> = (0..answers.len()).filter(|&place| answers[place] != to_valid).collect();
                if !places.is_empty() {
                    answers[places[random.below(places.len())]] = to_valid;
                }
            }
        }
        Some(answers)
    }
}

/// What came of a job, canaries taken out.
pub enum Answer {
    Verdicts(Vec<bool>),
    /// Checked, with the number of items that the CPU decided as well.
    Audited(Vec<bool>, usize),
    /// Why there is none.
    None(String),
}

struct OnDevice {
    job: Job,
    began: Time,
    ends: Time,
    fault: Option<Fault>,
}

pub struct Device {
    pub truth: Truth,
    pub jobs_max: usize,
    /// A fault comes each time that it did so many items.
    pub fault_items: Option<u64>,
    /// It has none before it did so many items.
    pub faultless_items: u64,
    /// The faults that it makes, one of them at random.
    pub faults: Vec<Fault>,
    /// Faults so far.
    pub failed: usize,
    items: u64,
    jobs: VecDeque<OnDevice>,
}

impl Device {
    pub fn new(truth: Truth, jobs_max: usize) -> Self {
        Self { truth, jobs_max, fault_items: None, faultless_items: 0, faults: Vec::new(), failed: 0, items: 0, jobs: VecDeque::new() }
    }

    pub fn failing(self, fault_items: u64, faults: &[Fault]) -> Self {
        Self { fault_items: Some(fault_items), faults: faults.to_vec(), ..self }
    }

    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            schemes: vec![Scheme::EcdsaSecp256k1Keccak256],
            recovery: false,
            hashes: Vec::new(),
            batch_items_max: self.truth.job_items_max + self.truth.job_items_max / 4_096 + 2,
            batch_bytes_max: 1 << 30,
            inline_items_max: 0,
            shares_cores: false,
        }
    }

    pub fn has_room(&self) -> bool {
        self.jobs.len() < self.jobs_max
    }

    /// Gives the known answers, unless a job hangs.
    pub fn prove(&self) -> Result<(), String> {
        if self.jobs.is_empty() { Ok(()) } else { Err("it still hangs".to_owned()) }
    }

    /// One job after the other.
    pub fn begin(&mut self, now: Time, job: Job, random: &mut Random) {
        assert!(job.items() + job.handed.checks.canaries.len() <= self.capabilities().batch_items_max);
        let starts = self.jobs.back().map_or(now, |last| last.ends.max(now));
        let before = self.items;
        self.items += job.items() as u64;
        let is_due = before >= self.faultless_items && self.fault_items.is_some_and(|items| before / items != self.items / items);
        let fault = (is_due && !self.faults.is_empty()).then(|| self.faults[random.below(self.faults.len())]);
        self.failed += usize::from(fault.is_some());
        let takes = if fault == Some(Fault::Hangs) { HANGS } else { self.truth.noisy_job(starts, job.items(), random) };
        self.jobs.push_back(OnDevice { job, began: now, ends: starts + Duration::from_nanos(takes as u64), fault });
    }

    pub fn next_end(&self) -> Option<Time> {
        self.jobs.front().map(|job| job.ends)
    }

    /// A job that has ended.
    pub fn end(&mut self, now: Time) -> Option<(Time, Job, Option<Fault>)> {
        let first = self.jobs.pop_front_if(|job| job.ends <= now)?;
        Some((first.began, first.job, first.fault))
    }
}

/// Compares canaries, audits and invalid items as the real runtime does, and takes the canaries out.
pub fn check(answers: &[bool], truths: &[bool], checks: &Checks) -> Answer {
    let mut canaries = checks.canaries.iter().peekable();
    let mut verdicts = Vec::with_capacity(truths.len());
    for (place, &answer) in answers.iter().enumerate() {
        match canaries.next_if(|canary| canary.place == place) {
            Some(canary) if answer != (canary.which % 2 == 0) => return Answer::None(format!("the known answer at {place} is wrong")),
            Some(_) => {}
            None => verdicts.push(answer),
        }
    }
    let invalid = (0..verdicts.len()).filter(|&item| !verdicts[item]).take(checks.invalid_audits_max);
    let mut audited: Vec<_> = checks.audits.iter().copied().chain(invalid).collect();
    audited.sort_unstable();
    audited.dedup();
    match audited.iter().find(|&&item| verdicts[item] != truths[item]) {
        Some(item) => Answer::None(format!("the CPU disagrees about item {item}")),
        None => Answer::Audited(verdicts, audited.len()),
    }
}
