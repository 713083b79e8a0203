//! Hashes in steps. With a public key and an id SM3 begins with Z_A, so that the digest is the e that SM2 signs (GB/T 32918.2-2016, 6.1).

use chainbox_engine::{
    batch::SM2_ID_BYTES_MAX,
    curve::{Sm2, sec1},
    hash::{Digest, Sha256, Sm3},
    scheme,
};
use chainbox_hsm::{PublicKey, sdf::Code};

use crate::{algorithm::Hash, session::Session};

/// The most bytes of one step.
pub(crate) const STEP_BYTES_MAX: usize = 1 << 30;

/// The longest id.
pub(crate) const ID_BYTES_MAX: usize = SM2_ID_BYTES_MAX;

/// A hash that is under way.
pub(crate) enum Hashing {
    Sm3(Sm3),
    Sha256(Sha256),
}

impl Hashing {
    /// The hash of nothing yet.
    pub(crate) fn new(hash: Hash) -> Self {
        match hash {
            Hash::Sm3 => Self::Sm3(Sm3::new()),
            Hash::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    /// SM3 of Z_A and what will follow.
    pub(crate) fn of_signer(public_key: &PublicKey, id: &[u8]) -> Result<Self, Code> {
        let q = sec1::parse::<Sm2>(public_key).map_err(|_| Code::PUBLIC_KEY)?;
        let mut sm3 = Sm3::new();
        sm3.update(&scheme::z_a(id, &q));
        Ok(Self::Sm3(sm3))
    }

    fn update(&mut self, part: &[u8]) {
        match self {
            Self::Sm3(sm3) => sm3.update(part),
            Self::Sha256(sha256) => sha256.update(part),
        }
    }

    fn finish(self) -> Digest {
        match self {
            Self::Sm3(sm3) => sm3.finish(),
            Self::Sha256(sha256) => sha256.finish(),
        }
    }
}

impl Session {
    /// Takes the next part of the message. Two threads that do this at once in one session are told that their steps are out of order.
    pub(crate) fn update_hash(&self, part: &[u8]) -> Result<(), Code> {
        let mut hashing = self.take_hash()?;
        hashing.update(part);
        self.begin_hash(hashing);
        Ok(())
    }

    pub(crate) fn finish_hash(&self) -> Result<Digest, Code> {
        self.take_hash().map(Hashing::finish)
    }
}
