//! Inversion modulo an odd 256-bit integer by division steps.
//!
//! Bernstein and Yang, "Fast constant-time gcd computation and modular inversion" (2019), in the variable-time form: steps are made
//! 62 at a time on the lowest limbs, as a 2x2 matrix of 62-bit integers, which is then applied to the whole integers.
//! Integers are five signed limbs of 62 bits: the value is the sum of `limb[i] * 2^(62 i)`, where only the last limb may be negative.

use super::limbs::Limbs;

type Signed62 = [i64; 5];

const LIMB_BITS: u32 = 62;
const MASK: i64 = (1 << LIMB_BITS) - 1;

/// 62 division steps as a matrix scaled by 2^62: f' = (u f + v g) / 2^62, g' = (q f + r g) / 2^62.
/// |u| + |v| and |q| + |r| are at most 2^62.
struct Steps {
    u: i64,
    v: i64,
    q: i64,
    r: i64,
}

/// Inverts modulo one odd modulus.
pub(super) struct Inverter {
    modulus: Signed62,
    /// 1/modulus mod 2^62.
    inverse: i64,
}

impl Inverter {
    pub(super) const fn new(modulus: &Limbs) -> Self {
        let mut inverse = modulus[0];
        let mut bits = 3;
        while bits < 64 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(modulus[0].wrapping_mul(inverse)));
            bits *= 2;
        }
        Self { modulus: to_signed62(modulus), inverse: inverse as i64 & MASK }
    }

    /// 1/a mod m for a below m; 0 for 0.
    pub(super) fn invert_var(&self, a: &Limbs) -> Limbs {
        // Invariants modulo m: d * a = f * 2^k and e * a = g * 2^k, with the powers of two divided out step by step.
        let mut d: Signed62 = [0; 5];
        let mut e: Signed62 = [1, 0, 0, 0, 0];
        let mut f = self.modulus;
        let mut g = to_signed62(a);
        let mut limbs = 5;
        // The paper's -delta.
        let mut eta = -1;
        while g[..limbs].iter().any(|&limb| limb != 0) {
            let steps = division_steps(&mut eta, f[0], g[0]);
            self.apply_modular(&steps, &mut d, &mut e);
            apply(&steps, &mut f[..limbs], &mut g[..limbs]);
            if let Some(shorter) = shorten(&mut f[..limbs], &mut g[..limbs]) {
                limbs = shorter;
            }
        }
        // f is now the gcd up to its sign: 1 or -1 for a prime modulus (or the modulus itself, with d = 0, for a = 0).
        self.normalize(d, f[limbs - 1] < 0)
    }

    /// d and e become (u d + v e) / 2^62 and (q d + r e) / 2^62 modulo m. Both stay in (-2m, m).
    fn apply_modular(&self, steps: &Steps, d: &mut Signed62, e: &mut Signed62) {
        let Steps { u, v, q, r } = *steps;
        let (d_negative, e_negative) = (d[4] >> 63, e[4] >> 63);
        // Multiples of m: first those that bring a negative d or e up, then those that clear the lowest limb of the sum.
        let mut multiple_d = (u & d_negative) + (v & e_negative);
        let mut multiple_e = (q & d_negative) + (r & e_negative);
        let mut sum_d = wide(u, d[0]) + wide(v, e[0]);
        let mut sum_e = wide(q, d[0]) + wide(r, e[0]);
        multiple_d -= self.inverse.wrapping_mul(sum_d as i64).wrapping_add(multiple_d) & MASK;
        multiple_e -= self.inverse.wrapping_mul(sum_e as i64).wrapping_add(multiple_e) & MASK;
        sum_d += wide(self.modulus[0], multiple_d);
        sum_e += wide(self.modulus[0], multiple_e);
        debug_assert!(sum_d as i64 & MASK == 0 && sum_e as i64 & MASK == 0);
        for i in 1..5 {
            sum_d = (sum_d >> LIMB_BITS) + wide(u, d[i]) + wide(v, e[i]) + wide(self.modulus[i], multiple_d);
            sum_e = (sum_e >> LIMB_BITS) + wide(q, d[i]) + wide(r, e[i]) + wide(self.modulus[i], multiple_e);
            d[i - 1] = sum_d as i64 & MASK;
            e[i - 1] = sum_e as i64 & MASK;
        }
        d[4] = (sum_d >> LIMB_BITS) as i64;
        e[4] = (sum_e >> LIMB_BITS) as i64;
    }

    /// d or -d, for d in (-2m, m), as an integer in [0, m).
    fn normalize(&self, mut d: Signed62, negate: bool) -> Limbs {
        if d[4] < 0 {
            d = carry(std::array::from_fn(|i| d[i] + self.modulus[i]));
        }
        if negate {
            d = carry(d.map(|limb| -limb));
        }
        if d[4] < 0 {
            d = carry(std::array::from_fn(|i| d[i] + self.modulus[i]));
        }
        let [a, b, c, d, e] = d.map(|limb| limb as u64);
        [a | b << 62, b >> 2 | c << 60, c >> 4 | d << 58, d >> 6 | e << 56]
    }
}

