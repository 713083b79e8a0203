//! Chains as files: `node export`, `import`, `backup`, `restore`, `snapshot`, `prune`.

use std::{ops::ControlFlow, path::PathBuf, process::ExitCode};

use chainbox_node::{
    archive::{self, ArchiveError, Backup, rebuild, tidy, unpack},
    store::Store,
};
use clap::ValueHint;
use serde::Serialize;
use serde_json::json;

use super::load;
use crate::{
    EXIT_REFUSED,
    chain::{ChainFolder, node_options},
    config::FileArgs,
    error::Error,
    output::{Unit, bar, say, say_json},
    serve,
};

#[derive(clap::Args, Debug)]
pub(super) struct ExportArgs {
    /// The file to write
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: PathBuf,

    /// The first block
    #[arg(long, value_name = "HEIGHT", default_value_t = 1)]
    from: u64,

    /// The last block; the last one that is final where none is named
    #[arg(long, value_name = "HEIGHT")]
    to: Option<u64>,

    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args, Debug)]
pub(super) struct ImportArgs {
    /// What `chainbox node export` wrote
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    input: PathBuf,

    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args, Debug)]
pub(super) struct BackupArgs {
    /// The file to write, a tar
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: PathBuf,

    /// Leave out the keys and their password: who has the file cannot vote and sign then, and neither can who restores it
    #[arg(long)]
    without_keys: bool,

    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args, Debug)]
pub(super) struct RestoreArgs {
    /// What `chainbox node backup` wrote
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    input: PathBuf,

    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args, Debug)]
pub(super) struct SnapshotArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args, Debug)]
pub(super) struct PruneArgs {
    /// Blocks to keep, at least: whole files of blocks are removed, and none that the older of two snapshots needs
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    keep_blocks: u64,

    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args, Debug)]
struct Common {
    /// Print a line of JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    file: FileArgs,
}

