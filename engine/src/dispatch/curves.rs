//! What a job of a task takes on a back end, as a line: a fixed part, one for each item, one for each byte. A Kalman filter whose state wanders.

use super::{BackendId, LearntCurve, Task, Time, costs::Size};
use crate::batch::Input;

/// How far the terms wander in a second, as a part of themselves: what was learnt is worth less the longer ago it was.
const WANDER: f64 = 0.03;

/// The part of a prediction by which jobs of one size differ, at least and at most; how far it is in fact is learnt as well. It is much where others use
/// the machine too.
const NOISE_MIN: f64 = 0.03;
const NOISE_MAX: f64 = 2.0;

/// How much of what a job says of the noise is believed.
const NOISE_PACE: f64 = 1.0 / 16.0;

/// And nanoseconds.
const NOISE_FLOOR: f64 = 300.0;

/// No term is known worse than this many times itself.
const DOUBT_MAX: f64 = 10.0;

/// A job counts as at most that many standard deviations from what was predicted: a stall must not spoil the estimate,
const SURPRISE_MAX: f64 = 3.0;

/// but so many in a row that are half as far off, to the same side, are no stalls,
const SURPRISES_MAX: i32 = 4;

/// and so many after them count in full.
const JOBS_RELEARNT: u64 = 4;

/// How far each term of the CPU may be off at first, as a part of itself,
const DOUBT_OF_CORE: f64 = 1.0;

/// each after such surprises,
const DOUBT_SURPRISED: f64 = 1.0;

/// and after a restart.
const DOUBT_RESTORED: f64 = 0.2;

/// After so many jobs, a short and a long one, a curve is good enough to plan with.
const JOBS_LEARNT: u64 = 2;

/// A job of a device has at most that many times the items of the largest before,
const ITEMS_GROWTH: usize = 16;

/// and one of a device of which nothing is known this many.
const ITEMS_FIRST: usize = 64;

/// The items that a device is known to take whose curve comes from an earlier run.
const ITEMS_RESTORED: usize = 1 << 14;

/// The bounds of each term of a device in nanoseconds: a fixed part, an item, a byte.
const DEVICE_BOUNDS: [Vector; 2] = [[1e3, 1.0, 1e-4], [1e10, 1e8, 1e6]];

/// No term of the CPU leaves its first guess by more than this factor.
const CORE_DRIFT_MAX: f64 = 32.0;

type Vector = [f64; 3];

/// The terms, and how far they are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    terms: Vector,
    covariance: [Vector; 3],
    /// The least and the most that the terms may be.
    bounds: [Vector; 2],
    /// The square of the part of a prediction by which jobs differ.
    noise: f64,
    /// When it last learnt.
    at: Time,
    jobs: u64,
    /// The most items of a job that it learnt from.
    items_seen: usize,
    /// The jobs that count in full, whatever they took.
    jobs_in_full: u64,
    /// Surprises in a row: above 0 for jobs that took longer, below for shorter ones.
    surprises: i32,
}

impl Curve {
    /// Of one core, from bench/results: see `Costs`.
    pub fn of_core(task: Task) -> Self {
        let guess = match task {
            Task::Verify { has_hints, .. } | Task::Recover { has_hints, .. } => [26e3, if has_hints { 3e3 } else { 9e3 }, 1.0],
            Task::Digest(_) => [1e3, 50.0, 1.0],
        };
        let mut curve = Self::new(task, guess, [guess.map(|term| term / CORE_DRIFT_MAX), guess.map(|term| term * CORE_DRIFT_MAX)]);
        curve.doubt_terms(DOUBT_OF_CORE);
        curve
    }

    /// Of a device of which nothing is known: anything is as likely, and it is found out with small jobs.
    pub fn of_device(task: Task) -> Self {
        let guess = match task {
            Task::Verify { .. } | Task::Recover { .. } => [1e6, 1e3, 0.1],
            Task::Digest(_) => [1e6, 50.0, 0.1],
        };
        Self::new(task, guess, DEVICE_BOUNDS)
    }

    fn new(task: Task, mut terms: Vector, bounds: [Vector; 2]) -> Self {
        let counts_bytes = match task {
            Task::Verify { shape, .. } => shape.input == Input::Message,
            Task::Recover { input, .. } => input == Input::Message,
            Task::Digest(_) => true,
        };
        if !counts_bytes {
            terms[2] = 0.0;
        }
        let mut curve = Self {
            terms,
            bounds,
            covariance: [[0.0; 3]; 3],
            noise: NOISE_MIN.powi(2),
            at: Time::ZERO,
            jobs: 0,
            items_seen: 0,
            jobs_in_full: JOBS_LEARNT,
            surprises: 0,
        };
        curve.doubt_terms(DOUBT_MAX);
        curve
    }

