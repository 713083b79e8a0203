//! Recovery of keys on secp256k1 against libsecp256k1.

use chainbox_engine::{
    backend::{Backend, Cpu},
    batch::{Input, Recovered, RecoveryBatch},
    verdict::{Reason, Verdict},
};
use chainbox_tests::seed::{Random, seed};
use k256::Secp256k1;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use sha3::Digest;

use crate::{
    CHUNK_ITEMS,
    curve::{Bytes32, PeerCurve, add, lift, multiple, number, scalar, scalar_bytes, sec1, sub, x},
    items::{edge_scalar, edges},
    items_wanted,
};

/// The stream of the seed, distinct from those of the other tests.
const STREAM: u64 = 200;

/// The largest recovery id plus 1.
const IDS: usize = 4;

/// An item to recover a key from: r||s||id.
struct Item {
    class: &'static str,
    input: Vec<u8>,
    signature: [u8; 65],
}

#[test]
fn recovered_keys_agree_with_libsecp256k1() {
    let seed = seed();
    let mut random = Random::new(seed, STREAM);
    let mut recovered_by_id = [0; IDS];
    for _ in 0..items_wanted().div_ceil(CHUNK_ITEMS) {
        for input in [Input::Message, Input::Digest] {
            let items: Vec<Item> = (0..CHUNK_ITEMS / 2).map(|_| make(input, &mut random)).collect();
            compare(input, &items, &mut recovered_by_id, seed);
        }
    }
    assert!(recovered_by_id.iter().all(|&items| items > 0), "seed {seed}: each id recovers keys: {recovered_by_id:?}");
}

fn compare(input: Input, items: &[Item], recovered_by_id: &mut [usize; IDS], seed: u64) {
    let (any_s, low_s) = (recover(input, false, items), recover(input, true, items));
    for (index, item) in items.iter().enumerate() {
        let place =
            || format!("seed {seed}, {}, {input:?} {}, signature {}", item.class, hex::encode(&item.input), hex::encode(item.signature));
        let expected = libsecp256k1(input, item);
        assert_eq!(any_s.key(index), expected.as_ref(), "{}", place());
        assert!(expected.is_some() || any_s.keys[index] == [0; 64], "no key where none is valid; {}", place());
        let is_high = item.signature[32..64] > scalar_bytes::<Secp256k1>(&-crate::items::half::<Secp256k1>())[..];
        let under_policy = if is_high { None } else { expected.as_ref() };
        assert_eq!(low_s.key(index), under_policy, "with the low-s policy; {}", place());
        if is_high && expected.is_some() {
            assert_eq!(low_s.verdicts.as_slice()[index], Verdict::Invalid(Reason::LowSPolicy), "{}", place());
        }
        if expected.is_some() {
            recovered_by_id[usize::from(item.signature[64])] += 1;
        }
    }
}

fn recover(input: Input, low_s: bool, items: &[Item]) -> Recovered {
    let mut batch = RecoveryBatch::new(input, low_s);
    for item in items {
        batch.push(&item.input, &item.signature).expect("items are short, digests have 32 bytes");
    }
    Cpu::new().recover(&batch).expect("the CPU back end recovers")
}

/// x||y as libsecp256k1 recovers it. It has no policy here: high s is accepted.
fn libsecp256k1(input: Input, item: &Item) -> Option<[u8; 64]> {
    let digest: Bytes32 = match input {
        Input::Message => sha3::Keccak256::digest(&item.input).into(),
        Input::Digest => item.input.as_slice().try_into().expect("digests have 32 bytes"),
    };
    let id = RecoveryId::try_from(i32::from(item.signature[64])).ok()?;
    let signature = RecoverableSignature::from_compact(&item.signature[..64], id).ok()?;
    let key = signature.recover(secp256k1::Message::from_digest(digest)).ok()?;
    Some(key.serialize_uncompressed()[1..].try_into().expect("an uncompressed key has 65 bytes"))
}

