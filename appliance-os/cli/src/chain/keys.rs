//! Files of keys: encrypted, each with the source of its password.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chainbox_engine::transaction::native::{Address, Body, Suite};
use chainbox_hsm::{
    Algorithm, Deadline, Device as _, Label, Payload, PublicKey, Role, Signer as _,
    secret::{Secret, Source},
    signer::{self, Caller, CallerPolicy, KeyPolicy, Local, Policy, SignRequest},
    software::{self, Software},
};
use clap::ValueHint;

use crate::error::Error;

/// How long a signature of a file's key may take.
const TIME_MAX: Duration = Duration::from_secs(30);

/// Who asks for signatures of transactions.
const CALLER: &str = "cli";

/// The label of an account's key, unless another is named.
const LABEL_DEFAULT: &str = "account";

/// An encrypted file of keys.
pub(crate) struct KeyFile {
    device: Arc<Software>,
}

impl KeyFile {
    fn options(path: &Path) -> software::Options {
        software::Options { path: path.to_owned(), production: false, allow_software: false }
    }

    /// Opens a file.
    pub(crate) fn open(path: &Path, password: &Secret) -> Result<Self, Error> {
        let device = Software::open(&Self::options(path), password).map_err(|error| Error::new(error.to_string()))?;
        Ok(Self { device: Arc::new(device) })
    }

    /// Opens a file, or makes one that has no key.
    pub(crate) fn open_or_create(path: &Path, password: &Secret) -> Result<Self, Error> {
        if path.exists() {
            return Self::open(path, password);
        }
        let device = Software::create(&Self::options(path), password).map_err(|error| Error::new(error.to_string()))?;
        Ok(Self { device: Arc::new(device) })
    }

    /// Makes a key.
    pub(crate) fn generate(&self, label: &Label, suite: Suite) -> Result<PublicKey, Error> {
        let made = self.device.generate(label, Algorithm::of(suite.scheme()), Deadline::after(TIME_MAX));
        made.map_err(|error| Error::new(error.to_string()))
    }

    /// A signer with one of the keys, for one role; votes need the folder of a guard.
    pub(crate) fn signer(
        &self,
        suite: Suite,
        label: &Label,
        role: Role,
        caller: &str,
        chain: Option<String>,
        guard: Option<PathBuf>,
    ) -> Result<Local, Error> {
        let key = KeyPolicy { scheme: suite.scheme(), roles: vec![role], chain, sm2_id: None, valid_until: None };
        let policy = Policy {
            keys: [(label.to_string(), key)].into(),
            callers: [(caller.to_owned(), CallerPolicy { keys: [(label.to_string(), vec![role])].into() })].into(),
        };
        let options = signer::Options { policy, guard, ..signer::Options::default() };
        let device = Arc::clone(&self.device) as Arc<dyn chainbox_hsm::Device>;
        Local::open(device, options, Arc::new(())).map_err(|error| Error::new(error.to_string()))
    }

    /// The account of a key.
    pub(crate) fn wallet(&self, suite: Suite, label: &Label) -> Result<Wallet, Error> {
        let key = self.device.key(label, Deadline::after(TIME_MAX)).map_err(|error| Error::new(error.to_string()))?;
        if key.algorithm != Algorithm::of(suite.scheme()) {
            let text = format!(
                "the key {label} is one of {}, and the chain's suite is {suite}: make one with `chainbox account new --suite {suite}`",
                key.algorithm
            );
            return Err(Error::new(text));
        }
        let signer = self.signer(suite, label, Role::Transaction, CALLER, None, None)?;
        Ok(Wallet { signer: Arc::new(signer), label: label.clone(), key: key.public_key, suite })
    }
}

/// An account that signs.
#[derive(Clone)]
pub(crate) struct Wallet {
    signer: Arc<Local>,
    label: Label,
    key: PublicKey,
    suite: Suite,
}

impl Wallet {
    /// Its address.
    pub(crate) fn address(&self) -> Address {
        self.suite.address(&self.key)
    }

    /// The suite that it signs under.
    pub(crate) const fn suite(&self) -> Suite {
        self.suite
    }

    /// Its key.
    pub(crate) const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// A transaction with its signature.
    pub(crate) async fn sign(&self, body: &Body<'_>) -> Result<Vec<u8>, Error> {
        let signed = body.signed_part().map_err(|refusal| Error::new(refusal.to_string()))?;
        let request = SignRequest { key: self.label.clone(), payload: Payload::Transaction(signed) };
        let answer = self.signer.sign(&Caller(CALLER.to_owned()), vec![request], Deadline::after(TIME_MAX)).await.pop();
        let signed = answer.ok_or_else(|| Error::new("the signer gave no answer"))?.map_err(|error| Error::new(error.to_string()))?;
        body.with_signature(&signed.signature).map_err(|refusal| Error::new(refusal.to_string()))
    }
}

/// The flags that name the key of an account.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct KeyArgs {
    /// The encrypted file of the account's key, as `chainbox account new` makes it; the development account of the data folder where none is named
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    key: Option<PathBuf>,

    /// The label of the key in the file
    #[arg(long, value_name = "LABEL", default_value = LABEL_DEFAULT, requires = "key")]
    label: Label,

    /// Where the file's password comes from: env:NAME, file:/PATH, credential:NAME or prompt; never the password itself
    // A text here, so that no message of the command line repeats what may be a password.
    #[arg(long, value_name = "SOURCE", default_value = "prompt", requires = "key")]
    password_source: String,
}

impl KeyArgs {
    /// The file and the label, where they are named.
    pub(crate) fn open(&self) -> Result<Option<(KeyFile, &Label)>, Error> {
        let Some(path) = &self.key else { return Ok(None) };
        Ok(Some((KeyFile::open(path, &read_password(&self.password_source, path)?)?, &self.label)))
    }
}

/// Reads the password of a file.
pub(crate) fn read_password(source: &str, path: &Path) -> Result<Secret, Error> {
    let source: Source = source.parse().map_err(|_| Error::new("--password-source is env:NAME, file:/PATH, credential:NAME or prompt"))?;
    source.read(&format!("password of {}", path.display())).map_err(|error| Error::new(error.to_string()))
}

/// A password that nobody chose, in a file that only its owner reads.
pub(crate) fn make_password(path: &Path) -> Result<Secret, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::new(format!("the system gives no randomness: {error}")))?;
    let text = hex::encode(bytes);
    let written = || -> io::Result<()> {
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    written().map_err(|error| Error::io("write", path.display(), &error))?;
    Ok(Secret::new(text.into_bytes()))
}

/// The password that [`make_password`] wrote.
pub(crate) fn made_password(path: &Path) -> Result<Secret, Error> {
    fs::read(path).map(Secret::new).map_err(|error| Error::io("read", path.display(), &error))
}
