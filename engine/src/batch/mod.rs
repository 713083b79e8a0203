//! Batches: many items of one shape, in columns.

mod bytes;
mod columns;
mod item;
mod recovery;

pub use bytes::{ByteColumn, ColumnError, ColumnFull};
pub use columns::{Columns, ColumnsError};
pub use item::{Item, OwnedItem};
pub use recovery::{Recovered, RecoveryBatch};

use crate::scheme::Scheme;

/// The longest SM2 id in bytes: its length in bits must fit 16 bits (GB/T 32918.2, 5.5, ENTL_A).
pub const SM2_ID_BYTES_MAX: usize = 8191;

/// What an item's input column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A message of any length, to be hashed as the scheme says.
    Message,
    /// The 32-byte digest itself. For SM2 this is e = SM3(Z_A || M).
    Digest,
}

impl Input {
    /// The name used in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Digest => "digest",
        }
    }
}

/// How signatures are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// r||s, 32 bytes each, big-endian.
    Raw,
    /// Strict DER: SEQUENCE { INTEGER r, INTEGER s }, nothing after it.
    Der,
}

impl Encoding {
    /// The name used in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Der => "der",
        }
    }
}

/// What all items of a batch have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Curve, hash and equation.
    pub scheme: Scheme,
    /// What the input column holds.
    pub input: Input,
    /// How the signatures are written.
    pub encoding: Encoding,
    /// The policy `low-s`: refuse s above (n - 1)/2 of ECDSA, where n - s would do as well. SM2 has no such twin, and ignores it.
    pub low_s: bool,
}

impl Shape {
    /// Raw signatures over messages, high s accepted.
    #[must_use]
    pub const fn messages(scheme: Scheme) -> Self {
        Self { scheme, input: Input::Message, encoding: Encoding::Raw, low_s: false }
    }

    /// Raw signatures over 32-byte digests, high s accepted.
    #[must_use]
    pub const fn digests(scheme: Scheme) -> Self {
        Self { scheme, input: Input::Digest, encoding: Encoding::Raw, low_s: false }
    }

    /// Whether each item carries an SM2 id: only where the engine computes Z_A itself.
    #[must_use]
    pub fn has_id(self) -> bool {
        self.scheme == Scheme::Sm2Sm3 && self.input == Input::Message
    }
}

/// Why an item cannot stand in a batch. What stands in a key or a signature is never refused here: it gets a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// The digest is not 32 bytes.
    #[error("a digest has 32 bytes, this one has {0}")]
    DigestLength(usize),
    /// SM2 over messages needs the signer's id.
    #[error("SM2 over a message needs the signer's id (the common one is 1234567812345678)")]
    IdMissing,
    /// An id where none has a meaning.
    #[error("an id belongs to SM2 over a message only")]
    IdUnexpected,
    /// The id is longer than the standard allows.
    #[error("an SM2 id has at most 8,191 bytes, this one has {0}")]
    IdLength(usize),
    /// A column is full.
    #[error(transparent)]
    Full(#[from] ColumnFull),
}

