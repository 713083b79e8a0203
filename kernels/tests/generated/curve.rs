//! Constants of a curve.

use num_bigint::BigUint;

use crate::render::{Constant, integer, limbs, word, words};

const NAMES: [&str; 3] = ["secp256k1", "p256", "sm2"];

/// A curve as `curves.toml` has it.
pub struct Description {
    pub name: String,
    pub p: BigUint,
    pub n: BigUint,
    pub a: BigUint,
    pub b: BigUint,
    pub x: BigUint,
    pub y: BigUint,
    pub is_montgomery: bool,
    pub endomorphism: Option<Endomorphism>,
}

/// See `curves.toml`.
pub struct Endomorphism {
    pub beta: BigUint,
    pub lambda: BigUint,
    pub a1: BigUint,
    pub minus_b1: BigUint,
    pub a2: BigUint,
    pub b2: BigUint,
}

impl Description {
    pub fn read(name: &str, description: &toml::Table) -> Self {
        let curve = &description[name];
        let number = |table: &toml::Value, key: &str| {
            let hex = table[key].as_str().unwrap_or_else(|| panic!("{name}.{key} is a number in hexadecimal"));
            BigUint::parse_bytes(hex.as_bytes(), 16).unwrap_or_else(|| panic!("{name}.{key} is a number in hexadecimal"))
        };
        let endomorphism = curve.get("endomorphism").map(|table| Endomorphism {
            beta: number(table, "beta"),
            lambda: number(table, "lambda"),
            a1: number(table, "a1"),
            minus_b1: number(table, "minus_b1"),
            a2: number(table, "a2"),
            b2: number(table, "b2"),
        });
        Self {
            name: name.to_owned(),
            p: number(curve, "p"),
            n: number(curve, "n"),
            a: number(curve, "a"),
            b: number(curve, "b"),
            x: number(curve, "x"),
            y: number(curve, "y"),
            is_montgomery: curve["form"].as_str() == Some("montgomery"),
            endomorphism,
        }
    }

    /// An element of the field as devices keep it.
    fn in_device_form(&self, element: &BigUint) -> BigUint {
        if self.is_montgomery { (element << 256) % &self.p } else { element.clone() }
    }

    pub fn constants(&self) -> Vec<Constant> {
        let one = BigUint::from(1_u32);
        let two = BigUint::from(2_u32);
        let mut constants: Vec<_> =
            NAMES.iter().map(|name| word(&format!("CURVE_{}", name.to_uppercase()), u32::from(*name == self.name), "")).collect();
        constants.extend([
            integer("P", &self.p, "The prime p."),
            integer("N", &self.n, "The order n."),
            integer("N_HALF", &(&self.n >> 1), "(n - 1)/2"),
            integer("P_MINUS_N", &(&self.p - &self.n), "p - n"),
            integer("FE_ONE", &self.in_device_form(&one), "1, a, b and G as elements of the field."),
            integer("FE_A", &self.in_device_form(&self.a), ""),
            integer("FE_B", &self.in_device_form(&self.b), ""),
            integer("FE_G_X", &self.in_device_form(&self.x), ""),
            integer("FE_G_Y", &self.in_device_form(&self.y), ""),
            integer("FE_R2", &((&one << 512) % &self.p), "2^512 mod p"),
            word("FE_N0", neg_inverse(&self.p), "-1/p mod 2^32"),
            integer("FE_INV_EXPONENT", &(&self.p - &two), "p - 2"),
            integer("FE_SQRT_EXPONENT", &((&self.p + &one) >> 2), "(p + 1)/4"),
            integer("SC_ONE", &((&one << 256) % &self.n), "2^256 mod n"),
            integer("SC_R2", &((&one << 512) % &self.n), "2^512 mod n"),
            word("SC_N0", neg_inverse(&self.n), "-1/n mod 2^32"),
            integer("SC_INV_EXPONENT", &(&self.n - &two), "n - 2"),
        ]);
        if let Some(endomorphism) = &self.endomorphism {
            constants.extend(self.split(endomorphism));
        }
        if self.name == "sm2" {
            let bytes = [&self.a, &self.b, &self.x, &self.y].into_iter().flat_map(|number| limbs(number).into_iter().rev());
            constants.push(words(
                "Z_A_CURVE",
                bytes.collect(),
                "a, b, x_G and y_G as Z_A hashes them, each word big-endian (GB/T 32918.2, 5.5).",
            ));
        }
        constants
    }

    /// k = k1 + k2*lambda with halves of 128 bits, as in the engine's `curve/endomorphism.rs`.
    fn split(&self, endomorphism: &Endomorphism) -> Vec<Constant> {
        let Endomorphism { beta, lambda, a1, minus_b1, a2, b2 } = endomorphism;
        let one = BigUint::from(1_u32);
        assert_eq!(beta.modpow(&BigUint::from(3_u32), &self.p), one, "beta is a root of unity");
        assert_eq!(lambda.modpow(&BigUint::from(3_u32), &self.n), one, "lambda is a root of unity");
        assert_eq!(a1 % &self.n, minus_b1 * lambda % &self.n, "(a1, b1) is in the lattice");
        assert_eq!((a2 + b2 * lambda) % &self.n, BigUint::ZERO, "(a2, b2) is in the lattice");
        let rounded = |b: &BigUint| ((b << 385) / &self.n + &one) >> 1_u32;
        vec![
            word("FOLD_LOW", 977, "2^256 - p = 2^32 + this"),
            integer("BETA", &self.in_device_form(beta), "lambda*(x, y) = (beta*x, y)"),
            integer("SPLIT_A1", a1, "A short basis of the lattice: a1, -b1, a2, b2."),
            integer("SPLIT_MINUS_B1", minus_b1, ""),
            integer("SPLIT_A2", a2, ""),
            integer("SPLIT_B2", b2, ""),
            integer("SPLIT_G1", &rounded(b2), "round(2^384 * b2 / n) and round(2^384 * -b1 / n)"),
            integer("SPLIT_G2", &rounded(minus_b1), ""),
        ]
    }
}

/// -1/m mod 2^32, for an odd m.
fn neg_inverse(m: &BigUint) -> u32 {
    let word = BigUint::from(1_u64 << 32);
    let inverse = m.modinv(&word).expect("m is odd");
    limbs(&(word - inverse))[0]
}
