//! 512-bit vectors.
#![expect(unsafe_code, reason = "instructions that a processor may lack: the token proves that this one has them")]

use std::{
    arch::x86_64::*,
    ops::{Add, Sub},
};

use super::{
    Instructions, Kernel,
    lanes::{Lanes, Lanes32, Lanes64},
};

/// Proof that the processor has the instructions of [`super::Feature::Avx512`], and that they were not masked.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(pub(super) ());

impl Instructions for Avx512 {
    #[inline]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma,avx2,bmi1,bmi2")]
        fn compiled<K: Kernel>(kernel: K) -> K::Output {
            kernel.run()
        }
        // SAFETY: the token is made only where all these instructions were detected.
        unsafe { compiled(kernel) }
    }
}

/// Eight lanes of 64 bits. Arithmetic is modulo 2^64.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct U64x8(__m512i);

/// One bit a lane.
pub type Mask8 = u8;

// SAFETY, for all blocks below: a vector exists only where a token did, and each instruction belongs to the token's set.
impl U64x8 {
    /// The number of lanes.
    pub const LANES: usize = 8;

    /// All lanes 0.
    #[inline(always)]
    #[must_use]
    pub fn zero(_: Avx512) -> Self {
        Self(unsafe { _mm512_setzero_si512() })
    }

    /// All lanes `value`.
    #[inline(always)]
    #[must_use]
    pub fn splat(_: Avx512, value: u64) -> Self {
        Self(unsafe { _mm512_set1_epi64(value as i64) })
    }

    /// The lanes of an array.
    #[inline(always)]
    #[must_use]
    pub fn load(_: Avx512, lanes: &[u64; 8]) -> Self {
        // The array has exactly the 64 bytes that are read, and the instruction asks for no alignment.
        Self(unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) })
    }

    /// The token of the instructions.
    #[inline(always)]
    #[must_use]
    pub fn token(self) -> Avx512 {
        Avx512(())
    }

    /// The lanes as an array.
    #[inline(always)]
    #[must_use]
    pub fn to_array(self) -> [u64; 8] {
        let mut lanes = [0; 8];
        // The array has exactly the 64 bytes that are written, and the instruction asks for no alignment.
        unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), self.0) };
        lanes
    }

    /// self & other.
    #[inline(always)]
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(unsafe { _mm512_and_si512(self.0, other.0) })
    }

    /// self | other.
    #[inline(always)]
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(unsafe { _mm512_or_si512(self.0, other.0) })
    }

    /// self << BITS.
    #[inline(always)]
    #[must_use]
    pub fn shl<const BITS: u32>(self) -> Self {
        Self(unsafe { _mm512_slli_epi64::<BITS>(self.0) })
    }

    /// self >> BITS, zeros from above.
    #[inline(always)]
    #[must_use]
    pub fn shr<const BITS: u32>(self) -> Self {
        Self(unsafe { _mm512_srli_epi64::<BITS>(self.0) })
    }

    /// self >> BITS, copies of the sign bit from above.
    #[inline(always)]
    #[must_use]
    pub fn shr_signed<const BITS: u32>(self) -> Self {
        Self(unsafe { _mm512_srai_epi64::<BITS>(self.0) })
    }

    /// self + the low 52 bits of the product of the low 52 bits of a and of b.
    #[inline(always)]
    #[must_use]
    pub fn madd_low(self, a: Self, b: Self) -> Self {
        Self(unsafe { _mm512_madd52lo_epu64(self.0, a.0, b.0) })
    }

    /// self + the high 52 bits of the 104-bit product of the low 52 bits of a and of b.
    #[inline(always)]
    #[must_use]
    pub fn madd_high(self, a: Self, b: Self) -> Self {
        Self(unsafe { _mm512_madd52hi_epu64(self.0, a.0, b.0) })
    }

    /// The lanes of `other` where the mask has a bit, else those of `self`.
    #[inline(always)]
    #[must_use]
    pub fn blend(self, mask: Mask8, other: Self) -> Self {
        Self(unsafe { _mm512_mask_blend_epi64(mask, self.0, other.0) })
    }

    /// A bit for each lane that is 0.
    #[inline(always)]
    #[must_use]
    pub fn is_zero(self) -> Mask8 {
        unsafe { _mm512_testn_epi64_mask(self.0, self.0) }
    }

    /// A bit for each lane whose highest bit is set.
    #[inline(always)]
    #[must_use]
    pub fn is_negative(self) -> Mask8 {
        unsafe { _mm512_movepi64_mask(self.0) }
    }

    /// The transpose of eight rows: lane i of vector j becomes lane j of vector i.
    #[inline(always)]
    #[must_use]
    pub fn transpose([a, b, c, d, e, f, g, h]: [Self; 8]) -> [Self; 8] {
        // Lanes 0, 2, 4, 6 and lanes 1, 3, 5, 7 of each two rows, then blocks of 128 bits of each four rows.
        let [even0, even1] = Self::quarters([a.low(b), c.low(d), e.low(f), g.low(h)]);
        let [odd0, odd1] = Self::quarters([a.high(b), c.high(d), e.high(f), g.high(h)]);
        [even0[0], odd0[0], even0[1], odd0[1], even1[0], odd1[0], even1[1], odd1[1]]
    }

    /// Lanes 0, 2, 4, 6 of both, in turn.
    #[inline(always)]
    fn low(self, other: Self) -> Self {
        Self(unsafe { _mm512_unpacklo_epi64(self.0, other.0) })
    }

    /// Lanes 1, 3, 5, 7 of both, in turn.
    #[inline(always)]
    fn high(self, other: Self) -> Self {
        Self(unsafe { _mm512_unpackhi_epi64(self.0, other.0) })
    }

    /// Blocks of 128 bits, of four vectors: 0 of all and 1 of all, then 2 of all and 3 of all.
    #[inline(always)]
    fn quarters([a, b, c, d]: [Self; 4]) -> [[Self; 2]; 2] {
        let ([ab02, ab13], [cd02, cd13]) = (Self::halves(a, b), Self::halves(c, d));
        let ([q0, q2], [q1, q3]) = (Self::halves(ab02, cd02), Self::halves(ab13, cd13));
        [[q0, q1], [q2, q3]]
    }

    /// Blocks 0 and 2 of both, and blocks 1 and 3 of both.
    #[inline(always)]
    fn halves(a: Self, b: Self) -> [Self; 2] {
        let (even, odd) = unsafe { (_mm512_shuffle_i64x2::<0b10_00_10_00>(a.0, b.0), _mm512_shuffle_i64x2::<0b11_01_11_01>(a.0, b.0)) };
        [Self(even), Self(odd)]
    }
}

