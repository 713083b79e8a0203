//! `chainbox hsm-host`: the process that holds a vendor's module. The service and the other commands start it; nobody types it.

use std::process::ExitCode;

/// Runs `chainbox hsm-host` until whoever started it is gone.
#[must_use]
pub fn run() -> ExitCode {
    chainbox_hsm::isolated::host()
}
