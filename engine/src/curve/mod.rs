//! The groups of secp256k1, P-256 and SM2.
//!
//! All three have prime order and cofactor 1: every point of the curve is in the group. Nothing here knows signatures.
//!
//! - [`point`]: affine and Jacobian points, the group law.
//! - [`wnaf`]: signed digits of scalars.
//! - [`product`]: u1*G + u2*Q by interleaved windows, and the tables of G.
//! - [`endomorphism`]: the split of a scalar on secp256k1.
//! - [`sec1`]: points from bytes.
//! - [`lanes`]: many points at once, in the lanes of vectors.

pub mod endomorphism;
pub mod lanes;
pub mod point;
pub mod product;
pub mod sec1;
pub mod wnaf;

#[cfg(test)]
mod small_subgroups;

use std::{fmt::Debug, sync::OnceLock};

use crate::field::{
    lanes::portable::FourLimbs,
    limbs::{Limbs, from_hex},
    moduli::{P256Base, P256Order, Secp256k1Order, Sm2Base, Sm2Order},
    montgomery::{Modulus, Montgomery},
    secp256k1::Secp256k1Base,
};
#[cfg(target_arch = "x86_64")]
use crate::{
    field::{
        lanes::{Lanes, ifma::Ifma},
        moduli::{P256Prime, Sm2Prime},
    },
    simd::avx512::Avx512,
};
use endomorphism::Endomorphism;
use point::Affine;
use product::GeneratorTables;

/// The coefficient a of y^2 = x^3 + a x + b.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoefficientA {
    /// a = 0.
    Zero,
    /// a = -3.
    MinusThree,
}

/// A group of points of y^2 = x^3 + a x + b, of odd order, with a generator. The order itself stands in [`Curve`]: the group law does not need it.
pub trait Group: Copy + Eq + Debug + Send + Sync + 'static {
    /// The field of the coordinates.
    type Base: FourLimbs;
    /// The widest lanes of that field.
    #[cfg(target_arch = "x86_64")]
    type Wide: Lanes<Field = Self::Base, Instructions = Avx512>;
    /// a.
    const A: CoefficientA;
    /// b.
    const B: Self::Base;
    /// The generator.
    const G: Affine<Self>;
    /// A cheap endomorphism, where the curve has one.
    const ENDOMORPHISM: Option<Endomorphism<Self::Base>> = None;

    /// The tables of G, made at the first use and kept as long as the process lives.
    fn generator_tables() -> &'static GeneratorTables<Self>;
}

/// A group of known prime order n, with n < p < 2n.
pub trait Curve: Group {
    /// Tells the curves apart.
    const NUMBER: u8;
    /// n, as the modulus of the scalars.
    type Order: Modulus;
    /// n.
    const N: Limbs = Self::Order::M;
}

/// An integer modulo the order of `C`.
pub type Scalar<C> = Montgomery<<C as Curve>::Order>;

/// secp256k1 (SEC 2, 2.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secp256k1;

/// P-256, also secp256r1 and prime256v1 (SP 800-186, 3.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct P256;

/// sm2p256v1, the curve recommended for SM2 (GB/T 32918.5, 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sm2;

impl Group for Secp256k1 {
    type Base = Secp256k1Base;
    #[cfg(target_arch = "x86_64")]
    type Wide = Ifma<Secp256k1Base>;
    const A: CoefficientA = CoefficientA::Zero;
    const B: Self::Base = Secp256k1Base::constant([7, 0, 0, 0]);
    const G: Affine<Self> = Affine {
        x: Secp256k1Base::constant(from_hex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")),
        y: Secp256k1Base::constant(from_hex("483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8")),
    };
    const ENDOMORPHISM: Option<Endomorphism<Self::Base>> = Some(endomorphism::SECP256K1);

    fn generator_tables() -> &'static GeneratorTables<Self> {
        static TABLES: OnceLock<GeneratorTables<Secp256k1>> = OnceLock::new();
        TABLES.get_or_init(GeneratorTables::new)
    }
}

impl Curve for Secp256k1 {
    const NUMBER: u8 = 0;
    type Order = Secp256k1Order;
}

impl Group for P256 {
    type Base = P256Base;
    #[cfg(target_arch = "x86_64")]
    type Wide = Ifma<P256Prime>;
    const A: CoefficientA = CoefficientA::MinusThree;
    const B: Self::Base = P256Base::constant(from_hex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"));
    const G: Affine<Self> = Affine {
        x: P256Base::constant(from_hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")),
        y: P256Base::constant(from_hex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")),
    };

    fn generator_tables() -> &'static GeneratorTables<Self> {
        static TABLES: OnceLock<GeneratorTables<P256>> = OnceLock::new();
        TABLES.get_or_init(GeneratorTables::new)
    }
}

impl Curve for P256 {
    const NUMBER: u8 = 1;
    type Order = P256Order;
}

impl Group for Sm2 {
    type Base = Sm2Base;
    #[cfg(target_arch = "x86_64")]
    type Wide = Ifma<Sm2Prime>;
    const A: CoefficientA = CoefficientA::MinusThree;
    const B: Self::Base = Sm2Base::constant(from_hex("28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"));
    const G: Affine<Self> = Affine {
        x: Sm2Base::constant(from_hex("32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7")),
        y: Sm2Base::constant(from_hex("bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0")),
    };

    fn generator_tables() -> &'static GeneratorTables<Self> {
        static TABLES: OnceLock<GeneratorTables<Sm2>> = OnceLock::new();
        TABLES.get_or_init(GeneratorTables::new)
    }
}

impl Curve for Sm2 {
    const NUMBER: u8 = 2;
    type Order = Sm2Order;
}
