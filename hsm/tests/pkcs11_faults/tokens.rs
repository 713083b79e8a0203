//! Tokens that go and come back, and what tokens differ in.

use chainbox_hsm::{
    Algorithm, Device, Kind,
    device::contract,
    pkcs11::{Options, Sm2Mechanisms},
};

use crate::{
    Fixture,
    control::Faults,
    softhsm::{self, soon},
};

#[test]
fn a_token_that_went_and_returned_is_used_again() {
    let fixture = Fixture::new("goes and returns");
    for _ in 0..2 {
        fixture.faults.pull_token();
        let errors = [fixture.sign(soon()).expect_err("gone"), fixture.device.keys(soon()).expect_err("gone")];
        for error in errors {
            assert_eq!(error.kind, Kind::DeviceGone, "{error}");
            assert!(error.remedy.contains("put the token back"), "{error}");
        }
        fixture.faults.put_token_back();
        fixture.signs();
        assert!(fixture.device.keys(soon()).expect("keys").contains(&fixture.key));
    }
}

#[test]
fn points_without_der_are_read_too() {
    let fixture = Fixture::new("bare point");
    fixture.faults.show_bare_points();
    assert_eq!(fixture.device.key(&fixture.key.label, soon()).expect("the key"), fixture.key);
    assert!(fixture.device.keys(soon()).expect("keys").contains(&fixture.key));
}

fn sm2(sign: u64) -> Option<Sm2Mechanisms> {
    Some(Sm2Mechanisms { sign, generate: Some(0x8000_0101), curve: "1.2.156.10197.1.301".to_owned() })
}

#[test]
fn sm2_by_the_mechanisms_of_a_vendor_keeps_the_contract() {
    let faults = Faults::begin();
    let device = softhsm::open(Options { sm2: sm2(0x8000_0102), ..faults.options() });
    assert_eq!(device.capabilities(soon()).expect("capabilities").algorithms, Algorithm::ALL);
    contract::check(&device, "sm2 ", soon).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn sm2_is_not_offered_without_its_mechanisms() {
    let faults = Faults::begin();
    for options in [faults.options(), Options { sm2: sm2(0x8000_0999), ..faults.options() }] {
        let algorithms = softhsm::open(options).capabilities(soon()).expect("capabilities").algorithms;
        assert_eq!(algorithms, [Algorithm::EcdsaSecp256k1, Algorithm::EcdsaP256]);
    }
}
