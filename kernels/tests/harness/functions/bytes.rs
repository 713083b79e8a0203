//! Bytes: words and integers at any address, strings of columns, signatures, keys.

use chainbox_engine::{
    batch::{Encoding, Item, Shape},
    curve::{Curve, point::Affine, sec1},
    field::Field,
    scheme::{self, Scheme, Signature},
    verdict::Reason,
};
use chainbox_kernels::program;
use num_bigint::BigUint;

use super::{Function, integer_of, try_all, words_of, words_of_limbs};
use crate::{
    programs::BYTES as KERNELS,
    values::{edges, seeded, words},
};

fn some_bytes(count: usize) -> Vec<u8> {
    (0..count.div_ceil(32)).flat_map(|number| seeded("bytes", number).to_bytes_be()).chain([0; 64]).take(count).collect()
}

/// Strings one after the other, at any address; and for each its address and length.
fn strings(strings: &[Vec<u8>]) -> (Vec<u8>, Vec<Vec<u32>>) {
    let mut ranges = Vec::new();
    let mut bytes = Vec::new();
    for (number, string) in strings.iter().enumerate() {
        bytes.resize(bytes.len() + number % 3, 0xaa);
        ranges.push(vec![bytes.len() as u32, string.len() as u32]);
        bytes.extend_from_slice(string);
    }
    (bytes, ranges)
}

fn be(integer: &BigUint) -> [u8; 32] {
    let mut bytes = [0; 32];
    let magnitude = integer.to_bytes_be();
    bytes[32 - magnitude.len()..].copy_from_slice(&magnitude);
    bytes
}

/// An INTEGER with this content.
fn der_integer(content: &[u8]) -> Vec<u8> {
    [&[2, content.len() as u8], content].concat()
}

fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integers = [der_integer(r), der_integer(s)].concat();
    [&[0x30, integers.len() as u8], &integers[..]].concat()
}

/// The shortest content of a magnitude.
fn content(integer: &BigUint) -> Vec<u8> {
    let mut bytes = integer.to_bytes_be();
    if bytes[0] >= 0x80 {
        bytes.insert(0, 0);
    }
    bytes
}

fn raw_signatures(edges: &[BigUint]) -> Vec<Vec<u8>> {
    let mut signatures: Vec<Vec<u8>> = Vec::new();
    for (number, r) in edges.iter().enumerate() {
        for s in [&edges[(3 * number + 1) % edges.len()], &edges[1], &edges[0], &edges[number]] {
            signatures.push([be(r), be(s)].concat());
            signatures.push([be(s), be(r)].concat());
        }
    }
    signatures.extend([0, 1, 32, 63, 65, 66, 128].map(some_bytes));
    signatures
}

/// Strict ones, and ones with each fault.
fn der_signatures(edges: &[BigUint]) -> Vec<Vec<u8>> {
    let mut signatures: Vec<Vec<u8>> = Vec::new();
    for (number, r) in edges.iter().enumerate() {
        let s = &edges[(3 * number + 1) % edges.len()];
        signatures.push(der(&content(r), &content(s)));
        signatures.push(der(&content(s), &content(r)));
        // Needless zeros, and negative ones.
        signatures.push(der(&[&[0], &content(r)[..]].concat(), &content(s)));
        signatures.push(der(&r.to_bytes_be(), &s.to_bytes_be()));
    }
    let plain = der(&[1], &[2]);
    for place in 0..plain.len() {
        for value in [0, 1, 2, 3, 0x30, 0x7f, 0x80, 0x81, 0x84, 0x85, 0xff] {
            let mut changed = plain.clone();
            changed[place] = value;
            signatures.push(changed);
        }
        signatures.push(plain[..place].to_vec());
    }
    signatures.push([&plain[..], &[0]].concat());
    signatures.extend(
        [&[][..], &[0x30], &[0x30, 0], &[0x30, 0x80], &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 2], &[0x30, 5, 2, 0, 2, 1, 2]].map(<[u8]>::to_vec),
    );
    signatures.extend([&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1, 1][..], &[0x30, 0x83, 0, 0, 6, 2, 1, 1, 2, 1, 2]].map(<[u8]>::to_vec));
    for length in [33, 34, 126, 127, 128, 129, 255, 256, 300] {
        let long: Vec<u8> = (0..length).map(|place| if place == 0 { 1 } else { 7 }).collect();
        let head = |tag: u8, length: usize| match length {
            0..=0x7f => vec![tag, length as u8],
            0x80..=0xff => vec![tag, 0x81, length as u8],
            _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
        };
        let integers = [head(2, length), long, der_integer(&[2])].concat();
        signatures.push([head(0x30, integers.len()), integers].concat());
    }
    signatures
}

fn keys<C: Curve>(edges: &[BigUint]) -> Vec<Vec<u8>> {
    let g = [C::G.x, C::G.y].map(|coordinate| be(&integer_of(&coordinate.to_limbs())));
    let mut keys = vec![vec![], vec![0], vec![0, 0], vec![1], vec![4], vec![2]];
    for prefix in 0..8 {
        keys.push([&[prefix], &g[0][..], &g[1]].concat());
        keys.push([&[prefix], &g[0][..]].concat());
    }
    let whole = [&[4], &g[0][..], &g[1]].concat();
    keys.extend([whole[..64].to_vec(), [&whole[..], &[0]].concat(), whole[..33].to_vec(), [&[2], &whole[1..]].concat()]);
    for edge in edges {
        keys.extend([2, 3].map(|prefix| [&[prefix], &be(edge)[..]].concat()));
        keys.push([&[4], &be(edge)[..], &g[1]].concat());
        keys.push([&[4], &g[0][..], &be(edge)].concat());
    }
    for number in 0..40 {
        keys.push([&[2 + number as u8 % 2], &be(&seeded("key", number))[..]].concat());
    }
    keys
}

