//! What the random factors of combinations are worth: nothing to whoever knows them, and all to everybody else.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use super::{
    Strategy,
    combined::{Entropy, factors},
    single,
};
use crate::{
    backend::{Backend, Cpu, CpuOptions},
    batch::{Batch, Item, Shape},
    curve::{
        Group, Scalar, Sm2,
        point::{Affine, Jacobian},
        product::double_product_var,
    },
    field::{
        Field,
        limbs::{self, Limbs},
    },
    hash::sha256,
    scheme::Scheme,
    verdict::{Reason, Verdict},
};

/// Pairs of items: together as many as narrow lanes take together.
const PAIRS: usize = 16;

const SEED: [u8; 32] = [7; 32];

fn scalar(label: &str, number: usize) -> Scalar<Sm2> {
    Scalar::<Sm2>::from_limbs_reduced(&limbs::from_be_bytes(&sha256(format!("{label} {number}").as_bytes())))
}

fn product(k: &Scalar<Sm2>, point: &Affine<Sm2>) -> Jacobian<Sm2> {
    double_product_var(&[0; 4], &k.to_limbs(), point)
}

/// Items that are not valid, for factors z1, z2, z3, ...: of each pair one names R1 + z2*D and the other R2 - z1*D, by digests that ask for their x
/// and hints that give their y. So the sum over the pair is z1*R1 + z2*R2, as if both were valid.
fn forged(mut factors: impl FnMut() -> u128, strategy: Strategy) -> Batch {
    let mut batch = Batch::new(Shape::digests(Scheme::Sm2Sm3));
    let mut factor = || {
        let factor = factors();
        Scalar::<Sm2>::from_limbs(&[factor as u64, (factor >> 64) as u64, 0, 0]).unwrap()
    };
    for pair in 0..PAIRS {
        let d = product(&scalar("d", pair), &Sm2::G).to_affine_var();
        let [z1, z2] = [factor(), factor()];
        for (number, shift) in [(2 * pair, z2), (2 * pair + 1, z1.neg())] {
            let (s, t) = (scalar("s", number), scalar("t", number));
            let q = product(&scalar("q", number), &Sm2::G).to_affine_var();
            let r = double_product_var(&s.to_limbs(), &t.to_limbs(), &q);
            let named = r.add(&product(&shift, &d)).to_affine_var();
            let r = t.sub(&s);
            let e = r.sub(&Scalar::<Sm2>::from_limbs_reduced(&named.x.to_limbs()));
            let bytes = |integers: &[Limbs]| integers.iter().flat_map(limbs::to_be_bytes).collect::<Vec<_>>();
            let y = bytes(&[named.y.to_limbs()]);
            let hint = if strategy == Strategy::Parity { vec![y[31] & 1] } else { y };
            let item = Item {
                key: &[&[4][..], &bytes(&[q.x.to_limbs(), q.y.to_limbs()])].concat(),
                input: &bytes(&[e.to_limbs()]),
                signature: &bytes(&[r.to_limbs(), s.to_limbs()]),
                id: None,
                hint: &hint,
            };
            batch.push(item).unwrap();
        }
    }
    batch
}

/// The verdicts of one thread, so that all items are in one combination.
fn verdicts(batch: &Batch, strategy: Strategy, entropy: Entropy) -> Vec<Verdict> {
    let options = CpuOptions { threads: Some(1), strategy: Some(strategy), entropy, ..CpuOptions::default() };
    Cpu::with_options(&options).unwrap().verify(batch).unwrap().as_slice().to_vec()
}

#[test]
fn who_knows_the_factors_can_fool_a_combination_and_nobody_else() {
    for strategy in [Strategy::Whole, Strategy::Parity] {
        let batch = forged(factors(SEED), strategy);
        let by_single: Vec<_> = (0..batch.len()).map(|index| single::verify(&batch.shape(), &batch.item(index))).collect();
        assert_eq!(by_single, [Verdict::Invalid(Reason::Equation); 2 * PAIRS]);
        assert_eq!(verdicts(&batch, strategy, Arc::new(|| Some(SEED))), [Verdict::Valid; 2 * PAIRS], "{strategy}: the forgery is none");
        assert_eq!(verdicts(&batch, strategy, Arc::new(|| Some([8; 32]))), by_single, "{strategy}, another seed");
        assert_eq!(verdicts(&batch, strategy, CpuOptions::default().entropy), by_single, "{strategy}, the system's entropy");
        assert_eq!(verdicts(&batch, strategy, Arc::new(|| None)), by_single, "{strategy}, no entropy");
    }
}

#[test]
fn the_system_gives_a_new_seed_each_time() {
    let entropy = CpuOptions::default().entropy;
    let mut seeds: Vec<_> = (0..100).map(|_| entropy().unwrap()).collect();
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!(seeds.len(), 100);
}

#[test]
fn every_batch_asks_for_a_seed() {
    let asked = Arc::new(AtomicUsize::new(0));
    let entropy: Entropy = {
        let asked = Arc::clone(&asked);
        Arc::new(move || Some([asked.fetch_add(1, Relaxed) as u8; 32]))
    };
    let options = CpuOptions { threads: Some(1), strategy: Some(Strategy::Whole), entropy, ..CpuOptions::default() };
    let cpu = Cpu::with_options(&options).unwrap();
    let batch = forged(factors(SEED), Strategy::Whole);
    for batches in 1..=3 {
        cpu.verify(&batch).unwrap();
        assert_eq!(asked.load(Relaxed), batches);
    }
}

#[test]
fn factors_are_distinct_and_use_all_128_bits() {
    let mut random = factors(SEED);
    let mut all: Vec<_> = (0..1000).map(|_| random()).collect();
    assert_eq!(all.iter().fold(0, |or, factor| or | factor), u128::MAX);
    assert_eq!(all.iter().fold(u128::MAX, |and, factor| and & factor), 0);
    all.extend(std::iter::repeat_with(factors([8; 32])).take(1000));
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 2000, "of two seeds together");
}
