//! What all nodes of a chain agree on before its first block.

use chainbox_engine::transaction::native::{Address, Suite};

/// Who may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Senders {
    /// Everybody.
    Open,
    /// Who is listed, or was permitted by a validator.
    Allow,
    /// All but those who are listed, or were forbidden by a validator.
    Deny,
}

/// How large a block may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockLimits {
    /// Its transactions, at most.
    pub transactions: u32,
    /// The bytes of its transactions, at most.
    pub bytes: u32,
}

/// What all nodes of a chain agree on before its first block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The chain: what transactions and votes name.
    pub chain_id: u64,
    /// Curve, equation and hash.
    pub suite: Suite,
    /// When it begins, in milliseconds since 1970-01-01 UTC.
    pub time_ms: u64,
    /// The validators' keys, SEC1 uncompressed, in the order of their indices.
    pub validators: Vec<[u8; 65]>,
    /// Who may send.
    pub senders: Senders,
    /// The accounts that this policy lists.
    pub listed: Vec<Address>,
    /// How large a block may be.
    pub limits: BlockLimits,
    /// Who has what, each account once.
    pub accounts: Vec<(Address, u128)>,
}
