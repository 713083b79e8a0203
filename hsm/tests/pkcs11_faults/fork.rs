//! The fork of a process that uses a module.

use std::time::Duration;

use chainbox_hsm::{Deadline, Kind};

use crate::{Fixture, in_fork::holds_in_fork, softhsm};

#[test]
fn a_fork_is_told_so_at_once_and_may_open_the_device_itself() {
    let fixture = Fixture::new("fork");
    assert!(holds_in_fork(|| {
        fixture.sign(softhsm::soon()).is_err_and(|error| error.kind == Kind::Library && error.remedy.contains("open the device again"))
    }));
    fixture.signs();
    assert!(holds_in_fork(|| {
        let device = softhsm::open(fixture.faults.options());
        let signed = chainbox_hsm::Device::sign(&device, &fixture.key.label, &[fixture.digest()], Deadline::after(Duration::from_secs(60)));
        signed.is_ok()
    }));
    fixture.signs();
}
