//! The group law, tried on every input: groups over the same fields, with another b, that have a subgroup of a few elements.
//! There equal and opposite points and the identity are met everywhere, in tables and on the way too.
//!
//! The curves were found by counting points with PARI/GP; the tests check the order of each generator.

mod lanes;

use std::sync::OnceLock;

use super::{
    CoefficientA, Curve, Group, P256, Secp256k1, Sm2,
    endomorphism::{self, Endomorphism, SignedHalf},
    point::{Affine, Jacobian},
    product::{GeneratorTables, double_product_var},
};
use crate::field::{
    Field,
    limbs::{Limbs, from_hex},
    secp256k1::Secp256k1Base,
};

/// Declares a group with a generator of small order, over the field of a curve that is `like` it.
macro_rules! small_group {
    ($name:ident, $order:literal, $like:ty, $a:ident, $b:literal, $x:literal, $y:literal $(, $endomorphism:expr)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        struct $name;

        impl Group for $name {
            type Base = <$like as Group>::Base;
            #[cfg(target_arch = "x86_64")]
            type Wide = <$like as Group>::Wide;
            const A: CoefficientA = CoefficientA::$a;
            const B: Self::Base = <<$like as Group>::Base>::constant([$b, 0, 0, 0]);
            const G: Affine<Self> = Affine { x: <<$like as Group>::Base>::constant(from_hex($x)), y: <<$like as Group>::Base>::constant(from_hex($y)) };
            $(const ENDOMORPHISM: Option<Endomorphism<Self::Base>> = Some($endomorphism);)?

            fn generator_tables() -> &'static GeneratorTables<Self> {
                static TABLES: OnceLock<GeneratorTables<$name>> = OnceLock::new();
                TABLES.get_or_init(GeneratorTables::new)
            }
        }

        impl Curve for $name {
            const NUMBER: u8 = <$like as Curve>::NUMBER;
            /// Not the order: nothing here computes modulo it.
            type Order = <$like as Curve>::Order;
            /// A multiple of the order does for digits, and gives them in all windows.
            const N: Limbs = [0, 0, 0, $order << 52];
        }
    };
}

/// The endomorphism of secp256k1's field on a group of a small order, where lambda is another: k = k1 + k2*lambda with k1 and k2 of both signs.
const fn small_endomorphism(split: fn(&Limbs) -> [SignedHalf; 2]) -> Endomorphism<Secp256k1Base> {
    Endomorphism { beta: endomorphism::SECP256K1.beta, split }
}

/// k = (k + lambda) - 1*lambda: any split that the order allows does.
fn split_by<const LAMBDA: u64>(k: &Limbs) -> [SignedHalf; 2] {
    let half = |magnitude, negative| SignedHalf { magnitude: [magnitude, 0, 0, 0], negative };
    [half(k[0] + LAMBDA, false), half(1, true)]
}

small_group!(
    KoblitzOrder7,
    7,
    Secp256k1,
    Zero,
    0x6,
    "976b34c28be19dbb836d83a6ff2fec4a0df28ba73fbef210a42fee9ec9a0966f",
    "e19f1768583ff383d20ac14967d8b00b9bdad0bd735bb1e8c4dabe7200b54b60",
    small_endomorphism(split_by::<2>)
);
small_group!(
    KoblitzOrder13,
    13,
    Secp256k1,
    Zero,
    0x2,
    "79ee1c36aebd658afa2e3b40491d77e7962476b87ca04bcdc151f97c12902b8a",
    "6bdac9345c1b6b6dc58fe33c11c1bbc020e7d556ea475595e992c4e5457b4bea",
    small_endomorphism(split_by::<9>)
);
small_group!(
    KoblitzOrder199,
    199,
    Secp256k1,
    Zero,
    0x4,
    "f2a7ab013b1bcc5406d2ae70b9828ade71855450a7196ae9aad5ada217d6da24",
    "4833012c2412ff69f27179eb8e164917a5d28c333adc7a2c4264e07d0be58968",
    small_endomorphism(split_by::<92>)
);
small_group!(
    P256Order7,
    7,
    P256,
    MinusThree,
    0x3,
    "c51f27445bbc283d120988a969cc7dcb0f35add3f048b676c3936afe4f67eec3",
    "74d040f0d6807640d25996cddeb28e26a897a8c8dd622573a5d4fd351bc34299"
);
small_group!(
    P256Order13,
    13,
    P256,
    MinusThree,
    0x3,
    "b3220d8f767c04ad9190ad5cbae4b7d84f74fcd21590226ed374547ea05b3b3b",
    "8027e8a4210004ac7bd0e04525ef8de40173f4cb9bcb1d940ca2bb1b802ab915"
);
small_group!(
    P256Order179,
    179,
    P256,
    MinusThree,
    0x4,
    "88c40974e5ba694c8bee360fa2ecaf9d1fd28cb7fc0051e7b1250a4d8823f425",
    "726a4fb2c262ba2a5c57db64ae94cb4a8b36d0494638f76c6e21ef483efec115"
);
small_group!(
    P256Order251,
    251,
    P256,
    MinusThree,
    0xa,
    "fdafd60a5889082bc8d74f988f25c50fa5a0f746ba6b19c662271090db87e0ae",
    "69958c1cf1cc9931d1bb604edc5f99e219e177e43f3bc454eae603472cd91f3f"
);
small_group!(
    Sm2Order7,
    7,
    Sm2,
    MinusThree,
    0x5,
    "49c71f18131752c70c9845f0d1f8d24758a25db2df092373545b60c6052abb24",
    "7e560b731a74ad3cb8e077affc26aa3c30c460112ec909d58c45f30fa310eb73"
);
small_group!(
    Sm2Order193,
    193,
    Sm2,
    MinusThree,
    0x5,
    "31375e6d6fa0989f6b13900ecd81fe8c6fa54dbcd34de777ac0a4d58992e54ec",
    "3380e20d7a39fa8316d60237084a39e36211358a6569913d24deff2b0c81df74"
);
small_group!(
    Sm2Order13,
    13,
    Sm2,
    MinusThree,
    0x8,
    "0e76ce96d9153243277a02f6e2235276aa510ef8766cd33a8192e535a4558a73",
    "2fb5785292dd30aa8a0190ce8c51e7a462b864e589212277fce0d63b7326b146"
);
small_group!(
    Sm2Order251,
    251,
    Sm2,
    MinusThree,
    0x15,
    "fe50bf8edd1c89616c9622aa5cae9d09c058add59c74b13e197a6aefd1fa9121",
    "ade3731503d75e0af56533414a14602dcb8e61f93fdc12acc3a06c283b23f55d"
);

