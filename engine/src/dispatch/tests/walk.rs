//! Random walks: any order of calls keeps the books.

use std::collections::HashMap;

use rand_chacha::{
    ChaCha12Rng,
    rand_core::{Rng, SeedableRng},
};

use super::*;

const WALKS: u64 = 24;
const STEPS: usize = 2_500;
const SOURCES: u64 = 12;
const LANES: [(Lane, usize); 2] = [(Lane::Express, 1), (Lane::Bulk, 2)];
const TASKS: [Task; 4] = [VERIFY, HINTED, DIGEST, Task::Digest(Hash::Sha256)];

/// What was accepted and is not finished, kept by the plainest means.
struct Account {
    source: SourceId,
    items: usize,
    begun: usize,
    ended: usize,
    is_cancelled: bool,
    submitted: Time,
}

struct Walk {
    rng: ChaCha12Rng,
    dispatcher: Dispatcher,
    accounts: HashMap<Ticket, Account>,
    jobs: Vec<(Lane, Job)>,
    now: Time,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let dispatcher = Dispatcher::new(limits(), SEED);
        Self { rng: ChaCha12Rng::seed_from_u64(seed), dispatcher, accounts: HashMap::new(), jobs: Vec::new(), now: Time::ZERO }
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.rng.next_u64() % bound as u64) as usize
    }

    fn step(&mut self) {
        self.now += Time::from_micros(self.rng.next_u64() % 300);
        match self.below(40) {
            0..14 => self.submit(),
            14..25 => {
                let lane = self.below(LANES.len());
                self.next(lane);
            }
            25..35 => self.finish(),
            35 | 36 => self.cancel(),
            37 => self.expire(),
            38 => self.set_source(),
            _ => self.set_limits(),
        }
        self.check();
    }

    fn submit(&mut self) {
        let source = 1 + self.below(SOURCES as usize) as u64;
        let items = 1 + match self.below(8) {
            0..4 => 0,
            4..6 => self.below(30),
            6 => self.below(3_000),
            _ => self.below(40_000),
        };
        let task = TASKS[self.below(TASKS.len())];
        let room = self.dispatcher.room(source);
        match self.dispatcher.submit(self.now, request(source, task, items)) {
            Ok(ticket) => {
                assert!(items <= room);
                let account = Account { source, items, begun: 0, ended: 0, is_cancelled: false, submitted: self.now };
                assert!(self.accounts.insert(ticket, account).is_none());
                let in_flight = self.accounts.values().map(in_flight).sum::<usize>();
                assert!(in_flight <= self.dispatcher.limits.items_in_flight_max);
            }
            Err(refusal) => assert!(items > room, "{refusal}"),
        }
    }

    fn next(&mut self, lane: usize) {
        let (lane, threads) = LANES[lane];
        if self.jobs.iter().filter(|(of, _)| *of == lane).count() == threads {
            return;
        }
        let had_work = self.dispatcher.has_work(self.now, lane);
        let job = self.dispatcher.next(self.now, lane);
        assert_eq!(job.is_some(), had_work);
        let Some(job) = job else {
            self.check_rest(lane);
            return;
        };
        assert!(!job.parts.is_empty() && (lane == Lane::Bulk || job.items() <= self.dispatcher.limits.express_items_max));
        for part in &job.parts {
            let account = self.accounts.get_mut(&part.ticket).expect("the request was accepted and is not finished");
            assert!(!account.is_cancelled && !part.items.is_empty());
            assert_eq!(part.items.start, account.begun, "items go in order, each once");
            account.begun = part.items.end;
            assert!(account.begun <= account.items);
            assert!(job.source == account.source || job.source == 0);
            assert!(job.source != 0 || !job.task.has_hints());
        }
        self.jobs.push((lane, job));
    }

    /// A lane that may work never rests: what waits then waits for its own items, or keeps to its share.
    fn check_rest(&self, lane: Lane) {
        let in_flight = |standing| self.dispatcher.groups[standing as usize].in_flight > 0;
        let waits = |standing: Standing| self.dispatcher.groups[standing as usize].order.len() > 0;
        if lane == Lane::Bulk {
            assert!(!waits(Standing::Proven));
            assert!(!waits(Standing::Newcomer) || in_flight(Standing::Proven));
            let honest = in_flight(Standing::Proven) || in_flight(Standing::Newcomer);
            assert!(!waits(Standing::Suspect) || honest || self.dispatcher.groups[Standing::Suspect as usize].jobs > 0);
        }
        if self.jobs.is_empty() && lane == Lane::Bulk {
            assert_eq!(self.dispatcher.load.items_queued, 0, "nothing runs and nothing begins");
        }
    }

    fn finish(&mut self) {
        if self.jobs.is_empty() {
            return;
        }
        let (_, job) = self.jobs.swap_remove(self.rng.next_u64() as usize % self.jobs.len());
        let invalid: Vec<_> = match self.below(10) {
            0 => Vec::new(),
            _ => job
                .parts
                .iter()
                .map(|part| if self.accounts[&part.ticket].source.is_multiple_of(3) { part.items.len() } else { 0 })
                .collect(),
        };
        let busy = Time::from_nanos(self.rng.next_u64() % (job.items() as u64 * 20_000));
        let finished = answered(&mut self.dispatcher, self.now, job.id, busy, &invalid);
        let mut expected = Vec::new();
        for part in &job.parts {
            let account = self.accounts.get_mut(&part.ticket).expect("the request is not finished");
            account.ended += part.items.len();
            if account.ended == account.items {
                if !account.is_cancelled {
                    expected.push(part.ticket);
                }
                self.accounts.remove(&part.ticket);
            }
        }
        assert_eq!(finished, expected);
        assert_eq!(answered(&mut self.dispatcher, self.now, job.id, busy, &invalid), []);
    }

    fn cancel(&mut self) {
        let mut tickets: Vec<_> = self.accounts.keys().copied().collect();
        tickets.sort_unstable();
        if let Some(&ticket) = tickets.get(self.rng.next_u64() as usize % tickets.len().max(1)) {
            self.dispatcher.cancel(ticket);
            self.drop_rest(ticket);
        }
    }

    /// What has not begun counts no longer.
    fn drop_rest(&mut self, ticket: Ticket) {
        let account = self.accounts.get_mut(&ticket).expect("the request is not finished");
        account.is_cancelled = true;
        account.items = account.begun;
        if account.ended == account.items {
            self.accounts.remove(&ticket);
        }
    }

    fn expire(&mut self) {
        self.now += Time::from_millis(self.rng.next_u64() % 40);
        let queue_time_max = self.dispatcher.limits.queue_time_max;
        let is_old = |account: &Account| !account.is_cancelled && account.begun == 0 && account.submitted + queue_time_max <= self.now;
        let mut expected: Vec<_> = self.accounts.iter().filter(|(_, account)| is_old(account)).map(|(&ticket, _)| ticket).collect();
        expected.sort_unstable();
        assert_eq!(self.dispatcher.due(self.now).expired, expected);
        for ticket in expected {
            self.drop_rest(ticket);
        }
        assert!(self.dispatcher.next_due().is_none_or(|expiry| expiry > self.now));
    }

    fn set_source(&mut self) {
        let source = 1 + self.below(SOURCES as usize) as u64;
        if self.below(3) == 0 {
            self.dispatcher.forget_source(source);
        } else {
            let items_in_flight_max = 1 << (8 + self.below(10));
            let limits = SourceLimits { weight: self.below(300) as u32, items_in_flight_max, is_named: self.below(2) == 0 };
            self.dispatcher.set_source(source, limits);
        }
    }

    fn set_limits(&mut self) {
        let limits = Limits {
            items_in_flight_max: 1 << (12 + self.below(6)),
            queue_time_max: Time::from_millis(self.rng.next_u64() % 500),
            gather_time_max: Time::from_micros(self.rng.next_u64() % 2_000),
            express_items_max: 1 + self.below(40),
            cores: 1 + self.below(4),
        };
        self.dispatcher.set_limits(limits);
    }

    /// The queue's books are those of the walk.
    fn check(&self) {
        let mut of_sources: HashMap<SourceId, Load> = HashMap::new();
        for account in self.accounts.values() {
            let load = of_sources.entry(account.source).or_default();
            load.items_queued += account.items - account.begun;
            load.items_running += account.begun - account.ended;
        }
        let state = self.dispatcher.state();
        let sum = |part: fn(&Load) -> usize| of_sources.values().map(part).sum::<usize>();
        assert_eq!(state.load, Load { items_queued: sum(|load| load.items_queued), items_running: sum(|load| load.items_running) });
        assert_eq!((state.requests, state.jobs), (self.accounts.len(), self.jobs.len()));
        for (source, state) in self.dispatcher.sources() {
            assert_eq!(state.load, of_sources.remove(&source).unwrap_or_default());
        }
        assert!(of_sources.is_empty());
        let in_groups: usize = self.dispatcher.groups.iter().map(|group| group.in_flight).sum();
        assert_eq!(in_groups, state.load.items_queued + state.load.items_running);
        assert!(self.dispatcher.groups[Standing::Suspect as usize].jobs <= 1);
    }

    /// Whatever is left is done, if lanes do nothing but work.
    fn drain(&mut self) {
        while !self.dispatcher.is_idle() {
            for lane in [1, 1, 0] {
                self.next(lane);
            }
            assert!(!self.jobs.is_empty(), "nothing runs and nothing begins");
            self.finish();
            self.check();
        }
        assert!(self.accounts.is_empty());
        for group in &self.dispatcher.groups {
            assert_eq!((group.order.len(), group.in_flight, group.queued, group.jobs), (0, 0, 0, 0));
        }
        assert!(self.dispatcher.sources.values().all(|source| (source.running, source.queued) == (0, 0)));
        assert!(self.dispatcher.waiting.is_empty());
    }
}

const fn in_flight(account: &Account) -> usize {
    account.items - account.ended
}

#[test]
fn any_order_of_calls_keeps_the_books() {
    for seed in 0..WALKS {
        println!("walk {seed}");
        let mut walk = Walk::new(seed);
        for _ in 0..STEPS {
            walk.step();
        }
        walk.drain();
    }
}
