//! Requests as those see them who wait for the answers.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use chainbox_engine::dispatch::Ticket;
use tokio::sync::oneshot;

use super::{Answer, Shared, Unanswered};

type Receiver = oneshot::Receiver<Result<Answer, Unanswered>>;

/// An accepted request. Dropped before it is answered, it says that nobody waits any more: what has not begun is not done.
#[must_use]
pub struct Pending {
    shared: Option<Arc<Shared>>,
    ticket: Option<Ticket>,
    receiver: Receiver,
}

impl Pending {
    pub(super) fn new(shared: Arc<Shared>, ticket: Ticket, receiver: Receiver) -> Self {
        Self { shared: Some(shared), ticket: Some(ticket), receiver }
    }

    /// One whose answer is there.
    pub(super) fn answered(receiver: Receiver) -> Self {
        Self { shared: None, ticket: None, receiver }
    }

    /// Blocks the thread until the answer is there.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub fn wait(self) -> Result<Answer, Unanswered> {
        let mut pending = pin!(self);
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            match pending.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(answer) => return answer,
                // It may wake for nothing: then it looks once more.
                Poll::Pending => thread::park(),
            }
        }
    }
}

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Future for Pending {
    type Output = Result<Answer, Unanswered>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = std::task::ready!(Pin::new(&mut self.receiver).poll(context));
        self.ticket = None;
        Poll::Ready(answer.unwrap_or_else(|_| Err(Unanswered::Fault("the thread that worked on it ended".to_owned()))))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let (Some(shared), Some(ticket)) = (&self.shared, self.ticket) {
            shared.cancel(ticket);
        }
    }
}
