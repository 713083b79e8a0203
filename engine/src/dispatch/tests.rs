//! Single rules, each by itself. `walk` has all of them at once, in any order.

mod backends;
mod pass;
mod walk;

use super::{room::RETRY_MIN, *};
use crate::{batch::Shape, hash::Hash, scheme::Scheme};

const VERIFY: Task = Task::Verify { shape: Shape::digests(Scheme::Sm2Sm3), has_hints: false, want_hints: false };
const HINTED: Task = Task::Verify { shape: Shape::digests(Scheme::Sm2Sm3), has_hints: true, want_hints: false };
const DIGEST: Task = Task::Digest(Hash::Sm3);

const NAMED: SourceLimits = SourceLimits { weight: 100, items_in_flight_max: 1 << 18, is_named: true };

const fn request(source: SourceId, task: Task, items: usize) -> Request {
    Request { source, task, items, bytes: 161 * items }
}

const SEED: [u8; 32] = [7; 32];

fn limits() -> Limits {
    Limits { cores: 2, ..Limits::default() }
}

/// A queue with named sources 1 to `sources`.
fn dispatcher(sources: SourceId) -> Dispatcher {
    let mut dispatcher = Dispatcher::new(limits(), SEED);
    for source in 1..=sources {
        dispatcher.set_source(source, NAMED);
    }
    dispatcher
}

/// Takes a job back that is answered, with the invalid items of each part.
fn answered(dispatcher: &mut Dispatcher, now: Time, job: JobId, busy: Time, invalid: &[usize]) -> Vec<Ticket> {
    match dispatcher.finished(now, job, busy, Outcome::Answered { invalid: invalid.to_vec(), audited: 0 }) {
        Finished::Counts(tickets) => tickets,
        Finished::Again => Vec::new(),
        Finished::Lost(_) => panic!("it is answered"),
    }
}

/// A clock that the jobs of one lane move: each takes as long as its items do.
struct Lanes {
    dispatcher: Dispatcher,
    now: Time,
}

impl Lanes {
    fn new(dispatcher: Dispatcher) -> Self {
        Self { dispatcher, now: Time::ZERO }
    }

    fn submit(&mut self, request: Request) -> Ticket {
        self.dispatcher.submit(self.now, request).unwrap()
    }

    /// One job from beginning to end, of which these items are invalid.
    fn run(&mut self, lane: Lane, invalid: impl Fn(SourceId, &Part) -> usize) -> Option<Job> {
        let job = self.dispatcher.next(self.now, lane)?;
        let busy = Time::from_micros(26 + 5 * job.items() as u64);
        self.now += busy;
        let invalid: Vec<_> = job.parts.iter().map(|part| invalid(job.source, part)).collect();
        answered(&mut self.dispatcher, self.now, job.id, busy, &invalid);
        Some(job)
    }

    fn run_valid(&mut self, lane: Lane) -> Option<Job> {
        self.run(lane, |_, _| 0)
    }

    fn standing(&self, source: SourceId) -> Standing {
        self.dispatcher.sources().find(|&(id, _)| id == source).unwrap().1.standing
    }
}

#[test]
fn a_request_starts_at_once_where_a_lane_is_free() {
    for lane in [Lane::Express, Lane::Bulk] {
        let mut dispatcher = dispatcher(1);
        assert!(!dispatcher.has_work(Time::ZERO, lane));
        let ticket = dispatcher.submit(Time::ZERO, request(1, VERIFY, 1)).unwrap();
        assert!(dispatcher.has_work(Time::ZERO, lane));
        let job = dispatcher.next(Time::ZERO, lane).unwrap();
        assert_eq!((job.source, job.task, &job.parts[..]), (1, VERIFY, &[Part { ticket, items: 0..1 }][..]));
        assert_eq!(dispatcher.next(Time::ZERO, lane), None);
        assert_eq!(answered(&mut dispatcher, Time::ZERO, job.id, Time::ZERO, &[0]), [ticket]);
        assert!(dispatcher.is_idle());
        assert_eq!(answered(&mut dispatcher, Time::ZERO, job.id, Time::ZERO, &[0]), [], "nothing is given back twice");
    }
}

