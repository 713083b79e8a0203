//! SM2 with private keys in this process: for keys of the file, and for callers whose interface hands private keys over, as GM/T 0018's does for keys outside
//! of a device (docs/adr/014-libraries-that-sign-for-real.md).

use std::{fmt, hint::black_box};

use chainbox_engine::hash::Digest;
use getrandom::SysRng;
use k256::ecdsa::signature::hazmat::RandomizedPrehashSigner;
use sm2::{
    NonZeroScalar, Scalar,
    dsa::SigningKey,
    elliptic_curve::sec1::ToSec1Point,
    pke::{Cipher, DecryptingKey, EncryptingKey, Mode},
};
use zeroize::Zeroizing;

use super::keys::draw;
use crate::{PublicKey, Signature};

/// The longest message that is encrypted or decrypted, in bytes: SM2 encrypts keys and other short things.
pub const MESSAGE_BYTES_MAX: usize = 4096;

/// Bytes of a ciphertext beside those of the message: C1 (a point, uncompressed) and C3 (SM3).
pub const CIPHERTEXT_EXTRA_BYTES: usize = 65 + 32;

/// The first byte of a point that is not compressed (SEC1).
const UNCOMPRESSED: u8 = 4;

/// Why there is no signature, ciphertext or message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The public key is no point of the curve, or the point at infinity.
    #[error("the public key is no point of SM2's curve")]
    PublicKey,
    /// The message is empty or has more than [`MESSAGE_BYTES_MAX`] bytes.
    #[error("a message of {0} bytes: SM2 encrypts 1 to {MESSAGE_BYTES_MAX}")]
    Length(usize),
    /// The ciphertext was not made for this key, or was changed.
    #[error("the ciphertext was made for another key, or was changed")]
    Ciphertext,
    /// The system gave no random bytes, or none that could be used.
    #[error("the system's source of randomness is broken")]
    Randomness,
}

/// A private key: d in [1, n - 2] (GB/T 32918.1-2016, 6.1). It cannot be printed, and is overwritten where it lay when it is dropped.
pub struct PrivateKey(Box<SigningKey>);

impl PrivateKey {
    /// A new key: d from the system's source of randomness.
    ///
    /// # Errors
    /// [`Failure::Randomness`].
    pub fn generate() -> Result<Self, Failure> {
        draw(|d| Self::new(d)).map_err(|_| Failure::Randomness)
    }

    /// The key of this d, big-endian; none where d is not in [1, n - 2].
    #[must_use]
    pub fn new(d: &[u8; 32]) -> Option<Self> {
        let d = sm2::SecretKey::from_slice(d).ok()?.to_nonzero_scalar();
        if *d == -Scalar::ONE { None } else { Some(Self(Box::new(signing(d)?))) }
    }

    /// d, big-endian: for whoever asked for a key outside of a device.
    #[must_use]
    pub fn d(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().into())
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let bytes = self.0.verifying_key().as_affine().to_sec1_point(false).to_bytes();
        bytes[..].try_into().expect("65 bytes, uncompressed")
    }

    /// r || s over e = SM3(Z_A || M) (GB/T 32918.2-2016, 6.1). The nonce is that of RFC 6979 with 32 random bytes as its additional data (section 3.6).
    ///
    /// # Errors
    /// [`Failure::Randomness`].
    pub fn sign(&self, e: &Digest) -> Result<Signature, Failure> {
        let signature: sm2::dsa::Signature = self.0.sign_prehash_with_rng(&mut SysRng, e).map_err(|_| Failure::Randomness)?;
        Ok(signature.to_bytes().into())
    }

    /// The message of a ciphertext C1 || C3 || C2 with C1 uncompressed (GB/T 32918.4-2016, 7.1).
    ///
    /// # Errors
    /// [`Failure::Length`], [`Failure::Ciphertext`].
    pub fn decrypt(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let length = ciphertext.len().checked_sub(CIPHERTEXT_EXTRA_BYTES).ok_or(Failure::Ciphertext)?;
        check_length(length)?;
        if ciphertext[0] != UNCOMPRESSED {
            return Err(Failure::Ciphertext);
        }
        let cipher: Cipher<'_> = Cipher::from_slice(ciphertext, Mode::C1C3C2).map_err(|_| Failure::Ciphertext)?;
        let mut message = Zeroizing::new(vec![0; length]);
        Decrypting::new(self.0.as_nonzero_scalar()).0.decrypt_cipher_with_buf(&cipher, &mut message).map_err(|_| Failure::Ciphertext)?;
        // Step B4: a stream of zeros alone is an error. The library leaves that out.
        if message[..] == *cipher.c2() { Err(Failure::Ciphertext) } else { Ok(message) }
    }
}

/// The id goes into Z_A only, and what is signed here is e.
fn signing(d: NonZeroScalar) -> Option<SigningKey> {
    SigningKey::from_nonzero_scalar("", d).ok()
}

impl Drop for PrivateKey {
    /// Puts the key of d = 1 over the key where it lies, which its library does not do.
    fn drop(&mut self) {
        if let Some(key) = one().and_then(signing) {
            *self.0 = key;
        }
        black_box(&mut self.0);
    }
}

/// The same key as its library decrypts with it, for one ciphertext.
struct Decrypting(Box<DecryptingKey>);

