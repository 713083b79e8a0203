//! Sessions: how many, whose, and what becomes of them.

use std::{collections::BTreeSet, sync::Barrier, thread};

use chainbox_hsm::{Device, device::contract::check_with_keys};

use crate::fixture::{Fixture, digest, label, labels, sign, soon, until};

/// Signs with so many callers at once.
fn crowd(device: &dyn Device, callers: usize) {
    let start = &Barrier::new(callers);
    thread::scope(|scope| {
        for caller in 0..callers {
            scope.spawn(move || {
                let name = &labels()[caller % 4];
                start.wait();
                device.sign(name, &[digest("crowd")], soon()).expect("it signs");
            });
        }
    });
}

#[test]
fn there_are_as_many_as_there_is_work_for_between_the_bounds() {
    let fixture = Fixture::new();
    let bounds = |options: &mut chainbox_hsm::sdf::Options| {
        options.sessions_min = 2;
        options.sessions_max = 5;
        options.idle_seconds = 1;
    };
    let device = fixture.open_with(bounds).expect("it opens");
    fixture.faults(&["InternalSign_ECC slow 40"]);
    crowd(&device, 20);
    assert_eq!(fixture.count("OpenSession"), 5);
    until(|| fixture.count("CloseSession") == 3);
    crowd(&device, 20);
    assert_eq!(fixture.count("OpenSession"), 8);
    assert_eq!(fixture.count("OpenDevice"), 1);
}

#[test]
fn all_is_given_back_at_the_end_rights_before_sessions_before_the_device() {
    let fixture = Fixture::new();
    let device = fixture.open();
    crowd(&device, 8);
    drop(device);
    let calls = fixture.calls();
    let ends = |function: &str| calls.iter().filter(|call| call.function == function && call.code == Some(0)).count();
    assert_eq!((ends("OpenDevice"), ends("CloseDevice")), (1, 1));
    assert_eq!(ends("OpenSession"), ends("CloseSession"));
    assert_eq!(ends("GetPrivateKeyAccessRight"), ends("ReleasePrivateKeyAccessRight"));
    assert!(ends("GetPrivateKeyAccessRight") >= 3);
    assert_eq!(calls.last().map(|call| call.function.as_str()), Some("CloseDevice"));
}

/// A device that has fewer sessions than the settings allow is used with those.
#[test]
fn a_full_device_is_used_with_what_it_has() {
    let fixture = Fixture::new();
    fixture.faults(&["OpenSession most 2", "InternalSign_ECC slow 5"]);
    let device = fixture.open_with(|options| options.sessions_max = 8).expect("it opens");
    crowd(&device, 40);
    let opened = fixture.calls().iter().filter(|call| call.function == "OpenSession" && call.code == Some(0)).count();
    assert_eq!(opened, 2);
    assert_eq!(fixture.count("OpenDevice"), 1, "a device without free sessions is not taken for one that went");
}

#[test]
fn a_library_that_is_not_thread_safe_sees_one_thread_and_one_call_at_a_time() {
    let fixture = Fixture::new();
    let device = fixture.open_with(|options| options.single_thread = true).expect("it opens");
    check_with_keys(&device, &labels(), "suite ", soon).expect("the contract holds");
    crowd(&device, 20);
    drop(device);
    let calls = fixture.calls();
    let threads: BTreeSet<u64> = calls.iter().map(|call| call.thread).collect();
    assert_eq!(threads.len(), 1);
    let begins_and_ends = calls.iter().map(|call| call.code.is_none());
    assert!(begins_and_ends.eq((0..calls.len()).map(|at| at % 2 == 0)), "two calls overlap");
    assert_eq!(calls.last().map(|call| call.function.as_str()), Some("CloseDevice"));
}

/// The same library opened by several at once, each used by several at once.
#[test]
fn many_open_at_once() {
    let fixture = Fixture::new();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let device = fixture.open();
                crowd(&device, 6);
                assert_eq!(device.keys(soon()).expect("it answers").len(), 4);
            });
        }
    });
    assert_eq!(fixture.count("OpenDevice"), fixture.count("CloseDevice"));
    assert_eq!(fixture.count("OpenSession"), fixture.count("CloseSession"));
}

#[test]
fn a_key_without_a_password_asks_for_no_right() {
    let fixture = Fixture::new();
    let device = fixture.open_with(|options| options.single_thread = true).expect("it opens");
    assert_eq!(fixture.count("GetPrivateKeyAccessRight"), 3);
    sign(&device, "vote", soon()).expect("it signs");
    assert_eq!(fixture.count("GetPrivateKeyAccessRight"), 3);
    assert!(device.key(&label("vote"), soon()).is_ok());
}
