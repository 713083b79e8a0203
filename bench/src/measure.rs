//! Interleaved samples and their medians.

use std::time::{Duration, Instant};

use chainbox_engine::backend::Fault;

use crate::Error;

/// Somebody who answers the same questions as others.
pub struct Contender<'a, A> {
    /// The name for messages.
    pub name: &'a str,
    /// One sample: answers all items.
    pub answer: &'a dyn Fn() -> Result<Vec<A>, Fault>,
}

/// The median time of each contender, over `samples` rounds in which each takes its turn, so that a change of the machine's pace hits all alike.
/// A round that is not timed comes first: it fills caches and tables.
///
/// # Errors
/// [`Error::WrongAnswer`] where a sample's answers are not `expected`, [`Error::Fault`] where it gave none.
pub fn interleaved<A: PartialEq>(samples: usize, expected: &[A], contenders: &[Contender<'_, A>]) -> Result<Vec<Duration>, Error> {
    let mut times = vec![Vec::with_capacity(samples); contenders.len()];
    for contender in contenders {
        sample(expected, contender)?;
    }
    for _ in 0..samples {
        for (contender, times) in contenders.iter().zip(&mut times) {
            times.push(sample(expected, contender)?);
        }
    }
    Ok(times.into_iter().map(median).collect())
}

/// The time of one sample, whose answers are compared once the clock has stopped.
fn sample<A: PartialEq>(expected: &[A], contender: &Contender<'_, A>) -> Result<Duration, Error> {
    let start = Instant::now();
    let answers = (contender.answer)()?;
    let time = start.elapsed();
    if answers[..] == *expected {
        return Ok(time);
    }
    let index = answers.iter().zip(expected).position(|(answer, expected)| answer != expected).unwrap_or(answers.len().min(expected.len()));
    Err(Error::WrongAnswer { contender: contender.name.to_owned(), index, items: expected.len() })
}

/// The middle time, or the mean of the two in the middle; zero of none.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    match times.len() {
        0 => Duration::ZERO,
        len if len % 2 == 1 => times[len / 2],
        len => (times[len / 2 - 1] + times[len / 2]) / 2,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn contenders_take_turns() {
        let turns = RefCell::new(String::new());
        let turn = |name| {
            turns.borrow_mut().push(name);
            Ok(vec![1])
        };
        let (ours, peer) = (|| turn('o'), || turn('p'));
        let contenders = [Contender { name: "ours", answer: &ours }, Contender { name: "peer", answer: &peer }];
        assert_eq!(interleaved(3, &[1], &contenders).unwrap().len(), 2);
        assert_eq!(turns.into_inner(), "opopopop");
    }

    #[test]
    fn a_wrong_answer_has_no_rate() {
        for (answers, place) in [(vec![1, 2, 4], 2), (vec![1, 2], 2), (vec![1, 2, 3, 4], 3)] {
            let contender = Contender { name: "liar", answer: &|| Ok(answers.clone()) };
            let error = interleaved(1, &[1, 2, 3], &[contender]).unwrap_err();
            assert!(matches!(error, Error::WrongAnswer { index, items: 3, .. } if index == place), "{error}");
        }
    }

    #[test]
    fn medians() {
        let of = |seconds: &[u64]| median(seconds.iter().copied().map(Duration::from_secs).collect());
        assert_eq!(of(&[3, 1, 2]), Duration::from_secs(2));
        assert_eq!(of(&[4, 1, 2, 9]), Duration::from_secs(3));
        assert_eq!(of(&[]), Duration::ZERO);
    }
}
