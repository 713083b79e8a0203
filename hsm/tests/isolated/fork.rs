//! Forks.

#![expect(unsafe_code, reason = "fork is what is tested")]

use std::path::Path;

use chainbox_hsm::{Device, Kind};
use nix::unistd::{ForkResult, fork};

use crate::{Bench, device::Fault, label, of_process::holds_in_fork, soon};

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
        // SAFETY: it ends this process and does nothing else.
        unsafe { nix::libc::_exit(0) }
    }
}

#[test]
fn a_fork_is_refused_and_disturbs_nobody() {
    let bench = Bench::start(Fault::None);
    bench.signs([1; 32]);
    assert!(holds_in_fork(|| bench.device.sign(&label("kept"), &[[2; 32]], soon()).is_err_and(|error| error.kind == Kind::Library)));
    bench.signs([3; 32]);
    assert_eq!(bench.device.state().restarts, 0);
}
