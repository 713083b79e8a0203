//! Constants of the hashes, by their formulas.

use num_bigint::BigUint;

use crate::render::{Constant, word, words};

const NAMES: [&str; 3] = ["KECCAK256", "SHA256", "SM3"];

/// Which hash it is, and the bytes of its blocks.
fn head(name: &str, block_bytes: u32) -> Vec<Constant> {
    let mut constants: Vec<_> = NAMES.iter().map(|other| word(&format!("HASH_{other}"), u32::from(*other == name), "")).collect();
    constants.push(word("HASH_BLOCK_BYTES", block_bytes, ""));
    constants
}

/// The first 32 bits of the fractional parts of the square roots of the first 8 primes, and of the cube roots of the first 64
/// (FIPS 180-4, 5.3.3 and 4.2.2).
pub fn sha256() -> Vec<Constant> {
    let primes: Vec<u32> = (2_u32..).filter(|n| (2..*n).all(|divisor| n % divisor != 0)).take(64).collect();
    let low = |root: BigUint| root.iter_u32_digits().next().unwrap_or(0);
    let initial = primes[..8].iter().map(|prime| low((BigUint::from(*prime) << 64_u32).sqrt())).collect();
    let k = primes.iter().map(|prime| low((BigUint::from(*prime) << 96_u32).cbrt())).collect();
    let mut constants = head("SHA256", 64);
    constants.push(words("HASH_INITIAL", initial, "SHA-256 (FIPS 180-4): the initial value, the constants of the rounds."));
    constants.push(words("HASH_K", k, ""));
    constants
}

/// T_j is rotated left by j, so that the rounds need not do it.
pub fn sm3(description: &toml::Table) -> Vec<Constant> {
    let sm3 = &description["hashes"]["sm3"];
    let parse = |hex: &str| u32::from_str_radix(hex, 16).expect("words in hexadecimal");
    let initial = sm3["initial"].as_str().expect("a string");
    let initial = (0..8).map(|index| parse(&initial[8 * index..8 * index + 8])).collect();
    let t: Vec<u32> = sm3["t"].as_array().expect("a list").iter().map(|t| parse(t.as_str().expect("a string"))).collect();
    let rotated = (0..64).map(|j| t[usize::from(j >= 16)].rotate_left(j % 32)).collect();
    let mut constants = head("SM3", 64);
    constants.push(words("HASH_INITIAL", initial, "SM3 (GB/T 32905): the initial value, and T_j rotated left by j."));
    constants.push(words("HASH_T", rotated, ""));
    constants
}

/// The constants of the rounds (FIPS 202, 3.2.5), the low word of each lane first, and the walk of rho and pi (3.2.2, 3.2.3) from lane 1 on.
pub fn keccak256() -> Vec<Constant> {
    let mut bits = shift_register();
    let mut rounds = Vec::new();
    for _ in 0..24 {
        let constant = (0..7).fold(0_u64, |constant, j| constant | u64::from(bits.next().expect("it never ends")) << ((1 << j) - 1));
        rounds.extend([constant as u32, (constant >> 32) as u32]);
    }
    let (mut x, mut y) = (1, 0);
    let (mut rho, mut pi) = (Vec::new(), Vec::new());
    for step in 0..24 {
        (x, y) = (y, (2 * x + 3 * y) % 5);
        pi.push(x + 5 * y);
        rho.push((step + 1) * (step + 2) / 2 % 64);
    }
    let mut constants = head("KECCAK256", 136);
    constants.push(words("KECCAK_ROUND", rounds, "Keccak-256: the constants of the rounds, low word and high word of each."));
    constants.push(words("KECCAK_PI", pi, "The walk from lane 1 on: the lane where each goes, and its rotation."));
    constants.push(words("KECCAK_RHO", rho, ""));
    constants
}

/// The bits rc(t) of FIPS 202, algorithm 5.
fn shift_register() -> impl Iterator<Item = bool> {
    let mut register = 1_u32;
    std::iter::repeat_with(move || {
        let bit = register & 1 == 1;
        register <<= 1;
        if register & 0x100 != 0 {
            register ^= 0x171;
        }
        bit
    })
}
