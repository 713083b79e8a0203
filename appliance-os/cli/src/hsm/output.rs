//! What all subcommands print.

use std::io::{self, Write};

use chainbox_hsm::{KeyInfo, PublicKey};
use serde_json::{Value, json};

use crate::error::Error;

/// Prints a text on standard output.
pub(super) fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| Error::stdout(&error))
}

/// Prints a line of JSON.
pub(super) fn print_json(value: &Value) -> Result<(), Error> {
    print(&format!("{value}\n"))
}

/// A key as JSON.
pub(super) fn key_json(key: &KeyInfo) -> Value {
    json!({ "label": key.label.as_str(), "algorithm": key.algorithm.name(), "public_key": public_key_hex(&key.public_key) })
}

/// A public key in hex: SEC1, uncompressed.
pub(super) fn public_key_hex(key: &PublicKey) -> String {
    hex::encode(key)
}
