//! Recursive Length Prefix, the encoding of Ethereum (Yellow Paper, appendix B), strictly canonical, read in place.
//!
//! There is one encoding of each value and this reader takes no other: a length is written in the shortest form, a byte below 0x80 stands
//! for itself, an integer has no leading zero. Nothing is copied and nothing recurses: each level of a list is entered by the caller, who
//! knows how deep its own format goes.

use std::cmp::Ordering;

use crate::verdict::Reason;

/// The widest integer in bytes: 256 bits.
pub const INTEGER_BYTES_MAX: usize = 32;

/// The longest payload in bytes whose length stands in the first byte of its header.
const SHORT_PAYLOAD_MAX: usize = 55;

/// The first byte of an empty string; a string of up to [`SHORT_PAYLOAD_MAX`] bytes starts with this plus its length.
const STRING: u8 = 0x80;

/// The first byte of an empty list; a list of up to [`SHORT_PAYLOAD_MAX`] bytes starts with this plus its length.
const LIST: u8 = 0xc0;

/// What an item's first byte adds to [`STRING`] or [`LIST`] where the length itself follows; the length's own length in bytes comes on top.
const LONG: u8 = 55;

/// Why bytes are not the canonical encoding of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes end where an item was to begin.
    #[error("an item is missing")]
    Missing,
    /// An item's header or payload reaches beyond the bytes that hold it.
    #[error("an item reaches beyond the end of what holds it")]
    Truncated,
    /// A length has a leading zero, or a long form holds a length of at most 55.
    #[error("a length is not in its shortest form")]
    LengthNotShortest,
    /// A single byte below 0x80 has a header, though it is its own encoding.
    #[error("a single byte below 0x80 has a header")]
    ByteWithHeader,
    /// There is a list where a string was asked for.
    #[error("a list where a string is wanted")]
    ListUnexpected,
    /// There is a string where a list was asked for.
    #[error("a string where a list is wanted")]
    StringUnexpected,
    /// An integer has a leading zero.
    #[error("an integer has a leading zero")]
    LeadingZero,
    /// An integer does not fit the width that was asked for.
    #[error("an integer is too wide")]
    IntegerTooWide,
    /// A string does not have the length that was asked for.
    #[error("a string has {0} bytes, another length is wanted")]
    WrongLength(usize),
    /// Bytes follow the last item.
    #[error("bytes follow the last item")]
    Trailing,
}

impl From<Error> for Reason {
    fn from(_: Error) -> Self {
        Self::TransactionEncoding
    }
}

