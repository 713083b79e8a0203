//! Tables of known keys: the same verdicts, whether keys come again or not, whoever evicts whom, and after faults.

use std::thread;

use chainbox_engine::{
    backend::Backend,
    batch::{Batch, Item, Shape},
    scheme::Scheme,
    verdict::{Reason, Verdict},
};
use chainbox_kernels::{
    device::{Device, Kind},
    layout::KEY_TABLE_WORDS,
    pipeline::{Options, STRING_BYTES_MAX, Verifier},
};

use crate::{
    devices::{OnDevice, on_every_device},
    items::{Signed, batch, of_one_key},
};

const SCHEMES: [Scheme; 3] = [Scheme::EcdsaSecp256k1Keccak256, Scheme::EcdsaP256Sha256, Scheme::Sm2Sm3];

/// Room for so many tables.
fn options(places: usize) -> Options {
    Options { slot_items: Some(256), key_table_bytes: Some(4 * KEY_TABLE_WORDS * places), ..Options::default() }
}

struct KeysThatComeAgain;

/// Whether a device is left out, loudly: lavapipe takes minutes to compile the kernels of known keys, and gets none by default.
fn is_left_out(name: &str, device: &impl Device) -> bool {
    let is_lavapipe = device.info().api == "wgpu" && device.info().kind == Kind::Software;
    if is_lavapipe {
        eprintln!("{name}: KNOWN KEYS ARE NOT TESTED on this device");
    }
    is_lavapipe
}

impl OnDevice for KeysThatComeAgain {
    fn run<D: Device>(&self, name: &str, device: D) {
        if is_left_out(name, &device) {
            return;
        }
        // Fewer places than keys of all curves: tables come and go.
        let verifier = Verifier::new(device, &options(5)).unwrap();
        for round in 0..4 {
            for scheme in SCHEMES {
                let (batch, expected) = batch(scheme, 300 * round, 300, 3);
                assert_eq!(verifier.verify(&batch).unwrap().as_slice(), expected, "{name}: {scheme}, round {round}");
            }
            let known = verifier.known_keys();
            assert!(known.tables <= 5 && (round == 0 || known.items > 0), "{name}: {known:?}");
        }
        // Many keys once each, among them known ones.
        let (many, expected) = batch(Scheme::Sm2Sm3, 0, 300, 150);
        assert_eq!(verifier.verify(&many).unwrap().as_slice(), expected, "{name}: many keys");
    }
}

#[test]
fn tables_of_known_keys_change_no_verdict() {
    on_every_device(&KeysThatComeAgain);
}

struct TooLong;

impl OnDevice for TooLong {
    fn run<D: Device>(&self, name: &str, device: D) {
        if is_left_out(name, &device) {
            return;
        }
        let verifier = Verifier::new(device, &options(5)).unwrap();
        let long = vec![0; STRING_BYTES_MAX + 1];
        for scheme in SCHEMES {
            let (key, good, of_g) = of_one_key(scheme);
            let signed = |(digest, signature): &Signed| (*digest, signature.to_vec());
            // A signature that the device does not get, first and last, around those that it gets: none of them says what the key is.
            let too_long = (good.0, long.clone());
            for _ in 0..3 {
                let (mut batch, mut expected) = (Batch::new(Shape::digests(scheme)), Vec::new());
                for number in 0..40 {
                    let ((digest, signature), verdict) = match number {
                        0..10 | 30.. => (too_long.clone(), Verdict::Invalid(Reason::Encoding)),
                        number if number % 2 == 0 => (signed(&good), Verdict::Valid),
                        _ => (signed(&of_g), Verdict::Invalid(Reason::Equation)),
                    };
                    batch.push(Item { key: &key, input: &digest, signature: &signature, id: None, hint: &[] }).unwrap();
                    expected.push(verdict);
                }
                assert_eq!(verifier.verify(&batch).unwrap().as_slice(), expected, "{name}: {scheme}");
            }
        }
        assert!(verifier.known_keys().items > 0, "{name}: no table was used");
    }
}

/// A table made of an item whose strings were left out would be that of another key, for whom anybody can sign.
#[test]
fn strings_too_long_for_a_device_make_no_table() {
    on_every_device(&TooLong);
}

struct ManyWhoEvict;

impl OnDevice for ManyWhoEvict {
    fn run<D: Device>(&self, name: &str, device: D) {
        if is_left_out(name, &device) {
            return;
        }
        let verifier = &Verifier::new(device, &options(2)).unwrap();
        thread::scope(|scope| {
            for caller in 0..4 {
                scope.spawn(move || {
                    for round in 0..4 {
                        let (batch, expected) = batch(SCHEMES[(caller + round) % 3], 100 * caller, 100, 1 + caller % 2);
                        assert_eq!(verifier.verify(&batch).unwrap().as_slice(), expected, "{name}: caller {caller}, round {round}");
                    }
                });
            }
        });
        assert!(verifier.known_keys().items > 0, "{name}: no table was used");
    }
}

#[test]
fn callers_who_evict_each_others_tables_get_right_verdicts() {
    on_every_device(&ManyWhoEvict);
}
