//! Libraries that do not answer: no caller waits beyond its deadline.

use std::{
    thread,
    time::{Duration, Instant},
};

use chainbox_hsm::{Deadline, Device, Kind};

use crate::fixture::{Fixture, label, labels, sign, soon, until};

/// The deadline of those that must not be held.
const DEADLINE: Duration = Duration::from_millis(300);

/// When a caller that waits until [`DEADLINE`] is held: far beyond it, as the machine may be busy.
const HELD: Duration = Duration::from_secs(10);

fn late() -> Deadline {
    Deadline::after(DEADLINE)
}

#[test]
fn a_hang_holds_no_caller_and_no_other_key() {
    for function in ["InternalSign_ECC", "GetPrivateKeyAccessRight", "ExportSignPublicKey_ECC", "OpenSession"] {
        let fixture = Fixture::new();
        let device = fixture.open_with(|options| {
            options.sessions_min = 0;
            options.hung_max = 2;
        });
        let device = device.expect("it opens");
        // A dead session has all of it done again.
        fixture.faults(&["InternalSign_ECC code 0x01000003 1", &format!("{function} hang")]);
        let began = Instant::now();
        let answers: Vec<_> = thread::scope(|scope| {
            let callers: Vec<_> = labels().into_iter().flat_map(|name| (0..4).map(move |_| name.clone())).collect();
            let device = &device;
            let waiting: Vec<_> = callers.into_iter().map(|name| scope.spawn(move || device.sign(&name, &[[1; 32]], late()))).collect();
            waiting.into_iter().map(|caller| caller.join().expect("nothing panics")).collect()
        });
        assert!(began.elapsed() < HELD, "{function} held a caller");
        for answer in answers {
            if let Err(error) = answer {
                assert!(matches!(error.kind, Kind::Deadline | Kind::Busy | Kind::DeviceGone), "{function}: {error}");
            }
        }
        fixture.faults(&[]);
        until(|| sign(&device, "audit", soon()).is_ok());
        drop(device);
        fixture.settle();
    }
}

#[test]
fn others_take_the_place_of_what_hangs_up_to_a_bound() {
    let fixture = Fixture::new();
    let device = fixture.open_with(|options| {
        options.sessions_max = 1;
        options.hung_max = 1;
    });
    let device = device.expect("it opens");
    fixture.faults(&["InternalSign_ECC hang"]);
    assert_eq!(sign(&device, "audit", late()).expect_err("it hangs").kind, Kind::Deadline);
    assert!(device.key(&label("audit"), soon()).is_ok(), "another thread answers");
    assert_eq!(sign(&device, "audit", late()).expect_err("it hangs").kind, Kind::Deadline);
    until(|| device.key(&label("audit"), late()).is_err_and(|error| error.kind == Kind::Busy));
    fixture.faults(&[]);
    until(|| sign(&device, "audit", soon()).is_ok());
    drop(device);
    fixture.settle();
}

#[test]
fn one_thread_is_not_replaced() {
    let fixture = Fixture::new();
    let device = fixture.open_with(|options| options.single_thread = true).expect("it opens");
    fixture.faults(&["InternalSign_ECC hang"]);
    assert_eq!(sign(&device, "audit", late()).expect_err("it hangs").kind, Kind::Deadline);
    until(|| {
        device.key(&label("audit"), late()).is_err_and(|error| error.kind == Kind::Busy && error.remedy.contains("process of its own"))
    });
    fixture.faults(&[]);
    until(|| sign(&device, "audit", soon()).is_ok());
    let mut threads: Vec<u64> = fixture.calls().iter().map(|call| call.thread).collect();
    threads.dedup();
    assert_eq!(threads.len(), 1);
}

#[test]
fn a_device_that_hangs_while_it_is_opened_is_late() {
    for function in ["OpenDevice", "OpenSession", "ExportSignPublicKey_ECC", "GetPrivateKeyAccessRight"] {
        let fixture = Fixture::new();
        fixture.faults(&[&format!("{function} hang")]);
        let error = fixture.open_with(|options| options.open_ms = 200).map(|_| ()).expect_err("it hangs");
        assert_eq!(error.kind, Kind::Deadline, "{error}");
        fixture.faults(&[]);
        fixture.settle();
    }
}

#[test]
fn a_session_that_hangs_as_it_closes_holds_nobody() {
    let fixture = Fixture::new();
    let device = fixture.open_with(|options| options.sessions_min = 0).expect("it opens");
    fixture.faults(&["CloseSession hang", "InternalSign_ECC code 0x0100001d 1"]);
    assert_eq!(sign(&device, "audit", late()).expect_err("it hangs").kind, Kind::Deadline);
    sign(&device, "audit", soon()).expect("another session signs");
    let began = Instant::now();
    drop(device);
    assert!(began.elapsed() < HELD);
    fixture.faults(&[]);
    fixture.settle();
}
