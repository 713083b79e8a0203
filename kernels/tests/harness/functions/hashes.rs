//! The hash of each curve's programs, and Z_A.

use chainbox_engine::{
    curve::{Group, Sm2, point::Affine, product::double_product_var},
    field::{Field, limbs},
    hash::{Digest, Hash, sm3},
    scheme,
};
use chainbox_kernels::program;

use super::{Function, limbs_of, try_all, words_of_limbs};
use crate::{
    programs::{HASHES as KERNELS, Z_A as SM2_KERNELS},
    values::{seeded, words},
};

fn message(length: usize) -> Vec<u8> {
    let blocks = (0..=length / 32).flat_map(|number| limbs::to_be_bytes(&limbs_of(&words(&seeded("message", 1000 * length + number)))));
    blocks.take(length).collect()
}

/// Bytes as words, each big-endian.
fn big_endian(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|word| u32::from_be_bytes(*word)).collect()
}

/// A message that fits one block with its padding, as the words of that block.
fn block(hash: Hash, message: &[u8]) -> Vec<u32> {
    let mut block = message.to_vec();
    if hash == Hash::Keccak256 {
        block.push(1);
        block.resize(136, 0);
        block[135] |= 0x80;
    } else {
        block.push(0x80);
        block.resize(56, 0);
        block.extend((8 * message.len() as u64).to_be_bytes());
    }
    big_endian(&block)
}

/// Messages one after the other, and where each is.
fn texts(lengths: impl Iterator<Item = usize>) -> (Vec<u8>, Vec<Vec<u32>>) {
    let mut bytes = Vec::new();
    let mut ranges = Vec::new();
    for length in lengths {
        ranges.push(vec![bytes.len() as u32, length as u32]);
        bytes.extend(message(length));
    }
    (bytes, ranges)
}

fn functions(curve: program::Curve) {
    let hash = curve.hash();
    let longest = if hash == Hash::Keccak256 { 135 } else { 55 };
    let messages: Vec<_> = (0..=longest).map(message).collect();
    let blocks: Vec<Vec<u32>> = messages.iter().map(|message| block(hash, message)).collect();
    let known: Vec<(Vec<u32>, Digest)> = blocks.iter().cloned().zip(messages.iter().map(|message| hash.digest(message))).collect();
    let (bytes, ranges) = texts((0..=420).chain([1000, 4096, 4097]));
    let begin = 8 * ranges.len();
    let text = bytes.clone();
    try_all(
        curve,
        &KERNELS,
        vec![
            Function::exact(KERNELS[0], blocks, 8, move |w| {
                let (_, digest) = known.iter().find(|(block, _)| block == w).expect("one of the blocks");
                big_endian(digest)
            }),
            Function::exact(KERNELS[1], ranges, 8, move |w| big_endian(&hash.digest(&text[w[0] as usize - begin..][..w[1] as usize])))
                .over(bytes, &[(0, false)]),
        ],
    );
}

#[test]
fn keccak256() {
    functions(program::Curve::Secp256k1);
}

#[test]
fn sha256() {
    functions(program::Curve::P256);
}

#[test]
fn sm3_of_texts() {
    functions(program::Curve::Sm2);
}

#[test]
fn z_a_and_the_message_after_it() {
    let keys: Vec<Affine<Sm2>> = (0..100)
        .map(|number| double_product_var::<Sm2>(&limbs_of(&words(&seeded("z_a", number))), &[0; 4], &Sm2::G).to_affine_var())
        .collect();
    let (ids, ranges) = texts((0..90).chain([128, 191, 254, 255, 256, 257, 4096, 8189, 8190, 8191]));
    let signers = ranges
        .iter()
        .zip(&keys)
        .map(|(range, key)| [&range[..], &words_of_limbs(&key.x.to_limbs()), &words_of_limbs(&key.y.to_limbs())].concat());
    let signers: Vec<Vec<u32>> = signers.collect();
    let (messages, message_ranges) = texts(0..200);
    let heads: Vec<Vec<u32>> =
        message_ranges.iter().enumerate().map(|(number, range)| [&words(&seeded("head", number))[..], range].concat()).collect();
    let (ids_begin, messages_begin) = (4 * signers.len() * signers[0].len(), 4 * heads.len() * heads[0].len());
    let (ids_copy, messages_copy) = (ids.clone(), messages.clone());
    let coordinate = |words: &[u32]| Field::from_limbs(&limbs_of(words)).expect("a coordinate");
    try_all(
        program::Curve::Sm2,
        &SM2_KERNELS,
        vec![
            Function::exact(SM2_KERNELS[0], signers, 8, move |w| {
                let id = &ids_copy[w[0] as usize - ids_begin..][..w[1] as usize];
                big_endian(&scheme::z_a(id, &Affine::<Sm2> { x: coordinate(&w[2..10]), y: coordinate(&w[10..18]) }))
            })
            .over(ids, &[(0, false)]),
            Function::exact(SM2_KERNELS[1], heads, 8, move |w| {
                let z_a = w[..8].iter().flat_map(|word| word.to_be_bytes());
                let message = &messages_copy[w[8] as usize - messages_begin..][..w[9] as usize];
                big_endian(&sm3(&z_a.chain(message.iter().copied()).collect::<Vec<u8>>()))
            })
            .over(messages, &[(8, false)]),
        ],
    );
}
