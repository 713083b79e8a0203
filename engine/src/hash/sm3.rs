//! SM3 (GB/T 32905-2016).

use super::{
    Digest,
    merkle_damgard::{Block, Compression, MerkleDamgard, State, words},
};
use crate::simd::lanes::Lanes32;

/// The compression function of SM3 (5.3).
#[derive(Clone)]
pub struct Sm3Compression;

/// SM3 of a message that comes in parts.
pub type Sm3 = MerkleDamgard<Sm3Compression>;

/// The SM3 digest of a message.
#[must_use]
pub fn sm3(message: &[u8]) -> Digest {
    let mut hash = Sm3::new();
    hash.update(message);
    hash.finish()
}

/// T_j rotated left by j (4.2), so that the rounds need not rotate it.
const T: [u32; 64] = {
    let mut t = [0u32; 64];
    let mut j = 0;
    while j < 64 {
        let constant: u32 = if j < 16 { 0x79cc_4519 } else { 0x7a87_9d8a };
        t[j] = constant.rotate_left(j as u32 % 32);
        j += 1;
    }
    t
};

const fn p0(x: u32) -> u32 {
    x ^ x.rotate_left(9) ^ x.rotate_left(17)
}

const fn p1(x: u32) -> u32 {
    x ^ x.rotate_left(15) ^ x.rotate_left(23)
}

impl Compression for Sm3Compression {
    const INITIAL: State = [0x7380_166f, 0x4914_b2b9, 0x1724_42d7, 0xda8a_0600, 0xa96f_30bc, 0x1631_38aa, 0xe38d_ee4d, 0xb0fb_0e4e];

    fn compress(state: &mut State, block: &Block) {
        let mut w = [0; 68];
        w[..16].copy_from_slice(&words(block));
        for j in 16..68 {
            w[j] = p1(w[j - 16] ^ w[j - 9] ^ w[j - 3].rotate_left(15)) ^ w[j - 13].rotate_left(7) ^ w[j - 6];
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
        for j in 0..64 {
            let a12 = a.rotate_left(12);
            let ss1 = a12.wrapping_add(e).wrapping_add(T[j]).rotate_left(7);
            let (ff, gg) = if j < 16 { (a ^ b ^ c, e ^ f ^ g) } else { ((a & b) | (a & c) | (b & c), (e & f) | (!e & g)) };
            let tt1 = ff.wrapping_add(d).wrapping_add(ss1 ^ a12).wrapping_add(w[j] ^ w[j + 4]);
            let tt2 = gg.wrapping_add(h).wrapping_add(ss1).wrapping_add(w[j]);
            (d, c, b, a) = (c, b.rotate_left(9), a, tt1);
            (h, g, f, e) = (g, f.rotate_left(19), e, p0(tt2));
        }
        for (word, mixed) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word ^= mixed;
        }
    }

    #[inline(always)]
    fn compress_lanes<V: Lanes32<LANES>, const LANES: usize>(token: V::Token, states: [V; 8], mut words: [V; 16]) -> [V; 8] {
        let (groups, _) = T.as_chunks();
        let mut s = rounds::<V, LANES, true>(token, states, &mut words, &groups[0]);
        for constants in &groups[1..] {
            s = rounds::<V, LANES, false>(token, s, &mut words, constants);
        }
        for (word, old) in s.iter_mut().zip(states) {
            *word = word.xor(old);
        }
        s
    }
}

/// Sixteen rounds. The words are a ring: round j makes word j + 4 in the place of word j - 12. `FIRST`: the words are the block's.
#[inline(always)]
fn rounds<V: Lanes32<LANES>, const LANES: usize, const FIRST: bool>(
    token: V::Token,
    mut s: [V; 8],
    words: &mut [V; 16],
    constants: &[u32; 16],
) -> [V; 8] {
    macro_rules! rounds {
        ($($i:literal)*) => {$(
            if !FIRST || $i >= 12 {
                macro_rules! before {
                    ($distance:literal) => { words[($i + 20 - $distance) % 16] };
                }
                words[($i + 4) % 16] = next_word([before!(16), before!(13), before!(9), before!(6), before!(3)]);
            }
            s = round::<V, LANES, FIRST>(s, [words[$i], words[($i + 4) % 16]], V::splat(token, constants[$i]));
        )*};
    }
    rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    s
}

/// Word j of the expansion, of words j - 16, j - 13, j - 9, j - 6 and j - 3 (5.3.2).
#[inline(always)]
fn next_word<V: Lanes32<LANES>, const LANES: usize>([w16, w13, w9, w6, w3]: [V; 5]) -> V {
    let x = w16.xor3(w9, w3.rotate_left::<15>());
    let p1 = x.xor3(x.rotate_left::<15>(), x.rotate_left::<23>());
    p1.xor3(w13.rotate_left::<7>(), w6)
}

/// Round j with words j and j + 4 (5.3.3). `FIRST`: j is below 16.
#[inline(always)]
fn round<V: Lanes32<LANES>, const LANES: usize, const FIRST: bool>(s: [V; 8], [w, w4]: [V; 2], constant: V) -> [V; 8] {
    let [a, b, c, d, e, f, g, h] = s;
    let a12 = a.rotate_left::<12>();
    let ss1 = e.add(constant).add(a12).rotate_left::<7>();
    let (ff, gg) = if FIRST { (a.xor3(b, c), e.xor3(f, g)) } else { (a.majority(b, c), e.choose(f, g)) };
    let tt1 = d.add(w.xor(w4)).add(ff).add(ss1.xor(a12));
    let tt2 = h.add(w).add(gg).add(ss1);
    let p0 = tt2.xor3(tt2.rotate_left::<9>(), tt2.rotate_left::<17>());
    [tt1, a, b.rotate_left::<9>(), c, p0, e, f.rotate_left::<19>(), g]
}
