//! `chainbox generate`: a seeded workload as JSON lines, as `chainbox verify` reads them.

mod mixture;
mod output;

use std::{env, io, path::PathBuf, process::ExitCode};

use chainbox_engine::{
    batch::{Encoding, Input},
    scheme::Scheme,
};
use chainbox_workloads::{Hints, Kind, MESSAGE_BYTES_MAX, SM2_DEFAULT_ID, SignedItem, Spec};
use clap::{
    ArgAction,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use crate::error::Error;
use mixture::Mixture;
use output::Output;

/// The lines that are made before they are written take about this many bytes.
const CHUNK_BYTES: usize = 8 << 20;

/// The least number of items that are made at once, so that every core has some.
const CHUNK_ITEMS_MIN: usize = 64;

const AFTER_HELP: &str = "\
Examples:
  chainbox generate --count 100000 --invalid 0.01 -o items.jsonl
  chainbox generate --scheme sm2-sm3 --invalid 0.5 --kinds flipped-bit,bad-key | chainbox verify

The secret keys come from the seed, which is no secret: use them for tests only.";

/// The options of `chainbox generate`.
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The signature scheme, or `all` for all of them in turn
    #[arg(long, value_name = "SCHEME", default_value = "all", value_parser = scheme_parser())]
    scheme: Schemes,
    /// How many items
    #[arg(long, value_name = "N", default_value_t = 1000)]
    count: u64,
    /// How many distinct signers for each scheme; they take turns
    #[arg(long, value_name = "N", default_value_t = 1024)]
    signers: u64,
    /// The share of invalid items, from 0 to 1 [default: 0]
    #[arg(long, value_name = "SHARE")]
    invalid: Option<f64>,
    /// The kinds of invalid items, in equal numbers; r-plus-s-zero is for SM2, high-s needs --low-s [default: every kind that fits]
    #[arg(long, value_name = "KIND,...", value_delimiter = ',', requires = "invalid", value_parser = kind_parser())]
    kinds: Vec<Kind>,
    /// The length of each message in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 32, conflicts_with = "digest")]
    message_bytes: usize,
    /// Sign random 32-byte digests instead of messages
    #[arg(long)]
    digest: bool,
    /// How signatures are written
    #[arg(long, value_enum, default_value_t = SignatureEncoding::Raw)]
    encoding: SignatureEncoding,
    /// Write keys in 33 bytes instead of 65
    #[arg(long)]
    compressed: bool,
    /// Sign with a low s, for `chainbox verify --low-s`; ECDSA only
    #[arg(long)]
    low_s: bool,
    /// What each item tells of the point R: nothing, the parity of its y, or its y
    #[arg(long, value_enum, default_value_t = HintKind::None)]
    hints: HintKind,
    /// Chooses all that is random: the same seed and options give the same bytes
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Where to write; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the file where it exists
    #[arg(long)]
    force: bool,
    /// Write the expected verdict of each item, as field `valid`
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set)]
    expectations: bool,
}

/// One scheme or all of them.
#[derive(Clone, Debug)]
struct Schemes(Vec<Scheme>);

/// How signatures are written.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SignatureEncoding {
    /// r||s in 64 bytes
    Raw,
    /// ASN.1 DER
    Der,
}

/// What each item tells of R.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum HintKind {
    /// Nothing
    None,
    /// One byte: the parity of y, as in recovery ids
    Parity,
    /// 32 bytes: y
    Y,
}

/// The names of the schemes, and `all`.
fn scheme_parser() -> impl TypedValueParser<Value = Schemes> {
    let names = PossibleValuesParser::new(["all"].into_iter().chain(Scheme::ALL.map(Scheme::name)));
    names.map(|name| Schemes(name.parse().map_or_else(|_| Scheme::ALL.to_vec(), |scheme| vec![scheme])))
}

/// The names of the kinds, each with the reason that such an item must get.
fn kind_parser() -> impl TypedValueParser<Value = Kind> {
    let names = Kind::ALL.iter().map(|kind| PossibleValue::new(kind.name()).help(format!("Reason: {}", kind.reason())));
    PossibleValuesParser::new(names).map(|name| Kind::from_name(&name).expect("the parser knows the names of kinds only"))
}

