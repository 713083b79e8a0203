//! The digests of many items, side by side.

use std::collections::HashMap;

use super::sm2;
use crate::{
    batch::{Input, Item, Shape},
    curve::{Group, point::Affine},
    hash::{Digest, Hash, Message},
    simd::Processor,
};

/// The digest that stands in an item of a batch of digests.
pub(super) fn digest_of(input: &[u8]) -> Digest {
    input.try_into().expect("a batch holds digests of 32 bytes")
}

/// The digest of each item of `shape`, as its scheme says. For SM2 over messages, `z_a` gives Z_A of each item.
#[must_use]
pub fn digests(shape: &Shape, items: &[Item<'_>], z_a: &[Digest], processor: Processor) -> Vec<Digest> {
    if shape.input == Input::Digest {
        return items.iter().map(|item| digest_of(item.input)).collect();
    }
    let head = |index: usize| z_a.get(index).map_or(&[][..], |z_a| z_a);
    let messages: Vec<Message<'_>> = items.iter().enumerate().map(|(index, item)| [head(index), item.input]).collect();
    hash_all(shape.scheme.hash(), &messages, processor)
}

/// Z_A of each id and key.
#[must_use]
pub fn z_as<C: Group>(signers: &[(&[u8], &Affine<C>)], processor: Processor) -> Vec<Digest> {
    let mut heads: HashMap<&[u8], Vec<u8>> = HashMap::new();
    for (id, _) in signers {
        heads.entry(id).or_insert_with(|| sm2::z_a_head::<C>(id));
    }
    let tails: Vec<_> = signers.iter().map(|(_, key)| sm2::z_a_tail(key)).collect();
    let messages: Vec<Message<'_>> = signers.iter().zip(&tails).map(|((id, _), tail)| [&heads[id][..], &tail[..]]).collect();
    hash_all(Hash::Sm3, &messages, processor)
}

fn hash_all(hash: Hash, messages: &[Message<'_>], processor: Processor) -> Vec<Digest> {
    let mut digests = vec![[0; 32]; messages.len()];
    hash.digest_all(messages, &mut digests, processor);
    digests
}
