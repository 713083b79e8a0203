//! Key pairs that live in memory alone.

use std::fmt;

use chainbox_engine::hash::Digest;

use super::keys::Key;
use crate::{Algorithm, Error, KeyInfo, Kind, PublicKey, Signature};

/// The place that errors name.
const PLACE: &str = "a key in memory";

/// A key pair that nothing stores: it ends with this value. It cannot be printed.
pub struct Ephemeral(Key);

impl Ephemeral {
    /// Makes one.
    ///
    /// # Errors
    /// [`Kind::DeviceFailed`] where the system gives no randomness.
    ///
    /// # Panics
    /// Never: the label is one.
    pub fn generate(algorithm: Algorithm) -> Result<Self, Error> {
        let label = "ephemeral".parse().expect("a label");
        Key::generate(label, algorithm).map(Self).map_err(|what| Error::new(Kind::DeviceFailed, PLACE, what))
    }

    /// What it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.info().algorithm
    }

    /// Its public half.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.info().public_key
    }

    const fn info(&self) -> &KeyInfo {
        self.0.info()
    }

    /// The signature of a digest; for SM2 of e = SM3(Z_A || M).
    ///
    /// # Errors
    /// [`Kind::DeviceFailed`] where the library makes none.
    pub fn sign(&self, digest: &Digest) -> Result<Signature, Error> {
        self.0.sign(digest).map_err(|what| Error::new(Kind::DeviceFailed, PLACE, what))
    }
}

impl fmt::Debug for Ephemeral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ephemeral({})", self.algorithm())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::contract::verifies;

    #[test]
    fn each_is_another_and_signs() {
        for algorithm in Algorithm::ALL {
            let keys = [(); 2].map(|()| Ephemeral::generate(algorithm).expect("a key"));
            assert_ne!(keys[0].public_key(), keys[1].public_key());
            let digest = [7; 32];
            assert!(verifies(keys[0].info(), &digest, &keys[0].sign(&digest).expect("a signature")));
            assert_eq!(format!("{:?}", keys[0]), format!("Ephemeral({algorithm})"));
        }
    }
}
