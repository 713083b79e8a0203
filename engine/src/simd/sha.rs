//! 128-bit vectors for the SHA extensions.
#![expect(unsafe_code, reason = "instructions that a processor may lack: the token proves that this one has them")]

use std::arch::x86_64::*;

use super::{Instructions, Kernel};

/// Proof that the processor has the instructions of [`super::Feature::Sha`], and that they were not masked.
#[derive(Clone, Copy, Debug)]
pub struct Sha(pub(super) ());

impl Instructions for Sha {
    #[inline]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "sha,ssse3,sse4.1")]
        fn compiled<K: Kernel>(kernel: K) -> K::Output {
            kernel.run()
        }
        // SAFETY: the token is made only where all these instructions were detected.
        unsafe { compiled(kernel) }
    }
}

/// Four words of 32 bits, of one message. Arithmetic is modulo 2^32.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct U32x4(__m128i);

// SAFETY, for all blocks below: a vector exists only where a token did, and each instruction belongs to the token's set. Loads and stores
// are of arrays of exactly 16 bytes, by instructions that ask for no alignment.
impl U32x4 {
    /// The words of an array.
    #[inline(always)]
    #[must_use]
    pub fn load(_: Sha, words: &[u32; 4]) -> Self {
        Self(unsafe { _mm_loadu_si128(words.as_ptr().cast()) })
    }

    /// The words of big-endian bytes.
    #[inline(always)]
    #[must_use]
    pub fn load_be(_: Sha, words: &[u8; 16]) -> Self {
        unsafe {
            let reverse = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
            Self(_mm_shuffle_epi8(_mm_loadu_si128(words.as_ptr().cast()), reverse))
        }
    }

    /// The words as an array.
    #[inline(always)]
    #[must_use]
    pub fn to_array(self) -> [u32; 4] {
        let mut words = [0; 4];
        unsafe { _mm_storeu_si128(words.as_mut_ptr().cast(), self.0) };
        words
    }

    /// self + other.
    #[inline(always)]
    #[must_use]
    pub fn wrapping_add(self, other: Self) -> Self {
        Self(unsafe { _mm_add_epi32(self.0, other.0) })
    }

    /// Words 2 and 3 in the places of words 0 and 1.
    #[inline(always)]
    #[must_use]
    pub fn upper(self) -> Self {
        Self(unsafe { _mm_shuffle_epi32::<0b11_10_11_10>(self.0) })
    }

    /// Two rounds of SHA-256 on a state of which `abef` is (F, E, B, A) and `cdgh` is (H, G, D, C), with words 0 and 1 of `wk`: message plus
    /// constant. It gives the next `abef`; the next `cdgh` is the old `abef`.
    #[inline(always)]
    #[must_use]
    pub fn two_rounds(abef: Self, cdgh: Self, wk: Self) -> Self {
        Self(unsafe { _mm_sha256rnds2_epu32(cdgh.0, abef.0, wk.0) })
    }

    /// Words t + 16 .. t + 20 of the message schedule of SHA-256, of words t .. t + 16.
    #[inline(always)]
    #[must_use]
    pub fn schedule([a, b, c, d]: [Self; 4]) -> Self {
        unsafe {
            let partial = _mm_add_epi32(_mm_sha256msg1_epu32(a.0, b.0), _mm_alignr_epi8::<4>(d.0, c.0));
            Self(_mm_sha256msg2_epu32(partial, d.0))
        }
    }
}
