//! `recover`: the signer's key from the signature.

use std::ops::Range;

use super::{
    Strategy,
    combined::{self, Member},
    verify::{Context, ITEMS_TOGETHER, lockstep_additions},
    with_lanes,
};
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
        sec1,
    },
    field::{
        Field,
        lanes::{Lanes, PackedPoint},
        limbs,
    },
    hash::Hash,
    scheme::{self, RecoveryClaim, RecoveryEquation},
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

/// The keys of a range of items, which advance together. Those whose key somebody names are combined where it pays.
///
/// # Panics
/// Where the range is not within the batch.
#[must_use]
pub fn recover(context: &Context, batch: &RecoveryBatch, range: Range<usize>) -> Vec<Recovery> {
    with_lanes!(context.processor, Secp256k1, |L, instructions| recover_in::<Secp256k1, L>(context, instructions, batch, range))
}

/// An item once it is read: its place in the range, what it claims, and its R.
struct Open<C: Curve> {
    place: usize,
    claim: RecoveryClaim,
    packed: PackedPoint,
    point: Affine<C>,
}

fn recover_in<C: Curve, L: Lanes<Field = C::Base>>(
    context: &Context,
    instructions: L::Instructions,
    batch: &RecoveryBatch,
    range: Range<usize>,
) -> Vec<Recovery> {
    let mut answers = vec![Err(Reason::NotChecked); range.len()];
    let mut claims = Vec::with_capacity(range.len());
    for (place, index) in range.clone().enumerate() {
        match RecoveryClaim::new::<C>(batch, Hash::Keccak256, index) {
            Ok(claim) => claims.push((place, claim)),
            Err(reason) => answers[place] = Err(reason),
        }
    }
    let abscissae: Vec<_> = claims.iter().map(|(_, claim)| Abscissa { x: claim.x, y_is_odd: claim.y_is_odd }).collect();
    let packed = lift::<C, L>(instructions, &abscissae);
    let points = unpack::<C, L>(instructions, &packed);
    let mut open = Vec::with_capacity(claims.len());
    for (((place, claim), packed), point) in claims.into_iter().zip(packed).zip(points) {
        if point.is_identity() {
            answers[place] = Err(Reason::NotRecoverable);
        } else {
            open.push(Open { place, claim, packed, point });
        }
    }
    let mut adder = Adder::<C, L>::new(instructions);
    let good = confirm::<C, L>(context, instructions, batch, range.start, &open);
    let (confirmed, others): (Vec<_>, Vec<_>) = open.iter().zip(good).partition(|(_, key)| key.is_some());
    context.decided.count(Strategy::Parity, confirmed.len());
    context.decided.count(Strategy::Recover, range.len() - confirmed.len());
    for (open, key) in confirmed {
        answers[open.place] = key.ok_or(Reason::NotChecked);
    }
    for chunk in others.chunks(ITEMS_TOGETHER) {
        let (claims, points): (Vec<_>, Vec<_>) = chunk.iter().map(|(open, _)| (open.claim, open.point)).unzip();
        let equations = scheme::recovery_equations::<C>(&claims, batch.low_s());
        let factors: Vec<_> = equations.iter().map(|equation| equation.factors).collect();
        let keys = double_products(&mut adder, &factors, &points);
        for (((open, _), equation), key) in chunk.iter().zip(&equations).zip(unpack::<C, L>(instructions, &keys)) {
            answers[open.place] = key_of(equation, &key);
        }
    }
    let hinted: Vec<_> =
        open.iter().map(|open| (open.place, batch.hints().get(range.start + open.place))).filter(|(_, hint)| !hint.is_empty()).collect();
    let wrong = hinted.iter().filter(|(place, hint)| !answers[*place].is_ok_and(|key| names(hint, &key))).count();
    context.forgeries.learn(RECOVERIES, hinted.len(), wrong);
    answers
}

/// Whether SEC1 bytes name the key x||y.
fn names(bytes: &[u8], key: &[u8; 64]) -> bool {
    match bytes {
        [4, coordinates @ ..] => coordinates == key,
        [prefix, x @ ..] => *prefix == 2 + (key[63] & 1) && *x == key[..32],
        [] => false,
    }
}

/// The named keys that a combination confirms: u1*G + u2*Q = R for the R that the recovery id names. Mere verification under Q would ignore the id,
/// and accept one whose parity was flipped, which names another key.
fn confirm<C: Curve, L: Lanes<Field = C::Base>>(
    context: &Context,
    instructions: L::Instructions,
    batch: &RecoveryBatch,
    start: usize,
    open: &[Open<C>],
) -> Vec<Option<[u8; 64]>> {
    let mut confirmed = vec![None; open.len()];
    let named: Vec<_> = open
        .iter()
        .enumerate()
        .filter_map(|(index, open)| {
            let bytes = batch.hints().get(start + open.place);
            Some((index, bytes, sec1::parse::<C>(bytes).ok()?))
        })
        .collect();
    let statements: Vec<_> = named.iter().map(|&(index, ..)| *open[index].claim.statement()).collect();
    let equations = scheme::ecdsa_equations::<C>(&statements, batch.low_s());
    let mut joined = Vec::with_capacity(named.len());
    let mut members = Vec::with_capacity(named.len());
    for ((index, key_bytes, key), equation) in named.iter().zip(&equations).filter(|(_, equation)| !equation.refused_by_low_s) {
        joined.push((*index, key));
        members.push(Member { equation, key_bytes, key, r: open[*index].packed });
    }
    let share = context.forgeries.share(RECOVERIES);
    let good = combined::good::<C, L>(instructions, &members, &context.entropy, lockstep_additions::<C>(), share, false);
    for ((index, key), _) in joined.into_iter().zip(good).filter(|(_, good)| *good) {
        confirmed[index] = Some(bytes_of(key));
    }
    confirmed
}

/// The source that all recoveries count as.
const RECOVERIES: u64 = u64::MAX;

fn key_of<C: Curve>(equation: &RecoveryEquation, q: &Affine<C>) -> Recovery {
    if q.is_identity() {
        return Err(Reason::KeyIsIdentity);
    }
    if equation.refused_by_low_s {
        return Err(Reason::LowSPolicy);
    }
    Ok(bytes_of(q))
}

/// x||y.
fn bytes_of<C: Curve>(q: &Affine<C>) -> [u8; 64] {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&limbs::to_be_bytes(&q.x.to_limbs()));
    bytes[32..].copy_from_slice(&limbs::to_be_bytes(&q.y.to_limbs()));
    bytes
}
