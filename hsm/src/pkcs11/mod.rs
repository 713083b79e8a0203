//! Keys behind a PKCS#11 module (OASIS PKCS#11 2.40 and later), loaded at run time.
//!
//! Calls to the module are made by the threads of a pool, one session each. Handles of keys are kept, dead sessions replaced, and what is safe to ask again is
//! asked again. A signature is ECDSA over the digest as it is (`CKM_ECDSA`), or SM2 by the vendor's own mechanism.

mod connection;
pub mod ec;
mod fault;
mod module;
mod objects;
mod options;
mod shared;
mod token;

use std::{sync::Arc, time::Duration};

use chainbox_engine::hash::Digest;
use cryptoki::types::RawAuthPin;

pub use self::options::{Options, Sm2Mechanisms, TokenName};
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

/// A token of a PKCS#11 module.
pub struct Pkcs11 {
    pool: Pool<Connection>,
    shared: Arc<Shared>,
}

impl Pkcs11 {
    /// Loads the module, finds the token and logs in.
    ///
    /// # Errors
    /// [`Kind::Library`], [`Kind::NoDevice`], [`Kind::Pin`], [`Kind::Input`] for settings that make no sense, and where the token fails.
    pub fn open(options: Options, pin: Secret) -> Result<Self, Error> {
        let name = match &options.token {
            TokenName::Label(name) | TokenName::Serial(name) => name,
        };
        let place = format!("pkcs11:{name}");
        let deadline = Deadline::after(Duration::from_millis(options.open_ms));
        let pin = RawAuthPin::new(Box::new(pin.expose().to_vec()));
        let shared = Arc::new(Shared::new(place.clone(), options, pin)?);
        let of_thread = Arc::clone(&shared);
        let pool = Pool::new(place, bounds(&shared.options), move || Connection::new(Arc::clone(&of_thread)));
        pool.call(deadline, |_| Ok(()))?;
        pool.warm(deadline);
        Ok(Self { pool, shared })
    }

    fn too_much(&self, what: String, remedy: String) -> Error {
        Error::new(Kind::Input, &self.shared.place, what).remedy(remedy)
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

impl Device for Pkcs11 {
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

    fn generate(&self, label: &Label, algorithm: Algorithm, deadline: Deadline) -> Result<PublicKey, Error> {
        let label = label.clone();
        self.pool.call(deadline, move |connection| connection.generate(&label, algorithm, deadline))
    }

    fn destroy(&self, label: &Label, deadline: Deadline) -> Result<(), Error> {
        let label = label.clone();
        self.pool.call(deadline, move |connection| connection.destroy(&label))
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
