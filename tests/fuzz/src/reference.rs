//! What independent implementations say: the crates k256, p256 and sm2, with the hashes of sha2, sha3 and sm3.

use chainbox_engine::{
    batch::{Encoding, Input, Item, Shape},
    scheme::Scheme,
};
use k256::{
    ecdsa::{RecoveryId, signature::hazmat::PrehashVerifier},
    elliptic_curve::{Group, sec1::ToSec1Point},
    pkcs8::der::{self, Decode, Reader, SliceReader, asn1::IntRef},
};
use sha2::{Digest, Sha256};
use sha3::Keccak256;
use sm2::dsa::signature::Verifier;

/// Whether a signature is written as its encoding asks, whatever its numbers are.
pub(crate) fn is_encoded(encoding: Encoding, bytes: &[u8]) -> bool {
    let two_integers = |mut reader: SliceReader<'_>| -> der::Result<()> {
        reader.sequence(|content| IntRef::decode(content).and_then(|_| IntRef::decode(content)).map(drop))?;
        reader.finish()
    };
    match encoding {
        Encoding::Raw => bytes.len() == 64,
        Encoding::Der => SliceReader::new(bytes).and_then(two_integers).is_ok(),
    }
}

/// r||s of a signature that is well-formed and in range.
pub(crate) fn signature(scheme: Scheme, encoding: Encoding, bytes: &[u8]) -> Option<[u8; 64]> {
    macro_rules! read {
        ($signature:ty) => {
            match encoding {
                Encoding::Raw => <$signature>::from_slice(bytes),
                Encoding::Der => <$signature>::from_der(bytes),
            }
            .ok()
            .map(|signature| signature.to_bytes().into())
        };
    }
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => read!(k256::ecdsa::Signature),
        Scheme::EcdsaP256Sha256 => read!(p256::ecdsa::Signature),
        Scheme::Sm2Sm3 => read!(sm2::dsa::Signature),
    }
}

/// The compressed and the uncompressed form of a key that is a point other than the identity.
pub(crate) fn key_forms(scheme: Scheme, bytes: &[u8]) -> Option<[Vec<u8>; 2]> {
    // The crates also read the form that stands for an x without a sign (tag 5), which is not in SEC1.
    if bytes.first() == Some(&5) {
        return None;
    }
    macro_rules! read {
        ($curve:ident) => {{
            let key = $curve::PublicKey::from_sec1_bytes(bytes).ok()?;
            Some([true, false].map(|compressed| key.to_sec1_point(compressed).as_bytes().to_vec()))
        }};
    }
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => read!(k256),
        Scheme::EcdsaP256Sha256 => read!(p256),
        Scheme::Sm2Sm3 => read!(sm2),
    }
}

/// G as SEC1 bytes.
pub(crate) fn generator(scheme: Scheme) -> Vec<u8> {
    macro_rules! generator {
        ($curve:ident) => {
            $curve::ProjectivePoint::generator().to_affine().to_sec1_point(false).as_bytes().to_vec()
        };
    }
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => generator!(k256),
        Scheme::EcdsaP256Sha256 => generator!(p256),
        Scheme::Sm2Sm3 => generator!(sm2),
    }
}

/// Whether an item is valid; `None` where the reference cannot say: it takes only text for an SM2 id, and has no low s for SM2.
pub(crate) fn verifies(shape: Shape, item: Item<'_>) -> Option<bool> {
    if shape.scheme == Scheme::Sm2Sm3 {
        let id = str::from_utf8(item.id.unwrap_or_default()).ok()?;
        return (!shape.low_s).then(|| verifies_sm2(shape, item, id).is_some());
    }
    Some(verifies_ecdsa(shape, item).is_some())
}

fn verifies_ecdsa(shape: Shape, item: Item<'_>) -> Option<()> {
    let digest: [u8; 32] = match (shape.input, shape.scheme) {
        (Input::Digest, _) => item.input.try_into().ok()?,
        (Input::Message, Scheme::EcdsaSecp256k1Keccak256) => Keccak256::digest(item.input).into(),
        (Input::Message, _) => Sha256::digest(item.input).into(),
    };
    let bytes = signature(shape.scheme, shape.encoding, item.signature)?;
    let [_, key] = key_forms(shape.scheme, item.key)?;
    macro_rules! verify {
        ($curve:ident) => {{
            let signature = $curve::ecdsa::Signature::from_slice(&bytes).ok()?;
            // k256 refuses a high s on its own, so it is shown the low one of the two that are equally valid.
            let low = signature.normalize_s();
            let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes(&key).ok()?;
            (!shape.low_s || low == signature).then(|| key.verify_prehash(&digest, &low).ok())?
        }};
    }
    if shape.scheme == Scheme::EcdsaP256Sha256 { verify!(p256) } else { verify!(k256) }
}

fn verifies_sm2(shape: Shape, item: Item<'_>, id: &str) -> Option<()> {
    let bytes = signature(shape.scheme, shape.encoding, item.signature)?;
    let signature = sm2::dsa::Signature::from_slice(&bytes).ok()?;
    let [_, key] = key_forms(shape.scheme, item.key)?;
    let key = sm2::dsa::VerifyingKey::from_sec1_bytes(id, &key).ok()?;
    match shape.input {
        Input::Message => key.verify(item.input, &signature).ok(),
        Input::Digest => key.verify_prehash(item.input, &signature).ok(),
    }
}

/// x||y of the key that made a signature r||s||id over a digest.
pub(crate) fn recover(digest: &[u8; 32], signature: &[u8], low_s: bool) -> Option<[u8; 64]> {
    let (&id, numbers) = signature.split_last()?;
    let numbers = k256::ecdsa::Signature::from_slice(numbers).ok()?;
    if low_s && numbers.normalize_s() != numbers {
        return None;
    }
    let key = k256::ecdsa::VerifyingKey::recover_from_prehash(digest, &numbers, RecoveryId::from_byte(id)?).ok()?;
    key.to_sec1_point(false).as_bytes()[1..].try_into().ok()
}
