//! Items that own their bytes, and batches of them.

use chainbox_engine::{
    batch::{Batch, ItemError, OwnedItem},
    verdict::Verdict,
};

use crate::Kind;

/// One item and the verdict that it must get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedItem {
    /// The item. Its hint is that of the signature before anything was made wrong.
    pub item: OwnedItem,
    /// What was made wrong, if anything.
    pub kind: Option<Kind>,
}

impl SignedItem {
    /// The verdict that it must get.
    #[must_use]
    pub fn expected(&self) -> Verdict {
        self.kind.map_or(Verdict::Valid, |kind| Verdict::Invalid(kind.reason()))
    }
}

/// A batch and the verdicts that it must get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchOfItems {
    /// The batch.
    pub batch: Batch,
    /// For each item of the batch its index among the items that were given, and its verdict.
    pub expected: Vec<(usize, Verdict)>,
}

/// Sorts items into one batch a shape, in the order in which the shapes appear. Items of one shape keep their order.
///
/// # Errors
/// [`ItemError::Full`] where a batch would be too large for its columns.
pub fn batches(items: &[SignedItem]) -> Result<Vec<BatchOfItems>, ItemError> {
    let mut batches: Vec<BatchOfItems> = Vec::new();
    for (index, signed) in items.iter().enumerate() {
        let shape = signed.item.shape;
        let place = batches.iter().position(|made| made.batch.shape() == shape).unwrap_or_else(|| {
            batches.push(BatchOfItems { batch: Batch::with_capacity(shape, items.len()), expected: Vec::new() });
            batches.len() - 1
        });
        signed.item.push_into(&mut batches[place].batch)?;
        batches[place].expected.push((index, signed.expected()));
    }
    Ok(batches)
}
