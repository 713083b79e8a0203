//! Blocks into states, by vectors and by the SHA extensions.

use std::marker::PhantomData;

use super::{
    super::{keccak256::RATE_BYTES, merkle_damgard::Compression, sha256::K},
    drive::{Ready, States},
    keccak,
};
use crate::simd::{
    Instructions, Kernel,
    lanes::{Lanes, Lanes32, Lanes64},
    sha::{Sha, U32x4},
};

/// SHA-256 or SM3 in the lanes of vectors `V`.
pub fn compress<C: Compression, V: Lanes32<LANES>, const LANES: usize>(
    token: V::Token,
) -> impl Fn(&mut States<u32, 8, LANES>, &Ready<'_, 64, LANES>) {
    move |states, blocks| token.run(Compress::<C, V, LANES> { token, states, blocks, compression: PhantomData })
}

struct Compress<'a, C, V: Lanes<LANES>, const LANES: usize> {
    token: V::Token,
    states: &'a mut States<u32, 8, LANES>,
    blocks: &'a Ready<'a, 64, LANES>,
    compression: PhantomData<C>,
}

impl<C: Compression, V: Lanes32<LANES>, const LANES: usize> Kernel for Compress<'_, C, V, LANES> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let zero = V::splat(self.token, 0);
        let mut states = [zero; 8];
        for (state, words) in states.iter_mut().zip(&*self.states) {
            *state = V::load(self.token, words);
        }
        for block in 0..self.blocks[0].len() {
            let mut words = [zero; 16];
            for part in 0..16 / LANES {
                let mut rows = [zero; LANES];
                for (row, blocks) in rows.iter_mut().zip(self.blocks) {
                    *row = V::load_be(self.token, &blocks[block].as_chunks().0.as_chunks().0[part]);
                }
                words[LANES * part..LANES * part + LANES].copy_from_slice(&V::transpose(rows));
            }
            states = C::compress_lanes(self.token, states, words);
        }
        for (state, words) in states.into_iter().zip(self.states) {
            *words = state.to_array();
        }
    }
}

/// Keccak-256 in the lanes of vectors `V`.
pub fn absorb<V: Lanes64<LANES>, const LANES: usize>(
    token: V::Token,
) -> impl Fn(&mut States<u64, 25, LANES>, &Ready<'_, RATE_BYTES, LANES>) {
    move |states, blocks| token.run(Absorb::<V, LANES> { token, states, blocks })
}

struct Absorb<'a, V: Lanes<LANES>, const LANES: usize> {
    token: V::Token,
    states: &'a mut States<u64, 25, LANES>,
    blocks: &'a Ready<'a, RATE_BYTES, LANES>,
}

impl<V: Lanes64<LANES>, const LANES: usize> Kernel for Absorb<'_, V, LANES> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let zero = V::splat(self.token, 0);
        let mut states = [[zero; 5]; 5];
        for (state, words) in states.as_flattened_mut().iter_mut().zip(&*self.states) {
            *state = V::load(self.token, words);
        }
        for block in 0..self.blocks[0].len() {
            let states_flat = states.as_flattened_mut();
            for part in 0..16 / LANES {
                let mut rows = [zero; LANES];
                for (row, blocks) in rows.iter_mut().zip(self.blocks) {
                    *row = V::load_le(self.token, &blocks[block].as_chunks().0.as_chunks().0[part]);
                }
                for (state, words) in states_flat[LANES * part..].iter_mut().zip(V::transpose(rows)) {
                    *state = state.xor(words);
                }
            }
            // The rate is 17 words: sixteen in squares, and one.
            let mut last = [0; LANES];
            for (word, blocks) in last.iter_mut().zip(self.blocks) {
                *word = u64::from_le_bytes(blocks[block].as_chunks().0[16]);
            }
            states_flat[16] = states_flat[16].xor(V::load(self.token, &last));
            states = keccak::permute(self.token, states);
        }
        for (state, words) in states.as_flattened().iter().zip(self.states) {
            *words = state.to_array();
        }
    }
}

/// SHA-256 of `LANES` messages by the SHA extensions: the rounds of one fill the time that another one's wait.
pub fn sha_extensions<const LANES: usize>(token: Sha) -> impl Fn(&mut States<u32, 8, LANES>, &Ready<'_, 64, LANES>) {
    move |states, blocks| token.run(Interleaved { token, states, blocks })
}

/// SHA-256 of one message by the SHA extensions.
pub fn sha_extensions_single(token: Sha) -> impl Fn(&mut [u32; 8], &[[u8; 64]]) {
    let absorb = sha_extensions::<1>(token);
    move |state, blocks| {
        let mut states = state.map(|word| [word]);
        absorb(&mut states, &[blocks]);
        *state = states.map(|[word]| word);
    }
}

struct Interleaved<'a, const LANES: usize> {
    token: Sha,
    states: &'a mut States<u32, 8, LANES>,
    blocks: &'a Ready<'a, 64, LANES>,
}

impl<const LANES: usize> Kernel for Interleaved<'_, LANES> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let zero = U32x4::load(self.token, &[0; 4]);
        let (mut abef, mut cdgh) = ([zero; LANES], [zero; LANES]);
        let [a, b, c, d, e, f, g, h] = &*self.states;
        for lane in 0..LANES {
            abef[lane] = U32x4::load(self.token, &[f[lane], e[lane], b[lane], a[lane]]);
            cdgh[lane] = U32x4::load(self.token, &[h[lane], g[lane], d[lane], c[lane]]);
        }
        for block in 0..self.blocks[0].len() {
            let (old_abef, old_cdgh) = (abef, cdgh);
            let mut words = [[zero; 4]; LANES];
            for (words, blocks) in words.iter_mut().zip(self.blocks) {
                for (word, bytes) in words.iter_mut().zip(blocks[block].as_chunks().0) {
                    *word = U32x4::load_be(self.token, bytes);
                }
            }
            for (group, constants) in K.as_chunks().0.iter().enumerate() {
                let constants = U32x4::load(self.token, constants);
                for lane in 0..LANES {
                    let wk = words[lane][0].wrapping_add(constants);
                    cdgh[lane] = U32x4::two_rounds(abef[lane], cdgh[lane], wk);
                    abef[lane] = U32x4::two_rounds(cdgh[lane], abef[lane], wk.upper());
                    let [_, b, c, d] = words[lane];
                    words[lane] = [b, c, d, if group < 12 { U32x4::schedule(words[lane]) } else { d }];
                }
            }
            for lane in 0..LANES {
                abef[lane] = abef[lane].wrapping_add(old_abef[lane]);
                cdgh[lane] = cdgh[lane].wrapping_add(old_cdgh[lane]);
            }
        }
        for lane in 0..LANES {
            let ([f, e, b, a], [h, g, d, c]) = (abef[lane].to_array(), cdgh[lane].to_array());
            for (words, word) in self.states.iter_mut().zip([a, b, c, d, e, f, g, h]) {
                words[lane] = word;
            }
        }
    }
}
