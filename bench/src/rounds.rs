//! Fresh items of the same signers for each sample, so that a cache of verdicts cannot win.

use chainbox_engine::{
    batch::{Batch, Item, RecoveryBatch},
    verdict::Verdict,
};
use chainbox_workloads::{Hints, Kind, Spec, Workload};

use crate::{Error, report::Form};

/// Ways to forge an item so that its equation fails, and nothing before it.
const FORGED: [Kind; 3] = [Kind::FlippedBit, Kind::WrongMessage, Kind::WrongKey];

/// One batch of fresh items for each round, and what it must be answered.
pub(crate) struct Rounds {
    spec: Spec,
    /// The batches, with y of R as hints.
    batches: Vec<Batch>,
    /// The verdicts.
    pub(crate) expected: Vec<Vec<Verdict>>,
}

impl Rounds {
    /// `rounds` batches of `batch` items each, as the spec says in all but the number of items, the kinds of forgeries and the hints. They
    /// are made by all threads of the common pool.
    pub(crate) fn new(spec: Spec, batch: usize, rounds: usize) -> Result<Self, Error> {
        let batch_items = batch as u64;
        let spec = Spec { items: batch_items * rounds as u64, invalid_kinds: FORGED.to_vec(), hints: Hints::Y, ..spec };
        let workload = Workload::new(spec.clone())?;
        let (mut batches, mut expected) = (Vec::new(), Vec::new());
        for round in 0..rounds as u64 {
            let items = workload.items(round * batch_items..(round + 1) * batch_items);
            let mut made = Batch::with_capacity(spec.shape(), batch);
            for signed in &items {
                signed.item.push_into(&mut made)?;
            }
            batches.push(made);
            expected.push(items.iter().map(chainbox_workloads::SignedItem::expected).collect());
        }
        Ok(Self { spec, batches, expected })
    }

    /// What they are made of.
    pub(crate) const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Items a batch.
    pub(crate) fn items(&self) -> usize {
        self.batches[0].len()
    }

    /// How the items are written.
    pub(crate) fn form(&self) -> Form {
        let input_bytes = self.batches[0].item(0).input.len();
        Form::new(self.spec.shape(), input_bytes, self.spec.compressed)
    }

    /// The batches with these hints. Of a parity byte the second bit, x(R) = r + n, is left out: it is set by a chance of 2^-32 at most, and
    /// a wrong hint changes no verdict.
    pub(crate) fn batches(&self, hints: Hints) -> Result<Vec<Batch>, Error> {
        let with_hints = |batch: &Batch| {
            let mut made = Batch::with_capacity(batch.shape(), batch.len());
            for item in (0..batch.len()).map(|index| batch.item(index)) {
                let hint = match hints {
                    Hints::None => &[][..],
                    Hints::Parity => &[parity(item)],
                    Hints::Y => item.hint,
                };
                made.push(Item { hint, ..item })?;
            }
            Ok(made)
        };
        self.batches.iter().map(with_hints).collect()
    }

    /// The same items with the signer as the unknown, and the keys that must be found. On secp256k1 x(R) = r + n does not occur by chance
    /// (2^-127).
    pub(crate) fn recovery(&self) -> Result<Recovery, Error> {
        let mut recovery = Recovery::default();
        for batch in &self.batches {
            let (mut made, mut keys) = (RecoveryBatch::new(batch.shape().input, false), Vec::new());
            for item in (0..batch.len()).map(|index| batch.item(index)) {
                made.push(item.input, &[item.signature, &[parity(item)]].concat())?;
                keys.push(<[u8; 64]>::try_from(&item.key[1..]).expect("an uncompressed key"));
            }
            recovery.batches.push(made);
            recovery.expected.push(keys);
        }
        Ok(recovery)
    }
}

/// Batches whose unknown is the signer.
#[derive(Default)]
pub(crate) struct Recovery {
    pub(crate) batches: Vec<RecoveryBatch>,
    /// x||y of the keys.
    pub(crate) expected: Vec<Vec<[u8; 64]>>,
}

/// The parity of y(R), which is the item's hint.
fn parity(item: Item<'_>) -> u8 {
    item.hint[31] & 1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chainbox_engine::{batch::Input, scheme::Scheme, verdict::Reason};

    use super::*;

    #[test]
    fn items_are_fresh_and_signers_the_same() {
        let spec = Spec { input: Input::Digest, signers: 4, invalid_share: 0.5, ..Spec::new(Scheme::Sm2Sm3, 0) };
        let rounds = Rounds::new(spec, 16, 3).unwrap();
        let all = |of: fn(Item<'_>) -> Vec<u8>| -> BTreeSet<_> {
            rounds.batches.iter().flat_map(|batch| (0..16).map(|index| of(batch.item(index)))).collect()
        };
        assert_eq!(all(|item| item.signature.to_vec()).len(), 48, "a signature comes twice");
        assert_eq!(all(|item| item.key.to_vec()).len(), 4);
        let forged: Vec<_> = rounds.expected.iter().flatten().filter(|verdict| **verdict != Verdict::Valid).collect();
        assert_eq!(forged, vec![&Verdict::Invalid(Reason::Equation); 24]);
    }

    #[test]
    fn hints_are_those_of_the_workload() {
        for (hints, bytes) in [(Hints::None, 0), (Hints::Parity, 1), (Hints::Y, 32)] {
            let spec = Spec { input: Input::Digest, ..Spec::new(Scheme::EcdsaP256Sha256, 9) };
            let made = Rounds::new(spec.clone(), 9, 1).unwrap().batches(hints).unwrap();
            let workload = Workload::new(Spec { hints, ..spec }).unwrap();
            for index in 0..9 {
                assert_eq!(made[0].item(index).hint, workload.item(index as u64).item.hint);
                assert_eq!(made[0].item(index).hint.len(), bytes);
            }
        }
    }
}
