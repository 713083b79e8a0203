//! Between messages and the engine's batches, both ways: the server reads requests and writes responses, the client the other way round.

use bytes::Bytes;
pub use chainbox_engine::scheme::SM2_ID_DEFAULT as SM2_DEFAULT_ID;
use chainbox_engine::{
    backend::Hint,
    batch::{Batch, ByteColumn, ColumnError, Columns, ColumnsError, Encoding, Input, Recovered, RecoveryBatch, Shape},
    hash::{Digest, Hash},
    scheme::Scheme,
    verdict::{Reason, Verdict, Verdicts},
};

use crate::v1;

/// The bytes of a recovered key, x||y.
const KEY_BYTES: usize = 64;

/// Why a request is none: the client has to change it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A field that has no default is missing, or has a value that this server does not know.
    #[error("{field} is {value}: set it to one of the values that this server's version has (Capabilities lists them)")]
    Unknown {
        /// The field.
        field: &'static str,
        /// The number that stands there; 0 where it was not set.
        value: i32,
    },
    /// The parts of a column do not fit.
    #[error("the column of {column}: {error}")]
    Column {
        /// The column.
        column: &'static str,
        /// What does not fit.
        error: ColumnError,
    },
    /// A column has lengths and a width.
    #[error("the column of {0} has lengths and a width: set one of them")]
    LengthsAndWidth(&'static str),
    /// The columns do not fit one another.
    #[error(transparent)]
    Columns(#[from] ColumnsError),
}

/// Why a response is none: the server is broken, or is no Chainbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server's answer cannot be used: {0}")]
pub struct BadAnswer(pub String);

/// Declares the pairs of an enum of the engine and one of the proto files.
macro_rules! pairs {
    ($to:ident, $from:ident, $field:literal, $engine:ty, $proto:ty, $($value:ident = $other:ident),+ $(,)?) => {
        #[doc = concat!("The value of `", $field, "` in a message.")]
        #[must_use]
        pub const fn $to(value: $engine) -> $proto {
            match value { $(<$engine>::$value => <$proto>::$other,)+ }
        }

        #[doc = concat!("What the number in `", $field, "` stands for.")]
        ///
        /// # Errors
        /// [`Malformed::Unknown`].
        pub fn $from(value: i32) -> Result<$engine, Malformed> {
            match <$proto>::try_from(value) {
                $(Ok(<$proto>::$other) => Ok(<$engine>::$value),)+
                _ => Err(Malformed::Unknown { field: $field, value }),
            }
        }
    };
}

pairs!(
    scheme_to_proto,
    scheme_of_proto,
    "scheme",
    Scheme,
    v1::Scheme,
    EcdsaSecp256k1Sha256 = EcdsaSecp256k1Sha256,
    EcdsaSecp256k1Keccak256 = EcdsaSecp256k1Keccak256,
    EcdsaP256Sha256 = EcdsaP256Sha256,
    Sm2Sm3 = Sm2Sm3,
);
pairs!(input_to_proto, input_of_proto, "input", Input, v1::Input, Message = Message, Digest = Digest);
pairs!(encoding_to_proto, encoding_of_proto, "encoding", Encoding, v1::Encoding, Raw = Raw, Der = Der);
pairs!(hash_to_proto, hash_of_proto, "hash", Hash, v1::Hash, Sha256 = Sha256, Keccak256 = Keccak256, Sm3 = Sm3);

/// The column of strings that a message has; an absent one has none.
fn column_of_proto(column: Option<v1::Column>, name: &'static str) -> Result<ByteColumn, Malformed> {
    let Some(v1::Column { data, lengths, width }) = column else { return Ok(ByteColumn::new()) };
    if width != 0 && !lengths.is_empty() {
        return Err(Malformed::LengthsAndWidth(name));
    }
    let made = if width == 0 { ByteColumn::from_lengths(data.into(), &lengths) } else { ByteColumn::from_width(data.into(), width) };
    made.map_err(|error| Malformed::Column { column: name, error })
}

/// The strings that a column of a message claims to have, told before anything is made of it.
#[must_use]
pub fn strings_of(column: Option<&v1::Column>) -> usize {
    column.map_or(0, |column| if column.width == 0 { column.lengths.len() } else { column.data.len() / column.width as usize })
}

/// Strings of a column as a message has them: by their width where they have one length, which is not 0.
fn column_to_proto(column: &ByteColumn, range: std::ops::Range<usize>) -> v1::Column {
    let strings = || range.clone().map(|index| column.get(index));
    let mut data = Vec::with_capacity(strings().map(<[u8]>::len).sum());
    strings().for_each(|string| data.extend_from_slice(string));
    let width = strings().next().map_or(0, <[u8]>::len) as u32;
    if width > 0 && strings().all(|string| string.len() == width as usize) {
        return v1::Column { data: data.into(), lengths: Vec::new(), width };
    }
    v1::Column { data: data.into(), lengths: strings().map(|string| string.len() as u32).collect(), width: 0 }
}

/// The same for a column that is absent where all its strings are empty.
fn optional_to_proto(column: &ByteColumn, range: std::ops::Range<usize>) -> Option<v1::Column> {
    let is_empty = range.clone().all(|index| column.get(index).is_empty());
    (!is_empty).then(|| column_to_proto(column, range))
}

/// The request for some items of a batch.
///
/// # Panics
/// Where the range goes beyond the batch.
#[must_use]
pub fn verify_request(batch: &Batch, range: std::ops::Range<usize>, want_hints: bool) -> v1::VerifyRequest {
    let shape = batch.shape();
    v1::VerifyRequest {
        scheme: scheme_to_proto(shape.scheme).into(),
        input: input_to_proto(shape.input).into(),
        encoding: encoding_to_proto(shape.encoding).into(),
        low_s: shape.low_s,
        keys: Some(column_to_proto(batch.keys(), range.clone())),
        inputs: Some(column_to_proto(batch.inputs(), range.clone())),
        signatures: Some(column_to_proto(batch.signatures(), range.clone())),
        ids: shape.has_id().then(|| column_to_proto(batch.ids(), range.clone())),
        hints: optional_to_proto(batch.hints(), range),
        want_hints,
    }
}

/// The batch that a request asks about.
///
/// # Errors
/// [`Malformed`].
pub fn batch_of(request: v1::VerifyRequest) -> Result<Batch, Malformed> {
    let shape = Shape {
        scheme: scheme_of_proto(request.scheme)?,
        input: input_of_proto(request.input)?,
        encoding: encoding_of_proto(request.encoding)?,
        low_s: request.low_s,
    };
    let inputs = column_of_proto(request.inputs, "inputs")?;
    let ids = match request.ids {
        None if shape.has_id() => default_ids(inputs.len())?,
        ids => column_of_proto(ids, "ids")?,
    };
    let columns = Columns {
        keys: column_of_proto(request.keys, "keys")?,
        inputs,
        signatures: column_of_proto(request.signatures, "signatures")?,
        ids,
        hints: column_of_proto(request.hints, "hints")?,
    };
    Ok(Batch::from_columns(shape, columns)?)
}

/// The common id for each of some items.
fn default_ids(items: usize) -> Result<ByteColumn, Malformed> {
    let ids = ByteColumn::from_width(SM2_DEFAULT_ID.repeat(items), SM2_DEFAULT_ID.len() as u32);
    ids.map_err(|error| Malformed::Column { column: "ids", error })
}

/// The response with these verdicts, and with hints where they are given.
#[must_use]
pub fn verify_response(verdicts: &[Verdict], hints: Option<&[Option<Hint>]>) -> v1::VerifyResponse {
    v1::VerifyResponse {
        all_valid: verdicts.iter().all(|verdict| verdict.is_valid()),
        verdicts: codes(verdicts),
        hints: hints.map(|hints| {
            let bytes = |hint: &Option<Hint>| hint.map_or(0, |hint| hint.len() as u32);
            v1::Column {
                data: hints.iter().flatten().flatten().copied().collect::<Vec<u8>>().into(),
                lengths: hints.iter().map(bytes).collect(),
                width: 0,
            }
        }),
    }
}

/// The verdicts of a response for `items` items, and the hints where there are any.
///
/// # Errors
/// [`BadAnswer`] where there is not one verdict an item.
pub fn verdicts_of(response: &v1::VerifyResponse, items: usize) -> Result<(Verdicts, Vec<Option<Hint>>), BadAnswer> {
    let verdicts = verdicts_of_codes(&response.verdicts, items)?;
    let Some(hints) = response.hints.clone() else { return Ok((verdicts, vec![None; items])) };
    let hints = column_of_proto(Some(hints), "hints").map_err(|error| BadAnswer(error.to_string()))?;
    if hints.len() != items {
        return Err(BadAnswer(format!("{} hints for {items} items", hints.len())));
    }
    Ok((verdicts, hints.iter().map(|hint| hint.try_into().ok()).collect()))
}

/// The request for some items of a batch.
///
/// # Panics
/// Where the range goes beyond the batch.
#[must_use]
pub fn recover_request(batch: &RecoveryBatch, range: std::ops::Range<usize>) -> v1::RecoverRequest {
    v1::RecoverRequest {
        input: input_to_proto(batch.input()).into(),
        low_s: batch.low_s(),
        inputs: Some(column_to_proto(batch.inputs(), range.clone())),
        signatures: Some(column_to_proto(batch.signatures(), range.clone())),
        hints: optional_to_proto(batch.hints(), range),
    }
}

/// The batch that a request asks about.
///
/// # Errors
/// [`Malformed`].
pub fn recovery_batch_of(request: v1::RecoverRequest) -> Result<RecoveryBatch, Malformed> {
    let input = input_of_proto(request.input)?;
    let column = column_of_proto;
    let (inputs, signatures) = (column(request.inputs, "inputs")?, column(request.signatures, "signatures")?);
    Ok(RecoveryBatch::from_columns(input, request.low_s, inputs, signatures, column(request.hints, "hints")?)?)
}

/// The response with these verdicts and keys.
#[must_use]
pub fn recover_response(verdicts: &[Verdict], keys: &[[u8; KEY_BYTES]]) -> v1::RecoverResponse {
    v1::RecoverResponse {
        all_valid: verdicts.iter().all(|verdict| verdict.is_valid()),
        verdicts: codes(verdicts),
        keys: keys.concat().into(),
    }
}

/// The keys of a response for `items` items.
///
/// # Errors
/// [`BadAnswer`] where there is not one verdict and one key an item.
pub fn recovered_of(response: &v1::RecoverResponse, items: usize) -> Result<Recovered, BadAnswer> {
    let verdicts = verdicts_of_codes(&response.verdicts, items)?;
    let (keys, rest) = response.keys.as_chunks::<KEY_BYTES>();
    if keys.len() != items || !rest.is_empty() {
        return Err(BadAnswer(format!("{} bytes of keys for {items} items", response.keys.len())));
    }
    Ok(Recovered { verdicts, keys: keys.to_vec() })
}

/// The request for some messages.
///
/// # Panics
/// Where the range goes beyond the column.
#[must_use]
pub fn digest_request(hash: Hash, messages: &ByteColumn, range: std::ops::Range<usize>) -> v1::DigestRequest {
    v1::DigestRequest { hash: hash_to_proto(hash).into(), messages: Some(column_to_proto(messages, range)) }
}

/// The hash function and the messages of a request.
///
/// # Errors
/// [`Malformed`].
pub fn messages_of(request: v1::DigestRequest) -> Result<(Hash, ByteColumn), Malformed> {
    Ok((hash_of_proto(request.hash)?, column_of_proto(request.messages, "messages")?))
}

/// The response with these digests.
#[must_use]
pub fn digest_response(digests: &[Digest]) -> v1::DigestResponse {
    v1::DigestResponse { digests: digests.concat().into() }
}

/// The digests of a response for `items` messages.
///
/// # Errors
/// [`BadAnswer`] where there is not one digest a message.
pub fn digests_of(response: &v1::DigestResponse, items: usize) -> Result<Vec<Digest>, BadAnswer> {
    let (digests, rest) = response.digests.as_chunks::<32>();
    if digests.len() != items || !rest.is_empty() {
        return Err(BadAnswer(format!("{} bytes of digests for {items} messages", response.digests.len())));
    }
    Ok(digests.to_vec())
}

fn codes(verdicts: &[Verdict]) -> Bytes {
    verdicts.iter().map(|verdict| verdict.code()).collect::<Vec<u8>>().into()
}

/// A code that this client does not know is a reason that a newer server knows: not valid, in any case.
fn verdicts_of_codes(codes: &[u8], items: usize) -> Result<Verdicts, BadAnswer> {
    if codes.len() != items {
        return Err(BadAnswer(format!("{} verdicts for {items} items", codes.len())));
    }
    let verdict = |&code: &u8| Verdict::from_code(code).unwrap_or(Verdict::Invalid(Reason::NotChecked));
    Ok(codes.iter().map(verdict).collect::<Vec<_>>().into())
}

#[cfg(feature = "signing")]
pub mod signing;
#[cfg(test)]
mod tests;
