//! Several back ends: who takes what, who is trusted, and what becomes of the items of one that fails.

use super::*;
use crate::backend::Capabilities;

const DEVICE: BackendId = BackendId(1);
const ON_DEVICE: Lane = Lane::Device(DEVICE);

fn device_limits(shares_cores: bool) -> BackendLimits {
    BackendLimits {
        capabilities: Capabilities {
            schemes: vec![Scheme::Sm2Sm3],
            recovery: false,
            hashes: Vec::new(),
            batch_items_max: 100_000,
            batch_bytes_max: 1 << 30,
            inline_items_max: 0,
            shares_cores,
        },
        jobs_max: 2,
    }
}

/// What a device is known to take from an earlier run.
const fn kept(fixed_ns: f64, item_ns: f64) -> LearntCurve {
    LearntCurve { backend: DEVICE, task: VERIFY, fixed_ns, item_ns, byte_ns: 0.0, jobs: 100 }
}

/// A queue with a device that gave its known answers, and of which so much is known.
pub fn with_device(fixed_ns: f64, item_ns: f64) -> Dispatcher {
    let mut dispatcher = dispatcher(3);
    dispatcher.set_backend(DEVICE, device_limits(false));
    dispatcher.restore(&[kept(fixed_ns, item_ns)]);
    prove(&mut dispatcher, Time::ZERO);
    dispatcher.events();
    dispatcher
}

fn prove(dispatcher: &mut Dispatcher, now: Time) {
    assert_eq!(dispatcher.due(now).to_prove, [DEVICE]);
    dispatcher.proven(now, DEVICE, Ok(()));
}

fn health(dispatcher: &Dispatcher) -> Health {
    dispatcher.backends()[1].health.clone()
}

