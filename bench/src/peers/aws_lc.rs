//! Crate aws-lc-rs: AWS-LC.

use aws_lc_rs::{
    digest::{Digest, SHA256},
    signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};
use chainbox_engine::batch::{Encoding, Input, Item, Shape};

use super::Peer;

/// Crate aws-lc-rs: AWS-LC with its assembly for P-256. Its raw form of signatures is rewritten as DER inside.
pub struct AwsLc;

impl Peer for AwsLc {
    fn name(&self) -> &'static str {
        "aws-lc-rs"
    }

    fn accepts(&self, shape: Shape, item: &Item<'_>) -> bool {
        let algorithm = match shape.encoding {
            Encoding::Raw => &ECDSA_P256_SHA256_FIXED,
            Encoding::Der => &ECDSA_P256_SHA256_ASN1,
        };
        let key = UnparsedPublicKey::new(algorithm, item.key);
        match shape.input {
            Input::Message => key.verify(item.input, item.signature).is_ok(),
            Input::Digest => {
                Digest::import_less_safe(item.input, &SHA256).and_then(|digest| key.verify_digest(&digest, item.signature)).is_ok()
            }
        }
    }
}
