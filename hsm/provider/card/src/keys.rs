//! Private keys: in an encrypted file, or on the service.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use chainbox_engine::hash::Digest;
use chainbox_hsm::{
    Algorithm, Deadline, Device as _, Error, KeyInfo, Kind, Label, Payload, PublicKey, Signature,
    secret::Secret,
    signer::SignRequest,
    software::{Options, Software},
};
use zeroize::Zeroizing;

use crate::link::Link;

/// How long a use of a private key may take.
const TIME_MAX: Duration = Duration::from_secs(5);

/// Private keys that sign digests of which nobody here knows what they are: the role `opaque`. What votes on a chain has no place among them
/// (docs/signing.md).
pub struct Keys {
    store: Store,
    signed: AtomicU64,
}

enum Store {
    File { software: Software, path: PathBuf },
    Service(Arc<Link>),
}

impl Keys {
    /// Opens an encrypted file.
    ///
    /// # Errors
    /// [`Kind::Pin`] where the password is wrong, and what [`Software::open`] says.
    pub(crate) fn of_file(path: &Path, password: &Secret) -> Result<Self, Error> {
        let options = Options { path: path.to_owned(), production: false, allow_software: true };
        let software = Software::open(&options, password)?;
        Ok(Self { store: Store::File { software, path: path.to_owned() }, signed: AtomicU64::new(0) })
    }

    pub(crate) const fn of_service(link: Arc<Link>) -> Self {
        Self { store: Store::Service(link), signed: AtomicU64::new(0) }
    }

    /// How many signatures were made.
    pub(crate) fn signed(&self) -> u64 {
        self.signed.load(Relaxed)
    }

    /// The folder of the file of keys, for what else must be kept; none for a service.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.store {
            Store::File { path, .. } => path.parent(),
            Store::Service(_) => None,
        }
    }

    /// The keys, in the order of their labels.
    ///
    /// # Errors
    /// Where the file cannot be read, or the service does not answer.
    pub fn list(&self) -> Result<Vec<KeyInfo>, Error> {
        match &self.store {
            Store::File { software, .. } => software.keys(deadline()),
            Store::Service(link) => {
                let remote = link.remote().ok_or_else(|| link.is_down())?;
                let keys = remote.wait(remote.client().signing_keys(TIME_MAX)).map_err(|error| link.explain(&error))?;
                Ok(keys.0)
            }
        }
    }

    /// A key by its label.
    ///
    /// # Errors
    /// [`Kind::NoKey`] where there is none; the others of [`Self::list`].
    pub fn find(&self, label: &Label) -> Result<KeyInfo, Error> {
        match &self.store {
            Store::File { software, .. } => software.key(label, deadline()),
            Store::Service(_) => {
                let found = self.list()?.into_iter().find(|key| key.label == *label);
                let remedy = "give the key and the role opaque to this client in the service's settings";
                found.ok_or_else(|| {
                    Error::new(Kind::NoKey, format!("key {label}"), "the service lets this client use no such key").remedy(remedy)
                })
            }
        }
    }

    /// Signs a digest; for SM2 e = SM3(Z_A || M).
    ///
    /// # Errors
    /// [`Kind::NoKey`]; [`Kind::Refused`] where the service does not let this client; where file or service fail.
    pub fn sign(&self, label: &Label, digest: &Digest) -> Result<Signature, Error> {
        let signature = match &self.store {
            Store::File { software, .. } => software.sign(label, &[*digest], deadline())?.pop(),
            Store::Service(link) => {
                let remote = link.remote().ok_or_else(|| link.is_down())?;
                let request = SignRequest { key: label.clone(), payload: Payload::Opaque(*digest) };
                let mut answers = remote.wait(remote.client().sign(&[request], TIME_MAX)).map_err(|error| link.explain(&error))?;
                answers.pop().transpose()?.map(|signed| signed.signature)
            }
        };
        self.signed.fetch_add(1, Relaxed);
        signature.ok_or_else(|| Error::new(Kind::DeviceFailed, format!("key {label}"), "no signature came back"))
    }

    /// Makes a key in the file.
    ///
    /// # Errors
    /// [`Kind::KeyExists`], [`Kind::DeviceFull`], [`Kind::Storage`]; [`Kind::Unsupported`] on a service.
    pub fn generate(&self, label: &Label, algorithm: Algorithm) -> Result<PublicKey, Error> {
        self.software("keys are not made")?.generate(label, algorithm, deadline())
    }

    /// Destroys a key in the file.
    ///
    /// # Errors
    /// [`Kind::NoKey`], [`Kind::Storage`]; [`Kind::Unsupported`] on a service.
    pub fn destroy(&self, label: &Label) -> Result<(), Error> {
        self.software("keys are not destroyed")?.destroy(label, deadline())
    }

    /// Decrypts C1 || C3 || C2 (GB/T 32918.4-2016) with an SM2 key.
    ///
    /// # Errors
    /// [`Kind::NoKey`]; [`Kind::Input`] where it was not encrypted for this key; [`Kind::Unsupported`] on a service.
    pub fn decrypt(&self, label: &Label, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.software("nothing is decrypted")?.decrypt(label, ciphertext, deadline())
    }

    fn software(&self, what: &str) -> Result<&Software, Error> {
        match &self.store {
            Store::File { software, .. } => Ok(software),
            Store::Service(_) => Err(Error::new(Kind::Unsupported, "keys of the service", format!("{what} over the network"))
                .remedy("keep this key in a file of keys, or run `chainbox hsm` on the machine of the device")),
        }
    }
}

fn deadline() -> Deadline {
    Deadline::after(TIME_MAX)
}
