//! Digests and signatures by other libraries.

use chainbox_engine::scheme::Scheme;
use sha2::Digest;
use sm2::dsa::signature::hazmat::PrehashSigner;

use crate::curve::{Bytes32, PeerCurve, multiple, number, scalar, sec1, small, sub};

/// A curve on which another library signs digests.
pub trait Signer: PeerCurve {
    /// r and s over a digest, by the private key d in [1, n - 1] (for SM2: n - 2).
    fn sign(d: &Bytes32, digest: &Bytes32) -> (Bytes32, Bytes32);
}

impl Signer for k256::Secp256k1 {
    fn sign(d: &Bytes32, digest: &Bytes32) -> (Bytes32, Bytes32) {
        let key = secp256k1::SecretKey::from_secret_bytes(*d).expect("d is in range");
        halves(&secp256k1::ecdsa::sign(secp256k1::Message::from_digest(*digest), &key).serialize_compact())
    }
}

impl Signer for p256::NistP256 {
    fn sign(d: &Bytes32, digest: &Bytes32) -> (Bytes32, Bytes32) {
        let key = p256::ecdsa::SigningKey::from_slice(d).expect("d is in range");
        let signature: p256::ecdsa::Signature = key.sign_prehash(digest).expect("a 32-byte digest can be signed");
        halves(&signature.to_bytes())
    }
}

impl Signer for sm2::Sm2 {
    fn sign(d: &Bytes32, digest: &Bytes32) -> (Bytes32, Bytes32) {
        // The id is no part of what is signed here: the digest e holds it already.
        let key = sm2::dsa::SigningKey::from_slice("", d).expect("d is in range");
        halves(&key.sign_prehash(digest).expect("a 32-byte digest can be signed").to_bytes())
    }
}

/// The digest that a scheme signs; `key` is x||y and matters, as the id does, for SM2 alone.
pub fn digest(scheme: Scheme, id: &[u8], key: &[u8], message: &[u8]) -> Bytes32 {
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaP256Sha256 => sha2::Sha256::digest(message).into(),
        Scheme::EcdsaSecp256k1Keccak256 => sha3::Keccak256::digest(message).into(),
        Scheme::Sm2Sm3 => sm3::Sm3::new().chain_update(sm2_identity(id, key)).chain_update(message).finalize().into(),
    }
}

/// Z_A = SM3(ENTL_A || ID_A || a || b || x_G || y_G || x_A || y_A), GB/T 32918.2, 5.5.
fn sm2_identity(id: &[u8], key: &[u8]) -> Bytes32 {
    /// sm2p256v1's b (GB/T 32918.5).
    const B: &str = "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93";
    let bits = u16::try_from(8 * id.len()).expect("an id has at most 8,191 bytes");
    let a = sub(&sm2::Sm2::P, &number(3));
    let generator = sec1::<sm2::Sm2>(&multiple::<sm2::Sm2>(&small::<sm2::Sm2>(1)));
    sm3::Sm3::new()
        .chain_update(bits.to_be_bytes())
        .chain_update(id)
        .chain_update(a)
        .chain_update(hex::decode(B).expect("the constant is hex"))
        .chain_update(&generator[1..])
        .chain_update(key)
        .finalize()
        .into()
}

fn halves(raw: &[u8]) -> (Bytes32, Bytes32) {
    let half = |range: std::ops::Range<usize>| raw[range].try_into().expect("r and s have 32 bytes each");
    (half(0..32), half(32..64))
}

/// The public key of a private one, SEC1 uncompressed.
pub fn public_key<C: PeerCurve>(d: &Bytes32) -> Vec<u8> {
    sec1::<C>(&multiple::<C>(&scalar::<C>(d)))
}
