//! `chainbox bench node`.

use std::{env, io::Write as _, path::PathBuf, time::Duration};

use chainbox_bench::{
    machine::Machine,
    node::{self, Options},
    page,
};
use chainbox_engine::{simd::Processor, transaction::native::Suite};
use chainbox_workloads::transactions::{Load, LoadSpec};
use clap::ValueHint;

use super::{Outputs, introduce, warn};
use crate::error::Error;

/// The seed of keys, nonces and payloads.
const SEED: u64 = 8;

/// Transactions that are signed for a second of the run, unless a number is given: more than this can confirm.
const PER_SECOND: u64 = 200_000;

/// The same of records of 1 MiB.
const LARGE_PER_SECOND: u64 = 150;

/// The options of `chainbox bench node`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// transfers, distinct, hot, records-32, records-1m, invalid-1 or forged-20
    #[arg(long, value_name = "NAME", default_value = "transfers")]
    workload: Load,
    /// The chain's suite: sm, secp256k1 or p256
    #[arg(long, value_name = "NAME", default_value = "sm")]
    suite: Suite,
    /// How long transactions are sent
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u64,
    /// How many are signed beforehand; unless set, more than can be confirmed in the time
    #[arg(long, value_name = "NUMBER")]
    transactions: Option<u64>,
    /// Who sends them
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    senders: u32,
    /// Accounts of the chain beside those
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    accounts: u64,
    /// Transactions that are sent and not answered, at most
    #[arg(long, value_name = "NUMBER")]
    in_flight: Option<usize>,
    /// Transactions of one request; 250 unless set, of records of 1 MiB 2
    #[arg(long, value_name = "NUMBER", value_parser = at_least_one)]
    request: Option<usize>,
    /// Streams that requests are sent on in turn; the node works on 64 requests of each at once
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = at_least_one)]
    streams: usize,
    /// The file of signed transactions; it is made where it is not there, and used again where it is
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    load: Option<PathBuf>,
    #[command(flatten)]
    outputs: Outputs,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| format!("{text:?} is no number from 1 on"))
}

impl Args {
    fn options(&self) -> Options {
        let is_large = matches!(self.workload, Load::Records(bytes) if bytes > 1024);
        let per_second = if is_large { LARGE_PER_SECOND } else { PER_SECOND };
        let count = self.transactions.unwrap_or(self.seconds * per_second);
        let spec = LoadSpec { suite: self.suite, chain_id: 1, seed: SEED, load: self.workload, senders: self.senders, count };
        let name = format!("chainbox-load-{}-{}-{}-{count}", self.workload, self.suite, self.senders);
        Options {
            spec,
            time: Duration::from_secs(self.seconds),
            in_flight: self.in_flight.unwrap_or(if is_large { 24 } else { 12_000 }),
            request: self.request.unwrap_or(if is_large { 2 } else { 250 }),
            streams: self.streams,
            accounts: self.accounts,
            load: self.load.clone().unwrap_or_else(|| env::temp_dir().join(name)),
        }
    }

    /// The command that repeats the measurement, for the page.
    fn command(&self) -> String {
        let mut more = if self.accounts > 0 { format!(" --accounts {}", self.accounts) } else { String::new() };
        more += &self.request.map_or_else(String::new, |request| format!(" --request {request}"));
        more += &if self.streams > 1 { format!(" --streams {}", self.streams) } else { String::new() };
        format!("chainbox bench node --workload {} --suite {} --seconds {}{more}", self.workload, self.suite, self.seconds)
    }
}

/// Runs the load, prints the figures, and writes the files that were asked for.
pub(super) fn run(args: &Args) -> Result<(), Error> {
    let machine = Machine::this(Processor::detect());
    warn(&machine);
    args.outputs.check()?;
    let program = env::current_exe().map_err(|error| Error::new(format!("cannot tell which program this is: {error}")))?;
    let json = args.outputs.json;
    let lines = ["a node in a process of its own, the sender in this one, on the same processors; every answer is compared".to_owned()];
    introduce(&machine, 1, json, &lines).map_err(|error| Error::stdout(&error))?;
    let report = node::run(&args.options(), &program, machine, &mut |what| eprintln!("chainbox: {what}"));
    let report = report.map_err(|error| Error::new(error.to_string()))?;
    let text =
        if json { serde_json::to_string(&report).map_err(|error| Error::new(error.to_string()))? + "\n" } else { format!("\n{report}") };
    std::io::stdout().lock().write_all(text.as_bytes()).map_err(|error| Error::stdout(&error))?;
    args.outputs.write(&report, || page::node_html(&report, &args.command()))
}
