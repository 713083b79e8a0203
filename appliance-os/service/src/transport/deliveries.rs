//! Answers that are on their way to a client. One that is not read in time ends the connection: it holds memory that others wait for.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// The answers on their way over one connection, by their numbers, which grow with time.
#[derive(Default)]
pub struct Deliveries {
    state: Mutex<State>,
    begun: Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    since: BTreeMap<u64, Instant>,
}

/// An answer on its way; dropped, it has left or was given up.
pub struct Delivery {
    all: Arc<Deliveries>,
    number: u64,
}

impl Deliveries {
    /// Notes that an answer is on its way from now on.
    pub fn begin(self: &Arc<Self>) -> Delivery {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.since.insert(number, Instant::now());
        drop(state);
        self.begun.notify_one();
        Delivery { all: Arc::clone(self), number }
    }

    /// Returns once an answer has been on its way for that long.
    pub async fn stalled(&self, time_max: Duration) {
        loop {
            let oldest = self.state().since.values().next().copied();
            match oldest {
                None => self.begun.notified().await,
                Some(since) if since.elapsed() >= time_max => return,
                Some(since) => tokio::time::sleep_until(since + time_max).await,
            }
        }
    }

    /// The state, also after a thread panicked with it: every change of it is one step.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.all.state().since.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME_MAX: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn an_answer_that_stays_is_noticed() {
        let deliveries = Arc::new(Deliveries::default());
        let stays = tokio::spawn({
            let deliveries = Arc::clone(&deliveries);
            async move { deliveries.stalled(TIME_MAX).await }
        });
        let left = deliveries.begin();
        tokio::task::yield_now().await;
        drop(left);
        let _stays = deliveries.begin();
        stays.await.unwrap();
    }

    #[tokio::test]
    async fn answers_that_leave_are_no_stall() {
        let deliveries = Arc::new(Deliveries::default());
        drop(deliveries.begin());
        let stalled = tokio::time::timeout(3 * TIME_MAX, deliveries.stalled(TIME_MAX)).await;
        assert!(stalled.is_err());
    }
}
