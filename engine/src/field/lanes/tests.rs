//! Lanes against the field's own arithmetic, on elements at the edges of limbs and of the modulus.

use proptest::prelude::*;

use super::{Lanes, LanesSum, PackedPoint, portable::Portable};
use crate::{
    field::{Field, limbs::Limbs, moduli, secp256k1::Secp256k1Base, tests::element},
    simd::{Baseline, Instructions, Kernel},
};

/// Every operation on the lanes of two arrays of elements.
struct Operations<'a, L: Lanes> {
    instructions: L::Instructions,
    a: &'a [Limbs; 8],
    b: &'a [Limbs; 8],
}

fn values<L: Lanes>(lanes: L) -> Vec<Limbs> {
    let mut values = vec![[0; 4]; L::WIDTH];
    lanes.integers(|lane, integer| values[lane] = integer);
    values
}

impl<L: Lanes> Kernel for Operations<'_, L> {
    type Output = Vec<(&'static str, Vec<Limbs>)>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let load = |integers: &[Limbs; 8]| L::from_integers(self.instructions, |lane| integers[lane]);
        let (a, b) = (load(self.a), load(self.b));
        let long = |first: L| (0..6).fold(first.sum(), |sum, _| sum.twice().minus(b).plus(a)).reduce();
        let mut packed = vec![[0; 4]; L::WIDTH];
        a.sub(b).store(|lane, limbs| packed[lane] = limbs);
        let loaded = L::load(self.instructions, |lane| packed[lane]);
        let mut points = vec![PackedPoint([0; 8]); L::WIDTH];
        L::store_points(a, a.mul(b), |lane, point| points[lane] = point);
        let (x, y, _) = L::load_points(self.instructions, |lane| &points[lane]);
        let zeros = |lanes: L| (0..L::WIDTH).map(|lane| [u64::from(lanes.is_zero() >> lane & 1), 0, 0, 0]).collect();
        vec![
            ("a", values(a)),
            ("a + b", values(a.add(b))),
            ("a - b", values(a.sub(b))),
            ("a * b", values(a.mul(b))),
            ("a^2", values(a.square())),
            ("2a", values(a.double())),
            ("(a - b)(a + b)", values(a.sub(b).mul(a.add(b)))),
            ("(a - b)^2", values(a.sub(b).square())),
            ("long", values(long(a))),
            ("(long)^2", values(long(a).square())),
            ("-a", values(a.negate(L::ALL))),
            ("1/a", values(a.blend(a.is_zero(), L::one(self.instructions)).invert_var())),
            ("stored a - b", values(loaded)),
            ("x", values(x)),
            ("y", values(y)),
            ("a is 0", zeros(a)),
            ("a - b is 0", zeros(a.sub(b))),
            ("a - a is 0", zeros(a.sub(a))),
        ]
    }
}

/// The same by the field's own arithmetic.
fn expected<F: Field>(a: &Limbs, b: &Limbs) -> Vec<Limbs> {
    let [a, b] = [a, b].map(|integer| F::from_limbs(integer).unwrap());
    let long = (0..6).fold(a, |sum, _| sum.double().sub(&b).add(&a));
    let inverse = if a.is_zero() { F::ONE } else { a.invert_var() };
    let mut values: Vec<_> = [
        a,
        a.add(&b),
        a.sub(&b),
        a.mul(&b),
        a.square(),
        a.double(),
        a.sub(&b).mul(&a.add(&b)),
        a.sub(&b).square(),
        long,
        long.square(),
        a.neg(),
        inverse,
        a.sub(&b),
        a,
        a.mul(&b),
    ]
    .map(|element| element.to_limbs())
    .into();
    values.extend([a.is_zero(), a == b, true].map(|is| [u64::from(is), 0, 0, 0]));
    values
}

fn check<L: Lanes>(instructions: L::Instructions, a: &[Limbs; 8], b: &[Limbs; 8]) {
    let operations = instructions.run(Operations::<L> { instructions, a, b });
    for lane in 0..L::WIDTH {
        for ((operation, values), expected) in operations.iter().zip(expected::<L::Field>(&a[lane], &b[lane])) {
            assert_eq!(values[lane], expected, "{operation} in lane {lane} of {}, a = {:x?}, b = {:x?}", L::WIDTH, a[lane], b[lane]);
        }
    }
}

macro_rules! lanes_are_the_field {
    ($name:ident, $field:ty, $prime:ty) => {
        proptest! {
            #[test]
            fn $name(a in prop::array::uniform8(element::<$field>()), b in prop::array::uniform8(element::<$field>())) {
                check::<Portable<$field>>(Baseline, &a, &b);
                #[cfg(target_arch = "x86_64")]
                if let Some(avx512) = crate::simd::Processor::detect().avx512() {
                    check::<super::ifma::Ifma<$prime>>(avx512, &a, &b);
                    check::<super::ifma::Ifma<$prime>>(avx512, &a, &a);
                }
            }
        }
    };
}

lanes_are_the_field!(secp256k1, Secp256k1Base, Secp256k1Base);
lanes_are_the_field!(p256, moduli::P256Base, moduli::P256Prime);
lanes_are_the_field!(sm2, moduli::Sm2Base, moduli::Sm2Prime);
