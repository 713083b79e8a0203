//! `chainbox hsm bench`: signatures a second by sessions, and how long one takes, by each path to the device.

mod bare;
mod load;
mod report;

use std::{
    fs::OpenOptions,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use chainbox_hsm::{
    Algorithm, Device, KeyInfo, Label,
    options::{self, Secrets},
};
use chainbox_service::settings::{Settings, SigningDevice};

use super::{
    device::{DeviceArgs, Opened, failed, slow},
    output::print,
};
use crate::error::Error;
use load::{Times, measure};
use report::{Report, Row};

/// The most sessions of one measurement: each is a thread.
const SESSIONS_MAX: usize = 256;

/// What a throw-away key is called, with a random number behind it.
const THROW_AWAY: &str = "chainbox-bench";

/// The time of a measurement that is not counted.
const WARM_UP: Duration = Duration::from_millis(100);

/// Lines of at most 80 characters, so that no terminal wraps them.
const DETAILS: &str = "\
Each session is a thread that signs one digest after the other. The paths take
turns: a bare loop over the module (PKCS#11 alone: C_SignInit and C_Sign, nothing
else), the device in this process, and the device in a process of its own as the
service has it. A rate is the median of the samples; p50 and p99 are of all
signatures. Saturation is the fewest sessions with 95 % of the best rate.

The key is a throw-away one, which is destroyed in the end, unless --key names
one. A key of votes or blocks is refused: its guard would not see the digests.";

/// A way to the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
enum Via {
    /// The module alone.
    Bare,
    /// The device in this process.
    InProcess,
    /// The device in a process of its own.
    Child,
}

impl Via {
    const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare loop",
            Self::InProcess => "in process",
            Self::Child => "child process",
        }
    }
}

/// The options of `chainbox hsm bench`.
#[derive(clap::Args, Debug)]
#[command(after_long_help = DETAILS)]
pub(super) struct Args {
    /// Sign with this key instead of a throw-away one
    #[arg(long, value_name = "LABEL")]
    key: Option<Label>,

    /// What a throw-away key signs with: ecdsa-secp256k1, ecdsa-p256 or sm2
    #[arg(long, value_name = "NAME", default_value = "ecdsa-p256", conflicts_with = "key")]
    algorithm: Algorithm,

    /// Numbers of sessions, with commas between
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "1,2,4,8", value_parser = sessions)]
    sessions: Vec<usize>,

    /// Milliseconds of a sample
    #[arg(long, value_name = "NUMBER", default_value = "500", value_parser = clap::value_parser!(u64).range(10..=60_000))]
    sample_ms: u64,

    /// Samples of each path and number of sessions
    #[arg(long, value_name = "NUMBER", default_value = "5", value_parser = clap::value_parser!(u32).range(1..=1000))]
    samples: u32,

    /// Print a line of JSON for each figure and one for the whole
    #[arg(long)]
    json: bool,

    /// Write all figures into this file as JSON
    #[arg(long, value_name = "FILE")]
    json_out: Option<PathBuf>,

    #[command(flatten)]
    device: DeviceArgs,
}

fn sessions(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=SESSIONS_MAX).contains(number));
    number.ok_or_else(|| format!("write 1 to {SESSIONS_MAX}"))
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    if let Some(path) = &args.json_out {
        // A place that cannot be written should be known before the time is spent.
        OpenOptions::new().append(true).create(true).open(path).map_err(|error| Error::io("write", path.display(), &error))?;
    }
    let settings = args.device.load()?;
    let secrets = Opened::secrets(&settings).map_err(|error| failed(&error))?;
    let opened = Opened::with(settings.clone(), &secrets).map_err(|error| failed(&error))?;
    let key = key(args, &opened)?;
    let description = opened.device.capabilities(slow(&settings)).map_err(|error| failed(&error))?.description;
    // Closed while it is measured, so that each path has the device for itself.
    drop(opened);
    let measured = Bench { args, settings: &settings, secrets: &secrets, key: &key }.measure();
    if args.key.is_none() {
        let opened = Opened::with(settings.clone(), &secrets).map_err(|error| failed(&error))?;
        opened.device.destroy(&key.label, slow(&settings)).map_err(|error| failed(&error))?;
    }
    let report = Report::new(&description, &key, args.sample_ms, args.samples, measured?);
    print(&if args.json { report.json_lines() } else { report.text() })?;
    args.json_out.as_deref().map_or(Ok(()), |path| write(path, &report.json()))?;
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|error| Error::io("write", path.display(), &error))
}

