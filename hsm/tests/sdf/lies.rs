//! What a library must not be believed.

use chainbox_hsm::{Device, Error, Kind};

use crate::fixture::{Fixture, digest, label, sign, soon};

fn is_a_lie<T: std::fmt::Debug>(answer: Result<T, Error>, expected: &str) {
    let error = answer.expect_err(expected);
    assert!(error.kind == Kind::DeviceFailed && error.to_string().contains(expected) && !error.remedy.is_empty(), "{error}");
}

#[test]
fn public_keys_are_checked() {
    let fixture = Fixture::new();
    for (fault, expected) in [
        ("silent", "wrote nothing"),
        ("narrow", "32 bytes a number"),
        ("left", "not at the right"),
        ("bits 512", "other than 256 bits"),
        ("bits 0", "other than 256 bits"),
        ("off", "no point"),
        ("overrun", "beyond the end"),
    ] {
        fixture.faults(&[&format!("ExportSignPublicKey_ECC {fault}")]);
        is_a_lie(fixture.open_with(|_| ()).map(|_| ()), expected);
    }
    fixture.faults(&[]);
    fixture.open();
}

#[test]
fn signatures_are_checked() {
    let fixture = Fixture::new();
    let device = fixture.open();
    for (fault, expected) in [
        ("silent", "wrote nothing"),
        ("narrow", "32 bytes a number"),
        ("left", "not at the right"),
        ("overrun", "beyond the end"),
        ("wrong", "does not verify"),
    ] {
        fixture.faults(&[&format!("InternalSign_ECC {fault}")]);
        is_a_lie(sign(&device, "audit", soon()), expected);
    }
    fixture.faults(&[]);
    sign(&device, "audit", soon()).expect("it signs");
}

/// Another key pair at the same index: the public key of the one with signatures of the other does not go unseen after the device went.
#[test]
fn a_card_that_was_exchanged_is_noticed() {
    let fixture = Fixture::new();
    let device = fixture.open();
    let before = device.key(&label("audit"), soon()).expect("it is there");
    sign(&device, "audit", soon()).expect("it signs");
    fixture.faults(&["* gone"]);
    sign(&device, "audit", soon()).expect_err("it is gone");
    fixture.faults(&["InternalSign_ECC wrong"]);
    is_a_lie(sign(&device, "audit", soon()), "does not verify");
    fixture.faults(&["InternalSign_ECC wrong", "ExportSignPublicKey_ECC wrong"]);
    let after = device.key(&label("audit"), soon()).expect("it is there");
    assert_ne!(after.public_key, before.public_key);
    sign(&device, "audit", soon()).expect("both are of the other pair");
}

#[test]
fn handles_that_are_none_are_refused() {
    for function in ["OpenDevice", "OpenSession"] {
        let fixture = Fixture::new();
        fixture.faults(&[&format!("{function} silent")]);
        is_a_lie(fixture.open_with(|_| ()).map(|_| ()), "no handle");
    }
}

#[test]
fn random_bytes_that_were_not_written_are_none() {
    let fixture = Fixture::new();
    let device = fixture.open();
    fixture.faults(&["GenerateRandom silent"]);
    is_a_lie(device.random(&mut [0; 32], soon()), "nothing but zeros");
}

/// A library that takes every signature for valid, or none, is not asked for verdicts.
#[test]
fn verdicts_are_believed_after_two_whose_answers_are_known() {
    let fixture = Fixture::new();
    let device = fixture.open();
    let key = device.key(&label("vote"), soon()).expect("it is there");
    let e = digest("one");
    let signature = sign(&device, "vote", soon()).expect("it signs");
    for fault in ["silent", "code 0x0100000e", "code 0x01000009"] {
        fixture.faults(&[&format!("ExternalVerify_ECC {fault}")]);
        let error = device.verify(&key.public_key, &e, &signature, soon()).expect_err("it cannot verify");
        assert!(error.kind == Kind::Unsupported && error.what.contains("0x00020200") && error.what.contains("0x00020100"), "{error}");
    }
    fixture.faults(&[]);
    assert_eq!(device.verify(&key.public_key, &e, &signature, soon()), Ok(true));
}
