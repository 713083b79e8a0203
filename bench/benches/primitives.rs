//! The primitives: field products, square roots and inversions, digests. Each takes distinct inputs in turn, since a processor learns the
//! branches of one that comes again and again.

use std::hint::black_box;

use chainbox_engine::{
    field::{
        Field,
        lanes::portable::FourLimbs,
        moduli::{P256Base, P256Scalar, Secp256k1Scalar, Sm2Base, Sm2Scalar},
        secp256k1::Secp256k1Base,
    },
    hash::Hash,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Distinct inputs.
const INPUTS: u64 = 256;

/// Bytes of a message: as in the figures of `chainbox bench cpu`.
const MESSAGE_BYTES: usize = 256;

/// Elements without a pattern: powers of one that is none of the small ones.
fn elements<F: Field>() -> Vec<F> {
    let base = F::from_limbs(&[0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb, 1 << 62]).expect("below every modulus");
    std::iter::successors(Some(base), |last| Some(last.mul(&base))).take(INPUTS as usize).collect()
}

fn field<F: Field>(criterion: &mut Criterion, name: &str) {
    let elements = elements::<F>();
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(INPUTS));
    group.bench_function("product", |bencher| bencher.iter(|| each(&elements, |a| a.mul(&elements[0]))));
    group.bench_function("square", |bencher| bencher.iter(|| each(&elements, F::square)));
    group.bench_function("inversion", |bencher| bencher.iter(|| each(&elements, F::invert_var)));
    group.finish();
}

/// A base field: as [`field`], and square roots of squares.
fn base_field<F: FourLimbs>(criterion: &mut Criterion, name: &str) {
    field::<F>(criterion, name);
    let squares: Vec<F> = elements::<F>().iter().map(F::square).collect();
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(INPUTS));
    group.bench_function("square root", |bencher| bencher.iter(|| each(&squares, F::sqrt_var)));
    group.finish();
}

fn each<A, T>(inputs: &[A], work: impl Fn(&A) -> T) {
    for input in inputs {
        black_box(work(black_box(input)));
    }
}

fn fields(criterion: &mut Criterion) {
    base_field::<Secp256k1Base>(criterion, "secp256k1 base");
    base_field::<P256Base>(criterion, "p256 base");
    base_field::<Sm2Base>(criterion, "sm2 base");
    field::<Secp256k1Scalar>(criterion, "secp256k1 scalar");
    field::<P256Scalar>(criterion, "p256 scalar");
    field::<Sm2Scalar>(criterion, "sm2 scalar");
}

fn digests(criterion: &mut Criterion) {
    let messages: Vec<[u8; MESSAGE_BYTES]> = (0..INPUTS).map(|input| [input as u8; MESSAGE_BYTES]).collect();
    let mut group = criterion.benchmark_group("digest");
    group.throughput(Throughput::Bytes(INPUTS * MESSAGE_BYTES as u64));
    for hash in Hash::ALL {
        group.bench_function(hash.name(), |bencher| bencher.iter(|| each(&messages, |message| hash.digest(message))));
    }
    group.finish();
}

criterion_group!(primitives, fields, digests);
criterion_main!(primitives);
