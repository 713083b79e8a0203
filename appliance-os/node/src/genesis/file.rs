//! The genesis file: TOML, and where it says so a table of accounts beside it.

use std::{fs, io, path::Path};

use chainbox_engine::{
    curve::{P256, Secp256k1, Sm2, sec1},
    transaction::native::{Address, Suite},
    verdict::Reason,
};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{BlockLimits, Genesis, Senders};
use crate::text;

/// Why there is no genesis.
#[derive(Debug, thiserror::Error)]
pub enum GenesisError {
    /// A file cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// The text is not TOML, or a name or a type in it is not that of a genesis.
    #[error("{path}: {message}")]
    Toml {
        /// The file.
        path: String,
        /// What is wrong, and where.
        message: String,
    },
    /// A line of the table of accounts is none.
    #[error("{path}, line {line}: {what}; a line is an address, a comma and a balance")]
    Line {
        /// The file.
        path: String,
        /// Its number, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A rule is broken.
    #[error("{place}: {what}")]
    Rule {
        /// The key of the file.
        place: String,
        /// What is wrong, and the remedy.
        what: String,
    },
}

/// A genesis as its file has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The chain's id.
    pub chain_id: u64,
    /// The suite, by name.
    pub suite: String,
    /// When it begins, RFC 3339.
    pub time: String,
    /// Who may send.
    #[serde(default)]
    pub senders: Senders,
    /// The accounts that this policy lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<String>,
    /// A table of accounts beside this file: lines of an address, a comma and a balance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts_file: Option<String>,
    /// How large a block may be.
    #[serde(default)]
    pub limits: SourceLimits,
    /// The validators.
    #[serde(rename = "validator")]
    pub validators: Vec<SourceValidator>,
    /// Who has what.
    #[serde(default, rename = "account", skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<SourceAccount>,
}

/// How large a block may be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SourceLimits {
    /// Its transactions, at most.
    pub block_transactions: u32,
    /// Their bytes, at most.
    pub block_bytes: u32,
}

impl Default for SourceLimits {
    fn default() -> Self {
        let BlockLimits { transactions, bytes } = BlockLimits::default();
        Self { block_transactions: transactions, block_bytes: bytes }
    }
}

/// A validator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceValidator {
    /// Its key, SEC1 uncompressed, as hex.
    pub key: String,
}

/// An account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceAccount {
    /// Its address, as hex.
    pub address: String,
    /// What it has, as a decimal number in a string: it may be larger than TOML's numbers.
    pub balance: String,
}

