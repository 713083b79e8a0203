//! `chainbox hsm audit`: whether the audit log is whole, and if not, where it breaks first.

use std::{fmt::Write as _, fs, path::PathBuf, process::ExitCode};

use chainbox_hsm::{
    PublicKey,
    audit::{self, Break, Head, Report, Trusted},
};
use chainbox_service::settings::{Settings, Sources};
use clap::ValueHint;

use super::{device::failed, output::print};
use crate::{
    check::grouped,
    config::{FileArgs, refused},
    error::Error,
};

/// The exit status where the log has a break.
const EXIT_BROKEN: u8 = 1;

/// Lines of at most 80 characters, so that no terminal wraps them.
const DETAILS: &str = "\
Checks every record, the chain of their hashes over all files, and the signatures
of heads. A head counts where its key is trusted: --trust with the public key of
hsm.audit_key, as `chainbox hsm list` shows it and as it was written down when the
key was made. Without one, whoever may write the folder could have written the log
anew. With --head, a head that was kept elsewhere, a log that was cut behind it is
told as well.

Exit status:
  0  the log is whole
  1  it has a break, which is named
  2  it could not be read";

/// The options of `chainbox hsm audit`.
#[derive(clap::Args, Debug)]
#[command(after_long_help = DETAILS)]
pub(super) struct Args {
    /// The folder of the log; as the settings say unless given
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: Option<PathBuf>,

    /// A public key whose heads count, in hex; may be given many times
    #[arg(long, value_name = "HEX", value_parser = public_key)]
    trust: Vec<PublicKey>,

    /// A file with a head that was kept elsewhere, as --json prints the last one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    head: Option<PathBuf>,

    /// Print a line of JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    file: FileArgs,
}

fn public_key(text: &str) -> Result<PublicKey, String> {
    let bytes = hex::decode(text).map_err(|error| error.to_string())?;
    PublicKey::try_from(&*bytes).map_err(|_| format!("{} bytes are not the 65 of an uncompressed key", bytes.len()))
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let settings = Settings::load(&args.file.sources(Sources::default_file(), [])).map_err(|problems| refused(&problems))?.settings;
    let folder = args.folder.clone().unwrap_or_else(|| settings.audit_folder());
    let known = args.head.as_deref().map(|path| {
        let bytes = fs::read(path).map_err(|error| Error::io("read", path.display(), &error))?;
        serde_json::from_slice::<Head>(&bytes).map_err(|error| Error::new(format!("{}: no head of a log: {error}", path.display())))
    });
    let known = known.transpose()?;
    let trusted: Vec<Trusted> = args.trust.iter().map(|key| trusted(*key, &settings)).collect();
    let report = audit::verify(&folder, &trusted, known.as_ref(), &mut |_| {}).map_err(|error| failed(&error))?;
    let place = folder.display().to_string();
    print(&if args.json {
        serde_json::to_string(&report).map_err(|error| Error::new(error.to_string()))? + "\n"
    } else {
        text(&place, &report)
    })?;
    Ok(if report.broken.is_none() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_BROKEN) })
}

/// A key with the id of the settings' audit key.
fn trusted(key: PublicKey, settings: &Settings) -> Trusted {
    let id = settings.hsm.keys.iter().find(|known| known.label.is_some() && known.label == settings.hsm.audit_key);
    let trusted = Trusted::new(key);
    match id.and_then(|known| known.sm2_id.as_ref()) {
        Some(id) => Trusted { sm2_id: id.as_bytes().to_vec(), ..trusted },
        None => trusted,
    }
}

fn text(place: &str, report: &Report) -> String {
    let count = |number: u64| grouped(number as f64);
    let mut text = format!(
        "{place}: {} records in {} files, {} signed, {} failed\n",
        count(report.records),
        report.files,
        count(report.signed),
        count(report.failed)
    );
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "heads: {} of trusted keys, {} of others; {} records behind the last that counts",
        report.heads,
        report.heads_untrusted,
        count(report.unsigned)
    );
    if report.repairs > 0 {
        let _ = writeln!(text, "repairs after a crash: {}, {} whole records cut off with them", report.repairs, report.repaired_records);
    }
    text + &match &report.broken {
        None if report.heads == 0 => {
            "The chain is whole. No head of a trusted key proves that it was not written anew: see --trust.\n".to_owned()
        }
        None => "The log is whole.\n".to_owned(),
        Some(Break { file, line, what }) => format!("BREAK at {place}/{file}, line {line}: {what}\n"),
    }
}
