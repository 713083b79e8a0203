//! Words of 256 bits, as the device's memories hold them.

use std::fmt;

/// 256 bits; four limbs of 64, the lowest first.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Word(pub [u64; 4]);

impl Word {
    /// 0.
    pub const ZERO: Self = Self([0; 4]);

    /// 1.
    pub const ONE: Self = Self([1, 0, 0, 0]);

    /// Reads 64 digits of hex.
    ///
    /// # Panics
    /// Where they are none.
    #[must_use]
    pub const fn from_hex(text: &str) -> Self {
        let text = text.as_bytes();
        assert!(text.len() == 64, "64 digits");
        let mut limbs = [0_u64; 4];
        let mut index = 0;
        while index < 64 {
            let digit = match text[index] {
                digit @ b'0'..=b'9' => digit - b'0',
                digit @ b'a'..=b'f' => digit - b'a' + 10,
                _ => panic!("a digit of hex"),
            };
            let limb = 3 - index / 16;
            limbs[limb] = limbs[limb] << 4 | digit as u64;
            index += 1;
        }
        Self(limbs)
    }

    /// Reads 32 bytes, big-endian.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let (limbs, _) = bytes.as_chunks::<8>();
        Self(std::array::from_fn(|index| u64::from_be_bytes(limbs[3 - index])))
    }

    /// Reads 32 bytes, little-endian.
    #[must_use]
    pub fn from_le_bytes(bytes: &[u8; 32]) -> Self {
        let (limbs, _) = bytes.as_chunks::<8>();
        Self(std::array::from_fn(|index| u64::from_le_bytes(limbs[index])))
    }

    /// Its bytes, little-endian, as streams have them.
    #[must_use]
    pub fn to_le_bytes(self) -> [u8; 32] {
        std::array::from_fn(|index| (self.0[index / 8] >> (8 * (index % 8))) as u8)
    }

    /// Its bytes, big-endian.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, limb) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.0.iter().rev()) {
            *chunk = limb.to_be_bytes();
        }
        bytes
    }

    /// The sum, and whether it is 2^256 more.
    #[must_use]
    pub fn add(&self, other: &Self) -> (Self, bool) {
        let mut carry = false;
        let limbs = std::array::from_fn(|index| {
            let (sum, first) = self.0[index].overflowing_add(other.0[index]);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            carry = first | second;
            sum
        });
        (Self(limbs), carry)
    }

    /// The difference, and whether it is 2^256 less.
    #[must_use]
    pub fn sub(&self, other: &Self) -> (Self, bool) {
        let mut borrow = false;
        let limbs = std::array::from_fn(|index| {
            let (difference, first) = self.0[index].overflowing_sub(other.0[index]);
            let (difference, second) = difference.overflowing_sub(u64::from(borrow));
            borrow = first | second;
            difference
        });
        (Self(limbs), borrow)
    }

    /// The sum of two numbers below a modulus, modulo it.
    #[must_use]
    pub fn add_mod(&self, other: &Self, modulus: &Self) -> Self {
        let (sum, carry) = self.add(other);
        if carry || sum >= *modulus { sum.sub(modulus).0 } else { sum }
    }

    /// The difference of two numbers below a modulus, modulo it.
    #[must_use]
    pub fn sub_mod(&self, other: &Self, modulus: &Self) -> Self {
        let (difference, borrow) = self.sub(other);
        if borrow { difference.add(modulus).0 } else { difference }
    }

    /// A bit, from the lowest on.
    #[must_use]
    pub const fn bit(&self, index: usize) -> bool {
        index < 256 && self.0[index / 64] >> (index % 64) & 1 == 1
    }

    /// So many bits from a place on, at most 32.
    #[must_use]
    pub fn bits(&self, start: usize, count: usize) -> u32 {
        (start..start + count).rev().fold(0, |bits, index| bits << 1 | u32::from(self.bit(index)))
    }

    /// Whether it is 0.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.0[0] | self.0[1] | self.0[2] | self.0[3] == 0
    }
}

impl PartialOrd for Word {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Word {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().rev().try_for_each(|limb| write!(f, "{limb:016x}"))
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
