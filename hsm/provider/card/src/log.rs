//! What the operator is told: lines on standard error, or in a file. Never a secret.

use std::{
    env, fmt,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::{fd::AsFd as _, unix::fs::OpenOptionsExt as _},
    path::PathBuf,
    process,
    str::FromStr,
};

use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Where lines go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Target {
    /// Standard error of the host program.
    #[default]
    Stderr,
    /// A file, to whose end they are written.
    File(PathBuf),
    /// Nowhere.
    None,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "stderr" => Ok(Self::Stderr),
            "none" => Ok(Self::None),
            path if path.starts_with('/') => Ok(Self::File(path.into())),
            _ => Err(format!("{text:?} is no place of a log: write stderr, none, or the path of a file that begins with /")),
        }
    }
}

impl TryFrom<String> for Target {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something happened as it should.
    Info,
    /// Work goes on, and somebody should look.
    Warning,
    /// Something was not done.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// An open log. A line is one write, so that those of several processes do not mix.
pub struct Log {
    file: Option<File>,
    is_silent: bool,
}

impl Log {
    /// Opens it; a new file can be read by its owner and group.
    ///
    /// # Errors
    /// Where the file cannot be opened.
    pub fn open(target: &Target) -> io::Result<Self> {
        let open = |path| OpenOptions::new().append(true).create(true).mode(0o640).open(path);
        let file = if let Target::File(path) = target { Some(open(path)?) } else { None };
        Ok(Self { file, is_silent: *target == Target::None })
    }

    /// Standard error.
    #[must_use]
    pub const fn stderr() -> Self {
        Self { file: None, is_silent: false }
    }

    /// Where [`Self::open`] would put lines if nothing but the environment is known: for what is wrong with the settings themselves.
    #[must_use]
    pub fn before_settings() -> Self {
        let target = env::var("CHAINBOX_CARD_LOG").ok().and_then(|text| text.parse().ok()).unwrap_or_default();
        Self::open(&target).unwrap_or(Self::stderr())
    }

    /// Writes a line: time, process, how much it matters, text.
    pub fn line(&self, level: Level, text: &str) {
        if self.is_silent {
            return;
        }
        let time = OffsetDateTime::now_utc().replace_nanosecond(0).ok().and_then(|now| now.format(&Rfc3339).ok()).unwrap_or_default();
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let line = format!("{time} chainbox-card[{}] {level}: {text}\n", process::id());
        // A log that cannot be written stops no verdict.
        let _ = match &self.file {
            Some(file) => (&*file).write_all(line.as_bytes()),
            // Past the lock of standard error: a host that forks while another thread holds it would leave it locked for ever in the child.
            None => io::stderr().as_fd().try_clone_to_owned().and_then(|stderr| File::from(stderr).write_all(line.as_bytes())),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lines_go_to_the_end_of_the_file_and_stay_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "before\n").unwrap();
        let log = Log::open(&path.to_str().unwrap().parse().unwrap()).unwrap();
        log.line(Level::Error, "one\nline");
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!((lines.len(), lines[0]), (2, "before"));
        assert!(lines[1].ends_with(&format!("chainbox-card[{}] error: one line", process::id())), "{text}");
        assert!("relative".parse::<Target>().unwrap_err().contains("begins with /"));
    }
}
