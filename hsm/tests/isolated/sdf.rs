//! An SDF library in the child: its crashes and hangs are those of C code.

use std::time::Duration;

use chainbox_hsm::{
    Deadline, Device, DeviceOptions, Kind,
    device::contract,
    isolated::{Isolated, Options},
};

use crate::{
    hosts, label,
    sdf_fixture::{Fixture, labels, passwords},
    soon, until,
};

fn start(fixture: &Fixture) -> Isolated {
    let program = Some(std::env::current_exe().expect("a program"));
    let options = Options { program, arguments: hosts::arguments("hosts::service"), grace_ms: 300, ..Options::default() };
    let secrets = passwords().into_iter().map(|(label, password)| (label.to_string(), password)).collect();
    DeviceOptions::Sdf(fixture.options()).isolate("sdf:test", secrets, options).unwrap_or_else(|error| panic!("{error}"))
}

fn kind_of_sign(device: &Isolated, deadline: Deadline) -> Result<(), Kind> {
    device.sign(&label("block"), &[[1; 32]], deadline).map(|_| ()).map_err(|error| error.kind)
}

#[test]
fn the_contract_holds_for_an_sdf_library() {
    let fixture = Fixture::new();
    contract::check_with_keys(&start(&fixture), &labels(), "contract ", soon).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_library_that_crashes_takes_nothing_down() {
    let fixture = Fixture::new();
    let device = start(&fixture);
    fixture.faults(&["InternalSign_ECC crash"]);
    assert_eq!(kind_of_sign(&device, soon()), Err(Kind::Crashed));
    let state = device.state();
    assert!(state.restarts > 0 && state.last_end.as_ref().is_some_and(|end| end.to_lowercase().contains("segv")), "{state:?}");
    fixture.faults(&[]);
    assert_eq!(kind_of_sign(&device, soon()), Ok(()));
}

#[test]
fn a_library_that_hangs_is_replaced() {
    let fixture = Fixture::new();
    let device = start(&fixture);
    fixture.faults(&["InternalSign_ECC hang"]);
    assert_eq!(kind_of_sign(&device, Deadline::after(Duration::from_millis(200))), Err(Kind::Deadline));
    until("the child is replaced", || device.state().restarts == 1);
    assert!(device.state().last_end.is_some_and(|end| end.contains("hung")));
    fixture.faults(&[]);
    assert_eq!(kind_of_sign(&device, soon()), Ok(()));
}
