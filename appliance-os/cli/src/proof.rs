//! `chainbox proof`: proofs of the chain, fetched from a node and checked without one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use bytes::Bytes;
use chainbox_api::v1::{self, proof_request::Subject};
use chainbox_engine::transaction::native::Address;
use chainbox_node::{
    genesis::Genesis,
    proof::{Fact, Proof, Proven, What},
};
use clap::ValueHint;
use serde_json::{Value, json};

use crate::{
    EXIT_REFUSED,
    chain::{ServerArgs, address, block_on, digest},
    error::Error,
    output::{say, say_json},
    tx::entry_bytes,
};

/// The options of `chainbox proof`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Fetch a proof from a node
    Get {
        #[command(subcommand)]
        subject: SubjectArgs,
    },
    /// Check a proof offline: nothing is needed but the genesis. Exit status 1 where it proves nothing
    Check(CheckArgs),
}

#[derive(clap::Args, Debug)]
struct GetArgs {
    /// Where to write the proof; standard output where no file is named
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,

    #[command(flatten)]
    server: ServerArgs,
}

#[derive(clap::Subcommand, Debug)]
enum SubjectArgs {
    /// That a transaction is in a block
    Transaction {
        /// Its identity
        #[arg(value_name = "ID", value_parser = digest)]
        id: [u8; 32],
        #[command(flatten)]
        get: GetArgs,
    },
    /// What an account is
    Account {
        /// The account
        #[arg(value_name = "ACCOUNT", value_parser = address)]
        account: Address,
        #[command(flatten)]
        get: GetArgs,
    },
    /// What an entry is, or that there is none
    Entry {
        /// The account that wrote it
        #[arg(value_name = "ACCOUNT", value_parser = address)]
        owner: Address,
        /// Its key, text; hex behind 0x
        #[arg(value_name = "KEY")]
        key: String,
        #[command(flatten)]
        get: GetArgs,
    },
}

#[derive(clap::Args, Debug)]
struct CheckArgs {
    /// The proof
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    proof: PathBuf,

    /// The genesis of the chain: its validators are who is believed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    genesis: PathBuf,

    /// The document of a record: whether it is the one that is proven
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    /// Print a line of JSON
    #[arg(long)]
    json: bool,
}

/// Runs `chainbox proof`.
///
/// # Errors
/// [`Error`] where something cannot be read. A proof that proves nothing is no error but exit status 1.
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    match &args.command {
        Command::Get { subject } => get(subject),
        Command::Check(args) => check(args),
    }
}

fn get(subject: &SubjectArgs) -> Result<ExitCode, Error> {
    let (args, subject) = match subject {
        SubjectArgs::Transaction { id, get } => (get, Subject::Transaction(Bytes::copy_from_slice(id))),
        SubjectArgs::Account { account, get } => (get, Subject::Account(Bytes::copy_from_slice(account))),
        SubjectArgs::Entry { owner, key, get } => {
            let entry = v1::EntryRequest { owner: Bytes::copy_from_slice(owner), key: entry_bytes(key)?.into() };
            (get, Subject::Entry(entry))
        }
    };
    let proof = block_on(async {
        let mut asker = args.server.connect().await?;
        let answer = asker.chain.proof(v1::ProofRequest { subject: Some(subject) }).await;
        answer.map(|answer| answer.into_inner().json).map_err(|status| asker.failed(&status))
    })?;
    match &args.output {
        Some(path) => fs::write(path, proof + "\n").map_err(|error| Error::io("write", path.display(), &error))?,
        None => say(&(proof + "\n"))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn check(args: &CheckArgs) -> Result<ExitCode, Error> {
    let genesis = Genesis::read(&args.genesis).map_err(|error| Error::new(error.to_string()))?;
    let text = fs::read_to_string(&args.proof).map_err(|error| Error::io("read", args.proof.display(), &error))?;
    let proof: Proof = serde_json::from_str(&text).map_err(|error| Error::new(format!("{} is no proof: {error}", args.proof.display())))?;
    let checked = proof.check(&genesis).map_err(|unproven| unproven.to_string());
    let checked = checked.and_then(|proven| match &args.file {
        None => Ok(proven),
        Some(file) => is_of(file, &genesis, &proven)?.map(|()| proven),
    });
    match checked {
        Ok(proven) => {
            let facts = describe(&proven);
            if args.json {
                say_json(&facts)?;
            } else {
                let lines = facts.as_object().into_iter().flatten();
                let line = |(name, value): (&String, &Value)| {
                    format!("{name}: {}\n", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                };
                say(&format!("proven\n{}", lines.map(line).collect::<String>()))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(reason) => {
            if args.json {
                say_json(&json!({ "proven": false, "reason": reason }))?;
            } else {
                eprintln!("chainbox: not proven: {reason}");
            }
            Ok(ExitCode::from(EXIT_REFUSED))
        }
    }
}

/// Whether a file is the document that is proven; the outer error is that it cannot be read.
fn is_of(file: &Path, genesis: &Genesis, proven: &Proven) -> Result<Result<(), String>, String> {
    let Fact::Transaction { what: What::Record { digest, .. }, .. } = &proven.fact else {
        return Ok(Err("the proof is not of a record, and --file names a document".to_owned()));
    };
    let document = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let is_it = genesis.suite.scheme().hash().digest(&document) == *digest;
    Ok(if is_it { Ok(()) } else { Err(format!("{} is not the document that was recorded", file.display())) })
}

fn describe(proven: &Proven) -> Value {
    let header = &proven.header;
    let mut facts = json!({ "proven": true, "chain_id": header.chain_id, "height": header.height, "block": hex::encode(header.id()), "time_ms": header.time_ms });
    let fact = match &proven.fact {
        Fact::Transaction { id, index, sender, what } => {
            let what = match what {
                What::Transfer { to, amount } => json!({ "kind": "transfer", "to": hex::encode(to), "amount": amount.to_string() }),
                What::Record { digest, media_type } => json!({ "kind": "record", "digest": hex::encode(digest), "media_type": media_type }),
                What::Put { key, value } => json!({ "kind": "put", "key": hex::encode(key), "value": hex::encode(value) }),
                What::Remove { key } => json!({ "kind": "remove", "key": hex::encode(key) }),
                What::Permit { account, permission } => {
                    json!({ "kind": "permit", "account": hex::encode(account), "permission": permission })
                }
            };
            merged(json!({ "id": hex::encode(id), "index": index, "sender": hex::encode(sender) }), what)
        }
        Fact::Account { address, account } => json!({
            "account": hex::encode(address),
            "balance": account.balance.to_string(),
            "nonce": account.nonce,
            "permission": account.permission,
        }),
        Fact::Entry { owner, key, value } => {
            json!({ "owner": hex::encode(owner), "key": hex::encode(key), "value": value.as_ref().map(hex::encode) })
        }
    };
    facts = merged(facts, fact);
    facts
}

/// The fields of two objects.
fn merged(mut into: Value, from: Value) -> Value {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
    into
}
