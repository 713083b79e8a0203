//! `Keccak-f[1600]` in lanes.

use super::super::keccak256::ROUND_CONSTANTS;
use crate::simd::lanes::Lanes64;

/// `Keccak-f[1600]` of states side by side. Lane (x, y) is `rows[y][x]`.
#[inline(always)]
pub fn permute<V: Lanes64<LANES>, const LANES: usize>(token: V::Token, mut rows: [[V; 5]; 5]) -> [[V; 5]; 5] {
    for constant in ROUND_CONSTANTS {
        macro_rules! columns {
            ($($x:literal)*) => {
                [$(rows[0][$x].xor3(rows[1][$x], rows[2][$x]).xor3(rows[3][$x], rows[4][$x])),*]
            };
        }
        let parity = columns!(0 1 2 3 4);
        macro_rules! theta {
            ($($x:literal)*) => {
                [$(parity[($x + 4) % 5].xor(parity[($x + 1) % 5].rotate_left::<1>())),*]
            };
        }
        let theta = theta!(0 1 2 3 4);
        /// A row as pi makes it, after theta, rho and chi: for each lane, the number of the lane that comes there and its rotation.
        macro_rules! row {
            ($($from:literal $rotation:literal),*) => {
                chi([$(rows[$from / 5][$from % 5].xor(theta[$from % 5]).rotate_left::<$rotation>()),*])
            };
        }
        rows = [
            row!(0 0, 6 44, 12 43, 18 21, 24 14),
            row!(3 28, 9 20, 10 3, 16 45, 22 61),
            row!(1 1, 7 6, 13 25, 19 8, 20 18),
            row!(4 27, 5 36, 11 10, 17 15, 23 56),
            row!(2 62, 8 55, 14 39, 15 41, 21 2),
        ];
        rows[0][0] = rows[0][0].xor(V::splat(token, constant));
    }
    rows
}

/// Chi of one row (FIPS 202, 3.2.4).
#[inline(always)]
fn chi<V: Lanes64<LANES>, const LANES: usize>([a, b, c, d, e]: [V; 5]) -> [V; 5] {
    [a.xor_and_not(b, c), b.xor_and_not(c, d), c.xor_and_not(d, e), d.xor_and_not(e, a), e.xor_and_not(a, b)]
}