impl Lanes<8> for U64x8 {
    type Word = u64;
    type Token = Avx512;

    #[inline(always)]
    fn splat(token: Avx512, value: u64) -> Self {
        Self::splat(token, value)
    }

    #[inline(always)]
    fn load(token: Avx512, lanes: &[u64; 8]) -> Self {
        Self::load(token, lanes)
    }

    #[inline(always)]
    fn to_array(self) -> [u64; 8] {
        Self::to_array(self)
    }

    #[inline(always)]
    fn xor(self, b: Self) -> Self {
        Self(unsafe { _mm512_xor_si512(self.0, b.0) })
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        Self(unsafe { _mm512_ternarylogic_epi64::<XOR3>(self.0, b.0, c.0) })
    }

    #[inline(always)]
    fn rotate_left<const BITS: i32>(self) -> Self {
        Self(unsafe { _mm512_rol_epi64::<BITS>(self.0) })
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        Self::transpose(rows)
    }
}

impl Lanes64<8> for U64x8 {
    #[inline(always)]
    fn load_le(_: Avx512, lanes: &[[u8; 8]; 8]) -> Self {
        Self(unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) })
    }

    #[inline(always)]
    fn xor_and_not(self, b: Self, c: Self) -> Self {
        Self(unsafe { _mm512_ternarylogic_epi64::<XOR_AND_NOT>(self.0, b.0, c.0) })
    }
}

// Truth tables of three operands: bit 4 a + 2 b + c is the value at (a, b, c).
const XOR3: i32 = 0b1001_0110;
const CHOOSE: i32 = 0b1100_1010;
const MAJORITY: i32 = 0b1110_1000;
const XOR_AND_NOT: i32 = 0b1101_0010;

/// Sixteen lanes of 32 bits. Arithmetic is modulo 2^32.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct U32x16(__m512i);

impl Lanes<16> for U32x16 {
    type Word = u32;
    type Token = Avx512;

    #[inline(always)]
    fn splat(_: Avx512, value: u32) -> Self {
        Self(unsafe { _mm512_set1_epi32(value as i32) })
    }

