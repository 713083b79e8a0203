//! The model beside the engine: s*G + t*Q by both, for random items, for those that an attacker would choose, and for those that are wrong.

use std::sync::LazyLock;

use chainbox_engine::{
    curve::{Curve as EngineCurve, P256, Sm2, point::Affine, product::double_product_var},
    field::Field,
};
use chainbox_fpga::table::{table, words};
use chainbox_fpga_model::{
    curve::Curve,
    machine::{Item, Machine, Outcome},
    word::Word,
};
use rand_chacha::{
    ChaCha12Rng,
    rand_core::{Rng, SeedableRng},
};

/// k*G + l*Q by the engine.
fn sum<C: EngineCurve>(k: &Word, l: &Word, q: &Affine<C>) -> Option<[Word; 2]> {
    let sum = double_product_var(&k.0, &l.0, q).to_affine_var();
    (!sum.is_identity()).then(|| words(&sum))
}

static SM2: LazyLock<Machine> = LazyLock::new(|| Machine::new(Curve::SM2, table(&Curve::SM2)));
static P_256: LazyLock<Machine> = LazyLock::new(|| Machine::new(Curve::P256, table(&Curve::P256)));

fn random(random: &mut ChaCha12Rng, below: &Word) -> Word {
    loop {
        let word = Word(std::array::from_fn(|_| random.next_u64()));
        if word < *below && !word.is_zero() {
            return word;
        }
    }
}

/// What c an item must have to be valid: x modulo n.
fn c_of(curve: &Curve, x: &Word) -> Word {
    if *x >= curve.n { x.sub(&curve.n).0 } else { *x }
}

fn check<C: EngineCurve>(machine: &Machine, seed: u64, items: usize) -> Vec<u64> {
    let curve = *machine.curve();
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let mut turns = Vec::new();
    for number in 0..items {
        let [d, s, t] = std::array::from_fn(|_| random(&mut rng, &curve.n));
        let q = double_product_var(&d.0, &[0; 4], &C::G).to_affine_var();
        let [x, _] = sum::<C>(&s, &t, &q).expect("a random sum is not the identity");
        let c = c_of(&curve, &x);
        let good = machine.run(&Item::new(words(&q), c, &s, &t));
        assert_eq!(good.outcome, Outcome::Valid, "{number}");
        turns.push(good.turns);
        if number % 4 == 0 {
            let other = c.add_mod(&Word::ONE, &curve.n);
            assert_eq!(machine.run(&Item::new(words(&q), other, &s, &t)).outcome, Outcome::Mismatch, "{number}");
        }
    }
    turns
}

#[test]
fn random_items_are_what_the_engine_says() {
    for turns in [check::<Sm2>(&SM2, 1, 60), check::<P256>(&P_256, 2, 60)] {
        let mean = turns.iter().sum::<u64>() as f64 / turns.len() as f64;
        // At 250 MHz 3,125 turns an item are 80,000 items a second of an engine that never waits.
        assert!((2_900.0..3_060.0).contains(&mean), "{mean} turns an item");
    }
}

/// Keys and scalars that an attacker chooses: never a wrong verdict, and seldom none.
#[test]
fn chosen_items_are_right_or_undecided() {
    fn on<C: EngineCurve>(machine: &Machine) {
        let curve = *machine.curve();
        let small = |number: u64| Word([number, 0, 0, 0]);
        let opposite = |word: &Word| Word::ZERO.sub_mod(word, &curve.n);
        let mut numbers: Vec<Word> = (1..18).map(small).collect();
        numbers.extend((1..18).map(|number| opposite(&small(number))));
        numbers.extend(
            [0, 1, 5, 10, 31, 64, 100, 127, 128, 255].map(|shift| (0..shift).fold(small(1), |power, _| power.add_mod(&power, &curve.n))),
        );
        let (mut decided, mut undecided) = (0, 0);
        for k in numbers.iter().step_by(3) {
            let q = double_product_var(&k.0, &[0; 4], &C::G).to_affine_var();
            for (index, t) in numbers.iter().enumerate() {
                let s = numbers[(index * 7 + 3) % numbers.len()];
                let right = sum::<C>(&s, t, &q);
                let c = right.map_or(Word::ONE, |[x, _]| c_of(&curve, &x));
                match machine.run(&Item::new(words(&q), c, &s, t)).outcome {
                    Outcome::Undecided => undecided += 1,
                    Outcome::Valid => {
                        assert!(right.is_some());
                        decided += 1;
                    }
                    other => panic!("{other:?}: k {k}, s {s}, t {t}"),
                }
                let other = c.add_mod(&Word::ONE, &curve.n);
                let wrong = machine.run(&Item::new(words(&q), other, &s, t)).outcome;
                assert!(matches!(wrong, Outcome::Mismatch | Outcome::Undecided), "{wrong:?}");
            }
        }
        assert!(decided > undecided, "{decided} decided, {undecided} not");
    }
    on::<Sm2>(&SM2);
    on::<P256>(&P_256);
}

#[test]
fn what_is_out_of_range_or_no_point_is_refused() {
    for machine in [&*SM2, &*P_256] {
        let curve = *machine.curve();
        let (g, two) = (curve.g, Word([2, 0, 0, 0]));
        let outcome = |key, c, s: &Word, t: &Word| machine.run(&Item::new(key, c, s, t)).outcome;
        assert_eq!(outcome([curve.p, g[1]], two, &two, &two), Outcome::KeyRange);
        assert_eq!(outcome([g[0], curve.p], two, &two, &two), Outcome::KeyRange);
        assert_eq!(outcome([g[0], Word::ONE], two, &two, &two), Outcome::OffCurve);
        assert_eq!(outcome([Word::ZERO, Word::ZERO], two, &two, &two), Outcome::OffCurve);
        assert_eq!(outcome(g, curve.n, &two, &two), Outcome::ScalarRange);
        assert_eq!(outcome(g, two, &two, &Word::ZERO), Outcome::ScalarRange);
    }
}

/// Where x(R) is above n, c is x - n, and both candidates are tried.
#[test]
fn an_x_above_the_order_is_found() {
    fn on<C: EngineCurve>(machine: &Machine) {
        let curve = *machine.curve();
        // A point whose x is n or a little more; no scalar of it is known, so it is the key, and t is 1.
        let point = (0..200).find_map(|more| {
            let x = curve.n.add(&Word([more, 0, 0, 0])).0;
            Affine::<C>::lift_x_var(C::Base::from_limbs(&x.0)?, false).map(|point| (more, point))
        });
        let (more, point) = point.expect("half of all numbers are the x of a point");
        let item = Item::new(words(&point), Word([more, 0, 0, 0]), &Word::ZERO, &Word::ONE);
        assert_eq!(machine.run(&item).outcome, Outcome::Valid, "n + {more}");
        assert_eq!(machine.run(&Item { c: Word([more + 1, 0, 0, 0]), ..item }).outcome, Outcome::Mismatch);
    }
    on::<Sm2>(&SM2);
    on::<P256>(&P_256);
}
