//! Random walks: any order of calls keeps the books, with the CPU alone and with devices that fail.

use std::collections::HashMap;

use rand_chacha::{
    ChaCha12Rng,
    rand_core::{Rng, SeedableRng},
};

use super::*;

const WALKS: u64 = 24;
const STEPS: usize = 2_500;
const SOURCES: u64 = 12;
const LANES: [(Lane, usize); 4] = [(Lane::Express, 1), (Lane::Bulk, 2), (Lane::Device(BackendId(1)), 2), (Lane::Device(BackendId(2)), 1)];
const TASKS: [Task; 4] = [VERIFY, HINTED, DIGEST, Task::Digest(Hash::Sha256)];

/// What became of an item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Item {
    Queued,
    Running,
    Ended,
    /// Nobody wants it any more.
    Dropped,
}

/// What was accepted and is not finished, kept by the plainest means.
struct Account {
    source: SourceId,
    items: Vec<Item>,
    queued: usize,
    running: usize,
    has_begun: bool,
    is_cancelled: bool,
    submitted: Time,
}

impl Account {
    /// Moves items from one state to another.
    fn turn(&mut self, items: Range<usize>, from: Item, to: Item) {
        let count = items.len();
        for item in &mut self.items[items] {
            assert_eq!(*item, from);
            *item = to;
        }
        for (state, sign) in [(from, false), (to, true)] {
            let sum = match state {
                Item::Queued => &mut self.queued,
                Item::Running => &mut self.running,
                Item::Ended | Item::Dropped => continue,
            };
            *sum = if sign { *sum + count } else { *sum - count };
        }
    }

    const fn is_over(&self) -> bool {
        self.queued + self.running == 0
    }
}