#[test]
fn small_requests_of_a_task_gather_across_sources_in_fair_order() {
    let mut dispatcher = dispatcher(3);
    for (source, task) in [(1, VERIFY), (1, VERIFY), (2, DIGEST), (3, VERIFY), (2, VERIFY)] {
        dispatcher.submit(Time::ZERO, request(source, task, 1)).unwrap();
    }
    let tickets = |job: Option<Job>| job.unwrap().parts.iter().map(|part| part.ticket.0).collect::<Vec<_>>();
    let job = dispatcher.next(Time::ZERO, Lane::Bulk);
    assert_eq!(job.as_ref().unwrap().source, 0);
    assert_eq!(tickets(job), [1, 4, 2], "the second of source 1 comes after the first of source 3; source 2 asks for a digest first");
    assert_eq!(tickets(dispatcher.next(Time::ZERO, Lane::Bulk)), [3]);
    assert_eq!(tickets(dispatcher.next(Time::ZERO, Lane::Bulk)), [5]);
}

#[test]
fn items_with_hints_gather_for_one_source_only() {
    let mut dispatcher = dispatcher(2);
    for source in [1, 2, 1, 2] {
        dispatcher.submit(Time::ZERO, request(source, HINTED, 4)).unwrap();
    }
    for source in [1, 2] {
        let job = dispatcher.next(Time::ZERO, Lane::Bulk).unwrap();
        assert_eq!((job.source, job.parts.len()), (source, 2));
    }
}

#[test]
fn a_job_gathers_no_more_than_its_time_and_its_lane_allow() {
    let mut dispatcher = dispatcher(200);
    for source in 1..=200 {
        dispatcher.submit(Time::ZERO, request(source, VERIFY, 3)).unwrap();
    }
    let express = dispatcher.next(Time::ZERO, Lane::Express).unwrap();
    assert_eq!(express.items(), 15, "five of three are within sixteen");
    let bulk = dispatcher.next(Time::ZERO, Lane::Bulk).unwrap();
    let work = |items| dispatcher.costs.predict(VERIFY, Size { items, bytes: 161 * items }, costs::Factor::default());
    assert!(work(bulk.items()) <= 1_000_000 && work(bulk.items() + 3) > 1_000_000, "500 us of two cores: {}", bulk.items());
}

#[test]
fn large_requests_are_cut_evenly_and_others_go_between() {
    let mut lanes = Lanes::new(dispatcher(2));
    lanes.submit(request(1, VERIFY, 2_050));
    lanes.submit(request(2, VERIFY, 2_050));
    let jobs: Vec<_> = std::iter::from_fn(|| lanes.run_valid(Lane::Bulk)).map(|job| (job.source, job.parts[0].items.clone())).collect();
    assert_eq!(jobs, [(1, 0..1_025), (2, 0..1_025), (1, 1_025..2_050), (2, 1_025..2_050)]);
    lanes.submit(request(1, HINTED, 16_385));
    let mut next = || lanes.dispatcher.next(lanes.now, Lane::Bulk).unwrap().items();
    assert_eq!([next(), next()], [8_193, 8_192], "20 ms of two cores are some 13,000");
}

#[test]
fn weights_count_and_cost_is_what_is_shared() {
    let mut lanes = Lanes::new(dispatcher(3));
    lanes.dispatcher.set_source(2, SourceLimits { weight: 300, ..NAMED });
    lanes.dispatcher.set_source(3, SourceLimits { weight: 0, ..NAMED });
    for (source, items) in [(1, 100), (2, 1_000), (3, 100)] {
        for _ in 0..200_000 / items {
            lanes.submit(request(source, VERIFY, items));
        }
    }
    let mut items = [0; 4];
    while items.iter().sum::<usize>() < 160_000 {
        let job = lanes.run_valid(Lane::Bulk).unwrap();
        items[job.source as usize] += job.items();
    }
    let ratio = items[2] as f64 / items[1] as f64;
    // Large requests are cheaper an item, by the fixed part.
    assert!((2.8..3.6).contains(&ratio), "{ratio}");
    assert!(items[3] <= 3_000, "a hundredth of a usual weight: {}", items[3]);
}

