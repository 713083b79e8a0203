//! What jobs really take in the simulation: curves that drift.

use std::{f64::consts::TAU, time::Duration};

use chainbox_tests::seed::Random;

/// The part of itself by which one job of a size takes longer or shorter than another.
const NOISE: f64 = 0.02;

/// How far a term drifts up and down: to 1.28 times and 0.78 times itself.
const DRIFT_MAX: f64 = 0.25;

/// The seconds that a drift takes there and back.
const PERIODS: [f64; 2] = [20.0, 200.0];

/// The step of a random walk, in seconds, and how many there are before it begins anew.
const WALK_STEP: f64 = 1.0;
const WALK_STEPS: usize = 4_096;

/// A number that changes with time.
pub struct Drifting {
    mean: f64,
    drift: Drift,
}

enum Drift {
    None,
    Wave { period: f64, phase: f64 },
    Walk(Vec<f64>),
}

impl Drifting {
    /// One that stays.
    pub const fn constant(mean: f64) -> Self {
        Self { mean, drift: Drift::None }
    }

    /// One that swings, or walks at random.
    pub fn new(random: &mut Random, mean: f64, walks: bool) -> Self {
        let period = log_uniform(random, PERIODS);
        let drift = if walks {
            // After a quarter of the period a walk has gone about as far as the wave would have.
            let step = DRIFT_MAX * (4.0 * WALK_STEP / period).sqrt();
            let mut at: f64 = 0.0;
            let walk = (0..WALK_STEPS).map(|_| {
                at = (at + if random.below(2) == 0 { step } else { -step }).clamp(-DRIFT_MAX, DRIFT_MAX);
                at
            });
            Drift::Walk(walk.collect())
        } else {
            Drift::Wave { period, phase: TAU * uniform(random) }
        };
        Self { mean, drift }
    }

    pub fn at(&self, now: Duration) -> f64 {
        let seconds = now.as_secs_f64();
        let exponent = match &self.drift {
            Drift::None => 0.0,
            Drift::Wave { period, phase } => DRIFT_MAX * (TAU * seconds / period + phase).sin(),
            Drift::Walk(walk) => {
                let at = seconds / WALK_STEP;
                let (step, part) = (at as usize, at.fract());
                walk[step % WALK_STEPS] * (1.0 - part) + walk[(step + 1) % WALK_STEPS] * part
            }
        };
        self.mean * exponent.exp()
    }
}

/// What a back end takes, in nanoseconds.
pub struct Truth {
    pub fixed: Drifting,
    pub item: Drifting,
    /// The most items of a job.
    pub job_items_max: usize,
}

impl Truth {
    /// What a job takes that begins now, but for noise.
    pub fn job(&self, now: Duration, items: usize) -> f64 {
        self.fixed.at(now) + self.item.at(now) * items as f64
    }

    /// What one job takes.
    pub fn noisy_job(&self, now: Duration, items: usize, random: &mut Random) -> f64 {
        self.job(now, items) * (1.0 + NOISE * (2.0 * uniform(random) - 1.0))
    }

    /// The items that it could do from `now` on in some nanoseconds, with jobs as large as may be.
    fn items_within(&self, now: Duration, time: f64) -> f64 {
        let (mut passed, mut items) = (0.0, 0.0);
        loop {
            let at = now + Duration::from_nanos(passed as u64);
            let (fixed, item) = (self.fixed.at(at), self.item.at(at));
            let largest = self.job_items_max as f64;
            let rest = ((time - passed - fixed) / item).floor();
            if rest < largest {
                return items + rest.max(0.0);
            }
            items += largest;
            passed += fixed + item * largest;
        }
    }
}

/// The least time in which these back ends could do so many items together, knowing all.
pub fn optimum(truths: &[&Truth], now: Duration, items: usize) -> f64 {
    let covers = |time| truths.iter().map(|truth| truth.items_within(now, time)).sum::<f64>() >= items as f64;
    let mut high = 1e3;
    while !covers(high) {
        high *= 2.0;
    }
    let mut low = high / 2.0;
    for _ in 0..24 {
        let middle = (low + high) / 2.0;
        if covers(middle) { high = middle } else { low = middle }
    }
    high
}

pub fn uniform(random: &mut Random) -> f64 {
    random.below(1 << 30) as f64 / f64::from(1 << 30)
}

pub fn log_uniform(random: &mut Random, [least, most]: [f64; 2]) -> f64 {
    least * (most / least).powf(uniform(random))
}
