//! Signature schemes: bytes -> equation -> verdict and reason.

mod digests;
mod ecdsa;
mod equation;
mod recovery;
mod signature;
mod sm2;

use digests::digest_of;
pub use digests::{digests, z_as};
pub use ecdsa::equations as ecdsa_equations;
pub use equation::{Claim, Equation, Statement, claim, equation, equations, read, statement};
pub use recovery::{RecoveryClaim, RecoveryEquation, recovery_equations};
pub use signature::Signature;
pub use sm2::{SM2_ID_DEFAULT, z_a};

use std::{fmt, str::FromStr};

use crate::hash::Hash;

/// A signature scheme: curve, hash and equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// ECDSA on secp256k1 with SHA-256 (Bitcoin's pair).
    EcdsaSecp256k1Sha256,
    /// ECDSA on secp256k1 with Keccak-256 (Ethereum's pair).
    EcdsaSecp256k1Keccak256,
    /// ECDSA on P-256 with SHA-256 (FIPS 186-5).
    EcdsaP256Sha256,
    /// SM2 signatures with SM3 (GB/T 32918.2-2016) on sm2p256v1.
    Sm2Sm3,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 4] = [Self::EcdsaSecp256k1Sha256, Self::EcdsaSecp256k1Keccak256, Self::EcdsaP256Sha256, Self::Sm2Sm3];

    /// The name used in files, settings, JSON and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaSecp256k1Sha256 => "ecdsa-secp256k1-sha256",
            Self::EcdsaSecp256k1Keccak256 => "ecdsa-secp256k1-keccak256",
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Self::Sm2Sm3 => "sm2-sm3",
        }
    }

    /// The hash that makes the digest.
    #[must_use]
    pub const fn hash(self) -> Hash {
        match self {
            Self::EcdsaSecp256k1Sha256 | Self::EcdsaP256Sha256 => Hash::Sha256,
            Self::EcdsaSecp256k1Keccak256 => Hash::Keccak256,
            Self::Sm2Sm3 => Hash::Sm3,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not a scheme's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown scheme {0:?}; the schemes are ecdsa-secp256k1-sha256, ecdsa-secp256k1-keccak256, ecdsa-p256-sha256 and sm2-sm3")]
pub struct UnknownScheme(pub String);

impl FromStr for Scheme {
    type Err = UnknownScheme;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == name).ok_or_else(|| UnknownScheme(name.to_owned()))
    }
}
