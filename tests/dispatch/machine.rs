//! The box: threads that receive and answer, lanes that verify, and the cores that all of them share.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use chainbox_engine::dispatch::{Dispatcher, Finished, Job, Lane, Limits, Outcome, Refusal, Request, SourceId, Ticket, Time};
use chainbox_tests::seed::{Random, seed};

use super::{
    client::{Client, Pace, exponential, forged},
    measured,
};

/// Threads that receive and answer.
const NETWORK_THREADS: usize = 2;

/// The lanes' threads.
const LANES: [Lane; 3] = [Lane::Express, Lane::Bulk, Lane::Bulk];

/// More events than any run has: a run that does not end is a failure.
const EVENTS_MAX: usize = 20_000_000;

/// A request on its way.
#[derive(Clone, Copy)]
struct Call {
    client: usize,
    source: SourceId,
    sent: Time,
    forged_per_mille: usize,
}

/// An accepted request.
struct Accepted {
    call: Call,
    admitted: Time,
    has_begun: bool,
}

/// What a network thread does.
enum Message {
    Receive(Call),
    /// An answer to a call, if anybody counts it.
    Answer(Call, usize),
}

/// Something that needs cores.
struct Work {
    /// Nanoseconds of a core that are left.
    left: f64,
    what: What,
}

enum What {
    Network(Message),
    Verify { lane: usize, job: Job, began: Time, invalid: Vec<usize>, is_alone: bool },
}

/// The whole box with its clients.
pub struct Machine {
    pub clients: Vec<Client>,
    pub dispatcher: Dispatcher,
    limits: Limits,
    random: Random,
    now: Time,
    warm_up: Time,
    end: Time,
    /// When clients send, by time.
    sending: BinaryHeap<Reverse<(Time, usize)>>,
    network: VecDeque<Message>,
    working: Vec<Work>,
    accepted: HashMap<Ticket, Accepted>,
    /// Sources that forged hinted items: the engine combines theirs no longer.
    spoilers: HashSet<SourceId>,
    sources: SourceId,
    answered: usize,
    accepted_total: usize,
}

impl Machine {
    pub fn new(limits: Limits, clients: Vec<Client>) -> Self {
        let mut machine = Self {
            clients,
            dispatcher: Dispatcher::new(limits, [0; 32]),
            limits,
            random: Random::new(seed(), 0),
            now: Time::ZERO,
            warm_up: Time::ZERO,
            end: Time::ZERO,
            sending: BinaryHeap::new(),
            network: VecDeque::new(),
            working: Vec::new(),
            accepted: HashMap::new(),
            spoilers: HashSet::new(),
            sources: 0,
            answered: 0,
            accepted_total: 0,
        };
        for client in 0..machine.clients.len() {
            machine.connect(client);
            let (requests, gap) = match machine.clients[client].pace {
                Pace::Closed { in_flight } => (in_flight, Duration::from_millis(1)),
                Pace::Open { gap } => (1, gap),
            };
            for _ in 0..requests {
                let first = machine.clients[client].begins + exponential(&mut machine.random, gap);
                machine.sending.push(Reverse((first, client)));
            }
        }
        machine
    }

    /// Runs until nobody sends and everything accepted is answered; counts what is answered between the two times.
    pub fn run(&mut self, warm_up: Time, end: Time) {
        (self.warm_up, self.end) = (warm_up, end);
        for _ in 0..EVENTS_MAX {
            self.start_work();
            let Some(next) = self.next_event() else {
                assert!(self.accepted.is_empty() && self.dispatcher.is_idle(), "something accepted was never answered");
                assert_eq!(self.answered, self.accepted_total, "one answer for each accepted request");
                return;
            };
            self.pass(next);
            self.complete();
            while let Some(&Reverse((time, client))) = self.sending.peek()
                && time <= self.now
            {
                self.sending.pop();
                self.send(client);
            }
            for ticket in self.dispatcher.due(self.now).expired {
                self.answer(ticket, false);
            }
        }
        panic!("the run does not end");
    }

