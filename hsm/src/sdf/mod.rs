//! Keys behind an SDF library (GM/T 0018-2012, "interface of cryptographic devices"), loaded at run time: crypto cards and crypto servers with SM2 keys.
//!
//! The edition is that of 2012. That of 2023, in force since June 2024, has the functions that are used here with the same arguments and structures; what it
//! adds and drops (SM9, operations in steps, digital envelopes) is not used.
//!
//! A device knows its keys by indexes, and by passwords that give the right to use them; the settings give them labels. There is no standard way to make or
//! destroy a key on the device: `SDF_GenerateKeyPair_ECC` hands the private key out, which nothing here does. Calls are made by the threads of a pool, one
//! session each; rights are got once a session, dead sessions replaced, a device that went is opened again. Nothing that a library answers is believed:
//! lengths, places of numbers and points are checked, and the first signature of each key is verified.
//!
//! Tried with a library in software that is written from the standard's definitions; never run on a card.

pub mod abi;
mod codes;
mod connection;
mod library;
mod options;
mod shared;
mod verify;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chainbox_engine::hash::Digest;

pub use self::{
    codes::Code,
    options::{Options, SdfKey},
};
use self::{connection::Connection, shared::Shared};
use crate::{
    Algorithm, Deadline, Device, Error, KeyInfo, Kind, Label, PublicKey, Signature,
    device::Capabilities,
    pool::{Bounds, Pool},
    secret::Secret,
};

/// Digests of one call at most.
const BATCH_MAX: usize = 4096;

/// Random bytes of one call at most.
const RANDOM_BYTES_MAX: usize = 1 << 20;

/// A device behind an SDF library.
pub struct Sdf {
    pool: Pool<Connection>,
    shared: Arc<Shared>,
}

impl Sdf {
    /// Loads the library, opens the device, and sees that every key of the settings is there and that its password is right.
    ///
    /// # Errors
    /// [`Kind::Library`], [`Kind::NoDevice`], [`Kind::NoKey`], [`Kind::Pin`], [`Kind::Input`] for settings that make no sense, and where the device fails.
    pub fn open(options: Options, passwords: BTreeMap<Label, Secret>) -> Result<Self, Error> {
        let deadline = Deadline::after(Duration::from_millis(options.open_ms));
        let shared = Arc::new(Shared::new(options, passwords)?);
        let of_thread = Arc::clone(&shared);
        let pool = Pool::new(shared.place.clone(), bounds(&shared.options), move || Connection::new(Arc::clone(&of_thread)));
        pool.call(deadline, Connection::check)?;
        pool.warm(deadline);
        Ok(Self { pool, shared })
    }

    /// The device's own verdict on an SM2 signature of any key over e = SM3(Z_A || M). The engine's verdict is another matter, and the one that counts.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] where the library verifies under neither number of the algorithm, and where the device fails.
    pub fn verify(&self, public_key: &PublicKey, digest: &Digest, signature: &Signature, deadline: Deadline) -> Result<bool, Error> {
        let (public_key, digest, signature) = (*public_key, *digest, *signature);
        self.pool.call(deadline, move |connection| connection.verify(&public_key, &digest, &signature))
    }

    fn too_much(&self, what: String, remedy: String) -> Error {
        Error::new(Kind::Input, &self.shared.place, what).remedy(remedy)
    }

    /// What the standard has no function for.
    fn by_the_vendors_tool(&self, what: &str) -> Error {
        Error::new(Kind::Unsupported, &self.shared.place, format!("an SDF device {what}: the standard has no function for it"))
            .remedy("do it with the vendor's management tool, then set the label, index and password in the settings")
    }
}

fn bounds(options: &Options) -> Bounds {
    let idle = Duration::from_secs(options.idle_seconds);
    if options.single_thread {
        return Bounds { workers_min: 1, workers_max: 1, hung_max: 0, queue_max: options.queue_max, idle };
    }
    Bounds {
        workers_min: options.sessions_min,
        workers_max: options.sessions_max,
        hung_max: options.hung_max,
        queue_max: options.queue_max,
        idle,
    }
}

impl Device for Sdf {
    fn name(&self) -> &str {
        &self.shared.place
    }

    fn capabilities(&self, deadline: Deadline) -> Result<Capabilities, Error> {
        self.pool.call(deadline, Connection::capabilities)
    }

    fn keys(&self, deadline: Deadline) -> Result<Vec<KeyInfo>, Error> {
        self.pool.call(deadline, Connection::keys)
    }

    fn key(&self, label: &Label, deadline: Deadline) -> Result<KeyInfo, Error> {
        let label = label.clone();
        self.pool.call(deadline, move |connection| connection.key(&label))
    }

    fn generate(&self, _: &Label, _: Algorithm, _: Deadline) -> Result<PublicKey, Error> {
        Err(self.by_the_vendors_tool("makes no keys"))
    }

    fn destroy(&self, label: &Label, _: Deadline) -> Result<(), Error> {
        self.shared.settings(label)?;
        Err(self.by_the_vendors_tool("destroys no keys"))
    }

    fn random(&self, bytes: &mut [u8], deadline: Deadline) -> Result<(), Error> {
        let wanted = bytes.len();
        if wanted > RANDOM_BYTES_MAX {
            return Err(self.too_much(format!("{wanted} random bytes at once"), format!("ask for {RANDOM_BYTES_MAX} at most")));
        }
        let random = self.pool.call(deadline, move |connection| connection.random(wanted))?;
        bytes.copy_from_slice(&random);
        Ok(())
    }

    fn sign(&self, label: &Label, digests: &[Digest], deadline: Deadline) -> Result<Vec<Signature>, Error> {
        if digests.len() > BATCH_MAX {
            return Err(self.too_much(format!("{} digests at once", digests.len()), format!("ask for {BATCH_MAX} signatures at most")));
        }
        self.pool.sign(label, digests, deadline)
    }
}
