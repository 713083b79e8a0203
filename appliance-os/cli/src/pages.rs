//! `chainbox completions` and `chainbox man`: made from the definition of the command line.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::{command_line::Cli, error::Error};

/// The options of `chainbox completions`.
#[derive(clap::Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// The options of `chainbox man`.
#[derive(clap::Args, Debug)]
pub struct ManArgs {
    /// Write chainbox.1 and one page for each subcommand into this folder instead
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints the completions for a shell.
pub fn completions(args: &CompletionsArgs) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "chainbox", &mut script);
    print(&script)
}

/// Prints the man page, or writes all of them into a folder.
pub fn man(args: &ManArgs) -> Result<ExitCode, Error> {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        Man::new(Cli::command()).render(&mut page).map_err(|error| Error::stdout(&error))?;
        return print(&page);
    };
    std::fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
        .map_err(|error| Error::io("write man pages into", dir.display(), &error))?;
    Ok(ExitCode::SUCCESS)
}

fn print(bytes: &[u8]) -> Result<ExitCode, Error> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| Error::stdout(&error))?;
    Ok(ExitCode::SUCCESS)
}
