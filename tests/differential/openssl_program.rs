//! A sample of the same items through the `openssl` program: a path of its own from files to a verdict.

use std::{fs, path::Path, process::Command};

use chainbox_engine::{
    batch::{Input, Shape},
    scheme::Scheme,
};
use chainbox_tests::{
    der,
    items::{OwnedItem, verdicts},
    seed::seed,
};

use crate::{
    items::{Made, Maker},
    peers::for_libcrypto,
    sign::Signer,
    verify::shapes,
};

/// Items of each scheme that are compared.
const ITEMS: usize = 200;

/// The stream of the seed, distinct from those of the other tests.
const STREAM: u64 = 100;

#[test]
fn ecdsa_secp256k1_sha256() {
    compare::<k256::Secp256k1>(Scheme::EcdsaSecp256k1Sha256);
}

#[test]
fn ecdsa_secp256k1_keccak256() {
    compare::<k256::Secp256k1>(Scheme::EcdsaSecp256k1Keccak256);
}

#[test]
fn ecdsa_p256_sha256() {
    compare::<p256::NistP256>(Scheme::EcdsaP256Sha256);
}

#[test]
fn sm2_sm3() {
    compare::<sm2::Sm2>(Scheme::Sm2Sm3);
}

fn compare<C: Signer>(scheme: Scheme) {
    let seed = seed();
    let folder = tempfile::tempdir().expect("a temporary folder (set TMPDIR to one that can be written)");
    let mut maker = Maker::<C>::new(scheme, seed, STREAM + scheme as u64);
    let shapes = shapes(scheme);
    for &shape in &shapes {
        let made: Vec<Made> = std::iter::repeat_with(|| maker.make(shape))
            .filter(|made| is_comparable(shape, &made.item))
            .take(ITEMS / shapes.len())
            .collect();
        let ours = verdicts(shape, made.iter().map(|made| &made.item));
        assert!(ours.iter().any(|verdict| verdict.is_valid()) && ours.iter().any(|verdict| !verdict.is_valid()));
        for (made, verdict) in made.iter().zip(ours) {
            let accepts = accepts(folder.path(), shape, &made.item);
            assert_eq!(verdict.is_valid(), accepts, "{verdict:?}; seed {seed}, {:?}: {}", made.class, made.item.line(shape));
        }
    }
}

/// What libcrypto takes, the program takes, but for two things. `-sigopt hexdistid:` names no empty id; and `dgst` reads no more of the
/// signature's file than the largest signature of the key has, so that it does not see bytes after it.
fn is_comparable(shape: Shape, item: &OwnedItem) -> bool {
    /// SEQUENCE of two INTEGERs of 33 bytes.
    const SIGNATURE_BYTES_MAX: usize = 72;
    let is_read_whole = |prepared: OwnedItem| shape.input == Input::Digest || prepared.signature.len() <= SIGNATURE_BYTES_MAX;
    for_libcrypto(shape, item).is_ok_and(is_read_whole) && !(shape.has_id() && item.id.is_empty())
}

/// Whether the program accepts the item: `dgst -verify` over messages, `pkeyutl -verify` over digests.
fn accepts(folder: &Path, shape: Shape, item: &OwnedItem) -> bool {
    // Keccak-256 is no hash of the program: it gets the digest.
    let hash = match (shape.scheme, shape.input) {
        (_, Input::Digest) | (Scheme::EcdsaSecp256k1Keccak256, Input::Message) => None,
        (Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaP256Sha256, Input::Message) => Some("-sha256"),
        (Scheme::Sm2Sm3, Input::Message) => Some("-sm3"),
    };
    let prepared = for_libcrypto(shape, item).expect("the item is comparable");
    let input = if hash.is_some() { &item.input } else { &prepared.input };
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    };
    let key = write("key.der", &public_key_info(shape.scheme, &item.key));
    let signature = write("signature.der", &prepared.signature);
    let input = write("input", input);
    let mut command = Command::new("openssl");
    match hash {
        Some(hash) => {
            command.args(["dgst", hash, "-keyform", "DER", "-verify"]).arg(key).arg("-signature").arg(signature);
            if shape.has_id() {
                command.args(["-sigopt", &format!("hexdistid:{}", hex::encode(&item.id))]);
            }
            command.arg(input)
        }
        None => command
            .args(["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey"])
            .arg(key)
            .arg("-sigfile")
            .arg(signature)
            .arg("-in")
            .arg(input),
    };
    let output = command.output().unwrap_or_else(|error| panic!("cannot run openssl: {error}; apt-get install openssl"));
    output.status.success()
}

/// SubjectPublicKeyInfo (RFC 5480, 2) around a SEC1 point.
fn public_key_info(scheme: Scheme, point: &[u8]) -> Vec<u8> {
    /// The tag of OBJECT IDENTIFIER.
    const OID: u8 = 6;
    /// 1.2.840.10045.2.1, id-ecPublicKey.
    const EC_PUBLIC_KEY: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    let curve: &[u8] = match scheme {
        // 1.3.132.0.10
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => &[0x2b, 0x81, 0x04, 0x00, 0x0a],
        // 1.2.840.10045.3.1.7
        Scheme::EcdsaP256Sha256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        // 1.2.156.10197.1.301
        Scheme::Sm2Sm3 => &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d],
    };
    let algorithm = der::tagged(0x30, &[der::tagged(OID, &EC_PUBLIC_KEY), der::tagged(OID, curve)].concat());
    let key = der::tagged(0x03, &[&[0], point].concat());
    der::tagged(0x30, &[algorithm, key].concat())
}
