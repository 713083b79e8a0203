//! What is signed: typed, so that a signature says what it signs. docs/signing.md specifies the bytes.

mod digest;
mod encoding;
mod tls;

pub use digest::{SM2_ID, SM2_ID_TLS, digest, sm2_id};
pub use encoding::{CHAIN_BYTES_MAX, TAGS, TRANSACTION_BYTES_MAX, message};

use std::{fmt, str::FromStr};

use chainbox_engine::hash::Digest;
use serde::{Deserialize, Serialize};

/// What a key may sign. A key has one role or several; [`Role::Opaque`] goes with no consensus role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Votes of a validator.
    Vote,
    /// Blocks that a validator proposes.
    Block,
    /// Transactions.
    Transaction,
    /// Handshakes of TLS 1.3.
    Tls,
    /// Heads of the audit log.
    Audit,
    /// Digests of which nobody here knows what they are.
    Opaque,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [Self::Vote, Self::Block, Self::Transaction, Self::Tls, Self::Audit, Self::Opaque];

    /// The name used in settings, JSON and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vote => "vote",
            Self::Block => "block",
            Self::Transaction => "transaction",
            Self::Tls => "tls",
            Self::Audit => "audit",
            Self::Opaque => "opaque",
        }
    }

    /// Whether a second signature under this role at the same place can cost a validator its stake.
    #[must_use]
    pub const fn is_consensus(self) -> bool {
        matches!(self, Self::Vote | Self::Block)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not a role's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown role {0:?}; the roles are vote, block, transaction, tls, audit and opaque")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or_else(|| UnknownRole(name.to_owned()))
    }
}

/// A step of a round, in the order in which a validator takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Proposing a block.
    Propose,
    /// The first vote.
    Prevote,
    /// The second vote.
    Precommit,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 3] = [Self::Propose, Self::Prevote, Self::Precommit];

    /// The byte that stands for it in encodings and files.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Propose => 1,
            Self::Prevote => 2,
            Self::Precommit => 3,
        }
    }

    /// The step of a byte.
    #[must_use]
    pub fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.byte() == byte)
    }

    /// The name used in files, JSON and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Propose => "propose",
            Self::Prevote => "prevote",
            Self::Precommit => "precommit",
        }
    }
}

/// Where in the life of a chain a vote or a proposal stands: by height, then round, then step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The height.
    pub height: u64,
    /// The round of that height.
    pub round: u32,
    /// The step of that round.
    pub step: Step,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "height {}, round {}, {}", self.height, self.round, self.step.name())
    }
}

/// Something to sign. The signer makes the digest of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A vote.
    Vote {
        /// The chain's id.
        chain: String,
        /// The height that is voted on.
        height: u64,
        /// The round of that height.
        round: u32,
        /// [`Step::Prevote`] or [`Step::Precommit`].
        step: Step,
        /// The id of the block that is voted for; none is a vote for no block.
        block: Option<Digest>,
    },
    /// A block that is proposed: step [`Step::Propose`].
    Block {
        /// The chain's id.
        chain: String,
        /// Its height.
        height: u64,
        /// The round of that height.
        round: u32,
        /// Its id.
        block: Digest,
    },
    /// The signed part of a transaction, in its chain's own encoding.
    Transaction(Vec<u8>),
    /// What the CertificateVerify message of TLS 1.3 signs (RFC 8446, section 4.4.3).
    Tls(Vec<u8>),
    /// The head of the audit log.
    Audit {
        /// How many records stand before it.
        records: u64,
        /// The hash of the last one.
        head: Digest,
    },
    /// A digest made by somebody else; for SM2 e = SM3(Z_A || M).
    Opaque(Digest),
}

impl Payload {
    /// The role that a key needs to sign it.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self {
            Self::Vote { .. } => Role::Vote,
            Self::Block { .. } => Role::Block,
            Self::Transaction(_) => Role::Transaction,
            Self::Tls(_) => Role::Tls,
            Self::Audit { .. } => Role::Audit,
            Self::Opaque(_) => Role::Opaque,
        }
    }

    /// The chain and the place of a vote or a proposal; none for what is not of consensus.
    #[must_use]
    pub fn position(&self) -> Option<(&str, Position)> {
        match self {
            Self::Vote { chain, height, round, step, .. } => Some((chain, Position { height: *height, round: *round, step: *step })),
            Self::Block { chain, height, round, .. } => Some((chain, Position { height: *height, round: *round, step: Step::Propose })),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
