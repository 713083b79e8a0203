//! Private keys in memory, and the libraries that sign with them (docs/adr/014-libraries-that-sign-for-real.md).

use chainbox_engine::hash::Digest;
use getrandom::SysRng;
use k256::ecdsa::signature::hazmat::RandomizedPrehashSigner;
use zeroize::Zeroizing;

use super::{file::Stored, sm2};
use crate::{Algorithm, KeyInfo, Label, PublicKey, Signature};

/// Draws of a private key before the source of randomness counts as broken: a draw fails once in 2^32 at most.
const DRAWS_MAX: usize = 16;

/// A private key. It cannot be printed.
pub(super) struct Key {
    info: KeyInfo,
    d: Zeroizing<[u8; 32]>,
    signer: Signer,
}

/// A key in the form that its library signs with.
enum Signer {
    EcdsaSecp256k1(Box<k256::ecdsa::SigningKey>),
    EcdsaP256(Box<p256::ecdsa::SigningKey>),
    Sm2(sm2::PrivateKey),
}

impl Key {
    /// A new key: d from the system's source of randomness, drawn again where it is out of range.
    pub(super) fn generate(label: Label, algorithm: Algorithm) -> Result<Self, String> {
        draw(|d| Self::new(Stored { label: label.clone(), algorithm, d: d.clone() }).ok())
    }

    /// A key as it was stored.
    pub(super) fn new(stored: Stored) -> Result<Self, String> {
        let Stored { label, algorithm, d } = stored;
        let signer = Signer::new(algorithm, &d).ok_or_else(|| format!("the private key of {label} is out of range"))?;
        let public_key = signer.public_key();
        Ok(Self { info: KeyInfo { label, algorithm, public_key }, d, signer })
    }

    pub(super) const fn info(&self) -> &KeyInfo {
        &self.info
    }

    /// For the file alone.
    pub(super) const fn d(&self) -> &Zeroizing<[u8; 32]> {
        &self.d
    }

    /// The message of an SM2 ciphertext C1 || C3 || C2; none where this is a key of another algorithm.
    pub(super) fn decrypt(&self, ciphertext: &[u8]) -> Option<Result<Zeroizing<Vec<u8>>, sm2::Failure>> {
        match &self.signer {
            Signer::Sm2(key) => Some(key.decrypt(ciphertext)),
            Signer::EcdsaSecp256k1(_) | Signer::EcdsaP256(_) => None,
        }
    }

    /// r || s over a digest; for SM2 over e. Nonces are hedged: those of RFC 6979 with 32 random bytes as its additional data (section 3.6), so that neither a
    /// bad source of randomness nor a fault that is provoked twice gives the key away.
    pub(super) fn sign(&self, digest: &Digest) -> Result<Signature, String> {
        let failed = |library: &str| format!("{library} made no signature");
        match &self.signer {
            Signer::EcdsaSecp256k1(key) => {
                let signature: k256::ecdsa::Signature = key.sign_prehash_with_rng(&mut SysRng, digest).map_err(|_| failed("k256"))?;
                Ok(signature.to_bytes().into())
            }
            Signer::EcdsaP256(key) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash_with_rng(&mut SysRng, digest).map_err(|_| failed("p256"))?;
                Ok(signature.to_bytes().into())
            }
            Signer::Sm2(key) => key.sign(digest).map_err(|_| failed("sm2")),
        }
    }
}

/// Draws of d from the system's source of randomness until one is a key.
pub(super) fn draw<T>(key: impl Fn(&Zeroizing<[u8; 32]>) -> Option<T>) -> Result<T, String> {
    for _ in 0..DRAWS_MAX {
        let mut d = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *d).map_err(|error| error.to_string())?;
        if let Some(key) = key(&d) {
            return Ok(key);
        }
    }
    Err(format!("{DRAWS_MAX} draws gave no private key: the system's randomness is broken"))
}

impl Signer {
    /// None where d is out of range.
    fn new(algorithm: Algorithm, d: &[u8; 32]) -> Option<Self> {
        match algorithm {
            Algorithm::EcdsaSecp256k1 => Some(Self::EcdsaSecp256k1(Box::new(k256::ecdsa::SigningKey::from_slice(d).ok()?))),
            Algorithm::EcdsaP256 => Some(Self::EcdsaP256(Box::new(p256::ecdsa::SigningKey::from_slice(d).ok()?))),
            Algorithm::Sm2 => sm2::PrivateKey::new(d).map(Self::Sm2),
        }
    }

    fn public_key(&self) -> PublicKey {
        let bytes = match self {
            Self::EcdsaSecp256k1(key) => key.verifying_key().to_sec1_point(false).to_bytes(),
            Self::EcdsaP256(key) => key.verifying_key().to_sec1_point(false).to_bytes(),
            Self::Sm2(key) => return key.public_key(),
        };
        bytes[..].try_into().expect("65 bytes, uncompressed")
    }
}
