//! RLP: what can be read to the end is exactly what a writer of its own makes of it, so there is one encoding of each value.

use chainbox_engine::transaction::rlp::{Item, Reader};

use super::transaction;

/// Deeper lists than any transaction has; the reader itself does not recurse.
const DEPTH_MAX: usize = 64;

pub(crate) fn run(data: &[u8]) {
    if let Some(encoded) = read_and_write(Reader::new(data), DEPTH_MAX) {
        assert_eq!(encoded, data);
    }
}

/// The encoding of the items that were read; `None` where one is not canonical or stands too deep.
pub(super) fn read_and_write(mut reader: Reader<'_>, depth: usize) -> Option<Vec<u8>> {
    let mut encoded = Vec::new();
    while !reader.is_empty() {
        match reader.item().ok()? {
            Item::String(bytes) => encoded.extend(string(bytes)),
            Item::List(items) => encoded.extend(list(&read_and_write(items, depth.checked_sub(1)?)?)),
        }
    }
    Some(encoded)
}

/// The encoding of a string (Yellow Paper, appendix B, equation 181 and on).
pub(super) fn string(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [byte] if *byte < 0x80 => vec![*byte],
        _ => [header(0x80, bytes.len()), bytes.to_vec()].concat(),
    }
}

/// The encoding of a list, from that of its items.
pub(super) fn list(items: &[u8]) -> Vec<u8> {
    [header(0xc0, items.len()), items.to_vec()].concat()
}

fn header(kind: u8, length: usize) -> Vec<u8> {
    let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|&digit| digit == 0).collect();
    match length {
        0..56 => vec![kind + length as u8],
        _ => [vec![kind + 55 + digits.len() as u8], digits].concat(),
    }
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let mut inputs =
        vec![string(b""), string(&[0x7f]), string(&[0x80]), string(&[7; 56]), list(&list(&list(b""))), list(&string(&[7; 300]))];
    inputs.extend(transaction::inputs());
    inputs
}
