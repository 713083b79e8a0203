//! Lanes of points against the group law of single points.

use proptest::prelude::*;

use super::{
    Term,
    add::Adder,
    buckets::{self, Product},
    fixed_base::FixedBase,
    pack,
    sum::sum_lists,
    unpack,
    variable_base::{self, Exceptional},
    windows::SignedScalar,
};
use crate::{
    curve::{
        Curve, P256, Scalar, Secp256k1, Sm2,
        point::{Affine, Jacobian},
        product::double_product_var,
    },
    field::{
        Field,
        lanes::{Lanes, portable::Portable},
        limbs::Limbs,
    },
    simd::Baseline,
};

fn times<C: Curve>(k: &Limbs) -> Affine<C> {
    double_product_var(&[0; 4], k, &C::G).to_affine_var()
}

/// k*G for small k of either sign, so that equal points, opposite ones and the identity come often.
fn small<C: Curve>(k: i8) -> Affine<C> {
    let point = times::<C>(&[u64::from(k.unsigned_abs()), 0, 0, 0]);
    if k < 0 { point.neg() } else { point }
}

fn check_pairs<C: Curve, L: Lanes<Field = C::Base>>(instructions: L::Instructions, pairs: &[(i8, bool, i8, bool)]) {
    let points: Vec<_> = pairs.iter().flat_map(|&(a, _, b, _)| [small::<C>(a), small(b)]).collect();
    let packed = pack::<C, L>(instructions, &points);
    assert_eq!(unpack::<C, L>(instructions, &packed), points);
    let mut sums = packed[..pairs.len()].to_vec();
    Adder::<C, L>::new(instructions).add(&mut sums, |index| {
        let (_, first, _, second) = pairs[index];
        [Term { point: &packed[2 * index], negative: first }, Term { point: &packed[2 * index + 1], negative: second }]
    });
    for (&(a, first, b, second), sum) in pairs.iter().zip(unpack::<C, L>(instructions, &sums)) {
        let signed = |k: i8, negative| if negative { -k } else { k };
        assert_eq!(sum, small(signed(a, first) + signed(b, second)), "{a} {first} {b} {second}");
    }
}

fn check_lists<C: Curve, L: Lanes<Field = C::Base>>(instructions: L::Instructions, lists: &[i8], len: usize) {
    let points: Vec<_> = lists.iter().map(|&k| small::<C>(k)).collect();
    let packed = pack::<C, L>(instructions, &points);
    let items = lists.len() / len;
    let sums = sum_lists(&mut Adder::<C, L>::new(instructions), items, len, |item, k| Term::from(&packed[item * len + k]));
    for (list, sum) in lists.chunks(len).zip(unpack::<C, L>(instructions, &sums)) {
        assert_eq!(sum, list.iter().fold(Jacobian::IDENTITY, |sum, &k| sum.add_affine(&small(k))).to_affine_var());
    }
}

fn check_products<C: Curve, L: Lanes<Field = C::Base>>(instructions: L::Instructions, pairs: &[(Limbs, Limbs)]) {
    let points: Vec<_> = pairs.iter().map(|(point, _)| times::<C>(point)).collect();
    let scalars: Vec<_> = pairs.iter().map(|(_, scalar)| *scalar).collect();
    let expected: Vec<_> = points.iter().zip(&scalars).map(|(q, k)| double_product_var(&[0; 4], k, q).to_affine_var()).collect();
    let mut adder = Adder::<C, L>::new(instructions);
    let packed = pack::<C, L>(instructions, &points);
    for (index, product) in variable_base::products(&mut adder, &packed, &scalars, &C::N).into_iter().enumerate() {
        match product {
            Ok(product) => assert_eq!(unpack::<C, L>(instructions, &[product]), [expected[index]]),
            Err(Exceptional) => {
                let k = scalars[index];
                let small = |k: &Limbs| k[1..] == [0; 3] && k[0] < 64;
                let opposite = Scalar::<C>::from_limbs(&k).unwrap().neg().to_limbs();
                let rare = small(&k) || small(&opposite) || points[index].is_identity();
                assert!(rare, "{k:x?} is an exception");
            }
        }
    }
    for width in [2, 5] {
        let tables: Vec<_> = points.iter().map(|point| FixedBase::new(&mut adder, point, width)).collect();
        let len = FixedBase::digits_of(width);
        let mut digits = vec![vec![0; len]; scalars.len()];
        for (scalar, digits) in scalars.iter().zip(&mut digits) {
            SignedScalar::new(scalar, &C::N).write_digits(width, digits);
        }
        let products = sum_lists(&mut adder, points.len(), len, |item, position| tables[item].term(position, digits[item][position]));
        assert_eq!(unpack::<C, L>(instructions, &products), expected);
    }
}