/// Runs `chainbox generate`.
///
/// # Errors
/// [`Error`] with what could not be done; no file is left behind then.
pub fn run(args: Args) -> Result<ExitCode, Error> {
    let mixture = Mixture::new(args.count, args.specs()?).map_err(|error| Error::new(error.to_string()))?;
    let mut output = Output::open(&args.output, args.force)?;
    let bar = progress_bar(args.count, &output);
    let mut done = 0;
    while done < args.count {
        let end = args.count.min(done + args.chunk_items() as u64);
        let lines: Vec<_> = (done..end).into_par_iter().map(|index| line(&mixture.item(index), args.expectations)).collect();
        for line in &lines {
            output.write(line.as_bytes())?;
        }
        done = end;
        bar.set_position(done);
    }
    bar.finish_and_clear();
    if let Some(file) = output.finish()? {
        let (count, invalid) = (args.count, mixture.invalid_items());
        eprintln!("{count} items, {invalid} of them invalid. Verify them: {} verify {}", invoked_as(), file.display());
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    /// A spec for each scheme; [`Mixture`] sets its share of the items.
    fn specs(&self) -> Result<Vec<Spec>, Error> {
        if self.message_bytes > MESSAGE_BYTES_MAX {
            return Err(Error::new(format!("--message-bytes is at most {MESSAGE_BYTES_MAX}, not {}", self.message_bytes)));
        }
        let Schemes(schemes) = &self.scheme;
        schemes.iter().map(|&scheme| self.spec(scheme)).collect()
    }

    fn spec(&self, scheme: Scheme) -> Result<Spec, Error> {
        let Schemes(schemes) = &self.scheme;
        let mut spec = Spec {
            input: if self.digest { Input::Digest } else { Input::Message },
            encoding: match self.encoding {
                SignatureEncoding::Raw => Encoding::Raw,
                SignatureEncoding::Der => Encoding::Der,
            },
            // Among all schemes the policy leaves SM2 alone, as it does in `chainbox verify`.
            low_s: self.low_s && !(schemes.len() > 1 && scheme == Scheme::Sm2Sm3),
            compressed: self.compressed,
            signers: self.signers,
            invalid_share: self.invalid.unwrap_or(0.0),
            message_bytes: self.message_bytes,
            hints: match self.hints {
                HintKind::None => Hints::None,
                HintKind::Parity => Hints::Parity,
                HintKind::Y => Hints::Y,
            },
            seed: self.seed,
            ..Spec::new(scheme, 0)
        };
        spec.invalid_kinds = match (&*self.kinds, &**schemes) {
            ([], _) => Kind::all_for(spec.shape()),
            (kinds, [_]) => kinds.to_vec(),
            // Among several schemes each takes the kinds that it can.
            (kinds, _) => kinds.iter().copied().filter(|kind| kind.fits(spec.shape())).collect(),
        };
        if spec.invalid_kinds.is_empty() {
            return Err(Error::new(format!("none of --kinds can be made for {scheme}: add one that can, or choose --scheme")));
        }
        Ok(spec)
    }

    /// How many items are made before they are written.
    fn chunk_items(&self) -> usize {
        const LINE_BYTES_BESIDE_MESSAGE: usize = 600;
        (CHUNK_BYTES / (LINE_BYTES_BESIDE_MESSAGE + 2 * self.message_bytes)).max(CHUNK_ITEMS_MIN)
    }
}

/// One item as a line of JSON. No field holds anything that JSON would escape.
pub(crate) fn line(signed: &SignedItem, expectation: bool) -> String {
    let item = &signed.item;
    let shape = item.shape;
    let mut line = format!(
        r#"{{"scheme":"{}","key":"{}","{}":"{}","signature":"{}","encoding":"{}""#,
        shape.scheme,
        hex::encode(&item.key),
        shape.input.name(),
        hex::encode(&item.input),
        hex::encode(&item.signature),
        shape.encoding.name()
    );
    let mut field = |name: &str, value: &str| line += &format!(r#","{name}":{value}"#);
    if let Some(id) = item.id.as_ref().filter(|id| *id != SM2_DEFAULT_ID) {
        field("id", &format!(r#""{}""#, hex::encode(id)));
    }
    if !item.hint.is_empty() {
        field("hint", &format!(r#""{}""#, hex::encode(&item.hint)));
    }
    if expectation {
        field("valid", &signed.expected().is_valid().to_string());
    }
    line + "}\n"
}

/// How the user started this program, for commands to type next.
pub(crate) fn invoked_as() -> String {
    env::args().next().unwrap_or_else(|| "chainbox".to_owned())
}

/// A bar on standard error where that is a terminal, unless the items go to the same place.
fn progress_bar(count: u64, output: &Output) -> ProgressBar {
    if output.is_standard() && io::IsTerminal::is_terminal(&io::stdout()) {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} items, {eta} left");
    ProgressBar::new(count).with_style(style.expect("a template that indicatif reads"))
}
