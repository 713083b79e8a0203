//! Reads fields one after the other, in place.

use super::{Field, Refusal};

/// What is left to read.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// The next `length` bytes.
    pub(super) fn take(&mut self, length: usize, field: Field) -> Result<&'a [u8], Refusal> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Refusal::Truncated(field))?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self, field: Field) -> Result<&'a [u8; N], Refusal> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Refusal::Truncated(field))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self, field: Field) -> Result<u8, Refusal> {
        self.array(field).map(|[byte]| *byte)
    }

    /// Eight bytes, big-endian.
    pub(super) fn number(&mut self, field: Field) -> Result<u64, Refusal> {
        self.array(field).map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// A string behind its length of one byte.
    pub(super) fn short(&mut self, field: Field) -> Result<&'a [u8], Refusal> {
        let length = self.byte(field)?;
        self.take(length.into(), field)
    }

    /// What was read of `all`, which it began with.
    pub(super) fn before(&self, all: &'a [u8]) -> &'a [u8] {
        &all[..all.len() - self.rest.len()]
    }

    /// That nothing is left.
    pub(super) const fn end(&self) -> Result<(), Refusal> {
        if self.rest.is_empty() { Ok(()) } else { Err(Refusal::Trailing(self.rest.len())) }
    }
}
