//! The SDF library as a node calls it, beside other libraries on the same threads and the same items: one signature a call.
//!
//! The library is called by the C program that stands in for a FISCO BCOS node (`hsm/provider/sdf/examples/fisco_node`), so that its C interface, the node's pool of
//! sessions and the hash that the node asks for are in the figures. The other side gets what the library gets: key, hash of a transaction and signature.

mod crowd;
mod node;
mod options;
pub mod report;

pub use options::Options;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use chainbox_engine::{
    backend::{Cpu, CpuOptions},
    batch::{Batch, Input, Shape},
    scheme::Scheme,
    verdict::Verdict,
};
use chainbox_workloads::{Kind, SignedItem, Spec, Workload};
use tempfile::TempDir;

use crate::{
    Error,
    machine::Machine,
    peers::{EfficientSm2, Peer as _},
    service::server::Server,
};
use node::Node;
use report::{By, Report, Row, Sample, Section};

/// The bytes of a transaction's hash, which is the message that is signed.
const HASH_BYTES: usize = 32;

/// Forgeries that every side refuses for the equation alone.
const FORGED: [Kind; 3] = [Kind::FlippedBit, Kind::WrongMessage, Kind::WrongKey];

/// Programs and files of a run.
#[derive(Clone, Copy, Debug)]
pub struct Programs<'a> {
    /// A `chainbox` that serves and makes keys.
    pub chainbox: &'a Path,
    /// `libchainbox_sdf.so`.
    pub library: &'a Path,
    /// The compiled stand-in; it is compiled where there is none.
    pub node: Option<&'a Path>,
}

/// Measures all. Each row is handed to `show` as soon as it is there.
///
/// # Errors
/// [`Error`]; nothing is reported of a run in which anything went wrong.
pub fn run(options: &Options, programs: &Programs<'_>, machine: Machine, mut show: impl FnMut(&Row)) -> Result<Report, Error> {
    let bench = Bench::new(options, programs, &machine)?;
    let mut results = Vec::new();
    for section in Section::ALL {
        let rows = match section {
            Section::Verify => bench.verify()?,
            Section::Single => bench.single()?,
            Section::Sign => bench.sign()?,
        };
        rows.iter().for_each(&mut show);
        results.extend(rows);
    }
    Ok(Report::new(machine, options, results))
}

/// A run on the way.
struct Bench<'a> {
    options: &'a Options,
    items: Vec<SignedItem>,
    engine: Cpu,
    node: Node,
    /// Settings of the library: a client of the service, and a file of keys.
    of_service: PathBuf,
    of_keys: PathBuf,
    items_file: PathBuf,
    _server: Server,
    _folder: TempDir,
}

impl<'a> Bench<'a> {
    fn new(options: &'a Options, programs: &Programs<'_>, machine: &Machine) -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(|error| Error::io(&std::env::temp_dir(), error))?;
        let node = Node::new(programs.node, programs.library, folder.path())?;
        let server = Server::start(programs.chainbox, None, 0)?;
        let items = items(options)?;
        let items_file = write(folder.path(), "items", &records(&items))?;
        let of_service = write(folder.path(), "service.toml", format!("service = \"{}\"\nfallback = false\n", server.socket).as_bytes())?;
        let of_keys = keys(programs.chainbox, folder.path())?;
        let engine = Cpu::with_options(&CpuOptions { processor: machine.processor, ..CpuOptions::default() })?;
        Ok(Self { options, items, engine, node, of_service, of_keys, items_file, _server: server, _folder: folder })
    }

    /// Many threads: the library in both modes, efficient-sm2 and libcrypto.
    fn verify(&self) -> Result<Vec<Row>, Error> {
        let threads = self.options.threads;
        self.section(Section::Verify, threads, |samples| {
            let lines = self.stand_in(threads, &[], None)?;
            samples.push((By::InProcess, lines.sample("verify", "library")?));
            samples.push((By::Socket, self.stand_in(threads, &["--library-only"], Some(&self.of_service))?.sample("verify", "library")?));
            samples.push((By::EfficientSm2, self.efficient_sm2()?));
            samples.push((By::Libcrypto, lines.sample("verify", "libcrypto")?));
            Ok(())
        })
    }

    /// One thread: the library in process, and the engine that is within it.
    fn single(&self) -> Result<Vec<Row>, Error> {
        let shape = Spec { input: Input::Message, ..Spec::new(Scheme::Sm2Sm3, 0) }.shape();
        let batches = self.items.iter().map(|signed| one(shape, signed)).collect::<Result<Vec<_>, _>>()?;
        let answer = |index: usize| self.engine.verify_here(&batches[index]).as_slice() == [self.items[index].expected()];
        let engine = |time| crowd::sample("the engine", 1, self.items.len(), time, &answer);
        // Once: the engine is the same in all rounds.
        engine(self.options.warm_time_single)?;
        self.section(Section::Single, 1, |samples| {
            samples.push((By::InProcess, self.stand_in(1, &["--library-only"], None)?.sample("verify", "library")?));
            samples.push((By::Engine, engine(self.options.sample_time)?));
            Ok(())
        })
    }

    /// Many threads sign with a key of the file of keys, and with one of libcrypto.
    fn sign(&self) -> Result<Vec<Row>, Error> {
        let threads = self.options.threads;
        self.section(Section::Sign, threads, |samples| {
            let lines = self.stand_in(threads, &["--sign-only", "--key-index", "1"], Some(&self.of_keys))?;
            samples.push((By::InProcess, lines.sample("sign", "library")?));
            samples.push((By::Libcrypto, lines.sample("sign", "libcrypto")?));
            Ok(())
        })
    }

    /// The rows of a section; `round` takes one sample of each contender.
    fn section(
        &self,
        section: Section,
        threads: usize,
        round: impl Fn(&mut Vec<(By, Sample)>) -> Result<(), Error>,
    ) -> Result<Vec<Row>, Error> {
        let mut all: Vec<(By, Vec<Sample>)> = Vec::new();
        for _ in 0..self.options.samples {
            let mut samples = Vec::new();
            round(&mut samples)?;
            for (by, sample) in samples {
                match all.iter_mut().find(|(known, _)| *known == by) {
                    Some((_, samples)) => samples.push(sample),
                    None => all.push((by, vec![sample])),
                }
            }
        }
        Ok(Row::of_section(section, threads, &all))
    }

    /// One run of the stand-in.
    fn stand_in(&self, threads: usize, further: &[&str], settings: Option<&Path>) -> Result<node::Lines, Error> {
        let Options { sessions, sample_time, warm_time, warm_time_single, .. } = *self.options;
        let warm_time = if threads == 1 { warm_time_single } else { warm_time };
        let mut arguments = vec!["--items".to_owned(), self.items_file.display().to_string(), "--rounds".to_owned(), "1".to_owned()];
        let numbers = [("--threads", threads as f64), ("--sessions", sessions as f64)];
        let times = [("--seconds", sample_time.as_secs_f64()), ("--warm", warm_time.as_secs_f64())];
        arguments.extend(numbers.into_iter().chain(times).flat_map(|(name, value)| [name.to_owned(), value.to_string()]));
        arguments.extend(further.iter().map(|&argument| argument.to_owned()));
        self.node.run(&arguments, settings)
    }

    fn efficient_sm2(&self) -> Result<Sample, Error> {
        let shape = Shape::messages(Scheme::Sm2Sm3);
        let answer = |index: usize| {
            let signed = &self.items[index];
            EfficientSm2.accepts(shape, &signed.item.as_item()) == (signed.expected() == Verdict::Valid)
        };
        crowd::sample(EfficientSm2.name(), self.options.threads, self.items.len(), self.options.sample_time, &answer)
    }
}

