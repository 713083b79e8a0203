//! The chain of a data folder: where its parts stand, how it is made, and how a service runs it.

mod client;
mod folder;
mod keys;
mod options;
mod serve;

pub(crate) use client::{Asker, ServerArgs, block_on};
pub(crate) use folder::{ChainFolder, NewChain, Votes};
pub(crate) use keys::{KeyArgs, KeyFile, Wallet, read_password};
pub(crate) use options::node_options;
pub(crate) use serve::{First, Ran, extension};

use chainbox_engine::transaction::native::Address;
use chainbox_node::text;

/// Reads an address from the command line.
pub(crate) fn address(text: &str) -> Result<Address, String> {
    text::array(text).map_err(|error| format!("{error}: an account is 20 bytes of hex"))
}

/// Reads a digest from the command line.
pub(crate) fn digest(text: &str) -> Result<[u8; 32], String> {
    text::array(text).map_err(|error| format!("{error}: an identity or a digest is 32 bytes of hex"))
}
