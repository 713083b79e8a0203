//! Transactions put together field by field, so that each can be spoiled alone.

use super::ANY;
use crate::{
    transaction::{
        ethereum::{Transaction, TransactionType, decode},
        rlp::{append_list_header, append_string, append_u64},
    },
    verdict::Reason,
};

/// A field of a draft, by its meaning: its place depends on the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    ChainId,
    Nonce,
    GasPrice,
    PriorityFee,
    MaximumFee,
    GasLimit,
    To,
    Value,
    Data,
    AccessList,
    BlobFee,
    BlobHashes,
    Authorizations,
    V,
    R,
    S,
}

pub(super) use Field as F;

pub(super) fn string(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    append_string(&mut out, bytes);
    out
}

pub(super) fn integer(value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    append_u64(&mut out, value);
    out
}

/// 2^(8 * `bytes` - 8): the smallest integer that takes so many bytes.
pub(super) fn integer_of_width(bytes: usize) -> Vec<u8> {
    let mut value = vec![0; bytes];
    value[0] = 1;
    string(&value)
}

pub(super) fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let payload = items.concat();
    let mut out = Vec::new();
    append_list_header(&mut out, payload.len());
    out.extend(payload);
    out
}

/// A version-1 blob hash.
pub(super) fn blob_hash() -> Vec<u8> {
    string(&[&[1][..], &[7; 31]].concat())
}

pub(super) fn authorization() -> [Vec<u8>; 6] {
    [integer(1), string(&[9; 20]), integer(2), integer(1), integer_of_width(32), integer_of_width(31)]
}

/// The items of a transaction, each already encoded, so that a test can put anything in the place of any of them.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) kind: TransactionType,
    pub(super) items: Vec<(Field, Vec<u8>)>,
}

impl Draft {
    /// A transaction that passes every check.
    pub(super) fn new(kind: TransactionType) -> Self {
        let fees: &[Field] = if kind.has_priority_fee() { &[F::PriorityFee, F::MaximumFee] } else { &[F::GasPrice] };
        let mut order = if kind.is_typed() { vec![F::ChainId, F::Nonce] } else { vec![F::Nonce] };
        order.extend(fees);
        order.extend([F::GasLimit, F::To, F::Value, F::Data]);
        if kind.is_typed() {
            order.push(F::AccessList);
        }
        match kind {
            TransactionType::Blob => order.extend([F::BlobFee, F::BlobHashes]),
            TransactionType::SetCode => order.push(F::Authorizations),
            _ => {}
        }
        order.extend([F::V, F::R, F::S]);
        Self { kind, items: order.into_iter().map(|field| (field, Self::usual(kind, field))).collect() }
    }

    fn usual(kind: TransactionType, field: Field) -> Vec<u8> {
        match field {
            F::ChainId => integer(1),
            F::Nonce => integer(0),
            F::GasPrice | F::MaximumFee => integer(1 << 40),
            F::PriorityFee | F::BlobFee => integer(3),
            F::GasLimit => integer(21_000),
            F::To => string(&[5; 20]),
            F::Value => integer_of_width(32),
            F::Data => string(&[0xab; 60]),
            F::AccessList => list(&[list(&[string(&[6; 20]), list(&[string(&[0; 32]), string(&[8; 32])])])]),
            F::BlobHashes => list(&[blob_hash(), blob_hash()]),
            F::Authorizations => list(&[list(&authorization())]),
            F::V => integer(if kind.is_typed() { 1 } else { 38 }),
            F::R => integer_of_width(32),
            F::S => integer_of_width(30),
        }
    }

    pub(super) fn with(mut self, field: Field, item: Vec<u8>) -> Self {
        self.items.iter_mut().find(|(name, _)| *name == field).expect("the type has this field").1 = item;
        self
    }

    /// The items without a type byte.
    pub(super) fn list(&self) -> Vec<u8> {
        list(&self.items.iter().map(|(_, item)| item.clone()).collect::<Vec<_>>())
    }

    pub(super) fn raw(&self) -> Vec<u8> {
        let type_byte = if self.kind.is_typed() { vec![self.kind as u8] } else { Vec::new() };
        [type_byte, self.list()].concat()
    }

    pub(super) fn decode(&self) -> Result<Transaction, Reason> {
        decode(&self.raw(), &ANY)
    }
}

/// Asserts that a transaction of each type that has `field` is refused for `reason` with `item` in that place.
#[track_caller]
pub(super) fn assert_refused(field: Field, item: &[u8], reason: Reason) {
    let mut drafts = TransactionType::ALL.map(Draft::new).to_vec();
    drafts.retain(|draft| draft.items.iter().any(|(name, _)| *name == field));
    assert!(!drafts.is_empty());
    for draft in drafts {
        let kind = draft.kind;
        assert_eq!(draft.with(field, item.to_vec()).decode().err(), Some(reason), "{kind:?} {field:?} {item:02x?}");
    }
}