/// The shares of two sources with equal requests, of which one is slower or forges.
fn shares(slowness_of_second: u64, invalid_percent_of_second: usize) -> [f64; 2] {
    let mut lanes = Lanes::new(dispatcher(2));
    for source in [1, 2] {
        lanes.submit(request(source, VERIFY, 262_144));
    }
    let mut time = [Time::ZERO; 2];
    for _ in 0..120 {
        let job = lanes.dispatcher.next(lanes.now, Lane::Bulk).unwrap();
        let second = job.source == 2;
        let busy = Time::from_micros(5 * job.items() as u64) * if second { slowness_of_second as u32 } else { 1 };
        lanes.now += busy;
        time[usize::from(second)] += busy;
        let invalid = if second { job.items() * invalid_percent_of_second / 100 } else { 0 };
        answered(&mut lanes.dispatcher, lanes.now, job.id, busy, &[invalid]);
    }
    time.map(|time| time.as_secs_f64() / lanes.now.as_secs_f64())
}

#[test]
fn what_counts_is_what_jobs_took_and_not_what_was_predicted() {
    let [first, second] = shares(3, 0);
    assert!((first - second).abs() < 0.1, "{first}, {second}");
}

#[test]
fn invalid_items_are_charged_ten_times() {
    let [first, second] = shares(1, 4);
    assert!((first / second - 1.36).abs() < 0.1, "{first}, {second}: 96 percent once and 4 percent ten times");
}

#[test]
fn a_job_takes_nothing_of_a_source_that_is_ahead() {
    let mut dispatcher = dispatcher(2);
    for _ in 0..400 {
        dispatcher.submit(Time::ZERO, request(1, VERIFY, 1)).unwrap();
    }
    let job = dispatcher.next(Time::ZERO, Lane::Bulk).unwrap();
    // It takes much longer than predicted.
    let now = Time::from_millis(10);
    let invalid = vec![0; job.parts.len()];
    answered(&mut dispatcher, now, job.id, now, &invalid);
    let ticket = dispatcher.submit(now, request(2, VERIFY, 1)).unwrap();
    let next = dispatcher.next(now, Lane::Bulk).unwrap();
    assert_eq!(next.parts, [Part { ticket, items: 0..1 }]);
    assert!(dispatcher.next(now, Lane::Bulk).unwrap().parts.len() > 20);
}

#[test]
fn an_idle_source_saves_nothing_up() {
    let mut lanes = Lanes::new(dispatcher(2));
    lanes.submit(request(1, VERIFY, 100_000));
    while lanes.run_valid(Lane::Bulk).is_some() {}
    lanes.submit(request(1, VERIFY, 40_000));
    lanes.submit(request(2, VERIFY, 40_000));
    let first: Vec<_> = (0..8).map(|_| lanes.run_valid(Lane::Bulk).unwrap().source).collect();
    let of_first = first.iter().filter(|&&source| source == 1).count();
    assert!((3..=5).contains(&of_first), "{first:?}");
}

#[test]
fn a_flood_of_small_requests_is_held_back_on_the_express_lane_while_others_wait() {
    let mut lanes = Lanes::new(dispatcher(2));
    for _ in 0..3_000 {
        lanes.submit(request(1, VERIFY, 1));
    }
    lanes.submit(request(2, VERIFY, 50_000));
    let mut jobs = 0;
    while lanes.run_valid(Lane::Express).is_some() {
        jobs += 1;
    }
    assert!((1..30).contains(&jobs), "{jobs}");
    while lanes.run_valid(Lane::Bulk).unwrap().source != 2 {}
    assert!(lanes.dispatcher.has_work(Time::ZERO, Lane::Express), "the other one had its turn");
}

