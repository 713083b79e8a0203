//! Why bytes are no transaction.

use std::fmt;

/// A field of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "docs/transactions.md says what each field is")]
pub enum Field {
    Version,
    Suite,
    ChainId,
    Sender,
    Nonce,
    ValidUntil,
    Kind,
    Recipient,
    Amount,
    Digest,
    MediaType,
    PayloadLength,
    EntryKey,
    EntryValue,
    Account,
    MaySend,
    Signature,
    Payload,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "version",
            Self::Suite => "suite",
            Self::ChainId => "chain id",
            Self::Sender => "sender",
            Self::Nonce => "nonce",
            Self::ValidUntil => "valid-until",
            Self::Kind => "kind",
            Self::Recipient => "recipient",
            Self::Amount => "amount",
            Self::Digest => "digest",
            Self::MediaType => "media type",
            Self::PayloadLength => "length of the payload",
            Self::EntryKey => "key of the entry",
            Self::EntryValue => "value of the entry",
            Self::Account => "account",
            Self::MaySend => "permission",
            Self::Signature => "signature",
            Self::Payload => "payload",
        })
    }
}

/// Why bytes are no transaction, or fields make none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes end too early.
    #[error("it ends within the field {0}")]
    Truncated(Field),
    /// Bytes are left.
    #[error("{0} bytes stand behind its end")]
    Trailing(usize),
    /// Another version.
    #[error("version {0}; this is version 1")]
    Version(u8),
    /// An unknown suite.
    #[error("there is no suite {0}; they are 1 (secp256k1), 2 (p256) and 3 (sm)")]
    Suite(u8),
    /// The key is not written as an uncompressed point.
    #[error("the sender's key begins with {0:#04x}, and an uncompressed one with 0x04")]
    SenderForm(u8),
    /// An unknown kind.
    #[error("there is no kind {0}; they are 1 to 5")]
    Kind(u8),
    /// Nothing to transfer.
    #[error("an amount of 0")]
    AmountZero,
    /// Text that is no media type.
    #[error("the media type is not visible ASCII")]
    MediaType,
    /// A flag that is neither 0 nor 1.
    #[error("a permission is 0 or 1, not {0}")]
    Flag(u8),
    /// A field that is too long or too short.
    #[error("the field {field} has {bytes} bytes, and may have {min} to {max}")]
    Length {
        /// The field.
        field: Field,
        /// Its bytes.
        bytes: usize,
        /// The fewest that it may have.
        min: usize,
        /// The most.
        max: usize,
    },
}

impl Refusal {
    /// That a field has no fewer and no more bytes.
    pub(super) const fn check_length(field: Field, bytes: usize, min: usize, max: usize) -> Result<(), Self> {
        if min <= bytes && bytes <= max { Ok(()) } else { Err(Self::Length { field, bytes, min, max }) }
    }
}
