//! What kernels wrote becomes verdicts, or a fault of the device.
//!
//! A device is believed in an invalid verdict. A valid one comes with evidence, and what is cheap to check is checked here again, on the bytes as the host
//! has them: a bit that flips anywhere on the device makes no signature valid.

use chainbox_engine::{
    batch::{Batch, RecoveryBatch},
    curve::{Curve as _, P256, Secp256k1, Sm2, point::Affine},
    field::{
        Field,
        limbs::{self, Limbs},
        secp256k1::Secp256k1Base,
    },
    hash::Digest,
    scheme::{self, Signature},
    verdict::{Reason, Verdict},
};

use crate::{layout::UNDECIDED, program::Curve};

/// What the output holds before the launch: the code of [`Reason::NotChecked`].
pub(super) const POISON: u32 = 0;

/// What became of an item on the device.
pub(super) enum Answer<T> {
    /// It was decided.
    Decided(T),
    /// Points met: the host decides.
    LeftToTheHost,
}

fn word(words: &[u8], place: usize) -> u32 {
    let bytes = words[4 * place..4 * place + 4].try_into().expect("four bytes");
    u32::from_le_bytes(bytes)
}

/// The verdict that a code stands for. Reasons of transactions are none of a device's.
fn code(index: usize, code: u32) -> Result<Answer<Verdict>, String> {
    if code == UNDECIDED {
        return Ok(Answer::LeftToTheHost);
    }
    let verdict = u8::try_from(code).ok().and_then(Verdict::from_code);
    match verdict.map(|verdict| (verdict, verdict.reason())) {
        Some((_, Some(Reason::NotChecked))) => Err(format!("item {index} was not answered")),
        Some((verdict, reason)) if reason <= Some(Reason::Equation) => Ok(Answer::Decided(verdict)),
        _ => Err(format!("item {index} was answered with {code}, which is no verdict")),
    }
}

/// The verdict on an item from the words of its answer.
///
/// # Errors
/// What is wrong with the answer.
pub(super) fn verdict(batch: &Batch, index: usize, words: &[u8]) -> Result<Answer<Verdict>, String> {
    let answer = code(index, word(words, 0))?;
    if let Answer::Decided(Verdict::Valid) = answer {
        let evidence = u64::from(word(words, 1)) | u64::from(word(words, 2)) << 32;
        check_valid(batch, index, evidence).map_err(|what| format!("item {index} was answered as valid, and {what}"))?;
    }
    Ok(answer)
}

/// The low 64 bits of the r that the kernels computed must be those of the signature, and the checks that need no arithmetic must pass.
fn check_valid(batch: &Batch, index: usize, evidence: u64) -> Result<(), String> {
    let (shape, item) = (batch.shape(), batch.item(index));
    let claim = |n: &Limbs, claim: Result<scheme::Claim<()>, Reason>| -> Result<(), String> {
        let Signature { r, s } = claim.map_err(|reason| format!("its check is {reason}"))?.signature;
        if r[0] != evidence {
            return Err(format!("its evidence is {evidence:016x} for {:016x}", r[0]));
        }
        let is_high = limbs::less(&limbs::sub(n, &s).0, &s);
        if shape.low_s && is_high { Err("its s is high".to_owned()) } else { Ok(()) }
    };
    let form = |key: &[u8]| match (key.first(), key.len()) {
        (Some(4), 65) | (Some(2 | 3), 33) => Ok(()),
        _ => Err(Reason::KeyMalformed),
    };
    match Curve::of(shape.scheme) {
        Curve::Secp256k1 => claim(&Secp256k1::N, scheme::claim::<Secp256k1, _>(&shape, &item, form)),
        Curve::P256 => claim(&P256::N, scheme::claim::<P256, _>(&shape, &item, form)),
        // SM2 ignores the policy.
        Curve::Sm2 => claim(&[u64::MAX; 4], scheme::claim::<Sm2, _>(&shape, &item, form)),
    }
}

/// The verdict on a recovery and its key, zeros where it is not valid.
///
/// # Errors
/// What is wrong with the answer.
pub(super) fn key(batch: &RecoveryBatch, index: usize, words: &[u8]) -> Result<Answer<(Verdict, [u8; 64])>, String> {
    let verdict = match code(index, word(words, 0))? {
        Answer::Decided(verdict) => verdict,
        Answer::LeftToTheHost => return Ok(Answer::LeftToTheHost),
    };
    if !verdict.is_valid() {
        return Ok(Answer::Decided((verdict, [0; 64])));
    }
    let limb = |place: usize| u64::from(word(words, place)) | u64::from(word(words, place + 1)) << 32;
    let integer = |first: usize| -> Limbs { std::array::from_fn(|index| limb(first + 2 * index)) };
    let coordinates = [integer(1), integer(9)];
    let [x, y] = coordinates.map(|integer| Secp256k1Base::from_limbs(&integer));
    let is_on_curve = x.zip(y).is_some_and(|(x, y)| Affine::<Secp256k1> { x, y }.is_on_curve());
    let is_formed = batch.signatures().get(index).len() == 65;
    if !is_on_curve || !is_formed {
        return Err(format!("item {index} was answered with a key that is no point of the curve"));
    }
    let mut key = [0; 64];
    for (bytes, integer) in key.chunks_exact_mut(32).zip(&coordinates) {
        bytes.copy_from_slice(&limbs::to_be_bytes(integer));
    }
    Ok(Answer::Decided((verdict, key)))
}

/// The digest that the words of an answer hold.
///
/// # Errors
/// Where nothing was written.
pub(super) fn digest(index: usize, words: &[u8]) -> Result<Digest, String> {
    if words.iter().all(|byte| u32::from(*byte) == POISON) {
        return Err(format!("item {index} was not answered"));
    }
    let mut digest = [0; 32];
    for (place, bytes) in digest.chunks_exact_mut(4).enumerate() {
        bytes.copy_from_slice(&word(words, place).to_be_bytes());
    }
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_verdicts_of_verification_are_taken() {
        for number in 0..=300 {
            let taken = match code(0, number) {
                Ok(Answer::Decided(verdict)) => u32::from(verdict.code()) == number,
                Ok(Answer::LeftToTheHost) => number == UNDECIDED,
                Err(_) => false,
            };
            assert_eq!(taken, matches!(number, 1..=12 | UNDECIDED), "{number}");
        }
        assert!(code(0, 1 << 8 | 1).is_err());
    }
}
