//! The curves that an engine can be built for: y^2 = x^3 - 3x + b over a prime of 256 bits whose products reduce by additions of 32-bit words.

use crate::word::Word;

/// Digits of 32 bits of an element.
pub const DIGITS: usize = 8;

/// Digits of a product that has been scaled: 17, of which the last one is small.
pub const PRODUCT_DIGITS: usize = 17;

/// The parameters of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Curve {
    /// Its name, as generated files have it.
    pub name: &'static str,
    /// Its number in the card's registers.
    pub code: u32,
    /// The prime of the field.
    pub p: Word,
    /// The order of the generator.
    pub n: Word,
    /// The constant of the equation.
    pub b: Word,
    /// The generator.
    pub g: [Word; 2],
    /// 2^256 mod p as a sum of powers of 2^32 with small coefficients.
    fold: [i32; DIGITS],
}

impl Curve {
    /// SM2, GB/T 32918.5: p = 2^256 - 2^224 - 2^96 + 2^64 - 1.
    pub const SM2: Self = Self {
        name: "sm2",
        code: 1,
        p: Word::from_hex("fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff"),
        n: Word::from_hex("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123"),
        b: Word::from_hex("28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"),
        g: [
            Word::from_hex("32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"),
            Word::from_hex("bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"),
        ],
        fold: [1, 0, -1, 1, 0, 0, 0, 1],
    };

    /// P-256, SEC 2: p = 2^256 - 2^224 + 2^192 + 2^96 - 1.
    pub const P256: Self = Self {
        name: "p256",
        code: 2,
        p: Word::from_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"),
        n: Word::from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
        b: Word::from_hex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"),
        g: [
            Word::from_hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
            Word::from_hex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
        ],
        fold: [1, 0, 0, -1, 0, 0, -1, 1],
    };

    /// All of them.
    pub const ALL: [Self; 2] = [Self::SM2, Self::P256];

    /// The curve of a name.
    ///
    /// # Errors
    /// A line that says which names there are.
    pub fn named(name: &str) -> Result<Self, String> {
        let curve = Self::ALL.into_iter().find(|curve| curve.name == name);
        curve.ok_or_else(|| format!("{name} is no curve of the verifier: {}", Self::ALL.map(|curve| curve.name).join(" or ")))
    }

    /// The constants of the microprogram, by the names of their registers.
    #[must_use]
    pub fn constants(&self) -> [(&'static str, Word); 4] {
        [("a3", self.p.sub(&Word([3, 0, 0, 0])).0), ("b", self.b), ("order", self.n), ("one", Word::ONE)]
    }

    /// For each digit of a product from the ninth on, how often it counts in each of the first eight.
    #[must_use]
    pub fn fold_matrix(&self) -> [[i32; DIGITS]; PRODUCT_DIGITS - DIGITS] {
        let mut row = self.fold;
        std::array::from_fn(|_| {
            let this = row;
            // Times 2^32: what leaves at the top is folded.
            let top = row[DIGITS - 1];
            row.rotate_right(1);
            row[0] = 0;
            row.iter_mut().zip(self.fold).for_each(|(coefficient, fold)| *coefficient += top * fold);
            this
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row is the power of two that it stands for: p divides the difference.
    #[test]
    fn the_matrix_folds_powers_of_two() {
        for curve in Curve::ALL {
            let mut power = Word::ONE;
            let shift = |mut word: Word| {
                (0..32).for_each(|_| word = word.add_mod(&word, &curve.p));
                word
            };
            (0..DIGITS).for_each(|_| power = shift(power));
            for row in curve.fold_matrix() {
                let (mut positive, mut unit) = (Word::ZERO, Word::ONE);
                for coefficient in row {
                    for _ in 0..coefficient.rem_euclid(64) {
                        positive = positive.add_mod(&unit, &curve.p);
                    }
                    // -k is 64 - k less 64.
                    if coefficient < 0 {
                        (0..64).for_each(|_| positive = positive.sub_mod(&unit, &curve.p));
                    }
                    unit = shift(unit);
                }
                assert_eq!(positive, power, "{}", curve.name);
                power = shift(power);
            }
        }
    }
}