#[test]
fn too_much_is_refused_and_leaves_no_trace() {
    let mut dispatcher = Dispatcher::new(Limits { items_in_flight_max: 1_000, ..limits() }, SEED);
    dispatcher.set_source(1, SourceLimits { items_in_flight_max: 600, ..NAMED });
    dispatcher.set_source(2, NAMED);
    let mut submit = |source, items| dispatcher.submit(Time::ZERO, request(source, VERIFY, items));
    assert_eq!(submit(1, 0), Err(Refusal::Empty));
    assert_eq!(submit(1, 601), Err(Refusal::TooLarge { items: 601, items_max: 600 }));
    assert_eq!(submit(1, 601).unwrap_err().retry_after(), None);
    let ticket = submit(1, 600).unwrap();
    let full = submit(1, 1).unwrap_err();
    assert!(matches!(full, Refusal::SourceFull { in_flight: 600, items_max: 600, .. }), "{full}");
    assert!(full.retry_after().unwrap() >= RETRY_MIN);
    assert!(matches!(submit(2, 401), Err(Refusal::Full { .. })));
    assert_eq!(submit(9, 251), Err(Refusal::TooLarge { items: 251, items_max: 250 }), "a newcomer");
    submit(2, 400).unwrap();
    assert_eq!([1, 2, 9].map(|source| dispatcher.room(source)), [0; 3]);
    assert_eq!(dispatcher.state().sources, 2);
    assert_eq!(dispatcher.state().load.items_queued, 1_000);
    dispatcher.cancel(ticket);
    assert_eq!([1, 2, 9].map(|source| dispatcher.room(source)), [600, 600, 250]);
}

#[test]
fn newcomers_and_suspects_cannot_fill_the_queue() {
    let mut lanes = Lanes::new(Dispatcher::new(Limits { items_in_flight_max: 1_000, ..limits() }, SEED));
    lanes.dispatcher.set_source(1, NAMED);
    for forger in 10..20 {
        lanes.submit(request(forger, VERIFY, 20));
        while lanes.run(Lane::Bulk, |_, part| part.items.len()).is_some() {}
        assert_eq!(lanes.standing(forger), Standing::Suspect);
    }
    let mut fill = |sources: Range<SourceId>| {
        let accepted = sources.filter(|&source| lanes.dispatcher.submit(lanes.now, request(source, VERIFY, 25)).is_ok());
        (accepted.count() * 25, lanes.dispatcher.room(1))
    };
    assert_eq!(fill(10..20), (250, 750));
    assert_eq!(fill(30..60), (250, 500));
    assert_eq!(fill(10..20), (0, 500));
}

#[test]
fn ever_new_forgers_leave_half_of_the_queue_to_the_others() {
    let mut lanes = Lanes::new(Dispatcher::new(Limits { items_in_flight_max: 4_000, ..limits() }, SEED));
    lanes.dispatcher.set_source(1, NAMED);
    let mut least = usize::MAX;
    for forger in 10..100 {
        // One slice of each is done, the rest of it stays.
        if lanes.dispatcher.submit(lanes.now, request(forger, VERIFY, 900)).is_ok() {
            lanes.run(Lane::Bulk, |_, part| part.items.len());
        }
        least = least.min(lanes.dispatcher.room(1));
    }
    assert!((2_000..3_000).contains(&least), "{least}");
}

#[test]
fn what_was_full_takes_nothing_from_unproven_sources_until_half_is_free() {
    let mut lanes = Lanes::new(dispatcher(1));
    for source in [1, 2] {
        lanes.dispatcher.set_source(source, SourceLimits { items_in_flight_max: 1_000, is_named: source == 1, ..NAMED });
    }
    let tickets: Vec<_> = [1, 2].map(|source| [0; 10].map(|_| lanes.submit(request(source, VERIFY, 100)))).concat();
    for source in [1, 2] {
        assert!(lanes.dispatcher.submit(lanes.now, request(source, VERIFY, 1)).is_err());
    }
    let mut room = |freed: usize| {
        for &ticket in tickets[..freed].iter().chain(&tickets[10..10 + freed]) {
            lanes.dispatcher.cancel(ticket);
        }
        [1, 2].map(|source| lanes.dispatcher.room(source))
    };
    assert_eq!(room(4), [400, 0]);
    assert_eq!(room(5), [500, 500]);
    lanes.submit(request(2, VERIFY, 100));
    assert_eq!(lanes.dispatcher.room(2), 400);
}