/// a * b, exactly.
#[inline(always)]
fn wide(a: i64, b: i64) -> i128 {
    i128::from(a) * i128::from(b)
}

const fn to_signed62(a: &Limbs) -> Signed62 {
    let limbs = [a[0], a[0] >> 62 | a[1] << 2, a[1] >> 60 | a[2] << 4, a[2] >> 58 | a[3] << 6, a[3] >> 56];
    let mut signed = [0; 5];
    let mut i = 0;
    while i < 5 {
        signed[i] = limbs[i] as i64 & MASK;
        i += 1;
    }
    signed
}

/// Brings every limb but the last into [0, 2^62).
fn carry(mut a: Signed62) -> Signed62 {
    for i in 0..4 {
        a[i + 1] += a[i] >> LIMB_BITS;
        a[i] &= MASK;
    }
    a
}

/// 62 division steps on the lowest bits of f (odd) and g. Runs of zero bits of g are one shift; where g is odd, a multiple of f clears several
/// of its bits at once.
fn division_steps(eta: &mut i64, f0: i64, g0: i64) -> Steps {
    let (mut u, mut v, mut q, mut r) = (1u64, 0u64, 0u64, 1u64);
    let (mut f, mut g) = (f0 as u64, g0 as u64);
    let mut left = LIMB_BITS;
    loop {
        // A bit set at `left` ends the count there.
        let zeros = (g | u64::MAX << left).trailing_zeros();
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        *eta -= i64::from(zeros);
        left -= zeros;
        if left == 0 {
            return Steps { u: u as i64, v: v as i64, q: q as i64, r: r as i64 };
        }
        if *eta < 0 {
            *eta = -*eta;
            (f, g) = (g, f.wrapping_neg());
            (u, q) = (q, u.wrapping_neg());
            (v, r) = (r, v.wrapping_neg());
        }
        // No more bits than there are steps left, nor than keep eta from changing its sign on the way, nor than the inverse below has.
        let bits = (*eta + 1).min(i64::from(left)).min(6) as u32;
        // -1/f mod 2^6 = f * (f^2 - 2) for an odd f.
        let w = f.wrapping_mul(f.wrapping_mul(f).wrapping_sub(2)).wrapping_mul(g) & ((1 << bits) - 1);
        g = g.wrapping_add(f.wrapping_mul(w));
        q = q.wrapping_add(u.wrapping_mul(w));
        r = r.wrapping_add(v.wrapping_mul(w));
    }
}

/// f and g become (u f + v g) / 2^62 and (q f + r g) / 2^62, which are integers.
fn apply(steps: &Steps, f: &mut [i64], g: &mut [i64]) {
    let Steps { u, v, q, r } = *steps;
    let mut sum_f = wide(u, f[0]) + wide(v, g[0]);
    let mut sum_g = wide(q, f[0]) + wide(r, g[0]);
    debug_assert!(sum_f as i64 & MASK == 0 && sum_g as i64 & MASK == 0);
    for i in 1..f.len() {
        sum_f = (sum_f >> LIMB_BITS) + wide(u, f[i]) + wide(v, g[i]);
        sum_g = (sum_g >> LIMB_BITS) + wide(q, f[i]) + wide(r, g[i]);
        f[i - 1] = sum_f as i64 & MASK;
        g[i - 1] = sum_g as i64 & MASK;
    }
    let last = f.len() - 1;
    f[last] = (sum_f >> LIMB_BITS) as i64;
    g[last] = (sum_g >> LIMB_BITS) as i64;
}

/// Drops the last limb of f and g where it only repeats the sign, by moving the sign into the limb below. The new length, if it changed.
fn shorten(f: &mut [i64], g: &mut [i64]) -> Option<usize> {
    let last = f.len() - 1;
    let is_sign = |limb: i64| limb == 0 || limb == -1;
    if last == 0 || !is_sign(f[last]) || !is_sign(g[last]) {
        return None;
    }
    f[last - 1] |= f[last] << LIMB_BITS;
    g[last - 1] |= g[last] << LIMB_BITS;
    Some(last)
}
