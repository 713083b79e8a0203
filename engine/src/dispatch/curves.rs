//! What a job of a task takes on a back end, as a line: a fixed part, one for each item, one for each byte. A Kalman filter whose state wanders.

use super::{BackendId, LearntCurve, Task, Time, costs::Size};
use crate::batch::Input;

/// How far the terms wander in a second, as a part of themselves: what was learnt is worth less the longer ago it was.
const WANDER: f64 = 0.03;

/// The part of a prediction by which jobs of one size differ.
const NOISE: f64 = 0.03;

/// And nanoseconds.
const NOISE_FLOOR: f64 = 300.0;

/// No term is known worse than this many times itself.
const DOUBT_MAX: f64 = 10.0;

/// A job counts as at most that many standard deviations from what was predicted: a stall must not spoil the estimate,
const SURPRISE_MAX: f64 = 3.0;

/// but so many of them in a row, to the same side, are no stalls.
const SURPRISES_MAX: i32 = 3;

/// How much less is believed then.
const SURPRISED: f64 = 16.0;

/// After so many jobs, a short and a long one, a curve is good enough to plan with.
const JOBS_LEARNT: u64 = 2;

/// The bounds of each term in nanoseconds: a fixed part, an item, a byte.
const TERM_MIN: [f64; 3] = [100.0, 1e-2, 1e-5];
const TERM_MAX: [f64; 3] = [1e11, 1e10, 1e8];

type Vector = [f64; 3];

/// The terms, and how far they are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    terms: Vector,
    covariance: [Vector; 3],
    /// When it last learnt.
    at: Time,
    jobs: u64,
    /// Surprises in a row: above 0 for jobs that took longer, below for shorter ones.
    surprises: i32,
}

impl Curve {
    /// Of one core, from bench/results: see `Costs`.
    pub fn of_core(task: Task) -> Self {
        Self::new(
            task,
            match task {
                Task::Verify { has_hints, .. } | Task::Recover { has_hints, .. } => [26e3, if has_hints { 3e3 } else { 9e3 }, 1.0],
                Task::Digest(_) => [1e3, 50.0, 1.0],
            },
        )
    }

    /// Of a device of which nothing is known: anything is as likely, and it is found out with small jobs.
    pub fn of_device(task: Task) -> Self {
        Self::new(
            task,
            match task {
                Task::Verify { .. } | Task::Recover { .. } => [1e6, 1e3, 0.1],
                Task::Digest(_) => [1e6, 50.0, 0.1],
            },
        )
    }

    fn new(task: Task, mut terms: Vector) -> Self {
        let counts_bytes = match task {
            Task::Verify { shape, .. } => shape.input == Input::Message,
            Task::Recover { input, .. } => input == Input::Message,
            Task::Digest(_) => true,
        };
        if !counts_bytes {
            terms[2] = 0.0;
        }
        let mut covariance = [[0.0; 3]; 3];
        for (index, term) in terms.into_iter().enumerate() {
            covariance[index][index] = (DOUBT_MAX * term).powi(2);
        }
        Self { terms, covariance, at: Time::ZERO, jobs: 0, surprises: 0 }
    }

    /// With the terms of an earlier run, which are believed to some degree.
    pub fn restored(self, learnt: &LearntCurve) -> Self {
        let mut curve = self;
        let terms = [learnt.fixed_ns, learnt.item_ns, learnt.byte_ns];
        for (index, term) in terms.into_iter().enumerate() {
            if curve.terms[index] > 0.0 && term.is_finite() {
                curve.terms[index] = term.clamp(TERM_MIN[index], TERM_MAX[index]);
                curve.covariance[index][index] = (0.2 * curve.terms[index]).powi(2);
            }
        }
        curve.jobs = learnt.jobs;
        curve
    }

