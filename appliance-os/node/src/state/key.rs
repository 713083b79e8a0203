//! What stands in the state, as bytes.

use chainbox_engine::{hash::Digest, transaction::native::Address};
use serde::Serialize;

use crate::{genesis::Senders, merkle::Hasher};

/// Bytes of an account.
const ACCOUNT_BYTES: usize = 8 + 16 + 1;

/// Something in the state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateKey {
    /// An account.
    Account(Address),
    /// An entry of an account's.
    Entry {
        /// The account that wrote it.
        owner: Address,
        /// Its key.
        key: Box<[u8]>,
    },
}

impl StateKey {
    /// Its bytes: 0 and the address, or 1, the owner and the key.
    #[must_use]
    pub fn to_bytes(&self) -> Box<[u8]> {
        match self {
            Self::Account(address) => Self::account_bytes(address).into(),
            Self::Entry { owner, key } => [&[1], &owner[..], key].concat().into(),
        }
    }

    /// The bytes of an account's.
    #[must_use]
    pub fn account_bytes(address: &Address) -> [u8; 21] {
        let mut bytes = [0; 21];
        bytes[1..].copy_from_slice(address);
        bytes
    }

    /// Reads one; none where the bytes are none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (address, key) = rest.split_first_chunk()?;
        match kind {
            0 => key.is_empty().then_some(Self::Account(*address)),
            1 => (!key.is_empty()).then(|| Self::Entry { owner: *address, key: key.into() }),
            _ => None,
        }
    }

    /// Its place in the tree: the digest of its bytes.
    #[must_use]
    pub fn path(&self, hasher: &Hasher) -> Digest {
        hasher.hash().digest(&self.to_bytes())
    }
}

/// What validators say of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Nothing.
    #[default]
    Unset,
    /// It may send.
    Allowed,
    /// It may not.
    Denied,
}

impl Permission {
    /// The name used in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Allowed => "allowed",
            Self::Denied => "denied",
        }
    }
}

/// An account. What never had anything is the default one, and stands nowhere in the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// How many transactions it has sent.
    pub nonce: u64,
    /// What it has.
    pub balance: u128,
    /// What validators say of it.
    pub permission: Permission,
}

impl Account {
    /// Its bytes, or none of the default one.
    #[must_use]
    pub fn to_value(&self) -> Option<Box<[u8]>> {
        if *self == Self::default() {
            return None;
        }
        let mut bytes = Vec::with_capacity(ACCOUNT_BYTES);
        bytes.extend(self.nonce.to_be_bytes());
        bytes.extend(self.balance.to_be_bytes());
        bytes.push(match self.permission {
            Permission::Unset => 0,
            Permission::Allowed => 1,
            Permission::Denied => 2,
        });
        Some(bytes.into())
    }

    /// Reads an account; none where the bytes are none.
    #[must_use]
    pub fn from_value(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; ACCOUNT_BYTES] = bytes.try_into().ok()?;
        let (nonce, rest) = bytes.split_first_chunk::<8>()?;
        let (balance, permission) = rest.split_first_chunk::<16>()?;
        Some(Self {
            nonce: u64::from_be_bytes(*nonce),
            balance: u128::from_be_bytes(*balance),
            permission: match permission[0] {
                0 => Permission::Unset,
                1 => Permission::Allowed,
                2 => Permission::Denied,
                _ => return None,
            },
        })
    }

    /// Whether it may send where this policy holds.
    #[must_use]
    pub const fn may_send(&self, senders: Senders) -> bool {
        match senders {
            Senders::Open => true,
            Senders::Allow => matches!(self.permission, Permission::Allowed),
            Senders::Deny => !matches!(self.permission, Permission::Denied),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_accounts_read_back() {
        let entry = |key: &[u8]| StateKey::Entry { owner: [3; 20], key: key.into() };
        for key in [StateKey::Account([1; 20]), entry(b"k"), entry(&[0; 128])] {
            assert_eq!(StateKey::from_bytes(&key.to_bytes()), Some(key));
        }
        for wrong in [&[][..], &[0; 20], &[0; 22], &[1; 21], &[2; 22]] {
            assert_eq!(StateKey::from_bytes(wrong), None);
        }
        for permission in [Permission::Unset, Permission::Allowed, Permission::Denied] {
            let account = Account { nonce: 1, balance: u128::MAX, permission };
            assert_eq!(Account::from_value(&account.to_value().unwrap()), Some(account));
        }
        assert_eq!(Account::default().to_value(), None);
        assert_eq!(Account::from_value(&[3; 25]), None);
        assert_eq!(Account::from_value(&[0; 24]), None);
    }
}
