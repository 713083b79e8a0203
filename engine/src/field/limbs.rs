//! 256-bit integers as four 64-bit limbs, least significant first, and the carry arithmetic under every field.

/// A 256-bit integer: four 64-bit limbs, least significant first.
pub type Limbs = [u64; 4];

/// A 512-bit integer: eight 64-bit limbs, least significant first.
pub type Wide = [u64; 8];

/// a + b + carry, as (low limb, carry out), for a carry of any size.
#[inline(always)]
pub(crate) const fn adc(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let sum = a as u128 + b as u128 + carry as u128;
    (sum as u64, (sum >> 64) as u64)
}

/// a + b + carry, as (low limb, carry out); a carry is 0 or 1.
#[inline(always)]
pub(crate) const fn add_carry(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let (sum, first) = a.overflowing_add(b);
    let (sum, second) = sum.overflowing_add(carry);
    (sum, (first | second) as u64)
}

/// a - b - borrow, as (low limb, borrow out); a borrow is 0 or 1.
#[inline(always)]
pub(crate) const fn sbb(a: u64, b: u64, borrow: u64) -> (u64, u64) {
    let (difference, first) = a.overflowing_sub(b);
    let (difference, second) = difference.overflowing_sub(borrow);
    (difference, (first | second) as u64)
}

/// acc + a*b + carry, as (low limb, high limb). It cannot overflow: (2^64-1)^2 + 2(2^64-1) = 2^128 - 1.
#[inline(always)]
pub(crate) const fn mac(acc: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let sum = acc as u128 + a as u128 * b as u128 + carry as u128;
    (sum as u64, (sum >> 64) as u64)
}

/// a + b, as (sum mod 2^256, carry out).
#[inline(always)]
#[must_use]
pub const fn add(a: &Limbs, b: &Limbs) -> (Limbs, u64) {
    let (r0, c) = add_carry(a[0], b[0], 0);
    let (r1, c) = add_carry(a[1], b[1], c);
    let (r2, c) = add_carry(a[2], b[2], c);
    let (r3, c) = add_carry(a[3], b[3], c);
    ([r0, r1, r2, r3], c)
}

/// a - b, as (difference mod 2^256, borrow out).
#[inline(always)]
#[must_use]
pub const fn sub(a: &Limbs, b: &Limbs) -> (Limbs, u64) {
    let (r0, c) = sbb(a[0], b[0], 0);
    let (r1, c) = sbb(a[1], b[1], c);
    let (r2, c) = sbb(a[2], b[2], c);
    let (r3, c) = sbb(a[3], b[3], c);
    ([r0, r1, r2, r3], c)
}

/// Whether a < b.
#[inline(always)]
#[must_use]
pub const fn less(a: &Limbs, b: &Limbs) -> bool {
    sub(a, b).1 == 1
}

/// Whether a = 0.
#[inline(always)]
#[must_use]
pub const fn is_zero(a: &Limbs) -> bool {
    a[0] | a[1] | a[2] | a[3] == 0
}

/// a or b, without a branch: `b` where `choose_b`. Whether a sum is above the modulus is a coin toss, which no processor predicts.
#[inline(always)]
pub(crate) const fn select(a: &Limbs, b: &Limbs, choose_b: bool) -> Limbs {
    let mask = (choose_b as u64).wrapping_neg();
    [a[0] ^ (mask & (a[0] ^ b[0])), a[1] ^ (mask & (a[1] ^ b[1])), a[2] ^ (mask & (a[2] ^ b[2])), a[3] ^ (mask & (a[3] ^ b[3]))]
}

/// (a + b) mod m, for a, b < m.
#[inline(always)]
pub(crate) const fn add_mod(a: &Limbs, b: &Limbs, m: &Limbs) -> Limbs {
    let (sum, carry) = add(a, b);
    reduce_once(&sum, carry, m)
}

/// (a - b) mod m, for a, b < m.
#[inline(always)]
pub(crate) const fn sub_mod(a: &Limbs, b: &Limbs, m: &Limbs) -> Limbs {
    let (difference, borrow) = sub(a, b);
    let mask = borrow.wrapping_neg();
    add(&difference, &[m[0] & mask, m[1] & mask, m[2] & mask, m[3] & mask]).0
}

/// (carry * 2^256 + a) mod m, for a value below 2m.
#[inline(always)]
pub(crate) const fn reduce_once(a: &Limbs, carry: u64, m: &Limbs) -> Limbs {
    let (reduced, borrow) = sub(a, m);
    // carry and borrow differ only where the value is below m.
    let mask = carry.wrapping_sub(borrow);
    add(&reduced, &[m[0] & mask, m[1] & mask, m[2] & mask, m[3] & mask]).0
}

/// a/2 mod m, for a < m and m odd.
#[inline(always)]
pub(crate) const fn half_mod(a: &Limbs, m: &Limbs) -> Limbs {
    let mask = (a[0] & 1).wrapping_neg();
    let (even, carry) = add(a, &[m[0] & mask, m[1] & mask, m[2] & mask, m[3] & mask]);
    [even[0] >> 1 | even[1] << 63, even[1] >> 1 | even[2] << 63, even[2] >> 1 | even[3] << 63, even[3] >> 1 | carry << 63]
}

