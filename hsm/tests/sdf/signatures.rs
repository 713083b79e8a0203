//! What the adapter is for: keys, signatures, verdicts, random bytes.

use std::{fs, process::Command};

use chainbox_engine::{
    curve::{Sm2, sec1},
    hash::{self, Digest},
    scheme,
};
use chainbox_hsm::{
    Algorithm, Device, KeyInfo, Kind, PublicKey, Signature,
    device::contract::{check_with_keys, verifies},
};

use crate::fixture::{Fixture, digest, label, labels, sign, soon};

#[test]
fn it_passes_the_contract_of_a_device() {
    let fixture = Fixture::new();
    check_with_keys(&fixture.open(), &labels(), "suite ", soon).expect("the contract holds");
}

#[test]
fn it_says_what_it_is_and_who_makes_keys() {
    let device = Fixture::new().open();
    let capabilities = device.capabilities(soon()).expect("it answers");
    assert_eq!(capabilities.description, "Chainbox, SDF fixture, serial 2026112500100001, version 0x102, interface version 0x1");
    assert_eq!(capabilities.algorithms, [Algorithm::Sm2]);
    assert_eq!(device.name(), "sdf:libsdf_fixture.so");
    let error = device.generate(&label("new"), Algorithm::Sm2, soon()).expect_err("the standard has no function for it");
    assert!(error.kind == Kind::Unsupported && error.remedy.contains("vendor's management tool"), "{error}");
}

#[test]
fn a_key_is_looked_up_once_and_not_for_each_signature() {
    let fixture = Fixture::new();
    let device = fixture.open_with(|options| options.single_thread = true).expect("it opens");
    let before = (fixture.count("ExportSignPublicKey_ECC"), fixture.count("GetPrivateKeyAccessRight"));
    for _ in 0..50 {
        sign(&device, "audit", soon()).expect("it signs");
    }
    assert_eq!((fixture.count("ExportSignPublicKey_ECC"), fixture.count("GetPrivateKeyAccessRight")), before);
    assert_eq!(fixture.count("InternalSign_ECC"), 50);
}

/// The whole way from a message: Z_A and e by the engine, the signature by the device, the verdict by the `openssl` program.
#[test]
fn libcrypto_verifies_the_messages_that_the_device_signed() {
    let device = Fixture::new().open();
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (round, name) in labels().iter().enumerate() {
        let key = device.key(name, soon()).expect("it is there");
        let message = format!("message {round}");
        let e = e(&key.public_key, message.as_bytes());
        let signature = device.sign(name, &[e], soon()).expect("it signs")[0];
        assert!(verifies(&key, &e, &signature));
        assert!(libcrypto_accepts(folder.path(), &key.public_key, message.as_bytes(), &signature), "{name}");
        assert!(!libcrypto_accepts(folder.path(), &key.public_key, b"another", &signature), "{name}");
    }
}

/// Valid items, and those with one thing changed: the device says what the engine says, whichever number the library has for the algorithm.
#[test]
fn the_devices_verdicts_are_the_engines() {
    for only in ["", "ExternalVerify_ECC only 0x00020200", "ExternalVerify_ECC only 0x00020100"] {
        let fixture = Fixture::new();
        fixture.faults(&[only]);
        let device = fixture.open();
        let key = device.key(&label("vote"), soon()).expect("it is there");
        let mut valid = 0;
        for round in 0..8 {
            let e = digest(&format!("round {round}"));
            let signature = device.sign(&key.label, &[e], soon()).expect("it signs")[0];
            for (key, e, signature) in alterations(&key, e, signature) {
                let engine = verifies(&key, &e, &signature);
                let answer = device.verify(&key.public_key, &e, &signature, soon()).expect("it answers");
                assert_eq!(answer, engine, "{only:?}, {e:02x?} {signature:02x?}");
                valid += usize::from(engine);
            }
        }
        assert_eq!(valid, 8);
    }
}

fn alterations(key: &KeyInfo, e: Digest, signature: Signature) -> Vec<(KeyInfo, Digest, Signature)> {
    let mut items = vec![(key.clone(), e, signature)];
    let mut changed = |change: &dyn Fn(&mut Digest, &mut Signature)| {
        let (mut e, mut signature) = (e, signature);
        change(&mut e, &mut signature);
        items.push((key.clone(), e, signature));
    };
    changed(&|e, _| e[31] ^= 1);
    changed(&|e, _| e[0] ^= 0x80);
    changed(&|_, signature| signature[31] ^= 1);
    changed(&|_, signature| signature[32] ^= 1);
    changed(&|_, signature| signature[..32].fill(0));
    changed(&|_, signature| signature[32..].fill(0));
    changed(&|_, signature| signature[..32].fill(0xff));
    changed(&|_, signature| signature[32..].fill(0xff));
    changed(&|_, signature| signature.rotate_left(32));
    items
}

#[test]
fn random_bytes_come_in_any_number() {
    let device = Fixture::new().open();
    for length in [0, 1, 15, 16, 1023, 1024, 1025, 5000] {
        let mut bytes = vec![0; length];
        device.random(&mut bytes, soon()).expect("it draws");
        let zeros = bytes.iter().filter(|byte| **byte == 0).count();
        assert!(length < 15 || zeros < length / 2, "{zeros} of {length} bytes are zero");
    }
    assert_eq!(device.random(&mut vec![0; (1 << 20) + 1], soon()).expect_err("too many").kind, Kind::Input);
}

/// e = SM3(Z_A || M) (GB/T 32918.2, 6.1) with the id of GB/T 35276.
fn e(key: &PublicKey, message: &[u8]) -> Digest {
    let q = sec1::parse::<Sm2>(key).expect("it is a point");
    let mut sm3 = hash::Sm3::new();
    sm3.update(&scheme::z_a(b"1234567812345678", &q));
    sm3.update(message);
    sm3.finish()
}

fn libcrypto_accepts(folder: &std::path::Path, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).expect("the folder can be written");
        path
    };
    let mut command = Command::new("openssl");
    command.args(["dgst", "-sm3", "-keyform", "DER", "-sigopt", "distid:1234567812345678", "-verify"]);
    command
        .arg(write("key.der", &public_key_info(key)))
        .arg("-signature")
        .arg(write("signature.der", &der(signature)))
        .arg(write("message", message));
    command.output().expect("openssl runs: apt-get install openssl").status.success()
}

/// SubjectPublicKeyInfo (RFC 5480, section 2) with id-ecPublicKey on the curve 1.2.156.10197.1.301.
fn public_key_info(key: &PublicKey) -> Vec<u8> {
    const HEAD: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x81\x1c\xcf\x55\x01\x82\x2d\x03\x42\x00";
    [HEAD, key].concat()
}

/// SEQUENCE { INTEGER r, INTEGER s }.
fn der(signature: &Signature) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let start = number.iter().position(|byte| *byte != 0).expect("r and s are not zero");
        let sign: &[u8] = if number[start] >= 0x80 { &[0] } else { &[] };
        let body = [sign, &number[start..]].concat();
        [&[2, body.len() as u8], body.as_slice()].concat()
    };
    let body = [integer(&signature[..32]), integer(&signature[32..])].concat();
    [&[0x30, body.len() as u8], body.as_slice()].concat()
}
