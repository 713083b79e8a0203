//! Signing with keys that never leave a device.
//!
//! A [`Device`] holds keys and signs digests: a PKCS#11 module, an SDF library (GM/T 0018), a file for development, or any of these in a process of its
//! own. A [`Signer`] stands above it and is what everybody else sees: it takes typed [`Payload`]s, computes what is signed itself, knows which key may sign
//! what ([`Role`]), keeps a validator from voting twice, and writes one record a signature into the audit log.
//!
//! No interface here gives or takes the bytes of a private key, but [`software::sm2`], for callers whose own interface does.

pub mod audit;
pub mod deadline;
pub mod device;
pub mod error;
pub mod guard;
mod hexadecimal;
pub mod isolated;
pub mod key;
pub mod options;
pub mod payload;
pub mod pkcs11;
mod pool;
pub mod sdf;
pub mod secret;
pub mod signer;
pub mod software;
pub mod storage;

pub use deadline::Deadline;
pub use device::Device;
pub use error::{Error, Kind};
pub use hexadecimal::Hex;
pub use key::{Algorithm, KeyInfo, Label, PublicKey, Signature};
pub use options::{DeviceOptions, Isolation, Secrets};
pub use payload::{Payload, Role};
pub use signer::Signer;
