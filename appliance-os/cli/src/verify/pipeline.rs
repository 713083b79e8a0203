//! Reading, judging and writing at the same time.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use chainbox_engine::{backend::Backend, transaction::ethereum::Policy};
use rayon::prelude::*;

use super::{
    Policies,
    feed::Feed,
    input::Source,
    judge::{Answer, judge},
    lines::{Line, LineReader},
    output::{Output, Summary, Work},
};
use crate::{
    error::Error,
    formats::{Entry, Format, LINE_BYTES_MAX, eth_tx, eth_tx::Columns, jsonl, wycheproof, x509},
};

/// How many entries of a file that is read as a whole are judged at once.
const DOCUMENT_ENTRIES_AT_ONCE: usize = 16_384;

/// How many chunks of answers wait to be written.
const WAITING_CHUNKS_MAX: usize = 1;

/// Answers in the order of the input, and the bytes of the input that they stand for.
pub struct Chunk {
    pub answers: Vec<Answer>,
    pub input_bytes: u64,
}

/// Who did the work, and how.
fn work(backend: &dyn Backend) -> Work<'_> {
    Work { backend: backend.name(), strategies: backend.decided() }
}

/// Verifies a whole input. `told` is its format unless the content shall tell it.
///
/// # Errors
/// [`Error`] where the input cannot be read or told, the output cannot be written, or the back end fails.
pub fn run(
    mut source: Source,
    told: Option<Format>,
    policies: Policies,
    backend: &dyn Backend,
    mut output: Output,
) -> Result<Summary, Error> {
    let format = match told {
        Some(format) => Some(format),
        None => source.detect()?,
    };
    if let Some(format) = format {
        policies.check(format)?;
    }
    match format {
        None => output.finish(&work(backend)),
        Some(Format::Jsonl) => run_lines(source, LineFormat::Jsonl { low_s: policies.low_s }, backend, output),
        Some(Format::EthTx) => {
            let (columns, header_line) = source.columns()?;
            let format = LineFormat::EthTx { columns, header_line, policy: policies.transactions };
            run_lines(source, format, backend, output)
        }
        Some(Format::Wycheproof) => run_document(source, |text| wycheproof::parse(text, policies.low_s), backend, output),
        Some(Format::X509) => {
            output.set_note(x509::NOTE);
            run_document(source, x509::parse, backend, output)
        }
    }
}

/// A format in which each line is an entry.
#[derive(Clone, Copy)]
enum LineFormat {
    Jsonl { low_s: bool },
    EthTx { columns: Columns, header_line: Option<u64>, policy: Policy },
}

impl LineFormat {
    /// The entry of a line; none for a blank one and for the header.
    fn entry(&self, (number, line): Line<'_>) -> Option<Entry> {
        let Some(line) = line else {
            return Some(Entry::malformed(number, format!("a line of at most {} MiB was expected", LINE_BYTES_MAX >> 20)));
        };
        let line = line.trim_ascii();
        if line.is_empty() {
            return None;
        }
        match self {
            Self::Jsonl { low_s } => Some(jsonl::parse(line, number, *low_s)),
            Self::EthTx { header_line, .. } if *header_line == Some(number) => None,
            Self::EthTx { columns, policy, .. } => Some(eth_tx::parse(line, number, *columns, policy)),
        }
    }
}

fn run_lines(source: Source, format: LineFormat, backend: &dyn Backend, output: Output) -> Result<Summary, Error> {
    let name = source.name().to_owned();
    let feed = Arc::new(Feed::default());
    // Not a scoped thread: it may wait for an input that never comes, and then nobody shall wait for it.
    thread::spawn({
        let feed = Arc::clone(&feed);
        move || feed.end(read(source, &feed))
    });
    let judge_all = |answers: &SyncSender<Chunk>| judge_lines(&feed, format, backend, &name, answers);
    run_stages(judge_all, || feed.abandon(), backend, output)
}

/// Reads blocks until the input ends or nobody takes them any more.
fn read(source: Source, feed: &Feed) -> io::Result<()> {
    let mut reader = LineReader::new(source.into_reader()?);
    loop {
        let block = reader.read_block()?;
        if block.is_empty() || !feed.push(block) {
            return Ok(());
        }
    }
}

fn judge_lines(feed: &Feed, format: LineFormat, backend: &dyn Backend, name: &str, answers: &SyncSender<Chunk>) -> Result<(), Error> {
    let mut index = 0;
    loop {
        let blocks = feed.take().map_err(|error| Error::io("read", name, &error))?;
        if blocks.is_empty() {
            return Ok(());
        }
        let entries: Vec<Entry> = blocks.par_iter().flat_map_iter(|block| block.lines().filter_map(|line| format.entry(line))).collect();
        let input_bytes = blocks.iter().map(|block| block.input_bytes).sum();
        drop(blocks);
        let judged = judge_entries(backend, entries, index, name)?;
        index += judged.len() as u64;
        if answers.send(Chunk { answers: judged, input_bytes }).is_err() {
            return Ok(());
        }
    }
}

fn judge_entries(backend: &dyn Backend, entries: Vec<Entry>, index: u64, name: &str) -> Result<Vec<Answer>, Error> {
    let line = entries.first().map_or(0, |entry| entry.line);
    judge(backend, entries, index).map_err(|fault| Error::new(format!("{name}:{line}: no verdict from here on: {fault}")))
}

fn run_document(
    source: Source,
    parse: impl FnOnce(&[u8]) -> Result<Vec<Entry>, String>,
    backend: &dyn Backend,
    output: Output,
) -> Result<Summary, Error> {
    let name = source.name().to_owned();
    let document = source.into_document()?;
    let is_blank = document.trim_ascii().is_empty();
    let mut entries = if is_blank { Vec::new() } else { parse(&document).map_err(|message| Error::new(format!("{name}: {message}")))? };
    drop(document);
    let judge_all = |answers: &SyncSender<Chunk>| {
        let mut index = 0;
        while !entries.is_empty() {
            let rest = entries.split_off(entries.len().min(DOCUMENT_ENTRIES_AT_ONCE));
            let judged = judge_entries(backend, std::mem::replace(&mut entries, rest), index, &name)?;
            index += judged.len() as u64;
            if answers.send(Chunk { answers: judged, input_bytes: 0 }).is_err() {
                break;
            }
        }
        Ok(())
    };
    run_stages(judge_all, || (), backend, output)
}

/// Judges in a thread of its own while this one writes. `release` frees the judging thread where writing ended first.
fn run_stages(
    judge_all: impl FnOnce(&SyncSender<Chunk>) -> Result<(), Error> + Send,
    release: impl FnOnce(),
    backend: &dyn Backend,
    mut output: Output,
) -> Result<Summary, Error> {
    thread::scope(|scope| {
        let (answers, chunks) = sync_channel(WAITING_CHUNKS_MAX);
        let judging = scope.spawn(move || judge_all(&answers));
        let written = write(chunks, &mut output);
        release();
        // A panic over there is a fault of this program: it goes on here.
        let judged = judging.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        written.and(judged)?;
        output.finish(&work(backend))
    })
}

/// Writes chunks until there is no more, or nobody reads them.
fn write(chunks: Receiver<Chunk>, output: &mut Output) -> Result<(), Error> {
    chunks.into_iter().try_for_each(|chunk| output.write(&chunk))
}
