//! Where all random bytes come from: one `ChaCha` stream for each item and one for each signer.

use chainbox_engine::scheme::Scheme;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// A generator of random bytes that are the same everywhere.
pub(crate) type Stream = ChaCha8Rng;

/// What a stream is for. Streams for different uses never overlap.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    /// A signer's secret key.
    Signer = 1,
    /// An item: its message, its nonce, and what is wrong with it.
    Item = 2,
    /// Which items are invalid.
    Places = 3,
}

/// The stream number `index` for `purpose` under a workload's seed.
pub(crate) fn stream(seed: u64, scheme: Scheme, purpose: Use, index: u64) -> Stream {
    const DOMAIN: &[u8; 22] = b"chainbox workload, v.1";
    let mut key = [0; 32];
    key[..22].copy_from_slice(DOMAIN);
    key[22] = purpose as u8;
    key[23] = scheme_number(scheme);
    key[24..].copy_from_slice(&seed.to_le_bytes());
    let mut stream = Stream::from_seed(key);
    stream.set_stream(index);
    stream
}

/// A number of the scheme that no reordering of the enum changes.
const fn scheme_number(scheme: Scheme) -> u8 {
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 => 1,
        Scheme::EcdsaSecp256k1Keccak256 => 2,
        Scheme::EcdsaP256Sha256 => 3,
        Scheme::Sm2Sm3 => 4,
    }
}

/// A choice among `count` ones, `count` being small.
pub(crate) fn choose(stream: &mut Stream, count: usize) -> usize {
    (stream.next_u64() % count as u64) as usize
}

/// Random bytes.
pub(crate) fn bytes(stream: &mut Stream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    stream.fill_bytes(&mut bytes);
    bytes
}
