//! A seeded permutation of 0..n that needs no memory.

use rand_chacha::rand_core::Rng;

use crate::stream::Stream;

/// Rounds of the network: four make a Luby-Rackoff permutation; the purpose is an even spread, not secrecy.
const ROUNDS: usize = 4;

/// A permutation of `0..len`: a Feistel network on the least even number of bits that holds it, walked until it lands inside.
pub(crate) struct Permutation {
    len: u64,
    half_bits: u32,
    keys: [u64; ROUNDS],
}

impl Permutation {
    pub(crate) fn new(len: u64, stream: &mut Stream) -> Self {
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        Self { len, half_bits: bits.div_ceil(2), keys: std::array::from_fn(|_| stream.next_u64()) }
    }

    /// Where `index` goes. The walk ends because the network permutes a finite set that holds `index` itself; the set has less than
    /// 4 * `len` elements, so a step lands inside with a chance above 1/4.
    pub(crate) fn at(&self, index: u64) -> u64 {
        assert!(index < self.len, "index {index} of a permutation of {}", self.len);
        let mut place = self.shuffle(index);
        while place >= self.len {
            place = self.shuffle(place);
        }
        place
    }

    fn shuffle(&self, value: u64) -> u64 {
        let mask = (1 << self.half_bits) - 1;
        let (left, right) =
            self.keys.iter().fold((value >> self.half_bits, value & mask), |(left, right), &key| (right, left ^ (mix(right ^ key) & mask)));
        left << self.half_bits | right
    }
}

/// The finalizer of `SplitMix64` (Steele, Lea, Flood 2014).
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use chainbox_engine::scheme::Scheme;

    use super::*;
    use crate::stream::{Use, stream};

    #[test]
    fn every_place_is_taken_once() {
        for len in [1, 2, 3, 4, 5, 16, 17, 1000, 1024, 1025] {
            let permutation = Permutation::new(len, &mut stream(len, Scheme::Sm2Sm3, Use::Places, 0));
            let mut places: Vec<_> = (0..len).map(|index| permutation.at(index)).collect();
            places.sort_unstable();
            assert!(places.into_iter().eq(0..len), "{len}");
        }
    }

    #[test]
    fn seeds_give_different_orders() {
        let order = |seed| {
            let permutation = Permutation::new(100, &mut stream(seed, Scheme::Sm2Sm3, Use::Places, 0));
            (0..100).map(|index| permutation.at(index)).collect::<Vec<_>>()
        };
        assert_ne!(order(1), order(2));
        assert!(!order(1).is_sorted());
    }
}
