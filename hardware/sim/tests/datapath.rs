//! The RTL's datapath beside the model's: all that it can do, in pipeline, and whole items.
#![cfg(feature = "verilator")]

use std::collections::VecDeque;

use chainbox_engine::curve::{Curve as EngineCurve, P256, Sm2, point::Affine, product::double_product_var};
use chainbox_engine::field::Field;
use chainbox_fpga_model::{
    curve::Curve,
    datapath::{Ports, STEPS, pass},
    machine::{Item, Machine, Outcome, fixed_table},
    program::{Left, Op, Post, Program, Report, Right, Source},
    word::Word,
};
use chainbox_fpga_sim::Datapath;
use rand_chacha::{
    ChaCha12Rng,
    rand_core::{Rng, SeedableRng},
};

const PASSES: usize = 20_000;

/// An element: often one at an edge.
fn element(curve: &Curve, random: &mut ChaCha12Rng) -> Word {
    match random.next_u64() % 8 {
        0 => Word::ZERO,
        1 => Word::ONE,
        2 => curve.p.sub(&Word::ONE).0,
        _ => {
            let word = Word(std::array::from_fn(|_| random.next_u64()));
            if word < curve.p { word } else { word.sub(&curve.p).0 }
        }
    }
}

/// A pass of any form that the microprogram may have.
fn any(random: &mut ChaCha12Rng) -> Op {
    let mut choose = |count: u64| (random.next_u64() % count) as usize;
    let left = [Left::Plain, Left::Difference][choose(2)];
    let scales: &[u8] = if left == Left::Plain { &[1, 2, 3, 4, 8] } else { &[1, 2, 3] };
    let port = Source::Register(0);
    Op {
        to: 0,
        a: port,
        c: port,
        d: port,
        e: port,
        left,
        right: [Right::Plain, Right::Sum, Right::Difference, Right::TwiceLess, Right::FourTimesLess][choose(5)],
        scale: scales[choose(scales.len() as u64)],
        is_signed: choose(2) == 1,
        post: [Post::Nothing, Post::Plus, Post::Minus, Post::MinusTwice, Post::MinusEight][choose(5)],
        less_twice_d: choose(2) == 1,
        report: Report::Nothing,
    }
}

#[test]
fn every_pass_is_that_of_the_model() {
    for curve in [Curve::SM2, Curve::P256] {
        let mut random = ChaCha12Rng::seed_from_u64(7);
        let (mut rtl, matrix, lines) = (Datapath::new(&curve), curve.fold_matrix(), Program::verifier().ops);
        let mut expected = VecDeque::new();
        for number in 0..PASSES + STEPS - 1 {
            // Those of the microprogram, and any others.
            let op = if number % 2 == 0 { lines[number / 2 % lines.len()] } else { any(&mut random) };
            let [a, c, d, e] = std::array::from_fn(|_| element(&curve, &mut random));
            let ports = Ports { a, c, d, e, is_negative: random.next_u64() % 2 == 1 };
            expected.push_back((op, ports, pass(&curve, &matrix, &op, &ports)));
            let (result, is_zero) = rtl.clock(&op, &ports);
            if expected.len() == STEPS {
                let (op, ports, right) = expected.pop_front().unwrap();
                assert_eq!((result, is_zero), (right, right.is_zero()), "{}: {op:?} {ports:?}", curve.name);
            }
        }
    }
}

#[test]
fn items_are_verified_by_the_datapath_in_hardware() {
    fn on<C: EngineCurve>(curve: Curve) {
        let words = |point: &Affine<C>| [Word(point.x.to_limbs()), Word(point.y.to_limbs())];
        let sum = |k: &Word, l: &Word, q: &Affine<C>| words(&double_product_var(&k.0, &l.0, q).to_affine_var());
        let table = fixed_table(|number, shift| {
            let mut scalar = Word([u64::from(number), 0, 0, 0]);
            (0..shift).for_each(|_| scalar = scalar.add_mod(&scalar, &curve.n));
            sum(&scalar, &Word::ZERO, &C::G)
        });
        let machine = Machine::new(curve, table);
        let mut rtl = Datapath::new(&curve);
        let [s, t] = [[3, 5, 7, 1 << 61], [11, !13, 17, 1 << 60]].map(Word);
        let q = double_product_var(&[99, 1, 2, 3], &[0; 4], &C::G).to_affine_var();
        let [x, _] = sum(&s, &t, &q);
        let c = if x < curve.n { x } else { x.sub(&curve.n).0 };
        for (c, outcome) in [(c, Outcome::Valid), (c.add_mod(&Word::ONE, &curve.n), Outcome::Mismatch)] {
            let ran = machine.run_with(&Item::new(words(&q), c, &s, &t), &mut |op, ports| rtl.pass(op, ports).0);
            assert_eq!(ran.outcome, outcome);
        }
    }
    on::<Sm2>(Curve::SM2);
    on::<P256>(Curve::P256);
}