/// k*G for k = 0, ..., order - 1, by adding G one at a time with the affine addition.
fn multiples<G: Group>(order: usize) -> Vec<Jacobian<G>> {
    assert!(G::G.is_on_curve());
    let multiples: Vec<_> = std::iter::successors(Some(Jacobian::IDENTITY), |last| Some(last.add_affine(&G::G))).take(order).collect();
    assert!(multiples[1..].iter().all(|point| !point.is_identity()), "the order is not smaller");
    assert!(multiples[order - 1].add_affine(&G::G).is_identity(), "the order is not larger");
    multiples
}

/// The same point with another Z.
fn rescaled<G: Group>(point: &Jacobian<G>, z: u64) -> Jacobian<G> {
    let z = G::Base::from_limbs(&[z, 0, 0, 0]).unwrap();
    let z2 = z.square();
    Jacobian { x: point.x.mul(&z2), y: point.y.mul(&z2.mul(&z)), z: point.z.mul(&z) }
}

fn check<G: Group>(order: usize) {
    let multiples = multiples::<G>(order);
    let affine = Jacobian::to_affine_all_var(&multiples);
    for (i, a) in multiples.iter().enumerate() {
        assert_eq!(a.double().to_affine_var(), affine[2 * i % order], "2*{i}");
        assert_eq!(affine[i].neg(), affine[(order - i) % order], "-{i}");
        for (j, b) in affine.iter().enumerate() {
            let sum = affine[(i + j) % order];
            let a = rescaled(a, 3 + i as u64);
            assert_eq!(a.add_affine(b).to_affine_var(), sum, "{i} + {j}, affine");
            assert_eq!(a.add(&rescaled(&multiples[j], 5 + j as u64)).to_affine_var(), sum, "{i} + {j}, Jacobian");
            let is_x = !a.is_identity() && !b.is_identity() && a.x_equals(&b.x);
            assert_eq!(is_x, i != 0 && j != 0 && (i == j || i + j == order), "x of {i} and of {j}");
        }
    }
    // A multiple of the order changes no product, but gives scalars digits in many windows, and u1 a high half.
    let few = order < 20;
    let order = order as u64;
    let [long, high] = [order * 0x002a_5a5a_1357_9bdf, order << 40 | order];
    // Every key of a small order, and three of a larger one: G, and two without a small relation to it.
    for (q, point) in affine.iter().enumerate().skip(1).step_by(if few { 1 } else { affine.len().div_ceil(3) }) {
        for u1 in 0..order {
            for u2 in 0..order {
                let product = double_product_var::<G>(&[u1 + long, 0, high, 0], &[u2 + long, 0, 0, 0], point);
                let expected = affine[((u1 + u2 * q as u64) % order) as usize];
                assert_eq!(product.to_affine_var(), expected, "{u1}*G + {u2}*{q}*G");
            }
        }
    }
}

macro_rules! exhaustive {
    ($($test:ident: $group:ty, $order:literal;)*) => {$(
        #[test]
        fn $test() {
            check::<$group>($order);
        }
    )*};
}

exhaustive! {
    koblitz_order_7: KoblitzOrder7, 7;
    koblitz_order_13: KoblitzOrder13, 13;
    koblitz_order_199: KoblitzOrder199, 199;
    p256_order_7: P256Order7, 7;
    p256_order_13: P256Order13, 13;
    p256_order_179: P256Order179, 179;
    p256_order_251: P256Order251, 251;
    sm2_order_7: Sm2Order7, 7;
    sm2_order_193: Sm2Order193, 193;
    sm2_order_13: Sm2Order13, 13;
    sm2_order_251: Sm2Order251, 251;
}
