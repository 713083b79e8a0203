//! Crate secp256k1: Bitcoin Core's libsecp256k1.

use chainbox_engine::batch::{Encoding, Item, RecoveryBatch, Shape};
use rayon::ThreadPool;
use secp256k1::{
    Error, Message, PublicKey,
    ecdsa::{RecoverableSignature, RecoveryId, Signature},
};

use super::{Peer, digest, each};

/// Crate secp256k1: Bitcoin Core's libsecp256k1. It refuses a high s. Messages are hashed by crates sha2 and keccak-asm.
pub struct Secp256k1;

impl Peer for Secp256k1 {
    fn name(&self) -> &'static str {
        "secp256k1"
    }

    fn accepts(&self, shape: Shape, item: &Item<'_>) -> bool {
        let Some(digest) = digest(shape, item) else { return false };
        let verify = || -> Result<(), Error> {
            let key = PublicKey::from_slice(item.key)?;
            let signature = match shape.encoding {
                Encoding::Raw => Signature::from_compact(item.signature)?,
                Encoding::Der => Signature::from_der(item.signature)?,
            };
            signature.verify(Message::from_digest(digest), &key)
        };
        verify().is_ok()
    }
}

impl Secp256k1 {
    /// x||y of the signers' keys, zeros where there is none.
    #[must_use]
    pub fn recover(pool: &ThreadPool, batch: &RecoveryBatch) -> Vec<[u8; 64]> {
        each(pool, batch.len(), |index| recovered(batch.inputs().get(index), batch.signatures().get(index)).unwrap_or([0; 64]))
    }
}

/// x||y of the key that made r||s||id over a digest.
fn recovered(digest: &[u8], signature: &[u8]) -> Option<[u8; 64]> {
    let (rs, id) = signature.split_at_checked(64)?;
    let id = RecoveryId::try_from(i32::from(*id.first()?)).ok()?;
    let signature = RecoverableSignature::from_compact(rs, id).ok()?;
    let key = signature.recover(Message::from_digest(digest.try_into().ok()?)).ok()?;
    key.serialize_uncompressed()[1..].try_into().ok()
}
