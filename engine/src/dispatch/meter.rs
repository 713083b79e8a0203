//! How much of the machine each job had, where several share it.

use super::{Time, costs::Work};

/// How a job uses cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// One thread.
    Alone,
    /// A thread on each core, which jobs of this kind share.
    AllCores,
}

/// What one job had of each core since the start, had it run from then on, for either kind of job. The difference of two readings is the work
/// of a job that began and ended with them.
#[derive(Debug)]
pub struct Meter {
    at: Time,
    cores: u64,
    alone: Kind,
    all_cores: Kind,
}

#[derive(Clone, Copy, Debug, Default)]
struct Kind {
    jobs: u64,
    work: Work,
}

impl Meter {
    pub fn new(cores: usize) -> Self {
        Self { at: Time::ZERO, cores: cores.max(1) as u64, alone: Kind::default(), all_cores: Kind::default() }
    }

    /// Goes on with another number of cores.
    pub fn set_cores(&mut self, now: Time, cores: usize) {
        self.advance(now);
        self.cores = cores.max(1) as u64;
    }

    /// A job begins; gives the reading.
    pub fn begin(&mut self, now: Time, spread: Spread) -> Work {
        self.advance(now);
        let kind = self.kind(spread);
        kind.jobs += 1;
        kind.work
    }

    /// A job ends; gives the reading.
    pub fn end(&mut self, now: Time, spread: Spread) -> Work {
        self.advance(now);
        let kind = self.kind(spread);
        kind.jobs = kind.jobs.saturating_sub(1);
        kind.work
    }

    /// The reading at a time that has not come yet or is now.
    pub fn read(&self, now: Time, spread: Spread) -> Work {
        let mut meter = Self { at: self.at, cores: self.cores, alone: self.alone, all_cores: self.all_cores };
        meter.advance(now);
        meter.kind(spread).work
    }

    fn kind(&mut self, spread: Spread) -> &mut Kind {
        match spread {
            Spread::Alone => &mut self.alone,
            Spread::AllCores => &mut self.all_cores,
        }
    }

    fn advance(&mut self, now: Time) {
        let passed = u64::try_from(now.saturating_sub(self.at).as_nanos()).unwrap_or(u64::MAX);
        self.at = self.at.max(now);
        let threads = self.alone.jobs + if self.all_cores.jobs > 0 { self.cores } else { 0 };
        // Each thread has a core, or all have equal parts of the cores.
        let of_thread = if threads <= self.cores { passed } else { passed.saturating_mul(self.cores) / threads };
        self.alone.work = self.alone.work.saturating_add(of_thread);
        let of_job = of_thread.saturating_mul(self.cores).checked_div(self.all_cores.jobs).unwrap_or(0);
        self.all_cores.work = self.all_cores.work.saturating_add(of_job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(milliseconds: u64) -> Time {
        Time::from_millis(milliseconds)
    }

    #[test]
    fn what_jobs_had_adds_up_to_the_machine() {
        let mut meter = Meter::new(2);
        let first = meter.begin(at(0), Spread::AllCores);
        let second = meter.begin(at(10), Spread::AllCores);
        let short = meter.begin(at(20), Spread::Alone);
        let short = meter.end(at(23), Spread::Alone) - short;
        let second = meter.end(at(33), Spread::AllCores) - second;
        let first = meter.end(at(43), Spread::AllCores) - first;
        assert_eq!(short, 2_000_000, "three threads on two cores");
        assert_eq!(first + second + short, 2 * 43_000_000);
        assert_eq!(first - second, 2 * 20_000_000);
    }

    #[test]
    fn a_thread_alone_has_one_core_and_time_never_goes_back() {
        let mut meter = Meter::new(4);
        let mark = meter.begin(at(5), Spread::Alone);
        meter.set_cores(at(3), 1);
        assert_eq!(meter.end(at(7), Spread::Alone) - mark, 2_000_000);
    }
}
