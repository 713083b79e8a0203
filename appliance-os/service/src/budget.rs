//! A bounded amount of something, taken and given back: bytes of messages.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// What there is, and how much of it is taken.
#[derive(Debug)]
pub struct Budget {
    level: Mutex<Level>,
    given_back: Notify,
}

#[derive(Debug)]
struct Level {
    taken: usize,
    max: usize,
}

/// A part of a budget, given back when it is dropped.
#[derive(Debug)]
pub struct Permit {
    budget: Arc<Budget>,
    amount: usize,
}

/// More was asked for than there is in all: waiting is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeverFits {
    /// What there is in all.
    pub max: usize,
}

impl Budget {
    /// A budget of which nothing is taken.
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { level: Mutex::new(Level { taken: 0, max }), given_back: Notify::new() })
    }

    /// Changes what there is in all. What is taken above it stays so until it is given back.
    pub fn set_max(&self, max: usize) {
        self.level().max = max;
        self.given_back.notify_waiters();
    }

    /// What is taken.
    pub fn taken(&self) -> usize {
        self.level().taken
    }

    /// Takes a part, or `None` where it is not there now.
    ///
    /// # Errors
    /// [`NeverFits`].
    pub fn try_take(self: &Arc<Self>, amount: usize) -> Result<Option<Permit>, NeverFits> {
        let mut level = self.level();
        if amount > level.max {
            return Err(NeverFits { max: level.max });
        }
        let is_there = amount <= level.max.saturating_sub(level.taken);
        if is_there {
            level.taken += amount;
        }
        Ok(is_there.then(|| Permit { budget: Arc::clone(self), amount }))
    }

    /// Takes a part as soon as it is there.
    ///
    /// # Errors
    /// [`NeverFits`].
    pub async fn take(self: &Arc<Self>, amount: usize) -> Result<Permit, NeverFits> {
        loop {
            // Listens before it looks, so that nothing given back in between is missed.
            let mut given_back = pin!(self.given_back.notified());
            given_back.as_mut().enable();
            if let Some(permit) = self.try_take(amount)? {
                return Ok(permit);
            }
            given_back.await;
        }
    }

    /// The level, also after a thread panicked with it: every change of it is one step.
    fn level(&self) -> MutexGuard<'_, Level> {
        self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.budget.level().taken -= self.amount;
        self.budget.given_back.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back() {
        let budget = Budget::new(10);
        let first = budget.try_take(6).unwrap().unwrap();
        assert!(budget.try_take(5).unwrap().is_none());
        drop(first);
        assert!(budget.try_take(10).unwrap().is_some());
        assert_eq!(budget.try_take(11).unwrap_err(), NeverFits { max: 10 });
        assert_eq!(budget.taken(), 0);
    }

    #[tokio::test]
    async fn who_waits_gets_what_is_given_back() {
        let budget = Budget::new(10);
        let held = budget.try_take(10).unwrap().unwrap();
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.take(4).await.map(|permit| permit.amount) }
        });
        tokio::task::yield_now().await;
        drop(held);
        assert_eq!(waiting.await.unwrap(), Ok(4));
        assert_eq!(budget.taken(), 0);
    }

    #[tokio::test]
    async fn who_waits_learns_that_it_never_fits() {
        let budget = Budget::new(10);
        let _held = budget.try_take(10).unwrap().unwrap();
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.take(4).await.map(|permit| permit.amount) }
        });
        tokio::task::yield_now().await;
        budget.set_max(3);
        assert_eq!(waiting.await.unwrap(), Err(NeverFits { max: 3 }));
    }
}
