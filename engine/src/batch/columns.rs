//! Batches made of whole columns, and batches made of parts of others.

use std::ops::Range;

use super::{Batch, ByteColumn, ColumnFull, Input, ItemError, RecoveryBatch, Shape, check_id, check_input};

/// The columns of a [`Batch`]. Ids and hints may be empty where no item has one; all others have a string an item.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Keys, SEC1.
    pub keys: ByteColumn,
    /// Messages or digests.
    pub inputs: ByteColumn,
    /// Signatures.
    pub signatures: ByteColumn,
    /// The signers' ids, for SM2 over messages and nothing else.
    pub ids: ByteColumn,
    /// Hints; an empty string where there is none.
    pub hints: ByteColumn,
}

/// Why columns are no batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// A column has more or fewer strings than the column of inputs.
    #[error("the column of {column} has {strings} strings for {items} items")]
    Count {
        /// The column's name.
        column: &'static str,
        /// How many strings it has.
        strings: usize,
        /// How many inputs there are.
        items: usize,
    },
    /// An item cannot stand in a batch of this shape.
    #[error("item {index}: {error}")]
    Item {
        /// Its place, from 0.
        index: usize,
        /// Why it cannot.
        error: ItemError,
    },
}

/// Refuses a column that has not one string for each of `items` items.
const fn check_count(column: &'static str, strings: usize, items: usize) -> Result<(), ColumnsError> {
    if strings == items { Ok(()) } else { Err(ColumnsError::Count { column, strings, items }) }
}

/// The first item of a column that a check refuses.
fn check_each<'a>(strings: impl Iterator<Item = &'a [u8]>, check: impl Fn(&'a [u8]) -> Result<(), ItemError>) -> Result<(), ColumnsError> {
    strings.enumerate().try_for_each(|(index, string)| check(string).map_err(|error| ColumnsError::Item { index, error }))
}

/// A column with a string an item: the one given, or empty strings where it is empty.
fn or_empty_strings(column: ByteColumn, items: usize) -> ByteColumn {
    if column.is_empty() { ByteColumn::of_empty_strings(items) } else { column }
}

impl Batch {
    /// A batch of whole columns.
    ///
    /// # Errors
    /// [`ColumnsError`] where they do not have one string an item, or an item could not be pushed.
    pub fn from_columns(shape: Shape, columns: Columns) -> Result<Self, ColumnsError> {
        let items = columns.inputs.len();
        let hints = or_empty_strings(columns.hints, items);
        check_count("keys", columns.keys.len(), items)?;
        check_count("signatures", columns.signatures.len(), items)?;
        check_count("hints", hints.len(), items)?;
        check_each(columns.inputs.iter(), |input| check_input(shape.input, input))?;
        if shape.has_id() {
            if columns.ids.is_empty() && items > 0 {
                return Err(ColumnsError::Item { index: 0, error: ItemError::IdMissing });
            }
            check_count("ids", columns.ids.len(), items)?;
            check_each(columns.ids.iter(), |id| check_id(shape, Some(id)))?;
        } else if !columns.ids.is_empty() {
            return Err(ColumnsError::Item { index: 0, error: ItemError::IdUnexpected });
        }
        let Columns { keys, inputs, signatures, ids, .. } = columns;
        Ok(Self { shape, source: 0, keys, inputs, signatures, ids, hints })
    }

    /// Appends items of another batch of the same shape.
    ///
    /// # Errors
    /// [`ColumnFull`] where a column has no room; the batch is then of no use.
    ///
    /// # Panics
    /// Where the range goes beyond the other batch.
    pub fn extend_from(&mut self, other: &Self, range: Range<usize>) -> Result<(), ColumnFull> {
        debug_assert_eq!(self.shape, other.shape);
        self.keys.extend_from(&other.keys, range.clone())?;
        self.inputs.extend_from(&other.inputs, range.clone())?;
        self.signatures.extend_from(&other.signatures, range.clone())?;
        self.hints.extend_from(&other.hints, range.clone())?;
        if self.shape.has_id() {
            self.ids.extend_from(&other.ids, range)?;
        }
        Ok(())
    }

    /// The bytes of all columns.
    #[must_use]
    pub fn bytes(&self) -> usize {
        [&self.keys, &self.inputs, &self.signatures, &self.ids, &self.hints].iter().map(|column| column.data().len()).sum()
    }
}