/// The key that is measured: the one that is named, or a new one.
fn key(args: &Args, opened: &Opened) -> Result<KeyInfo, Error> {
    let deadline = slow(&opened.settings);
    let Some(label) = &args.key else {
        let mut number = [0; 4];
        opened.device.random(&mut number, deadline).map_err(|error| failed(&error))?;
        let label: Label = format!("{THROW_AWAY}-{}", hex::encode(number)).parse().map_err(|error| Error::new(format!("{error}")))?;
        return super::generate::make(opened, &label, args.algorithm);
    };
    if opened.key(label).is_some_and(|key| key.roles.iter().any(|role| role.is_consensus())) {
        return Err(Error::new(format!("{label} votes: it signs nothing that its guard does not see; name another key, or none")));
    }
    opened.device.key(label, deadline).map_err(|error| failed(&error))
}

struct Bench<'a> {
    args: &'a Args,
    settings: &'a Settings,
    secrets: &'a Secrets,
    key: &'a KeyInfo,
}

impl Bench<'_> {
    /// Every path by every number of sessions, in turns.
    fn measure(&self) -> Result<Vec<Row>, Error> {
        let paths: &[Via] = match self.settings.hsm.device {
            // A vendor's mechanism for SM2 is the adapter's business.
            SigningDevice::Pkcs11 if self.key.algorithm != Algorithm::Sm2 => &[Via::Bare, Via::InProcess, Via::Child],
            _ => &[Via::InProcess, Via::Child],
        };
        let subjects: Vec<(Via, usize)> =
            self.args.sessions.iter().flat_map(|sessions| paths.iter().map(move |path| (*path, *sessions))).collect();
        let mut times: Vec<Vec<Times>> = vec![Vec::new(); subjects.len()];
        let progress = Progress::new(subjects.len() * self.args.samples as usize);
        for sample in 0..self.args.samples as usize {
            for turn in 0..subjects.len() {
                // Another one begins in each round, so that none is always the one after a pause.
                let place = (turn + sample) % subjects.len();
                let (path, sessions) = subjects[place];
                progress.show(sample * subjects.len() + turn, path, sessions);
                times[place].push(self.sample(path, sessions)?);
            }
        }
        progress.end();
        Ok(subjects.into_iter().zip(times).map(|((path, sessions), times)| Row::of(path, sessions, times)).collect())
    }

    fn sample(&self, path: Via, sessions: usize) -> Result<Times, Error> {
        let time = Duration::from_millis(self.args.sample_ms);
        if path == Via::Bare {
            let pin = self.secrets.get(options::PIN).ok_or_else(|| Error::new("there is no PIN"))?;
            return bare::measure(&self.settings.hsm, pin, self.key, sessions, time);
        }
        let mut settings = self.settings.clone();
        settings.hsm.sessions_max = sessions;
        settings.hsm.is_isolated = path == Via::Child;
        let opened = Opened::with(settings, self.secrets).map_err(|error| failed(&error))?;
        let device: &dyn Device = opened.device.as_ref();
        let one = |digest: &[u8; 32]| match device.sign(&self.key.label, &[*digest], slow(self.settings)) {
            Ok(signatures) => signatures.first().copied().ok_or_else(|| Error::new("the device gave no signature")),
            Err(error) => Err(failed(&error)),
        };
        measure(self.key, (0..sessions).map(|_| one).collect(), time)
    }
}

/// What is being measured, on a terminal.
struct Progress {
    steps: usize,
    is_shown: bool,
}

impl Progress {
    fn new(steps: usize) -> Self {
        Self { steps, is_shown: io::stderr().is_terminal() }
    }

    fn show(&self, step: usize, path: Via, sessions: usize) {
        if self.is_shown {
            // Where it cannot be shown, it is not needed.
            let _ = write!(io::stderr(), "\r{}/{}  {}, {sessions} sessions        ", step + 1, self.steps, path.name());
        }
    }

    fn end(&self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r{:60}\r", "");
        }
    }
}
