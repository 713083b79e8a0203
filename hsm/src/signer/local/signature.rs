//! What is checked of a signature that a device gave, and what it looks like when it leaves.

use chainbox_engine::{
    batch::{Item, Shape},
    curve::{Curve, P256, Secp256k1},
    field::limbs,
    hash::Digest,
    strategy::single,
    verdict::Verdict,
};

use crate::{Algorithm, KeyInfo, Signature};

/// Whether a signature verifies over a digest in the engine, with the lower s.
pub(super) fn verifies(key: &KeyInfo, digest: &Digest, signature: &Signature) -> bool {
    let shape = Shape { low_s: true, ..Shape::digests(key.algorithm.scheme()) };
    let item = Item { key: &key.public_key, input: digest, signature, id: None, hint: &[] };
    single::verify(&shape, &item) == Verdict::Valid
}

/// Of an ECDSA signature the one of (r, s) and (r, n - s) whose s is lower; both are valid. SM2 has no such twin.
pub(super) fn with_low_s(algorithm: Algorithm, mut signature: Signature) -> Signature {
    let n = match algorithm {
        Algorithm::EcdsaSecp256k1 => Secp256k1::N,
        Algorithm::EcdsaP256 => P256::N,
        Algorithm::Sm2 => return signature,
    };
    let (_, s) = signature.split_at_mut(32);
    let s: &mut [u8; 32] = s.try_into().expect("the second half of 64 bytes");
    let value = limbs::from_be_bytes(s);
    let (twin, borrow) = limbs::sub(&n, &value);
    if borrow == 0 && limbs::less(&twin, &value) {
        *s = limbs::to_be_bytes(&twin);
    }
    signature
}
