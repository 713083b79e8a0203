//! What the child processes run.

use std::{process::ExitCode, time::Duration};

use chainbox_hsm::isolated::{self, serve};

use crate::{
    device::{Fault, Setup},
    liar,
};

/// The arguments with which this program runs one test alone, its output not taken away.
pub(crate) fn arguments(test: &str) -> Vec<String> {
    ["--exact", test, "--ignored", "--nocapture", "--test-threads=1"].map(str::to_owned).to_vec()
}

#[test]
#[ignore = "the program of the others' child processes"]
fn host() {
    let code = serve(|hello| Setup::open(&hello));
    std::process::exit(i32::from(code != ExitCode::SUCCESS));
}

/// What `chainbox hsm-host` runs.
#[test]
#[ignore = "the program of the others' child processes"]
fn service() {
    let code = isolated::host();
    std::process::exit(i32::from(code != ExitCode::SUCCESS));
}

#[test]
#[ignore = "a child process that breaks the rules"]
fn liar() {
    liar::run();
}

/// A parent that is killed: it says the process id of its child.
#[test]
#[ignore = "a parent process of the others"]
fn parent() {
    let bench = crate::Bench::start(Fault::None);
    bench.signs([1; 32]);
    println!("\nchild {}", bench.device.state().pid.expect("a child that answers"));
    std::thread::sleep(Duration::from_secs(600));
}
