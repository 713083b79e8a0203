//! Why a transaction is not taken, or will not be in a block: a closed list, each with a name for programs.

use chainbox_engine::{transaction::native, verdict::Reason};

/// Why a transaction is refused. In the order of the checks, of which each is dearer than those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The node is shutting down.
    #[error("the node is shutting down")]
    Closing,
    /// The source failed too often, or has too much under way.
    #[error("this source has too much under way or failed too often: send it again in {retry_after_ms} ms")]
    SourceBusy {
        /// When to try again, in milliseconds.
        retry_after_ms: u32,
    },
    /// The pool has no room.
    #[error("the pool is full: send it again in {retry_after_ms} ms")]
    PoolFull {
        /// When to try again, in milliseconds.
        retry_after_ms: u32,
    },
    /// It is larger than a block of this chain may be.
    #[error("{bytes} bytes, and a block of this chain holds {max}")]
    TooLarge {
        /// The transaction's bytes.
        bytes: usize,
        /// The most that fit.
        max: usize,
    },
    /// The same bytes are under way or were taken.
    #[error("the same bytes are here already")]
    Duplicate,
    /// No transaction.
    #[error("malformed: {0}")]
    Malformed(#[from] native::Refusal),
    /// For another chain.
    #[error("for chain {found}, and this is chain {here}")]
    WrongChain {
        /// The transaction's.
        found: u64,
        /// Ours.
        here: u64,
    },
    /// Of another suite than the chain's.
    #[error("of suite {found}, and this chain's is {here}")]
    WrongSuite {
        /// The transaction's.
        found: native::Suite,
        /// Ours.
        here: native::Suite,
    },
    /// Its valid-until is below the next height.
    #[error("valid until height {valid_until}, and the next block has height {next}")]
    Expired {
        /// The transaction's.
        valid_until: u64,
        /// The next height.
        next: u64,
    },
    /// The sender may not send.
    #[error("the sender may not send on this chain: a validator permits it with a permit transaction")]
    NotPermitted,
    /// The nonce is used.
    #[error("nonce {found} is used: the sender's next one is {next}")]
    NonceUsed {
        /// The transaction's.
        found: u64,
        /// The sender's next one.
        next: u64,
    },
    /// Another transaction of the sender has this nonce.
    #[error("another transaction of the sender with nonce {0} is in the pool")]
    NonceTaken(u64),
    /// The nonce is further ahead than the pool keeps transactions of one sender.
    #[error("nonce {found} is more than {ahead_max} ahead of the sender's next one, {next}")]
    NonceTooFar {
        /// The transaction's.
        found: u64,
        /// The sender's next one.
        next: u64,
        /// How far ahead it may be.
        ahead_max: u64,
    },
    /// The amount is more than the sender has.
    #[error("the amount is {amount}, and the sender has {balance}")]
    InsufficientBalance {
        /// The amount.
        amount: u128,
        /// The sender's balance.
        balance: u128,
    },
    /// Only validators permit.
    #[error("only a validator permits or forbids an account to send")]
    NotValidator,
    /// There is no list to change.
    #[error("on this chain everybody may send: its genesis has the policy open")]
    SendersOpen,
    /// There is nothing to remove.
    #[error("the sender has no entry of this key")]
    NoEntry,
    /// The payload is not the document that the record names.
    #[error("the payload does not have the record's digest")]
    PayloadDigest,
    /// The signature is invalid.
    #[error("the signature is invalid: {0}")]
    Signature(Reason),
    /// No verdict could be had.
    #[error("no verdict on the signature was given: send it again")]
    Unverified,
    /// An earlier transaction of the sender did not come into a block, so that this one's nonce cannot be used.
    #[error("an earlier transaction of the sender was refused; its next nonce is {next}")]
    Predecessor {
        /// The sender's next nonce.
        next: u64,
    },
    /// The nonces before it did not come.
    #[error("the transactions of the sender before this one did not come within {seconds} s; its next nonce is {next}")]
    Gap {
        /// How long it waited.
        seconds: u32,
        /// The sender's next nonce.
        next: u64,
    },
}

impl Refusal {
    /// The name used in answers and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Closing => "closing",
            Self::SourceBusy { .. } => "source_busy",
            Self::PoolFull { .. } => "pool_full",
            Self::TooLarge { .. } => "too_large",
            Self::Duplicate => "duplicate",
            Self::Malformed(_) => "malformed",
            Self::WrongChain { .. } => "wrong_chain",
            Self::WrongSuite { .. } => "wrong_suite",
            Self::Expired { .. } => "expired",
            Self::NotPermitted => "not_permitted",
            Self::NonceUsed { .. } => "nonce_used",
            Self::NonceTaken(_) => "nonce_taken",
            Self::NonceTooFar { .. } => "nonce_too_far",
            Self::InsufficientBalance { .. } => "insufficient_balance",
            Self::NotValidator => "not_validator",
            Self::SendersOpen => "senders_open",
            Self::NoEntry => "no_entry",
            Self::PayloadDigest => "payload_digest",
            Self::Signature(_) => "signature",
            Self::Unverified => "unverified",
            Self::Predecessor { .. } => "predecessor",
            Self::Gap { .. } => "gap",
        }
    }

    /// Whether the sender of the bytes is to blame, so that the failure costs its source ten times what a good transaction does.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::TooLarge { .. }
                | Self::Malformed(_)
                | Self::WrongChain { .. }
                | Self::WrongSuite { .. }
                | Self::NotPermitted
                | Self::NotValidator
                | Self::PayloadDigest
                | Self::Signature(_)
        )
    }
}
