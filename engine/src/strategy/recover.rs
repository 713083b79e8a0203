//! `recover`: the signer's key from the signature.

use std::ops::Range;

use super::with_lanes;
use crate::{
    batch::RecoveryBatch,
    curve::{
        Curve, Secp256k1,
        lanes::{
            add::Adder,
            double_product::double_products,
            lift::{Abscissa, lift},
            unpack,
        },
        point::Affine,
        product::double_product_var,
    },
    field::{Field, lanes::Lanes, limbs},
    hash::Hash,
    scheme::{self, RecoveryClaim, RecoveryEquation},
    simd::Processor,
    verdict::Reason,
};

/// x||y of a key, or the first check that fails: encoding, r, s, [`Reason::NotRecoverable`], [`Reason::KeyIsIdentity`], [`Reason::LowSPolicy`].
pub type Recovery = Result<[u8; 64], Reason>;

/// The key of item `index` alone: ECDSA on secp256k1 with Keccak-256. The reference for [`recover`].
///
/// # Errors
/// See [`Recovery`].
///
/// # Panics
/// Where `index` is not below the length of the batch.
pub fn recover_one(batch: &RecoveryBatch, index: usize) -> Recovery {
    let claim = RecoveryClaim::new::<Secp256k1>(batch, Hash::Keccak256, index)?;
    let r = claim.point::<Secp256k1>().ok_or(Reason::NotRecoverable)?;
    let equation = &scheme::recovery_equations::<Secp256k1>(&[claim], batch.low_s())[0];
    let q = double_product_var(&equation.factors.u1, &equation.factors.u2, &r);
    key_of(equation, &q.to_affine_var())
}

/// The keys of a range of items, which advance together.
///
/// # Panics
/// Where the range is not within the batch.
#[must_use]
pub fn recover(processor: Processor, batch: &RecoveryBatch, range: Range<usize>) -> Vec<Recovery> {
    with_lanes!(processor, Secp256k1, |L, instructions| recover_in::<Secp256k1, L>(instructions, batch, range))
}

fn recover_in<C: Curve, L: Lanes<Field = C::Base>>(instructions: L::Instructions, batch: &RecoveryBatch, range: Range<usize>) -> Vec<Recovery> {
    let mut answers = vec![Err(Reason::NotChecked); range.len()];
    let (mut places, mut claims) = (Vec::with_capacity(range.len()), Vec::with_capacity(range.len()));
    for (place, index) in range.enumerate() {
        match RecoveryClaim::new::<C>(batch, Hash::Keccak256, index) {
            Ok(claim) => {
                places.push(place);
                claims.push(claim);
            }
            Err(reason) => answers[place] = Err(reason),
        }
    }
    let abscissae: Vec<_> = claims.iter().map(|claim| Abscissa { x: claim.x, y_is_odd: claim.y_is_odd }).collect();
    let points = unpack::<C, L>(instructions, &lift::<C, L>(instructions, &abscissae));
    let equations = scheme::recovery_equations::<C>(&claims, batch.low_s());
    let factors: Vec<_> = equations.iter().map(|equation| equation.factors).collect();
    let keys = double_products(&mut Adder::<C, L>::new(instructions), &factors, &points);
    for ((place, (point, equation)), key) in places.into_iter().zip(points.iter().zip(&equations)).zip(unpack::<C, L>(instructions, &keys)) {
        answers[place] = if point.is_identity() { Err(Reason::NotRecoverable) } else { key_of(equation, &key) };
    }
    answers
}

fn key_of<C: Curve>(equation: &RecoveryEquation, q: &Affine<C>) -> Recovery {
    if q.is_identity() {
        return Err(Reason::KeyIsIdentity);
    }
    if equation.refused_by_low_s {
        return Err(Reason::LowSPolicy);
    }
    let mut key = [0; 64];
    key[..32].copy_from_slice(&limbs::to_be_bytes(&q.x.to_limbs()));
    key[32..].copy_from_slice(&limbs::to_be_bytes(&q.y.to_limbs()));
    Ok(key)
}