impl Source {
    /// Reads a file as it is written: what it says is checked by [`Genesis::read`].
    ///
    /// # Errors
    /// [`GenesisError`].
    pub fn read(path: &Path) -> Result<Self, GenesisError> {
        let place = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| GenesisError::Read { path: place.clone(), error })?;
        toml::from_str(&text).map_err(|error| GenesisError::Toml { path: place, message: error.to_string() })
    }

    /// The file of a genesis without a table of accounts.
    #[must_use]
    pub fn of(genesis: &Genesis) -> Self {
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(genesis.time_ms) * 1_000_000);
        let time = time.ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned());
        let account = |(address, balance): &(Address, u128)| SourceAccount { address: hex::encode(address), balance: balance.to_string() };
        Self {
            chain_id: genesis.chain_id,
            suite: genesis.suite.name().to_owned(),
            time,
            senders: genesis.senders,
            listed: genesis.listed.iter().map(hex::encode).collect(),
            accounts_file: None,
            limits: SourceLimits { block_transactions: genesis.limits.transactions, block_bytes: genesis.limits.bytes },
            validators: genesis.validators.iter().map(|key| SourceValidator { key: hex::encode(key) }).collect(),
            accounts: genesis.accounts.iter().map(account).collect(),
        }
    }

    /// The text of the file.
    ///
    /// # Panics
    /// Never: all of it can be written as TOML.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("strings and numbers")
    }

    fn into_genesis(self, folder: &Path) -> Result<Genesis, GenesisError> {
        let table = self.accounts_file.as_ref().map(|name| folder.join(name));
        let mut genesis = self.without_table()?;
        if let Some(path) = table {
            genesis.accounts.extend(read_accounts(&path)?);
        }
        Ok(genesis)
    }

    fn without_table(self) -> Result<Genesis, GenesisError> {
        let rule = |place: &str, what: String| GenesisError::Rule { place: place.to_owned(), what };
        let suite: Suite = self.suite.parse().map_err(|error| rule("suite", format!("{error}")))?;
        let time = OffsetDateTime::parse(&self.time, &Rfc3339);
        let time = time.map_err(|_| rule("time", format!("{:?} is no time like 2026-11-26T08:00:00Z", self.time)))?;
        let time_ms = u64::try_from(time.unix_timestamp_nanos() / 1_000_000).map_err(|_| rule("time", "it is before 1970".to_owned()))?;
        let validators = self.validators.iter().enumerate().map(|(index, validator)| {
            text::array(&validator.key)
                .map_err(|error| rule(&format!("validator {index}: key"), format!("{error}: 65 bytes, 04 || x || y")))
        });
        let validators = validators.collect::<Result<_, _>>()?;
        let listed = self.listed.iter().map(|address| text::array(address).map_err(|error| rule("listed", error.to_string())));
        let listed = listed.collect::<Result<_, _>>()?;
        let accounts = self.accounts.iter().enumerate().map(|(index, account)| {
            let place = |key: &str| format!("account {index}: {key}");
            let address = text::array(&account.address).map_err(|error| rule(&place("address"), error.to_string()))?;
            Ok((address, balance(&account.balance).map_err(|what| rule(&place("balance"), what))?))
        });
        let accounts = accounts.collect::<Result<_, _>>()?;
        let limits = BlockLimits { transactions: self.limits.block_transactions, bytes: self.limits.block_bytes };
        Ok(Genesis { chain_id: self.chain_id, suite, time_ms, validators, senders: self.senders, listed, limits, accounts })
    }
}

impl Genesis {
    /// Reads and checks a genesis file.
    ///
    /// # Errors
    /// [`GenesisError`] with the place and the remedy.
    pub fn read(path: &Path) -> Result<Self, GenesisError> {
        let genesis = Source::read(path)?.into_genesis(path.parent().unwrap_or(Path::new(".")))?;
        genesis.check()?;
        Ok(genesis)
    }

    /// The same without the accounts, which may be millions: what a node needs whose state is made.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_rules(path: &Path) -> Result<Self, GenesisError> {
        let mut genesis = Source::read(path)?.without_table()?;
        genesis.check()?;
        genesis.accounts = Vec::new();
        Ok(genesis)
    }
}

fn read_accounts(path: &Path) -> Result<Vec<(Address, u128)>, GenesisError> {
    let place = || path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| GenesisError::Read { path: place(), error })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let account = |(index, line): (usize, &str)| {
        let wrong = |what: String| GenesisError::Line { path: place(), line: index + 1, what };
        let (address, amount) = line.split_once(',').ok_or_else(|| wrong("there is no comma".to_owned()))?;
        let address = text::array(address.trim()).map_err(|error| wrong(error.to_string()))?;
        Ok((address, balance(amount.trim()).map_err(wrong)?))
    };
    lines.map(account).collect()
}

/// A balance: digits, with or without `_` between them.
fn balance(text: &str) -> Result<u128, String> {
    text.replace('_', "").parse().map_err(|_| format!("{text:?} is no whole number from 0 to 2^128 - 1"))
}

/// That a key is a point of the suite's curve.
pub(super) fn check_key(suite: Suite, key: &[u8; 65]) -> Result<(), Reason> {
    match suite {
        Suite::Secp256k1 => sec1::parse::<Secp256k1>(key).map(drop),
        Suite::P256 => sec1::parse::<P256>(key).map(drop),
        Suite::Sm => sec1::parse::<Sm2>(key).map(drop),
    }
}
