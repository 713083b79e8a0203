//! Other libraries' answers, and what is not put to them because they mean something else by it.

use std::collections::BTreeMap;

use chainbox_engine::{
    batch::{Encoding, Input, Shape},
    scheme::Scheme,
};
use chainbox_tests::{der, items::OwnedItem, libcrypto::Libcrypto};
use sm2::dsa::signature::{Verifier, hazmat::PrehashVerifier};

use crate::sign::digest;

/// Why an item is not put to a library. The engine's verdict on it is then known from how the item was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Excluded {
    /// A key of 65 bytes that begins with 6 or 7: the hybrid form, which libsecp256k1 and libcrypto read. SEC1 makes it optional, the
    /// engine refuses it.
    HybridKey,
    /// A key of 33 bytes that begins with 5: x alone, which RustCrypto reads for some curves. No standard of these schemes has it.
    CompactKey,
    /// The key of one byte 0: libcrypto loads the identity, and refuses or accepts what it verifies by the equation alone.
    IdentityKey,
    /// Raw signatures of another length than 64 bytes: libcrypto has no raw form that could carry them.
    RawLength,
    /// RustCrypto's ids are text.
    IdNotText,
    /// libcrypto refuses ids of 8,191 bytes, which the standard allows: their length in bits is the largest of 16 bits.
    IdLongest,
}

/// One answer an item.
pub type Answer = Result<bool, Excluded>;

/// A library to compare with. It answers whether it accepts each item of a shape.
pub enum Peer {
    RustCrypto,
    Libsecp256k1,
    Libcrypto(Libcrypto),
}

impl Peer {
    /// The libraries that know a scheme.
    pub fn all(scheme: Scheme) -> Vec<Self> {
        let is_secp256k1 = matches!(scheme, Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256);
        let mut peers = vec![Self::RustCrypto, Self::Libcrypto(Libcrypto::compile())];
        peers.extend(is_secp256k1.then_some(Self::Libsecp256k1));
        peers
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::RustCrypto => "RustCrypto",
            Self::Libsecp256k1 => "libsecp256k1",
            Self::Libcrypto(_) => "libcrypto",
        }
    }

    /// Whether the library itself refuses s above (n - 1)/2, so that it must be normalised first where the policy is off:
    /// libsecp256k1 always, and RustCrypto on secp256k1 as Bitcoin's rule has it.
    pub fn has_low_s_policy(&self, scheme: Scheme) -> bool {
        match self {
            Self::RustCrypto => matches!(scheme, Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256),
            Self::Libsecp256k1 => true,
            Self::Libcrypto(_) => false,
        }
    }

    /// One answer an item. Where `shape.low_s` is set, only peers with that policy may be asked.
    pub fn answers<'a>(&self, shape: Shape, items: impl IntoIterator<Item = &'a OwnedItem>) -> Vec<Answer> {
        match self {
            Self::RustCrypto => items.into_iter().map(|item| rustcrypto(shape, item)).collect(),
            Self::Libsecp256k1 => items.into_iter().map(|item| libsecp256k1(shape, item)).collect(),
            Self::Libcrypto(program) => libcrypto(program, shape, items),
        }
    }
}

/// How many items were compared, and how many were not and why.
#[derive(Debug, Default)]
pub struct Tally {
    pub compared: usize,
    pub excluded: BTreeMap<Excluded, usize>,
}

impl Tally {
    pub fn count(&mut self, answer: Answer) {
        match answer {
            Ok(_) => self.compared += 1,
            Err(reason) => *self.excluded.entry(reason).or_default() += 1,
        }
    }
}

fn is_hybrid(key: &[u8]) -> bool {
    matches!(key, [6 | 7, rest @ ..] if rest.len() == 64)
}

/// What ECDSA libraries verify.
fn ecdsa_digest(shape: Shape, item: &OwnedItem) -> [u8; 32] {
    match shape.input {
        Input::Digest => item.input.as_slice().try_into().expect("digests have 32 bytes"),
        Input::Message => digest(shape.scheme, &[], &[], &item.input),
    }
}

fn rustcrypto(shape: Shape, item: &OwnedItem) -> Answer {
    if matches!(item.key.as_slice(), [5, rest @ ..] if rest.len() == 32) {
        return Err(Excluded::CompactKey);
    }
    match shape.scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => Ok(k256_accepts(shape, item)),
        Scheme::EcdsaP256Sha256 => Ok(p256_accepts(shape, item)),
        Scheme::Sm2Sm3 => sm2_accepts(shape, item),
    }
}

