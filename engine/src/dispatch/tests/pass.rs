//! Small requests that pass the queue.

use super::*;

const BUSY: Time = Time::from_micros(80);

fn pass(dispatcher: &mut Dispatcher, items: usize) -> Option<Pass> {
    dispatcher.pass(Time::ZERO, VERIFY, items, 161 * items)
}

#[test]
fn what_is_small_passes_an_empty_queue_on_as_many_threads_as_there_are_cores() {
    let mut dispatcher = dispatcher(1);
    for items in [0, 17] {
        assert!(pass(&mut dispatcher, items).is_none(), "{items} items");
    }
    assert!(dispatcher.pass(Time::ZERO, DIGEST, 1, 1 << 30).is_none(), "a long message is no small request");
    let passing = [1, 16].map(|items| pass(&mut dispatcher, items).unwrap());
    assert!(pass(&mut dispatcher, 1).is_none(), "both cores are busy");
    assert!(!dispatcher.is_idle());
    for one in passing {
        dispatcher.passed(BUSY, one, BUSY, Some(0));
    }
    assert!(dispatcher.is_idle());
    assert_eq!(dispatcher.backends()[0].items, 17);
    assert!(pass(&mut dispatcher, 1).is_some());
}

#[test]
fn nobody_passes_those_who_wait_or_are_at_work() {
    let mut dispatcher = dispatcher(1);
    dispatcher.submit(Time::ZERO, request(1, DIGEST, 1)).unwrap();
    assert!(dispatcher.has_queued() && pass(&mut dispatcher, 1).is_none());
    let job = dispatcher.next(Time::ZERO, Lane::Express).unwrap();
    assert!(!dispatcher.has_queued() && pass(&mut dispatcher, 1).is_none());
    answered(&mut dispatcher, BUSY, job.id, BUSY, &[0]);
    let passing = pass(&mut dispatcher, 1).unwrap();
    dispatcher.submit(Time::ZERO, request(1, DIGEST, 1)).unwrap();
    assert!(dispatcher.next(Time::ZERO, Lane::Express).is_some(), "those who pass hold up no lane");
    dispatcher.passed(BUSY, passing, BUSY, Some(0));
}

#[test]
fn nobody_passes_a_device_that_is_sooner() {
    for (fixed_ns, is_sooner) in [(1e6, false), (1e3, true)] {
        let mut dispatcher = backends::with_device(fixed_ns, 10.0);
        assert_eq!(pass(&mut dispatcher, 1).is_none(), is_sooner, "{fixed_ns}");
    }
}

#[test]
fn answers_teach_what_a_core_takes_and_their_lack_does_not() {
    let mut dispatcher = dispatcher(1);
    let mut now = Time::ZERO;
    let mut answer = |dispatcher: &mut Dispatcher, busy: Time, invalid| {
        let passing = dispatcher.pass(now, VERIFY, 1, 161).unwrap();
        now += busy;
        dispatcher.passed(now, passing, busy, invalid);
    };
    for _ in 0..50 {
        answer(&mut dispatcher, BUSY, Some(1));
    }
    let taught = dispatcher.curves();
    let LearntCurve { backend, fixed_ns, item_ns, byte_ns, jobs, .. } = taught[0];
    assert_eq!((taught.len(), backend, jobs), (1, CPU, 50));
    assert!((75e3..85e3).contains(&(fixed_ns + item_ns + 161.0 * byte_ns)), "{taught:?}");
    answer(&mut dispatcher, 10 * BUSY, None);
    assert_eq!((dispatcher.curves(), dispatcher.backends()[0].items), (taught, 50));
}
