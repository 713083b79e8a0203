//! `chainbox tx`: transactions of the chain.

use std::{fs, io::Read as _, path::PathBuf, process::ExitCode, time::Instant};

use bytes::Bytes;
use chainbox_api::v1;
use chainbox_engine::transaction::native::{Address, Body, Content, PAYLOAD_BYTES_MAX, Suite, Transaction};
use chainbox_node::text;
use clap::ValueHint;
use serde_json::json;

use crate::{
    EXIT_REFUSED,
    chain::{Asker, KeyArgs, ServerArgs, Wallet, address, block_on, digest},
    error::Error,
    output::{say, say_json},
};

/// Lines of at most 80 characters, so that no terminal wraps them.
const DETAILS: &str = "\
The account is the development account of the data folder unless --key names another.
Each command waits until its transaction is in a block that survives a crash.

Exit status: 0 confirmed; 1 refused, the message says why; 2 it could not be sent.";

/// The options of `chainbox tx`.
#[derive(clap::Args, Debug)]
#[command(after_long_help = DETAILS)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Move an amount to another account
    Transfer {
        /// The account that gets it
        #[arg(long, value_name = "ACCOUNT", value_parser = address)]
        to: Address,
        /// How much
        #[arg(long, value_name = "NUMBER")]
        amount: u128,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Record a document: its digest, and the document itself unless --digest-only
    Record {
        /// The document; at most 1 MiB where the chain is to hold it
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// What it is
        #[arg(long, value_name = "TYPE", default_value = "application/octet-stream")]
        media_type: String,
        /// Keep the document off the chain
        #[arg(long)]
        digest_only: bool,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Write an entry of the account's
    Put {
        /// Its key, text; hex behind 0x
        #[arg(value_name = "KEY")]
        entry: String,
        /// Its value, text; hex behind 0x
        #[arg(value_name = "VALUE")]
        value: String,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Remove an entry of the account's
    Remove {
        /// Its key, text; hex behind 0x
        #[arg(value_name = "KEY")]
        entry: String,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Let an account send, or not; for validators
    Permit {
        /// The account
        #[arg(value_name = "ACCOUNT", value_parser = address)]
        account: Address,
        /// Forbid it instead
        #[arg(long)]
        forbid: bool,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Send a transaction that somebody signed: bytes or hex
    Send {
        /// The file; - for standard input
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Print a line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show a confirmed transaction
    Show {
        /// Its identity
        #[arg(value_name = "ID", value_parser = digest)]
        id: [u8; 32],
        /// Write the document of a record to this file
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        document: Option<PathBuf>,
        /// Print a line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
}

#[derive(clap::Args, Debug)]
struct SendArgs {
    #[command(flatten)]
    key: KeyArgs,

    /// The nonce; the node is asked where none is named
    #[arg(long, value_name = "NUMBER")]
    nonce: Option<u64>,

    /// For how many blocks it may still come into one
    #[arg(long, value_name = "BLOCKS", default_value_t = 10_000)]
    valid_for: u64,

    /// Print a line of JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `chainbox tx`.
///
/// # Errors
/// [`Error`] where the transaction could not be made or sent. A refusal is no error but exit status 1.
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    match &args.command {
        Command::Transfer { to, amount, send } => send.run(Content::Transfer { to, amount: *amount }),
        Command::Record { file, media_type, digest_only, send } => record(file, media_type, *digest_only, send),
        Command::Put { entry, value, send } => {
            let (key, value) = (entry_bytes(entry)?, entry_bytes(value)?);
            send.run(Content::Put { key: &key, value: &value })
        }
        Command::Remove { entry, send } => {
            let key = entry_bytes(entry)?;
            send.run(Content::Remove { key: &key })
        }
        Command::Permit { account, forbid, send } => send.run(Content::Permit { account, may_send: !forbid }),
        Command::Send { file, json, server } => {
            let raw = read_raw(file)?;
            block_on(async {
                let mut asker = server.connect().await?;
                submit(&mut asker, raw.into(), *json).await
            })
        }
        Command::Show { id, document, json, server } => show(id, document.as_ref(), *json, server),
    }
}

/// The bytes of a key or a value.
pub(crate) fn entry_bytes(text: &str) -> Result<Vec<u8>, Error> {
    if text.starts_with("0x") { text::bytes(text).map_err(|error| Error::new(error.to_string())) } else { Ok(text.as_bytes().to_vec()) }
}

fn record(file: &PathBuf, media_type: &str, digest_only: bool, send: &SendArgs) -> Result<ExitCode, Error> {
    let document = fs::read(file).map_err(|error| Error::io("read", file.display(), &error))?;
    if document.len() > PAYLOAD_BYTES_MAX && !digest_only {
        let text =
            format!("{} has {} bytes, and the chain holds at most {PAYLOAD_BYTES_MAX}: use --digest-only", file.display(), document.len());
        return Err(Error::new(text));
    }
    let payload: &[u8] = if digest_only { &[] } else { &document };
    block_on(async {
        let (mut asker, status, wallet) = send.connect().await?;
        let digest = wallet.suite().scheme().hash().digest(&document);
        send.send(&mut asker, &status, &wallet, Content::Record { digest: &digest, media_type, payload }).await
    })
}

impl SendArgs {
    fn run(&self, content: Content<'_>) -> Result<ExitCode, Error> {
        block_on(async {
            let (mut asker, status, wallet) = self.connect().await?;
            self.send(&mut asker, &status, &wallet, content).await
        })
    }

    async fn connect(&self) -> Result<(Asker, v1::ChainStatusResponse, Wallet), Error> {
        let mut asker = self.server.connect().await?;
        let status = asker.status().await?;
        let suite: Suite = status.suite.parse().map_err(|error| Error::new(format!("{error}")))?;
        let wallet = match self.key.open()? {
            Some((file, label)) => file.wallet(suite, label)?,
            None => self.server.folder()?.development_of(suite)?,
        };
        Ok((asker, status, wallet))
    }

    async fn send(
        &self,
        asker: &mut Asker,
        status: &v1::ChainStatusResponse,
        wallet: &Wallet,
        content: Content<'_>,
    ) -> Result<ExitCode, Error> {
        let nonce = match self.nonce {
            Some(nonce) => nonce,
            None => {
                let request = v1::AccountRequest { address: Bytes::copy_from_slice(&wallet.address()) };
                asker.chain.account(request).await.map_err(|status| asker.failed(&status))?.into_inner().nonce
            }
        };
        let valid_until = status.height.saturating_add(self.valid_for);
        let suite = wallet.suite();
        let body = Body { suite, chain_id: status.chain_id, sender: wallet.key(), nonce, valid_until, content };
        let raw = wallet.sign(&body).await?;
        submit(asker, raw.into(), self.json).await
    }
}

/// Sends a transaction, and says where it came to stand.
async fn submit(asker: &mut Asker, raw: Bytes, json: bool) -> Result<ExitCode, Error> {
    let id = Transaction::decode(&raw).map_err(|refusal| Error::new(format!("this is no transaction: {refusal}")))?.id();
    let id = hex::encode(id);
    let begin = Instant::now();
    let request = v1::SubmitRequest { transactions: vec![raw], wait: v1::Wait::Confirmed.into(), tag: 0 };
    let answer = asker.chain.submit(request).await.map_err(|status| asker.failed(&status))?.into_inner();
    let ms = begin.elapsed().as_secs_f64() * 1e3;
    if let Some(refused) = answer.refused.first() {
        if json {
            say_json(&json!({ "id": id, "refused": refused.reason, "message": refused.message }))?;
        } else {
            eprintln!("chainbox: refused: {}", refused.message);
        }
        return Ok(ExitCode::from(EXIT_REFUSED));
    }
    let (Some(height), Some(index)) = (answer.heights.first(), answer.indexes.first()) else {
        return Err(Error::new("the node did not say what became of it: `chainbox tx show` tells"));
    };
    if json {
        say_json(&json!({ "id": id, "height": height, "index": index, "ms": ms }))?;
    } else {
        say(&format!("confirmed in block {height} at {index} after {ms:.1} ms\n{id}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read_raw(file: &PathBuf) -> Result<Vec<u8>, Error> {
    let failed = |error| Error::io("read", file.display(), &error);
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
    } else {
        bytes = fs::read(file).map_err(failed)?;
    }
    let as_hex = str::from_utf8(&bytes).ok().and_then(|text| text::bytes(text.trim()).ok());
    Ok(as_hex.unwrap_or(bytes))
}

fn show(id: &[u8; 32], document: Option<&PathBuf>, as_json: bool, server: &ServerArgs) -> Result<ExitCode, Error> {
    let found = block_on(async {
        let mut asker = server.connect().await?;
        let request = v1::TransactionRequest { id: Bytes::copy_from_slice(id) };
        asker.chain.transaction(request).await.map(tonic::Response::into_inner).map_err(|status| asker.failed(&status))
    })?;
    let transaction =
        Transaction::decode(&found.transaction).map_err(|refusal| Error::new(format!("the node sent no transaction: {refusal}")))?;
    if transaction.id() != *id {
        return Err(Error::new("the node sent another transaction than it was asked for"));
    }
    let body = &transaction.body;
    let (what, details) = describe(&body.content);
    if let (Some(path), Content::Record { payload, .. }) = (document, body.content) {
        fs::write(path, payload).map_err(|error| Error::io("write", path.display(), &error))?;
    }
    let sender = hex::encode(transaction.sender());
    if as_json {
        let mut line = json!({ "id": hex::encode(id), "height": found.height, "index": found.index, "sender": sender, "nonce": body.nonce, "kind": what });
        if let (Some(line), serde_json::Value::Object(details)) = (line.as_object_mut(), details) {
            line.extend(details);
        }
        say_json(&line)?;
    } else {
        let mut text = format!("block {} at {}\n{what} by {sender}, nonce {}\n", found.height, found.index, body.nonce);
        if let serde_json::Value::Object(details) = details {
            details.iter().for_each(|(name, value)| {
                text += &format!("{name}: {}\n", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            });
        }
        say(&text)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What a transaction does, by name and in fields.
fn describe(content: &Content<'_>) -> (&'static str, serde_json::Value) {
    match content {
        Content::Transfer { to, amount } => ("transfer", json!({ "to": hex::encode(to), "amount": amount.to_string() })),
        Content::Record { digest, media_type, payload } => {
            ("record", json!({ "digest": hex::encode(digest), "media_type": media_type, "payload_bytes": payload.len() }))
        }
        Content::Put { key, value } => ("put", json!({ "key": hex::encode(key), "value": hex::encode(value) })),
        Content::Remove { key } => ("remove", json!({ "key": hex::encode(key) })),
        Content::Permit { account, may_send } => ("permit", json!({ "account": hex::encode(account), "may_send": may_send })),
    }
}
