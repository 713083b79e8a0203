//! `recover`: the signer's key from the signature.

use crate::{
    batch::RecoveryBatch,
    curve::{Curve, Secp256k1, product::double_product_var},
    field::{Field, limbs},
    hash::Hash,
    scheme::{self, RecoveryEquation},
    verdict::Reason,
};

/// x||y of the key of item `index`: ECDSA on secp256k1 with Keccak-256.
///
/// # Errors
/// The first check that fails: encoding, r, s, [`Reason::NotRecoverable`], [`Reason::KeyIsIdentity`], [`Reason::LowSPolicy`].
///
/// # Panics
/// Where `index` is not below the length of the batch.
pub fn recover(batch: &RecoveryBatch, index: usize) -> Result<[u8; 64], Reason> {
    let (message, signature) = (batch.inputs().get(index), batch.signatures().get(index));
    let equation = scheme::recovery_equation::<Secp256k1>(batch.input(), Hash::Keccak256, batch.low_s(), message, signature)?;
    decide(&equation)
}

fn decide<C: Curve>(equation: &RecoveryEquation<C>) -> Result<[u8; 64], Reason> {
    let q = double_product_var(&equation.u1, &equation.u2, &equation.r);
    if q.is_identity() {
        return Err(Reason::KeyIsIdentity);
    }
    if equation.refused_by_low_s {
        return Err(Reason::LowSPolicy);
    }
    let q = q.to_affine_var();
    let mut key = [0; 64];
    key[..32].copy_from_slice(&limbs::to_be_bytes(&q.x.to_limbs()));
    key[32..].copy_from_slice(&limbs::to_be_bytes(&q.y.to_limbs()));
    Ok(key)
}
