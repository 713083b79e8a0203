//! Keys as others see them: label, algorithm, public half.

use std::{fmt, str::FromStr};

use chainbox_engine::scheme::Scheme;
use serde::{Deserialize, Serialize};

/// A public key: SEC1, uncompressed (`04 || x || y`).
pub type PublicKey = [u8; 65];

/// A signature: r || s, 32 bytes each, big-endian.
pub type Signature = [u8; 64];

/// Curve and equation of a key. What is hashed before is no matter of the key: an ECDSA key on secp256k1 signs SHA-256 as well as Keccak-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// ECDSA on secp256k1.
    EcdsaSecp256k1,
    /// ECDSA on P-256 (FIPS 186-5).
    EcdsaP256,
    /// SM2 signatures (GB/T 32918.2-2016) on sm2p256v1.
    Sm2,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::EcdsaSecp256k1, Self::EcdsaP256, Self::Sm2];

    /// The name used in settings, files and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaSecp256k1 => "ecdsa-secp256k1",
            Self::EcdsaP256 => "ecdsa-p256",
            Self::Sm2 => "sm2",
        }
    }

    /// The algorithm under a scheme.
    #[must_use]
    pub const fn of(scheme: Scheme) -> Self {
        match scheme {
            Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => Self::EcdsaSecp256k1,
            Scheme::EcdsaP256Sha256 => Self::EcdsaP256,
            Scheme::Sm2Sm3 => Self::Sm2,
        }
    }

    /// The scheme that a key of this algorithm signs under unless it is told otherwise.
    #[must_use]
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::EcdsaSecp256k1 => Scheme::EcdsaSecp256k1Sha256,
            Self::EcdsaP256 => Scheme::EcdsaP256Sha256,
            Self::Sm2 => Scheme::Sm2Sm3,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not an algorithm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown algorithm {0:?}; the algorithms are ecdsa-secp256k1, ecdsa-p256 and sm2")]
pub struct UnknownAlgorithm(pub String);

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}

/// The longest label, in bytes.
pub const LABEL_BYTES_MAX: usize = 64;

/// The name of a key on a device: 1 to [`LABEL_BYTES_MAX`] bytes of text without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

impl Label {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Label {
    type Error = NoLabel;

    fn try_from(text: String) -> Result<Self, NoLabel> {
        text.parse()
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no label of a key: it takes 1 to {LABEL_BYTES_MAX} bytes of text without control characters")]
pub struct NoLabel(pub String);

impl FromStr for Label {
    type Err = NoLabel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_label = (1..=LABEL_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        if is_label { Ok(Self(text.to_owned())) } else { Err(NoLabel(text.to_owned())) }
    }
}

/// A key of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its name.
    pub label: Label,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// Its public half.
    pub public_key: PublicKey,
}
