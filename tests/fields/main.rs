//! The engine's fields against arithmetic that was derived from a formal proof (fiat-crypto), on edge and random values.

mod verified;

use chainbox_engine::{
    curve::{Curve, Group, P256, Scalar, Secp256k1, Sm2},
    field::{
        Field,
        lanes::{Lanes, WIDTH_MAX, portable::Portable},
        limbs::{Limbs, from_be_bytes, less},
    },
    simd::{Baseline, Instructions, Kernel},
};
use chainbox_tests::seed::{Random, seed};
use verified::Verified;

/// Random pairs of values of each field.
const PAIRS: usize = 20_000;

/// Edges of limbs of 64 and of 52 bits, of the modulus and of its Montgomery form.
fn edges<F: Field>() -> Vec<Limbs> {
    let bit = |bit: usize| std::array::from_fn(|limb| if limb == bit / 64 { 1 << (bit % 64) } else { 0 });
    let powers = [1, 31, 32, 51, 52, 63, 64, 65, 96, 103, 104, 127, 128, 156, 191, 192, 208, 224, 255].map(bit);
    let powers = powers.iter().map(|power| F::from_limbs(power).expect("2^255 is below the modulus"));
    // 2^256 and 2^260 modulo p.
    let montgomery = [256, 260].map(|bits| (0..bits).fold(F::ONE, |power, _| power.double()));
    let centres = [F::ZERO, F::ONE.half()].into_iter().chain(powers).chain(montgomery);
    let around = |centre: F| [centre.sub(&F::ONE), centre, centre.add(&F::ONE), centre.neg()];
    let mut edges: Vec<_> = centres.flat_map(around).map(|element| element.to_limbs()).collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// All pairs of edges, and random ones.
fn pairs<F: Field>(stream: u64) -> Vec<[Limbs; 2]> {
    let edges = edges::<F>();
    let mut random = Random::new(seed(), stream);
    let mut value = || loop {
        let limbs = from_be_bytes(&random.bytes32());
        if less(&limbs, &F::MODULUS) {
            return if random.one_in(8) { *random.pick(&edges) } else { limbs };
        }
    };
    let random: Vec<_> = (0..PAIRS).map(|_| [value(), value()]).collect();
    edges.iter().flat_map(|a| edges.iter().map(|b| [*a, *b])).chain(random).collect()
}

fn check_field<F: Field>(verified: &Verified, stream: u64) {
    let is_refused = |limbs: Limbs| F::from_limbs(&limbs).is_none();
    assert!(is_refused(F::MODULUS) && is_refused([u64::MAX; 4]), "only integers below the modulus are elements");
    for [a, b] in pairs::<F>(stream) {
        let [x, y] = [a, b].map(|limbs| F::from_limbs(&limbs).expect("below the modulus"));
        let same = |what: &str, element: F, limbs: Limbs| assert_eq!(element.to_limbs(), limbs, "{what} of {a:x?} and {b:x?}");
        same("first", x, a);
        same("sum", x.add(&y), (verified.add)(&a, &b));
        same("double", x.double(), (verified.add)(&a, &a));
        same("difference", x.sub(&y), (verified.sub)(&a, &b));
        same("opposite", x.neg(), (verified.opposite)(&a));
        same("product", x.mul(&y), (verified.mul)(&a, &b));
        same("square", x.square(), (verified.square)(&a));
        let half = x.half().to_limbs();
        same("twice the half", x, (verified.add)(&half, &half));
        let inverse = x.invert_var().to_limbs();
        let one = if a == [0; 4] { F::ZERO } else { F::ONE };
        same("product with the inverse", one, (verified.mul)(&a, &inverse));
        assert_eq!(x.is_odd(), a[0] & 1 == 1);
    }
}

/// Every operation on lanes of pairs.
struct Operations<'a, L: Lanes> {
    instructions: L::Instructions,
    pairs: &'a [[Limbs; 2]],
}