/// An item: a string of bytes, or a list of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// The bytes of a string.
    String(&'a [u8]),
    /// The encoded items of a list.
    List(Reader<'a>),
}

/// Items that stand one after the other: a whole input, or the inside of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// The items in `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether no item is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The bytes that were not read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Reads one item of either kind.
    ///
    /// # Errors
    /// [`Error`] where there is none, or where it is not canonical. What is inside a list is not looked at.
    pub fn item(&mut self) -> Result<Item<'a>, Error> {
        let &first = self.rest.first().ok_or(Error::Missing)?;
        if first < STRING {
            return Ok(Item::String(self.take(1)?));
        }
        self.take(1)?;
        let is_list = first >= LIST;
        let length = self.length(first - if is_list { LIST } else { STRING })?;
        let payload = self.take(length)?;
        if is_list {
            return Ok(Item::List(Self::new(payload)));
        }
        match payload {
            [byte] if *byte < STRING => Err(Error::ByteWithHeader),
            _ => Ok(Item::String(payload)),
        }
    }

    /// Reads a string.
    ///
    /// # Errors
    /// [`Error`] where the next item is not one.
    pub fn string(&mut self) -> Result<&'a [u8], Error> {
        match self.item()? {
            Item::String(bytes) => Ok(bytes),
            Item::List(_) => Err(Error::ListUnexpected),
        }
    }

    /// Reads a list, of which only the header is judged yet.
    ///
    /// # Errors
    /// [`Error`] where the next item is not one.
    pub fn list(&mut self) -> Result<Self, Error> {
        match self.item()? {
            Item::List(items) => Ok(items),
            Item::String(_) => Err(Error::StringUnexpected),
        }
    }

    /// Reads a string of `N` bytes.
    ///
    /// # Errors
    /// [`Error`] where the next item is not one.
    pub fn bytes<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        let bytes = self.string()?;
        bytes.try_into().map_err(|_| Error::WrongLength(bytes.len()))
    }

    /// Reads an integer of at most 256 bits.
    ///
    /// # Errors
    /// [`Error`] where the next item is not one.
    pub fn integer(&mut self) -> Result<Integer<'a>, Error> {
        match self.string()? {
            [0, ..] => Err(Error::LeadingZero),
            bytes if bytes.len() > INTEGER_BYTES_MAX => Err(Error::IntegerTooWide),
            bytes => Ok(Integer(bytes)),
        }
    }

    /// Reads an integer of at most 64 bits.
    ///
    /// # Errors
    /// [`Error`] where the next item is not one.
    pub fn u64(&mut self) -> Result<u64, Error> {
        let value = self.integer()?.to_u128().ok_or(Error::IntegerTooWide)?;
        value.try_into().map_err(|_| Error::IntegerTooWide)
    }

    /// Ends the reading: nothing may be left.
    ///
    /// # Errors
    /// [`Error::Trailing`].
    pub const fn end(self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(Error::Trailing) }
    }

    /// The payload's length in bytes, from what the header's first byte adds to its kind (at most 63) and from the bytes after it.
    fn length(&mut self, added: u8) -> Result<usize, Error> {
        let Some(length_bytes) = added.checked_sub(LONG).filter(|&bytes| bytes > 0) else {
            return Ok(added.into());
        };
        let digits = self.take(length_bytes.into())?;
        // At most 8 digits, so that 64 bits hold them.
        let length = digits.iter().fold(0, |length: u64, &digit| length << 8 | u64::from(digit));
        if digits[0] == 0 || length <= SHORT_PAYLOAD_MAX as u64 {
            return Err(Error::LengthNotShortest);
        }
        usize::try_from(length).map_err(|_| Error::Truncated)
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// An integer of at most 256 bits: its bytes, big-endian, without a leading zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Integer<'a>(&'a [u8]);

impl Integer<'_> {
    /// The value, or `None` where 128 bits do not hold it.
    #[must_use]
    pub fn to_u128(self) -> Option<u128> {
        (self.0.len() <= size_of::<u128>()).then(|| self.0.iter().fold(0, |value, &digit| value << 8 | u128::from(digit)))
    }

    /// The value as 32 bytes, big-endian.
    #[must_use]
    pub fn to_be_bytes(self) -> [u8; INTEGER_BYTES_MAX] {
        let mut bytes = [0; INTEGER_BYTES_MAX];
        bytes[INTEGER_BYTES_MAX - self.0.len()..].copy_from_slice(self.0);
        bytes
    }
}

impl Ord for Integer<'_> {
    /// By value: without leading zeros, the longer one is the greater one.
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(other.0))
    }
}

impl PartialOrd for Integer<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Appends the header of a list whose items take `payload_bytes`.
pub fn append_list_header(out: &mut Vec<u8>, payload_bytes: usize) {
    append_header(out, LIST, payload_bytes);
}

/// Appends an integer.
pub fn append_u64(out: &mut Vec<u8>, value: u64) {
    let bytes = value.to_be_bytes();
    append_string(out, &bytes[value.leading_zeros() as usize / 8..]);
}

/// Appends a string.
pub fn append_string(out: &mut Vec<u8>, bytes: &[u8]) {
    if !matches!(bytes, [byte] if *byte < STRING) {
        append_header(out, STRING, bytes.len());
    }
    out.extend_from_slice(bytes);
}

/// Appends the header of an item, `kind` being [`STRING`] or [`LIST`].
fn append_header(out: &mut Vec<u8>, kind: u8, payload_bytes: usize) {
    // The casts lose nothing: the first value is at most 55, the second at most 8.
    if payload_bytes <= SHORT_PAYLOAD_MAX {
        out.push(kind + payload_bytes as u8);
    } else {
        let digits = payload_bytes.to_be_bytes();
        let digits = &digits[payload_bytes.leading_zeros() as usize / 8..];
        out.push(kind + LONG + digits.len() as u8);
        out.extend_from_slice(digits);
    }
}

#[cfg(test)]
mod tests;
