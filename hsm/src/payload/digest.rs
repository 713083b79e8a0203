//! The digest that the key signs.

pub use chainbox_engine::scheme::SM2_ID_DEFAULT as SM2_ID;
use chainbox_engine::{
    batch::SM2_ID_BYTES_MAX,
    curve::{Sm2, sec1},
    hash::{self, Digest},
    scheme::{self, Scheme},
};

use super::{
    Payload,
    encoding::{malformed, message},
};
use crate::{Error, Kind, PublicKey};

/// The id of an SM2 signer in TLS 1.3 (RFC 8998, section 3.2.1).
pub const SM2_ID_TLS: &[u8] = b"TLSv1.3+GM+Cipher+Suite";

/// The id that goes into Z_A for a payload: that of TLS for a handshake, the key's own for everything else.
#[must_use]
pub fn sm2_id<'a>(payload: &Payload, of_key: &'a [u8]) -> &'a [u8] {
    if matches!(payload, Payload::Tls(_)) { SM2_ID_TLS } else { of_key }
}

/// The digest that is signed: the scheme's hash of [`message`]; for SM2 e = SM3(Z_A || message), where Z_A comes from `public_key` and [`sm2_id`].
///
/// # Errors
/// [`Kind::Input`] where the payload is malformed, [`Kind::Unsupported`] for a handshake with a key on secp256k1, which TLS 1.3 does not know, and
/// [`Kind::DeviceFailed`] where the public key is no point of sm2p256v1.
pub fn digest(payload: &Payload, scheme: Scheme, public_key: &PublicKey, id: &[u8]) -> Result<Digest, Error> {
    let message = message(payload)?;
    if let Payload::Opaque(digest) = payload {
        return Ok(*digest);
    }
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 if matches!(payload, Payload::Tls(_)) => {
            let error = Error::new(Kind::Unsupported, "payload", "TLS 1.3 knows no signatures on secp256k1");
            Err(error.remedy("use a key on P-256 or an SM2 key"))
        }
        Scheme::Sm2Sm3 => sm2_e(public_key, sm2_id(payload, id), &message),
        ecdsa => Ok(ecdsa.hash().digest(&message)),
    }
}

/// e = SM3(Z_A || M) (GB/T 32918.2-2016, 6.1).
fn sm2_e(public_key: &PublicKey, id: &[u8], message: &[u8]) -> Result<Digest, Error> {
    if id.len() > SM2_ID_BYTES_MAX {
        return Err(malformed(format!("an SM2 id of {} bytes", id.len()), format!("it has at most {SM2_ID_BYTES_MAX} bytes")));
    }
    let q = sec1::parse::<Sm2>(public_key).map_err(|reason| {
        Error::new(Kind::DeviceFailed, "public key", format!("the device gave a public key that is none: {}", reason.name()))
    })?;
    let mut hash = hash::Sm3::new();
    hash.update(&scheme::z_a(id, &q));
    hash.update(message);
    Ok(hash.finish())
}
