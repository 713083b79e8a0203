//! Modulo n.

use chainbox_engine::curve::Curve;
use chainbox_kernels::program;
use num_bigint::BigUint;

use super::{Function, field::Prime, integer_of, lanes, try_all};
use crate::{
    programs::SCALARS as KERNELS,
    values::{arguments, edges, integer, words},
};

fn functions<C: Curve>(curve: program::Curve) {
    let n = Prime::montgomery(integer_of(&C::N));
    let top = BigUint::from(1_u32) << 256_u32;
    let edges = edges(&[&n.m, &integer_of(&<C::Base as chainbox_engine::field::Field>::MODULUS)]);
    let pairs = || lanes(arguments(curve.name(), &edges, &n.m, 2, 0));
    let singles = || lanes(arguments(curve.name(), &edges, &n.m, 1, 200));
    let one = |kernel: &'static str, lanes: Vec<Vec<u32>>, f: fn(&Prime, &BigUint) -> BigUint| {
        let n = n.clone();
        Function::exact(kernel, lanes, 8, move |w| words(&f(&n, &integer(w))).to_vec())
    };
    let two = |kernel: &'static str, f: fn(&Prime, &BigUint, &BigUint) -> BigUint| {
        let n = n.clone();
        Function::exact(kernel, pairs(), 8, move |w| words(&f(&n, &integer(&w[..8]), &integer(&w[8..]))).to_vec())
    };
    let order = n.m.clone();
    try_all(
        curve,
        &KERNELS,
        vec![
            one(KERNELS[0], lanes(arguments(curve.name(), &edges, &top, 1, 200)), |n, a| a % &n.m),
            two(KERNELS[1], |n, a, b| (a + b) % &n.m),
            two(KERNELS[2], |n, a, b| (a + &n.m - b) % &n.m),
            one(KERNELS[3], singles(), |n, a| (&n.m - a) % &n.m),
            two(KERNELS[4], Prime::mul),
            one(KERNELS[5], singles(), Prime::element),
            one(KERNELS[6], singles(), Prime::to_integer),
            one(KERNELS[7], singles(), Prime::invert),
            Function::exact(KERNELS[8], singles(), 1, move |w| vec![u32::from(integer(w) > &order >> 1_u32)]),
        ],
    );
}

super::for_each_curve!(functions);