#[test]
fn what_waits_too_long_expires_and_what_has_begun_does_not() {
    let mut dispatcher = dispatcher(2);
    let begun = dispatcher.submit(Time::ZERO, request(1, VERIFY, 5_000)).unwrap();
    let waits = dispatcher.submit(Time::from_millis(1), request(2, VERIFY, 5_000)).unwrap();
    let job = dispatcher.next(Time::from_millis(2), Lane::Bulk).unwrap();
    assert_eq!(dispatcher.next_due(), Some(Time::from_millis(2_001)));
    assert_eq!(dispatcher.due(Time::from_millis(2_000)).expired, []);
    assert_eq!(dispatcher.due(Time::from_millis(2_001)).expired, [waits]);
    assert_eq!(dispatcher.next_due(), None);
    assert_eq!(answered(&mut dispatcher, Time::from_secs(9), job.id, Time::from_secs(9), &[0]), []);
    let mut finished = Vec::new();
    while let Some(job) = dispatcher.next(Time::from_secs(9), Lane::Bulk) {
        finished.extend(answered(&mut dispatcher, Time::from_secs(9), job.id, Time::ZERO, &[0]));
    }
    assert_eq!(finished, [begun]);
}

#[test]
fn of_a_cancelled_request_only_what_has_begun_is_done() {
    let mut dispatcher = dispatcher(1);
    let ticket = dispatcher.submit(Time::ZERO, request(1, VERIFY, 10_000)).unwrap();
    let job = dispatcher.next(Time::ZERO, Lane::Bulk).unwrap();
    dispatcher.cancel(ticket);
    assert_eq!(dispatcher.next(Time::ZERO, Lane::Bulk), None);
    assert_eq!(dispatcher.state().load, Load { items_queued: 0, items_running: job.items() });
    assert_eq!(answered(&mut dispatcher, Time::ZERO, job.id, Time::ZERO, &[0]), []);
    assert!(dispatcher.is_idle());
}

#[test]
fn a_forger_is_kept_to_its_share_while_others_have_anything_in_flight() {
    let mut lanes = Lanes::new(dispatcher(1));
    lanes.submit(request(7, VERIFY, 1_000));
    while lanes.run(Lane::Bulk, |_, part| part.items.len()).is_some() {}
    assert_eq!(lanes.standing(7), Standing::Suspect);
    lanes.submit(request(1, VERIFY, 200_000));
    lanes.submit(request(7, VERIFY, 100_000));
    let mut items = [0; 8];
    for _ in 0..80 {
        let job = lanes.run(Lane::Bulk, |source, part| if source == 7 { part.items.len() } else { 0 }).unwrap();
        items[job.source as usize] += job.items();
    }
    let share = items[7] as f64 / (items[1] + items[7]) as f64;
    assert!((0.01..0.035).contains(&share), "{share}");
}

#[test]
fn suspects_have_what_others_leave_in_one_lane() {
    let mut lanes = Lanes::new(dispatcher(1));
    for forger in [7, 8] {
        lanes.submit(request(forger, VERIFY, 1_000));
        while lanes.run(Lane::Bulk, |_, part| part.items.len()).is_some() {}
    }
    for (forger, items) in [(7, 1), (7, 1_000), (8, 1), (8, 1_000)] {
        lanes.submit(request(forger, VERIFY, items));
    }
    assert!(!lanes.dispatcher.has_work(Time::ZERO, Lane::Express));
    let job = lanes.dispatcher.next(lanes.now, Lane::Bulk).unwrap();
    assert!(!lanes.dispatcher.has_work(Time::ZERO, Lane::Bulk));
    lanes.submit(request(1, VERIFY, 1));
    assert!(lanes.dispatcher.has_work(Time::ZERO, Lane::Bulk) && lanes.dispatcher.has_work(Time::ZERO, Lane::Express));
    lanes.run_valid(Lane::Express);
    answered(&mut lanes.dispatcher, lanes.now, job.id, Time::ZERO, &[]);
    let mut items = 0;
    while let Some(job) = lanes.run_valid(Lane::Bulk) {
        items += job.items();
    }
    assert_eq!(items + job.items(), 2 * 1_001);
}