    #[inline(always)]
    fn load(_: Avx512, lanes: &[u32; 16]) -> Self {
        Self(unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) })
    }

    #[inline(always)]
    fn to_array(self) -> [u32; 16] {
        let mut lanes = [0; 16];
        unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), self.0) };
        lanes
    }

    #[inline(always)]
    fn xor(self, b: Self) -> Self {
        Self(unsafe { _mm512_xor_si512(self.0, b.0) })
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        Self(unsafe { _mm512_ternarylogic_epi32::<XOR3>(self.0, b.0, c.0) })
    }

    #[inline(always)]
    fn rotate_left<const BITS: i32>(self) -> Self {
        Self(unsafe { _mm512_rol_epi32::<BITS>(self.0) })
    }

    #[inline(always)]
    fn transpose(rows: [Self; 16]) -> [Self; 16] {
        let mut columns = rows;
        // Quarter i holds, of columns c, 4 + c, 8 + c and 12 + c, rows 4 i .. 4 i + 4.
        let quarter = [
            transpose_squares([rows[0], rows[1], rows[2], rows[3]]),
            transpose_squares([rows[4], rows[5], rows[6], rows[7]]),
            transpose_squares([rows[8], rows[9], rows[10], rows[11]]),
            transpose_squares([rows[12], rows[13], rows[14], rows[15]]),
        ];
        for c in 0..4 {
            let [p, q, r, s] = [quarter[0][c], quarter[1][c], quarter[2][c], quarter[3][c]];
            unsafe {
                let (pq_even, pq_odd) = (_mm512_shuffle_i32x4::<0b10_00_10_00>(p, q), _mm512_shuffle_i32x4::<0b11_01_11_01>(p, q));
                let (rs_even, rs_odd) = (_mm512_shuffle_i32x4::<0b10_00_10_00>(r, s), _mm512_shuffle_i32x4::<0b11_01_11_01>(r, s));
                columns[c] = Self(_mm512_shuffle_i32x4::<0b10_00_10_00>(pq_even, rs_even));
                columns[4 + c] = Self(_mm512_shuffle_i32x4::<0b10_00_10_00>(pq_odd, rs_odd));
                columns[8 + c] = Self(_mm512_shuffle_i32x4::<0b11_01_11_01>(pq_even, rs_even));
                columns[12 + c] = Self(_mm512_shuffle_i32x4::<0b11_01_11_01>(pq_odd, rs_odd));
            }
        }
        columns
    }
}

/// The transposes of the four squares of four rows and four lanes each.
#[inline(always)]
fn transpose_squares([a, b, c, d]: [U32x16; 4]) -> [__m512i; 4] {
    unsafe {
        let (ab, ab_high) = (_mm512_unpacklo_epi32(a.0, b.0), _mm512_unpackhi_epi32(a.0, b.0));
        let (cd, cd_high) = (_mm512_unpacklo_epi32(c.0, d.0), _mm512_unpackhi_epi32(c.0, d.0));
        let (first, second) = (_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
        [first, second, _mm512_unpacklo_epi64(ab_high, cd_high), _mm512_unpackhi_epi64(ab_high, cd_high)]
    }
}

impl Lanes32<16> for U32x16 {
    #[inline(always)]
    fn load_be(_: Avx512, lanes: &[[u8; 4]; 16]) -> Self {
        unsafe {
            let reverse = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203));
            Self(_mm512_shuffle_epi8(_mm512_loadu_si512(lanes.as_ptr().cast()), reverse))
        }
    }

    #[inline(always)]
    fn add(self, b: Self) -> Self {
        Self(unsafe { _mm512_add_epi32(self.0, b.0) })
    }

    #[inline(always)]
    fn shr<const BITS: u32>(self) -> Self {
        Self(unsafe { _mm512_srli_epi32::<BITS>(self.0) })
    }

    #[inline(always)]
    fn choose(self, b: Self, c: Self) -> Self {
        Self(unsafe { _mm512_ternarylogic_epi32::<CHOOSE>(self.0, b.0, c.0) })
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        Self(unsafe { _mm512_ternarylogic_epi32::<MAJORITY>(self.0, b.0, c.0) })
    }
}

impl Add for U64x8 {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_epi64(self.0, other.0) })
    }
}

impl Sub for U64x8 {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm512_sub_epi64(self.0, other.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Processor, lanes::contract};

    #[test]
    fn lanes_of_32_bits() {
        let Some(token) = Processor::detect().avx512() else { return };
        contract::lanes_32::<U32x16, 16>(token);
    }

    #[test]
    fn lanes_of_64_bits() {
        let Some(token) = Processor::detect().avx512() else { return };
        contract::lanes_64::<U64x8, 8>(token);
    }

    #[test]
    fn transpose_swaps_lanes_and_rows() {
        let Some(token) = Processor::detect().avx512() else { return };
        let rows: [[u64; 8]; 8] = std::array::from_fn(|i| std::array::from_fn(|j| (8 * i + j) as u64));
        let columns = U64x8::transpose(rows.map(|row| U64x8::load(token, &row))).map(U64x8::to_array);
        for (i, row) in rows.iter().enumerate() {
            for (j, value) in row.iter().enumerate() {
                assert_eq!(columns[j][i], *value);
            }
        }
    }

    #[test]
    fn products_of_52_bits() {
        let Some(token) = Processor::detect().avx512() else { return };
        let (a, b) = ((1u64 << 52) - 3, (1 << 52) - 5);
        let product = u128::from(a) * u128::from(b);
        let [x, y] = [a, b].map(|value| U64x8::splat(token, value | 1 << 60));
        let one = U64x8::splat(token, 1);
        assert_eq!(one.madd_low(x, y).to_array(), [1 + (product as u64 & ((1 << 52) - 1)); 8]);
        assert_eq!(one.madd_high(x, y).to_array(), [1 + (product >> 52) as u64; 8]);
    }
}
