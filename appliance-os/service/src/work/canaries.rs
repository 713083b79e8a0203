//! Known answers that are put among the items of devices.

use std::{collections::HashMap, sync::OnceLock};

use chainbox_engine::{
    backend::known_answers::{self, KnownAnswer},
    batch::Shape,
};

/// Known answers by shape, made when first asked for.
#[derive(Default)]
pub struct Canaries(OnceLock<HashMap<Shape, Vec<KnownAnswer>>>);

impl Canaries {
    /// The known answers of a shape: valid ones at even places, invalid ones at odd ones, as many of either.
    pub fn of(&self, shape: Shape) -> &[KnownAnswer] {
        let all = self.0.get_or_init(|| {
            let mut all = HashMap::new();
            for answer in known_answers::all() {
                for low_s in [false, true] {
                    let shape = Shape { low_s, ..answer.item.shape };
                    all.entry(shape).or_insert_with(|| in_turn(known_answers::of_shape(shape)));
                }
            }
            all
        });
        all.get(&shape).map_or(&[], Vec::as_slice)
    }
}

/// A valid one, an invalid one, and so on; the fewer ones come again. Nothing where there are none of one kind.
fn in_turn(answers: Vec<KnownAnswer>) -> Vec<KnownAnswer> {
    let (valid, invalid): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.verdict.is_valid());
    if valid.is_empty() || invalid.is_empty() {
        return Vec::new();
    }
    let turns = valid.len().max(invalid.len());
    let pairs = valid.into_iter().cycle().zip(invalid.into_iter().cycle()).take(turns);
    pairs.flat_map(|(valid, invalid)| [valid, invalid]).collect()
}

#[cfg(test)]
mod tests {
    use chainbox_engine::{
        batch::{Encoding, Input},
        scheme::Scheme,
    };

    use super::*;

    #[test]
    fn every_shape_has_as_many_valid_as_invalid_ones_in_turn() {
        let canaries = Canaries::default();
        for scheme in Scheme::ALL {
            for (input, encoding) in
                [Input::Message, Input::Digest].into_iter().flat_map(|i| [Encoding::Raw, Encoding::Der].map(|e| (i, e)))
            {
                for low_s in [false, true] {
                    let shape = Shape { scheme, input, encoding, low_s };
                    let pool = canaries.of(shape);
                    assert!(pool.len() >= 2 && pool.len() % 2 == 0, "{shape:?}");
                    for (index, answer) in pool.iter().enumerate() {
                        assert_eq!(answer.verdict.is_valid(), index % 2 == 0, "{shape:?}");
                        assert_eq!(answer.item.shape, shape);
                    }
                }
            }
        }
    }
}
