//! Known answers: signatures made by other libraries, with the verdict that each must get.
//!
//! A back end is not used on a machine before it gave every one of these answers there.

use std::{str::FromStr, sync::OnceLock};

use super::{
    Backend, Capabilities,
    contract::{Failure, expect_digests, expect_keys, expect_verdicts},
};
use crate::{
    batch::{Batch, ByteColumn, Encoding, Input, ItemError, OwnedItem, RecoveryBatch, Shape},
    hash::Hash,
    scheme::Scheme,
    strategy::{recover, single},
    verdict::{Reason, Verdict},
};

/// This part of what back ends are held to, in failures.
const CHECK: &str = "known answers";

/// One signature and its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAnswer {
    /// The signature.
    pub item: OwnedItem,
    /// What every back end must answer.
    pub verdict: Verdict,
}

/// Every known answer.
///
/// # Panics
/// Where the file that is part of this crate is broken, which a test excludes.
#[must_use]
pub fn all() -> &'static [KnownAnswer] {
    static ANSWERS: OnceLock<Vec<KnownAnswer>> = OnceLock::new();
    ANSWERS.get_or_init(|| {
        let lines = include_str!("known_answers.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(|line| parse(line).unwrap_or_else(|| panic!("a known answer cannot be read: {line}"))).collect()
    })
}

/// The known answers of any shape: those of its scheme, input and encoding. Where it has a policy, they have the verdict of the reference strategy,
/// which makes some of the valid ones invalid.
#[must_use]
pub fn of_shape(shape: Shape) -> Vec<KnownAnswer> {
    let plain = Shape { low_s: false, ..shape };
    let with_policy = |answer: &KnownAnswer| {
        let item = OwnedItem { shape, ..answer.item.clone() };
        let verdict = if shape.low_s { single::verify(&shape, &item.as_item()) } else { answer.verdict };
        KnownAnswer { item, verdict }
    };
    all().iter().filter(|answer| answer.item.shape == plain).map(with_policy).collect()
}

/// Whether a back end gives every known answer, each scheme that it offers as one batch for each shape, and the keys and digests that belong to them
/// where it offers those. The number of answers checked.
///
/// # Errors
/// The first [`Failure`].
pub fn check(backend: &dyn Backend) -> Result<usize, Failure> {
    let Capabilities { schemes, recovery, hashes, .. } = backend.capabilities();
    let answers: Vec<_> = all().iter().filter(|answer| schemes.contains(&answer.item.shape.scheme)).collect();
    for batch in by_shape(&answers) {
        let shape = batch[0].item.shape;
        let mut items = Batch::with_capacity(shape, batch.len());
        for answer in &batch {
            answer.item.push_into(&mut items)?;
        }
        let expected: Vec<_> = batch.iter().map(|answer| answer.verdict).collect();
        expect_verdicts(backend, &items, &expected, CHECK)?;
    }
    if recovery {
        check_keys(backend)?;
    }
    for hash in hashes {
        check_digests(backend, hash)?;
    }
    Ok(answers.len())
}

/// The known signatures on secp256k1, each with both parities: one of the two gives the key that signed, and the reference says what the other gives.
fn check_keys(backend: &dyn Backend) -> Result<(), Failure> {
    let shape = Shape::digests(Scheme::EcdsaSecp256k1Keccak256);
    let mut batch = RecoveryBatch::new(shape.input, false);
    for answer in all().iter().filter(|answer| answer.item.shape == shape) {
        for id in [0, 1] {
            batch.push(&answer.item.input, &[&answer.item.signature[..], &[id]].concat())?;
        }
    }
    let expected: Vec<_> = (0..batch.len()).map(|index| recover::recover_one(&batch, index)).collect();
    expect_keys(backend, &batch, &expected, CHECK, "recovery")
}

/// The digests of the known messages.
fn check_digests(backend: &dyn Backend, hash: Hash) -> Result<(), Failure> {
    let mut messages = ByteColumn::new();
    for answer in all().iter().filter(|answer| answer.item.shape.input == Input::Message) {
        messages.push(&answer.item.input).map_err(ItemError::from)?;
    }
    let expected: Vec<_> = messages.iter().map(|message| hash.digest(message)).collect();
    expect_digests(backend, hash, &messages, &expected, CHECK)
}

