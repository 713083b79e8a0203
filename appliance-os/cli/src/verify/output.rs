//! What the user sees: items, summary, progress.

mod human;
mod json;
mod summary;

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use chainbox_engine::strategy::Strategy;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

pub use summary::Summary;

use super::{
    judge::{Answer, Outcome},
    pipeline::Chunk,
};
use crate::error::Error;

/// How often a progress bar moves while no chunk is done.
const TICK: Duration = Duration::from_millis(200);

/// What is shown and how.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Lines of JSON instead of text for people.
    pub json: bool,
    /// Only the items that differ from what is expected of them.
    pub only_mismatches: bool,
}

/// Writes answers as they come.
pub struct Output {
    options: Options,
    /// What messages call the input.
    name: String,
    summary: Summary,
    started: Instant,
    bar: ProgressBar,
    /// What goes to standard output and to standard error, kept between chunks so that its memory is.
    out: Vec<u8>,
    err: Vec<u8>,
    /// The first malformed line, as a message.
    first_malformed: Option<String>,
}

impl Output {
    /// `input_bytes` is the length of the input where it is known.
    pub fn new(options: Options, name: String, input_bytes: Option<u64>) -> Self {
        Self {
            options,
            name,
            summary: Summary::default(),
            started: Instant::now(),
            bar: progress_bar(input_bytes),
            out: Vec::new(),
            err: Vec::new(),
            first_malformed: None,
        }
    }

    /// Adds a remark to the summary.
    pub fn set_note(&mut self, note: &'static str) {
        self.summary.note = Some(note);
    }

    /// Has the summary name the service that verified.
    pub fn set_server(&mut self, server: String) {
        self.summary.server = Some(server);
    }

    /// Counts and writes some answers.
    ///
    /// # Errors
    /// [`Error`] where standard output cannot be written.
    pub fn write(&mut self, chunk: &Chunk) -> Result<(), Error> {
        for answer in &chunk.answers {
            let mismatch = self.summary.count(answer);
            self.render(answer, mismatch);
        }
        self.bar.inc(chunk.input_bytes);
        let per_second = rate(self.summary.items, self.started.elapsed());
        self.bar.set_message(format!("{} items, {} a second", HumanCount(self.summary.items), HumanCount(per_second)));
        self.flush()
    }

    /// Writes the summary.
    ///
    /// # Errors
    /// [`Error`] where standard output cannot be written.
    pub fn finish(mut self, work: &Work<'_>) -> Result<Summary, Error> {
        let elapsed = self.started.elapsed();
        self.bar.finish_and_clear();
        if self.options.json {
            json::summary(&mut self.out, &self.summary, elapsed, work);
            if let Some(first) = &self.first_malformed {
                self.err = format!("chainbox: {} malformed, the first: {first}\n", HumanCount(self.summary.malformed)).into_bytes();
            }
        } else {
            human::summary(&mut self.out, &self.summary, elapsed, work);
        }
        self.flush()?;
        Ok(self.summary)
    }

    fn render(&mut self, answer: &Answer, mismatch: bool) {
        if let Outcome::Malformed(message) = &answer.outcome {
            let line = human::malformed(&self.name, answer, message);
            if !self.options.json {
                self.err.extend_from_slice(format!("chainbox: {line}\n").as_bytes());
            }
            self.first_malformed.get_or_insert(line);
        }
        if self.options.only_mismatches && !mismatch {
            return;
        }
        if self.options.json {
            json::item(&mut self.out, answer, mismatch);
        } else {
            human::item(&mut self.out, &self.name, answer, mismatch);
        }
    }

    /// Writes what was rendered, above the progress bar where there is one.
    fn flush(&mut self) -> Result<(), Error> {
        let (out, err) = (&self.out, &self.err);
        let written = self.bar.suspend(|| {
            let mut stdout = io::stdout().lock();
            let written = stdout.write_all(out).and_then(|()| stdout.flush());
            // Nothing better can be done where standard error is closed.
            let _ = io::stderr().lock().write_all(err);
            written
        });
        self.out.clear();
        self.err.clear();
        written.map_err(|error| Error::stdout(&error))
    }
}

/// Who did the work, and how.
pub struct Work<'a> {
    /// The back end's name.
    pub backend: &'a str,
    /// The items that each strategy decided.
    pub strategies: Vec<(Strategy, u64)>,
}

/// A bar where the length is known, a spinner elsewhere; hidden unless standard error is a terminal.
fn progress_bar(input_bytes: Option<u64>) -> ProgressBar {
    let (bar, template) = match input_bytes {
        Some(bytes) => (ProgressBar::new(bytes), "{bar:30} {percent:>3}% {msg}, {eta} left"),
        None => (ProgressBar::new_spinner(), "{spinner} {msg}"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}

/// Items a second, rounded down.
fn rate(items: u64, elapsed: Duration) -> u64 {
    (items as f64 / elapsed.as_secs_f64().max(1e-9)) as u64
}
