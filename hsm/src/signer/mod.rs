//! What everybody but the devices sees.

mod local;
mod policy;
mod queue;
mod workers;

pub use local::{Local, Observe, Options};
pub use policy::{CallerPolicy, KeyPolicy, Policy};
pub use workers::Limits;

use chainbox_engine::scheme::Scheme;
use futures_util::future::BoxFuture;

use crate::{Algorithm, Deadline, Error, KeyInfo, Label, Payload, PublicKey, Signature, device::Capabilities};

/// Who asks: an authenticated client, or a part of this process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller(pub String);

/// Something to sign, and the key to do it with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignRequest {
    /// The key.
    pub key: Label,
    /// What to sign.
    pub payload: Payload,
}

/// A signature, and what it is to be verified with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// r || s. ECDSA signatures have the lower s.
    pub signature: Signature,
    /// The scheme under which it verifies.
    pub scheme: Scheme,
    /// The key that made it.
    pub public_key: PublicKey,
}

/// A future of a signer.
pub type Reply<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// Signs typed payloads with keys that it does not show. Dropping a future loses the answer, not the record of it.
pub trait Signer: Send + Sync {
    /// One answer a request, in order. What can be signed is signed whatever becomes of the others.
    fn sign<'a>(&'a self, caller: &'a Caller, requests: Vec<SignRequest>, deadline: Deadline) -> BoxFuture<'a, Vec<Result<Signed, Error>>>;

    /// A key by its label.
    fn key<'a>(&'a self, label: &'a Label, deadline: Deadline) -> Reply<'a, KeyInfo>;

    /// The keys, in the order of their labels.
    fn keys(&self, deadline: Deadline) -> Reply<'_, Vec<KeyInfo>>;

    /// Makes a key.
    fn generate<'a>(&'a self, label: &'a Label, algorithm: Algorithm, deadline: Deadline) -> Reply<'a, PublicKey>;

    /// Destroys a key.
    fn destroy<'a>(&'a self, label: &'a Label, deadline: Deadline) -> Reply<'a, ()>;

    /// So many random bytes of the device.
    fn random(&self, bytes: usize, deadline: Deadline) -> Reply<'_, Vec<u8>>;

    /// What the device can do.
    fn capabilities(&self, deadline: Deadline) -> Reply<'_, Capabilities>;
}