impl Decrypting {
    fn new(d: &NonZeroScalar) -> Self {
        Self(Box::new(DecryptingKey::new_with_mode(*d, Mode::C1C3C2)))
    }
}

impl Drop for Decrypting {
    /// As for [`PrivateKey`].
    fn drop(&mut self) {
        if let Some(d) = one() {
            *self.0 = DecryptingKey::new_with_mode(d, Mode::C1C3C2);
        }
        black_box(&mut self.0);
    }
}

fn one() -> Option<NonZeroScalar> {
    NonZeroScalar::new(Scalar::ONE).into_option()
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// Encrypts a message of 1 to [`MESSAGE_BYTES_MAX`] bytes: C1 || C3 || C2 with C1 uncompressed (GB/T 32918.4-2016, 6.1).
///
/// # Errors
/// [`Failure::PublicKey`], [`Failure::Length`], [`Failure::Randomness`].
pub fn encrypt(public_key: &PublicKey, message: &[u8]) -> Result<Vec<u8>, Failure> {
    check_length(message.len())?;
    let key = EncryptingKey::from_sec1_bytes(public_key).map_err(|_| Failure::PublicKey)?;
    key.encrypt(&mut SysRng, message).map_err(|_| Failure::Randomness)
}

fn check_length(length: usize) -> Result<(), Failure> {
    if (1..=MESSAGE_BYTES_MAX).contains(&length) { Ok(()) } else { Err(Failure::Length(length)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, KeyInfo, device::contract::verifies};

    /// GB/T 32918.5-2017, annexes A and C: d, P, and the ciphertext of annex C as C1 || C3 || C2.
    const D: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
    const P: &str = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
    const CIPHERTEXT: &str = "0404ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df059983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd876621886ca989ca9c7d58087307ca93092d651efa";

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text).expect("the constants are hexadecimal")
    }

    fn known() -> PrivateKey {
        let d: [u8; 32] = bytes(D).try_into().expect("32 bytes");
        PrivateKey::new(&d).expect("it is in range")
    }

    #[test]
    fn the_standards_example_decrypts() {
        let key = known();
        assert_eq!(key.public_key().to_vec(), bytes(P));
        assert_eq!(hex::encode(&key.d()[..]), D);
        assert_eq!(&key.decrypt(&bytes(CIPHERTEXT)).expect("it was made for this key")[..], b"encryption standard");
    }

    #[test]
    fn what_is_encrypted_decrypts_and_what_was_changed_does_not() {
        let (key, other) = (known(), PrivateKey::generate().expect("a key"));
        for length in [1, 2, 16, 31, 32, 33, 100, MESSAGE_BYTES_MAX] {
            let message: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let ciphertext = encrypt(&key.public_key(), &message).expect("a ciphertext");
            assert_eq!(ciphertext.len(), CIPHERTEXT_EXTRA_BYTES + length);
            assert_eq!(key.decrypt(&ciphertext).expect("it decrypts")[..], message[..]);
            assert_eq!(other.decrypt(&ciphertext).err(), Some(Failure::Ciphertext));
            for at in [0, 1, 40, 65, 96, 97, ciphertext.len() - 1] {
                let mut changed = ciphertext.clone();
                changed[at] ^= 1;
                assert_eq!(key.decrypt(&changed).err(), Some(Failure::Ciphertext), "byte {at}");
            }
        }
    }

    #[test]
    fn lengths_and_points_are_checked() {
        let key = known();
        for length in [0, MESSAGE_BYTES_MAX + 1] {
            assert_eq!(encrypt(&key.public_key(), &vec![7; length]), Err(Failure::Length(length)));
            assert_eq!(key.decrypt(&vec![4; CIPHERTEXT_EXTRA_BYTES + length]).err(), Some(Failure::Length(length)));
        }
        assert_eq!(key.decrypt(&[4; CIPHERTEXT_EXTRA_BYTES - 1]).err(), Some(Failure::Ciphertext));
        let mut off = key.public_key();
        off[64] ^= 1;
        assert_eq!(encrypt(&off, b"x"), Err(Failure::PublicKey));
        assert_eq!(encrypt(&[0; 65], b"x"), Err(Failure::PublicKey));
    }

    #[test]
    fn keys_out_of_range_are_none() {
        let n = bytes("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123");
        let minus = |less: u8| -> [u8; 32] {
            let mut d: [u8; 32] = n.clone().try_into().expect("32 bytes");
            d[31] -= less;
            d
        };
        for (d, is_key) in [([0; 32], false), (minus(0), false), (minus(1), false), (minus(2), true), ([0xff; 32], false)] {
            assert_eq!(PrivateKey::new(&d).is_some(), is_key, "{d:02x?}");
        }
    }

    #[test]
    fn signatures_verify() {
        let key = PrivateKey::generate().expect("a key");
        let info = KeyInfo { label: "known".parse().expect("a label"), algorithm: Algorithm::Sm2, public_key: key.public_key() };
        let signatures = [[7; 32], [7; 32], [0; 32], [0xff; 32]].map(|e| {
            let signature = key.sign(&e).expect("a signature");
            assert!(verifies(&info, &e, &signature));
            signature
        });
        assert_ne!(signatures[0], signatures[1], "nonces are hedged");
        assert_eq!(format!("{key:?}"), "PrivateKey(..)");
    }
}