impl Common {
    /// Says what was done.
    fn done(&self, done: &impl Serialize, text: &str) -> Result<ExitCode, Error> {
        if self.json {
            say_json(&json!(done))?;
        } else {
            say(text)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Says what is wrong with the chain or the file.
    fn refused(&self, error: &ArchiveError) -> Result<ExitCode, Error> {
        let is_refused =
            !matches!(error, ArchiveError::Io { .. } | ArchiveError::Store(_) | ArchiveError::Start(_) | ArchiveError::Stopped);
        if !is_refused {
            return Err(Error::new(error.to_string()));
        }
        if self.json {
            say_json(&json!({ "right": false, "reason": error.to_string() }))?;
        } else {
            eprintln!("chainbox: {error}");
        }
        Ok(ExitCode::from(EXIT_REFUSED))
    }
}

fn made(folder: &ChainFolder) -> Result<(), Error> {
    if folder.is_made() {
        return Ok(());
    }
    Err(Error::new(format!("there is no chain in {}: make one with `chainbox node init`", folder.path().display())))
}

pub(super) fn export(args: &ExportArgs) -> Result<ExitCode, Error> {
    let (_, folder) = load(&args.common.file)?;
    made(&folder)?;
    let genesis = folder.rules()?;
    let bar = bar(Unit::Blocks);
    let (from, to) = (args.from, args.to.unwrap_or(u64::MAX));
    let exported = archive::export(folder.path(), &genesis, from, to, &args.output, &mut |height| bar.set_position(height));
    bar.finish_and_clear();
    match exported {
        Ok(done) => {
            let text = format!(
                "blocks {} to {} with {} transactions are in {}, {} bytes\n",
                done.first,
                done.last,
                done.transactions,
                args.output.display(),
                done.bytes
            );
            args.common.done(&done, &text)
        }
        Err(error) => args.common.refused(&error),
    }
}

pub(super) fn import(args: &ImportArgs) -> Result<ExitCode, Error> {
    let (settings, folder) = load(&args.common.file)?;
    made(&folder)?;
    let genesis = folder.rules()?;
    let backend = serve::open(&settings.engine)?;
    let bar = bar(Unit::Bytes);
    let mut progress = |read, all| {
        bar.set_length(all);
        bar.set_position(read);
    };
    let imported = archive::import(folder.path(), &genesis, &node_options(&settings), backend.as_ref(), &args.input, &mut progress);
    bar.finish_and_clear();
    match imported {
        Ok(done) => {
            let text = format!(
                "{} blocks with {} transactions are checked and added, {} were there already; the chain is at height {}\n",
                done.blocks, done.transactions, done.known, done.height
            );
            args.common.done(&done, &text)
        }
        Err(error) => args.common.refused(&error),
    }
}

pub(super) fn backup(args: &BackupArgs) -> Result<ExitCode, Error> {
    let (_, folder) = load(&args.common.file)?;
    made(&folder)?;
    let chain_id = folder.rules()?.chain_id;
    let included = folder.included(!args.without_keys)?;
    let bar = bar(Unit::Bytes);
    let mut progress = |written, all| {
        bar.set_length(all);
        bar.set_position(written);
    };
    let written = archive::backup(folder.path(), chain_id, included, &args.output, &mut progress);
    bar.finish_and_clear();
    match written {
        Ok(done) => {
            let mut text = format!("{} has {}\n", args.output.display(), of(&done));
            text += if args.without_keys {
                "it has no keys\n"
            } else {
                "it has the chain's keys and their password: keep it as you keep the box\n"
            };
            args.common.done(&done, &text)
        }
        Err(error) => args.common.refused(&error),
    }
}

fn of(backup: &Backup) -> String {
    let Backup { chain_id, snapshot, first, last, .. } = backup;
    let snapshot = snapshot.map_or_else(|| "the genesis".to_owned(), |height| format!("a snapshot of height {height}"));
    match last {
        0 => format!("chain {chain_id}: {snapshot}, and no block yet"),
        _ => format!("chain {chain_id}: {snapshot} and blocks {first} to {last}"),
    }
}

pub(super) fn restore(args: &RestoreArgs) -> Result<ExitCode, Error> {
    let (settings, folder) = load(&args.common.file)?;
    if folder.path().exists() {
        let text = format!("{} is there already: name another folder with --data, or move it away", folder.path().display());
        return Err(Error::new(text));
    }
    let restoring = folder.restoring();
    restoring.clear()?;
    let unpacking = bar(Unit::Bytes);
    let unpacked = unpack(&args.input, restoring.path(), &mut |read, all| {
        unpacking.set_length(all);
        unpacking.set_position(read);
    });
    unpacking.finish_and_clear();
    let rebuilding = bar(Unit::Blocks);
    let restored = unpacked.and_then(|backup| {
        let genesis = restoring
            .genesis()
            .map_err(|error| ArchiveError::Unfit { place: args.input.display().to_string(), what: error.to_string() })?;
        let height = rebuild(restoring.path(), &genesis, &node_options(&settings), &mut |height, head| {
            rebuilding.set_length(head);
            rebuilding.set_position(height);
        })?;
        Ok((backup, height))
    });
    rebuilding.finish_and_clear();
    match restored {
        Ok((backup, height)) => {
            restoring.restore_guard()?;
            folder.put(&restoring)?;
            let text = format!(
                "chain {} is at height {height}, from {}\nwhat was confirmed after the backup is not in it: never run it while the box that it was made on runs\n",
                backup.chain_id,
                of(&backup)
            );
            args.common.done(&json!({ "height": height, "backup": backup }), &text)
        }
        Err(error) => {
            restoring.clear()?;
            args.common.refused(&error)
        }
    }
}

pub(super) fn snapshot(args: &SnapshotArgs) -> Result<ExitCode, Error> {
    let (settings, folder) = load(&args.common.file)?;
    made(&folder)?;
    match take(&folder, &node_options(&settings)) {
        Ok((_, Some(info))) => args.common.done(&info, &format!("the state after block {} is in {}\n", info.height, info.path.display())),
        Ok((_, None)) => Err(Error::new("there is no block yet: the state is that of the genesis")),
        Err(error) => args.common.refused(&error),
    }
}

fn take(folder: &ChainFolder, options: &chainbox_node::node::NodeOptions) -> Result<(Store, Option<archive::SnapshotInfo>), ArchiveError> {
    let genesis =
        folder.rules().map_err(|error| ArchiveError::Unfit { place: folder.path().display().to_string(), what: error.to_string() })?;
    let (store, _) = Store::open(folder.path(), &options.store)?;
    let bar = bar(Unit::Leaves);
    let info = archive::take(folder.path(), &store, &genesis, &mut |count| {
        bar.set_position(count);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    Ok((store, info?))
}

pub(super) fn prune(args: &PruneArgs) -> Result<ExitCode, Error> {
    let (settings, folder) = load(&args.common.file)?;
    made(&folder)?;
    let pruned = take(&folder, &node_options(&settings)).and_then(|(store, info)| {
        let freed = tidy(folder.path(), &store, args.keep_blocks)?;
        Ok((info, freed, store.first()?))
    });
    match pruned {
        Ok((info, freed, first)) => {
            let first = first.unwrap_or(0);
            let height = info.map(|info| info.height);
            let text = format!("{freed} bytes are free; blocks from {first} on are there\n");
            args.common.done(&json!({ "snapshot": height, "freed_bytes": freed, "first_block": first }), &text)
        }
        Err(error) => args.common.refused(&error),
    }
}
