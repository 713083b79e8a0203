//! The fields of each type, in the order in which they stand.

use super::envelope::TransactionType;
use crate::transaction::rlp::{Error, Integer, Reader};

/// The version byte of a blob hash that commits with KZG (EIP-4844, VERSIONED_HASH_VERSION_KZG).
const BLOB_HASH_VERSION: u8 = 1;

/// What the rules and the recovery of the sender need of a transaction's fields.
pub(super) struct Fields<'a> {
    /// Absent from legacy transactions, which name their chain in v or not at all.
    pub(super) chain_id: Option<u64>,
    pub(super) nonce: u64,
    /// `None` for the types with one gas price.
    pub(super) fees: Option<Fees<'a>>,
    pub(super) has_recipient: bool,
    /// Whether there is a blob hash and each has the known version; `None` for the types without any.
    pub(super) blob_hashes_good: Option<bool>,
    /// The number of authorizations; `None` for the types without any.
    pub(super) authorizations: Option<usize>,
    /// The encoding of every field before the signature, as it stands in the raw transaction.
    pub(super) signed: &'a [u8],
    /// The legacy v, or the parity of y(R).
    pub(super) v: Integer<'a>,
    pub(super) r: Integer<'a>,
    pub(super) s: Integer<'a>,
}

/// What a unit of gas may cost.
pub(super) struct Fees<'a> {
    pub(super) priority: Integer<'a>,
    pub(super) maximum: Integer<'a>,
}

/// Reads the fields of a transaction of type `kind`, all of `items` and nothing else.
pub(super) fn read(kind: TransactionType, mut items: Reader<'_>) -> Result<Fields<'_>, Error> {
    let all = items.rest();
    let chain_id = kind.is_typed().then(|| items.u64()).transpose()?;
    let nonce = items.u64()?;
    let fees = read_fees(kind, &mut items)?;
    let _gas_limit = items.u64()?;
    let has_recipient = read_recipient(&mut items)?;
    let _value = items.integer()?;
    let _data = items.string()?;
    if kind.is_typed() {
        read_access_list(items.list()?)?;
    }
    let blob_hashes_good = (kind == TransactionType::Blob).then(|| read_blob_fields(&mut items)).transpose()?;
    let authorizations = (kind == TransactionType::SetCode).then(|| read_authorizations(items.list()?)).transpose()?;
    let signed = &all[..all.len() - items.rest().len()];
    let (v, r, s) = (items.integer()?, items.integer()?, items.integer()?);
    items.end()?;
    Ok(Fields { chain_id, nonce, fees, has_recipient, blob_hashes_good, authorizations, signed, v, r, s })
}

/// Reads both fees, or the one gas price, of which no rule speaks.
fn read_fees<'a>(kind: TransactionType, items: &mut Reader<'a>) -> Result<Option<Fees<'a>>, Error> {
    let first = items.integer()?;
    kind.has_priority_fee().then(|| Ok(Fees { priority: first, maximum: items.integer()? })).transpose()
}

/// Reads an address or the empty string, which creates a contract.
fn read_recipient(items: &mut Reader<'_>) -> Result<bool, Error> {
    match items.string()?.len() {
        0 => Ok(false),
        20 => Ok(true),
        other => Err(Error::WrongLength(other)),
    }
}

/// Reads addresses and their storage keys: [[address, [key, ..]], ..] (EIP-2930).
fn read_access_list(mut entries: Reader<'_>) -> Result<(), Error> {
    while !entries.is_empty() {
        let mut entry = entries.list()?;
        let _address = entry.bytes::<20>()?;
        let mut keys = entry.list()?;
        entry.end()?;
        while !keys.is_empty() {
            let _key = keys.bytes::<32>()?;
        }
    }
    Ok(())
}

/// Reads the maximum fee of blob gas and the blob hashes; says whether there is one and each has the known version.
fn read_blob_fields(items: &mut Reader<'_>) -> Result<bool, Error> {
    let _maximum_fee = items.integer()?;
    let mut hashes = items.list()?;
    let mut good = !hashes.is_empty();
    while !hashes.is_empty() {
        good &= hashes.bytes::<32>()?[0] == BLOB_HASH_VERSION;
    }
    Ok(good)
}

/// Reads [[chain id, address, nonce, parity, r, s], ..] within the widths of EIP-7702 and says how many there are.
/// Their signatures are not judged: an authorization that is not valid is skipped when the transaction runs and does not spoil it.
fn read_authorizations(mut authorizations: Reader<'_>) -> Result<usize, Error> {
    let mut count = 0;
    while !authorizations.is_empty() {
        let mut authorization = authorizations.list()?;
        let _chain_id = authorization.integer()?;
        let _address = authorization.bytes::<20>()?;
        let _nonce = authorization.u64()?;
        u8::try_from(authorization.u64()?).map_err(|_| Error::IntegerTooWide)?;
        let (_r, _s) = (authorization.integer()?, authorization.integer()?);
        authorization.end()?;
        count += 1;
    }
    Ok(count)
}
