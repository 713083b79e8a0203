//! What commands print.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::error::Error;

/// Prints text.
pub(crate) fn say(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| Error::stdout(&error))
}

/// Prints a line of JSON.
pub(crate) fn say_json(value: &Value) -> Result<(), Error> {
    say(&format!("{value}\n"))
}

/// What a bar counts.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Bytes,
    Blocks,
    Leaves,
}

/// A bar on standard error, where that is a terminal; its length comes with the progress.
pub(crate) fn bar(unit: Unit) -> ProgressBar {
    let template = match unit {
        Unit::Bytes => "{bar:40} {bytes} of {total_bytes}, {eta} left",
        Unit::Blocks => "{bar:40} block {human_pos} of {human_len}, {eta} left",
        Unit::Leaves => "{spinner} {human_pos} leaves of the state",
    };
    ProgressBar::new(0).with_style(ProgressStyle::with_template(template).expect("a template that indicatif reads"))
}
