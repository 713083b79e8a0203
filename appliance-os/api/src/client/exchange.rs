//! Messages over a stream: a bounded number in flight, refusals tried again, a broken stream resumed with what was not answered.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt as _, stream};
use tokio::{
    sync::mpsc::{Sender, channel},
    time::{Instant, sleep_until, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status, Streaming};

use super::{
    Error,
    call::{Call, Calling},
    items::{Items, Part, Parts},
    shared::{Shared, at_most},
};

/// How long a stream may take to end after its last answer. Then it is given up; nothing is lost by that.
const END_TIME_MAX: Duration = Duration::from_secs(1);

/// The answers on batches, one a batch and in order. Nothing follows an error.
pub(super) fn answers<S, I>(
    shared: Arc<Shared>,
    batches: S,
) -> impl Stream<Item = Result<<I::Call as Call>::Answers, Error>> + Send + use<S, I>
where
    S: Stream<Item = I> + Send,
    I: Items,
{
    let cutter = Arc::clone(&shared);
    let parts = batches.flat_map(move |items| stream::iter(Parts::new(items, cutter.cut())));
    stream::unfold(Some(Exchange::<I::Call, _>::new(shared, Box::pin(parts))), |exchange| async {
        let mut exchange = exchange?;
        let answer = exchange.batch().await.transpose()?;
        let rest = answer.is_ok().then_some(exchange);
        Some((answer, rest))
    })
}

/// A message in flight.
struct Slot<C: Call> {
    part: Part<C::Request>,
    state: State<C::Response>,
    given: Instant,
    refusals: u32,
}

enum State<R> {
    /// To be sent.
    Ready,
    /// Sent on the stream that is open or opening.
    Sent,
    /// Refused, and to be sent again.
    Waiting(Instant),
    Answered(R),
}

/// A stream to the server and back.
enum Line<C: Call> {
    Closed,
    Opening(Sender<C::StreamRequest>, Calling<Response<Streaming<C::StreamResponse>>>),
    Open(Sender<C::StreamRequest>, Box<Streaming<C::StreamResponse>>),
}

/// What the server did.
enum News<C: Call> {
    Opened(Box<Streaming<C::StreamResponse>>),
    Answer(C::StreamResponse),
    /// It ended the stream.
    Ended,
    Failed(Status),
}

impl<C: Call> Line<C> {
    /// Waits for what the server does; for ever where there is no stream. Nothing is lost where the future is dropped.
    async fn news(&mut self) -> News<C> {
        match self {
            Self::Closed => std::future::pending().await,
            Self::Opening(_, opening) => match opening.await {
                Ok(response) => News::Opened(Box::new(response.into_inner())),
                Err(status) => News::Failed(status),
            },
            Self::Open(_, answers) => match answers.message().await {
                Ok(Some(answer)) => News::Answer(answer),
                Ok(None) => News::Ended,
                Err(status) => News::Failed(status),
            },
        }
    }

    const fn sender(&self) -> Option<&Sender<C::StreamRequest>> {
        match self {
            Self::Closed => None,
            Self::Opening(sender, _) | Self::Open(sender, _) => Some(sender),
        }
    }
}

/// What can happen while an answer is waited for.
enum Event<C: Call> {
    News(News<C>),
    Part(Option<Result<Part<C::Request>, Error>>),
    Time,
}

struct Exchange<C: Call, P> {
    shared: Arc<Shared>,
    parts: P,
    /// A part that waits until others are answered.
    next: Option<Part<C::Request>>,
    /// Whether no more parts come.
    is_over: bool,
    /// In the order of their parts; at most as many as messages may be in flight.
    slots: VecDeque<Slot<C>>,
    /// The tag of the first slot; the others count on from it.
    first_tag: u64,
    line: Line<C>,
    /// How often in a row the stream broke without an answer between.
    failures: u32,
    /// When another stream may be opened.
    open_after: Instant,
    /// Why the last stream broke or the last message was refused.
    last: Option<Error>,
    /// When the caller last got an answer. What it takes for its own work is none of the server's.
    left: Instant,
}

impl<C: Call, P: Stream<Item = Result<Part<C::Request>, Error>> + Unpin> Exchange<C, P> {
    fn new(shared: Arc<Shared>, parts: P) -> Self {
        Self {
            shared,
            parts,
            next: None,
            is_over: false,
            slots: VecDeque::new(),
            first_tag: 0,
            line: Line::Closed,
            failures: 0,
            open_after: Instant::now(),
            last: None,
            left: Instant::now(),
        }
    }

    /// The answers on the next batch; `None` where there is none.
    async fn batch(&mut self) -> Result<Option<C::Answers>, Error> {
        let mut answers = C::Answers::default();
        while let Some((part, response)) = self.answered_part().await? {
            C::append(&mut answers, &response, part.items).map_err(|error| self.shared.bad_answer(error))?;
            if part.is_last {
                return Ok(Some(answers));
            }
        }
        Ok(None)
    }

    /// The next part and the response to it; `None` where there is none.
    async fn answered_part(&mut self) -> Result<Option<(Part<C::Request>, C::Response)>, Error> {
        let away = self.left.elapsed();
        self.slots.iter_mut().for_each(|slot| slot.given += away);
        let answered = self.wait_for_answer().await;
        self.left = Instant::now();
        answered
    }

    async fn wait_for_answer(&mut self) -> Result<Option<(Part<C::Request>, C::Response)>, Error> {
        loop {
            if let Some(answered) = self.take_answered() {
                return Ok(Some(answered));
            }
            self.admit();
            if self.is_over && self.next.is_none() && self.slots.is_empty() {
                self.end().await?;
                return Ok(None);
            }
            self.send();
            let wake = self.wake();
            let takes_more = !self.is_over && self.next.is_none();
            // An answer that is there already counts, though its time has passed since.
            let event = tokio::select! {
                biased;
                news = self.line.news() => Event::News(news),
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => Event::Time,
                part = self.parts.next(), if takes_more => Event::Part(part),
            };
            match event {
                Event::News(news) => self.take_news(news)?,
                Event::Time => self.take_time(Instant::now())?,
                Event::Part(Some(part)) => self.next = Some(part?),
                Event::Part(None) => self.is_over = true,
            }
        }
    }

    fn take_answered(&mut self) -> Option<(Part<C::Request>, C::Response)> {
        if !matches!(self.slots.front()?.state, State::Answered(_)) {
            return None;
        }
        let slot = self.slots.pop_front()?;
        self.first_tag += 1;
        match slot.state {
            State::Answered(response) => Some((slot.part, response)),
            State::Ready | State::Sent | State::Waiting(_) => unreachable!("it was answered a moment ago"),
        }
    }

    /// Takes the part that waits, where it may go into flight.
    fn admit(&mut self) {
        if self.slots.len() >= self.shared.options.messages_in_flight_max.max(1) {
            return;
        }
        let items_max = at_most(usize::MAX, self.shared.limits().items_in_flight_max);
        let in_flight: usize = self.slots.iter().map(|slot| slot.part.items).sum();
        let fits = |part: &mut Part<C::Request>| in_flight == 0 || in_flight + part.items <= items_max;
        if let Some(part) = self.next.take_if(fits) {
            let is_empty = part.items == 0;
            let state = if is_empty { State::Answered(C::Response::default()) } else { State::Ready };
            self.slots.push_back(Slot { part, state, given: Instant::now(), refusals: 0 });
        }
    }

    /// Hands what is ready to the stream, and opens one where there is none.
    fn send(&mut self) {
        if !self.slots.iter().any(|slot| matches!(slot.state, State::Ready)) {
            return;
        }
        if matches!(self.line, Line::Closed) && Instant::now() >= self.open_after {
            // Room for every slot, so that sending never waits.
            let (sender, requests) = channel(self.shared.options.messages_in_flight_max.max(1));
            let opening = C::open(self.shared.client(), self.shared.request(ReceiverStream::new(requests)));
            self.line = Line::Opening(sender, opening);
        }
        let Some(sender) = self.line.sender() else { return };
        for (slot, tag) in self.slots.iter_mut().zip(self.first_tag..) {
            // Where it does not go, the stream broke, and the news of that are on their way.
            if matches!(slot.state, State::Ready) && sender.try_send(C::tagged(tag, slot.part.request.clone())).is_ok() {
                slot.state = State::Sent;
            }
        }
    }

    /// When there is something to do, though the server does nothing.
    fn wake(&self) -> Option<Instant> {
        let deadline = self.deadline();
        let opens = matches!(self.line, Line::Closed) && self.slots.iter().any(|slot| matches!(slot.state, State::Ready));
        let again = self.slots.iter().filter_map(|slot| match slot.state {
            State::Waiting(until) => Some(until),
            State::Ready | State::Sent | State::Answered(_) => None,
        });
        again.chain(deadline).chain(opens.then_some(self.open_after)).min()
    }

    /// Until when the first message that has no answer must have one.
    fn deadline(&self) -> Option<Instant> {
        let first = self.slots.iter().find(|slot| !matches!(slot.state, State::Answered(_)))?;
        Some(first.given + self.shared.options.deadline)
    }

    fn take_time(&mut self, now: Instant) -> Result<(), Error> {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            return Err(self.shared.too_late(self.last.take()));
        }
        for slot in &mut self.slots {
            if matches!(slot.state, State::Waiting(until) if until <= now) {
                slot.state = State::Ready;
            }
        }
        Ok(())
    }

    fn take_news(&mut self, news: News<C>) -> Result<(), Error> {
        match news {
            News::Opened(answers) => {
                if let Line::Opening(sender, _) = std::mem::replace(&mut self.line, Line::Closed) {
                    self.line = Line::Open(sender, answers);
                }
                Ok(())
            }
            News::Answer(answer) => self.take_answer(answer),
            News::Ended => {
                let what = "it ended the stream with requests unanswered".to_owned();
                self.take_break(Error::Broken { address: self.shared.address.clone(), what })
            }
            News::Failed(status) => self.take_break(self.shared.error(&status)),
        }
    }

    fn take_answer(&mut self, answer: C::StreamResponse) -> Result<(), Error> {
        let (tag, outcome) = C::outcome(answer);
        let place = tag.checked_sub(self.first_tag).and_then(|place| usize::try_from(place).ok());
        let slot = place.and_then(|place| self.slots.get_mut(place)).filter(|slot| matches!(slot.state, State::Sent));
        let Some(slot) = slot else {
            return Err(self.shared.bad_answer(format!("it has the tag {tag}, which no request that waits for an answer has")));
        };
        self.failures = 0;
        match outcome {
            None => Err(self.shared.bad_answer(format!("the one with the tag {tag} says nothing"))),
            Some(Ok(response)) => {
                slot.state = State::Answered(response);
                Ok(())
            }
            Some(Err(refusal)) => {
                slot.refusals += 1;
                let retries = self.shared.options.retries;
                let error = self.shared.refused(refusal);
                // On a stream the server says when, or that it is of no use.
                let hint = error.retry().filter(|hint| !hint.is_zero() && slot.refusals < retries.tries_max);
                let Some(hint) = hint else { return Err(error) };
                slot.state = State::Waiting(Instant::now() + retries.wait(slot.refusals, hint));
                self.last = Some(error);
                Ok(())
            }
        }
    }

    /// The stream broke. What was sent and not answered goes over the next one.
    fn take_break(&mut self, error: Error) -> Result<(), Error> {
        self.line = Line::Closed;
        let mut is_missed = false;
        for slot in &mut self.slots {
            if matches!(slot.state, State::Sent) {
                slot.state = State::Ready;
                is_missed = true;
            }
        }
        // Where nothing is in flight the server may do so, as when it restarts.
        if !is_missed && error.retry().is_some() {
            return Ok(());
        }
        self.failures += 1;
        let retries = self.shared.options.retries;
        let Some(hint) = error.retry().filter(|_| self.failures < retries.tries_max) else { return Err(error) };
        self.open_after = Instant::now() + retries.wait(self.failures, hint);
        self.last = Some(error);
        Ok(())
    }

    /// Ends the stream, so that the server sees an end and no reset.
    async fn end(&mut self) -> Result<(), Error> {
        let Line::Open(sender, mut answers) = std::mem::replace(&mut self.line, Line::Closed) else { return Ok(()) };
        drop(sender);
        match timeout(END_TIME_MAX, answers.message()).await {
            Ok(Ok(Some(_))) => Err(self.shared.bad_answer("it is one more than there were requests")),
            _ => Ok(()),
        }
    }
}
