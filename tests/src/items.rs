//! Items that own their bytes, and the engine's verdicts on them.

use std::fmt;

use chainbox_engine::{
    backend::{Backend, Cpu},
    batch::{Batch, Item, Shape},
    verdict::Verdict,
};

/// One item with its own bytes; prints as a line that `chainbox verify` can read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedItem {
    /// The public key, SEC1.
    pub key: Vec<u8>,
    /// The message, or the 32-byte digest.
    pub input: Vec<u8>,
    /// The signature, raw or DER.
    pub signature: Vec<u8>,
    /// The SM2 id; has no meaning in shapes without one.
    pub id: Vec<u8>,
}

impl OwnedItem {
    /// The item as a batch of this shape takes it.
    #[must_use]
    pub fn as_item(&self, shape: Shape) -> Item<'_> {
        Item { key: &self.key, input: &self.input, signature: &self.signature, id: shape.has_id().then_some(&self.id), hint: &[] }
    }

    /// The item as a line of `chainbox verify --format jsonl`.
    #[must_use]
    pub fn line(&self, shape: Shape) -> Line<'_> {
        Line { item: self, shape }
    }
}

/// An item as a line of JSON.
pub struct Line<'a> {
    item: &'a OwnedItem,
    shape: Shape,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OwnedItem { key, input, signature, id } = self.item;
        let (input_name, encoding) = (self.shape.input.name(), self.shape.encoding.name());
        write!(f, r#"{{"scheme":"{}","key":"{}","{input_name}":"{}","#, self.shape.scheme, hex::encode(key), hex::encode(input))?;
        write!(f, r#""signature":"{}","encoding":"{encoding}""#, hex::encode(signature))?;
        if self.shape.has_id() {
            write!(f, r#","id":"{}""#, hex::encode(id))?;
        }
        f.write_str("}")
    }
}

/// The verdicts of the CPU back end on all items as one batch.
///
/// # Panics
/// Where an item cannot stand in a batch of this shape, or the back end fails.
#[must_use]
pub fn verdicts<'a>(shape: Shape, items: impl IntoIterator<Item = &'a OwnedItem>) -> Vec<Verdict> {
    let mut batch = Batch::new(shape);
    for item in items {
        batch.push(item.as_item(shape)).unwrap_or_else(|error| panic!("{error}: {}", item.line(shape)));
    }
    Cpu::new().verify(&batch).expect("the CPU back end takes any batch").as_slice().to_vec()
}

/// The verdict of the CPU back end on one item in a batch of its own.
///
/// # Panics
/// As [`verdicts`].
#[must_use]
pub fn verdict_alone(shape: Shape, item: &OwnedItem) -> Verdict {
    verdicts(shape, [item])[0]
}
