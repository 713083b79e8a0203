//! Words and integers of 256 bits.

use chainbox_kernels::program::Curve;
use num_bigint::BigUint;

use super::{Function, lanes, try_all};
use crate::{
    programs::LIMBS as KERNELS,
    values::{self, arguments, integer},
};

const WORDS: [u32; 12] = [0, 1, 2, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x1_0001, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];

/// Every list of `count` words of the edges.
fn word_lists(count: u32) -> Vec<Vec<u32>> {
    let digit = |number: usize, place: u32| WORDS[number / WORDS.len().pow(place) % WORDS.len()];
    (0..WORDS.len().pow(count)).map(|number| (0..count).map(|place| digit(number, place)).collect()).collect()
}

#[test]
fn words_and_limbs() {
    let top = BigUint::from(1_u32) << 256_u32;
    let edges = values::edges(&[]);
    let pairs = || lanes(arguments("limbs", &edges, &top, 2, 0));
    let singles = || lanes(arguments("limbs", &edges, &top, 1, 300));
    let equals = || pairs().into_iter().chain(singles().into_iter().map(|words| [&words[..], &words].concat())).collect();
    let with_choice = |words: Vec<Vec<u32>>| words.into_iter().flat_map(|words| [0, 1].map(|choice| [&words[..], &[choice]].concat()));
    let wide = |product: &BigUint| {
        let mut words = product.to_u32_digits();
        words.resize(16, 0);
        words
    };
    let of = |words: &[u32], place: usize| integer(&words[8 * place..8 * place + 8]);
    let (sum_top, difference_top) = (top.clone(), top.clone());
    try_all(
        Curve::Secp256k1,
        &KERNELS,
        vec![
            Function::exact(KERNELS[0], word_lists(4), 2, |w| {
                let sum = u64::from(w[0]) * u64::from(w[1]) + u64::from(w[2]) + u64::from(w[3]);
                vec![sum as u32, (sum >> 32) as u32]
            }),
            Function::exact(KERNELS[1], word_lists(1), 1, |w| vec![w[0].swap_bytes()]),
            Function::exact(KERNELS[2], WORDS.iter().flat_map(|word| (1..32).map(|bits| vec![*word, bits])).collect(), 1, |w| {
                vec![w[0].rotate_left(w[1])]
            }),
            Function::exact(KERNELS[3], singles(), 1, |w| vec![u32::from(w.iter().all(|word| *word == 0))]),
            Function::exact(KERNELS[4], equals(), 1, move |w| vec![u32::from(of(w, 0) < of(w, 1))]),
            Function::exact(KERNELS[5], equals(), 1, |w| vec![u32::from(w[..8] == w[8..])]),
            Function::exact(
                KERNELS[6],
                with_choice(pairs()).collect(),
                8,
                |w| if w[16] == 0 { w[..8].to_vec() } else { w[8..16].to_vec() },
            ),
            Function::exact(KERNELS[7], pairs(), 9, move |w| {
                let sum = of(w, 0) + of(w, 1);
                let carry = u32::from(sum >= sum_top);
                [&values::words(&(sum % &sum_top))[..], &[carry]].concat()
            }),
            Function::exact(KERNELS[8], pairs(), 9, move |w| {
                let (a, b) = (of(w, 0), of(w, 1));
                let borrow = u32::from(a < b);
                [&values::words(&((a + &difference_top - b) % &difference_top))[..], &[borrow]].concat()
            }),
            Function::exact(KERNELS[9], pairs(), 16, move |w| wide(&(of(w, 0) * of(w, 1)))),
            Function::exact(KERNELS[10], singles(), 16, move |w| wide(&of(w, 0).pow(2))),
        ],
    );
}
