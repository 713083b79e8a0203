//! 256-bit vectors.
#![expect(unsafe_code, reason = "instructions that a processor may lack: the token proves that this one has them")]

use std::arch::x86_64::*;

use super::{
    Instructions, Kernel,
    lanes::{Lanes, Lanes32, Lanes64},
};

/// Proof that the processor has the instructions of [`super::Feature::Avx2`], and that they were not masked.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(pub(super) ());

impl Instructions for Avx2 {
    #[inline]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,bmi1,bmi2")]
        fn compiled<K: Kernel>(kernel: K) -> K::Output {
            kernel.run()
        }
        // SAFETY: the token is made only where all these instructions were detected.
        unsafe { compiled(kernel) }
    }
}

/// Eight lanes of 32 bits. Arithmetic is modulo 2^32.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct U32x8(__m256i);

/// Four lanes of 64 bits.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct U64x4(__m256i);

// SAFETY, for all blocks below: a vector exists only where a token did, and each instruction belongs to the token's set. Loads and stores
// are of arrays of exactly 32 bytes, by instructions that ask for no alignment.
impl Lanes<8> for U32x8 {
    type Word = u32;
    type Token = Avx2;

    #[inline(always)]
    fn splat(_: Avx2, value: u32) -> Self {
        Self(unsafe { _mm256_set1_epi32(value as i32) })
    }

    #[inline(always)]
    fn load(_: Avx2, lanes: &[u32; 8]) -> Self {
        Self(unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) })
    }

    #[inline(always)]
    fn to_array(self) -> [u32; 8] {
        let mut lanes = [0; 8];
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), self.0) };
        lanes
    }

    #[inline(always)]
    fn xor(self, b: Self) -> Self {
        Self(unsafe { _mm256_xor_si256(self.0, b.0) })
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        self.xor(b).xor(c)
    }

    #[inline(always)]
    fn rotate_left<const BITS: i32>(self) -> Self {
        // The counts are constants: the compiler makes immediate shifts of these.
        let (up, down) = unsafe { (_mm_cvtsi32_si128(BITS), _mm_cvtsi32_si128(32 - BITS)) };
        Self(unsafe { _mm256_or_si256(_mm256_sll_epi32(self.0, up), _mm256_srl_epi32(self.0, down)) })
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        let mut columns = rows;
        // Half i holds, of columns c and 4 + c, rows 4 i .. 4 i + 4.
        let low = transpose_squares([rows[0], rows[1], rows[2], rows[3]]);
        let high = transpose_squares([rows[4], rows[5], rows[6], rows[7]]);
        for c in 0..4 {
            columns[c] = Self(unsafe { _mm256_permute2x128_si256::<0x20>(low[c], high[c]) });
            columns[4 + c] = Self(unsafe { _mm256_permute2x128_si256::<0x31>(low[c], high[c]) });
        }
        columns
    }
}

/// The transposes of the two squares of four rows and four lanes each.
#[inline(always)]
fn transpose_squares([a, b, c, d]: [U32x8; 4]) -> [__m256i; 4] {
    unsafe {
        let (ab, ab_high) = (_mm256_unpacklo_epi32(a.0, b.0), _mm256_unpackhi_epi32(a.0, b.0));
        let (cd, cd_high) = (_mm256_unpacklo_epi32(c.0, d.0), _mm256_unpackhi_epi32(c.0, d.0));
        let (first, second) = (_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));
        [first, second, _mm256_unpacklo_epi64(ab_high, cd_high), _mm256_unpackhi_epi64(ab_high, cd_high)]
    }
}

impl Lanes32<8> for U32x8 {
    #[inline(always)]
    fn load_be(_: Avx2, lanes: &[[u8; 4]; 8]) -> Self {
        unsafe {
            let reverse = _mm256_broadcastsi128_si256(_mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203));
            Self(_mm256_shuffle_epi8(_mm256_loadu_si256(lanes.as_ptr().cast()), reverse))
        }
    }

    #[inline(always)]
    fn add(self, b: Self) -> Self {
        Self(unsafe { _mm256_add_epi32(self.0, b.0) })
    }

    #[inline(always)]
    fn shr<const BITS: u32>(self) -> Self {
        Self(unsafe { _mm256_srl_epi32(self.0, _mm_cvtsi32_si128(BITS as i32)) })
    }

    #[inline(always)]
    fn choose(self, b: Self, c: Self) -> Self {
        Self(unsafe { _mm256_or_si256(_mm256_and_si256(self.0, b.0), _mm256_andnot_si256(self.0, c.0)) })
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        // Where self and b differ c decides, else b does.
        Self(unsafe { _mm256_xor_si256(b.0, _mm256_and_si256(_mm256_xor_si256(self.0, b.0), _mm256_xor_si256(b.0, c.0))) })
    }
}

impl Lanes<4> for U64x4 {
    type Word = u64;
    type Token = Avx2;

    #[inline(always)]
    fn splat(_: Avx2, value: u64) -> Self {
        Self(unsafe { _mm256_set1_epi64x(value as i64) })
    }

    #[inline(always)]
    fn load(_: Avx2, lanes: &[u64; 4]) -> Self {
        Self(unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) })
    }

    #[inline(always)]
    fn to_array(self) -> [u64; 4] {
        let mut lanes = [0; 4];
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), self.0) };
        lanes
    }

    #[inline(always)]
    fn xor(self, b: Self) -> Self {
        Self(unsafe { _mm256_xor_si256(self.0, b.0) })
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        self.xor(b).xor(c)
    }

    #[inline(always)]
    fn rotate_left<const BITS: i32>(self) -> Self {
        // As in lanes of 32 bits.
        let (up, down) = unsafe { (_mm_cvtsi32_si128(BITS), _mm_cvtsi32_si128(64 - BITS)) };
        Self(unsafe { _mm256_or_si256(_mm256_sll_epi64(self.0, up), _mm256_srl_epi64(self.0, down)) })
    }

    #[inline(always)]
    fn transpose([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        unsafe {
            let (ab_even, ab_odd) = (_mm256_unpacklo_epi64(a.0, b.0), _mm256_unpackhi_epi64(a.0, b.0));
            let (cd_even, cd_odd) = (_mm256_unpacklo_epi64(c.0, d.0), _mm256_unpackhi_epi64(c.0, d.0));
            [
                Self(_mm256_permute2x128_si256::<0x20>(ab_even, cd_even)),
                Self(_mm256_permute2x128_si256::<0x20>(ab_odd, cd_odd)),
                Self(_mm256_permute2x128_si256::<0x31>(ab_even, cd_even)),
                Self(_mm256_permute2x128_si256::<0x31>(ab_odd, cd_odd)),
            ]
        }
    }
}

impl Lanes64<4> for U64x4 {
    #[inline(always)]
    fn load_le(_: Avx2, lanes: &[[u8; 8]; 4]) -> Self {
        Self(unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) })
    }

    #[inline(always)]
    fn xor_and_not(self, b: Self, c: Self) -> Self {
        Self(unsafe { _mm256_xor_si256(self.0, _mm256_andnot_si256(b.0, c.0)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Processor, lanes::contract};

    #[test]
    fn lanes_of_32_bits() {
        let Some(token) = Processor::detect().avx2() else { return };
        contract::lanes_32::<U32x8, 8>(token);
    }

    #[test]
    fn lanes_of_64_bits() {
        let Some(token) = Processor::detect().avx2() else { return };
        contract::lanes_64::<U64x4, 4>(token);
    }
}
