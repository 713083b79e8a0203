//! `chainbox hsm guard`: what was voted on, and how it moves from one machine to another.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use chainbox_hsm::guard::{self, Guard, Interchange, KeyState};
use chainbox_service::settings::{Settings, Sources};
use clap::ValueHint;
use serde_json::json;

use super::{
    device::failed,
    output::{print, public_key_hex},
};
use crate::{
    config::{FileArgs, refused},
    error::Error,
};

/// The options of `chainbox hsm guard`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Make a new, empty guard: for keys that never voted
    Create(Folder),
    /// Show what each key signed last, also while a service runs
    Show {
        /// Print a line of JSON for each key
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        folder: Folder,
    },
    /// Print what another machine must know before it votes; the service here is stopped first
    Export(Folder),
    /// Take over what was voted on elsewhere; no place is lowered
    Import {
        /// What `guard export` printed
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        #[command(flatten)]
        folder: Folder,
    },
}

/// Which guard.
#[derive(clap::Args, Debug)]
struct Folder {
    /// The folder of the guard; as the settings say unless given
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: Option<PathBuf>,

    #[command(flatten)]
    file: FileArgs,
}

impl Folder {
    fn path(&self) -> Result<PathBuf, Error> {
        if let Some(folder) = &self.folder {
            return Ok(folder.clone());
        }
        let loaded = Settings::load(&self.file.sources(Sources::default_file(), [])).map_err(|problems| refused(&problems))?;
        Ok(loaded.settings.guard_folder())
    }
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    match &args.command {
        Command::Create(folder) => {
            let path = folder.path()?;
            Guard::create(&path).map_err(|error| failed(&error))?;
            print(&format!("Made an empty guard in {}.\n", path.display()))?;
        }
        Command::Show { json, folder } => {
            let states = guard::read(&folder.path()?).map_err(|error| failed(&error))?;
            print(&if *json { json_lines(&states) } else { table(&states) })?;
        }
        Command::Export(folder) => {
            let guard = Guard::open(&folder.path()?).map_err(|error| failed(&error))?;
            let text = serde_json::to_string_pretty(&guard.export()).map_err(|error| Error::new(error.to_string()))?;
            print(&(text + "\n"))?;
        }
        Command::Import { file, folder } => import(file, &folder.path()?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A guard that is not there is made: what is imported is what it begins with.
fn import(file: &Path, folder: &Path) -> Result<(), Error> {
    let bytes = fs::read(file).map_err(|error| Error::io("read", file.display(), &error))?;
    let interchange = Interchange::parse(&bytes).map_err(|error| Error::new(format!("{}: {error}", file.display())))?;
    let is_empty = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    let opened = if is_empty { Guard::create(folder) } else { Guard::open(folder) };
    opened.and_then(|guard| guard.import(&interchange)).map_err(|error| failed(&error))?;
    print(&format!(
        "Imported {} keys into {}. Nothing at or below these places is signed here any more:\n\n",
        interchange.keys.len(),
        folder.display()
    ))?;
    print(&table(&guard::read(folder).map_err(|error| failed(&error))?))
}

fn json_lines(states: &[KeyState]) -> String {
    let line = |state: &KeyState| {
        let position = &state.last.position;
        let line = json!({
            "label": state.label.as_str(),
            "public_key": public_key_hex(&state.public_key),
            "chain": state.chain,
            "height": position.height,
            "round": position.round,
            "step": position.step,
            "digest": state.last.digest.map(hex::encode),
        });
        format!("{line}\n")
    };
    states.iter().map(line).collect()
}

fn table(states: &[KeyState]) -> String {
    if states.is_empty() {
        return "No key voted yet.\n".to_owned();
    }
    let line = |state: &KeyState| {
        format!("{}  chain {}  {}  {}\n", state.label, state.chain, state.last.position, public_key_hex(&state.public_key))
    };
    states.iter().map(line).collect()
}