/// Many items of one shape, in columns of equal length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    shape: Shape,
    source: u64,
    keys: ByteColumn,
    inputs: ByteColumn,
    signatures: ByteColumn,
    ids: ByteColumn,
    hints: ByteColumn,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        Self::with_capacity(shape, 0)
    }

    /// An empty batch with room for `items` items of the usual lengths.
    #[must_use]
    pub fn with_capacity(shape: Shape, items: usize) -> Self {
        let column = |bytes: usize| ByteColumn::with_capacity(items, items * bytes);
        Self {
            shape,
            source: 0,
            keys: column(65),
            inputs: column(32),
            signatures: column(64),
            ids: if shape.has_id() { column(16) } else { ByteColumn::new() },
            hints: column(0),
        }
    }

    /// Says who the items are from, by a number that stays the same from batch to batch. It may change costs, never a verdict.
    #[must_use]
    pub const fn from_source(mut self, source: u64) -> Self {
        self.source = source;
        self
    }

    /// Who the items are from; 0 where nobody said.
    #[must_use]
    pub const fn source(&self) -> u64 {
        self.source
    }

    /// Appends one item.
    ///
    /// # Errors
    /// [`ItemError`]; the batch is then unchanged.
    pub fn push(&mut self, item: Item<'_>) -> Result<(), ItemError> {
        check_input(self.shape.input, item.input)?;
        check_id(self.shape, item.id)?;
        let mut row = [
            (&mut self.keys, Some(item.key)),
            (&mut self.inputs, Some(item.input)),
            (&mut self.signatures, Some(item.signature)),
            (&mut self.hints, Some(item.hint)),
            (&mut self.ids, item.id),
        ];
        // All columns are asked before any is changed.
        for (column, string) in &row {
            column.check_room(string.map_or(0, <[u8]>::len))?;
        }
        for (column, string) in &mut row {
            if let Some(string) = string {
                column.push(string)?;
            }
        }
        Ok(())
    }

    /// What all items have in common.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Item `index`.
    ///
    /// # Panics
    /// Where `index` is not below [`Self::len`].
    #[must_use]
    pub fn item(&self, index: usize) -> Item<'_> {
        Item {
            key: self.keys.get(index),
            input: self.inputs.get(index),
            signature: self.signatures.get(index),
            id: self.shape.has_id().then(|| self.ids.get(index)),
            hint: self.hints.get(index),
        }
    }

    /// The column of keys, SEC1.
    #[must_use]
    pub const fn keys(&self) -> &ByteColumn {
        &self.keys
    }

    /// The column of messages or digests.
    #[must_use]
    pub const fn inputs(&self) -> &ByteColumn {
        &self.inputs
    }

    /// The column of signatures.
    #[must_use]
    pub const fn signatures(&self) -> &ByteColumn {
        &self.signatures
    }

    /// The column of SM2 ids; empty where [`Shape::has_id`] is false.
    #[must_use]
    pub const fn ids(&self) -> &ByteColumn {
        &self.ids
    }

    /// The column of hints; an empty string where there is none.
    #[must_use]
    pub const fn hints(&self) -> &ByteColumn {
        &self.hints
    }
}

/// Refuses an id where none belongs, none where one does, and one that is too long.
fn check_id(shape: Shape, id: Option<&[u8]>) -> Result<(), ItemError> {
    match (shape.has_id(), id) {
        (true, None) => Err(ItemError::IdMissing),
        (false, Some(_)) => Err(ItemError::IdUnexpected),
        (true, Some(id)) if id.len() > SM2_ID_BYTES_MAX => Err(ItemError::IdLength(id.len())),
        _ => Ok(()),
    }
}

/// Refuses a digest that does not have 32 bytes.
fn check_input(kind: Input, input: &[u8]) -> Result<(), ItemError> {
    if kind == Input::Digest && input.len() != 32 {
        return Err(ItemError::DigestLength(input.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: Item<'_> = Item { key: b"key", input: b"message", signature: b"signature", id: None, hint: b"" };

    #[test]
    fn items_read_back() {
        let mut batch = Batch::new(Shape::messages(Scheme::Sm2Sm3));
        let items = [Item { id: Some(b""), ..ITEM }, Item { id: Some(b"id"), hint: &[1], ..ITEM }];
        for item in items {
            batch.push(item).unwrap();
        }
        assert_eq!([batch.item(0), batch.item(1)], items);
    }

    #[test]
    fn what_has_no_meaning_is_refused_and_changes_nothing() {
        let mut sm2 = Batch::new(Shape::messages(Scheme::Sm2Sm3));
        assert_eq!(sm2.push(ITEM), Err(ItemError::IdMissing));
        assert_eq!(sm2.push(Item { id: Some(&[0; 8192]), ..ITEM }), Err(ItemError::IdLength(8192)));
        assert_eq!(sm2.push(Item { id: Some(&[0; 8191]), ..ITEM }), Ok(()));
        assert_eq!(sm2.len(), 1);
        let mut digests = Batch::new(Shape::digests(Scheme::Sm2Sm3));
        assert_eq!(digests.push(ITEM), Err(ItemError::DigestLength(7)));
        assert_eq!(digests.push(Item { input: &[0; 32], id: Some(b"id"), ..ITEM }), Err(ItemError::IdUnexpected));
        assert!(digests.is_empty());
    }
}
