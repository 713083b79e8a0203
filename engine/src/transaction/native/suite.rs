//! Suites: which curve, equation and hash a chain uses.

use std::{fmt, str::FromStr};

use super::Address;
use crate::{batch::Shape, scheme::Scheme};

/// Curve, equation and hash of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Suite {
    /// ECDSA on secp256k1, Keccak-256.
    Secp256k1,
    /// ECDSA on P-256, SHA-256.
    P256,
    /// SM2 with SM3, and the id 1234567812345678.
    Sm,
}

impl Suite {
    /// Every suite.
    pub const ALL: [Self; 3] = [Self::Secp256k1, Self::P256, Self::Sm];

    /// The byte that stands for it in transactions.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Secp256k1 => 1,
            Self::P256 => 2,
            Self::Sm => 3,
        }
    }

    /// The suite of a byte.
    #[must_use]
    pub fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.byte() == byte)
    }

    /// The name used in files, flags and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secp256k1 => "secp256k1",
            Self::P256 => "p256",
            Self::Sm => "sm",
        }
    }

    /// What its signatures are.
    #[must_use]
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::Secp256k1 => Scheme::EcdsaSecp256k1Keccak256,
            Self::P256 => Scheme::EcdsaP256Sha256,
            Self::Sm => Scheme::Sm2Sm3,
        }
    }

    /// The batches that its transactions' items go into. ECDSA signatures have the lower s: the other would be a second form of the same transaction.
    #[must_use]
    pub fn shape(self) -> Shape {
        Shape { low_s: self != Self::Sm, ..Shape::messages(self.scheme()) }
    }

    /// The account of a key, SEC1 uncompressed.
    #[must_use]
    pub fn address(self, key: &[u8; 65]) -> Address {
        let mut address = [0; 20];
        address.copy_from_slice(&self.scheme().hash().digest(&key[1..])[12..]);
        address
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not a suite's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown suite {0:?}; the suites are secp256k1, p256 and sm")]
pub struct UnknownSuite(pub String);

impl FromStr for Suite {
    type Err = UnknownSuite;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|suite| suite.name() == name).ok_or_else(|| UnknownSuite(name.to_owned()))
    }
}
