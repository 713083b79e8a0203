//! Several back ends in virtual time: the CPU, and devices that are slow, drift, hang, die and lie.
//!
//! The runtime around the queue is as plain as can be, but does all that the real one does: lanes for each back end, canaries, audits, answers that
//! come late. An item is a number, and whether it is valid is a function of the number.

mod device;
mod faults;
mod flips;
mod throughput;
mod truth;

use std::{collections::HashMap, time::Duration};

use chainbox_engine::dispatch::{
    BackendId, BackendLimits, Dispatcher, Event, Finished, Job, Lane, Limits, Outcome, Request, SourceId, SourceLimits, Ticket, Time,
};
use chainbox_tests::seed::Random;

use super::VERIFY;
use device::{Answer, Device};
use truth::Truth;

const SOURCE: SourceId = 1;
const ITEM_BYTES: usize = 161;

/// The lanes of the CPU.
const CPU_LANES: [Lane; 3] = [Lane::Express, Lane::Bulk, Lane::Bulk];

/// More rounds than any step of a run needs: one that does not end is a failure.
const ROUNDS_MAX: usize = 10_000_000;

/// A job of the CPU, whose jobs share the one core.
struct OnCpu {
    lane: usize,
    left: f64,
    job: Job,
    began: Time,
}

/// A request that is not answered.
struct Asked {
    first: u64,
    verdicts: Vec<Option<bool>>,
    missing: usize,
}

/// What came of all items.
#[derive(Default, Debug)]
struct Tally {
    answered: usize,
    wrongly_valid: usize,
    wrongly_invalid: usize,
    /// Jobs whose answers were dropped.
    dropped: usize,
}

/// The box.
struct Fleet {
    dispatcher: Dispatcher,
    now: Time,
    random: Random,
    cpu: Truth,
    on_cpu: Vec<OnCpu>,
    devices: Vec<Device>,
    asked: HashMap<Ticket, Asked>,
    items: u64,
    invalid_per_million: u64,
    tally: Tally,
    events: Vec<(Time, Event)>,
}

impl Fleet {
    fn new(mut random: Random, cpu: Truth, devices: Vec<Device>) -> Self {
        let limits = Limits { items_in_flight_max: 1 << 22, queue_time_max: Duration::from_secs(10_000), cores: 1, ..Limits::default() };
        let mut dispatcher = Dispatcher::new(limits, random.bytes32());
        dispatcher.set_source(SOURCE, SourceLimits { items_in_flight_max: 1 << 22, is_named: true, ..SourceLimits::default() });
        for (index, device) in devices.iter().enumerate() {
            let limits = BackendLimits { capabilities: device.capabilities(), jobs_max: device.jobs_max };
            dispatcher.set_backend(id_of(index), limits);
        }
        Self {
            dispatcher,
            now: Time::ZERO,
            random,
            cpu,
            on_cpu: Vec::new(),
            devices,
            asked: HashMap::new(),
            items: 0,
            invalid_per_million: 0,
            tally: Tally::default(),
            events: Vec::new(),
        }
    }

    fn submit(&mut self, items: usize) {
        let request = Request { source: SOURCE, task: VERIFY, items, bytes: items * ITEM_BYTES };
        let ticket = self.dispatcher.submit(self.now, request).expect("there is room");
        self.asked.insert(ticket, Asked { first: self.items, verdicts: vec![None; items], missing: items });
        self.items += items as u64;
    }

    /// Runs until so few requests are unanswered.
    fn run_until(&mut self, requests: usize) {
        for _ in 0..ROUNDS_MAX {
            self.ask_lanes();
            if self.asked.len() <= requests {
                return;
            }
            let next = self.next_event().expect("something accepted is never answered");
            self.pass(next);
            self.complete();
            self.look_after_devices();
        }
        panic!("the run does not end");
    }

    /// Known answers, and what is late.
    fn look_after_devices(&mut self) {
        if self.dispatcher.next_due().is_some_and(|due| due <= self.now) {
            for id in self.dispatcher.due(self.now).to_prove {
                let result = self.devices[index_of(id)].prove();
                self.dispatcher.proven(self.now, id, result);
            }
        }
        let now = self.now;
        self.events.extend(self.dispatcher.events().into_iter().map(|event| (now, event)));
    }

    /// Asks all lanes that are free until none has anything to do.
    fn ask_lanes(&mut self) {
        loop {
            let mut began = false;
            for (lane, kind) in CPU_LANES.into_iter().enumerate() {
                if !self.on_cpu.iter().any(|work| work.lane == lane)
                    && let Some(job) = self.dispatcher.next(self.now, kind)
                {
                    let left = self.cpu.noisy_job(self.now, job.items(), &mut self.random);
                    self.on_cpu.push(OnCpu { lane, left, job, began: self.now });
                    began = true;
                }
            }
            for index in 0..self.devices.len() {
                if self.devices[index].has_room()
                    && let Some(job) = self.dispatcher.next(self.now, Lane::Device(id_of(index)))
                {
                    self.devices[index].begin(self.now, job, &mut self.random);
                    began = true;
                }
            }
            if !began {
                return;
            }
        }
    }

