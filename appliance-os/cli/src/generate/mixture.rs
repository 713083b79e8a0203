//! Workloads of several schemes, dealt in turn.

use chainbox_workloads::{SignedItem, Spec, SpecError, Workload};

/// Items of several workloads: item i is of workload `i mod n`, each of which has the same number of items, give or take one.
pub(super) struct Mixture(Vec<Workload>);

impl Mixture {
    /// `count` items in all; the specs' own numbers of items do not count.
    pub(super) fn new(count: u64, specs: Vec<Spec>) -> Result<Self, SpecError> {
        let schemes = specs.len() as u64;
        let share = |place: u64| count.saturating_sub(place).div_ceil(schemes);
        let workloads = specs.into_iter().zip(0..).map(|(spec, place)| Workload::new(Spec { items: share(place), ..spec }));
        workloads.collect::<Result<_, _>>().map(Self)
    }

    /// Item `index`, which must be below the count.
    pub(super) fn item(&self, index: u64) -> SignedItem {
        let schemes = self.0.len() as u64;
        self.0[(index % schemes) as usize].item(index / schemes)
    }

    /// How many items are invalid.
    pub(super) fn invalid_items(&self) -> u64 {
        self.0.iter().map(|workload| workload.spec().invalid_items()).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chainbox_engine::scheme::Scheme;

    use super::*;

    #[test]
    fn every_item_of_every_workload_comes_once() {
        for count in [0, 1, 3, 4, 5, 10] {
            let mixture = Mixture::new(count, Scheme::ALL.map(|scheme| Spec { signers: 2, ..Spec::new(scheme, 0) }).to_vec()).unwrap();
            let items: Vec<_> = (0..count).map(|index| mixture.item(index)).collect();
            assert!(items.iter().zip(Scheme::ALL.iter().cycle()).all(|(signed, scheme)| signed.item.shape.scheme == *scheme));
            assert_eq!(items.iter().map(|signed| &signed.item.signature).collect::<HashSet<_>>().len() as u64, count);
        }
    }
}
