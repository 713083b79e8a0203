//! Signed windows of scalars.

use chainbox_engine::curve::Curve;
use chainbox_kernels::program;
use num_bigint::BigUint;

use super::{Function, integer_of, lanes, limbs_of, try_all};
use crate::{
    programs::DIGITS as KERNELS,
    values::{arguments, edges, integer, words},
};

/// A window of 4 bits with 7 in each of `count` places.
fn sevens(count: usize) -> BigUint {
    BigUint::parse_bytes("7".repeat(count).as_bytes(), 16).expect("hexadecimal")
}

fn answer(magnitude: BigUint, bias: &BigUint, negative: bool) -> Vec<u32> {
    [&words(&(magnitude + bias))[..], &[u32::from(negative)]].concat()
}

/// The scalar or its opposite, whichever is below n/2, with the bias.
fn of_scalar(n: &BigUint, k: &BigUint, bias: &BigUint) -> Vec<u32> {
    let negative = *k > n >> 1_u32;
    answer(if negative { n - k } else { k.clone() }, bias, negative)
}

fn functions<C: Curve>(curve: program::Curve) {
    let n = integer_of(&C::N);
    let scalars = || lanes(arguments(curve.name(), &edges(&[&n]), &n, 1, 400));
    let bytes_bias = BigUint::parse_bytes("7f".repeat(32).as_bytes(), 16).expect("hexadecimal");
    let (order, other_order, third_order) = (n.clone(), n.clone(), n.clone());
    let parts = if C::ENDOMORPHISM.is_some() { 2 } else { 1 };
    let keys = scalars().into_iter().flat_map(|words| (0..parts).map(move |part| [&words[..], &[part]].concat())).collect();
    let windows = [(4, 16), (8, 256)]
        .into_iter()
        .flat_map(|(bits, count)| (0..count).flat_map(move |window| [0, 1].map(|sign| vec![window, bits, sign])));
    try_all(
        curve,
        &KERNELS,
        vec![
            Function::exact(KERNELS[0], scalars(), 9, move |w| of_scalar(&order, &integer(w), &bytes_bias)),
            Function::exact(KERNELS[1], scalars(), 9, move |w| of_scalar(&other_order, &integer(w), &sevens(64))),
            Function::exact(KERNELS[2], keys, 9, move |w| match C::ENDOMORPHISM {
                Some(endomorphism) => {
                    let half = (endomorphism.split)(&limbs_of(&w[..8]))[w[8] as usize];
                    answer(integer_of(&half.magnitude), &sevens(33), half.negative)
                }
                None => of_scalar(&third_order, &integer(&w[..8]), &sevens(64)),
            }),
            Function::checked(KERNELS[3], windows.collect(), 3, |w, answer| {
                let value = i64::from(w[0]) - ((1 << (w[1] - 1)) - 1);
                let (multiple, take) = (value.unsigned_abs().max(1) as u32, u32::from(value != 0));
                let negative = u32::from(value < 0) ^ w[2];
                let is_right = answer[0] == multiple && answer[2] == take && (take == 0 || answer[1] == negative);
                if is_right { Ok(()) } else { Err(format!("expected {multiple} {negative} {take}")) }
            }),
        ],
    );
}

super::for_each_curve!(functions);
