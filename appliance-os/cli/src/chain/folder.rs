//! The folder of a chain: genesis, keys, guard, blocks, state.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use chainbox_engine::transaction::native::{Address, Suite};
use chainbox_hsm::{Label, Role, guard::Guard, signer::Local};
use chainbox_node::{
    genesis::{BlockLimits, Genesis, Senders, Source},
    node::{NodeOptions, create},
    store::Store,
    vote,
};

use super::keys::{KeyFile, Wallet, made_password, make_password};
use crate::error::Error;

/// What the development account has at the start.
const DEVELOPMENT_BALANCE: u128 = 1_000_000_000_000;

/// The labels of the keys that are made with a chain.
const VALIDATOR: &str = "validator";
const DEVELOPMENT: &str = "development";

/// The folder of the chain of a data folder.
#[derive(Clone, Debug)]
pub(crate) struct ChainFolder(PathBuf);

/// A chain that is to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewChain {
    pub(crate) chain_id: u64,
    pub(crate) suite: Suite,
    pub(crate) senders: Senders,
    pub(crate) limits: BlockLimits,
    pub(crate) accounts: Vec<(Address, u128)>,
    /// A table of more accounts, which is copied beside the genesis.
    pub(crate) accounts_file: Option<PathBuf>,
}

/// A chain that was made.
pub(crate) struct Made {
    pub(crate) genesis: Genesis,
    pub(crate) development: Address,
}

fn label(text: &str) -> Label {
    text.parse().expect("a label")
}

impl ChainFolder {
    /// That of a data folder.
    pub(crate) fn of(data: &Path) -> Self {
        Self(data.join("chain"))
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The genesis file.
    pub(crate) fn genesis_path(&self) -> PathBuf {
        self.0.join("genesis.toml")
    }

    /// Whether a chain is there.
    pub(crate) fn is_made(&self) -> bool {
        Store::is_in(&self.0)
    }

    /// Reads the genesis.
    pub(crate) fn genesis(&self) -> Result<Genesis, Error> {
        Genesis::read(&self.genesis_path()).map_err(|error| Error::new(error.to_string()))
    }

    /// The same without the accounts.
    pub(crate) fn rules(&self) -> Result<Genesis, Error> {
        Genesis::read_rules(&self.genesis_path()).map_err(|error| Error::new(error.to_string()))
    }

    /// Makes a chain of one validator, with keys of its own and a funded account for development.
    pub(crate) fn make(&self, new: &NewChain) -> Result<Made, Error> {
        if self.0.exists() {
            return Err(Error::new(format!("{} is there already: name another folder with --data, or remove it", self.0.display())));
        }
        fs::create_dir_all(&self.0).map_err(|error| Error::io("make", self.0.display(), &error))?;
        let keys = KeyFile::open_or_create(&self.keys_path(), &make_password(&self.password_path())?)?;
        let validator = keys.generate(&label(VALIDATOR), new.suite)?;
        let development = new.suite.address(&keys.generate(&label(DEVELOPMENT), new.suite)?);
        Guard::create(&self.guard_path()).map_err(|error| Error::new(error.to_string()))?;
        let time_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let genesis = Genesis {
            chain_id: new.chain_id,
            suite: new.suite,
            time_ms,
            validators: vec![validator],
            senders: new.senders,
            listed: if new.senders == Senders::Allow { vec![development] } else { Vec::new() },
            limits: new.limits,
            accounts: std::iter::once((development, DEVELOPMENT_BALANCE)).chain(new.accounts.iter().copied()).collect(),
        };
        let mut source = Source::of(&genesis);
        if let Some(table) = &new.accounts_file {
            const NAME: &str = "accounts.csv";
            fs::copy(table, self.0.join(NAME)).map_err(|error| Error::io("copy", table.display(), &error))?;
            source.accounts_file = Some(NAME.to_owned());
        }
        let path = self.genesis_path();
        fs::write(&path, source.to_toml()).map_err(|error| Error::io("write", path.display(), &error))?;
        // As whoever runs the chain reads it: with the table, and with every rule checked.
        let genesis = self.genesis()?;
        create(&self.0, &genesis, &NodeOptions::default()).map_err(|error| Error::new(error.to_string()))?;
        Ok(Made { genesis, development })
    }

    /// The signer of the validator's votes, behind its guard, and the label of its key.
    pub(crate) fn voter(&self, genesis: &Genesis) -> Result<(Local, Label), Error> {
        let label = label(VALIDATOR);
        let signer =
            self.keys()?.signer(genesis.suite, &label, Role::Vote, vote::CALLER, Some(genesis.chain_name()), Some(self.guard_path()))?;
        Ok((signer, label))
    }

    /// The account for development.
    pub(crate) fn development(&self, suite: Suite) -> Result<Wallet, Error> {
        self.keys()?.wallet(suite, &label(DEVELOPMENT))
    }

    fn keys(&self) -> Result<KeyFile, Error> {
        KeyFile::open(&self.keys_path(), &made_password(&self.password_path())?)
    }

    fn keys_path(&self) -> PathBuf {
        self.0.join("keys")
    }

    fn password_path(&self) -> PathBuf {
        self.0.join("keys.password")
    }

    fn guard_path(&self) -> PathBuf {
        self.0.join("guard")
    }
}
