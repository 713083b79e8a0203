//! Every field against a big-integer library, on random values and on the edges of limbs and of the modulus.

use num_bigint::BigUint;
use proptest::prelude::*;

use super::{
    Field,
    lanes::portable::FourLimbs,
    limbs::{self, Limbs},
    moduli::{P256Base, P256Scalar, Secp256k1Scalar, Sm2Base, Sm2Scalar},
    secp256k1::Secp256k1Base,
};

fn big(integer: &Limbs) -> BigUint {
    BigUint::from_bytes_be(&limbs::to_be_bytes(integer))
}

fn limbs_of(integer: &BigUint) -> Limbs {
    let mut digits = integer.to_u64_digits();
    digits.resize(4, 0);
    digits.try_into().expect("below 2^256")
}

/// Integers with limbs at their edges come often: they make the carries.
fn integer() -> impl Strategy<Value = Limbs> {
    let limb = prop_oneof![
        any::<u64>(),
        Just(0),
        Just(1),
        Just(u64::MAX),
        Just(u64::MAX - 1),
        Just(1 << 63),
        Just(u64::from(u32::MAX)),
        Just(1 << 32)
    ];
    prop::array::uniform4(limb)
}

/// An element: any integer reduced, or one at a small distance of 0 or p.
pub(super) fn element<F: Field>() -> impl Strategy<Value = Limbs> {
    let p = big(&F::MODULUS);
    let near = (0u64..1 << 34).prop_map(BigUint::from);
    let (p1, p2) = (p.clone(), p.clone());
    prop_oneof![
        4 => integer().prop_map(move |integer| limbs_of(&(big(&integer) % &p1))),
        1 => near.clone().prop_map(|distance| limbs_of(&distance)),
        1 => near.prop_map(move |distance| limbs_of(&(&p2 - 1u32 - distance))),
    ]
}

fn check_pair<F: Field>(a: &Limbs, b: &Limbs) {
    let p = big(&F::MODULUS);
    let (fa, fb) = (F::from_limbs(a).unwrap(), F::from_limbs(b).unwrap());
    let (a, b) = (big(a), big(b));
    let is = |element: F, expected: BigUint| assert_eq!(big(&element.to_limbs()), expected % &p);
    is(fa, a.clone());
    is(fa.add(&fb), &a + &b);
    is(fa.sub(&fb), &p + &a - &b);
    is(fa.mul(&fb), &a * &b);
    is(fa.square(), &a * &a);
    is(fa.double(), &a * 2u32);
    is(fa.neg(), &p - &a);
    is(fa.half().double(), a.clone());
    assert_eq!(fa.is_odd(), a.bit(0));
    assert_eq!(fa == fb, a == b);
    assert_eq!(fa.is_zero(), a == BigUint::ZERO);
}

fn check_inverse<F: Field>(a: &Limbs) {
    let element = F::from_limbs(a).unwrap();
    let inverse = element.invert_var();
    if element.is_zero() {
        assert!(inverse.is_zero());
    } else {
        assert_eq!(inverse.mul(&element), F::ONE);
    }
}

/// Inverses together are the inverses alone, zeros among them too.
fn check_inverses<F: Field>(elements: &[Limbs]) {
    let elements: Vec<_> = elements.iter().map(|integer| F::from_limbs(integer).unwrap()).collect();
    let mut inverses = elements.clone();
    F::invert_all_var(&mut inverses);
    assert!(elements.iter().map(F::invert_var).eq(inverses));
}

/// Every element is a square or the opposite of one, for a prime that is 3 modulo 4.
fn check_root<F: FourLimbs>(a: &Limbs) {
    let element = F::from_limbs(a).unwrap();
    let (root, opposite) = (element.sqrt_var(), element.neg().sqrt_var());
    assert!(element.is_zero() || root.is_some() != opposite.is_some());
    for (root, square) in [(root, element), (opposite, element.neg())] {
        assert!(root.is_none_or(|root| root.square() == square));
    }
    let (root, square) = (element, element.square());
    assert!(square.sqrt_var().is_some_and(|found| found == root || found == root.neg()));
}

fn check_edges<F: Field>() {
    let p = F::MODULUS;
    let below = |distance: u64| limbs::sub(&p, &[distance, 0, 0, 0]).0;
    let edges =
        [[0; 4], [1, 0, 0, 0], [2, 0, 0, 0], [u64::MAX, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1 << 63], below(1), below(2), below(1 << 32)];
    for a in &edges {
        for b in &edges {
            check_pair::<F>(a, b);
        }
        check_inverse::<F>(a);
    }
    check_inverses::<F>(&edges);
    assert_eq!(F::from_limbs(&p), None);
    assert_eq!(F::from_limbs(&[u64::MAX; 4]), None);
    assert!(F::from_limbs(&below(1)).is_some());
}

macro_rules! field_tests {
    ($($name:ident: $field:ty;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn edges() {
                check_edges::<$field>();
            }

            proptest! {
                #![proptest_config(ProptestConfig::with_cases(2000))]
                #[test]
                fn pairs(a in element::<$field>(), b in element::<$field>()) {
                    check_pair::<$field>(&a, &b);
                }

                #[test]
                fn inverses(a in element::<$field>(), many in prop::collection::vec(element::<$field>(), 0..4)) {
                    check_inverse::<$field>(&a);
                    check_inverses::<$field>(&many);
                }
            }
        }
    )*};
}

field_tests! {
    secp256k1_base: Secp256k1Base;
    secp256k1_scalar: Secp256k1Scalar;
    p256_base: P256Base;
    p256_scalar: P256Scalar;
    sm2_base: Sm2Base;
    sm2_scalar: Sm2Scalar;
}

proptest! {
    #[test]
    fn square_roots(a in element::<Secp256k1Base>(), b in element::<P256Base>(), c in element::<Sm2Base>()) {
        check_root::<Secp256k1Base>(&a);
        check_root::<P256Base>(&b);
        check_root::<Sm2Base>(&c);
    }

    #[test]
    fn integers(a in integer(), b in integer()) {
        let wide = |wide: limbs::Wide| wide.iter().rev().fold(BigUint::ZERO, |sum, limb| (sum << 64) + limb);
        prop_assert_eq!(wide(limbs::mul_wide(&a, &b)), big(&a) * big(&b));
        prop_assert_eq!(wide(limbs::square_wide(&a)), big(&a) * big(&a));
        prop_assert_eq!(limbs::less(&a, &b), big(&a) < big(&b));
        prop_assert_eq!(limbs::from_be_bytes(&limbs::to_be_bytes(&a)), a);
    }

    #[test]
    fn scalars_of_any_integer(a in integer(), b in integer()) {
        let n = big(&Sm2Scalar::MODULUS);
        let (x, y) = (Sm2Scalar::from_limbs_reduced(&a), limbs_of(&(big(&b) % &n)));
        prop_assert_eq!(big(&x.to_limbs()), big(&a) % &n);
        prop_assert_eq!(big(&x.mul_integer(&y)), big(&a) * big(&y) % &n);
    }
}
