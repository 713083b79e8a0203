//! What holds keys.

pub mod contract;

use chainbox_engine::hash::Digest;

use crate::{Algorithm, Deadline, Error, KeyInfo, Label, PublicKey, Signature};

/// What a device can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// What it is: maker, model, version, serial, as far as it tells.
    pub description: String,
    /// What its keys sign with.
    pub algorithms: Vec<Algorithm>,
    /// Whether it makes keys.
    pub generates: bool,
    /// Whether it destroys keys.
    pub destroys: bool,
    /// How many signatures it makes at once at most, as far as settings and device tell.
    pub sessions_max: usize,
    /// The most digests of one call of [`Device::sign`].
    pub batch_max: usize,
}

/// Something that holds private keys and signs digests with them. Calls block, and several threads may call at once; none is held much beyond its deadline
/// unless the code of a vendor holds it in this process.
///
/// A device knows neither roles nor payloads: those are the matter of a [`crate::Signer`], and nobody else calls [`Self::sign`]. Any device behaves alike:
/// [`contract::check`] proves it.
pub trait Device: Send + Sync {
    /// The name used in settings, JSON, metrics and errors, e.g. `pkcs11:validator`.
    fn name(&self) -> &str;

    /// What it can do.
    ///
    /// # Errors
    /// [`Error`] where the device cannot be asked.
    fn capabilities(&self, deadline: Deadline) -> Result<Capabilities, Error>;

    /// Its keys, in the order of their labels.
    ///
    /// # Errors
    /// [`Error`] where the device cannot be asked.
    fn keys(&self, deadline: Deadline) -> Result<Vec<KeyInfo>, Error>;

    /// A key by its label.
    ///
    /// # Errors
    /// [`crate::Kind::NoKey`] where there is none, and where the device cannot be asked.
    fn key(&self, label: &Label, deadline: Deadline) -> Result<KeyInfo, Error>;

    /// Makes a key on the device and gives its public half.
    ///
    /// # Errors
    /// [`crate::Kind::KeyExists`] where the label is taken, [`crate::Kind::Unsupported`], and where the device fails.
    fn generate(&self, label: &Label, algorithm: Algorithm, deadline: Deadline) -> Result<PublicKey, Error>;

    /// Destroys a key.
    ///
    /// # Errors
    /// [`crate::Kind::NoKey`], [`crate::Kind::Unsupported`], and where the device fails.
    fn destroy(&self, label: &Label, deadline: Deadline) -> Result<(), Error>;

    /// Fills the slice with random bytes of the device.
    ///
    /// # Errors
    /// [`Error`] where the device fails.
    fn random(&self, bytes: &mut [u8], deadline: Deadline) -> Result<(), Error>;

    /// One signature a digest, in order; all of them or none. For SM2 a digest is e = SM3(Z_A || M).
    ///
    /// # Errors
    /// [`crate::Kind::NoKey`], and where the device fails. Nothing is lost where it is asked again.
    fn sign(&self, label: &Label, digests: &[Digest], deadline: Deadline) -> Result<Vec<Signature>, Error>;
}
