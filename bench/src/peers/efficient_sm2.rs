//! Crate efficient-sm2.

use chainbox_engine::{
    batch::{Encoding, Input, Item, Shape},
    hash::Digest,
};
use efficient_sm2::{PublicKey, Signature};
use sm2::{AffinePoint, elliptic_curve::point::AffineCoordinates};
use sm3::{Digest as _, Sm3};

use super::Peer;

/// Crate efficient-sm2. It checks neither that the key is on the curve nor the ranges of r and s, and reads only uncompressed keys and raw
/// signatures: compressed keys are opened by crate sm2, DER is read by crate p256, whose order is above SM2's, and messages are hashed by
/// crate sm3.
pub struct EfficientSm2;

impl Peer for EfficientSm2 {
    fn name(&self) -> &'static str {
        "efficient-sm2"
    }

    fn accepts(&self, shape: Shape, item: &Item<'_>) -> bool {
        accepts(shape, item).unwrap_or(false)
    }
}

fn accepts(shape: Shape, item: &Item<'_>) -> Option<bool> {
    let key = key(item.key)?;
    let signature: [u8; 64] = match shape.encoding {
        Encoding::Raw => item.signature.try_into().ok()?,
        Encoding::Der => p256::ecdsa::Signature::from_der(item.signature).ok()?.to_bytes().into(),
    };
    let digest = match shape.input {
        Input::Digest => item.input.try_into().ok()?,
        Input::Message => digest(item.id?, &key, item.input)?,
    };
    let signature = Signature::from_slice(&signature).ok()?;
    Some(signature.verify_digest(&PublicKey::from_slice(&key), &digest).is_ok())
}

/// x||y of a key, whose curve is checked only where it is compressed.
fn key(bytes: &[u8]) -> Option<[u8; 64]> {
    match bytes {
        [4, coordinates @ ..] => coordinates.try_into().ok(),
        _ => {
            let point = *sm2::PublicKey::from_sec1_bytes(bytes).ok()?.as_affine();
            [point.x(), point.y()].concat().try_into().ok()
        }
    }
}

/// e = SM3(Z_A || M) (GB/T 32918.2-2016, 6.1).
fn digest(id: &[u8], key: &[u8; 64], message: &[u8]) -> Option<Digest> {
    const A: [u64; 4] = [0xffff_fffe_ffff_ffff, 0xffff_ffff_ffff_ffff, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_fffc];
    const B: [u64; 4] = [0x28e9_fa9e_9d9f_5e34, 0x4d5a_9e4b_cf65_09a7, 0xf397_89f5_15ab_8f92, 0xddbc_bd41_4d94_0e93];
    let bits = u16::try_from(id.len() * 8).ok()?;
    let mut z_a = Sm3::new().chain_update(bits.to_be_bytes()).chain_update(id);
    for word in A.into_iter().chain(B) {
        z_a.update(word.to_be_bytes());
    }
    let generator = AffinePoint::GENERATOR;
    let z_a = z_a.chain_update(generator.x()).chain_update(generator.y()).chain_update(key).finalize();
    Some(Sm3::new().chain_update(z_a).chain_update(message).finalize().into())
}
