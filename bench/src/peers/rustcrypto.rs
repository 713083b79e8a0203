//! The RustCrypto crates k256, p256 and sm2, over digests and raw signatures.

use chainbox_engine::batch::{Encoding, Input, Item, Shape};
use sm2::dsa::signature::hazmat::PrehashVerifier;

use super::Peer;

/// Crate k256. It refuses a high s.
pub struct K256;

/// Crate p256.
pub struct P256;

/// Crate sm2. It computes `Z_A` of each key, whether the message is hashed or not.
pub struct Sm2;

impl Peer for K256 {
    fn name(&self) -> &'static str {
        "k256"
    }

    fn accepts(&self, shape: Shape, item: &Item<'_>) -> bool {
        use k256::ecdsa::{Signature, VerifyingKey};
        accepts(shape, item, VerifyingKey::from_sec1_bytes(item.key), Signature::from_slice(item.signature))
    }
}

impl Peer for P256 {
    fn name(&self) -> &'static str {
        "p256"
    }

    fn accepts(&self, shape: Shape, item: &Item<'_>) -> bool {
        use p256::ecdsa::{Signature, VerifyingKey};
        accepts(shape, item, VerifyingKey::from_sec1_bytes(item.key), Signature::from_slice(item.signature))
    }
}

impl Peer for Sm2 {
    fn name(&self) -> &'static str {
        "sm2"
    }

    fn accepts(&self, shape: Shape, item: &Item<'_>) -> bool {
        use sm2::dsa::{Signature, VerifyingKey};
        accepts(shape, item, VerifyingKey::from_sec1_bytes("1234567812345678", item.key), Signature::from_slice(item.signature))
    }
}

/// Whether a key and a signature that could be read, over a digest, fit.
fn accepts<K: PrehashVerifier<S>, S, E>(shape: Shape, item: &Item<'_>, key: Result<K, E>, signature: Result<S, E>) -> bool {
    let readable = shape.input == Input::Digest && shape.encoding == Encoding::Raw;
    readable && key.is_ok_and(|key| signature.is_ok_and(|signature| key.verify_prehash(item.input, &signature).is_ok()))
}
