//! Interleaved samples, their medians and quantiles.

use std::time::{Duration, Instant};

use chainbox_engine::backend::Fault;

use crate::Error;

/// Somebody who answers the same questions as others.
pub struct Contender<'a, A> {
    /// The name for messages.
    pub name: &'a str,
    /// One sample: answers all items of the round with this number.
    pub answer: &'a dyn Fn(usize) -> Result<Vec<A>, Fault>,
}

/// The times of a contender's samples, the shortest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Sorts the samples.
    #[must_use]
    pub fn new(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        Self(samples)
    }

    /// The number of samples.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.0.len()
    }

    /// The middle time, or the mean of the two in the middle; zero of none.
    #[must_use]
    pub fn median(&self) -> Duration {
        match self.0.len() {
            0 => Duration::ZERO,
            len if len % 2 == 1 => self.0[len / 2],
            len => (self.0[len / 2 - 1] + self.0[len / 2]) / 2,
        }
    }

    /// The least time that a share of `percent` of the samples does not exceed (nearest rank); zero of none.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }
}

/// The times of each contender over the rounds in which each takes its turn, so that a change of the machine's pace hits all alike.
/// `expected` has the answers of each round. The first round is not timed: it fills caches and tables. `after_round` may measure something
/// else at the same pace.
///
/// # Errors
/// [`Error::WrongAnswer`] where a sample's answers are not the expected ones, [`Error::Fault`] where it gave none.
pub fn interleaved<A: PartialEq>(
    expected: &[Vec<A>],
    contenders: &[Contender<'_, A>],
    mut after_round: impl FnMut(),
) -> Result<Vec<Times>, Error> {
    let mut times = vec![Vec::with_capacity(expected.len()); contenders.len()];
    for (round, expected) in expected.iter().enumerate() {
        for (contender, times) in contenders.iter().zip(&mut times) {
            let time = sample(round, expected, contender)?;
            if round > 0 {
                times.push(time);
            }
        }
        after_round();
    }
    Ok(times.into_iter().map(Times::new).collect())
}

/// The time of one sample, whose answers are compared once the clock has stopped.
fn sample<A: PartialEq>(round: usize, expected: &[A], contender: &Contender<'_, A>) -> Result<Duration, Error> {
    let start = Instant::now();
    let answers = (contender.answer)(round)?;
    let time = start.elapsed();
    if answers[..] == *expected {
        return Ok(time);
    }
    let index = answers.iter().zip(expected).position(|(answer, expected)| answer != expected).unwrap_or(answers.len().min(expected.len()));
    Err(Error::WrongAnswer { contender: contender.name.to_owned(), index, items: expected.len() })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn contenders_take_turns_and_get_the_round() {
        let turns = RefCell::new(String::new());
        let turn = |name, round: usize| {
            turns.borrow_mut().push_str(&format!("{name}{round}"));
            Ok(vec![round])
        };
        let (ours, peer) = (|round| turn('o', round), |round| turn('p', round));
        let contenders = [Contender { name: "ours", answer: &ours }, Contender { name: "peer", answer: &peer }];
        let times = interleaved(&[vec![0], vec![1], vec![2]], &contenders, || turns.borrow_mut().push(' ')).unwrap();
        assert_eq!(turns.into_inner(), "o0p0 o1p1 o2p2 ");
        assert!(times.len() == 2 && times.iter().all(|times| times.0.len() == 2), "the first round is not timed: {times:?}");
    }

    #[test]
    fn a_wrong_answer_has_no_rate() {
        for (answers, place) in [(vec![1, 2, 4], 2), (vec![1, 2], 2), (vec![1, 2, 3, 4], 3)] {
            let contender = Contender { name: "liar", answer: &|round| Ok(if round == 1 { answers.clone() } else { vec![1, 2, 3] }) };
            let error = interleaved(&[vec![1, 2, 3], vec![1, 2, 3]], &[contender], || ()).unwrap_err();
            assert!(matches!(error, Error::WrongAnswer { index, items: 3, .. } if index == place), "{error}");
        }
    }

    #[test]
    fn medians_and_percentiles() {
        let of = |seconds: &[u64]| Times::new(seconds.iter().copied().map(Duration::from_secs).collect());
        assert_eq!(of(&[3, 1, 2]).median(), Duration::from_secs(2));
        assert_eq!(of(&[4, 1, 2, 9]).median(), Duration::from_secs(3));
        assert_eq!(of(&[]).median(), Duration::ZERO);
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!([50, 99, 100].map(|percent| of(&hundred).percentile(percent).as_secs()), [50, 99, 100]);
        assert_eq!([0, 50, 99].map(|percent| of(&[7, 5]).percentile(percent).as_secs()), [5, 5, 7]);
        assert_eq!(of(&[]).percentile(99), Duration::ZERO);
    }
}