    /// With the terms of an earlier run, which are believed to some degree.
    pub fn restored(self, learnt: &LearntCurve) -> Self {
        let mut curve = self;
        let terms = [learnt.fixed_ns, learnt.item_ns, learnt.byte_ns];
        if learnt.jobs < JOBS_LEARNT || !terms.iter().all(|term| term.is_finite()) {
            return curve;
        }
        curve.set_terms(terms);
        curve.doubt_terms(DOUBT_RESTORED);
        (curve.jobs, curve.items_seen, curve.jobs_in_full) = (learnt.jobs, ITEMS_RESTORED, 0);
        curve
    }

    /// Sets the terms, within their bounds. A term that is 0 plays no part.
    fn set_terms(&mut self, terms: Vector) {
        for (index, term) in terms.into_iter().enumerate() {
            if self.terms[index] > 0.0 {
                self.terms[index] = term.clamp(self.bounds[0][index], self.bounds[1][index]);
            }
        }
    }

    /// Each term may be off by that many times itself, whatever the others are.
    fn doubt_terms(&mut self, doubt: f64) {
        self.covariance = [[0.0; 3]; 3];
        for (index, term) in self.terms.into_iter().enumerate() {
            self.covariance[index][index] = (doubt * term).powi(2);
        }
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

    /// The most items of a job for which it is good: what is much larger than anything that was seen is approached in steps.
    pub const fn items_max(&self) -> usize {
        let most = self.items_seen.saturating_mul(ITEMS_GROWTH);
        if most > ITEMS_FIRST { most } else { ITEMS_FIRST }
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
        self.items_seen = self.items_seen.max(size.items);
        let x = regressors(size);
        let predicted = dot(self.terms, x);
        let px = times(self.covariance, x);
        let doubt = dot(x, px);
        let variance = doubt + self.noise * predicted.powi(2) + NOISE_FLOOR.powi(2);
        let mut error = took - predicted;
        if self.jobs_in_full > 0 {
            self.jobs_in_full -= 1;
        } else {
            let bound = SURPRISE_MAX * variance.sqrt();
            let side = if error.abs() > bound / 2.0 { error.signum() as i32 } else { 0 };
            self.surprises = if self.surprises * side > 0 { self.surprises + side } else { side };
            error = error.clamp(-bound, bound);
            let noise = (error.powi(2) - doubt) / predicted.powi(2);
            self.set_noise(self.noise + NOISE_PACE * (noise - self.noise));
        }
        self.set_terms([0, 1, 2].map(|index| self.terms[index] + px[index] / variance * error));
        for (row, gain) in self.covariance.iter_mut().zip(px) {
            for (value, part) in row.iter_mut().zip(px) {
                *value -= gain * part / variance;
            }
        }
        if self.surprises.abs() >= SURPRISES_MAX {
            (self.surprises, self.jobs_in_full) = (0, JOBS_RELEARNT);
            self.doubt_terms(DOUBT_SURPRISED);
            // They were taken for noise.
            self.set_noise(0.0);
        }
        self.bound();
    }

    fn set_noise(&mut self, noise: f64) {
        self.noise = noise.clamp(NOISE_MIN.powi(2), NOISE_MAX.powi(2));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{batch::Shape, dispatch::CPU, hash::Hash, scheme::Scheme};

    const VERIFY: Task = Task::Verify { shape: Shape::digests(Scheme::Sm2Sm3), has_hints: false, want_hints: false };

    fn items(items: usize) -> Size {
        Size { items, bytes: 161 * items }
    }

    /// Numbers in [0, 1) that look random.
    fn noise(step: u64) -> f64 {
        (step.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A curve that learnt from jobs of several sizes, one a millisecond.
    fn taught(mut curve: Curve, jobs: std::ops::Range<u64>, took: impl Fn(u64, usize) -> f64) -> Curve {
        for job in jobs {
            let size = [1, 30, 1_000, 40_000][(job % 4) as usize];
            curve.learn(Time::from_millis(job), items(size), took(job, size));
        }
        curve
    }

    fn line(size: usize) -> f64 {
        2e6 + 150.0 * size as f64
    }

    #[track_caller]
    fn assert_close(curve: &Curve, took: impl Fn(usize) -> f64, part: f64) {
        for size in [1, 30, 1_000, 40_000, 1_000_000] {
            let (predicted, took) = (curve.predict(items(size)), took(size));
            assert!((predicted / took - 1.0).abs() < part, "{size} items: {predicted} for {took}");
        }
    }

    #[test]
    fn a_line_is_learnt_from_a_few_jobs_of_several_sizes() {
        let curve = taught(Curve::of_device(VERIFY), 0..12, |_, size| line(size));
        assert_close(&curve, line, 0.05);
        assert!(curve.doubt(Time::from_millis(12), items(1)) < 0.05);
        assert!(curve.doubt(Time::from_secs(100), items(1)) > 0.1, "with time it is worth less");
    }

    #[test]
    fn a_stall_moves_it_by_little_and_a_change_is_followed() {
        let before = taught(Curve::of_device(VERIFY), 0..40, |_, size| line(size));
        let mut stalled = before;
        stalled.learn(Time::from_millis(40), items(1_000), 10_000.0 * line(1_000));
        assert_close(&stalled, line, 0.15);
        let changed = taught(before, 40..80, |_, size| 5.0 * line(size));
        assert_close(&changed, |size| 5.0 * line(size), 0.1);
    }

    #[test]
    fn what_is_not_used_is_not_forgotten() {
        let mut curve = taught(Curve::of_device(VERIFY), 0..40, |_, size| line(size));
        for job in 40..5_000 {
            curve.learn(Time::from_millis(job), items(1), line(1));
        }
        assert_close(&curve, line, 0.1);
    }

    /// As on a machine that others use too: some jobs take up to fifteen times as long as they would alone.
    #[test]
    fn much_noise_leaves_the_terms_in_their_places() {
        let slowness = |job| if noise(job) < 0.7 { 1.0 } else { 1.0 + 14.0 * noise(job + 7_777) };
        let mean = (0..4_000).map(slowness).sum::<f64>() / 4_000.0;
        let took = |job, size: usize| (26e3 + 9e3 * size as f64) * slowness(job);
        let curve = taught(Curve::of_core(VERIFY), 0..4_000, took);
        let [fixed, item, _] = curve.terms;
        let is_near = |term: f64, alone: f64| (alone / 3.0..alone * 3.0 * mean).contains(&term);
        assert!(is_near(fixed, 26e3) && is_near(item, 9e3), "{:?}", curve.terms);
    }

    #[test]
    fn nothing_leaves_its_bounds() {
        for extreme in [0.0, 1.0, 1e100, 1e300] {
            let curve = taught(Curve::of_core(VERIFY), 0..4_000, |_, _| extreme);
            for size in [1, 1_000_000] {
                let (predicted, guess) = (curve.predict(items(size)), Curve::of_core(VERIFY).predict(items(size)));
                assert!((guess / 33.0..guess * 33.0).contains(&predicted), "{extreme}: {predicted}");
            }
        }
    }

    #[test]
    fn bytes_count_where_they_are_hashed() {
        let mut curve = Curve::of_device(Task::Digest(Hash::Sm3));
        for job in 0..60_u64 {
            let size = Size { items: 1 << (job % 10), bytes: 1 << (10 + job * 7 % 13) };
            curve.learn(Time::from_millis(job), size, 1e5 + 30.0 * size.items as f64 + 0.5 * size.bytes as f64);
        }
        let predicted = curve.predict(Size { items: 1, bytes: 1 << 24 });
        assert!((predicted / (1e5 + 0.5 * f64::from(1 << 24)) - 1.0).abs() < 0.1, "{predicted}");
        assert_eq!(Curve::of_device(VERIFY).terms[2], 0.0);
    }

    #[test]
    fn what_was_kept_is_taken_up_unless_it_is_senseless() {
        let curve = taught(Curve::of_device(VERIFY), 0..40, |_, size| line(size));
        let kept = curve.learnt(CPU, VERIFY);
        let restored = Curve::of_device(VERIFY).restored(&kept);
        assert!(restored.is_learnt());
        assert_close(&restored, line, 0.05);
        for senseless in [f64::NAN, f64::INFINITY] {
            assert!(!Curve::of_device(VERIFY).restored(&LearntCurve { item_ns: senseless, ..kept }).is_learnt());
        }
        let bounded = Curve::of_device(VERIFY).restored(&LearntCurve { item_ns: -1.0, fixed_ns: 1e300, ..kept });
        assert!(bounded.predict(items(1)).is_finite() && bounded.item(0.0) > 0.0);
    }
}
