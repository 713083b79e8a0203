//! Devices in a process of their own: the contract, and every way in which such a process can fail.
//!
//! The program of the child is this one: it runs one of the tests of [`hosts`], which are ignored otherwise.

mod device;
mod faults;
mod fork;
mod hosts;
mod liar;
mod life;
mod load;
#[path = "../fork/mod.rs"]
mod of_process;
mod sdf;
#[path = "../sdf/fixture.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod sdf_fixture;
#[path = "../softhsm/mod.rs"]
mod softhsm;

use std::{fs, path::Path, time::Duration};

use chainbox_hsm::{
    Deadline, Device, Error, Label,
    device::contract,
    isolated::{Isolated, Options, frame::Hello},
    secret::Secret,
};
use device::{Fault, Setup};
use tempfile::TempDir;

/// A deadline that is met on any machine.
fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

/// The PIN that every child is given.
const PIN: &str = "the PIN of the test";

/// A folder for the keys of a device, with one key, and the isolated device over it.
struct Bench {
    folder: TempDir,
    device: Isolated,
}

impl Bench {
    fn start(fault: Fault) -> Self {
        Self::try_start(fault, |_| {}).expect("a device")
    }

    fn try_start(fault: Fault, change: impl FnOnce(&mut Options)) -> Result<Self, Error> {
        let folder = TempDir::new().expect("a folder");
        device::make_key(folder.path(), &label("kept"));
        let device = start(folder.path(), fault, change)?;
        Ok(Self { folder, device })
    }

    /// A signature over this digest, verified.
    fn signs(&self, digest: [u8; 32]) {
        let signatures = self.device.sign(&label("kept"), &[digest], soon()).expect("a signature");
        assert!(verifies(self.folder.path(), &digest, &signatures[0]));
    }
}

fn label(text: &str) -> Label {
    text.parse().expect("a label")
}

fn verifies(folder: &Path, digest: &[u8; 32], signature: &[u8; 64]) -> bool {
    contract::verifies(&device::key(folder, &label("kept")).expect("the key is there"), digest, signature)
}

fn hello(folder: &Path, fault: Fault) -> Hello {
    fs::write(folder.join(device::ARMED), []).expect("a folder to write to");
    let setup = Setup { folder: folder.to_owned(), fault };
    let options = serde_json::to_string(&setup).expect("options are JSON");
    Hello { name: "test:device".to_owned(), options, secrets: vec![("pin".to_owned(), Secret::new(PIN.into()))] }
}

fn start(folder: &Path, fault: Fault, change: impl FnOnce(&mut Options)) -> Result<Isolated, Error> {
    let mut options = Options {
        program: Some(std::env::current_exe().expect("a program")),
        arguments: hosts::arguments("hosts::host"),
        ..Options::default()
    };
    change(&mut options);
    Isolated::start(hello(folder, fault), options)
}

/// Waits until it holds, far longer than it takes.
fn until(what: &str, holds: impl Fn() -> bool) {
    let end = soon();
    while !holds() {
        assert!(!end.is_over(), "it never came about that {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Kills the child.
fn kill(bench: &Bench) {
    let pid = bench.device.state().pid.expect("a child");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).expect("a process id"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("a child to kill");
}
