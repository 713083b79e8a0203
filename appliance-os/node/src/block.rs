//! Blocks: headers, certificates, and their bytes. docs/blocks.md specifies them.

use bytes::Bytes;
use chainbox_engine::{
    backend::Hint,
    hash::{Digest, Hash},
    transaction::native::Suite,
};

/// The version of blocks.
pub const VERSION: u8 = 1;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 128;

/// Bytes of a signature in a certificate: the validator's index and r || s.
const VOTE_BYTES: usize = 2 + 64;

/// The most transactions of any block.
pub const TRANSACTIONS_MAX: usize = 1 << 17;

/// What a block says of itself. Its digest by the suite's hash is the block's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Curve, equation and hash.
    pub suite: Suite,
    /// The chain.
    pub chain_id: u64,
    /// How many blocks stand before it; the genesis has height 0.
    pub height: u64,
    /// When it was proposed, in milliseconds since 1970-01-01 UTC; later than its parent.
    pub time_ms: u64,
    /// The identity of the block before it; of the genesis the digest of its rules.
    pub parent: Digest,
    /// Who proposed it: an index into the genesis's validators.
    pub proposer: u16,
    /// How many transactions it has.
    pub transactions: u32,
    /// The root of its transactions.
    pub transactions_root: Digest,
    /// The root of the state after it.
    pub state_root: Digest,
}

/// Why bytes are no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// They end too early.
    #[error("the bytes end within the {0}")]
    Truncated(&'static str),
    /// Bytes are left.
    #[error("{0} bytes stand behind the end")]
    Trailing(usize),
    /// Another version.
    #[error("version {0}; this is version 1")]
    Version(u8),
    /// An unknown suite.
    #[error("there is no suite {0}")]
    Suite(u8),
    /// More than any block has.
    #[error("{0} transactions, and no block has more than {TRANSACTIONS_MAX}")]
    Transactions(u32),
    /// A byte that says whether a hint follows and is neither 0 nor 1.
    #[error("the byte before a hint is 0 or 1, not {0}")]
    HintFlag(u8),
}

impl Header {
    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend([VERSION, self.suite.byte()]);
        bytes.extend(self.chain_id.to_be_bytes());
        bytes.extend(self.height.to_be_bytes());
        bytes.extend(self.time_ms.to_be_bytes());
        bytes.extend(self.parent);
        bytes.extend(self.proposer.to_be_bytes());
        bytes.extend(self.transactions.to_be_bytes());
        bytes.extend(self.transactions_root);
        bytes.extend(self.state_root);
        bytes.try_into().expect("the fields have 128 bytes")
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`BlockError`] where its version or suite is none.
    pub fn from_bytes(bytes: &[u8; HEADER_BYTES]) -> Result<Self, BlockError> {
        let mut reader = Reader(bytes);
        let [version, suite] = reader.array("header")?;
        if version != VERSION {
            return Err(BlockError::Version(version));
        }
        Ok(Self {
            suite: Suite::of_byte(suite).ok_or(BlockError::Suite(suite))?,
            chain_id: u64::from_be_bytes(reader.array("header")?),
            height: u64::from_be_bytes(reader.array("header")?),
            time_ms: u64::from_be_bytes(reader.array("header")?),
            parent: reader.array("header")?,
            proposer: u16::from_be_bytes(reader.array("header")?),
            transactions: u32::from_be_bytes(reader.array("header")?),
            transactions_root: reader.array("header")?,
            state_root: reader.array("header")?,
        })
    }

    /// The block's identity.
    #[must_use]
    pub fn id(&self) -> Digest {
        self.hash().digest(&self.to_bytes())
    }

    /// The hash of the chain.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.suite.scheme().hash()
    }
}

/// The votes that make a block final: precommits of validators for its identity, as docs/signing.md has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// The round in which they were given.
    pub round: u32,
    /// Each validator's index in the genesis, and its signature r || s.
    pub votes: Vec<(u16, [u8; 64])>,
}

impl Certificate {
    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(6 + self.votes.len() * VOTE_BYTES);
        bytes.extend(self.round.to_be_bytes());
        bytes.extend((self.votes.len() as u16).to_be_bytes());
        for (validator, signature) in &self.votes {
            bytes.extend(validator.to_be_bytes());
            bytes.extend(signature);
        }
        bytes
    }

    /// Reads a certificate.
    ///
    /// # Errors
    /// [`BlockError`] where the bytes are none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BlockError> {
        let mut reader = Reader(bytes);
        let round = u32::from_be_bytes(reader.array("certificate")?);
        let votes = u16::from_be_bytes(reader.array("certificate")?);
        let votes = (0..votes).map(|_| Ok((u16::from_be_bytes(reader.array("certificate")?), reader.array("certificate")?)));
        let votes = votes.collect::<Result<_, BlockError>>()?;
        reader.end()?;
        Ok(Self { round, votes })
    }
}

