//! Forks.

#![expect(unsafe_code, reason = "fork is what is tested")]

use std::path::Path;

use chainbox_hsm::{Device, Kind};
use nix::{
    sys::wait::{WaitStatus, waitpid},
    unistd::{ForkResult, fork},
};

use crate::{Bench, device::Fault, label, soon};

/// Leaves a process behind that holds every descriptor of this one, until the file is there.
pub(crate) fn leave_orphan(until: &Path) {
    // SAFETY: the copy does nothing but look for a file and sleep, and leaves without running anything of this process.
    if let Ok(ForkResult::Child) = unsafe { fork() } {
        // The death of the parent does not end it, unlike its parent.
        for _ in 0..12_000 {
            if until.exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        exit(0);
    }
}

/// Leaves without destructors and without what was to run at the end.
fn exit(code: i32) -> ! {
    // SAFETY: it takes a number and does not return.
    unsafe { nix::libc::_exit(code) }
}

#[test]
fn a_fork_is_refused_and_disturbs_nobody() {
    let bench = Bench::start(Fault::None);
    bench.signs([1; 32]);
    // SAFETY: the copy asks the device, which refuses before it touches a lock that another thread may have held, and leaves at once.
    match unsafe { fork() }.expect("a fork") {
        ForkResult::Child => {
            let refused = bench.device.sign(&label("kept"), &[[2; 32]], soon()).map_err(|error| error.kind);
            exit(i32::from(refused != Err(Kind::Library)));
        }
        ForkResult::Parent { child } => assert!(matches!(waitpid(child, None), Ok(WaitStatus::Exited(_, 0)))),
    }
    bench.signs([3; 32]);
    assert_eq!(bench.device.state().restarts, 0);
}
