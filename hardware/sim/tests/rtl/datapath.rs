//! The RTL's datapath beside the model's: all that it can do, in pipeline, and whole items.
use std::collections::VecDeque;

use chainbox_fpga_model::{
    curve::Curve,
    datapath::{Ports, STEPS, pass},
    machine::{Item, Outcome},
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
    for curve in Curve::ALL {
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
    for curve in Curve::ALL {
        let (machine, mut rtl) = (crate::items::machine(curve), Datapath::new(&curve));
        let [s, t] = [[3, 5, 7, 1 << 61], [11, !13, 17, 1 << 60]].map(Word);
        let good = crate::items::item(&curve, &Word([99, 1, 2, 3]), &s, &t);
        let other = Item { c: good.c.add_mod(&Word::ONE, &curve.n), ..good.clone() };
        for (item, outcome) in [(good, Outcome::Valid), (other, Outcome::Mismatch)] {
            assert_eq!(machine.run_with(&item, &mut |op, ports| rtl.pass(op, ports).0).outcome, outcome);
        }
    }
}
