//! Transactions of our own chain: one canonical encoding, read in place. docs/transactions.md specifies the bytes.
//!
//! What is signed is the body. The identity of a transaction is the digest of its body, so that neither another signature nor another payload makes a second
//! one. The payload of a record stands behind the signature: the body holds its digest and its length, so that it can be pruned and the rest still verifies.
//!
//! ```
//! use chainbox_engine::transaction::native::{Body, Content, Suite, Transaction};
//!
//! let content = Content::Transfer { to: &[7; 20], amount: 5 };
//! let body = Body { suite: Suite::Sm, chain_id: 1, sender: &[4; 65], nonce: 0, valid_until: 100, content };
//! let raw = body.with_signature(&[1; 64])?;
//! let transaction = Transaction::decode(&raw)?;
//! assert_eq!(transaction.body, body);
//! assert_eq!(transaction.signed, body.signed_part()?);
//! # Ok::<_, chainbox_engine::transaction::native::Refusal>(())
//! ```

mod encode;
mod reader;
mod refusal;
mod suite;

pub use refusal::{Field, Refusal};
pub use suite::{Suite, UnknownSuite};

use crate::{batch::Item, hash::Digest, scheme::SM2_ID_DEFAULT};
use reader::Reader;

/// The first byte of every transaction.
pub const VERSION: u8 = 1;

/// The longest payload of a record, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// The longest media type, in bytes.
pub const MEDIA_TYPE_BYTES_MAX: usize = 100;

/// The longest key of an entry, in bytes.
pub const ENTRY_KEY_BYTES_MAX: usize = 128;

/// The longest value of an entry, in bytes.
pub const ENTRY_VALUE_BYTES_MAX: usize = 16 << 10;

/// Bytes of a signature: r || s.
const SIGNATURE_BYTES: usize = 64;

/// Bytes of a body before its content: version, suite, chain id, sender, nonce, valid-until, kind.
const HEAD_BYTES: usize = 1 + 1 + 8 + 65 + 8 + 8 + 1;

/// The longest transaction, in bytes: a record.
pub const TRANSACTION_BYTES_MAX: usize = HEAD_BYTES + 32 + 1 + MEDIA_TYPE_BYTES_MAX + 4 + SIGNATURE_BYTES + PAYLOAD_BYTES_MAX;

/// An account: the last 20 bytes of the digest of x || y of its key, as Ethereum has it.
pub type Address = [u8; 20];

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// Curve, equation and hash.
    pub suite: Suite,
    /// The chain that it is for.
    pub chain_id: u64,
    /// The sender's key: SEC1, uncompressed. Whether it is a point of the curve is a matter of the signature's verdict.
    pub sender: &'a [u8; 65],
    /// How many transactions the sender has sent before.
    pub nonce: u64,
    /// The last height whose block may hold it.
    pub valid_until: u64,
    /// What it does.
    pub content: Content<'a>,
}

/// What a transaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// Moves an amount, at least 1, to another account.
    Transfer {
        /// The account that gets it.
        to: &'a Address,
        /// How much.
        amount: u128,
    },
    /// Evidence of a document.
    Record {
        /// The document's digest, by the suite's hash where the payload is the document.
        digest: &'a Digest,
        /// What it is: visible ASCII, e.g. `application/pdf`.
        media_type: &'a str,
        /// The document; empty where the chain does not hold it. Not part of the body.
        payload: &'a [u8],
    },
    /// Writes an entry of the sender's.
    Put {
        /// Its key, at least one byte.
        key: &'a [u8],
        /// Its value.
        value: &'a [u8],
    },
    /// Removes an entry of the sender's.
    Remove {
        /// Its key.
        key: &'a [u8],
    },
    /// Lets an account send, or does not; for validators.
    Permit {
        /// The account.
        account: &'a Address,
        /// Whether it may send.
        may_send: bool,
    },
}

/// A transaction, read in place. Its signature is not verified yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transaction<'a> {
    /// What the signed part says.
    pub body: Body<'a>,
    /// The signed part.
    pub signed: &'a [u8],
    /// r || s.
    pub signature: &'a [u8; SIGNATURE_BYTES],
}

impl<'a> Transaction<'a> {
    /// Reads a transaction. Nothing is copied, and what is not the one encoding of what it says is refused.
    ///
    /// # Errors
    /// The first [`Refusal`] in the order of the bytes.
    pub fn decode(raw: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(raw);
        let (mut body, payload_bytes) = Body::read(&mut reader)?;
        let signed = reader.before(raw);
        let signature = reader.array(Field::Signature)?;
        let after = reader.take(payload_bytes, Field::Payload)?;
        reader.end()?;
        if let Content::Record { payload, .. } = &mut body.content {
            *payload = after;
        }
        Ok(Self { body, signed, signature })
    }

    /// Its identity: the digest of the signed part by the suite's hash.
    #[must_use]
    pub fn id(&self) -> Digest {
        self.body.suite.scheme().hash().digest(self.signed)
    }

    /// The account that sent it.
    #[must_use]
    pub fn sender(&self) -> Address {
        self.body.suite.address(self.body.sender)
    }