/// a * b, all 512 bits.
#[inline(always)]
#[must_use]
pub const fn mul_wide(a: &Limbs, b: &Limbs) -> Wide {
    let (r0, c) = mac(0, a[0], b[0], 0);
    let (r1, c) = mac(0, a[0], b[1], c);
    let (r2, c) = mac(0, a[0], b[2], c);
    let (r3, r4) = mac(0, a[0], b[3], c);

    let (r1, c) = mac(r1, a[1], b[0], 0);
    let (r2, c) = mac(r2, a[1], b[1], c);
    let (r3, c) = mac(r3, a[1], b[2], c);
    let (r4, r5) = mac(r4, a[1], b[3], c);

    let (r2, c) = mac(r2, a[2], b[0], 0);
    let (r3, c) = mac(r3, a[2], b[1], c);
    let (r4, c) = mac(r4, a[2], b[2], c);
    let (r5, r6) = mac(r5, a[2], b[3], c);

    let (r3, c) = mac(r3, a[3], b[0], 0);
    let (r4, c) = mac(r4, a[3], b[1], c);
    let (r5, c) = mac(r5, a[3], b[2], c);
    let (r6, r7) = mac(r6, a[3], b[3], c);
    [r0, r1, r2, r3, r4, r5, r6, r7]
}

/// a^2, all 512 bits: the products off the diagonal once, doubled, and the diagonal.
#[inline(always)]
#[must_use]
pub const fn square_wide(a: &Limbs) -> Wide {
    let (r1, c) = mac(0, a[0], a[1], 0);
    let (r2, c) = mac(0, a[0], a[2], c);
    let (r3, r4) = mac(0, a[0], a[3], c);
    let (r3, c) = mac(r3, a[1], a[2], 0);
    let (r4, r5) = mac(r4, a[1], a[3], c);
    let (r5, r6) = mac(r5, a[2], a[3], 0);

    let r7 = r6 >> 63;
    let r6 = r6 << 1 | r5 >> 63;
    let r5 = r5 << 1 | r4 >> 63;
    let r4 = r4 << 1 | r3 >> 63;
    let r3 = r3 << 1 | r2 >> 63;
    let r2 = r2 << 1 | r1 >> 63;
    let r1 = r1 << 1;

    let (r0, c) = mac(0, a[0], a[0], 0);
    let (r1, c) = adc(r1, 0, c);
    let (r2, c) = mac(r2, a[1], a[1], c);
    let (r3, c) = adc(r3, 0, c);
    let (r4, c) = mac(r4, a[2], a[2], c);
    let (r5, c) = adc(r5, 0, c);
    let (r6, c) = mac(r6, a[3], a[3], c);
    let (r7, _) = adc(r7, 0, c);
    [r0, r1, r2, r3, r4, r5, r6, r7]
}

/// `count` bits from `position` on, for a count from 1 to 32; bits above the integer are 0.
#[inline(always)]
#[must_use]
pub fn bits(integer: &Limbs, position: usize, count: u32) -> u32 {
    let (limb, shift) = (position / 64, position % 64);
    let at = |limb: usize| integer.get(limb).copied().unwrap_or(0);
    let low = at(limb) >> shift;
    let high = if shift == 0 { 0 } else { at(limb + 1) << (64 - shift) };
    (low | high) as u32 & (u32::MAX >> (32 - count))
}

/// The integer that 32 big-endian bytes write.
#[inline]
#[must_use]
pub const fn from_be_bytes(bytes: &[u8; 32]) -> Limbs {
    let mut limbs = [0; 4];
    let mut i = 0;
    while i < 32 {
        limbs[3 - i / 8] = limbs[3 - i / 8] << 8 | bytes[i] as u64;
        i += 1;
    }
    limbs
}

/// The 32 big-endian bytes of an integer.
#[inline]
#[must_use]
pub fn to_be_bytes(limbs: &Limbs) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (chunk, limb) in bytes.chunks_exact_mut(8).zip(limbs.iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    bytes
}

/// The integer that 64 hexadecimal digits write, for constants copied from standards.
///
/// # Panics
/// At compile time, where the text is not 64 hexadecimal digits.
#[must_use]
pub const fn from_hex(text: &str) -> Limbs {
    let digits = text.as_bytes();
    assert!(digits.len() == 64, "a 256-bit constant has 64 digits");
    let mut limbs = [0; 4];
    let mut i = 0;
    while i < 64 {
        let digit = match digits[i] {
            d @ b'0'..=b'9' => d - b'0',
            d @ b'a'..=b'f' => d - b'a' + 10,
            d @ b'A'..=b'F' => d - b'A' + 10,
            _ => panic!("not a hexadecimal digit"),
        };
        limbs[3 - i / 16] = limbs[3 - i / 16] << 4 | digit as u64;
        i += 1;
    }
    limbs
}