/// The values of one pair.
#[derive(Clone, Copy, Default)]
struct Values {
    sum: Limbs,
    double: Limbs,
    difference: Limbs,
    opposite: Limbs,
    product: Limbs,
    square: Limbs,
    /// a b - a - a + b, reduced once.
    long: Limbs,
    /// The inverse of a, or of 1 where a is 0.
    inverse: Limbs,
}

impl<L: Lanes> Kernel for Operations<'_, L> {
    type Output = Vec<Values>;

    #[inline(always)]
    fn run(self) -> Vec<Values> {
        use chainbox_engine::field::lanes::LanesSum as _;
        let mut all = Vec::with_capacity(self.pairs.len() + WIDTH_MAX);
        for pairs in self.pairs.chunks(L::WIDTH) {
            let load = |side: usize| L::from_integers(self.instructions, |lane| pairs.get(lane).map_or([0; 4], |pair| pair[side]));
            let (a, b) = (load(0), load(1));
            let mut values = [Values::default(); WIDTH_MAX];
            a.add(b).integers(|lane, integer| values[lane].sum = integer);
            a.double().integers(|lane, integer| values[lane].double = integer);
            a.sub(b).integers(|lane, integer| values[lane].difference = integer);
            a.negate(L::ALL).integers(|lane, integer| values[lane].opposite = integer);
            a.mul(b).integers(|lane, integer| values[lane].product = integer);
            a.square().integers(|lane, integer| values[lane].square = integer);
            a.mul(b).sum().minus(a).minus(a).plus(b).reduce().integers(|lane, integer| values[lane].long = integer);
            let invertible = a.blend(a.is_zero(), L::one(self.instructions));
            invertible.invert_var().integers(|lane, integer| values[lane].inverse = integer);
            all.extend_from_slice(&values[..pairs.len()]);
        }
        all
    }
}

fn check_lanes<L: Lanes>(instructions: L::Instructions, verified: &Verified, stream: u64) {
    let pairs = pairs::<L::Field>(stream);
    let all = instructions.run(Operations::<L> { instructions, pairs: &pairs });
    assert_eq!(all.len(), pairs.len());
    for ([a, b], values) in pairs.iter().zip(all) {
        let same = |what: &str, lane: Limbs, limbs: Limbs| assert_eq!(lane, limbs, "{what} of {a:x?} and {b:x?}");
        let product = (verified.mul)(a, b);
        same("sum", values.sum, (verified.add)(a, b));
        same("double", values.double, (verified.add)(a, a));
        same("difference", values.difference, (verified.sub)(a, b));
        same("opposite", values.opposite, (verified.opposite)(a));
        same("product", values.product, product);
        same("square", values.square, (verified.square)(a));
        same("long sum", values.long, (verified.add)(&(verified.sub)(&product, &(verified.add)(a, a)), b));
        let inverted = if *a == [0; 4] { [1, 0, 0, 0] } else { *a };
        same("product with the inverse", (verified.mul)(&inverted, &values.inverse), [1, 0, 0, 0]);
    }
}

fn check_curve<C: Curve>(base: &Verified, scalar: &Verified, stream: u64) {
    check_field::<C::Base>(base, stream);
    check_field::<Scalar<C>>(scalar, stream + 1);
    check_lanes::<Portable<C::Base>>(Baseline, base, stream + 2);
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = chainbox_engine::simd::Processor::detect().avx512() {
        check_lanes::<<C as Group>::Wide>(avx512, base, stream + 3);
    }
}

#[test]
fn secp256k1() {
    check_curve::<Secp256k1>(&verified::SECP256K1, &verified::SECP256K1_SCALAR, 1000);
}

#[test]
fn p256() {
    check_curve::<P256>(&verified::P256, &verified::P256_SCALAR, 1010);
}

#[test]
fn sm2() {
    check_curve::<Sm2>(&verified::SM2, &verified::SM2_SCALAR, 1020);
}