    /// The item whose verdict is the signature's, in batches of [`Suite::shape`].
    #[must_use]
    pub fn item(&self) -> Item<'a> {
        let id = (self.body.suite == Suite::Sm).then_some(SM2_ID_DEFAULT);
        Item { key: self.body.sender, input: self.signed, signature: self.signature, id, hint: &[] }
    }

    /// Whether the payload of a record is the document that it names: it is empty, or its digest is the record's. True of all else.
    #[must_use]
    pub fn payload_fits(&self) -> bool {
        match self.body.content {
            Content::Record { digest, payload, .. } => payload.is_empty() || self.body.suite.scheme().hash().digest(payload) == *digest,
            _ => true,
        }
    }
}

impl<'a> Body<'a> {
    /// Reads a signed part alone, and how many bytes of payload a record says that it has; the payload itself is not there.
    ///
    /// # Errors
    /// The first [`Refusal`] in the order of the bytes.
    pub fn decode(signed: &'a [u8]) -> Result<(Self, usize), Refusal> {
        let mut reader = Reader::new(signed);
        let read = Self::read(&mut reader)?;
        reader.end()?;
        Ok(read)
    }

    /// Reads a body, and how long the payload is that stands behind the signature.
    fn read(reader: &mut Reader<'a>) -> Result<(Self, usize), Refusal> {
        let version = reader.byte(Field::Version)?;
        if version != VERSION {
            return Err(Refusal::Version(version));
        }
        let suite = reader.byte(Field::Suite)?;
        let suite = Suite::of_byte(suite).ok_or(Refusal::Suite(suite))?;
        let chain_id = reader.number(Field::ChainId)?;
        let sender: &[u8; 65] = reader.array(Field::Sender)?;
        if sender[0] != 4 {
            return Err(Refusal::SenderForm(sender[0]));
        }
        let (nonce, valid_until) = (reader.number(Field::Nonce)?, reader.number(Field::ValidUntil)?);
        let (content, payload_bytes) = Content::read(reader)?;
        Ok((Self { suite, chain_id, sender, nonce, valid_until, content }, payload_bytes))
    }
}

impl<'a> Content<'a> {
    /// Reads the kind and what belongs to it. The payload of a record is empty still.
    fn read(reader: &mut Reader<'a>) -> Result<(Self, usize), Refusal> {
        let content = match reader.byte(Field::Kind)? {
            1 => Self::Transfer { to: reader.array(Field::Recipient)?, amount: u128::from_be_bytes(*reader.array(Field::Amount)?) },
            2 => return Self::read_record(reader),
            3 => Self::Put {
                key: reader.short(Field::EntryKey)?,
                value: {
                    let length = u16::from_be_bytes(*reader.array(Field::EntryValue)?);
                    reader.take(length.into(), Field::EntryValue)?
                },
            },
            4 => Self::Remove { key: reader.short(Field::EntryKey)? },
            5 => {
                let account = reader.array(Field::Account)?;
                let may_send = match reader.byte(Field::MaySend)? {
                    0 => false,
                    1 => true,
                    flag => return Err(Refusal::Flag(flag)),
                };
                Self::Permit { account, may_send }
            }
            kind => return Err(Refusal::Kind(kind)),
        };
        content.check()?;
        Ok((content, 0))
    }

    fn read_record(reader: &mut Reader<'a>) -> Result<(Self, usize), Refusal> {
        let digest = reader.array(Field::Digest)?;
        let media_type = str::from_utf8(reader.short(Field::MediaType)?).map_err(|_| Refusal::MediaType)?;
        let content = Self::Record { digest, media_type, payload: &[] };
        content.check()?;
        let payload_bytes = u32::from_be_bytes(*reader.array(Field::PayloadLength)?) as usize;
        Refusal::check_length(Field::Payload, payload_bytes, 0, PAYLOAD_BYTES_MAX)?;
        Ok((content, payload_bytes))
    }

    /// The rules that hold whatever stands in the state of the chain.
    fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::Transfer { amount: 0, .. } => Err(Refusal::AmountZero),
            Self::Transfer { .. } | Self::Permit { .. } => Ok(()),
            Self::Record { media_type, payload, .. } => {
                Refusal::check_length(Field::MediaType, media_type.len(), 1, MEDIA_TYPE_BYTES_MAX)?;
                if !media_type.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(Refusal::MediaType);
                }
                Refusal::check_length(Field::Payload, payload.len(), 0, PAYLOAD_BYTES_MAX)
            }
            Self::Put { key, value } => {
                Refusal::check_length(Field::EntryKey, key.len(), 1, ENTRY_KEY_BYTES_MAX)?;
                Refusal::check_length(Field::EntryValue, value.len(), 0, ENTRY_VALUE_BYTES_MAX)
            }
            Self::Remove { key } => Refusal::check_length(Field::EntryKey, key.len(), 1, ENTRY_KEY_BYTES_MAX),
        }
    }

    /// The byte that stands for the kind.
    const fn kind(&self) -> u8 {
        match self {
            Self::Transfer { .. } => 1,
            Self::Record { .. } => 2,
            Self::Put { .. } => 3,
            Self::Remove { .. } => 4,
            Self::Permit { .. } => 5,
        }
    }
}

#[cfg(test)]
mod tests;