#[test]
fn a_newcomer_has_no_more_running_than_it_has_proved() {
    let mut lanes = Lanes::new(Dispatcher::new(limits(), SEED));
    lanes.submit(request(1, VERIFY, 20_000));
    let first = lanes.dispatcher.next(lanes.now, Lane::Bulk).unwrap();
    assert!((100..400).contains(&first.items()), "{}", first.items());
    assert_eq!(lanes.dispatcher.next(lanes.now, Lane::Bulk), None);
    lanes.now += Time::from_millis(1);
    answered(&mut lanes.dispatcher, lanes.now, first.id, Time::from_millis(1), &[0]);
    let mut largest = 0;
    while let Some(job) = lanes.run_valid(Lane::Bulk) {
        largest = largest.max(job.items());
    }
    assert_eq!(lanes.standing(1), Standing::Proven);
    assert!(largest > 1_500, "{largest}");
}

#[test]
fn newcomers_have_a_small_share_beside_proven_sources() {
    let mut lanes = Lanes::new(dispatcher(1));
    let mut items = [0; 2];
    for newcomer in 100..900 {
        // Ever new ones, each of which forges.
        if lanes.dispatcher.room(1) > 100_000 {
            lanes.submit(request(1, VERIFY, 100_000));
        }
        lanes.submit(request(newcomer, VERIFY, 150));
        let job = lanes.run(Lane::Bulk, |source, part| if source == 1 { 0 } else { part.items.len() }).unwrap();
        items[usize::from(job.source != 1)] += job.items();
    }
    let share = items[1] as f64 / (items[0] + items[1]) as f64;
    assert!(share < 0.015, "{share}");
}

#[test]
fn newcomers_have_a_larger_share_while_nobody_forges() {
    let mut lanes = Lanes::new(dispatcher(1));
    let share = |lanes: &mut Lanes, first: SourceId| {
        let mut items = [0; 2];
        for newcomer in first..first + 300 {
            if lanes.dispatcher.room(1) > 100_000 {
                lanes.submit(request(1, VERIFY, 100_000));
            }
            lanes.submit(request(newcomer, VERIFY, 150));
            let job = lanes.run_valid(Lane::Bulk).unwrap();
            items[usize::from(job.source != 1)] += job.items();
        }
        items[1] as f64 / (items[0] + items[1]) as f64
    };
    let in_peace = share(&mut lanes, 100);
    assert!((0.15..0.21).contains(&in_peace), "{in_peace}");
    lanes.dispatcher.alarm_until = lanes.now + ALARM_TIME;
    let in_alarm = share(&mut lanes, 1_000);
    assert!(in_alarm < 0.02, "{in_alarm}");
    lanes.now += ALARM_TIME;
    let afterwards = share(&mut lanes, 2_000);
    assert!((0.15..0.21).contains(&afterwards), "{afterwards}");
}

#[test]
fn a_forgotten_source_comes_back_with_its_standing() {
    let mut lanes = Lanes::new(Dispatcher::new(limits(), SEED));
    lanes.submit(request(7, VERIFY, 1_000));
    while lanes.run(Lane::Bulk, |_, part| part.items.len()).is_some() {}
    lanes.submit(request(7, VERIFY, 1));
    lanes.dispatcher.forget_source(7);
    assert_eq!(lanes.dispatcher.state().sources, 1, "it has something in flight");
    lanes.run_valid(Lane::Bulk);
    assert_eq!(lanes.dispatcher.state().sources, 0);
    lanes.dispatcher.set_source(7, NAMED);
    assert_eq!(lanes.standing(7), Standing::Suspect);
}

#[test]
fn limits_without_end_overflow_nothing() {
    let mut dispatcher = Dispatcher::new(
        Limits { queue_time_max: Time::MAX, gather_time_max: Time::MAX, items_in_flight_max: usize::MAX, ..limits() },
        SEED,
    );
    dispatcher.set_source(1, SourceLimits { items_in_flight_max: usize::MAX, ..NAMED });
    let large = Request { source: 1, task: DIGEST, items: usize::MAX, bytes: usize::MAX };
    dispatcher.submit(Time::from_secs(1), large).unwrap();
    assert!(matches!(dispatcher.submit(Time::ZERO, large), Err(Refusal::SourceFull { .. })));
    assert_eq!(dispatcher.next_due(), Some(Time::MAX));
    assert!(dispatcher.next(Time::ZERO, Lane::Bulk).is_some());
}