fn make(input: Input, random: &mut Random) -> Item {
    let content = match input {
        Input::Message => {
            let len = random.below(301);
            random.bytes(len)
        }
        Input::Digest if random.one_in(16) => random.pick(&edges::<Secp256k1>()).to_vec(),
        Input::Digest => random.bytes(32),
    };
    match random.below(8) {
        0..3 => signed(input, content, random),
        3 => x_above_n(content, random),
        4 if input == Input::Digest => identity(random),
        5 => {
            let mut item = signed(input, content, random);
            item.class = "edge r or s";
            let edge = *random.pick(&edges::<Secp256k1>());
            let start = 32 * random.below(2);
            item.signature[start..start + 32].copy_from_slice(&edge);
            item
        }
        6 => {
            let mut item = signed(input, content, random);
            item.class = "another id or bit";
            let byte = random.below(65);
            item.signature[byte] ^= 1 << random.below(8);
            item
        }
        _ => random_r(content, random),
    }
}

/// Signed by libsecp256k1, with s low or negated.
fn signed(input: Input, content: Vec<u8>, random: &mut Random) -> Item {
    let digest: Bytes32 = match input {
        Input::Message => sha3::Keccak256::digest(&content).into(),
        Input::Digest => content.as_slice().try_into().expect("digests have 32 bytes"),
    };
    let key = secp256k1::SecretKey::from_secret_bytes(random.bytes32()).expect("32 random bytes are in range but once in 2^128");
    let signature = RecoverableSignature::sign_ecdsa_recoverable(secp256k1::Message::from_digest(digest), &key);
    let (id, raw) = signature.serialize_compact();
    let mut signature = join(&raw[..32], &raw[32..], id.to_u8());
    if random.one_in(2) {
        let s = sub(&Secp256k1::N, &raw[32..].try_into().expect("32 bytes"));
        signature = join(&raw[..32], &s, id.to_u8() ^ 1);
    }
    Item { class: "signed", input: content, signature }
}

/// r below p - n, or just above it, with an id that says x(R) = r + n.
fn x_above_n(input: Vec<u8>, random: &mut Random) -> Item {
    let limit = sub(&Secp256k1::P, &Secp256k1::N);
    let mut r = [0; 32];
    match random.below(4) {
        0 => r = sub(&limit, &number(u8::try_from(1 + random.below(16)).expect("below 256"))),
        1 => r = add(&limit, &number(u8::try_from(random.below(16)).expect("below 256"))).expect("far below 2^256"),
        _ => r[17..].copy_from_slice(&random.bytes(15)),
    }
    let s = scalar_bytes::<Secp256k1>(&scalar::<Secp256k1>(&random.bytes32()));
    let id = u8::try_from(random.below(IDS)).expect("below 4");
    Item { class: "r near p - n", input, signature: join(&r, &s, id) }
}

/// s·R = e·G, so that the recovered key is the identity: R = k·G, s = e/k.
fn identity(random: &mut Random) -> Item {
    loop {
        let (k, s) = (edge_scalar::<Secp256k1>(random), edge_scalar::<Secp256k1>(random));
        let r_point = multiple::<Secp256k1>(&k);
        if bool::from(k.is_zero()) || bool::from(s.is_zero()) {
            continue;
        }
        let r = x::<Secp256k1>(&r_point);
        let parity = sec1::<Secp256k1>(&r_point)[64] & 1;
        let input = scalar_bytes::<Secp256k1>(&(s * k)).to_vec();
        return Item { class: "identity", input, signature: join(&r, &scalar_bytes::<Secp256k1>(&s), parity) };
    }
}

/// Any r with a point, or without one.
fn random_r(input: Vec<u8>, random: &mut Random) -> Item {
    let r = random.bytes32();
    let class = if lift::<Secp256k1>(&r, false).is_some() { "r of a point" } else { "r of no point" };
    Item { class, input, signature: join(&r, &random.bytes32(), u8::try_from(random.below(IDS + 1)).expect("below 5")) }
}

fn join(r: &[u8], s: &[u8], id: u8) -> [u8; 65] {
    [r, s, &[id]].concat().try_into().expect("32, 32 and 1 bytes")
}
