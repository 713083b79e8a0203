//! `chainbox node`: the chain of a data folder.

mod archive;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, OnceLock},
};

use chainbox_engine::transaction::native::{Address, Suite};
use chainbox_node::{
    genesis::{BlockLimits, Senders},
    verify::verify_store,
};
use chainbox_service::settings::{Settings, Sources};
use clap::ValueHint;
use serde_json::{Value, json};

use crate::{
    EXIT_REFUSED,
    chain::{ChainFolder, NewChain, ServerArgs, address, block_on, extension, node_options},
    config::{FileArgs, SettingsArgs, refused},
    error::Error,
    output::{Unit, bar, say, say_json},
    serve,
};

/// The options of `chainbox node`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Make a chain of one validator: genesis, keys, an account for development
    Init(InitArgs),
    /// Run the service with the chain of its data folder
    Run(RunArgs),
    /// Write blocks with their certificates to a file; the node may run
    Export(archive::ExportArgs),
    /// Check the blocks of an export and add them; the node must not run
    Import(archive::ImportArgs),
    /// Write all that a chain needs to run again to one file; the node may run
    Backup(archive::BackupArgs),
    /// Make the chain of a data folder from a backup
    Restore(archive::RestoreArgs),
    /// Write a snapshot of the state; the node must not run (a running one takes them by chain.snapshot_blocks)
    Snapshot(archive::SnapshotArgs),
    /// Write a snapshot, and remove older blocks; the node must not run (a running one does so by chain.keep_blocks)
    Prune(archive::PruneArgs),
    /// Check all that is stored, from the genesis on; the node must not run
    VerifyStore(VerifyArgs),
    /// Show how the chain is
    Status {
        /// Print a line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
}

#[derive(clap::Args, Debug)]
struct InitArgs {
    /// The suite: sm (SM2, SM3), secp256k1 (with Keccak-256) or p256 (with SHA-256)
    #[arg(long, value_name = "NAME", default_value = "sm")]
    suite: Suite,

    /// The chain's id: a number that no other chain of yours has
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    chain_id: u64,

    /// Who may send: open for everybody, allow for who is listed, deny for all but those
    #[arg(long, value_name = "POLICY", default_value = "open", value_parser = senders)]
    senders: Senders,

    /// An account and what it has; may be given many times
    #[arg(long, value_name = "ACCOUNT=NUMBER", value_parser = funded)]
    account: Vec<(Address, u128)>,

    /// A table of accounts: lines of an address, a comma and a balance
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    accounts: Option<PathBuf>,

    /// Transactions of a block, at most
    #[arg(long, value_name = "NUMBER", default_value_t = BlockLimits::default().transactions)]
    block_transactions: u32,

    /// Bytes of a block's transactions, at most
    #[arg(long, value_name = "NUMBER", default_value_t = BlockLimits::default().bytes)]
    block_bytes: u32,

    /// Take the chain that a genesis file describes instead, without keys: to import its blocks, to check them, or to run it with a key in an HSM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["suite", "chain_id", "senders", "account", "accounts", "block_transactions", "block_bytes"])]
    genesis: Option<PathBuf>,

    /// Print a line of JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    file: FileArgs,
}

#[derive(clap::Args, Debug)]
struct RunArgs {
    #[command(flatten)]
    settings: SettingsArgs,

    /// Print a line of JSON with the addresses once the chain confirmed a transaction
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
struct VerifyArgs {
    /// Verify signatures without what the blocks' proposers found out about them
    #[arg(long)]
    without_hints: bool,

    /// Print a line of JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    file: FileArgs,
}

fn senders(text: &str) -> Result<Senders, String> {
    match text {
        "open" => Ok(Senders::Open),
        "allow" => Ok(Senders::Allow),
        "deny" => Ok(Senders::Deny),
        _ => Err(format!("{text:?} is neither open nor allow nor deny")),
    }
}

fn funded(text: &str) -> Result<(Address, u128), String> {
    let (account, balance) = text.split_once('=').ok_or("there is no = in it")?;
    Ok((address(account)?, balance.parse().map_err(|_| format!("{balance:?} is no whole number"))?))
}

/// Runs `chainbox node`.
///
/// # Errors
/// [`Error`].
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    match &args.command {
        Command::Init(args) => init(args),
        Command::Run(args) => run_chain(args),
        Command::Export(args) => archive::export(args),
        Command::Import(args) => archive::import(args),
        Command::Backup(args) => archive::backup(args),
        Command::Restore(args) => archive::restore(args),
        Command::Snapshot(args) => archive::snapshot(args),
        Command::Prune(args) => archive::prune(args),
        Command::VerifyStore(args) => verify(args),
        Command::Status { json, server } => status(*json, server),
    }
}

/// The settings, and the folder of their chain.
fn load(file: &FileArgs) -> Result<(Settings, ChainFolder), Error> {
    let settings = Settings::load(&file.sources(Sources::default_file(), [])).map_err(|problems| refused(&problems))?.settings;
    let folder = ChainFolder::of(&settings.data);
    Ok((settings, folder))
}

