//! `chainbox config`, and the flags of everything that has settings.

use std::{
    env,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use chainbox_service::settings::{FILE_DEFAULT, InForce, Loaded, Problem, Problems, Settings, Sources, template};
use clap::ValueHint;
use serde_json::{Value, json};

use crate::{EXIT_FAILED, error::Error};

const SETTINGS: &str = "Settings";

/// Where settings come from: the same flags for all commands that have settings.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct FileArgs {
    /// The file of settings; /etc/chainbox/chainbox.toml where it is there and none is named
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = SETTINGS)]
    config: Option<PathBuf>,

    /// Set a key, as limits.message_bytes_max="8 MiB"; may be given many times. `chainbox config template` lists the keys
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair, help_heading = SETTINGS)]
    set: Vec<(String, String)>,

    /// The data folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = SETTINGS)]
    data: Option<String>,
}

impl FileArgs {
    /// Where the settings come from: the file that is named, or else this one; the environment; the flags, after them `more`, which win.
    #[must_use]
    pub fn sources(&self, file_default: Option<PathBuf>, more: impl IntoIterator<Item = (String, String)>) -> Sources {
        // What is not UTF-8 is no setting, or a wrong one that is reported.
        let environment = env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
        let data = self.data.clone().map(|data| ("data".to_owned(), data));
        let flags = self.set.iter().cloned().chain(data).chain(more).collect();
        Sources { file: self.config.clone().or(file_default), environment: environment.collect(), flags }
    }
}

/// The flags that set something of the service.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct SettingsArgs {
    #[command(flatten)]
    file: FileArgs,

    /// Where gRPC over TCP listens, or off
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = SETTINGS)]
    grpc: Option<String>,

    /// The Unix socket of gRPC, or off
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = SETTINGS)]
    socket: Option<String>,

    /// Where metrics, health and the status page are served, or off
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = SETTINGS)]
    http: Option<String>,
}

impl SettingsArgs {
    /// Where the settings come from: the file that is named, or else this one; the environment; the flags.
    #[must_use]
    pub fn sources(&self, file_default: Option<PathBuf>) -> Sources {
        let named = [("grpc.listen", &self.grpc), ("socket.path", &self.socket), ("http.listen", &self.http)];
        let named = named.into_iter().filter_map(|(key, value)| value.clone().map(|value| (key.to_owned(), value)));
        self.file.sources(file_default, named)
    }
}

/// Takes KEY=VALUE apart.
fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("there is no = in it")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

/// Problems with settings as the error of a command: a line each.
#[must_use]
pub fn refused(problems: &Problems) -> Error {
    Error::new(problems.to_string().replace('\n', "\nchainbox: "))
}

/// The options of `chainbox config`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Show every setting in force and where it comes from, or all that is wrong; then the exit status is 2
    Check(CheckArgs),
    /// Print a file of settings that comments every key; those that flags or --config set stand in it as set
    Template(SettingsArgs),
}

#[derive(clap::Args, Debug)]
struct CheckArgs {
    /// Print a line of JSON for each key or problem, and one for the whole
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs `chainbox config`.
///
/// # Errors
/// [`Error`] where standard output cannot be written, or `config template` is to set what is wrong.
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    match &args.command {
        Command::Check(check) => {
            let sources = check.settings.sources(Sources::default_file());
            let loaded = Settings::load(&sources);
            let code = if loaded.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) };
            let text = if check.json { json_lines(&loaded) } else { text(&sources, &loaded) };
            print(&text).map(|()| code)
        }
        Command::Template(settings) => {
            // What happens to be set on this machine has no place in a template.
            let sources = Sources { environment: Vec::new(), ..settings.sources(None) };
            let loaded = Settings::load(&sources).map_err(|problems| refused(&problems))?;
            print(&template(&loaded.in_force)).map(|()| ExitCode::SUCCESS)
        }
    }
}

/// What a person reads.
fn text(sources: &Sources, loaded: &Result<Loaded, Problems>) -> String {
    match loaded {
        Ok(loaded) => {
            let file =
                sources.file.as_ref().map_or_else(|| format!("none (there is no {FILE_DEFAULT})"), |file| file.display().to_string());
            format!("File: {file}\n\n{}\nNothing is wrong with these settings.\n", table(&loaded.in_force))
        }
        Err(Problems(problems)) => {
            let lines: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
            let count = if problems.len() == 1 { "1 problem".to_owned() } else { format!("{} problems", problems.len()) };
            format!("{lines}\n{count}: the service does not start with these settings, and a reload leaves the former ones in force.\n")
        }
    }
}

/// Keys, values and origins in columns.
fn table(rows: &[InForce]) -> String {
    let value = |row: &InForce| row.value.clone().unwrap_or_else(|| "not set".to_owned());
    let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let keys = width(&mut rows.iter().map(|row| row.key.chars().count()));
    let values = width(&mut rows.iter().map(|row| value(row).chars().count()));
    rows.iter().map(|row| format!("{:<keys$}  {:<values$}  {}\n", row.key, value(row), row.origin)).collect()
}

/// What a program reads.
fn json_lines(loaded: &Result<Loaded, Problems>) -> String {
    let (lines, problems): (Vec<Value>, usize) = match loaded {
        Ok(loaded) => (loaded.in_force.iter().map(json_row).collect(), 0),
        Err(Problems(problems)) => (problems.iter().map(json_problem).collect(), problems.len()),
    };
    lines.into_iter().chain([json!({ "summary": { "problems": problems } })]).map(|line| format!("{line}\n")).collect()
}

fn json_row(row: &InForce) -> Value {
    let value: Option<Value> = row.value.as_deref().and_then(|value| serde_json::from_str(value).ok());
    json!({ "key": row.key, "value": value, "origin": row.origin.to_string() })
}

fn json_problem(problem: &Problem) -> Value {
    json!({ "key": problem.key, "origin": problem.origin.to_string(), "problem": problem.what, "remedy": problem.remedy })
}

fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| Error::stdout(&error))
}
