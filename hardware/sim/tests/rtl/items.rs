//! Items and machines for the simulations, by the engine crate.

use chainbox_engine::curve::{Curve as EngineCurve, P256, Sm2, point::Affine, product::double_product_var};
use chainbox_fpga::table::{table, words};
use chainbox_fpga_model::{
    curve::Curve,
    machine::{Item, Machine},
    word::Word,
};
use rand_chacha::{ChaCha12Rng, rand_core::Rng};

/// k*G + l*Q by the engine; `None` for the identity.
fn sum<C: EngineCurve>(k: &Word, l: &Word, q: &Affine<C>) -> Option<[Word; 2]> {
    let sum = double_product_var(&k.0, &l.0, q).to_affine_var();
    (!sum.is_identity()).then(|| words(&sum))
}

/// The machine of a curve, with its table.
pub fn machine(curve: Curve) -> Machine {
    Machine::new(curve, table(&curve))
}

/// The item of a key d*G and of scalars, valid where there is a sum.
pub fn item(curve: &Curve, d: &Word, s: &Word, t: &Word) -> Item {
    fn of<C: EngineCurve>(curve: &Curve, d: &Word, s: &Word, t: &Word) -> Item {
        let q = double_product_var(&d.0, &[0; 4], &C::G).to_affine_var();
        let c = sum::<C>(s, t, &q).map_or(Word::ONE, |[x, _]| if x < curve.n { x } else { x.sub(&curve.n).0 });
        Item::new(words(&q), c, s, t)
    }
    if curve.name == "sm2" { of::<Sm2>(curve, d, s, t) } else { of::<P256>(curve, d, s, t) }
}

/// A random scalar that is not 0.
pub fn scalar(random: &mut ChaCha12Rng, curve: &Curve) -> Word {
    loop {
        let word = Word(std::array::from_fn(|_| random.next_u64()));
        if word < curve.n && !word.is_zero() {
            return word;
        }
    }
}

/// Item `number`: most are random; each eighth has a key and scalars that an attacker would choose, small multiples of G and their opposites; some are wrong.
pub fn any(random: &mut ChaCha12Rng, curve: &Curve, number: usize) -> Item {
    let small = |random: &mut ChaCha12Rng| {
        let word = Word([random.next_u64() % 20 + 1, 0, 0, 0]);
        if random.next_u64().is_multiple_of(2) { word } else { Word::ZERO.sub_mod(&word, &curve.n) }
    };
    let is_chosen = number % 8 == 7;
    let mut next = || if is_chosen { small(random) } else { scalar(random, curve) };
    let (d, s, t) = (next(), next(), next());
    let mut item = match number % 32 {
        // Only the key; and G on G, which the formulas do not add.
        25 => item(curve, &d, &Word::ZERO, &t),
        31 => item(curve, &Word::ONE, &Word::ONE, &Word::ONE),
        _ => item(curve, &d, &s, &t),
    };
    match number % 24 {
        3 | 15 => item.c = item.c.add_mod(&Word::ONE, &curve.n),
        5 => item.key[1] = item.key[1].add_mod(&Word::ONE, &curve.p),
        9 => item.key[0] = curve.p,
        11 => item.key[1] = Word([u64::MAX; 4]),
        13 => item.c = curve.n,
        17 => item.key_digits.clear(),
        21 => item.key = [item.key[0], Word::ZERO.sub_mod(&item.key[1], &curve.p)],
        _ => {}
    }
    item
}
