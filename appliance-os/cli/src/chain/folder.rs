//! The folder of a chain: genesis, keys, guard, blocks, state.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chainbox_engine::transaction::native::{Address, Suite};
use chainbox_hsm::{
    Deadline, Label, PublicKey, Role, Signer,
    guard::{Guard, Interchange},
    signer::Caller,
};
use chainbox_node::{
    archive::Included,
    genesis::{BlockLimits, Genesis, GenesisError, Senders, Source},
    node::{NodeOptions, create},
    store::Store,
};
use chainbox_service::settings::CHAIN_CALLER;

use super::keys::{KeyFile, Wallet, made_password, make_password};
use crate::error::Error;

/// What the development account has at the start.
const DEVELOPMENT_BALANCE: u128 = 1_000_000_000_000;

/// The table of accounts beside the genesis.
const ACCOUNTS: &str = "accounts.csv";

/// What was voted on, in a backup.
const VOTES: &str = "guard.json";

/// How long a device may take to tell a public key.
const KEY_TIME_MAX: Duration = Duration::from_secs(10);

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
    /// The key that votes, where it is not to be made here.
    pub(crate) validator: Option<PublicKey>,
    /// A table of more accounts, which is copied beside the genesis.
    pub(crate) accounts_file: Option<PathBuf>,
}

/// What signs votes.
pub(crate) struct Votes {
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) label: Label,
    pub(crate) caller: Caller,
}

