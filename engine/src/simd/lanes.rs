//! Lanes of unsigned integers with the operations that hash functions are made of, whatever the number of lanes and the instructions.

use super::Instructions;

/// A vector of `LANES` unsigned integers.
pub trait Lanes<const LANES: usize>: Copy {
    /// What stands in a lane.
    type Word: Copy;

    /// The instructions that work on such vectors.
    type Token: Instructions;

    /// All lanes `value`.
    fn splat(token: Self::Token, value: Self::Word) -> Self;

    /// The lanes of an array.
    fn load(token: Self::Token, lanes: &[Self::Word; LANES]) -> Self;

    /// The lanes as an array.
    fn to_array(self) -> [Self::Word; LANES];

    /// self ^ b.
    fn xor(self, b: Self) -> Self;

    /// self ^ b ^ c.
    fn xor3(self, b: Self, c: Self) -> Self;

    /// Rotation to the left. `BITS` is not negative and below the width of a lane.
    fn rotate_left<const BITS: i32>(self) -> Self;

    /// The transpose of a square: lane i of vector j becomes lane j of vector i.
    fn transpose(rows: [Self; LANES]) -> [Self; LANES];
}

/// Lanes of 32 bits. Arithmetic is modulo 2^32.
pub trait Lanes32<const LANES: usize>: Lanes<LANES, Word = u32> {
    /// The lanes of big-endian bytes.
    fn load_be(token: Self::Token, lanes: &[[u8; 4]; LANES]) -> Self;

    /// self + b.
    fn add(self, b: Self) -> Self;

    /// self >> BITS, zeros from above.
    fn shr<const BITS: u32>(self) -> Self;

    /// The bits of b where self has a one, those of c where it has a zero.
    fn choose(self, b: Self, c: Self) -> Self;

    /// The bits that at least two of the three have.
    fn majority(self, b: Self, c: Self) -> Self;
}

/// Lanes of 64 bits.
pub trait Lanes64<const LANES: usize>: Lanes<LANES, Word = u64> {
    /// The lanes of little-endian bytes.
    fn load_le(token: Self::Token, lanes: &[[u8; 8]; LANES]) -> Self;

    /// self ^ (!b & c).
    fn xor_and_not(self, b: Self, c: Self) -> Self;
}

/// What every implementation must do, lane by lane as the integers do it.
#[cfg(all(test, target_arch = "x86_64"))]
pub(super) mod contract {
    use super::*;

    /// Distinct lanes with bits all over.
    fn words<const LANES: usize>(seed: u64) -> [u64; LANES] {
        std::array::from_fn(|i| (seed + i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17).wrapping_mul(0xbf58_476d_1ce4_e5b9))
    }

    pub fn lanes_32<V: Lanes32<LANES>, const LANES: usize>(token: V::Token) {
        let [a, b, c] = [1, 100, 200].map(|seed| words::<LANES>(seed).map(|word| word as u32));
        let [x, y, z] = [a, b, c].map(|lanes| V::load(token, &lanes));
        let each = |f: fn(u32, u32, u32) -> u32| std::array::from_fn(|i| f(a[i], b[i], c[i]));
        assert_eq!(V::splat(token, 7).to_array(), [7; LANES]);
        assert_eq!(V::load_be(token, &a.map(u32::to_be_bytes)).to_array(), a);
        assert_eq!(x.add(y).to_array(), each(|a, b, _| a.wrapping_add(b)));
        assert_eq!(x.xor(y).to_array(), each(|a, b, _| a ^ b));
        assert_eq!(x.xor3(y, z).to_array(), each(|a, b, c| a ^ b ^ c));
        assert_eq!(x.choose(y, z).to_array(), each(|a, b, c| (a & b) | (!a & c)));
        assert_eq!(x.majority(y, z).to_array(), each(|a, b, c| (a & b) | (a & c) | (b & c)));
        assert_eq!(x.rotate_left::<1>().to_array(), each(|a, _, _| a.rotate_left(1)));
        assert_eq!(x.rotate_left::<31>().to_array(), each(|a, _, _| a.rotate_left(31)));
        assert_eq!(x.shr::<3>().to_array(), each(|a, _, _| a >> 3));
        let rows: [[u32; LANES]; LANES] = std::array::from_fn(|i| words::<LANES>(1000 * i as u64).map(|word| word as u32));
        is_transpose(rows, V::transpose(rows.map(|row| V::load(token, &row))).map(V::to_array));
    }

    pub fn lanes_64<V: Lanes64<LANES>, const LANES: usize>(token: V::Token) {
        let [a, b, c] = [1, 100, 200].map(words::<LANES>);
        let [x, y, z] = [a, b, c].map(|lanes| V::load(token, &lanes));
        let each = |f: fn(u64, u64, u64) -> u64| std::array::from_fn(|i| f(a[i], b[i], c[i]));
        assert_eq!(V::splat(token, 7).to_array(), [7; LANES]);
        assert_eq!(V::load_le(token, &a.map(u64::to_le_bytes)).to_array(), a);
        assert_eq!(x.xor(y).to_array(), each(|a, b, _| a ^ b));
        assert_eq!(x.xor3(y, z).to_array(), each(|a, b, c| a ^ b ^ c));
        assert_eq!(x.xor_and_not(y, z).to_array(), each(|a, b, c| a ^ (!b & c)));
        assert_eq!(x.rotate_left::<1>().to_array(), each(|a, _, _| a.rotate_left(1)));
        assert_eq!(x.rotate_left::<63>().to_array(), each(|a, _, _| a.rotate_left(63)));
        let rows: [[u64; LANES]; LANES] = std::array::from_fn(|i| words(1000 * i as u64));
        is_transpose(rows, V::transpose(rows.map(|row| V::load(token, &row))).map(V::to_array));
    }

    fn is_transpose<W: PartialEq, const LANES: usize>(rows: [[W; LANES]; LANES], columns: [[W; LANES]; LANES]) {
        for (i, row) in rows.iter().enumerate() {
            assert!(row.iter().zip(&columns).all(|(word, column)| *word == column[i]));
        }
    }
}
