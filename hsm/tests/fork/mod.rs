//! The fork of a process that uses a device.
#![expect(unsafe_code, reason = "forking is")]

use nix::{
    sys::wait::{WaitStatus, waitpid},
    unistd::{ForkResult, fork},
};

/// Runs the check in a fork, and says whether it held there.
pub fn holds_in_fork(check: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child does not return: it runs the check on the one thread that it has and ends without destructors of the parent's threads.
    match unsafe { fork() }.expect("a fork") {
        ForkResult::Parent { child } => matches!(waitpid(child, None).expect("it ends"), WaitStatus::Exited(_, 0)),
        ForkResult::Child => {
            let held = check();
            // SAFETY: it ends this process and does nothing else.
            unsafe { nix::libc::_exit(i32::from(!held)) }
        }
    }
}