fn k256_accepts(shape: Shape, item: &OwnedItem) -> bool {
    let Ok(key) = k256::ecdsa::VerifyingKey::from_sec1_bytes(&item.key) else { return false };
    let signature = match shape.encoding {
        Encoding::Raw => k256::ecdsa::Signature::from_slice(&item.signature),
        Encoding::Der => k256::ecdsa::Signature::from_der(&item.signature),
    };
    let Ok(signature) = signature else { return false };
    let signature = if shape.low_s { signature } else { signature.normalize_s() };
    key.verify_prehash(&ecdsa_digest(shape, item), &signature).is_ok()
}

fn p256_accepts(shape: Shape, item: &OwnedItem) -> bool {
    let Ok(key) = p256::ecdsa::VerifyingKey::from_sec1_bytes(&item.key) else { return false };
    let signature = match shape.encoding {
        Encoding::Raw => p256::ecdsa::Signature::from_slice(&item.signature),
        Encoding::Der => p256::ecdsa::Signature::from_der(&item.signature),
    };
    let Ok(signature) = signature else { return false };
    key.verify_prehash(&ecdsa_digest(shape, item), &signature).is_ok()
}

fn sm2_accepts(shape: Shape, item: &OwnedItem) -> Answer {
    let id = if shape.has_id() { str::from_utf8(&item.id).map_err(|_| Excluded::IdNotText)? } else { "" };
    let Ok(key) = sm2::dsa::VerifyingKey::from_sec1_bytes(id, &item.key) else { return Ok(false) };
    let signature = match shape.encoding {
        Encoding::Raw => sm2::dsa::Signature::from_slice(&item.signature),
        Encoding::Der => sm2::dsa::Signature::from_der(&item.signature),
    };
    let Ok(signature) = signature else { return Ok(false) };
    Ok(match shape.input {
        Input::Message => key.verify(&item.input, &signature),
        Input::Digest => key.verify_prehash(&item.input, &signature),
    }
    .is_ok())
}

fn libsecp256k1(shape: Shape, item: &OwnedItem) -> Answer {
    if is_hybrid(&item.key) {
        return Err(Excluded::HybridKey);
    }
    let Ok(key) = secp256k1::PublicKey::from_slice(&item.key) else { return Ok(false) };
    let signature = match shape.encoding {
        Encoding::Raw => secp256k1::ecdsa::Signature::from_compact(&item.signature),
        Encoding::Der => secp256k1::ecdsa::Signature::from_der(&item.signature),
    };
    let Ok(mut signature) = signature else { return Ok(false) };
    if !shape.low_s {
        signature.normalize_s();
    }
    Ok(secp256k1::ecdsa::verify(&signature, secp256k1::Message::from_digest(ecdsa_digest(shape, item)), &key).is_ok())
}

fn libcrypto<'a>(program: &Libcrypto, shape: Shape, items: impl IntoIterator<Item = &'a OwnedItem>) -> Vec<Answer> {
    let prepared: Vec<Result<OwnedItem, Excluded>> = items.into_iter().map(|item| for_libcrypto(shape, item)).collect();
    let input = if shape.has_id() { Input::Message } else { Input::Digest };
    let mut accepted = program.accepts(shape.scheme, input, prepared.iter().flatten()).into_iter();
    let answers: Vec<_> =
        prepared.iter().map(|item| item.as_ref().map(|_| accepted.next().expect("one answer an item")).map_err(|&why| why)).collect();
    assert_eq!(accepted.next(), None, "one answer an item");
    answers
}

/// The item as libcrypto takes it: ECDSA over the digest, the signature in DER.
pub fn for_libcrypto(shape: Shape, item: &OwnedItem) -> Result<OwnedItem, Excluded> {
    if is_hybrid(&item.key) {
        return Err(Excluded::HybridKey);
    }
    if item.key == [0] {
        return Err(Excluded::IdentityKey);
    }
    if item.id.len() == chainbox_engine::batch::SM2_ID_BYTES_MAX {
        return Err(Excluded::IdLongest);
    }
    let signature = match shape.encoding {
        Encoding::Der => item.signature.clone(),
        Encoding::Raw => der::from_raw(item.signature.as_slice().try_into().map_err(|_| Excluded::RawLength)?),
    };
    let input = if shape.has_id() || shape.input == Input::Digest { item.input.clone() } else { ecdsa_digest(shape, item).to_vec() };
    Ok(OwnedItem { key: item.key.clone(), input, signature, id: item.id.clone() })
}
