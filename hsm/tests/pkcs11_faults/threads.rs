//! Hanging calls, modules that bear one thread, initialisation by several at once.

use std::{
    thread,
    time::{Duration, Instant},
};

use chainbox_hsm::{
    Deadline, Kind,
    device::contract,
    pkcs11::{Options, Pkcs11},
};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11 as Library};

use crate::{
    Fixture,
    control::{Action, Faults, Function},
    softhsm::{self, soon},
};

/// Short for a caller, long beside what a call takes.
const PATIENCE: Duration = Duration::from_secs(1);

/// What "not beyond the deadline" means on a machine that does much else.
const LATE_MAX: Duration = Duration::from_secs(20);

/// Asks with a short deadline and expects to be told so in time.
fn held_no_longer(fixture: &Fixture, kinds: &[Kind]) -> Kind {
    let began = Instant::now();
    let error = fixture.sign(Deadline::after(PATIENCE)).expect_err("it hangs");
    assert!(kinds.contains(&error.kind), "{error}");
    assert!(began.elapsed() < PATIENCE + LATE_MAX, "held for {:?}", began.elapsed());
    error.kind
}

#[test]
fn a_call_that_hangs_holds_nobody_and_its_place_is_taken() {
    let fixture = Fixture::with("hangs once", |options| options.sessions_max = 1);
    fixture.faults.fail(Function::Sign, Action::Hang, 1);
    held_no_longer(&fixture, &[Kind::Deadline]);
    fixture.signs();
    fixture.faults.release();
    fixture.signs();
}

#[test]
fn a_module_that_always_hangs_makes_the_device_busy_until_it_comes_back() {
    let fixture = Fixture::with("hangs always", |options| (options.sessions_max, options.hung_max) = (2, 2));
    fixture.faults.fail(Function::Sign, Action::Hang, u64::MAX);
    let mut kinds = Vec::new();
    while kinds.last() != Some(&Kind::Busy) {
        kinds.push(held_no_longer(&fixture, &[Kind::Deadline, Kind::Busy]));
        assert!(kinds.len() <= 10, "no end of threads: {kinds:?}");
    }
    let error = fixture.sign(soon()).expect_err("busy");
    assert!(error.remedy.contains("process of its own"), "{error}");
    fixture.faults.fail(Function::Sign, Action::Hang, 0);
    fixture.faults.release();
    let began = Instant::now();
    while fixture.sign(soon()).is_err() {
        assert!(began.elapsed() < LATE_MAX, "threads that came back serve again");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn opening_a_module_that_hangs_ends_too() {
    let faults = Faults::begin();
    faults.fail(Function::Initialize, Action::Hang, 1);
    let error = Pkcs11::open(Options { open_ms: 500, ..faults.options() }, softhsm::pin()).err().expect("it hangs");
    assert_eq!(error.kind, Kind::Deadline, "{error}");
    faults.release();
    softhsm::open(faults.options());
}

#[test]
fn a_module_that_is_not_thread_safe_sees_one_thread() {
    let fixture = Fixture::with("one thread", |options| options.single_thread = true);
    contract::check(&fixture.device, "one thread ", soon).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(fixture.faults.overlap_max(), 1, "no call overlaps another");
    assert!(!fixture.faults.threads_differ(), "one thread makes them all");
    assert_eq!(fixture.faults.initialize_flags(), 0, "the module may rely on one thread");
}

#[test]
fn the_module_does_see_when_threads_overlap() {
    let fixture = Fixture::new("many threads");
    fixture.faults.fail(Function::Sign, Action::Sleep(100), 8);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| fixture.signs());
        }
    });
    assert!(fixture.faults.overlap_max() > 1 && fixture.faults.threads_differ(), "else the test beside this one proves nothing");
    assert_eq!(fixture.faults.initialize_flags(), CInitializeFlags::OS_LOCKING_OK.bits());
}

#[test]
fn the_one_thread_is_not_replaced_when_it_hangs() {
    let fixture = Fixture::with("one thread hangs", |options| options.single_thread = true);
    fixture.faults.fail(Function::Sign, Action::Hang, 1);
    held_no_longer(&fixture, &[Kind::Deadline]);
    while held_no_longer(&fixture, &[Kind::Deadline, Kind::Busy]) != Kind::Busy {}
    assert_eq!(fixture.faults.overlap_max(), 1, "no second thread enters the module");
    fixture.faults.release();
    let began = Instant::now();
    while fixture.sign(soon()).is_err() {
        assert!(began.elapsed() < LATE_MAX, "it serves again");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn many_that_open_at_once_initialise_once_and_finalise_once() {
    let faults = Faults::begin();
    let began = (faults.calls(Function::Initialize), faults.calls(Function::Finalize));
    let devices: Vec<Pkcs11> = thread::scope(|scope| {
        let opening: Vec<_> = (0..8).map(|_| scope.spawn(|| softhsm::open(faults.options()))).collect();
        opening.into_iter().map(|thread| thread.join().expect("opened")).collect()
    });
    assert_eq!(faults.calls(Function::Initialize), began.0 + 1);
    drop(devices);
    assert_eq!(faults.calls(Function::Finalize), began.1 + 1, "when the last one is gone");
    softhsm::open(faults.options());
}

#[test]
fn a_module_that_somebody_else_initialised_is_used_and_left_so() {
    let faults = Faults::begin();
    let other = Library::new(faults.options().module).expect("the module");
    other.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).expect("initialised");
    drop(softhsm::open(faults.options()));
    assert_eq!(faults.calls(Function::Finalize), 0, "it is not ours to finalise");
    other.get_slots_with_token().expect("still initialised");
    other.finalize().expect("finalised");
}

#[test]
fn a_module_that_somebody_else_finalised_is_initialised_again() {
    let fixture = Fixture::new("finalised");
    Library::new(fixture.faults.options().module).expect("the module").finalize().expect("finalised");
    fixture.signs();
}