struct Walk {
    rng: ChaCha12Rng,
    dispatcher: Dispatcher,
    accounts: HashMap<Ticket, Account>,
    jobs: Vec<(Lane, Job)>,
    /// Jobs whose items went elsewhere: their answers are still to come.
    stale: Vec<JobId>,
    /// Requests that passed the queue, with the time when they did.
    passing: Vec<(Pass, Time)>,
    now: Time,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let mut dispatcher = Dispatcher::new(limits(), SEED);
        if seed % 2 == 1 {
            for id in [1, 2] {
                dispatcher.set_backend(BackendId(id), device_limits(id == 2));
            }
        }
        let rng = ChaCha12Rng::seed_from_u64(seed);
        Self { rng, dispatcher, accounts: HashMap::new(), jobs: Vec::new(), stale: Vec::new(), passing: Vec::new(), now: Time::ZERO }
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.rng.next_u64() % bound as u64) as usize
    }

    fn step(&mut self) {
        self.now += Time::from_micros(self.rng.next_u64() % 300);
        match self.below(42) {
            0..14 => self.submit(),
            14..25 => {
                let lane = self.below(LANES.len());
                self.next(lane);
            }
            25..35 => self.finish(),
            35 | 36 => self.cancel(),
            37 => self.look_after(),
            38 => self.set_source(),
            39 | 40 => self.pass(),
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
                let account = Account {
                    source,
                    items: vec![Item::Queued; items],
                    queued: items,
                    running: 0,
                    has_begun: false,
                    is_cancelled: false,
                    submitted: self.now,
                };
                assert!(self.accounts.insert(ticket, account).is_none());
                let in_flight = self.accounts.values().map(in_flight).sum::<usize>();
                assert!(in_flight <= self.dispatcher.limits.items_in_flight_max);
            }
            Err(refusal) => assert!(items > room, "{refusal}"),
        }
    }

    /// One that passes the queue ends, or one begins.
    fn pass(&mut self) {
        if let Some((passing, began)) = self.passing.pop() {
            let invalid = [None, Some(0), Some(1)][self.below(3)];
            self.dispatcher.passed(self.now, passing, self.now - began, invalid);
        }
        let items = self.below(40);
        let task = TASKS[self.below(TASKS.len())];
        if let Some(passing) = self.dispatcher.pass(self.now, task, items, 161 * items) {
            assert!(self.accounts.is_empty() && (1..=self.dispatcher.limits.express_items_max).contains(&items));
            self.passing.push((passing, self.now));
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
        assert!(!job.parts.is_empty() && (lane != Lane::Express || job.items() <= self.dispatcher.limits.express_items_max));
        assert_eq!(job.handed.deadline.is_some(), matches!(lane, Lane::Device(_)));
        for part in &job.parts {
            let account = self.accounts.get_mut(&part.ticket).expect("the request was accepted and is not finished");
            assert!(!account.is_cancelled && !part.items.is_empty());
            account.turn(part.items.clone(), Item::Queued, Item::Running);
            account.has_begun = true;
            assert!(job.source == account.source || job.source == 0);
            assert!(job.source != 0 || !job.task.has_hints());
        }
        self.jobs.push((lane, job));
    }

    /// A lane that may work never rests: what waits then waits for its own items, or keeps to its share.
    fn check_rest(&self, lane: Lane) {
        if self.dispatcher.fleet.has_devices() {
            return;
        }
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
                .map(|part| {
                    if self.accounts.get(&part.ticket).is_some_and(|account| account.source.is_multiple_of(3)) {
                        part.items.len()
                    } else {
                        0
                    }
                })
                .collect(),
        };
        let busy = Time::from_nanos(self.rng.next_u64() % (job.items() as u64 * 20_000));
        let fails = job.handed.backend != CPU && self.below(20) == 0;
        let outcome =
            if fails { Outcome::Failed("a fault".to_owned()) } else { Outcome::Answered { invalid: invalid.clone(), audited: 0 } };
        let finished = self.dispatcher.finished(self.now, job.id, busy, outcome);
        if let Some(place) = self.stale.iter().position(|&stale| stale == job.id) {
            self.stale.swap_remove(place);
            assert_eq!(finished, Finished::Again, "its items went elsewhere");
        } else if fails {
            assert_eq!(finished, Finished::Again);
            self.void(&job);
        } else {
            let mut expected = Vec::new();
            for part in &job.parts {
                let account = self.accounts.get_mut(&part.ticket).expect("the request is not finished");
                account.turn(part.items.clone(), Item::Running, Item::Ended);
                if account.is_over() {
                    if !account.is_cancelled {
                        expected.push(part.ticket);
                    }
                    self.accounts.remove(&part.ticket);
                }
            }
            assert_eq!(finished, Finished::Counts(expected));
        }
        let again = Outcome::Answered { invalid, audited: 0 };
        assert_eq!(self.dispatcher.finished(self.now, job.id, busy, again), Finished::Again, "nothing is given back twice");
        self.hear();
    }

    /// The items of a job are queued again, but for those of cancelled requests.
    fn void(&mut self, job: &Job) {
        for part in &job.parts {
            let account = self.accounts.get_mut(&part.ticket).expect("the request is not finished");
            let to = if account.is_cancelled { Item::Dropped } else { Item::Queued };
            account.turn(part.items.clone(), Item::Running, to);
            if account.is_over() {
                self.accounts.remove(&part.ticket);
            }
        }
    }

    /// What is quarantined loses its jobs.
    fn hear(&mut self) {
        for event in self.dispatcher.events() {
            let Event::Quarantined { backend, .. } = event else { continue };
            let of = |job: &&(Lane, Job)| job.1.handed.backend == backend && !self.stale.contains(&job.1.id);
            let jobs: Vec<_> = self.jobs.iter().filter(of).map(|(_, job)| job.clone()).collect();
            for job in jobs {
                self.void(&job);
                self.stale.push(job.id);
            }
        }
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
        account.queued = 0;
        account.items.iter_mut().filter(|item| **item == Item::Queued).for_each(|item| *item = Item::Dropped);
        if account.is_over() {
            self.accounts.remove(&ticket);
        }
    }

    /// What is due is done: requests expire, late jobs go elsewhere, known answers are asked.
    fn look_after(&mut self) {
        self.now += Time::from_millis(self.rng.next_u64() % 40);
        let queue_time_max = self.dispatcher.limits.queue_time_max;
        let is_old = |account: &Account| !account.is_cancelled && !account.has_begun && account.submitted + queue_time_max <= self.now;
        let mut expected: Vec<_> = self.accounts.iter().filter(|(_, account)| is_old(account)).map(|(&ticket, _)| ticket).collect();
        expected.sort_unstable();
        let due = self.dispatcher.due(self.now);
        assert_eq!(due.expired, expected);
        for ticket in expected {
            self.drop_rest(ticket);
        }
        self.hear();
        for id in due.to_prove {
            let result = if self.below(3) == 0 { Err("wrong".to_owned()) } else { Ok(()) };
            self.dispatcher.proven(self.now, id, result);
            self.hear();
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
            load.items_queued += account.queued;
            load.items_running += account.running;
        }
        let state = self.dispatcher.state();
        let sum = |part: fn(&Load) -> usize| of_sources.values().map(part).sum::<usize>();
        assert_eq!(state.load, Load { items_queued: sum(|load| load.items_queued), items_running: sum(|load| load.items_running) });
        assert_eq!((state.requests, state.jobs), (self.accounts.len(), self.jobs.len() - self.stale.len()));
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
        for (passing, began) in std::mem::take(&mut self.passing) {
            self.dispatcher.passed(self.now, passing, self.now - began, Some(0));
        }
        while !self.dispatcher.is_idle() {
            for lane in [1, 1, 0, 2, 2, 3] {
                self.next(lane);
            }
            if self.jobs.is_empty() {
                // The CPU left something to a device, which does not come: it is asked again when that is due.
                assert!(self.dispatcher.fleet.has_devices() && self.dispatcher.next_due().is_some(), "nothing runs and nothing begins");
                self.now += Time::from_secs(2);
                self.next(1);
                assert!(!self.jobs.is_empty(), "the CPU is not patient for ever");
            }
            self.finish();
            self.check();
        }
        assert!(self.accounts.is_empty());
        for group in &self.dispatcher.groups {
            assert_eq!((group.order.len(), group.in_flight, group.queued, group.jobs), (0, 0, 0, 0));
            assert!(group.small.values().all(|&items| items == 0));
        }
        assert!(self.dispatcher.sources.values().all(|source| (source.running, source.queued) == (0, 0)));
        assert!(self.dispatcher.waiting.is_empty());
        assert_eq!(self.dispatcher.fleet.cpu().jobs, 0);
    }
}

const fn in_flight(account: &Account) -> usize {
    account.queued + account.running
}

fn device_limits(shares_cores: bool) -> BackendLimits {
    let capabilities = crate::backend::Capabilities {
        schemes: vec![Scheme::Sm2Sm3],
        recovery: false,
        hashes: vec![Hash::Sm3],
        batch_items_max: 50_000,
        batch_bytes_max: 1 << 26,
        inline_items_max: 0,
        shares_cores,
    };
    BackendLimits { capabilities, jobs_max: 2 }
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