    fn next_event(&self) -> Option<Time> {
        let sharing = self.on_cpu.len() as f64;
        let on_cpu = self.on_cpu.iter().map(|work| self.now + Duration::from_nanos((work.left * sharing).ceil() as u64));
        let on_devices = self.devices.iter().filter_map(Device::next_end);
        on_cpu.chain(on_devices).chain(self.dispatcher.next_due()).min().map(|time| time.max(self.now))
    }

    fn pass(&mut self, to: Time) {
        let passed = (to - self.now).as_nanos() as f64 / self.on_cpu.len() as f64;
        for work in &mut self.on_cpu {
            work.left -= passed;
        }
        self.now = to;
    }

    fn complete(&mut self) {
        let (done, on_cpu) = std::mem::take(&mut self.on_cpu).into_iter().partition(|work| work.left < 1.0);
        self.on_cpu = on_cpu;
        for OnCpu { job, began, .. } in Vec::<OnCpu>::from_iter(done) {
            let answers = self.numbers(&job).map(|item| self.is_valid(item)).collect();
            self.finish(job, began, Answer::Verdicts(answers));
        }
        for index in 0..self.devices.len() {
            while let Some((began, job, fault)) = self.devices[index].end(self.now) {
                let answer = self.answer_of_device(&job, fault);
                self.finish(job, began, answer);
            }
        }
    }

    /// The numbers of the items of a job.
    fn numbers<'a>(&'a self, job: &'a Job) -> impl Iterator<Item = Option<u64>> + 'a {
        job.parts.iter().flat_map(|part| {
            let first = self.asked.get(&part.ticket).map(|asked| asked.first);
            part.items.clone().map(move |item| first.map(|first| first + item as u64))
        })
    }

    /// Whether an item is valid: one whose request is answered already is of no interest.
    fn is_valid(&self, item: Option<u64>) -> bool {
        item.is_none_or(|item| {
            // splitmix64
            let mut mixed = (item + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)) % 1_000_000 >= self.invalid_per_million
        })
    }

    /// What the device says of the batch with all canaries in it, after the checks.
    fn answer_of_device(&mut self, job: &Job, fault: Option<device::Fault>) -> Answer {
        let truths: Vec<_> = self.numbers(job).map(|item| self.is_valid(item)).collect();
        let checks = &job.handed.checks;
        let mut batch = Vec::with_capacity(truths.len() + checks.canaries.len());
        let mut items = truths.iter().copied();
        for canary in &checks.canaries {
            batch.extend(items.by_ref().take(canary.place - batch.len()));
            batch.push(canary.which % 2 == 0);
        }
        batch.extend(items);
        let expected = batch.len();
        let answers = match fault {
            None => batch,
            Some(fault) => match fault.answers(batch, &mut self.random) {
                Some(answers) => answers,
                None => return Answer::None("the device was lost".to_owned()),
            },
        };
        if answers.len() != expected {
            return Answer::None(format!("{} answers to {expected} items", answers.len()));
        }
        device::check(&answers, &truths, checks)
    }

    fn finish(&mut self, job: Job, began: Time, answer: Answer) {
        let (outcome, answers) = match answer {
            Answer::None(reason) => (Outcome::Failed(reason), Vec::new()),
            Answer::Verdicts(answers) => (Outcome::Answered { invalid: invalid_by_part(&job, &answers), audited: 0 }, answers),
            Answer::Audited(answers, audited) => (Outcome::Answered { invalid: invalid_by_part(&job, &answers), audited }, answers),
        };
        let tickets = match self.dispatcher.finished(self.now, job.id, self.now - began, outcome) {
            Finished::Counts(tickets) => tickets,
            Finished::Again => {
                self.tally.dropped += 1;
                return;
            }
            Finished::Lost(_) => panic!("the CPU always answers"),
        };
        let truths: Vec<_> = self.numbers(&job).map(|item| self.is_valid(item)).collect();
        let mut answers = answers.into_iter().zip(truths);
        for part in &job.parts {
            let asked = self.asked.get_mut(&part.ticket).expect("a request is answered once");
            for item in part.items.clone() {
                let (answer, truth) = answers.next().expect("an answer an item");
                assert!(asked.verdicts[item].replace(answer).is_none(), "an item is answered once");
                asked.missing -= 1;
                self.tally.answered += 1;
                self.tally.wrongly_valid += usize::from(answer && !truth);
                self.tally.wrongly_invalid += usize::from(!answer && truth);
            }
        }
        for ticket in tickets {
            let asked = self.asked.remove(&ticket).expect("a request is answered once");
            assert_eq!(asked.missing, 0, "no item is lost");
        }
    }
}

fn invalid_by_part(job: &Job, answers: &[bool]) -> Vec<usize> {
    let mut from = 0;
    let count = |part: &chainbox_engine::dispatch::Part| {
        let range = from..from + part.items.len();
        from = range.end;
        answers[range].iter().filter(|&&is_valid| !is_valid).count()
    };
    job.parts.iter().map(count).collect()
}

const fn id_of(device: usize) -> BackendId {
    BackendId(device as u16 + 1)
}

const fn index_of(id: BackendId) -> usize {
    id.0 as usize - 1
}
