//! `chainbox account`: accounts of the chain, and keys for them.

use std::{path::PathBuf, process::ExitCode};

use bytes::Bytes;
use chainbox_api::v1;
use chainbox_engine::transaction::native::{Address, Suite};
use chainbox_hsm::Label;
use clap::ValueHint;
use serde_json::json;

use crate::{
    chain::{KeyArgs, KeyFile, ServerArgs, address, block_on, read_password},
    error::Error,
    output::{say, say_json},
    tx::entry_bytes,
};

/// The options of `chainbox account`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Make a key for an account, in an encrypted file
    New {
        /// The file; a key more where it is there already
        #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: PathBuf,
        /// The label of the key in the file
        #[arg(long, value_name = "LABEL", default_value = "account")]
        label: Label,
        /// The suite of its chain: sm, secp256k1 or p256
        #[arg(long, value_name = "NAME", default_value = "sm")]
        suite: Suite,
        /// Where the file's password comes from: env:NAME, file:/PATH, credential:NAME or prompt
        #[arg(long, value_name = "SOURCE", default_value = "prompt")]
        password_source: String,
        /// Print a line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the address of a key's account
    Address {
        /// The suite of its chain: sm, secp256k1 or p256
        #[arg(long, value_name = "NAME", default_value = "sm")]
        suite: Suite,
        #[command(flatten)]
        key: KeyArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show what an account has and how many transactions it sent
    Show {
        /// The account
        #[arg(value_name = "ACCOUNT", value_parser = address)]
        account: Address,
        /// Print a line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show an entry of an account's
    Entry {
        /// The account
        #[arg(value_name = "ACCOUNT", value_parser = address)]
        owner: Address,
        /// The key of the entry, text; hex behind 0x
        #[arg(value_name = "KEY")]
        key: String,
        /// Print a line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// Runs `chainbox account`.
///
/// # Errors
/// [`Error`].
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    match &args.command {
        Command::New { output, label, suite, password_source, json } => {
            let file = KeyFile::open_or_create(output, &read_password(password_source, output)?)?;
            let key = file.generate(label, *suite)?;
            let address = hex::encode(suite.address(&key));
            if *json {
                say_json(&json!({ "address": address, "key": hex::encode(key), "suite": suite.name(), "label": label.as_str() }))?;
            } else {
                say(&format!("{address}\n"))?;
            }
        }
        Command::Address { suite, key, server } => {
            let wallet = match key.open()? {
                Some((file, label)) => file.wallet(*suite, label)?,
                None => {
                    let folder = server.folder()?;
                    folder.development_of(folder.rules()?.suite)?
                }
            };
            say(&format!("{}\n", hex::encode(wallet.address())))?;
        }
        Command::Show { account, json, server } => {
            let found = block_on(async {
                let mut asker = server.connect().await?;
                let request = v1::AccountRequest { address: Bytes::copy_from_slice(account) };
                asker.chain.account(request).await.map(tonic::Response::into_inner).map_err(|status| asker.failed(&status))
            })?;
            let balance = <[u8; 16]>::try_from(&found.balance[..]).map_err(|_| Error::new("the node sent a balance that is none"))?;
            let balance = u128::from_be_bytes(balance);
            if *json {
                let (address, permission) = (hex::encode(account), found.permission);
                say_json(&json!({ "address": address, "balance": balance.to_string(), "nonce": found.nonce, "permission": permission }))?;
            } else {
                say(&format!("balance {balance}\nnonce {}\npermission {}\n", found.nonce, found.permission))?;
            }
        }
        Command::Entry { owner, key, json, server } => {
            let bytes = entry_bytes(key)?;
            let found = block_on(async {
                let mut asker = server.connect().await?;
                let request = v1::EntryRequest { owner: Bytes::copy_from_slice(owner), key: bytes.into() };
                asker.chain.entry(request).await.map(tonic::Response::into_inner).map_err(|status| asker.failed(&status))
            })?;
            if *json {
                say_json(&json!({ "owner": hex::encode(owner), "key": key, "value": hex::encode(&found.value) }))?;
            } else {
                let text = str::from_utf8(&found.value).map_or_else(|_| format!("0x{}", hex::encode(&found.value)), str::to_owned);
                say(&format!("{text}\n"))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
