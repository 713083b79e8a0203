use std::{os::unix::fs::PermissionsExt, time::Duration};

use super::*;
use crate::device::contract;

/// The least that a file may ask for: the tests are not about Argon2id.
const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

/// A file of keys in a folder, for the tests of what stands above a device.
pub(crate) fn cheap(folder: &Path) -> Software {
    Software::create_at(&options(folder), &password("test"), CHEAP).expect("a file")
}

fn options(folder: &Path) -> Options {
    Options { path: folder.join("keys"), production: false, allow_software: false }
}

fn password(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

fn made() -> (tempfile::TempDir, Options, Software) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = options(folder.path());
    let device = Software::create_at(&options, &password("correct horse"), CHEAP).expect("a file");
    (folder, options, device)
}

fn label(text: &str) -> Label {
    text.parse().expect("a label")
}

#[test]
fn it_passes_the_contract_suite() {
    let (_folder, _options, device) = made();
    contract::check(&device, "contract ", soon).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(device.keys(soon()).expect("keys"), []);
}

#[test]
fn keys_are_there_after_a_restart_and_in_another_process() {
    let (_folder, options, device) = made();
    let other = Software::open(&options, &password("correct horse")).expect("the file");
    for (name, algorithm) in [("c", Algorithm::Sm2), ("a", Algorithm::EcdsaP256), ("b", Algorithm::EcdsaSecp256k1)] {
        device.generate(&label(name), algorithm, soon()).expect("a key");
    }
    let again = Software::open(&options, &password("correct horse")).expect("the file");
    for open in [&device, &other, &again] {
        let keys = open.keys(soon()).expect("keys");
        assert_eq!(keys.iter().map(|key| key.label.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        for key in &keys {
            let signature = open.sign(&key.label, &[[7; 32]], soon()).expect("a signature")[0];
            assert!(contract::verifies(key, &[7; 32], &signature), "{key:?}");
        }
    }
    other.destroy(&label("a"), soon()).expect("destroyed");
    assert_eq!(device.sign(&label("a"), &[[7; 32]], soon()).expect_err("destroyed elsewhere").kind, Kind::NoKey);
    assert_eq!(device.keys(soon()).expect("keys").len(), 2);
}

#[test]
fn sm2_keys_decrypt() {
    let (_folder, _options, device) = made();
    let public_key = device.generate(&label("sm2"), Algorithm::Sm2, soon()).expect("a key");
    device.generate(&label("p256"), Algorithm::EcdsaP256, soon()).expect("a key");
    let mut ciphertext = sm2::encrypt(&public_key, b"session key").expect("a ciphertext");
    assert_eq!(&device.decrypt(&label("sm2"), &ciphertext, soon()).expect("it decrypts")[..], b"session key");
    let kind = |name: &str, ciphertext: &[u8]| device.decrypt(&label(name), ciphertext, soon()).expect_err("refused").kind;
    assert_eq!(kind("p256", &ciphertext), Kind::Unsupported);
    assert_eq!(kind("none", &ciphertext), Kind::NoKey);
    ciphertext[80] ^= 1;
    assert_eq!(kind("sm2", &ciphertext), Kind::Input);
    assert_eq!(kind("sm2", &[]), Kind::Input);
}

#[test]
fn nobody_else_may_read_the_file() {
    let (_folder, options, device) = made();
    device.generate(&label("a"), Algorithm::Sm2, soon()).expect("a key");
    let mode = fs::metadata(&options.path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn production_refuses_it_unless_told() {
    let (_folder, options, _device) = made();
    let production = Options { production: true, ..options };
    let error = Software::open(&production, &password("correct horse")).err().expect("refused");
    assert_eq!(error.kind, Kind::Refused);
    assert!(error.remedy.contains("allow_software"), "{error}");
    Software::open(&Options { allow_software: true, ..production }, &password("correct horse")).expect("allowed");
}

#[test]
fn nothing_is_overwritten() {
    let (_folder, options, _device) = made();
    assert_eq!(Software::create_at(&options, &password("other"), CHEAP).err().expect("refused").kind, Kind::KeyExists);
    Software::open(&options, &password("correct horse")).expect("as it was");
}

#[test]
fn every_changed_byte_is_noticed() {
    let (_folder, options, device) = made();
    device.generate(&label("a"), Algorithm::EcdsaP256, soon()).expect("a key");
    let bytes = fs::read(&options.path).expect("the file");
    for index in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[index] ^= 1;
        let Ok(sealed) = Sealed::parse(&changed) else { continue };
        let key = SealingKey::of(&sealed, &password("correct horse")).expect("a key");
        assert_eq!(key.unseal(&sealed).err(), Some(file::Damage::Unsealed), "byte {index}");
    }
    for length in 0..bytes.len() {
        fs::write(&options.path, &bytes[..length]).expect("a shorter file");
        let kind = Software::open(&options, &password("correct horse")).err().expect("damaged").kind;
        assert!(matches!(kind, Kind::Storage | Kind::Pin), "{length} bytes: {kind:?}");
    }
}

#[test]
fn a_wrong_password_and_a_missing_file_are_named() {
    let (folder, options, _device) = made();
    assert_eq!(Software::open(&options, &password("wrong")).err().expect("refused").kind, Kind::Pin);
    let missing = Options { path: folder.path().join("missing"), ..options };
    assert_eq!(Software::open(&missing, &password("wrong")).err().expect("refused").kind, Kind::NoDevice);
}

#[test]
fn files_that_ask_for_too_much_are_refused_before_they_get_it() {
    let (_folder, options, _device) = made();
    let mut bytes = fs::read(&options.path).expect("the file");
    bytes[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
    assert!(matches!(Sealed::parse(&bytes), Err(file::Damage::Cost(_))));
}

/// Many threads make keys in two open files at once: none is lost.
#[test]
fn changes_from_two_processes_are_all_kept() {
    let (_folder, options, device) = made();
    let other = Software::open(&options, &password("correct horse")).expect("the file");
    thread::scope(|scope| {
        for (name, device) in [("a", &device), ("b", &other)] {
            for thread in 0..2 {
                scope.spawn(move || {
                    for number in 0..8 {
                        let label = label(&format!("{name} {thread} {number}"));
                        device.generate(&label, Algorithm::EcdsaSecp256k1, soon()).expect("a key");
                    }
                });
            }
        }
    });
    assert_eq!(device.keys(soon()).expect("keys").len(), 32);
}