/// A block without its certificate. Its transactions share one buffer where it was read from bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it says of itself.
    pub header: Header,
    /// The transactions, as docs/transactions.md has them.
    pub transactions: Vec<Bytes>,
    /// For each transaction what its proposer found out about R. No part of what the header commits to.
    pub hints: Vec<Option<Hint>>,
}

impl Block {
    /// Its bytes: the header; for each transaction its length in four bytes and the transaction; for each a byte 1 and its hint, or a byte 0.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        debug_assert_eq!(self.hints.len(), self.transactions.len());
        let bytes = self.transactions.iter().map(|raw| 4 + raw.len() + 33).sum::<usize>();
        let mut out = Vec::with_capacity(HEADER_BYTES + bytes);
        out.extend(self.header.to_bytes());
        for raw in &self.transactions {
            out.extend((raw.len() as u32).to_be_bytes());
            out.extend_from_slice(raw);
        }
        for hint in &self.hints {
            match hint {
                Some(hint) => {
                    out.push(1);
                    out.extend(hint);
                }
                None => out.push(0),
            }
        }
        out
    }

    /// Reads a block. Its transactions are parts of `bytes`; whether they are transactions is not looked at.
    ///
    /// # Errors
    /// [`BlockError`] where the bytes are none.
    pub fn from_bytes(bytes: &Bytes) -> Result<Self, BlockError> {
        let mut reader = Reader(bytes);
        let header = Header::from_bytes(&reader.array("header")?)?;
        let count = header.transactions as usize;
        if count > TRANSACTIONS_MAX {
            return Err(BlockError::Transactions(header.transactions));
        }
        // Each takes at least its length: bytes that promise more than they hold reserve no memory for it.
        let room = count.min(bytes.len() / 4);
        let mut transactions = Vec::with_capacity(room);
        for _ in 0..count {
            let length = u32::from_be_bytes(reader.array("length of a transaction")?);
            transactions.push(bytes.slice_ref(reader.take(length as usize, "transaction")?));
        }
        let mut hints = Vec::with_capacity(room);
        for _ in 0..count {
            let [flag] = reader.array("hints")?;
            hints.push(match flag {
                0 => None,
                1 => Some(reader.array("hints")?),
                flag => return Err(BlockError::HintFlag(flag)),
            });
        }
        reader.end()?;
        Ok(Self { header, transactions, hints })
    }
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], BlockError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(BlockError::Truncated(what))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], BlockError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(BlockError::Truncated(what))?;
        self.0 = rest;
        Ok(*taken)
    }

    const fn end(&self) -> Result<(), BlockError> {
        if self.0.is_empty() { Ok(()) } else { Err(BlockError::Trailing(self.0.len())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            suite: Suite::Sm,
            chain_id: 7,
            height: 3,
            time_ms: 1_000,
            parent: [1; 32],
            proposer: 2,
            transactions: 3,
            transactions_root: [4; 32],
            state_root: [5; 32],
        }
    }

    fn block() -> Block {
        let transactions = [&b"one"[..], b"", b"three"].map(Bytes::from_static).to_vec();
        Block { header: header(), transactions, hints: vec![None, Some([9; 32]), None] }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Header::from_bytes(&header().to_bytes()), Ok(header()));
        assert_eq!(Block::from_bytes(&block().to_bytes().into()), Ok(block()));
        let certificate = Certificate { round: 1, votes: vec![(0, [1; 64]), (3, [2; 64])] };
        assert_eq!(Certificate::from_bytes(&certificate.to_bytes()), Ok(certificate));
    }

    /// Every prefix ends too early, nothing may follow, and whatever is read is written as it was read.
    #[test]
    fn there_is_one_form() {
        let bytes = block().to_bytes();
        for end in 0..bytes.len() {
            let cut = Bytes::copy_from_slice(&bytes[..end]);
            assert!(matches!(Block::from_bytes(&cut), Err(BlockError::Truncated(_))), "{end}");
        }
        assert_eq!(Block::from_bytes(&[&bytes[..], b"x"].concat().into()), Err(BlockError::Trailing(1)));
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            if let Ok(read) = Block::from_bytes(&changed.clone().into()) {
                assert_eq!(read.to_bytes(), changed, "{place}");
            }
        }
    }

    #[test]
    fn a_count_reserves_no_memory() {
        let header = Header { transactions: u32::MAX, ..header() };
        let bytes = Bytes::copy_from_slice(&header.to_bytes());
        assert_eq!(Block::from_bytes(&bytes), Err(BlockError::Transactions(u32::MAX)));
    }
}
