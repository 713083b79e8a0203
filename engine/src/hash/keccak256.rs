//! Keccak-256: the sponge of FIPS 202 with rate 136 bytes and the padding that Keccak had before it became SHA-3.

use super::Digest;

pub(super) const RATE_BYTES: usize = 136;

/// The state, lane by lane.
pub(super) type State = [u64; 25];

/// The Keccak-256 digest of a message, as Ethereum uses it.
#[must_use]
pub fn keccak256(message: &[u8]) -> Digest {
    let mut state = [0; 25];
    let (blocks, rest) = message.as_chunks();
    for block in blocks {
        absorb(&mut state, block);
    }
    let mut last = [0; RATE_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    pad(&mut last, rest.len());
    absorb(&mut state, &last);
    digest(&state)
}

/// Pad 10*1 in the last block, of which the first `filled` bytes are the message's and the others are 0.
pub(super) fn pad(last: &mut [u8; RATE_BYTES], filled: usize) {
    // SHA-3 would put 0x06 here.
    last[filled] = 0x01;
    last[RATE_BYTES - 1] |= 0x80;
}

/// The first 32 bytes of the state.
pub(super) fn digest(state: &State) -> Digest {
    let mut digest = [0; 32];
    for (chunk, lane) in digest.chunks_exact_mut(8).zip(state) {
        chunk.copy_from_slice(&lane.to_le_bytes());
    }
    digest
}

/// Takes one block into the state.
pub(super) fn absorb(state: &mut State, block: &[u8; RATE_BYTES]) {
    let (lanes, _) = block.as_chunks();
    for (lane, bytes) in state.iter_mut().zip(lanes) {
        *lane ^= u64::from_le_bytes(*bytes);
    }
    permute(state);
}

/// Round constants (FIPS 202, 3.2.5).
#[rustfmt::skip]
pub(super) const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808a, 0x8000_0000_8000_8000,
    0x0000_0000_0000_808b, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
    0x0000_0000_0000_008a, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000a,
    0x0000_0000_8000_808b, 0x8000_0000_0000_008b, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
    0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800a, 0x8000_0000_8000_000a,
    0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
];

/// The walk of rho and pi (FIPS 202, 3.2.2 and 3.2.3) from lane 1 on: the lane where each goes, and its rotation.
#[rustfmt::skip]
const WALK: [(usize, u32); 24] = [
    (10, 1), (7, 3), (11, 6), (17, 10), (18, 15), (3, 21), (5, 28), (16, 36),
    (8, 45), (21, 55), (24, 2), (4, 14), (15, 27), (23, 41), (19, 56), (13, 8),
    (12, 25), (2, 43), (20, 62), (14, 18), (22, 39), (9, 61), (6, 20), (1, 44),
];

/// `Keccak-f[1600]`. Lane (x, y) is `state[x + 5 y]`.
fn permute(state: &mut State) {
    for constant in ROUND_CONSTANTS {
        let parity: [u64; 5] = std::array::from_fn(|x| state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20]);
        let theta: [u64; 5] = std::array::from_fn(|x| parity[(x + 4) % 5] ^ parity[(x + 1) % 5].rotate_left(1));
        for y in 0..5 {
            for x in 0..5 {
                state[x + 5 * y] ^= theta[x];
            }
        }
        let mut moving = state[1];
        for (to, rotation) in WALK {
            (state[to], moving) = (moving.rotate_left(rotation), state[to]);
        }
        for row in state.as_chunks_mut::<5>().0 {
            let old = *row;
            for x in 0..5 {
                row[x] = old[x] ^ (!old[(x + 1) % 5] & old[(x + 2) % 5]);
            }
        }
        state[0] ^= constant;
    }
}
