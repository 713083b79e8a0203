//! What ends a command early: one line for the user, and the exit status 2.

use std::{fmt, io};

/// Why a command ended without doing what it was asked to do.
#[derive(Debug)]
pub enum Error {
    /// A message that names the place and the remedy. It is printed as `chainbox: message`.
    Message(String),
    /// Whoever read standard output went away, as `head` does. Nothing is printed: nobody is to blame.
    OutputClosed,
}

impl Error {
    /// An error with its message.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Message(message.into())
    }

    /// A file that could not be used: `deed` is what was tried, e.g. `read` or `write`.
    #[must_use]
    pub fn io(deed: &str, place: impl fmt::Display, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::Message(format!("cannot {deed} {place}: {}", without_code(error)))
    }

    /// Standard output could not be written.
    #[must_use]
    pub fn stdout(error: &io::Error) -> Self {
        Self::io("write", "standard output", error)
    }
}

/// The system's text without the number that Rust appends to it.
fn without_code(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or_else(|| text.clone(), |(words, _)| words.to_owned())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => f.write_str(message),
            Self::OutputClosed => f.write_str("standard output was closed"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_deed_and_place() {
        let missing = io::Error::from_raw_os_error(2);
        assert_eq!(Error::io("read", "items.jsonl", &missing).to_string(), "cannot read items.jsonl: No such file or directory");
    }

    #[test]
    fn a_closed_pipe_is_no_fault() {
        assert!(matches!(Error::stdout(&io::ErrorKind::BrokenPipe.into()), Error::OutputClosed));
    }
}
