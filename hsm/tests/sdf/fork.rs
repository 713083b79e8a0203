//! The fork of a process that uses a library.

use chainbox_hsm::Kind;

use crate::{
    fixture::{Fixture, sign, soon},
    in_fork::holds_in_fork,
};

#[test]
fn a_fork_is_told_so_at_once_and_may_open_the_device_itself() {
    let fixture = Fixture::new();
    let device = fixture.open();
    assert!(holds_in_fork(|| {
        sign(&device, "audit", soon()).is_err_and(|error| error.kind == Kind::Library && error.remedy.contains("open the device again"))
    }));
    sign(&device, "audit", soon()).expect("the parent signs");
    assert!(holds_in_fork(|| sign(&fixture.open(), "audit", soon()).is_ok()));
    sign(&device, "audit", soon()).expect("the parent signs");
}
