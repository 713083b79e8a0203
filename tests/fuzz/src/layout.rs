//! Batches as fuzz inputs: a byte of shape, then for each item the lengths of its columns in a byte each, then their bytes.
//! Any bytes are a batch: what is cut off at the end is empty, and a digest is filled up with zeros.

use chainbox_engine::{
    batch::{Batch, Encoding, Input, Item, Shape},
    scheme::Scheme,
};
use chainbox_workloads::SignedItem;

/// The most items of a batch: enough for neighbours to disturb one another, few enough for thousands of batches a second.
pub(crate) const ITEMS_MAX: usize = 4;

const COLUMNS: usize = 5;
const DIGEST: u8 = 1 << 2;
const DER: u8 = 1 << 3;
const LOW_S: u8 = 1 << 4;

/// The batch that an input stands for.
pub(crate) fn read(data: &[u8]) -> Batch {
    let (&bits, mut rest) = data.split_first().unwrap_or((&0, &[]));
    let shape = shape(bits);
    let mut batch = Batch::new(shape);
    while batch.len() < ITEMS_MAX && !rest.is_empty() {
        let lengths = take(&mut rest, COLUMNS);
        let mut column = |index: usize| take(&mut rest, lengths.get(index).copied().unwrap_or(0).into());
        let (key, message, signature, id, hint) = (column(0), column(1), column(2), column(3), column(4));
        let digest: [u8; 32] = std::array::from_fn(|index| message.get(index).copied().unwrap_or(0));
        let input = if shape.input == Input::Digest { &digest } else { message };
        let item = Item { key, input, signature, id: shape.has_id().then_some(id), hint };
        batch.push(item).expect("an item that fits the shape");
    }
    batch
}

/// The input that stands for these items, which have one shape and short columns.
pub(crate) fn write(items: &[SignedItem]) -> Vec<u8> {
    let shape = items[0].item.shape;
    let scheme = Scheme::ALL.iter().position(|&scheme| scheme == shape.scheme).expect("a known scheme") as u8;
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let mut data =
        vec![scheme | flag(shape.input == Input::Digest, DIGEST) | flag(shape.encoding == Encoding::Der, DER) | flag(shape.low_s, LOW_S)];
    for SignedItem { item, .. } in items {
        let id = item.id.as_deref().unwrap_or_default();
        let columns: [&[u8]; COLUMNS] = [&item.key, &item.input, &item.signature, id, &item.hint];
        data.extend(columns.map(|column| u8::try_from(column.len()).expect("a short column")));
        columns.iter().for_each(|column| data.extend_from_slice(column));
    }
    data
}

fn shape(bits: u8) -> Shape {
    Shape {
        scheme: Scheme::ALL[usize::from(bits & 3)],
        input: if bits & DIGEST == 0 { Input::Message } else { Input::Digest },
        encoding: if bits & DER == 0 { Encoding::Raw } else { Encoding::Der },
        low_s: bits & LOW_S != 0,
    }
}

/// The next `len` bytes, or as many as there are.
fn take<'a>(rest: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(len.min(rest.len()));
    *rest = left;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainbox_workloads::{Spec, Workload};

    #[test]
    fn items_read_back() {
        for scheme in Scheme::ALL {
            for low_s in [false, scheme != Scheme::Sm2Sm3] {
                let spec = Spec { encoding: Encoding::Der, low_s, ..Spec::new(scheme, ITEMS_MAX as u64) };
                let items = Workload::new(spec).unwrap().items(0..ITEMS_MAX as u64);
                let batch = read(&write(&items));
                assert_eq!(batch.shape(), items[0].item.shape);
                assert_eq!(batch.len(), items.len());
                for (index, signed) in items.iter().enumerate() {
                    assert_eq!(batch.item(index), signed.item.as_item());
                }
            }
        }
    }
}
