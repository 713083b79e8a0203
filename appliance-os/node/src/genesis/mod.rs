//! What all nodes of a chain agree on before its first block.

mod file;

pub use file::{GenesisError, Source};

use std::{collections::HashSet, hash::Hash, sync::Arc};

use chainbox_engine::{
    hash::Digest,
    transaction::native::{Address, Suite, TRANSACTION_BYTES_MAX},
};
use serde::{Deserialize, Serialize};

use crate::{
    block::{Header, TRANSACTIONS_MAX},
    execute::account_paths,
    merkle::{EMPTY, Hasher},
    state::{Account, Leaf, Leaves, MemoryLeaves, Permission, State, StateKey, StateOptions},
};

/// What the encoding of the rules begins with.
const TAG: &[u8] = b"chainbox/genesis/1\0";

/// The most validators.
pub const VALIDATORS_MAX: usize = 1000;

/// The most bytes of the transactions of a block.
pub const BLOCK_BYTES_MAX: u32 = 64 << 20;

/// Who may send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Senders {
    /// Everybody.
    #[default]
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

impl Default for BlockLimits {
    fn default() -> Self {
        Self { transactions: 20_000, bytes: 16 << 20 }
    }
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

impl Genesis {
    /// The hash of the chain, many at once.
    #[must_use]
    pub fn hasher(&self) -> Hasher {
        Hasher::new(self.suite.scheme().hash())
    }

    /// The chain's id as votes name it.
    #[must_use]
    pub fn chain_name(&self) -> String {
        self.chain_id.to_string()
    }

    /// The digest of all that is not in the state: the parent of the block of height 0. docs/blocks.md has the bytes.
    #[must_use]
    pub fn rules_digest(&self) -> Digest {
        let mut bytes = TAG.to_vec();
        bytes.push(self.suite.byte());
        bytes.extend(self.chain_id.to_be_bytes());
        bytes.extend(self.time_ms.to_be_bytes());
        bytes.push(match self.senders {
            Senders::Open => 0,
            Senders::Allow => 1,
            Senders::Deny => 2,
        });
        bytes.extend(self.limits.transactions.to_be_bytes());
        bytes.extend(self.limits.bytes.to_be_bytes());
        bytes.extend((self.validators.len() as u16).to_be_bytes());
        bytes.extend(self.validators.as_flattened());
        self.suite.scheme().hash().digest(&bytes)
    }

    /// The header of the block of height 0, on a state of this root: that of [`Self::leaves`].
    #[must_use]
    pub fn header(&self, state_root: Digest) -> Header {
        Header {
            suite: self.suite,
            chain_id: self.chain_id,
            height: 0,
            time_ms: self.time_ms,
            parent: self.rules_digest(),
            proposer: 0,
            transactions: 0,
            transactions_root: EMPTY,
            state_root,
        }
    }

    /// The state before the first block, in the order of the paths.
    #[must_use]
    pub fn leaves(&self) -> Vec<Leaf> {
        let permission = match self.senders {
            Senders::Open => Permission::Unset,
            Senders::Allow => Permission::Allowed,
            Senders::Deny => Permission::Denied,
        };
        let listed: HashSet<&Address> = self.listed.iter().collect();
        let held: HashSet<&Address> = self.accounts.iter().map(|(address, _)| address).collect();
        let permission_of = |address| if listed.contains(address) { permission } else { Permission::Unset };
        let funded = self.accounts.iter().map(|(address, balance)| (*address, *balance, permission_of(address)));
        let only_listed = self.listed.iter().filter(|address| !held.contains(address)).map(|address| (*address, 0, permission));
        let accounts: Vec<_> = funded.chain(only_listed).collect();
        let paths = account_paths(&self.hasher(), &accounts.iter().map(|(address, ..)| *address).collect::<Vec<_>>());
        let leaf = |((address, balance, permission), path)| {
            let value = Account { nonce: 0, balance, permission }.to_value()?;
            Some(Leaf { path, key: StateKey::account_bytes(&address).into(), value })
        };
        let mut leaves: Vec<_> = accounts.into_iter().zip(paths).filter_map(leaf).collect();
        leaves.sort_unstable_by_key(|leaf| leaf.path);
        leaves
    }

    /// The root of the state before the first block.
    ///
    /// # Panics
    /// Never: leaves in memory can be read.
    #[must_use]
    pub fn state_root(&self) -> Digest {
        let leaves = self.leaves();
        let options = StateOptions { leaves_expected: leaves.len() as u64, ..StateOptions::default() };
        let nothing: Arc<dyn Leaves> = Arc::new(MemoryLeaves::default());
        let state = State::load(self.hasher(), nothing, &options, 0, |give| {
            leaves.into_iter().for_each(give);
            Ok(())
        });
        state.expect("leaves in memory can be read").root()
    }

    /// That it is one: every rule that a file can break.
    ///
    /// # Errors
    /// [`GenesisError::Rule`] with the place and the remedy.
    pub fn check(&self) -> Result<(), GenesisError> {
        let rule = |place: &str, what: String| Err(GenesisError::Rule { place: place.to_owned(), what });
        if self.chain_id == 0 {
            return rule("chain_id", "0 is no chain: choose a number from 1 on that no other chain of yours has".to_owned());
        }
        if self.validators.is_empty() || self.validators.len() > VALIDATORS_MAX {
            return rule("validator", format!("{} validators: a chain has 1 to {VALIDATORS_MAX}", self.validators.len()));
        }
        for (index, key) in self.validators.iter().enumerate() {
            if let Err(reason) = file::check_key(self.suite, key) {
                return rule(&format!("validator {index}: key"), format!("no key of {}: {reason}", self.suite));
            }
        }
        if let Some(twice) = twice(&self.validators) {
            return rule("validator", format!("two validators have the key {}", hex::encode(twice)));
        }
        if self.senders == Senders::Open && !self.listed.is_empty() {
            return rule("listed", "accounts are listed, and everybody may send: set senders to \"allow\" or \"deny\"".to_owned());
        }
        if let Some(twice) = twice(&self.listed) {
            return rule("listed", format!("account {} stands there twice", hex::encode(twice)));
        }
        if let Some(twice) = twice(self.accounts.iter().map(|(address, _)| address)) {
            return rule("account", format!("account {} stands there twice", hex::encode(twice)));
        }
        let sum = self.accounts.iter().try_fold(0_u128, |sum, (_, balance)| sum.checked_add(*balance));
        if sum.is_none() {
            return rule("account", "all balances together are above 2^128 - 1".to_owned());
        }
        if !(1..=TRANSACTIONS_MAX as u32).contains(&self.limits.transactions) {
            return rule("limits.block_transactions", format!("{}: 1 to {TRANSACTIONS_MAX}", self.limits.transactions));
        }
        if !(TRANSACTION_BYTES_MAX as u32..=BLOCK_BYTES_MAX).contains(&self.limits.bytes) {
            let what = format!("{}: {TRANSACTION_BYTES_MAX} (the longest transaction) to {BLOCK_BYTES_MAX}", self.limits.bytes);
            return rule("limits.block_bytes", what);
        }
        Ok(())
    }
}

/// An element that stands there twice.
fn twice<'a, T: Hash + Eq>(elements: impl IntoIterator<Item = &'a T>) -> Option<&'a T> {
    let mut seen = HashSet::new();
    elements.into_iter().find(|element| !seen.insert(*element))
}

#[cfg(test)]
mod tests;
