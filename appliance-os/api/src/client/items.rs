//! Items to ask about, and how they are cut into messages.

use std::{borrow::Borrow, ops::Range};

use chainbox_engine::{
    batch::{Batch, ByteColumn, RecoveryBatch},
    hash::Hash,
};
use prost::length_delimiter_len;

use super::{
    Error,
    call::{Call, Digests, Recover, Verify},
};
use crate::convert;

/// What a message takes beside its items: its tag, its small fields, and the heads of at most five columns.
const MESSAGE_HEAD_BYTES: usize = 256;

/// Items of one shape that are asked about together.
pub(super) trait Items: Send + Sync {
    type Call: Call;

    fn len(&self) -> usize;

    /// The columns that go into a message.
    fn columns(&self) -> impl Iterator<Item = &ByteColumn>;

    fn request(&self, range: Range<usize>) -> <Self::Call as Call>::Request;
}

impl<I: Items> Items for &I {
    type Call = I::Call;

    fn len(&self) -> usize {
        (*self).len()
    }

    fn columns(&self) -> impl Iterator<Item = &ByteColumn> {
        (*self).columns()
    }

    fn request(&self, range: Range<usize>) -> <Self::Call as Call>::Request {
        (*self).request(range)
    }
}

/// Signatures to verify.
pub(super) struct VerifyItems<B> {
    pub batch: B,
    pub want_hints: bool,
}

impl<B: Borrow<Batch> + Send + Sync> Items for VerifyItems<B> {
    type Call = Verify;

    fn len(&self) -> usize {
        self.batch.borrow().len()
    }

    fn columns(&self) -> impl Iterator<Item = &ByteColumn> {
        let batch = self.batch.borrow();
        let ids = batch.shape().has_id().then(|| batch.ids());
        [batch.keys(), batch.inputs(), batch.signatures(), batch.hints()].into_iter().chain(ids)
    }

    fn request(&self, range: Range<usize>) -> <Verify as Call>::Request {
        convert::verify_request(self.batch.borrow(), range, self.want_hints)
    }
}

/// Signatures whose keys are to be recovered.
pub(super) struct RecoverItems<B>(pub B);

impl<B: Borrow<RecoveryBatch> + Send + Sync> Items for RecoverItems<B> {
    type Call = Recover;

    fn len(&self) -> usize {
        self.0.borrow().len()
    }

    fn columns(&self) -> impl Iterator<Item = &ByteColumn> {
        let batch = self.0.borrow();
        [batch.inputs(), batch.signatures(), batch.hints()].into_iter()
    }

    fn request(&self, range: Range<usize>) -> <Recover as Call>::Request {
        convert::recover_request(self.0.borrow(), range)
    }
}

/// Messages whose digests are wanted.
pub(super) struct DigestItems<B> {
    pub hash: Hash,
    pub messages: B,
}

impl<B: Borrow<ByteColumn> + Send + Sync> Items for DigestItems<B> {
    type Call = Digests;

    fn len(&self) -> usize {
        self.messages.borrow().len()
    }

    fn columns(&self) -> impl Iterator<Item = &ByteColumn> {
        std::iter::once(self.messages.borrow())
    }

    fn request(&self, range: Range<usize>) -> <Digests as Call>::Request {
        convert::digest_request(self.hash, self.messages.borrow(), range)
    }
}

/// What a message may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub items_max: usize,
    pub bytes_max: usize,
}

impl Cut {
    /// Where a message ends that begins with item `start`: it takes as many as fit, at least one.
    ///
    /// # Errors
    /// [`Error::ItemTooLarge`] for one that fits no message.
    pub fn end(&self, items: &impl Items, start: usize) -> Result<usize, Error> {
        let longest = items.len().min(start.saturating_add(self.items_max.max(1)));
        let mut bytes = MESSAGE_HEAD_BYTES;
        for index in start..longest {
            let string = |column: &ByteColumn| column.get(index).len();
            let item: usize = items.columns().map(|column| string(column) + length_delimiter_len(string(column))).sum();
            bytes += item;
            if bytes > self.bytes_max {
                return if index > start {
                    Ok(index)
                } else {
                    Err(Error::ItemTooLarge { index, bytes: item + MESSAGE_HEAD_BYTES, bytes_max: self.bytes_max })
                };
            }
        }
        Ok(longest)
    }
}

/// A message to be sent.
pub(super) struct Part<R> {
    pub request: R,
    pub items: usize,
    /// Whether it has the last items of its batch.
    pub is_last: bool,
}

/// The messages that items become. No items become one message without any, so that each batch has an answer of its own.
pub(super) struct Parts<I> {
    items: I,
    cut: Cut,
    start: usize,
    is_over: bool,
}

impl<I: Items> Parts<I> {
    pub const fn new(items: I, cut: Cut) -> Self {
        Self { items, cut, start: 0, is_over: false }
    }
}

impl<I: Items> Iterator for Parts<I> {
    type Item = Result<Part<<I::Call as Call>::Request>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let end = match self.cut.end(&self.items, self.start) {
            Ok(end) => end,
            Err(error) => {
                self.is_over = true;
                return Some(Err(error));
            }
        };
        let range = self.start..end;
        (self.start, self.is_over) = (end, end == self.items.len());
        Some(Ok(Part { items: range.len(), request: self.items.request(range), is_last: self.is_over }))
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    /// Messages of many lengths, around those where a length takes a byte more.
    fn messages() -> ByteColumn {
        let mut column = ByteColumn::new();
        for length in (0..300).chain([127, 128, 16_383, 16_384, 0]) {
            column.push(&vec![7; length]).unwrap();
        }
        column
    }

    #[test]
    fn messages_hold_all_items_in_order_and_no_more_than_they_may() {
        let messages = messages();
        for cut in [
            Cut { items_max: 7, bytes_max: 1 << 20 },
            Cut { items_max: 1 << 20, bytes_max: 17_000 },
            Cut { items_max: 400, bytes_max: 1 << 20 },
        ] {
            let items = DigestItems { hash: Hash::Sm3, messages: &messages };
            let parts: Vec<_> = Parts::new(items, cut).map(Result::unwrap).collect();
            let mut taken = ByteColumn::new();
            for (index, part) in parts.iter().enumerate() {
                assert!(part.items <= cut.items_max && part.request.encoded_len() <= cut.bytes_max);
                assert_eq!(part.is_last, index + 1 == parts.len());
                let (_, strings) = convert::messages_of(part.request.clone()).unwrap();
                assert_eq!(strings.len(), part.items);
                taken.extend_from(&strings, 0..strings.len()).unwrap();
            }
            assert_eq!(taken, messages);
        }
    }

    #[test]
    fn an_item_that_fits_no_message_is_named() {
        let messages = messages();
        let parts = Parts::new(DigestItems { hash: Hash::Sm3, messages: &messages }, Cut { items_max: 1 << 20, bytes_max: 16_000 });
        let results: Vec<_> = parts.collect();
        let error = results.last().unwrap().as_ref().err();
        assert_eq!(error, Some(&Error::ItemTooLarge { index: 302, bytes: 16_383 + 2 + MESSAGE_HEAD_BYTES, bytes_max: 16_000 }));
        assert!(results[..results.len() - 1].iter().all(Result::is_ok));
    }

    #[test]
    fn no_items_are_one_message() {
        let none = ByteColumn::new();
        let parts: Vec<_> = Parts::new(DigestItems { hash: Hash::Sm3, messages: &none }, Cut { items_max: 1, bytes_max: 1 }).collect();
        assert!(matches!(parts[..], [Ok(Part { items: 0, is_last: true, .. })]));
    }
}
