//! `chainbox verify`: reads items, has them judged, writes what was found.
//!
//! A thread reads lines into blocks ([`feed`]); a second one parses them and has the back end judge them ([`judge`]); the calling one
//! writes the answers in the order of the input ([`output`]). What waits between them is bounded, so that memory is too.

mod feed;
mod input;
mod judge;
mod lines;
mod output;
mod pipeline;
mod server;

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use chainbox_engine::{strategy::Strategy, transaction::ethereum::Policy};

use crate::{
    backends::{self, CPU, Choice},
    error::Error,
    formats::Format,
};
use input::Source;

/// What `chainbox verify --help` begins with.
pub const LONG_ABOUT: &str = "\
Verify a file of signatures, transactions, test vectors or certificates.

Each item gets a verdict: valid, or invalid with the first check that failed. Malformed is what cannot be read at all (not JSON, not \
hex, an unknown scheme); it loses no other line. Whatever stands in a key, a signature or a transaction is invalid, not malformed. \
Items are the valid, the invalid and the malformed ones together.";

/// Lines of at most 80 characters, so that no terminal wraps them.
const DETAILS: &str = "\
Formats (docs/verify.md has every field):
  jsonl       A line of JSON an item: scheme, key, message or digest, signature,
              all hex without 0x. Optional: encoding (raw or der; unless told,
              64 bytes are raw, all else der), id (SM2 over a message; unless
              told 31323334353637383132333435363738, the text 1234567812345678),
              hint, valid (what is expected). Other fields are ignored.
              Schemes: ecdsa-secp256k1-sha256, ecdsa-secp256k1-keccak256,
              ecdsa-p256-sha256, sm2-sm3.
  eth-tx      A raw signed Ethereum transaction in hex a line, or CSV with the
              header raw,sender,hash, whose last two are what is expected.
              Gives hash and sender. High s is refused, as Ethereum does.
  wycheproof  A file of ECDSA on secp256k1 or P-256 with SHA-256, or of the same
              form for SM2. Where it says acceptable, either verdict will do.
  x509        A PEM bundle. A certificate signed with ecdsa-with-SHA256 on P-256
              or SM2-with-SM3 is checked under each key that the bundle has for
              its issuer's name. Judges signatures, not paths, dates or rights.

Unless --format tells it, the first line that is not blank tells the format:
  hex, or a CSV header with a column raw                            eth-tx
  an object with testGroups, or one that goes on in the next line   wycheproof
  anything else that begins with {                                  jsonl
  anything else, where some line begins with -----BEGIN             x509

JSON lines have index (from 0), line (from 1), valid, reason (null where valid);
hash and sender for eth-tx; subject and issuer for x509; expected and matches
where something is expected; reason malformed and a message for what cannot be
read. The last line is {\"summary\":{\"items\",\"valid\",\"invalid\",\"malformed\",
\"mismatches\",\"seconds\",...}}; it is missing where the work ended early.

Exit status:
  0  every item is valid or, where something is expected of it, as expected
  1  some item is not
  2  something was malformed, or input or output failed; wins over 1

Examples:
  chainbox verify items.jsonl
  chainbox verify --json --only-mismatches items.jsonl
  chainbox verify --chain-id 1 < transactions.txt
  chainbox verify --format x509 chain.pem
  chainbox verify --server unix:/run/chainbox/chainbox.sock items.jsonl";

/// The options of `chainbox verify`.
#[derive(clap::Args, Debug)]
#[command(after_long_help = DETAILS)]
pub struct Args {
    /// The file to verify; - is standard input, which is also read where no file is given
    #[arg(value_name = "FILE", default_value = input::STDIN)]
    file: PathBuf,

    /// How the file is laid out; told by its content unless given
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "auto", hide_possible_values = true)]
    #[arg(help = "How the file is laid out: auto, jsonl, eth-tx, wycheproof or x509")]
    format: FormatChoice,

    /// Print a line of JSON for each item, in the order of the input, and a last one with the summary
    #[arg(long)]
    json: bool,

    /// Show only the items that differ from what is expected of them (the summary counts all)
    #[arg(long)]
    only_mismatches: bool,

    /// Do not let malformed lines set the exit status; they are counted and reported nevertheless
    #[arg(long)]
    skip_malformed: bool,

    /// ECDSA in jsonl and wycheproof: refuse s above (n - 1)/2. For eth-tx this holds in any case
    #[arg(long)]
    low_s: bool,

    /// eth-tx: refuse transactions that name another chain
    #[arg(long, value_name = "N")]
    chain_id: Option<u64>,

    /// eth-tx: refuse transactions that name no chain (from before EIP-155)
    #[arg(long)]
    require_chain_id: bool,

    /// What verifies: cpu; a device as opencl, wgpu:1 or cuda; several with commas between, or all, behind one queue. See chainbox devices
    #[arg(long, value_name = "NAME", default_value = CPU, value_parser = Choice::parse)]
    backend: Choice,

    /// How to verify: auto chooses by cost; single, lockstep, known, parity and whole force a way wherever it applies. No verdict depends on it
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = strategy_of)]
    strategy: StrategyChoice,

    #[command(flatten)]
    server: server::ServerArgs,

    /// How many threads to use; as many as there are processors unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// A strategy, or none where the engine is to choose.
