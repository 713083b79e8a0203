//! One item: borrowed, as a batch takes it, and with bytes of its own.

use super::{Batch, ItemError, Shape};

/// One signature to check, as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// The public key as SEC1 bytes, compressed or uncompressed.
    pub key: &'a [u8],
    /// The message, or the 32-byte digest.
    pub input: &'a [u8],
    /// The signature in the batch's encoding.
    pub signature: &'a [u8],
    /// The signer's id, for SM2 over messages and nothing else. The empty id is an id of its own, not the default one.
    pub id: Option<&'a [u8]>,
    /// What somebody claims to know of R: empty, one byte of parity, or the 32 bytes of y. Never trusted: it may change the cost of a verdict,
    /// not its value.
    pub hint: &'a [u8],
}

/// An [`Item`] with bytes of its own, and the shape of the batches that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedItem {
    /// The shape of the batches that it belongs to.
    pub shape: Shape,
    /// The public key, as in [`Item::key`].
    pub key: Vec<u8>,
    /// The message or the digest.
    pub input: Vec<u8>,
    /// The signature in the shape's encoding.
    pub signature: Vec<u8>,
    /// The signer's id where the shape has one.
    pub id: Option<Vec<u8>>,
    /// The hint, as in [`Item::hint`].
    pub hint: Vec<u8>,
}

impl OwnedItem {
    /// The item as a batch takes it.
    #[must_use]
    pub fn as_item(&self) -> Item<'_> {
        Item { key: &self.key, input: &self.input, signature: &self.signature, id: self.id.as_deref(), hint: &self.hint }
    }

    /// Its bytes in all columns of a batch.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let id = self.id.as_ref().map_or(0, Vec::len);
        self.key.len() + self.input.len() + self.signature.len() + id + self.hint.len()
    }

    /// Appends it to a batch, which must be of its shape.
    ///
    /// # Errors
    /// [`ItemError`]; the batch is then unchanged.
    pub fn push_into(&self, batch: &mut Batch) -> Result<(), ItemError> {
        debug_assert_eq!(self.shape, batch.shape());
        batch.push(self.as_item())
    }
}
