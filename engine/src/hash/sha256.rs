//! SHA-256 (FIPS 180-4).

use super::{
    Digest,
    merkle_damgard::{Block, Compression, MerkleDamgard, State, words},
};
use crate::simd::lanes::Lanes32;

/// The compression function of SHA-256 (6.2.2).
#[derive(Clone)]
pub struct Sha256Compression;

/// SHA-256 of a message that comes in parts.
pub type Sha256 = MerkleDamgard<Sha256Compression>;

/// The SHA-256 digest of a message.
#[must_use]
pub fn sha256(message: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(message);
    hash.finish()
}

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (4.2.2).
#[rustfmt::skip]
pub(super) const K: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

impl Compression for Sha256Compression {
    /// The first 32 bits of the fractional parts of the square roots of the first 8 primes (5.3.3).
    #[rustfmt::skip]
    const INITIAL: State = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ];

    fn compress(state: &mut State, block: &Block) {
        let mut w = [0; 64];
        w[..16].copy_from_slice(&words(block));
        for t in 16..64 {
            let s0 = w[t - 15].rotate_right(7) ^ w[t - 15].rotate_right(18) ^ w[t - 15] >> 3;
            let s1 = w[t - 2].rotate_right(17) ^ w[t - 2].rotate_right(19) ^ w[t - 2] >> 10;
            w[t] = w[t - 16].wrapping_add(s0).wrapping_add(w[t - 7]).wrapping_add(s1);
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
        for (&k, &w) in K.iter().zip(&w) {
            let sum1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let choice = (e & f) ^ (!e & g);
            let t1 = h.wrapping_add(sum1).wrapping_add(choice).wrapping_add(k).wrapping_add(w);
            let sum0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let majority = (a & b) ^ (a & c) ^ (b & c);
            (h, g, f, e) = (g, f, e, d.wrapping_add(t1));
            (d, c, b, a) = (c, b, a, t1.wrapping_add(sum0).wrapping_add(majority));
        }
        for (word, added) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = word.wrapping_add(added);
        }
    }

    #[inline(always)]
    fn compress_lanes<V: Lanes32<LANES>, const LANES: usize>(token: V::Token, states: [V; 8], mut words: [V; 16]) -> [V; 8] {
        let (groups, _) = K.as_chunks();
        let mut s = rounds::<V, LANES, true>(token, states, &mut words, &groups[0]);
        for constants in &groups[1..] {
            s = rounds::<V, LANES, false>(token, s, &mut words, constants);
        }
        for (word, old) in s.iter_mut().zip(states) {
            *word = word.add(old);
        }
        s
    }
}

/// Sixteen rounds. The words are a ring: place i holds the word of round i of these sixteen from that round on. `FIRST`: the words are the
/// block's.
#[inline(always)]
fn rounds<V: Lanes32<LANES>, const LANES: usize, const FIRST: bool>(
    token: V::Token,
    mut s: [V; 8],
    words: &mut [V; 16],
    constants: &[u32; 16],
) -> [V; 8] {
    macro_rules! rounds {
        ($($i:literal)*) => {$(
            if !FIRST {
                words[$i] = next_word([words[$i], words[($i + 1) % 16], words[($i + 9) % 16], words[($i + 14) % 16]]);
            }
            s = round(s, words[$i].add(V::splat(token, constants[$i])));
        )*};
    }
    rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    s
}

/// Word t of the schedule, of words t - 16, t - 15, t - 7 and t - 2 (6.2.2, step 1).
#[inline(always)]
fn next_word<V: Lanes32<LANES>, const LANES: usize>([w16, w15, w7, w2]: [V; 4]) -> V {
    let s0 = w15.rotate_left::<25>().xor3(w15.rotate_left::<14>(), w15.shr::<3>());
    let s1 = w2.rotate_left::<15>().xor3(w2.rotate_left::<13>(), w2.shr::<10>());
    w16.add(s0).add(w7).add(s1)
}

/// One round, with the word and the constant added (6.2.2, step 3).
#[inline(always)]
fn round<V: Lanes32<LANES>, const LANES: usize>([a, b, c, d, e, f, g, h]: [V; 8], wk: V) -> [V; 8] {
    let sum1 = e.rotate_left::<26>().xor3(e.rotate_left::<21>(), e.rotate_left::<7>());
    let t1 = h.add(wk).add(e.choose(f, g)).add(sum1);
    let sum0 = a.rotate_left::<30>().xor3(a.rotate_left::<19>(), a.rotate_left::<10>());
    [t1.add(sum0.add(a.majority(b, c))), a, b, c, d.add(t1), e, f, g]
}
