//! The outermost layer: a type byte (EIP-2718) and a list of fields.

use crate::{
    transaction::rlp::{Error, Item, Reader},
    verdict::Reason,
};

/// The longest transaction in bytes: 8 MiB, since no block of the main network may be larger than that (EIP-7934).
/// Pools set narrower limits of their own, commonly 128 KiB.
pub const TRANSACTION_BYTES_MAX: usize = 8 << 20;

/// How a transaction's fields are laid out. The value is the type byte (EIP-2718); a legacy transaction has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum TransactionType {
    /// From before EIP-2718: a bare list.
    Legacy = 0,
    /// With an access list (EIP-2930).
    AccessList = 1,
    /// With a priority fee (EIP-1559).
    DynamicFee = 2,
    /// With the hashes of blobs (EIP-4844).
    Blob = 3,
    /// With authorizations to set the code of accounts (EIP-7702).
    SetCode = 4,
}

impl TransactionType {
    /// Every type.
    pub const ALL: [Self; 5] = [Self::Legacy, Self::AccessList, Self::DynamicFee, Self::Blob, Self::SetCode];

    /// Whether a type byte stands before the list and a chain id and an access list in it.
    pub(super) fn is_typed(self) -> bool {
        self != Self::Legacy
    }

    /// Whether a priority fee and a maximum fee stand where the older types have one gas price.
    pub(super) fn has_priority_fee(self) -> bool {
        self >= Self::DynamicFee
    }

    /// Whether it cannot create a contract.
    pub(super) fn needs_recipient(self) -> bool {
        self >= Self::Blob
    }
}

/// A transaction's type and the items of its list.
pub(super) struct Envelope<'a> {
    pub(super) kind: TransactionType,
    pub(super) items: Reader<'a>,
}

/// Opens the outermost layer of a raw transaction.
pub(super) fn open(raw: &[u8]) -> Result<Envelope<'_>, Reason> {
    if raw.len() > TRANSACTION_BYTES_MAX {
        return Err(Reason::TransactionEncoding);
    }
    let (kind, list) = match raw {
        [] | [0x80..=0xbf, ..] => return Err(Reason::TransactionEncoding),
        [0xc0..=0xff, ..] => (TransactionType::Legacy, raw),
        [1, list @ ..] => (TransactionType::AccessList, list),
        [2, list @ ..] => (TransactionType::DynamicFee, list),
        [3, list @ ..] => (TransactionType::Blob, list),
        [4, list @ ..] => (TransactionType::SetCode, list),
        _ => return Err(Reason::TransactionType),
    };
    let mut outer = Reader::new(list);
    let items = outer.list()?;
    outer.end()?;
    if kind == TransactionType::Blob && is_network_form(items)? {
        return Err(Reason::BlobNetworkForm);
    }
    Ok(Envelope { kind, items })
}

/// Whether the items are a whole transaction and its blobs: [transaction, blobs, commitments, proofs] (EIP-4844), or
/// [transaction, wrapper version, blobs, commitments, cell proofs] (EIP-7594).
fn is_network_form(mut items: Reader<'_>) -> Result<bool, Error> {
    // The block form begins with the chain id.
    let Item::List(_) = items.item()? else { return Ok(false) };
    if let Item::String(_) = items.item()? {
        items.list()?;
    }
    items.list()?;
    items.list()?;
    items.end()?;
    Ok(true)
}
