//! Our own adapter for SDF devices, above the library.

use std::{collections::BTreeMap, env, time::Duration};

use chainbox_hsm::{
    Deadline, Device, Label,
    device::contract::{check_with_keys, verifies},
    sdf::{Options, Sdf, SdfKey},
    secret::Secret,
};

use super::host::{Host, RIGHT, library, succeeded};

/// Set for the test that runs in a process whose environment names the settings.
const INSIDE: &str = "CHAINBOX_TEST_SDF_INSIDE";

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

fn label(text: &str) -> Label {
    text.parse().expect("a label")
}

fn open() -> Sdf {
    let keys = [("guarded", 1), ("free", 2)].map(|(name, index)| (label(name), SdfKey { index, password: None }));
    let passwords = BTreeMap::from([(label("guarded"), Secret::new(RIGHT.as_bytes().to_vec()))]);
    Sdf::open(Options::new(library(), keys.into()), passwords).expect("the library opens")
}

/// Runs a test of this file in a process of its own, whose environment names the settings.
fn inside(name: &str) {
    let host = Host::new();
    let test = env::current_exe().expect("the test's own path");
    let mut command = host.command(test);
    succeeded(&host.end(command.args(["--exact", name, "--nocapture"]).env(INSIDE, "1")));
}

#[test]
fn the_adapter_passes_the_contract_of_a_device() {
    if env::var_os(INSIDE).is_none() {
        return inside("adapter::the_adapter_passes_the_contract_of_a_device");
    }
    let device = open();
    check_with_keys(&device, &[label("free"), label("guarded")], "suite ", soon).expect("the contract holds");
    let capabilities = device.capabilities(soon()).expect("it answers");
    assert!(capabilities.description.starts_with("Chainbox, Chainbox SDF, serial 0000000000000000, "), "{}", capabilities.description);
    assert!(capabilities.description.ends_with("interface version 0x2012"), "{}", capabilities.description);
}

#[test]
fn the_adapter_gets_the_engines_verdicts() {
    if env::var_os(INSIDE).is_none() {
        return inside("adapter::the_adapter_gets_the_engines_verdicts");
    }
    let device = open();
    for name in ["free", "guarded"] {
        let key = device.key(&label(name), soon()).expect("it is there");
        let e = [name.len() as u8; 32];
        let signature = device.sign(&label(name), &[e], soon()).expect("it signs")[0];
        for at in 0..64 {
            let mut changed = signature;
            changed[at] ^= u8::from(at != 0);
            let verdict = device.verify(&key.public_key, &e, &changed, soon()).expect("it answers");
            assert_eq!(verdict, verifies(&key, &e, &changed), "byte {at}");
            assert_eq!(verdict, at == 0);
        }
    }
}
