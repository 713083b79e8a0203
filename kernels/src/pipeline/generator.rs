//! The tables of G: of each curve, every multiple that a signed window of 8 bits can name.

use chainbox_engine::{
    curve::{
        Group, P256, Secp256k1, Sm2,
        point::{Affine, Jacobian},
    },
    field::lanes::portable::FourLimbs,
};

use crate::{
    layout::{G_MULTIPLES, G_WINDOWS, POINT_WORDS},
    program::Curve,
};

const CURVE_WORDS: usize = G_WINDOWS * G_MULTIPLES * POINT_WORDS;

/// The bytes of the tables of all curves.
pub(super) const TABLE_BYTES: usize = 4 * Curve::ALL.len() * CURVE_WORDS;

/// Where the table of a curve begins, in words.
pub(super) const fn place(curve: Curve) -> u32 {
    (curve as usize * CURVE_WORDS) as u32
}

/// The tables of all curves, in the order of [`Curve::ALL`].
pub(super) fn tables() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(TABLE_BYTES);
    put::<Secp256k1>(&mut bytes);
    put::<P256>(&mut bytes);
    put::<Sm2>(&mut bytes);
    bytes
}

/// Row (w, d) is d*2^(8w)*G, for d from 1 on; coordinates as devices keep them, which is as the engine does.
fn put<G: Group>(bytes: &mut Vec<u8>) {
    let mut rows = Vec::with_capacity(G_WINDOWS * G_MULTIPLES);
    let mut base = G::G;
    for _ in 0..G_WINDOWS {
        let mut multiple = Jacobian::from(base);
        for _ in 0..G_MULTIPLES {
            rows.push(multiple);
            multiple = multiple.add_affine(&base);
        }
        // The last one is 129*base: twice the 128th is the base of the next window.
        base = rows[rows.len() - 1].double().to_affine_var();
    }
    for Affine { x, y } in Jacobian::to_affine_all_var(&rows) {
        bytes.extend([x, y].iter().flat_map(FourLimbs::packed).flat_map(u64::to_le_bytes));
    }
}

#[cfg(test)]
mod tests {
    use chainbox_engine::{
        curve::product::double_product_var,
        field::{Field, limbs},
    };

    use super::*;

    fn row<G: Group>(tables: &[u8], curve: Curve, window: usize, multiple: usize) -> Affine<G> {
        let at = 4 * (place(curve) as usize + (window * G_MULTIPLES + multiple - 1) * POINT_WORDS);
        let limb = |index: usize| u64::from_le_bytes(tables[at + 8 * index..][..8].try_into().unwrap());
        let coordinate = |first: usize| G::Base::from_packed(&std::array::from_fn(|index| limb(first + index)));
        Affine { x: coordinate(0), y: coordinate(4) }
    }

    fn check<C: chainbox_engine::curve::Curve>(tables: &[u8], curve: Curve) {
        for (window, multiple) in [(0, 1), (0, 2), (0, 128), (1, 1), (7, 77), (31, 1), (31, 128)] {
            let mut factor = [0; 4];
            factor[window / 8] = (multiple as u64) << (8 * (window % 8));
            // 128*2^(8*31) is below n, as is every other factor.
            assert!(limbs::less(&factor, &C::N));
            let expected = double_product_var::<C>(&factor, &[0; 4], &C::G).to_affine_var();
            assert_eq!(row::<C>(tables, curve, window, multiple), expected, "{curve:?} {window} {multiple}");
            assert!(!expected.x.is_zero());
        }
    }

    #[test]
    fn rows_are_the_multiples_that_they_say() {
        let tables = tables();
        assert_eq!(tables.len(), TABLE_BYTES);
        check::<Secp256k1>(&tables, Curve::Secp256k1);
        check::<P256>(&tables, Curve::P256);
        check::<Sm2>(&tables, Curve::Sm2);
    }
}
