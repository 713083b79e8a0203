//! What all subcommands print.

use chainbox_hsm::{KeyInfo, PublicKey};
use serde_json::{Value, json};

pub(super) use crate::output::{say as print, say_json as print_json};

/// A key as JSON.
pub(super) fn key_json(key: &KeyInfo) -> Value {
    json!({ "label": key.label.as_str(), "algorithm": key.algorithm.name(), "public_key": public_key_hex(&key.public_key) })
}

/// A public key in hex: SEC1, uncompressed.
pub(super) fn public_key_hex(key: &PublicKey) -> String {
    hex::encode(key)
}