    /// Items a second that a client had answered.
    pub fn rate(&self, client: usize) -> f64 {
        self.clients[client].counts.answered_items as f64 / (self.end - self.warm_up).as_secs_f64()
    }

    fn connect(&mut self, client: usize) {
        self.sources += 1;
        let client = &mut self.clients[client];
        (client.source, client.sent) = (self.sources, 0);
        self.dispatcher.set_source(client.source, client.limits);
    }

    fn next_event(&self) -> Option<Time> {
        let completion = self.working.iter().map(|work| self.now + Duration::from_nanos((work.left / self.rate_of(work)).ceil() as u64));
        let sending = self.sending.peek().map(|&Reverse((time, _))| time);
        completion.chain(sending).chain(self.dispatcher.next_due()).min().map(|time| time.max(self.now))
    }

    /// The part of a core that a thread has, times the threads that work on it.
    fn rate_of(&self, work: &Work) -> f64 {
        let cores = measured::CORES as f64;
        let is_spread = |work: &&Work| matches!(work.what, What::Verify { is_alone: false, .. });
        let spread = self.working.iter().filter(is_spread).count();
        let threads = (self.working.len() - spread) as f64 + if spread > 0 { cores } else { 0.0 };
        let of_thread = (cores / threads).min(1.0);
        if is_spread(&work) { of_thread * cores / spread as f64 } else { of_thread }
    }

    fn pass(&mut self, to: Time) {
        let passed = (to - self.now).as_nanos() as f64;
        let rates: Vec<_> = self.working.iter().map(|work| self.rate_of(work)).collect();
        for (work, rate) in self.working.iter_mut().zip(rates) {
            work.left -= passed * rate;
        }
        self.now = to;
    }

    /// Gives idle network threads and lanes something to do.
    fn start_work(&mut self) {
        while self.working.iter().filter(|work| matches!(work.what, What::Network(_))).count() < NETWORK_THREADS
            && let Some(message) = self.network.pop_front()
        {
            let left = self.network_cost(&message);
            self.working.push(Work { left, what: What::Network(message) });
        }
        for (lane, kind) in LANES.into_iter().enumerate() {
            let is_idle = !self.working.iter().any(|work| matches!(work.what, What::Verify { lane: of, .. } if of == lane));
            if is_idle && self.dispatcher.has_work(self.now, kind) {
                let job = self.dispatcher.next(self.now, kind).expect("there is work for this lane");
                let work = self.verify(lane, job);
                self.working.push(work);
            }
        }
    }

    fn network_cost(&self, message: &Message) -> f64 {
        match message {
            Message::Receive(call) if self.dispatcher.room(call.source) == 0 => measured::REFUSE,
            Message::Receive(call) => {
                let bytes = self.clients[call.client].items * measured::ITEM_BYTES;
                let call = if self.clients[call.client].streams { measured::RECEIVE_STREAMED } else { measured::RECEIVE };
                call + measured::RECEIVE_BYTE * bytes as f64
            }
            Message::Answer(call, items) => {
                let call = if self.clients[call.client].streams { measured::ANSWER_STREAMED } else { measured::ANSWER };
                call + measured::ANSWER_ITEM * *items as f64
            }
        }
    }

    /// What a job costs, and which of its items are forged.
    fn verify(&mut self, lane: usize, job: Job) -> Work {
        let mut invalid = Vec::new();
        for part in &job.parts {
            let accepted = self.accepted.get_mut(&part.ticket).expect("the request is accepted and not answered");
            if !accepted.has_begun && self.now >= self.warm_up {
                self.clients[accepted.call.client].counts.waits.push(self.now - accepted.admitted);
            }
            accepted.has_begun = true;
            if self.now >= self.warm_up {
                self.clients[accepted.call.client].counts.verified_items += part.items.len();
            }
            invalid.push(forged(&mut self.random, part.items.len(), accepted.call.forged_per_mille));
        }
        let items = job.items();
        let is_spoilt = invalid.iter().any(|&count| count > 0);
        let item = match (job.task.has_hints(), is_spoilt) {
            (false, _) => measured::ITEM,
            (true, _) if self.spoilers.contains(&job.source) => measured::SPOILT_ITEM,
            (true, true) => measured::HINTED_ITEM + measured::SPOILT_ITEM,
            (true, false) => measured::HINTED_ITEM,
        };
        if job.task.has_hints() && is_spoilt {
            self.spoilers.insert(job.source);
        }
        let [least, most] = measured::NOISE;
        let noise = least + (most - least) * self.random.below(1 << 20) as f64 / f64::from(1 << 20);
        let is_alone = items <= self.limits.express_items_max;
        let left = noise * (measured::BATCH + item * items as f64);
        Work { left, what: What::Verify { lane, job, began: self.now, invalid, is_alone } }
    }

