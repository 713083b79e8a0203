//! Our own adapter for PKCS#11 modules over this library: the contract of devices.

use std::{env, process::Command, time::Duration};

use chainbox_hsm::{
    Algorithm, Deadline, Device as _,
    device::contract,
    pkcs11::{Options, Pkcs11, Sm2Mechanisms, TokenName},
    secret::Secret,
};

use super::{
    build::{library, succeed},
    card::{Card, Login, PASSWORD},
};

pub fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

/// The library finds its settings in the environment of the process, so that this test runs itself once more with them.
#[test]
fn the_adapter_finds_a_device_that_keeps_the_contract() {
    let card = Card::new(Login::Needed);
    run_apart(&card, "adapter::in_a_process_of_its_own");
    let log = card.log();
    assert!(!log.contains("error"), "{log}");
}

#[test]
#[ignore = "run by the test above, with settings in its environment"]
fn in_a_process_of_its_own() {
    let device = open(PASSWORD);
    let capabilities = device.capabilities(soon()).expect("capabilities");
    assert_eq!(capabilities.algorithms, Algorithm::ALL, "each was proved with a key of a session");
    assert!(capabilities.generates && capabilities.destroys);
    contract::check(&device, "contract ", soon).unwrap_or_else(|failure| panic!("{failure}"));
}

/// The adapter over the library, with the settings of this process.
pub fn open(pin: &str) -> Pkcs11 {
    let sm2 = Sm2Mechanisms { sign: 0x8000_8105, generate: Some(0x8000_8001), curve: "1.2.156.10197.1.301".to_owned() };
    let options = Options { sm2: Some(sm2), ..Options::new(library(), TokenName::Label("chainbox".to_owned())) };
    Pkcs11::open(options, Secret::new(pin.as_bytes().to_vec())).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs an ignored test of this program in a process of its own, with a card's settings in its environment.
pub fn run_apart(card: &Card, test: &str) {
    let mut again = Command::new(env::current_exe().expect("the test's own path"));
    succeed(again.args(["--exact", test, "--ignored"]).envs(card.variables()));
}
