//! From what C hands over as slices and numbers to the engine's batches. Safe code: no pointer comes here.

use chainbox_api::convert::{self, SM2_DEFAULT_ID};
use chainbox_engine::batch::{Batch, ByteColumn, ColumnFull, Columns, Input, RecoveryBatch, Shape};

use crate::{
    abi::{Status, VerifyRequest},
    failure::Failure,
};

/// A column as C hands it over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strings<'a> {
    pub name: &'static str,
    /// How many strings it has to have, unless it is absent.
    pub items: usize,
    pub data: &'a [u8],
    pub lengths: Option<&'a [u32]>,
    pub width: usize,
}

impl Strings<'_> {
    /// Whether it is absent: zeroed.
    const fn is_absent(&self) -> bool {
        self.data.is_empty() && self.lengths.is_none() && self.width == 0
    }

    /// The column of an item's part that must be there.
    pub(crate) fn required(&self) -> Result<ByteColumn, Failure> {
        if self.is_absent() && self.items > 0 {
            return Err(self.failure("is absent: set lengths or width"));
        }
        self.optional()
    }

    /// The column, with no strings where it is absent.
    pub(crate) fn optional(&self) -> Result<ByteColumn, Failure> {
        if self.is_absent() {
            return Ok(ByteColumn::new());
        }
        match self.lengths {
            Some(_) if self.width != 0 => Err(self.failure("has lengths and a width: set one of them")),
            Some(lengths) => ByteColumn::from_lengths(self.owned()?, lengths).map_err(|error| self.failure(error)),
            None => {
                if self.width.checked_mul(self.items) != Some(self.data.len()) {
                    let (bytes, width, items) = (self.data.len(), self.width, self.items);
                    return Err(self.failure(format_args!("has {bytes} bytes for {items} strings of {width} bytes")));
                }
                let width = u32::try_from(self.width).map_err(|_| self.failure(ColumnFull))?;
                // No strings of 4 GiB are fine, and no width to the engine.
                if self.items == 0 { Ok(ByteColumn::new()) } else { self.of_width(width) }
            }
        }
    }

    fn of_width(&self, width: u32) -> Result<ByteColumn, Failure> {
        ByteColumn::from_width(self.owned()?, width).map_err(|error| self.failure(error))
    }

    /// The bytes, copied. The sizes are the caller's, so that memory which is not there is an error.
    fn owned(&self) -> Result<Vec<u8>, Failure> {
        if u32::try_from(self.data.len()).is_err() {
            return Err(self.failure(ColumnFull));
        }
        let mut owned = Vec::new();
        owned.try_reserve_exact(self.data.len()).map_err(|error| Failure::new(Status::Internal, format!("{}: {error}", self.name)))?;
        owned.extend_from_slice(self.data);
        Ok(owned)
    }

    fn failure(&self, what: impl std::fmt::Display) -> Failure {
        Failure::argument(format!("the column of {}: {what}", self.name))
    }
}

/// The columns of a request to verify.
pub(crate) struct VerifyColumns<'a> {
    pub keys: Strings<'a>,
    pub inputs: Strings<'a>,
    pub signatures: Strings<'a>,
    pub ids: Strings<'a>,
    pub hints: Strings<'a>,
}

/// The batch that a request asks about.
pub(crate) fn batch(request: &VerifyRequest, columns: &VerifyColumns<'_>) -> Result<Batch, Failure> {
    let shape = Shape {
        scheme: convert::scheme_of_proto(request.scheme)?,
        input: convert::input_of_proto(request.input)?,
        encoding: convert::encoding_of_proto(request.encoding)?,
        low_s: flag("low_s", request.low_s)?,
    };
    let ids = if shape.has_id() && columns.ids.is_absent() { common_ids(request.items)? } else { columns.ids.optional()? };
    let columns = Columns {
        keys: columns.keys.required()?,
        inputs: columns.inputs.required()?,
        signatures: columns.signatures.required()?,
        ids,
        hints: columns.hints.optional()?,
    };
    Batch::from_columns(shape, columns).map_err(|error| Failure::argument(error.to_string()))
}

/// The batch that a request to recover asks about.
pub(crate) fn recovery_batch(
    input: i32,
    low_s: i32,
    inputs: &Strings<'_>,
    signatures: &Strings<'_>,
    hints: &Strings<'_>,
) -> Result<RecoveryBatch, Failure> {
    let input: Input = convert::input_of_proto(input)?;
    let batch = RecoveryBatch::from_columns(input, flag("low_s", low_s)?, inputs.required()?, signatures.required()?, hints.optional()?);
    batch.map_err(|error| Failure::argument(error.to_string()))
}

/// The common id for each item.
fn common_ids(items: usize) -> Result<ByteColumn, Failure> {
    let data = SM2_DEFAULT_ID.repeat(items);
    ByteColumn::from_width(data, SM2_DEFAULT_ID.len() as u32).map_err(|error| Failure::argument(format!("the column of ids: {error}")))
}

/// 0 or 1.
fn flag(name: &str, value: i32) -> Result<bool, Failure> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Failure::argument(format!("{name} is {value}: set it to 0 or 1"))),
    }
}

#[cfg(test)]
mod tests;
