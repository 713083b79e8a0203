//! Crate ring.

use chainbox_engine::batch::{Encoding, Input, Item, Shape};
use ring::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use super::Peer;

/// Crate ring, P-256. It hashes messages itself and takes no digests, and no compressed keys.
pub struct Ring;

impl Peer for Ring {
    fn name(&self) -> &'static str {
        "ring"
    }

    fn accepts(&self, shape: Shape, item: &Item<'_>) -> bool {
        let algorithm = match shape.encoding {
            Encoding::Raw => &ECDSA_P256_SHA256_FIXED,
            Encoding::Der => &ECDSA_P256_SHA256_ASN1,
        };
        shape.input == Input::Message && UnparsedPublicKey::new(algorithm, item.key).verify(item.input, item.signature).is_ok()
    }
}
