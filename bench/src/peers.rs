//! Other libraries, each asked item by item: none of them takes a batch.

use aws_lc_rs::{
    digest::{Digest, SHA256},
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};
use chainbox_engine::{
    batch::{Batch, Item, RecoveryBatch},
    scheme::Scheme,
    verdict::{Reason, Verdict},
};
use rayon::{ThreadPool, prelude::*};

/// Items that one task takes at once: as many as the engine's own back end gives to a task.
const CHUNK_ITEMS: usize = 16;

/// A library that verifies raw signatures over digests under uncompressed keys, and parses all three for each item.
pub trait Peer: Sync {
    /// The crate's name.
    fn name(&self) -> &'static str;

    /// Whether it accepts the item. Its reasons are its own.
    fn accepts(&self, item: &Item<'_>) -> bool;

    /// Its verdicts on a batch. What it refuses counts as [`Reason::Equation`]: forged items to be measured are of that kind.
    fn verify(&self, pool: &ThreadPool, batch: &Batch) -> Vec<Verdict> {
        let verdict = |index| if self.accepts(&batch.item(index)) { Verdict::Valid } else { Verdict::Invalid(Reason::Equation) };
        pool.install(|| (0..batch.len()).into_par_iter().with_min_len(CHUNK_ITEMS).map(verdict).collect())
    }
}

/// The peer that a scheme is compared with.
#[must_use]
pub fn of(scheme: Scheme) -> &'static dyn Peer {
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => &Secp256k1,
        Scheme::EcdsaP256Sha256 => &AwsLc,
        Scheme::Sm2Sm3 => &EfficientSm2,
    }
}

/// Crate secp256k1: Bitcoin Core's libsecp256k1. It refuses a high s.
pub struct Secp256k1;

impl Peer for Secp256k1 {
    fn name(&self) -> &'static str {
        "secp256k1"
    }

    fn accepts(&self, item: &Item<'_>) -> bool {
        use secp256k1::{Error, Message, PublicKey, ecdsa::Signature};
        let Ok(digest) = item.input.try_into() else { return false };
        let message = Message::from_digest(digest);
        let verify = || -> Result<(), Error> {
            let key = PublicKey::from_slice(item.key)?;
            let signature = Signature::from_compact(item.signature)?;
            signature.verify(message, &key)
        };
        verify().is_ok()
    }
}

impl Secp256k1 {
    /// x||y of the signers' keys, zeros where there is none.
    #[must_use]
    pub fn recover(pool: &ThreadPool, batch: &RecoveryBatch) -> Vec<[u8; 64]> {
        let key = |index| recovered(batch.inputs().get(index), batch.signatures().get(index)).unwrap_or([0; 64]);
        pool.install(|| (0..batch.len()).into_par_iter().with_min_len(CHUNK_ITEMS).map(key).collect())
    }
}

/// x||y of the key that made r||s||id over a digest.
fn recovered(digest: &[u8], signature: &[u8]) -> Option<[u8; 64]> {
    use secp256k1::{
        Message,
        ecdsa::{RecoverableSignature, RecoveryId},
    };
    let (rs, id) = signature.split_at_checked(64)?;
    let id = RecoveryId::try_from(i32::from(*id.first()?)).ok()?;
    let signature = RecoverableSignature::from_compact(rs, id).ok()?;
    let key = signature.recover(Message::from_digest(digest.try_into().ok()?)).ok()?;
    key.serialize_uncompressed()[1..].try_into().ok()
}

/// Crate aws-lc-rs: AWS-LC with its assembly for P-256. Its raw form of signatures is rewritten as DER inside.
pub struct AwsLc;

impl Peer for AwsLc {
    fn name(&self) -> &'static str {
        "aws-lc-rs"
    }

    fn accepts(&self, item: &Item<'_>) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, item.key);
        Digest::import_less_safe(item.input, &SHA256).and_then(|digest| key.verify_digest(&digest, item.signature)).is_ok()
    }
}

/// Crate efficient-sm2. It checks neither that the key is on the curve nor the ranges of r and s.
pub struct EfficientSm2;

impl Peer for EfficientSm2 {
    fn name(&self) -> &'static str {
        "efficient-sm2"
    }

    fn accepts(&self, item: &Item<'_>) -> bool {
        use efficient_sm2::{PublicKey, Signature};
        let (&[4, ref key @ ..], 65, 64) = (item.key, item.key.len(), item.signature.len()) else { return false };
        Signature::from_slice(item.signature).and_then(|signature| signature.verify_digest(&PublicKey::from_slice(key), item.input)).is_ok()
    }
}