/// The answers in groups of one shape.
fn by_shape<'a>(answers: &[&'a KnownAnswer]) -> Vec<Vec<&'a KnownAnswer>> {
    let mut groups: Vec<Vec<&KnownAnswer>> = Vec::new();
    for &answer in answers {
        match groups.iter_mut().find(|group| group[0].item.shape == answer.item.shape) {
            Some(group) => group.push(answer),
            None => groups.push(vec![answer]),
        }
    }
    groups
}

/// `scheme input encoding key input-bytes signature id verdict`, bytes in hex, `-` for no bytes.
fn parse(line: &str) -> Option<KnownAnswer> {
    let fields: [&str; 8] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let [scheme, input, encoding, key, bytes, signature, id, verdict] = fields;
    let shape = Shape {
        scheme: Scheme::from_str(scheme).ok()?,
        input: [Input::Message, Input::Digest].into_iter().find(|known| known.name() == input)?,
        encoding: [Encoding::Raw, Encoding::Der].into_iter().find(|known| known.name() == encoding)?,
        low_s: false,
    };
    let verdict = match verdict {
        "valid" => Verdict::Valid,
        name => Verdict::Invalid(*Reason::ALL.iter().find(|reason| reason.name() == name)?),
    };
    let id = hex(id)?;
    let id = shape.has_id().then_some(id);
    let item = OwnedItem { shape, key: hex(key)?, input: hex(bytes)?, signature: hex(signature)?, id, hint: Vec::new() };
    Some(KnownAnswer { item, verdict })
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if text == "-" {
        return Some(Vec::new());
    }
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Cpu;

    #[test]
    fn every_scheme_has_valid_and_invalid_answers() {
        for scheme in Scheme::ALL {
            let of_scheme = || all().iter().filter(|answer| answer.item.shape.scheme == scheme);
            assert!(of_scheme().filter(|answer| answer.verdict.is_valid()).count() >= 12, "{scheme}");
            assert!(of_scheme().filter(|answer| !answer.verdict.is_valid()).count() >= 6, "{scheme}");
        }
    }

    #[test]
    fn every_shape_has_valid_and_invalid_answers_which_the_cpu_gives() {
        for scheme in Scheme::ALL {
            for input in [Input::Message, Input::Digest] {
                for encoding in [Encoding::Raw, Encoding::Der] {
                    for low_s in [false, true] {
                        let shape = Shape { scheme, input, encoding, low_s };
                        let answers = of_shape(shape);
                        let mut batch = Batch::new(shape);
                        answers.iter().for_each(|answer| answer.item.push_into(&mut batch).unwrap());
                        let expected: Vec<_> = answers.iter().map(|answer| answer.verdict).collect();
                        expect_verdicts(&Cpu::new(), &batch, &expected, "known answers").unwrap();
                        assert!(expected.iter().any(|verdict| verdict.is_valid()), "{shape:?}");
                        assert!(expected.iter().any(|verdict| !verdict.is_valid()), "{shape:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn known_signatures_give_the_keys_that_signed() {
        let shape = Shape::digests(Scheme::EcdsaSecp256k1Keccak256);
        let valid: Vec<_> = all().iter().filter(|answer| answer.item.shape == shape && answer.verdict.is_valid()).collect();
        for answer in &valid {
            let mut batch = RecoveryBatch::new(shape.input, false);
            for id in [0, 1] {
                batch.push(&answer.item.input, &[&answer.item.signature[..], &[id]].concat()).unwrap();
            }
            let keys: Vec<_> = (0..2).filter_map(|index| recover::recover_one(&batch, index).ok()).collect();
            // Keys are written in full or compressed: x is there in either form.
            assert!(keys.iter().any(|key| key[..32] == answer.item.key[1..33]));
        }
        assert!(!valid.is_empty());
    }

    #[test]
    fn the_cpu_gives_them() {
        assert_eq!(check(&Cpu::new()), Ok(all().len()));
    }
}
