//! Private keys in memory, and the libraries that sign with them (docs/adr/014-libraries-that-sign-for-real.md).

use std::hint::black_box;

use chainbox_engine::hash::Digest;
use getrandom::SysRng;
use k256::ecdsa::signature::hazmat::RandomizedPrehashSigner;
use sm2::elliptic_curve::sec1::ToSec1Point;
use zeroize::Zeroizing;

use super::file::Stored;
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
    Sm2(Sm2Signer),
}

impl Key {
    /// A new key: d from the system's source of randomness, drawn again where it is out of range.
    pub(super) fn generate(label: Label, algorithm: Algorithm) -> Result<Self, String> {
        for _ in 0..DRAWS_MAX {
            let mut d = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *d).map_err(|error| error.to_string())?;
            if let Ok(key) = Self::new(Stored { label: label.clone(), algorithm, d }) {
                return Ok(key);
            }
        }
        Err(format!("{DRAWS_MAX} draws gave no private key: the system's randomness is broken"))
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
            Signer::Sm2(Sm2Signer(key)) => {
                let signature: sm2::dsa::Signature = key.sign_prehash_with_rng(&mut SysRng, digest).map_err(|_| failed("sm2"))?;
                Ok(signature.to_bytes().into())
            }
        }
    }
}

impl Signer {
    /// None where d is out of range.
    fn new(algorithm: Algorithm, d: &[u8; 32]) -> Option<Self> {
        match algorithm {
            Algorithm::EcdsaSecp256k1 => Some(Self::EcdsaSecp256k1(Box::new(k256::ecdsa::SigningKey::from_slice(d).ok()?))),
            Algorithm::EcdsaP256 => Some(Self::EcdsaP256(Box::new(p256::ecdsa::SigningKey::from_slice(d).ok()?))),
            Algorithm::Sm2 => Sm2Signer::new(d).map(Self::Sm2),
        }
    }

    fn public_key(&self) -> PublicKey {
        let bytes = match self {
            Self::EcdsaSecp256k1(key) => key.verifying_key().to_sec1_point(false).to_bytes(),
            Self::EcdsaP256(key) => key.verifying_key().to_sec1_point(false).to_bytes(),
            Self::Sm2(Sm2Signer(key)) => key.verifying_key().as_affine().to_sec1_point(false).to_bytes(),
        };
        bytes[..].try_into().expect("65 bytes, uncompressed")
    }
}

/// A signing key of SM2, which its library does not zeroize.
struct Sm2Signer(Box<sm2::dsa::SigningKey>);

impl Sm2Signer {
    /// None where d is not in [1, n - 2] (GB/T 32918.1-2016, 6.1).
    fn new(d: &[u8; 32]) -> Option<Self> {
        let d = sm2::SecretKey::from_slice(d).ok()?.to_nonzero_scalar();
        if *d == -sm2::Scalar::ONE { None } else { Some(Self(Box::new(Self::key(d)?))) }
    }

    /// The id goes into Z_A only, and what is signed here is e.
    fn key(d: sm2::NonZeroScalar) -> Option<sm2::dsa::SigningKey> {
        sm2::dsa::SigningKey::from_nonzero_scalar("", d).ok()
    }
}

impl Drop for Sm2Signer {
    /// Puts the key of d = 1 over the key where it lies.
    fn drop(&mut self) {
        if let Some(key) = sm2::NonZeroScalar::new(sm2::Scalar::ONE).into_option().and_then(Self::key) {
            *self.0 = key;
        }
        black_box(&mut self.0);
    }
}
