//! Secrets: held as long as they are needed, never printed, zeroized.

mod source;

pub use source::{NoSource, Source};

use std::fmt;

use zeroize::Zeroizing;

/// The longest PIN or password, in bytes.
pub const SECRET_BYTES_MAX: usize = 1024;

/// A PIN or a password. It cannot be printed, and its memory is zeroized when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the device alone.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(...)")
    }
}