/// A signature's words and status; nothing is said of r and s where the status is not 0.
fn check_signature<C: Curve>(encoding: Encoding, bytes: &[u8], answer: &[u32]) -> Result<(), String> {
    // With this scheme, nobody asks whether r + s is 0.
    let shape = Shape { encoding, ..Shape::digests(Scheme::EcdsaP256Sha256) };
    let item = Item { key: &[], input: &[0; 32], signature: bytes, id: None, hint: &[] };
    match scheme::claim::<C, ()>(&shape, &item, |_| Ok(())).map(|claim| claim.signature) {
        Ok(Signature { r, s }) => {
            let expected = [&words_of_limbs(&r)[..], &words_of_limbs(&s), &[0]].concat();
            if answer == expected { Ok(()) } else { Err(format!("expected {expected:08x?}")) }
        }
        Err(reason) => check_status(reason, answer[16]),
    }
}

fn check_status(reason: Reason, status: u32) -> Result<(), String> {
    if status == reason as u32 { Ok(()) } else { Err(format!("expected status {} ({reason})", reason as u32)) }
}

fn check_key<C: Curve>(bytes: &[u8], answer: &[u32]) -> Result<(), String> {
    match sec1::parse::<C>(bytes) {
        Ok(Affine { x, y }) => {
            let expected = [&words_of(&x)[..], &words_of(&y), &[0]].concat();
            if answer == expected { Ok(()) } else { Err(format!("expected {expected:08x?}")) }
        }
        Err(reason) => check_status(reason, answer[16]),
    }
}

fn functions<C: Curve>(curve: program::Curve) {
    let (p, n) = (integer_of(&C::Base::MODULUS), integer_of(&C::N));
    let edges = edges(&[&p, &n]);
    let text = some_bytes(512);
    let at = |address: u32, length: usize, bytes: &[u8]| bytes[address as usize..address as usize + length].to_vec();
    let base = |lanes: usize, words: usize| (4 * lanes * words) as u32;
    let addresses: Vec<Vec<u32>> = (0..400).map(|address| vec![address]).collect();
    let (begin_1, begin_2) = (base(addresses.len(), 1), base(101 * 4, 2));
    let magnitudes: Vec<Vec<u32>> = (0..404).map(|number| vec![number, number % 33]).collect();
    let (text_1, text_2, text_3) = (text.clone(), text.clone(), text.clone());
    // A column of strings of all lengths: their ends, then their bytes.
    let ends: Vec<u32> = (0..90_u32).map(|item| item * (item + 1) / 2).collect();
    let column: Vec<u8> = ends.iter().flat_map(|end| end.to_le_bytes()).collect();
    let strings_at = (0..90).map(|item| vec![0, 1000, item]).collect();
    let begin_3 = base(90, 3);
    let (raw, raw_ranges) = strings(&raw_signatures(&edges));
    let (der, der_ranges) = strings(&der_signatures(&edges));
    let (key, key_ranges) = strings(&keys::<C>(&edges));
    let (begin_raw, begin_der, begin_key) = (base(raw_ranges.len(), 2), base(der_ranges.len(), 2), base(key_ranges.len(), 2));
    let (raw_copy, der_copy, key_copy) = (raw.clone(), der.clone(), key.clone());
    let slice = |bytes: &[u8], begin: u32, w: &[u32]| bytes[(w[0] - begin) as usize..][..w[1] as usize].to_vec();
    try_all(
        curve,
        &KERNELS,
        vec![
            Function::exact(KERNELS[0], addresses.clone(), 1, move |w| {
                vec![u32::from_be_bytes(at(w[0] - begin_1, 4, &text_1).try_into().expect("four bytes"))]
            })
            .over(text.clone(), &[(0, false)]),
            Function::exact(KERNELS[1], addresses, 8, move |w| words(&BigUint::from_bytes_be(&at(w[0] - begin_1, 32, &text_2))).to_vec())
                .over(text.clone(), &[(0, false)]),
            Function::exact(KERNELS[2], magnitudes, 8, move |w| {
                words(&BigUint::from_bytes_be(&at(w[0] - begin_2, w[1] as usize, &text_3))).to_vec()
            })
            .over(text, &[(0, false)]),
            Function::exact(KERNELS[3], strings_at, 2, move |w| {
                let begin = w[2].checked_sub(1).map_or(0, |last| last * (last + 1) / 2);
                vec![begin_3 + 1000 + begin, w[2] * (w[2] + 1) / 2 - begin]
            })
            .over(column, &[(0, true), (1, false)]),
            Function::checked(KERNELS[4], raw_ranges, 17, move |w, answer| {
                check_signature::<C>(Encoding::Raw, &slice(&raw_copy, begin_raw, w), answer)
            })
            .over(raw, &[(0, false)]),
            Function::checked(KERNELS[5], der_ranges, 17, move |w, answer| {
                check_signature::<C>(Encoding::Der, &slice(&der_copy, begin_der, w), answer)
            })
            .over(der, &[(0, false)]),
            Function::checked(KERNELS[6], key_ranges, 17, move |w, answer| check_key::<C>(&slice(&key_copy, begin_key, w), answer))
                .over(key, &[(0, false)]),
        ],
    );
}

super::for_each_curve!(functions);
