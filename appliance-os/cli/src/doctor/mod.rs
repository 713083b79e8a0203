//! `chainbox doctor`: one page that says whether this machine is fit, and how to mend it where it is not.

mod devices;
pub(crate) mod finding;
pub(crate) mod machine;
mod network;
pub(crate) mod storage;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use chainbox_service::settings::{Problems, Settings, Sources};

use crate::{config::SettingsArgs, error::Error};
use finding::{Finding, Findings};

/// The exit status where the machine is not fit.
const EXIT_UNFIT: u8 = 1;

/// Lines of at most 80 characters, so that no terminal wraps them.
const DETAILS: &str = "\
Looks at processor, cores, memory, the known answers of the CPU, each device and
its files, the data folder with its disk, clock, entropy, open files and ports,
by the settings that `chainbox serve` would use. It writes nothing that stays,
but compiled kernels.

Each line is ok, warning (it works, and could be better) or bad. JSON lines have
check, state, found and remedy (null where nothing is to be done); the last one
is {\"summary\":{\"fit\",\"ok\",\"warnings\",\"bad\"}}.

Exit status:
  0  the machine is fit; there may be warnings
  1  something is bad
  2  the output failed";

/// The options of `chainbox doctor`.
#[derive(clap::Args, Debug)]
#[command(after_long_help = DETAILS)]
pub struct Args {
    /// Print a line of JSON for each thing that was looked at and one for the whole
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs `chainbox doctor`.
///
/// # Errors
/// [`Error`] where standard output cannot be written. A machine that is not fit is no error but exit status 1.
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    let findings = examine(&args.settings.sources(Sources::default_file()));
    let text = if args.json { findings.json_lines() } else { findings.text("this machine", "machine") };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| Error::stdout(&error))?;
    Ok(if findings.is_fit() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_UNFIT) })
}

fn examine(sources: &Sources) -> Findings {
    let loaded = Settings::load(sources);
    let wrong = loaded.as_ref().err().map(problems).unwrap_or_default();
    // What settings decide is looked at as if nothing were set, where they cannot be read.
    let settings = loaded.map_or_else(
        |_| Settings::with_data(chainbox_service::settings::data_folder_of_user(&sources.environment)),
        |loaded| loaded.settings,
    );
    let mut all = vec![machine::processor(), machine::cores(), machine::memory(&settings), machine::known_answers_of_cpu()];
    all.extend(devices::check(&settings));
    all.extend(wrong);
    all.extend(storage::check(&settings.data));
    all.extend([machine::clock(), machine::entropy(), machine::open_files(&settings)]);
    all.extend(network::check(&settings));
    Findings(all)
}

/// What is wrong with settings, a finding each.
pub(crate) fn problems(problems: &Problems) -> Vec<Finding> {
    let finding = |problem: &chainbox_service::settings::Problem| {
        let key = problem.key.as_ref().map_or_else(String::new, |key| format!("{key}: "));
        Finding::bad("settings", format!("{}: {key}{}", problem.origin, problem.what), problem.remedy.clone())
    };
    problems.0.iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_settings_are_bad_and_the_rest_is_looked_at_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let home = ("HOME".to_owned(), folder.path().display().to_string());
        let flags = vec![("engine.threads".to_owned(), "many".to_owned())];
        let findings = examine(&Sources { file: None, environment: vec![home], flags });
        assert!(!findings.is_fit());
        let subjects: Vec<_> = findings.0.iter().map(|finding| &*finding.subject).collect();
        for subject in ["settings", "processor", "known answers", "data folder", "entropy", "gRPC port"] {
            assert!(subjects.contains(&subject), "{subject}: {subjects:?}");
        }
    }
}
