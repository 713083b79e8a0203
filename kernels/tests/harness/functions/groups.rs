//! What the lanes of a group do together.

use chainbox_engine::curve::Curve;
use chainbox_kernels::program;

use super::{Function, field::Prime, integer_of, lanes, try_all};
use crate::{
    programs::GROUPS as KERNELS,
    values::{arguments, edges, integer, words},
};

/// Groups with zeros at the front, in the middle and at the end, one of zeros alone, and a last one that is not full.
fn functions<C: Curve>(curve: program::Curve) {
    let inversions = |kernel: &'static str, prime: Prime| {
        let mut lists = arguments(curve.name(), &edges(&[&prime.m]), &prime.m, 1, 400);
        for place in [0, 63, 64, 100, 101, 255] {
            lists[place] = vec![num_bigint::BigUint::ZERO];
        }
        lists[256..320].fill(vec![num_bigint::BigUint::ZERO]);
        lists.truncate(64 * 6 + 5);
        Function::exact(kernel, lanes(lists), 8, move |w| words(&prime.invert(&integer(w))).to_vec())
    };
    let functions =
        vec![inversions(KERNELS[0], Prime::of_coordinates::<C>()), inversions(KERNELS[1], Prime::montgomery(integer_of(&C::N)))];
    try_all(curve, &KERNELS, functions);
}

super::for_each_curve!(functions);