fn check_buckets<C: Curve, L: Lanes<Field = C::Base>>(instructions: L::Instructions, pairs: &[(i8, Limbs)], width: u32) {
    let points: Vec<_> = pairs.iter().map(|&(k, _)| small::<C>(k)).collect();
    let products: Vec<_> = pack::<C, L>(instructions, &points)
        .into_iter()
        .zip(pairs)
        .map(|(point, (_, factor))| Product { point, factor: SignedScalar::new(factor, &C::N) })
        .collect();
    let sum = buckets::sum_of_products::<C, L>(instructions, &products, 255, width);
    let expected =
        points.iter().zip(pairs).fold(Jacobian::IDENTITY, |sum, (point, (_, k))| sum.add(&double_product_var(&[0; 4], k, point)));
    assert_eq!(sum.to_affine_var(), expected.to_affine_var());
}

fn scalar<C: Curve>() -> impl Strategy<Value = Limbs> {
    let small = (0u64..40).prop_map(|k| [k, 0, 0, 0]);
    let edge = (0u64..40).prop_map(|k| Scalar::<C>::from_limbs(&[k, 0, 0, 0]).unwrap().neg().to_limbs());
    prop_oneof![
        4 => any::<Limbs>().prop_map(|k| Scalar::<C>::from_limbs_reduced(&k).to_limbs()),
        1 => small,
        1 => edge,
        1 => (0u32..255).prop_map(|bit| std::array::from_fn(|limb| if bit as usize / 64 == limb { 1 << (bit % 64) } else { 0 })),
    ]
}

macro_rules! lanes_of_points {
    ($name:ident, $curve:ty) => {
        mod $name {
            use super::*;

            proptest! {
                #![proptest_config(ProptestConfig::with_cases(16))]

                #[test]
                fn sums_of_pairs(pairs in prop::collection::vec((-4i8..=4, any::<bool>(), -4i8..=4, any::<bool>()), 1..40)) {
                    check_pairs::<$curve, Portable<_>>(Baseline, &pairs);
                    #[cfg(target_arch = "x86_64")]
                    if let Some(avx512) = crate::simd::Processor::detect().avx512() {
                        check_pairs::<$curve, <$curve as crate::curve::Group>::Wide>(avx512, &pairs);
                    }
                }

                #[test]
                fn sums_of_lists(lists in prop::collection::vec(-9i8..=9, 7 * 5), len in prop_oneof![Just(1usize), Just(5), Just(7)]) {
                    check_lists::<$curve, Portable<_>>(Baseline, &lists, len);
                    #[cfg(target_arch = "x86_64")]
                    if let Some(avx512) = crate::simd::Processor::detect().avx512() {
                        check_lists::<$curve, <$curve as crate::curve::Group>::Wide>(avx512, &lists, len);
                    }
                }

                #[test]
                fn sums_of_products(pairs in prop::collection::vec((-5i8..=5, scalar::<$curve>()), 0..40), width in 2u32..=12) {
                    check_buckets::<$curve, Portable<_>>(Baseline, &pairs, width);
                    #[cfg(target_arch = "x86_64")]
                    if let Some(avx512) = crate::simd::Processor::detect().avx512() {
                        check_buckets::<$curve, <$curve as crate::curve::Group>::Wide>(avx512, &pairs, width);
                    }
                }

                #[test]
                fn products(pairs in prop::collection::vec((scalar::<$curve>(), scalar::<$curve>()), 1..12)) {
                    check_products::<$curve, Portable<_>>(Baseline, &pairs);
                    #[cfg(target_arch = "x86_64")]
                    if let Some(avx512) = crate::simd::Processor::detect().avx512() {
                        check_products::<$curve, <$curve as crate::curve::Group>::Wide>(avx512, &pairs);
                    }
                }
            }
        }
    };
}

lanes_of_points!(secp256k1, Secp256k1);
lanes_of_points!(p256, P256);
lanes_of_points!(sm2, Sm2);
