//! The fork of a process that uses a module.
#![expect(unsafe_code, reason = "forking is")]

use std::time::Duration;

use chainbox_hsm::{Deadline, Kind};
use nix::{
    sys::wait::{WaitStatus, waitpid},
    unistd::{ForkResult, fork},
};

use crate::{Fixture, softhsm};

/// Runs the check in a fork, whose exit status says whether it held.
fn in_fork(check: impl FnOnce() -> bool) -> WaitStatus {
    // SAFETY: the child does not return: it runs the check on the one thread that it has and ends without destructors of the parent's threads.
    match unsafe { fork() }.expect("a fork") {
        ForkResult::Parent { child } => waitpid(child, None).expect("it ends"),
        ForkResult::Child => {
            let held = check();
            // SAFETY: it ends this process and does nothing else.
            unsafe { nix::libc::_exit(i32::from(!held)) }
        }
    }
}

#[test]
fn a_fork_is_told_so_at_once_and_may_open_the_device_itself() {
    let fixture = Fixture::new("fork");
    let told = in_fork(|| {
        fixture.sign(softhsm::soon()).is_err_and(|error| error.kind == Kind::Library && error.remedy.contains("open the device again"))
    });
    assert!(matches!(told, WaitStatus::Exited(_, 0)), "{told:?}");
    fixture.signs();
    let opened = in_fork(|| {
        let device = softhsm::open(fixture.faults.options());
        let signed = chainbox_hsm::Device::sign(&device, &fixture.key.label, &[fixture.digest()], Deadline::after(Duration::from_secs(60)));
        signed.is_ok()
    });
    assert!(matches!(opened, WaitStatus::Exited(_, 0)), "{opened:?}");
    fixture.signs();
}
