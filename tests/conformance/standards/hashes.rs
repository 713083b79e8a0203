//! Published digests, and every length against other libraries.

use chainbox_engine::{
    backend::{Backend, Cpu},
    batch::ByteColumn,
    hash::{Digest, Hash},
};
use chainbox_tests::seed::{Random, seed};
use sha2::Digest as _;

/// Messages of every length up to this one are compared: more than four blocks of each function.
const LENGTH_MAX: usize = 600;

/// Longer messages in bytes, around powers of two.
const LONG_LENGTHS: [usize; 6] = [4_095, 4_096, 65_535, 65_537, 1 << 20, (1 << 20) + 71];

/// 896 bits, FIPS 180-4's second longer example.
const BITS_896: &[u8] = b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

/// FIPS 180-4's examples and two of the NIST CAVP's short messages.
#[test]
fn sha256() {
    check(Hash::Sha256, b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check(Hash::Sha256, b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check(
        Hash::Sha256,
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    );
    check(Hash::Sha256, BITS_896, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    check(Hash::Sha256, &million(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    check(Hash::Sha256, &[0xd3], "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1");
    check(Hash::Sha256, &[0x11, 0xaf], "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98");
}

/// The values that Ethereum's implementations share, and the Keccak team's known answer for one byte of 0xcc.
#[test]
fn keccak256() {
    check(Hash::Keccak256, b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    check(Hash::Keccak256, b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    check(Hash::Keccak256, &[0xcc], "eead6dbfc7340a56caedc044696a168870549a6a7f6f56961e84a54bd9970b8a");
    check(
        Hash::Keccak256,
        b"The quick brown fox jumps over the lazy dog",
        "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15",
    );
    check(Hash::Keccak256, BITS_896, "f519747ed599024f3882238e5ab43960132572b7345fbeb9a90769dafd21ad67");
    check(Hash::Keccak256, &million(), "fadae6b49f129bbb812be8407b7b2894f34aecf6dbd1f9b0f0c7e9853098fc96");
}

/// GB/T 32905-2016, A.1 and A.2.
#[test]
fn sm3() {
    check(Hash::Sm3, b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    check(Hash::Sm3, &b"abcd".repeat(16), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
    check(Hash::Sm3, b"", "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b");
    check(Hash::Sm3, &million(), "c8aaf89429554029e231941a2acc0ad61ff2a5acd8fadd25847a3a732b3b02c3");
}

#[test]
fn every_length_agrees_with_other_libraries() {
    let seed = seed();
    let mut random = Random::new(seed, 0);
    let messages: Vec<Vec<u8>> = (0..=LENGTH_MAX).chain(LONG_LENGTHS).map(|len| random.bytes(len)).collect();
    for hash in Hash::ALL {
        let expected: Vec<Digest> = messages.iter().map(|message| other_library(hash, message)).collect();
        for (message, expected) in messages.iter().zip(&expected) {
            assert_eq!(hash.digest(message), *expected, "{} of {} bytes, seed {seed}", hash.name(), message.len());
        }
        assert_eq!(digests(hash, &messages), expected, "{} as a batch, seed {seed}", hash.name());
    }
}

fn check(hash: Hash, message: &[u8], expected: &str) {
    assert_eq!(hex::encode(hash.digest(message)), expected, "{} of {} bytes", hash.name(), message.len());
}

fn digests(hash: Hash, messages: &[Vec<u8>]) -> Vec<Digest> {
    let mut column = ByteColumn::new();
    for message in messages {
        column.push(message).expect("the messages are a few MiB");
    }
    Cpu::new().digest(hash, &column).expect("the CPU back end computes every hash")
}

fn other_library(hash: Hash, message: &[u8]) -> Digest {
    match hash {
        Hash::Sha256 => sha2::Sha256::digest(message).into(),
        Hash::Keccak256 => sha3::Keccak256::digest(message).into(),
        Hash::Sm3 => sm3::Sm3::digest(message).into(),
    }
}

fn million() -> Vec<u8> {
    vec![b'a'; 1_000_000]
}