fn failures(dispatcher: &Dispatcher) -> (u32, Time) {
    match health(dispatcher) {
        Health::Quarantined { failures, until, .. } => (failures, until),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_device_has_no_work_before_it_gave_the_known_answers() {
    let mut dispatcher = dispatcher(1);
    dispatcher.set_backend(DEVICE, device_limits(false));
    dispatcher.restore(&[kept(1e6, 10.0)]);
    dispatcher.submit(Time::ZERO, request(1, VERIFY, 100_000)).unwrap();
    assert_eq!((health(&dispatcher), dispatcher.next_due()), (Health::Unproven, Some(Time::ZERO)));
    assert_eq!(dispatcher.due(Time::ZERO).to_prove, [DEVICE]);
    assert_eq!(dispatcher.due(Time::ZERO).to_prove, [], "they are asked for once");
    assert_eq!(dispatcher.next(Time::ZERO, ON_DEVICE), None);
    dispatcher.proven(Time::ZERO, DEVICE, Ok(()));
    assert_eq!(dispatcher.events(), [Event::Admitted(DEVICE)]);
    assert!(dispatcher.next(Time::ZERO, ON_DEVICE).is_some());
    dispatcher.proven(Time::ZERO, BackendId(9), Ok(()));
    dispatcher.proven(Time::ZERO, CPU, Err("it is not asked".to_owned()));
    assert_eq!(dispatcher.backends()[0].health, Health::Admitted);
}

#[test]
fn what_is_small_does_not_wait_for_a_device_and_what_is_large_is_shared() {
    let mut dispatcher = with_device(1e6, 100.0);
    dispatcher.submit(Time::ZERO, request(1, VERIFY, 16)).unwrap();
    assert_eq!(dispatcher.next(Time::ZERO, ON_DEVICE), None);
    let job = dispatcher.next(Time::ZERO, Lane::Express).unwrap();
    assert_eq!((job.items(), job.handed.backend, job.handed.deadline, &job.handed.checks), (16, CPU, None, &Checks::default()));
    let now = Time::from_micros(150);
    answered(&mut dispatcher, now, job.id, now, &[0]);
    dispatcher.submit(now, request(1, VERIFY, 50_000)).unwrap();
    let on_cpu = dispatcher.next(now, Lane::Bulk).unwrap();
    let on_device = dispatcher.next(now, ON_DEVICE).unwrap();
    assert!(on_device.items() > 45_000 && on_cpu.items() > 500, "{} and {}", on_device.items(), on_cpu.items());
    assert_eq!(on_device.items() + on_cpu.items(), 50_000, "both end together");
    assert_eq!(dispatcher.next(now, Lane::Bulk), None);
}

#[test]
fn the_cpu_leaves_to_a_device_what_that_finishes_sooner_but_not_for_ever() {
    let mut dispatcher = with_device(10e3, 10.0);
    dispatcher.submit(Time::ZERO, request(1, VERIFY, 40)).unwrap();
    assert_eq!(dispatcher.next(Time::ZERO, Lane::Bulk), None);
    let again = dispatcher.next_due().unwrap();
    assert!(again > Time::ZERO && again < Time::from_millis(10), "{again:?}");
    assert_eq!(dispatcher.next(again, Lane::Bulk).unwrap().items(), 40, "the device did not come for it");
    dispatcher.submit(again, request(2, VERIFY, 40)).unwrap();
    assert_eq!(dispatcher.next(again, ON_DEVICE).unwrap().items(), 40);
}

#[test]
fn a_device_puts_small_and_large_requests_of_many_sources_together() {
    let mut dispatcher = with_device(10e6, 10.0);
    for source in 1..=3 {
        dispatcher.submit(Time::ZERO, request(source, VERIFY, 5_000)).unwrap();
        dispatcher.submit(Time::ZERO, request(source, VERIFY, 10)).unwrap();
        dispatcher.submit(Time::ZERO, request(source, VERIFY, 3_000)).unwrap();
    }
    let job = dispatcher.next(Time::ZERO, ON_DEVICE).unwrap();
    let small = job.parts.iter().filter(|part| part.items == (0..10)).count();
    assert!(job.items() > 18_000 && small > 0 && job.parts.len() >= 5 && job.source == 0, "{job:?}");
}

#[test]
fn a_device_does_what_it_can_and_no_more() {
    let mut dispatcher = with_device(1e4, 1.0);
    let wants_hints = Task::Verify { shape: Shape::digests(Scheme::Sm2Sm3), has_hints: false, want_hints: true };
    let other_scheme = Task::Verify { shape: Shape::digests(Scheme::EcdsaP256Sha256), has_hints: false, want_hints: false };
    for task in [DIGEST, wants_hints, other_scheme] {
        dispatcher.submit(Time::ZERO, request(1, task, 30_000)).unwrap();
    }
    assert_eq!(dispatcher.next(Time::ZERO, ON_DEVICE), None);
    assert!(dispatcher.next(Time::ZERO, Lane::Bulk).is_some());
    dispatcher.submit(Time::ZERO, request(2, VERIFY, 250_000)).unwrap();
    let jobs = [0; 2].map(|_| dispatcher.next(Time::ZERO, ON_DEVICE).unwrap());
    assert!(jobs.iter().all(|job| job.items() + job.handed.checks.canaries.len() <= 100_000), "{jobs:?}");
    assert!(jobs[1].items() > 60_000, "the first may be a probe: {}", jobs[1].items());
    assert_eq!(dispatcher.next(Time::ZERO, ON_DEVICE), None, "it takes two at once");
}

#[test]
fn of_those_that_share_the_cores_one_works() {
    let sharing = |fixed, item| {
        let mut dispatcher = with_device(fixed, item);
        dispatcher.set_backend(DEVICE, device_limits(true));
        dispatcher.submit(Time::ZERO, request(1, VERIFY, 20_000)).unwrap();
        dispatcher
    };
    let mut slower = sharing(1e5, 5e3);
    assert!(slower.next(Time::ZERO, ON_DEVICE).is_none_or(|job| job.items() == 1), "but for a probe");
    assert!(slower.next(Time::ZERO, Lane::Bulk).is_some());
    let mut faster = sharing(1e5, 5e2);
    let now = Time::from_micros(35);
    if let Some(probe) = faster.next(Time::ZERO, Lane::Bulk) {
        assert_eq!(probe.items(), 1);
        answered(&mut faster, now, probe.id, now, &[0]);
    }
    assert!(faster.next(now, ON_DEVICE).is_some());
    assert!(faster.next(now, Lane::Bulk).is_none());
}

#[test]
fn an_unknown_device_is_found_out_in_small_steps_beside_large_work() {
    let mut dispatcher = dispatcher(1);
    dispatcher.set_backend(DEVICE, device_limits(false));
    prove(&mut dispatcher, Time::ZERO);
    dispatcher.submit(Time::ZERO, request(1, VERIFY, 16)).unwrap();
    assert_eq!(dispatcher.next(Time::ZERO, ON_DEVICE), None, "nobody waits for it");
    dispatcher.submit(Time::ZERO, request(1, VERIFY, 200_000)).unwrap();
    let (mut now, mut sizes) = (Time::ZERO, Vec::new());
    while sizes.len() < 8 {
        now += Time::from_millis(1);
        let Some(job) = dispatcher.next(now, ON_DEVICE) else { continue };
        let busy = Time::from_micros(500) + Time::from_nanos(100 * job.items() as u64);
        now += busy;
        answered(&mut dispatcher, now, job.id, busy, &vec![0; job.parts.len()]);
        sizes.push(job.items());
    }
    assert_eq!(sizes[0], 1, "{sizes:?}");
    let largest = |jobs: usize| sizes[..jobs].iter().copied().max().unwrap();
    assert!((1..8).all(|job| sizes[job] <= 64.max(16 * largest(job))) && largest(8) > 10_000, "{sizes:?}");
}

#[test]
fn items_of_a_failed_job_go_elsewhere_before_all_else() {
    let mut dispatcher = with_device(1e5, 10.0);
    let ticket = dispatcher.submit(Time::ZERO, request(1, VERIFY, 30_000)).unwrap();
    let on_device = dispatcher.next(Time::ZERO, ON_DEVICE).unwrap();
    let items = on_device.items();
    let outcome = Outcome::Failed("it was lost".to_owned());
    assert_eq!(dispatcher.finished(Time::from_secs(1), on_device.id, Time::from_secs(1), outcome), Finished::Again);
    let until = Time::from_secs(2);
    let reason = "it was lost".to_owned();
    assert_eq!(dispatcher.events(), [Event::Quarantined { backend: DEVICE, reason: reason.clone(), until, items }]);
    assert_eq!(health(&dispatcher), Health::Quarantined { reason, until, failures: 1 });
    let again = dispatcher.next(Time::from_secs(1), Lane::Bulk).unwrap();
    assert_eq!((again.handed.backend, again.parts[0].items.start), (CPU, on_device.parts[0].items.start));
    assert_eq!(dispatcher.next(Time::from_secs(1), ON_DEVICE), None);
    let mut next = Some(again);
    let mut finished = Vec::new();
    let mut done = 0;
    while let Some(job) = next {
        done += job.items();
        finished.extend(answered(&mut dispatcher, Time::from_secs(1), job.id, Time::from_millis(1), &vec![0; job.parts.len()]));
        next = dispatcher.next(Time::from_secs(1), Lane::Bulk);
    }
    assert_eq!((done, finished), (30_000, vec![ticket]));
}

#[test]
fn a_job_that_is_late_goes_elsewhere_and_its_answers_do_not_count() {
    let mut dispatcher = with_device(1e6, 100.0);
    let ticket = dispatcher.submit(Time::ZERO, request(1, VERIFY, 200_000)).unwrap();
    let jobs = [0; 2].map(|_| dispatcher.next(Time::ZERO, ON_DEVICE).unwrap());
    let deadline = jobs[0].handed.deadline.unwrap();
    assert!((Time::from_millis(250)..Time::from_secs(2)).contains(&deadline), "{deadline:?}");
    assert!(jobs[1].handed.deadline.unwrap() > deadline, "it waits for the other");
    assert_eq!(dispatcher.next_due(), Some(deadline));
    assert_eq!(dispatcher.due(deadline), Due::default());
    let events = dispatcher.events();
    assert!(matches!(&events[..], [Event::Quarantined { items, .. }] if *items == jobs[0].items() + jobs[1].items()), "{events:?}");
    for job in &jobs {
        let outcome = Outcome::Answered { invalid: vec![0; job.parts.len()], audited: 0 };
        assert_eq!(dispatcher.finished(deadline, job.id, deadline, outcome), Finished::Again);
    }
    dispatcher.cancel(ticket);
    assert!(dispatcher.is_idle());
    assert_eq!(dispatcher.state().load, Load::default());
}

#[test]
fn of_a_cancelled_request_nothing_is_done_again() {
    let mut dispatcher = with_device(1e5, 10.0);
    let ticket = dispatcher.submit(Time::ZERO, request(1, VERIFY, 30_000)).unwrap();
    let job = dispatcher.next(Time::ZERO, ON_DEVICE).unwrap();
    dispatcher.cancel(ticket);
    dispatcher.finished(Time::ZERO, job.id, Time::ZERO, Outcome::Failed(String::new()));
    assert!(dispatcher.is_idle());
    assert_eq!(dispatcher.next(Time::ZERO, Lane::Bulk), None);
}

#[test]
fn pauses_grow_and_are_forgotten_after_enough_work() {
    let mut dispatcher = with_device(1e5, 10.0);
    let mut now = Time::ZERO;
    for round in 0..14 {
        dispatcher.proven(now, DEVICE, Err("wrong".to_owned()));
        let (failures, until) = failures(&dispatcher);
        assert_eq!((failures, until - now), (round + 1, PAUSE_MAX.min(PAUSE_MIN * (1 << round))));
        assert_eq!(dispatcher.due(until - Time::from_nanos(1)).to_prove, []);
        now = until;
        assert_eq!((dispatcher.next_due(), dispatcher.due(now).to_prove), (Some(now), vec![DEVICE]));
    }
    dispatcher.proven(now, DEVICE, Ok(()));
    dispatcher.did_well(DEVICE, Duration::from_secs(600));
    assert_eq!(health(&dispatcher), Health::Admitted);
    dispatcher.proven(now, DEVICE, Err("wrong".to_owned()));
    assert_eq!(failures(&dispatcher).0, 1);
}

#[test]
fn a_failure_of_the_cpu_loses_its_requests_and_no_others() {
    let mut dispatcher = dispatcher(2);
    let lost = dispatcher.submit(Time::ZERO, request(1, VERIFY, 5_000)).unwrap();
    let other = dispatcher.submit(Time::ZERO, request(2, VERIFY, 5_000)).unwrap();
    let job = dispatcher.next(Time::ZERO, Lane::Bulk).unwrap();
    assert_eq!(dispatcher.finished(Time::ZERO, job.id, Time::ZERO, Outcome::Failed("a panic".to_owned())), Finished::Lost(vec![lost]));
    let mut finished = Vec::new();
    while let Some(job) = dispatcher.next(Time::ZERO, Lane::Bulk) {
        finished.extend(answered(&mut dispatcher, Time::ZERO, job.id, Time::from_millis(1), &[0]));
    }
    assert_eq!(finished, [other]);
    assert!(dispatcher.is_idle());
}

#[test]
fn checks_are_at_places_of_the_batch_and_never_fewer_than_the_floor() {
    let mut places = Places::new(SEED);
    let mut seen = std::collections::HashSet::new();
    for items in [1, 2, 3, 100, 5_000, 1_000_000] {
        let checks = places.checks(VERIFY, items, None);
        let batch = items + checks.canaries.len();
        assert!(checks.canaries.len() >= 2.max(items / 4_096));
        assert!(checks.canaries.iter().all(|canary| canary.place < batch));
        assert!(checks.canaries.windows(2).all(|pair| pair[0].place < pair[1].place && pair[0].which % 2 != pair[1].which % 2));
        assert_eq!(checks.audits.len(), 2.max(items / 1_024).min(items));
        assert!(checks.audits.iter().all(|&item| item < items) && checks.audits.is_sorted_by(|one, other| one < other));
        assert_eq!(checks.invalid_audits_max, 256.max(items / 16));
        seen.insert(checks.canaries[0].place);
    }
    assert!(seen.len() > 2, "places differ: {seen:?}");
    assert!(places.checks(DIGEST, 100, None).canaries.is_empty());
    let spare = checks::Spare { job: 1e9, item: 1e3 };
    assert_eq!(places.checks(VERIFY, 1_000_000, Some(spare)).audits.len(), 1_000_000 / 64);
    assert_eq!(
        places.checks(VERIFY, 1_000_000, Some(checks::Spare { job: 1e6, ..spare })).audits.len(),
        976,
        "no more than there is time for"
    );
}

#[test]
fn what_was_learnt_is_told_and_taken_up() {
    let mut dispatcher = with_device(1e6, 100.0);
    assert_eq!(dispatcher.curves(), [kept(1e6, 100.0)]);
    dispatcher.submit(Time::ZERO, request(1, VERIFY, 5_000)).unwrap();
    let job = dispatcher.next(Time::ZERO, Lane::Bulk).unwrap();
    answered(&mut dispatcher, Time::from_millis(5), job.id, Time::from_millis(5), &[0]);
    assert_eq!(dispatcher.curves().iter().map(|curve| (curve.backend, curve.jobs)).collect::<Vec<_>>(), [(CPU, 1), (DEVICE, 100)]);
    dispatcher.restore(&[LearntCurve { backend: BackendId(7), ..kept(1.0, 1.0) }]);
    assert_eq!(dispatcher.curves().len(), 2, "nobody knows it");
}