type StrategyChoice = Option<Strategy>;

/// The strategies that can be asked for: keys are recovered where a format needs it, and nowhere else.
fn strategy_of(name: &str) -> Result<StrategyChoice, String> {
    if name == "auto" {
        return Ok(None);
    }
    let strategies = || Strategy::ALL.into_iter().filter(|strategy| *strategy != Strategy::Recover);
    strategies().find(|strategy| strategy.name() == name).map(Some).ok_or_else(|| {
        let names: Vec<_> = strategies().map(Strategy::name).collect();
        format!("the strategies are auto, {}", names.join(", "))
    })
}

/// [`Format`], or what the content says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FormatChoice {
    Auto,
    Jsonl,
    EthTx,
    Wycheproof,
    X509,
}

impl FormatChoice {
    const fn told(self) -> Option<Format> {
        match self {
            Self::Auto => None,
            Self::Jsonl => Some(Format::Jsonl),
            Self::EthTx => Some(Format::EthTx),
            Self::Wycheproof => Some(Format::Wycheproof),
            Self::X509 => Some(Format::X509),
        }
    }
}

/// What the readers need to know beyond the bytes.
#[derive(Clone, Copy, Debug)]
struct Policies {
    low_s: bool,
    transactions: Policy,
}

impl Policies {
    /// Refuses a policy that has no meaning for a format: who asks for it must not believe that it was looked at.
    fn check(&self, format: Format) -> Result<(), Error> {
        let misplaced = if self.transactions != Policy::default() && format != Format::EthTx {
            "--chain-id and --require-chain-id are policies for eth-tx"
        } else if self.low_s && format == Format::X509 {
            "--low-s is no policy for x509"
        } else {
            return Ok(());
        };
        Err(Error::new(format!("{misplaced}; this input is {}: drop the option, or tell the format with --format", format.name())))
    }
}

/// Runs `chainbox verify`.
///
/// # Errors
/// [`Error`] where the input cannot be opened or told, the output cannot be written, or the back end fails.
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    if let Some(threads) = args.threads {
        backends::limit_threads(usize::from(threads))?;
    }
    let backend = match args.server.address() {
        Some(address) => backends::open_server(address, args.server.options()?)?,
        None => backends::open(&args.backend, args.strategy, &backends::devices::data_folder())?,
    };
    let policies =
        Policies { low_s: args.low_s, transactions: Policy { chain_id: args.chain_id, require_chain_id: args.require_chain_id } };
    let source = Source::open(&args.file)?;
    if source.is_stdin() && io::stdin().is_terminal() {
        let _ = writeln!(io::stderr(), "chainbox: reading items from the terminal; end with Ctrl-D, or see `chainbox verify --help`");
    }
    let options = output::Options { json: args.json, only_mismatches: args.only_mismatches };
    let mut output = output::Output::new(options, source.name().to_owned(), source.bytes());
    if let Some(address) = args.server.address() {
        output.set_server(address.to_string());
    }
    let summary = pipeline::run(source, args.format.told(), policies, backend.as_ref(), output)?;
    Ok(summary.exit_code(args.skip_malformed))
}
