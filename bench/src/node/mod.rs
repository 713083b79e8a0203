//! A node under load: signed transactions from a file, sent by this process over the real interface to a node in a process of its own.
//!
//! Every answer is compared with what the transaction deserves: a run in which a valid one is refused, or an invalid one taken, has no figures.

mod drive;
mod recheck;
pub mod report;

use std::{
    fs,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use chainbox_workloads::transactions::{LoadError, LoadFile, LoadSpec, Maker, write};

use crate::{Error, machine::Machine, service::server::Server};
use drive::{Driven, drive};
use recheck::recheck;
use report::{Report, Stage};

/// How a run is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// The transactions.
    pub spec: LoadSpec,
    /// How long they are sent, at most; a load that ends earlier ends the run.
    pub time: Duration,
    /// Transactions that are sent and not answered, at most.
    pub in_flight: usize,
    /// Transactions of one request.
    pub request: usize,
    /// Streams that requests are sent on in turn. On each the node works on 64 requests at once.
    pub streams: usize,
    /// Accounts of the chain beside those that send.
    pub accounts: u64,
    /// The file of the load; it is made where it is not there.
    pub load: PathBuf,
}

/// Runs a load. `say` is told what takes long.
///
/// # Errors
/// [`Error`]; nothing is reported of a run in which anything went wrong.
pub fn run(options: &Options, program: &Path, machine: Machine, say: &mut dyn FnMut(&str)) -> Result<Report, Error> {
    let maker = Maker::new(options.spec);
    let load = open_load(options, &maker, say)?;
    let folder = tempfile::tempdir().map_err(|error| Error::io(&std::env::temp_dir(), error))?;
    say(&format!("making a chain with {} accounts", maker.accounts().len() as u64 + options.accounts));
    make_chain(options, &maker, program, folder.path())?;
    let data = folder.path().join("data");
    let server = Server::start_node(program, folder)?;
    say("sending");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Error::io(Path::new("threads"), error))?;
    let before = server.cpu_time()?;
    let own_before = own_cpu_time()?;
    let driven = runtime.block_on(drive(options, load, &server.socket))?;
    let cpu = server.cpu_time()? - before;
    let own_cpu = own_cpu_time()? - own_before;
    let disk = bytes_below(&data.join("chain")).map_err(|error| Error::io(&data, error))?;
    let memory = server.memory_max()?;
    say("checking stored blocks again");
    let recheck = recheck(&server.end(), "data/chain")?;
    Ok(Report { recheck, ..report_of(options, machine, &driven, cpu, own_cpu, disk, memory) })
}

fn report_of(options: &Options, machine: Machine, driven: &Driven, cpu: Duration, own_cpu: Duration, disk: u64, memory: u64) -> Report {
    let confirmed = driven.confirmed as f64;
    let stages: Vec<Stage> = driven.stages.clone();
    let limiting = stages.iter().max_by(|a, b| a.busy.total_cmp(&b.busy)).map(|stage| stage.name.clone()).unwrap_or_default();
    let ms = |share: f64| driven.latencies_us.value_at_quantile(share) as f64 / 1e3;
    Report {
        machine,
        workload: options.spec.load.name(),
        suite: options.spec.suite.name(),
        senders: options.spec.senders,
        accounts: options.accounts,
        in_flight: options.in_flight,
        seconds: driven.seconds,
        tps: driven.tps,
        payload_mb_s: driven.bytes as f64 / 1e6 / driven.seconds,
        p50_ms: ms(0.5),
        p99_ms: ms(0.99),
        p999_ms: ms(0.999),
        confirmed: driven.confirmed,
        refused: driven.refused,
        stages,
        limiting_stage: limiting,
        cpu_us_per_tx: cpu.as_secs_f64() * 1e6 / confirmed,
        sender_cpu_us_per_tx: own_cpu.as_secs_f64() * 1e6 / confirmed,
        disk_bytes_per_tx: disk as f64 / confirmed,
        memory_bytes: memory,
        recheck: report::Recheck::default(),
    }
}

/// The load of the file, signed first where it is not there.
fn open_load(options: &Options, maker: &Maker, say: &mut dyn FnMut(&str)) -> Result<LoadFile, Error> {
    let (path, spec) = (&options.load, &options.spec);
    let failed = |error: LoadError| Error::Chain(format!("{}: {error}", path.display()));
    if path.exists() {
        return LoadFile::open(path, spec).map_err(failed);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Error::io(folder, error))?;
    }
    say(&format!("signing {} transactions into {}", spec.count, path.display()));
    let made = path.with_extension("part");
    let mut tenth = 0;
    let written = write(&made, maker, &mut |done| {
        if done * 10 / spec.count > tenth {
            tenth = done * 10 / spec.count;
            say(&format!("{} % signed", tenth * 10));
        }
    });
    written.map_err(failed)?;
    fs::rename(&made, path).map_err(|error| Error::io(path, error))?;
    LoadFile::open(path, spec).map_err(failed)
}

/// Makes the chain: those who send are funded, and others fill the state.
fn make_chain(options: &Options, maker: &Maker, program: &Path, folder: &Path) -> Result<(), Error> {
    let table = folder.join("accounts.csv");
    let written = || -> std::io::Result<()> {
        let mut file = BufWriter::new(fs::File::create(&table)?);
        let balance = maker.balance();
        for account in maker.accounts() {
            writeln!(file, "{},{balance}", hex::encode(account))?;
        }
        for number in 0..options.accounts {
            // No key's address: twenty bytes with a number in them.
            writeln!(file, "ffffffff{number:032x},1")?;
        }
        file.flush()
    };
    written().map_err(|error| Error::io(&table, error))?;
    let mut command = Command::new(program);
    command.args(["node", "init", "--suite", options.spec.suite.name(), "--chain-id", &options.spec.chain_id.to_string()]);
    command.arg("--accounts").arg(&table).arg("--data").arg(folder.join("data"));
    let made = command.stdin(Stdio::null()).stdout(Stdio::null()).output().map_err(|error| Error::io(program, error))?;
    if made.status.success() { Ok(()) } else { Err(Error::Chain(String::from_utf8_lossy(&made.stderr).trim().to_owned())) }
}

/// The processor time of this process.
fn own_cpu_time() -> Result<Duration, Error> {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF);
    let usage = usage.map_err(|error| Error::io(Path::new("getrusage"), error.into()))?;
    let time = |time: nix::sys::time::TimeVal| Duration::new(time.tv_sec() as u64, time.tv_usec() as u32 * 1000);
    Ok(time(usage.user_time()) + time(usage.system_time()))
}

fn bytes_below(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let data = entry.metadata()?;
        bytes += if data.is_dir() { bytes_below(&entry.path())? } else { data.len() };
    }
    Ok(bytes)
}
