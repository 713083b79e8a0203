//! The primes whose fields are in Montgomery form.

use super::{
    lanes::Lanes,
    limbs::{Limbs, add_carry, from_hex, sbb},
    montgomery::{BaseModulus, Modulus, Montgomery},
};

/// Base field of P-256: p = 2^256 - 2^224 + 2^192 + 2^96 - 1 (SP 800-186, 3.2.1.3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct P256Prime;

/// Base field of SM2: p = 2^256 - 2^224 - 2^96 + 2^64 - 1 (GB/T 32918.5, 2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sm2Prime;

/// Order of the group of secp256k1 (SEC 2, 2.4.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secp256k1Order;

/// Order of the group of P-256 (SP 800-186, 3.2.1.3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct P256Order;

/// Order of the group of SM2 (GB/T 32918.5, 2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sm2Order;

/// An element of the base field of P-256.
pub type P256Base = Montgomery<P256Prime>;
/// An element of the base field of SM2.
pub type Sm2Base = Montgomery<Sm2Prime>;
/// A scalar of secp256k1.
pub type Secp256k1Scalar = Montgomery<Secp256k1Order>;
/// A scalar of P-256.
pub type P256Scalar = Montgomery<P256Order>;
/// A scalar of SM2.
pub type Sm2Scalar = Montgomery<Sm2Order>;

impl Modulus for P256Prime {
    const M: Limbs = from_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");

    /// p = -1 mod 2^64, so q is the lowest limb, and q*(p + 1)/2^64 = q*(2^192 - 2^160 + 2^128 + 2^32) is shifts and additions.
    #[inline(always)]
    fn reduce_low(low: Limbs) -> Limbs {
        let mut acc = low;
        for _ in 0..4 {
            let q = acc[0];
            let (v2, borrow) = sbb(q, q << 32, 0);
            let (v3, _) = sbb(q, q >> 32, borrow);
            let (r0, c) = add_carry(acc[1], q << 32, 0);
            let (r1, c) = add_carry(acc[2], q >> 32, c);
            let (r2, c) = add_carry(acc[3], v2, c);
            acc = [r0, r1, r2, v3 + c];
        }
        acc
    }
}

impl Modulus for Sm2Prime {
    const M: Limbs = from_hex("fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff");

    /// p = -1 mod 2^64, so q is the lowest limb, and q*(p + 1)/2^64 = q*(2^192 - 2^160 - 2^32 + 1) is shifts and subtractions.
    #[inline(always)]
    fn reduce_low(low: Limbs) -> Limbs {
        let mut acc = low;
        for _ in 0..4 {
            let q = acc[0];
            let (v0, borrow) = sbb(q, q << 32, 0);
            let (v1, borrow) = sbb(0, q >> 32, borrow);
            let (v2, borrow) = sbb(0, q << 32, borrow);
            let (v3, _) = sbb(q, q >> 32, borrow);
            let (r0, c) = add_carry(acc[1], v0, 0);
            let (r1, c) = add_carry(acc[2], v1, c);
            let (r2, c) = add_carry(acc[3], v2, c);
            acc = [r0, r1, r2, v3 + c];
        }
        acc
    }
}

/// x^(2^32 - 1).
#[inline(always)]
fn ones_32<L: Lanes>(x1: L) -> L {
    let x2 = x1.ones(1, x1);
    let x4 = x2.ones(2, x2);
    let x8 = x4.ones(4, x4);
    let x16 = x8.ones(8, x8);
    x16.ones(16, x16)
}

impl BaseModulus for P256Prime {
    /// (p + 1)/4 = 2^94 * (2^96 * (2^64 - 2^32 + 1) + 1).
    #[inline(always)]
    fn sqrt_candidate<L: Lanes>(x: L) -> L {
        ones_32(x).squared(32).mul(x).squared(96).mul(x).squared(94)
    }
}

impl BaseModulus for Sm2Prime {
    /// (p + 1)/4 = 2^62 * (2^32 - 1) * (2^160 - 1).
    #[inline(always)]
    fn sqrt_candidate<L: Lanes>(x: L) -> L {
        let x1 = ones_32(x);
        let x2 = x1.ones(1, x1);
        let x4 = x2.ones(2, x2);
        let x5 = x4.ones(1, x1);
        let x10 = x5.ones(5, x5);
        let x20 = x10.ones(10, x10);
        let x40 = x20.ones(20, x20);
        let x80 = x40.ones(40, x40);
        x80.ones(80, x80).squared(62)
    }
}

impl Modulus for Secp256k1Order {
    const M: Limbs = from_hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
}

impl Modulus for P256Order {
    const M: Limbs = from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
}

impl Modulus for Sm2Order {
    const M: Limbs = from_hex("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123");
}