impl RecoveryBatch {
    /// A batch of whole columns; that of hints may be empty where no item has one.
    ///
    /// # Errors
    /// [`ColumnsError`] where they do not have one string an item, or an item could not be pushed.
    pub fn from_columns(
        input: Input,
        low_s: bool,
        inputs: ByteColumn,
        signatures: ByteColumn,
        hints: ByteColumn,
    ) -> Result<Self, ColumnsError> {
        let items = inputs.len();
        let hints = or_empty_strings(hints, items);
        check_count("signatures", signatures.len(), items)?;
        check_count("hints", hints.len(), items)?;
        check_each(inputs.iter(), |string| check_input(input, string))?;
        Ok(Self { input, low_s, inputs, signatures, hints })
    }

    /// Appends items of another batch over the same kind of input, with the same policy.
    ///
    /// # Errors
    /// [`ColumnFull`] where a column has no room; the batch is then of no use.
    ///
    /// # Panics
    /// Where the range goes beyond the other batch.
    pub fn extend_from(&mut self, other: &Self, range: Range<usize>) -> Result<(), ColumnFull> {
        debug_assert_eq!((self.input, self.low_s), (other.input, other.low_s));
        self.inputs.extend_from(&other.inputs, range.clone())?;
        self.signatures.extend_from(&other.signatures, range.clone())?;
        self.hints.extend_from(&other.hints, range)
    }

    /// The bytes of all columns.
    #[must_use]
    pub fn bytes(&self) -> usize {
        [&self.inputs, &self.signatures, &self.hints].iter().map(|column| column.data().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{batch::Item, scheme::Scheme};

    fn column(strings: &[&[u8]]) -> ByteColumn {
        let mut column = ByteColumn::new();
        strings.iter().for_each(|string| column.push(string).unwrap());
        column
    }

    fn columns() -> Columns {
        Columns {
            keys: column(&[b"k0", b"key1"]),
            inputs: column(&[b"m0", b""]),
            signatures: column(&[b"s0", b"s1"]),
            ids: column(&[b"", b"id"]),
            hints: ByteColumn::new(),
        }
    }

    const SHAPE: Shape = Shape::messages(Scheme::Sm2Sm3);

    #[test]
    fn columns_and_pushed_items_are_the_same_batch() {
        let mut pushed = Batch::new(SHAPE);
        pushed.push(Item { key: b"k0", input: b"m0", signature: b"s0", id: Some(b""), hint: b"" }).unwrap();
        pushed.push(Item { key: b"key1", input: b"", signature: b"s1", id: Some(b"id"), hint: b"" }).unwrap();
        assert_eq!(Batch::from_columns(SHAPE, columns()), Ok(pushed));
        let empty = Batch::from_columns(SHAPE, Columns::default()).unwrap();
        assert_eq!(empty, Batch::new(SHAPE));
    }

    #[test]
    fn columns_that_do_not_fit_name_the_place() {
        let refused = |columns| Batch::from_columns(SHAPE, columns).unwrap_err();
        assert_eq!(refused(Columns { keys: column(&[b"k"]), ..columns() }), ColumnsError::Count { column: "keys", strings: 1, items: 2 });
        let three = column(&[b"", b"", b""]);
        assert_eq!(refused(Columns { hints: three, ..columns() }), ColumnsError::Count { column: "hints", strings: 3, items: 2 });
        let long = column(&[b"", &[0; 8192]]);
        assert_eq!(refused(Columns { ids: long, ..columns() }), ColumnsError::Item { index: 1, error: ItemError::IdLength(8192) });
        let none = refused(Columns { ids: ByteColumn::new(), ..columns() });
        assert_eq!(none, ColumnsError::Item { index: 0, error: ItemError::IdMissing });
        let digests = Batch::from_columns(Shape::digests(Scheme::Sm2Sm3), Columns { ids: ByteColumn::new(), ..columns() });
        assert_eq!(digests, Err(ColumnsError::Item { index: 0, error: ItemError::DigestLength(2) }));
    }

    #[test]
    fn a_batch_takes_items_of_another() {
        let other = Batch::from_columns(SHAPE, columns()).unwrap();
        let mut taken = Batch::new(SHAPE);
        taken.extend_from(&other, 1..2).unwrap();
        taken.extend_from(&other, 0..2).unwrap();
        assert_eq!([taken.item(0), taken.item(1), taken.item(2)], [other.item(1), other.item(0), other.item(1)]);
        assert_eq!(taken.bytes(), 4 + 2 + 2 + other.bytes());
    }
}
