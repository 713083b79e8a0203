//! Who waits for the answers to some transactions.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chainbox_engine::hash::Digest;
use tokio::sync::oneshot;

use crate::{pool::SourceId, refusal::Refusal, types::Place};

/// What a submitter waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// That a transaction waits in the pool for its block. It can still be refused, of which nobody is told then.
    Admitted,
    /// That it is in a block that is final and survives a crash.
    Confirmed,
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is in no block, and will be in none unless it is sent again.
    Refused(Refusal),
    /// The node stopped before it was known. Whether it is in a block is seen when the node runs again; sending it again does no harm.
    Unknown,
    /// It waits for its block.
    Admitted {
        /// Its identity.
        id: Digest,
    },
    /// It is in a block that is final and survives a crash.
    Confirmed {
        /// Its identity.
        id: Digest,
        /// Where it is.
        place: Place,
    },
}

/// The answers to some transactions that were submitted together.
pub struct Ticket {
    source: SourceId,
    wait: Wait,
    /// When they were submitted.
    since: Duration,
    answers: Mutex<Answers>,
}

struct Answers {
    list: Vec<Option<Answer>>,
    open: usize,
    /// Taken when all are answered.
    sender: Option<oneshot::Sender<Vec<Answer>>>,
}

impl Ticket {
    /// A ticket of so many transactions of a source, and where their answers come once all are there.
    pub fn new(source: SourceId, wait: Wait, since: Duration, transactions: usize) -> (Arc<Self>, oneshot::Receiver<Vec<Answer>>) {
        let (sender, receiver) = oneshot::channel();
        let answers = Answers { list: vec![None; transactions], open: transactions, sender: Some(sender) };
        let ticket = Arc::new(Self { source, wait, since, answers: Mutex::new(answers) });
        if transactions == 0 {
            ticket.answers.lock().unwrap_or_else(PoisonError::into_inner).send();
        }
        (ticket, receiver)
    }

    /// Whose the transactions are.
    pub const fn source(&self) -> SourceId {
        self.source
    }

    /// When the transactions were submitted.
    pub const fn since(&self) -> Duration {
        self.since
    }

    /// Answers one transaction; only the first answer counts.
    pub fn answer(&self, index: u32, answer: Answer) {
        if matches!(answer, Answer::Admitted { .. }) && self.wait == Wait::Confirmed {
            return;
        }
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let Answers { list, open, .. } = &mut *answers;
        if let Some(place @ None) = list.get_mut(index as usize) {
            *place = Some(answer);
            *open -= 1;
        }
        if answers.open == 0 {
            answers.send();
        }
    }
}

impl Answers {
    fn send(&mut self) {
        if let Some(sender) = self.sender.take() {
            let answers = std::mem::take(&mut self.list).into_iter().map(|answer| answer.unwrap_or(Answer::Unknown));
            // Who no longer waits does not need it.
            let _ = sender.send(answers.collect());
        }
    }
}

/// Nobody is left who could answer: what is not answered never will be.
impl Drop for Answers {
    fn drop(&mut self) {
        self.send();
    }
}

/// Who waits for one transaction.
#[derive(Clone)]
pub struct Waiter {
    /// The answers it is among.
    pub ticket: Arc<Ticket>,
    /// Its index among them.
    pub index: u32,
    /// The keyed digest of its bytes, by which they are remembered.
    pub seen: u64,
}

impl Waiter {
    /// Answers it.
    pub fn answer(&self, answer: Answer) {
        self.ticket.answer(self.index, answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: Answer = Answer::Refused(Refusal::Duplicate);
    const ADMITTED: Answer = Answer::Admitted { id: [1; 32] };

    #[test]
    fn all_are_answered_once_and_together() {
        let (ticket, mut answers) = Ticket::new(1, Wait::Admitted, Duration::ZERO, 2);
        ticket.answer(1, REFUSED);
        ticket.answer(1, ADMITTED);
        assert!(answers.try_recv().is_err());
        ticket.answer(0, ADMITTED);
        assert_eq!(answers.try_recv(), Ok(vec![ADMITTED, REFUSED]));
    }

    #[test]
    fn what_nobody_can_answer_any_more_is_not_known() {
        let (ticket, mut answers) = Ticket::new(1, Wait::Admitted, Duration::ZERO, 2);
        ticket.answer(0, ADMITTED);
        drop(ticket);
        assert_eq!(answers.try_recv(), Ok(vec![ADMITTED, Answer::Unknown]));
    }

    #[test]
    fn who_waits_for_a_block_is_not_content_with_the_pool() {
        let (ticket, mut answers) = Ticket::new(1, Wait::Confirmed, Duration::ZERO, 1);
        ticket.answer(0, ADMITTED);
        assert!(answers.try_recv().is_err());
        let confirmed = Answer::Confirmed { id: [1; 32], place: Place { height: 1, index: 0 } };
        ticket.answer(0, confirmed);
        assert_eq!(answers.try_recv(), Ok(vec![confirmed]));
        assert_eq!(Ticket::new(1, Wait::Confirmed, Duration::ZERO, 0).1.try_recv(), Ok(Vec::new()));
    }
}
