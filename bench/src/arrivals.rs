//! Random times of requests.

use std::time::Duration;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

/// Random times with exponentially distributed distances, counted from the start.
pub(crate) struct ArrivalTimes {
    random: ChaCha8Rng,
    per_s: f64,
    last: Duration,
}

impl ArrivalTimes {
    pub(crate) fn new(seed: u64, per_s: f64) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(seed), per_s, last: Duration::ZERO }
    }

    pub(crate) fn next(&mut self) -> Duration {
        // From 0 to 1, and never 0: the logarithm is finite.
        let uniform = (f64::from(self.random.next_u32()) + 1.0) / (f64::from(u32::MAX) + 1.0);
        self.last += Duration::from_secs_f64(-uniform.ln() / self.per_s);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_have_the_rate_and_the_spread_of_a_poisson_process() {
        let mut times = ArrivalTimes::new(1, 1_000.0);
        let mut last = Duration::ZERO;
        let distances: Vec<f64> = (0..20_000)
            .map(|_| {
                let at = times.next();
                let distance = (at - last).as_secs_f64();
                last = at;
                distance
            })
            .collect();
        let mean = distances.iter().sum::<f64>() / 20_000.0;
        let variance = distances.iter().map(|distance| (distance - mean).powi(2)).sum::<f64>() / 20_000.0;
        // The deviation of the mean is 0.7 %; that of an exponential distribution is its mean.
        assert!((0.00097..0.00103).contains(&mean), "{mean}");
        assert!((0.95..1.05).contains(&(variance.sqrt() / mean)), "{}", variance.sqrt() / mean);
    }
}
