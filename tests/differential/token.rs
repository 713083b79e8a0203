//! The box as a PKCS#11 token against the engine and libcrypto: what `libchainbox_pkcs11.so` answers through its C interface.

use std::{collections::BTreeMap, env};

use chainbox_engine::{
    batch::{Encoding, Input, Shape},
    scheme::Scheme,
};
use chainbox_tests::{
    items::{OwnedItem, verdicts},
    libcrypto::Libcrypto,
    seed::seed,
};
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::{Mechanism, MechanismType, vendor_defined::VendorDefinedMechanism},
    object::{Attribute, KeyType, ObjectClass},
    session::Session,
};

use crate::{
    items::{Made, Maker},
    peers::for_libcrypto,
    sign::Signer,
};

/// Items of each shape.
const ITEMS: usize = 1000;

/// The least share of items that the token must be asked about: of messages for SM2 those whose id is everybody's.
const COMPARED_PERCENT_MIN: usize = 75;
const COMPARED_WITH_ID_PERCENT_MIN: usize = 30;

/// The id that the token's mechanisms over messages have.
const ID: &[u8] = b"1234567812345678";

/// `CKA_EC_PARAMS`.
const SECP256K1: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a];
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const SM2: &[u8] = &[0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d];

/// One program for all curves: a process initialises a PKCS#11 library once.
#[test]
fn a_token_s_answers_are_the_engine_s_and_libcrypto_s() {
    let test = env::current_exe().expect("the test's own path");
    let library = test.parent().expect("it stands in a folder").join("libchainbox_pkcs11.so");
    let token = Pkcs11::new(&library).unwrap_or_else(|error| panic!("{}: {error}", library.display()));
    token.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).expect("it initialises with no settings");
    let slot = token.get_all_slots().expect("slots")[0];
    let session = token.open_rw_session(slot).expect("a session");
    let libcrypto = Libcrypto::compile();
    compare::<k256::Secp256k1>(Scheme::EcdsaSecp256k1Sha256, &session, &libcrypto);
    compare::<p256::NistP256>(Scheme::EcdsaP256Sha256, &session, &libcrypto);
    compare::<sm2::Sm2>(Scheme::Sm2Sm3, &session, &libcrypto);
}

/// The mechanism for a shape, where the token has one.
fn mechanism(shape: Shape) -> Option<Mechanism<'static>> {
    let vendor = |number| {
        let mechanism = MechanismType::new_vendor_defined(number).expect("a vendor's number");
        Some(Mechanism::VendorDefined(VendorDefinedMechanism::new::<()>(mechanism, None)))
    };
    match (shape.scheme, shape.input, shape.encoding) {
        (Scheme::Sm2Sm3, Input::Message, Encoding::Raw) => vendor(0x8000_8102),
        (Scheme::Sm2Sm3, Input::Message, Encoding::Der) => vendor(0x8000_8103),
        (Scheme::Sm2Sm3, Input::Digest, Encoding::Der) => vendor(0x8000_8104),
        (Scheme::Sm2Sm3, Input::Digest, Encoding::Raw) => vendor(0x8000_8105),
        (_, Input::Digest, Encoding::Raw) => Some(Mechanism::Ecdsa),
        (_, Input::Message, Encoding::Raw) => Some(Mechanism::EcdsaSha256),
        (_, _, Encoding::Der) => None,
    }
}

fn compare<C: Signer>(scheme: Scheme, session: &Session, libcrypto: &Libcrypto) {
    let seed = seed();
    let mut maker = Maker::<C>::new(scheme, seed, 1000 + scheme as u64);
    for shape in crate::verify::shapes(scheme) {
        let Some(mechanism) = mechanism(shape) else { continue };
        let made: Vec<Made> = (0..ITEMS).map(|_| maker.make(shape)).collect();
        let ours = verdicts(shape, made.iter().map(|made| &made.item));
        let theirs = libcrypto_accepts(libcrypto, shape, &made);
        let (mut compared, mut valid) = (0, 0);
        let mut classes: BTreeMap<_, usize> = BTreeMap::new();
        for ((made, verdict), theirs) in made.iter().zip(ours).zip(theirs) {
            if !fits(shape, &made.item) {
                continue;
            }
            let accepts = token_accepts(session, &mechanism, scheme, &made.item);
            let place = || format!("seed {seed}, {:?}: {}", made.class, made.item.line(shape));
            assert_eq!(accepts, verdict.is_valid(), "the token against the engine, {verdict:?}; {}", place());
            assert!(theirs.is_none_or(|theirs| theirs == accepts), "the token against libcrypto; {}", place());
            compared += 1;
            valid += usize::from(accepts);
            *classes.entry(made.class).or_default() += 1;
        }
        println!("{shape:?}: {compared} compared, {valid} of them valid; {classes:?}");
        let percent_min = if shape.has_id() { COMPARED_WITH_ID_PERCENT_MIN } else { COMPARED_PERCENT_MIN };
        assert!(
            compared * 100 >= ITEMS * percent_min && valid > compared / 4 && valid < compared,
            "{shape:?}: {compared} compared, {valid} valid"
        );
    }
}

/// Objects of a token are points without compression, and its mechanisms over messages have the id of everybody.
fn fits(shape: Shape, item: &OwnedItem) -> bool {
    !matches!(item.key.as_slice(), [2 | 3, rest @ ..] if rest.len() == 32) && (!shape.has_id() || item.id == ID)
}

fn libcrypto_accepts(libcrypto: &Libcrypto, shape: Shape, made: &[Made]) -> Vec<Option<bool>> {
    let prepared: Vec<_> = made.iter().map(|made| for_libcrypto(shape, &made.item).ok()).collect();
    let input = if shape.has_id() { Input::Message } else { Input::Digest };
    let mut accepted = libcrypto.accepts(shape.scheme, input, prepared.iter().flatten()).into_iter();
    prepared.iter().map(|item| item.as_ref().map(|_| accepted.next().expect("one answer an item"))).collect()
}

/// Hands the key over, verifies, and takes the key away again. A key that is refused is none that could have signed.
fn token_accepts(session: &Session, mechanism: &Mechanism<'_>, scheme: Scheme, item: &OwnedItem) -> bool {
    let params = match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => SECP256K1,
        Scheme::EcdsaP256Sha256 => P256,
        Scheme::Sm2Sm3 => SM2,
    };
    let point = [&[0x04, u8::try_from(item.key.len()).expect("keys are short")], item.key.as_slice()].concat();
    let template = [
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::KeyType(KeyType::EC),
        Attribute::Token(false),
        Attribute::EcParams(params.to_vec()),
        Attribute::EcPoint(point),
    ];
    let key = match session.create_object(&template) {
        Ok(key) => key,
        Err(Error::Pkcs11(RvError::AttributeValueInvalid, _)) => return false,
        Err(error) => panic!("C_CreateObject: {error}"),
    };
    let verified = session.verify(mechanism, key, &item.input, &item.signature);
    session.destroy_object(key).expect("it is there");
    match verified {
        Ok(()) => true,
        Err(Error::Pkcs11(RvError::SignatureInvalid | RvError::SignatureLenRange, _)) => false,
        Err(error) => panic!("C_Verify: {error}"),
    }
}