/// Hashes of transactions, signed.
fn items(options: &Options) -> Result<Vec<SignedItem>, Error> {
    let spec = Spec {
        input: Input::Message,
        message_bytes: HASH_BYTES,
        items: options.items,
        signers: options.signers,
        invalid_share: options.invalid,
        invalid_kinds: FORGED.to_vec(),
        ..Spec::new(Scheme::Sm2Sm3, options.items)
    };
    Ok(Workload::new(spec)?.items(0..options.items))
}

fn one(shape: Shape, signed: &SignedItem) -> Result<Batch, Error> {
    let mut batch = Batch::new(shape);
    signed.item.push_into(&mut batch)?;
    Ok(batch)
}

/// The items as the stand-in reads them: x || y, hash, r || s, and whether it is valid.
fn records(items: &[SignedItem]) -> Vec<u8> {
    let record = |signed: &SignedItem| {
        let item = &signed.item;
        let is_valid = u8::from(signed.expected() == Verdict::Valid);
        [&item.key[1..], &item.input, &item.signature, &[is_valid]].concat()
    };
    items.iter().flat_map(record).collect()
}

/// Makes a file of keys with a key that signs; gives the settings that name it.
fn keys(program: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let password = write(folder, "password", b"a password of a benchmark")?;
    keep_private(&password)?;
    let keys = folder.join("keys");
    let source = format!("file:{}", password.display());
    let mut command = Command::new(program);
    command.args(["hsm", "generate", "node", "--algorithm", "sm2", "--software"]).arg(&keys).arg("--pin-source").arg(&source);
    let output = command.output().map_err(|error| Error::io(program, error))?;
    if !output.status.success() {
        return Err(Error::Node(format!("{} makes no key: {}", program.display(), String::from_utf8_lossy(&output.stderr).trim())));
    }
    let settings = format!("keys = \"{}\"\npassword = \"{source}\"\n[[sdf.key]]\nindex = 1\nsign = \"node\"\n", keys.display());
    write(folder, "keys.toml", settings.as_bytes())
}

/// A secret that others can read is refused.
fn keep_private(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|error| Error::io(path, error))
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
    let path = folder.join(name);
    fs::write(&path, bytes).map_err(|error| Error::io(&path, error))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_records_are_those_that_the_stand_in_reads() {
        let options = Options { items: 40, signers: 4, invalid: 0.25, ..Options::QUICK };
        let items = items(&options).unwrap();
        let records = records(&items);
        assert_eq!(records.len(), 40 * 161);
        let valid = records.chunks(161).filter(|record| record[160] == 1).count();
        assert_eq!(valid, 30);
        assert!(items.iter().all(|signed| signed.item.key[0] == 4 && signed.item.input.len() == HASH_BYTES));
    }
}