fn init(args: &InitArgs) -> Result<ExitCode, Error> {
    let (settings, folder) = load(&args.file)?;
    let (genesis, development) = match &args.genesis {
        Some(path) => (folder.make_of(path)?, None),
        None => {
            let made = folder.make(&NewChain {
                chain_id: args.chain_id,
                suite: args.suite,
                senders: args.senders,
                limits: BlockLimits { transactions: args.block_transactions, bytes: args.block_bytes },
                accounts: args.account.clone(),
                validator: serve::vote_key(&settings, args.suite)?,
                accounts_file: args.accounts.clone(),
            })?;
            (made.genesis, Some(hex::encode(made.development)))
        }
    };
    let path = folder.genesis_path().display().to_string();
    let id = hex::encode(genesis.header(genesis.state_root()).id());
    if args.json {
        let (chain, suite) = (genesis.chain_id, genesis.suite.name());
        say_json(&json!({ "chain_id": chain, "suite": suite, "genesis": path, "id": id, "development": development }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (chain, suite, data) = (genesis.chain_id, genesis.suite, settings.data.display());
    let mut text = format!("chain {chain} of suite {suite} is made.\n\n  genesis      {path}\n  its id       {id}\n");
    let me = crate::generate::invoked_as();
    text += &match development {
        Some(account) => format!("  development  {account}\n\nRun it: {me} node run --data {data}\n"),
        None => format!("\nIt has no keys. Add its blocks: {me} node import FILE --data {data}\n"),
    };
    say(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn run_chain(args: &RunArgs) -> Result<ExitCode, Error> {
    let sources = args.settings.sources(Sources::default_file());
    let settings = serve::load(&sources)?.settings;
    let folder = ChainFolder::of(&settings.data);
    if !folder.is_made() {
        return Err(Error::new(format!("there is no chain in {}: make one with `chainbox node init`", settings.data.display())));
    }
    let backends = serve::all(&settings)?;
    let ran = Arc::new(OnceLock::new());
    let options = node_options(&settings);
    let json = args.json;
    serve::serve(
        settings,
        backends,
        sources,
        |votes| Some(extension(folder, options, votes, ran)),
        |addresses| {
            if json {
                serve::announce(&serve::json_line(addresses));
            }
        },
    )
}

fn verify(args: &VerifyArgs) -> Result<ExitCode, Error> {
    let (settings, folder) = load(&args.file)?;
    let genesis = folder.genesis()?;
    let backend = serve::open(&settings.engine)?;
    let bar = bar(Unit::Blocks);
    let mut progress = |height, head| {
        bar.set_length(head);
        bar.set_position(height);
    };
    let checked = verify_store(folder.path(), &genesis, &node_options(&settings), backend.as_ref(), !args.without_hints, &mut progress);
    bar.finish_and_clear();
    let checked = match checked {
        Ok(checked) => checked,
        Err(wrong) => {
            if args.json {
                say_json(&json!({ "right": false, "reason": wrong.to_string() }))?;
            } else {
                eprintln!("chainbox: {wrong}");
            }
            return Ok(ExitCode::from(EXIT_REFUSED));
        }
    };
    if args.json {
        say_json(&json!({ "right": true, "checked": checked }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!("{} blocks with {} transactions are right, and so is the state\n", checked.blocks, checked.transactions);
    if checked.first > 1 {
        text +=
            &format!("blocks before {} were pruned; their state was taken from a snapshot that the chain's votes prove\n", checked.first);
    }
    if checked.transactions > 0 {
        text += &format!("{:.0} signatures a second\n", checked.transactions as f64 / checked.signature_seconds);
    }
    checked
        .repairs
        .iter()
        .for_each(|repair| text += &format!("{} bytes of an unfinished block were cut off and kept in {}\n", repair.bytes, repair.kept_in));
    say(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn status(as_json: bool, server: &ServerArgs) -> Result<ExitCode, Error> {
    let status = block_on(async { server.connect().await?.status().await })?;
    if as_json {
        say(&(status.json + "\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let all: Value = serde_json::from_str(&status.json).map_err(|error| Error::new(format!("the node's status is no JSON: {error}")))?;
    let number = |name: &str| all[name].as_f64().unwrap_or_default();
    let mut text = format!(
        "chain {} of suite {}\nheight {}\nhead {}\n{:.0} transactions a second, confirmed after {:.1} ms (half of them) and {:.1} ms (99 of 100)\n{:.0} transactions in the pool\n",
        status.chain_id,
        status.suite,
        status.height,
        hex::encode(&status.head),
        number("tps"),
        number("p50_ms"),
        number("p99_ms"),
        number("pool_transactions")
    );
    if let Some(problem) = all["problem"].as_str() {
        text += &format!("it does not go on: {problem}\n");
    }
    say(&text)?;
    Ok(ExitCode::SUCCESS)
}