impl Votes {
    /// That the key is the one that the genesis names: no vote of another would count.
    pub(crate) async fn check(&self, genesis: &Genesis) -> Result<(), Error> {
        let key = self.signer.key(&self.label, Deadline::after(KEY_TIME_MAX)).await.map_err(|error| Error::new(error.to_string()))?;
        if genesis.validators.first() == Some(&key.public_key) {
            return Ok(());
        }
        let (label, validator) = (&self.label, genesis.validators.first().map(hex::encode).unwrap_or_default());
        Err(Error::new(format!(
            "the key {label} is not the validator that the genesis names, {validator}: set chain.vote_key to that one's label"
        )))
    }
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
        self.refuse_if_there()?;
        fs::create_dir_all(&self.0).map_err(|error| Error::io("make", self.0.display(), &error))?;
        let keys = KeyFile::open_or_create(&self.keys_path(), &make_password(&self.password_path())?)?;
        let validator = new.validator.map_or_else(|| keys.generate(&label(VALIDATOR), new.suite), Ok)?;
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
            source.accounts_file = Some(ACCOUNTS.to_owned());
            self.copy(table, ACCOUNTS)?;
        }
        self.write_genesis(&source)?;
        Ok(Made { genesis: self.create()?, development })
    }

    /// Makes the chain of a genesis file that somebody else made, without keys.
    pub(crate) fn make_of(&self, genesis: &Path) -> Result<Genesis, Error> {
        self.refuse_if_there()?;
        let read = |error: GenesisError| Error::new(error.to_string());
        let mut source = Source::read(genesis).map_err(read)?;
        Genesis::read(genesis).map_err(read)?;
        fs::create_dir_all(&self.0).map_err(|error| Error::io("make", self.0.display(), &error))?;
        if let Some(table) = &mut source.accounts_file {
            self.copy(&genesis.parent().unwrap_or(Path::new(".")).join(&*table), ACCOUNTS)?;
            ACCOUNTS.clone_into(table);
        }
        self.write_genesis(&source)?;
        self.create()
    }

    fn refuse_if_there(&self) -> Result<(), Error> {
        if self.0.exists() {
            return Err(Error::new(format!("{} is there already: name another folder with --data, or remove it", self.0.display())));
        }
        Ok(())
    }

    fn copy(&self, from: &Path, name: &str) -> Result<(), Error> {
        fs::copy(from, self.0.join(name)).map(drop).map_err(|error| Error::io("copy", from.display(), &error))
    }

    fn write_genesis(&self, source: &Source) -> Result<(), Error> {
        let path = self.genesis_path();
        fs::write(&path, source.to_toml()).map_err(|error| Error::io("write", path.display(), &error))
    }

    /// Makes the store of the genesis that is written, as whoever runs the chain reads it: with the table, and with every rule checked.
    fn create(&self) -> Result<Genesis, Error> {
        let genesis = self.genesis()?;
        create(&self.0, &genesis, &NodeOptions::default()).map_err(|error| Error::new(error.to_string()))?;
        Ok(genesis)
    }

    /// What signs the votes with the key in the chain's own file, behind its guard.
    pub(crate) fn votes(&self, genesis: &Genesis) -> Result<Votes, Error> {
        let label = label(VALIDATOR);
        if !self.keys_path().exists() {
            let folder = self.0.display();
            return Err(Error::new(format!(
                "{folder} has no key that votes: set chain.vote_key to one of the device in [hsm], or restore a backup that has the keys"
            )));
        }
        let signer =
            self.keys()?.signer(genesis.suite, &label, Role::Vote, CHAIN_CALLER, Some(genesis.chain_name()), Some(self.guard_path()))?;
        Ok(Votes { signer: Arc::new(signer), label, caller: Caller(CHAIN_CALLER.to_owned()) })
    }

    /// The account for development, where the chain was made here.
    pub(crate) fn development(&self, suite: Suite) -> Result<Option<Wallet>, Error> {
        if !self.keys_path().exists() {
            return Ok(None);
        }
        self.keys()?.wallet(suite, &label(DEVELOPMENT)).map(Some)
    }

    /// The same, for whoever named no other account.
    pub(crate) fn development_of(&self, suite: Suite) -> Result<Wallet, Error> {
        let none = || Error::new(format!("{} has no account of its own: name one with --key", self.0.display()));
        self.development(suite)?.ok_or_else(none)
    }

    /// What a backup includes beside blocks and state. What was voted on is read here, before the blocks are.
    pub(crate) fn included(&self, with_keys: bool) -> Result<Vec<Included>, Error> {
        let mut included: Vec<Included> = Vec::new();
        let mut add = |path: PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.exists() {
                included.push(Included::File(name, path));
            }
        };
        if with_keys {
            add(self.keys_path());
            add(self.password_path());
        }
        add(self.genesis_path());
        add(self.0.join(ACCOUNTS));
        if self.guard_path().exists() {
            let votes = Interchange::read(&self.guard_path()).map_err(|error| Error::new(error.to_string()))?;
            let bytes = serde_json::to_vec_pretty(&votes).map_err(|error| Error::new(error.to_string()))?;
            included.push(Included::Bytes(VOTES.to_owned(), bytes));
        }
        Ok(included)
    }

    /// Makes the guard again from what a backup says was voted on.
    pub(crate) fn restore_guard(&self) -> Result<(), Error> {
        let path = self.0.join(VOTES);
        if !path.exists() {
            return Ok(());
        }
        let said = |error: chainbox_hsm::Error| Error::new(error.to_string());
        let bytes = fs::read(&path).map_err(|error| Error::io("read", path.display(), &error))?;
        let votes = Interchange::parse(&bytes).map_err(said)?;
        Guard::create(&self.guard_path()).and_then(|guard| guard.import(&votes)).map_err(said)?;
        fs::remove_file(&path).map_err(|error| Error::io("remove", path.display(), &error))
    }

    /// The folder in which a chain is restored before it is put here.
    pub(crate) fn restoring(&self) -> Self {
        Self(self.0.with_extension("restoring"))
    }

    /// Puts a folder here, whole or not at all.
    pub(crate) fn put(&self, made: &Self) -> Result<(), Error> {
        self.refuse_if_there()?;
        let data = self.0.parent().unwrap_or(Path::new("."));
        let moved = fs::rename(&made.0, &self.0).and_then(|()| File::open(data)?.sync_all());
        moved.map_err(|error| Error::io("move", made.0.display(), &error))
    }

    /// Removes what an interrupted restoration left.
    pub(crate) fn clear(&self) -> Result<(), Error> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", self.0.display(), &error)),
            _ => Ok(()),
        }
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
