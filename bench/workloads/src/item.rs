//! Items that own their bytes, and batches of them.

use chainbox_engine::{
    batch::{Batch, Item, ItemError, Shape},
    verdict::Verdict,
};

use crate::Kind;

/// One item and the verdict that it must get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedItem {
    /// The shape of the batches that it belongs to.
    pub shape: Shape,
    /// The key as SEC1 bytes.
    pub key: Vec<u8>,
    /// The message or the digest.
    pub input: Vec<u8>,
    /// The signature in the shape's encoding.
    pub signature: Vec<u8>,
    /// The signer's id where the shape has one.
    pub id: Option<Vec<u8>>,
    /// What it claims to know of R: that of the signature before anything was made wrong.
    pub hint: Vec<u8>,
    /// What was made wrong, if anything.
    pub kind: Option<Kind>,
}

impl SignedItem {
    /// The verdict that it must get.
    #[must_use]
    pub fn expected(&self) -> Verdict {
        self.kind.map_or(Verdict::Valid, |kind| Verdict::Invalid(kind.reason()))
    }

    /// The item as the engine takes it.
    #[must_use]
    pub fn as_item(&self) -> Item<'_> {
        Item { key: &self.key, input: &self.input, signature: &self.signature, id: self.id.as_deref(), hint: &self.hint }
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
    for (index, item) in items.iter().enumerate() {
        let place = batches.iter().position(|made| made.batch.shape() == item.shape).unwrap_or_else(|| {
            batches.push(BatchOfItems { batch: Batch::with_capacity(item.shape, items.len()), expected: Vec::new() });
            batches.len() - 1
        });
        batches[place].batch.push(item.as_item())?;
        batches[place].expected.push((index, item.expected()));
    }
    Ok(batches)
}