    /// In the words of the interface.
    pub const fn learnt(&self, backend: BackendId, task: Task) -> LearntCurve {
        let [fixed_ns, item_ns, byte_ns] = self.terms;
        LearntCurve { backend, task, fixed_ns, item_ns, byte_ns, jobs: self.jobs }
    }

    /// Whether it is good enough to plan with.
    pub const fn is_learnt(&self) -> bool {
        self.jobs >= JOBS_LEARNT
    }

    /// The jobs that it was learnt from.
    pub const fn jobs(&self) -> u64 {
        self.jobs
    }

    /// The nanoseconds that any job takes.
    pub const fn fixed(&self) -> f64 {
        self.terms[0]
    }

    /// The nanoseconds an item of so many bytes.
    pub fn item(&self, bytes: f64) -> f64 {
        self.terms[1] + self.terms[2] * bytes
    }

    /// The nanoseconds of a job.
    pub fn predict(&self, size: Size) -> f64 {
        dot(self.terms, regressors(size))
    }

    /// How far off a prediction may be, as a part of it: one standard deviation.
    pub fn doubt(&self, now: Time, size: Size) -> f64 {
        let mut aged = *self;
        aged.age(now);
        let x = regressors(size);
        dot(x, times(aged.covariance, x)).max(0.0).sqrt() / aged.predict(size)
    }

    /// Learns from a job that took that many nanoseconds.
    pub fn learn(&mut self, now: Time, size: Size, took: f64) {
        self.age(now);
        self.at = now;
        self.jobs += 1;
        let x = regressors(size);
        let predicted = dot(self.terms, x);
        let px = times(self.covariance, x);
        let noise = (NOISE * predicted).powi(2) + NOISE_FLOOR.powi(2);
        let variance = dot(x, px) + noise;
        let error = took - predicted;
        let bound = SURPRISE_MAX * variance.sqrt();
        if error.abs() > bound && self.is_learnt() {
            let side = error.signum() as i32;
            self.surprises = if self.surprises * side > 0 { self.surprises + side } else { side };
        } else {
            self.surprises = 0;
        }
        let error = if self.is_learnt() { error.clamp(-bound, bound) } else { error };
        for (index, gain) in px.into_iter().enumerate() {
            if self.terms[index] > 0.0 {
                self.terms[index] = (self.terms[index] + gain / variance * error).clamp(TERM_MIN[index], TERM_MAX[index]);
            }
            for (other, part) in px.into_iter().enumerate() {
                self.covariance[index][other] -= gain * part / variance;
            }
        }
        if self.surprises.abs() >= SURPRISES_MAX {
            self.surprises = 0;
            self.covariance = self.covariance.map(|row| row.map(|value| value * SURPRISED));
            for (index, term) in self.terms.into_iter().enumerate() {
                self.covariance[index][index] += (0.1 * term).powi(2);
            }
        }
        self.bound();
    }

    /// What was learnt is worth less with time.
    fn age(&mut self, now: Time) {
        let seconds = now.saturating_sub(self.at).as_secs_f64();
        for (index, term) in self.terms.into_iter().enumerate() {
            self.covariance[index][index] += (WANDER * term).powi(2) * seconds;
        }
        self.bound();
    }

    /// Keeps each variance within bounds, by a scale of its row and column, which leaves the matrix one of covariances.
    fn bound(&mut self) {
        for (index, term) in self.terms.into_iter().enumerate() {
            let (variance, most) = (self.covariance[index][index].max(0.0), (DOUBT_MAX * term).powi(2));
            self.covariance[index][index] = variance;
            if variance > most {
                let scale = (most / variance).sqrt();
                for other in 0..3 {
                    self.covariance[index][other] *= scale;
                    self.covariance[other][index] *= scale;
                }
            }
        }
    }
}

fn regressors(size: Size) -> Vector {
    [1.0, size.items as f64, size.bytes as f64]
}

fn dot(left: Vector, right: Vector) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn times(matrix: [Vector; 3], vector: Vector) -> Vector {
    matrix.map(|row| dot(row, vector))
}