    /// Ends what has nothing left to do.
    fn complete(&mut self) {
        let (done, working) = std::mem::take(&mut self.working).into_iter().partition(|work| work.left < 1.0);
        self.working = working;
        for work in Vec::from_iter::<Vec<Work>>(done) {
            match work.what {
                What::Network(Message::Receive(call)) => self.admit(call),
                What::Network(Message::Answer(call, items)) => self.count(call, items),
                What::Verify { job, began, invalid, .. } => {
                    let outcome = Outcome::Answered { invalid, audited: 0 };
                    let Finished::Counts(tickets) = self.dispatcher.finished(self.now, job.id, self.now - began, outcome) else {
                        panic!("the CPU always answers");
                    };
                    for ticket in tickets {
                        self.answer(ticket, true);
                    }
                }
            }
        }
    }

    fn send(&mut self, index: usize) {
        if self.now >= self.end {
            return;
        }
        if self.clients[index].life.is_some_and(|life| self.clients[index].sent >= life) {
            self.dispatcher.forget_source(self.clients[index].source);
            self.connect(index);
        }
        let client = &mut self.clients[index];
        let forged_per_mille = client.next_forged_per_mille();
        client.sent += 1;
        self.network.push_back(Message::Receive(Call { client: index, source: client.source, sent: self.now, forged_per_mille }));
        if let Pace::Open { gap } = client.pace {
            let next = self.now + exponential(&mut self.random, gap);
            self.sending.push(Reverse((next, index)));
        }
    }

    fn admit(&mut self, call: Call) {
        let client = &self.clients[call.client];
        let request = Request { source: call.source, task: client.task, items: client.items, bytes: client.items * measured::ITEM_BYTES };
        match self.dispatcher.submit(self.now, request) {
            Ok(ticket) => {
                self.accepted_total += 1;
                self.accepted.insert(ticket, Accepted { call, admitted: self.now, has_begun: false });
            }
            Err(refusal) => self.refuse(call, refusal),
        }
    }

    /// A client that keeps to its pace tries again when it is told to; the others do as they please.
    fn refuse(&mut self, call: Call, refusal: Refusal) {
        let retry_after = refusal.retry_after().expect("no request is too large for ever");
        if self.now >= self.warm_up {
            self.clients[call.client].counts.refused += 1;
        }
        if let Pace::Closed { .. } = self.clients[call.client].pace {
            self.sending.push(Reverse((self.now + retry_after, call.client)));
        }
    }

    fn answer(&mut self, ticket: Ticket, is_verified: bool) {
        let accepted = self.accepted.remove(&ticket).expect("a request is answered once");
        self.answered += 1;
        let client = &mut self.clients[accepted.call.client];
        if !is_verified {
            client.counts.expired += 1;
        }
        let items = if is_verified { client.items } else { 0 };
        self.network.push_back(Message::Answer(accepted.call, items));
    }

    fn count(&mut self, call: Call, items: usize) {
        let client = &mut self.clients[call.client];
        if (self.warm_up..self.end).contains(&self.now) {
            client.counts.answered_items += items;
            client.counts.latencies.push(self.now - call.sent);
        }
        if let Pace::Closed { .. } = client.pace {
            self.sending.push(Reverse((self.now, call.client)));
        }
    }
}
