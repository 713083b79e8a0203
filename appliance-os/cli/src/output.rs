//! What commands print.

use std::io::{self, Write};

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
