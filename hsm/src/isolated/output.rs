//! What a child says on its standard error, in the parent's log.

use std::{
    io::Read,
    os::unix::net::UnixStream,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use zeroize::{Zeroize, Zeroizing};

use crate::secret::{SECRET_BYTES_MAX, Secret};

/// The longest line that is logged, in bytes; the rest of it is not.
const LINE_BYTES_MAX: usize = 1024;
/// How much of a line is looked at for secrets.
const SEEN_BYTES_MAX: usize = LINE_BYTES_MAX + SECRET_BYTES_MAX;
/// The most lines of a second; further ones are counted.
const LINES_MAX: u32 = 100;
/// What stands where a secret stood.
const HIDDEN: &[u8] = b"***";

/// Logs the lines that come, until the stream ends or is shut down. A child without a log is served all the same.
pub(super) fn forward(device: &str, stream: Arc<UnixStream>, secrets: Vec<Secret>) {
    let device = device.to_owned();
    let logs = move || {
        let mut lines = Lines::new(secrets);
        let mut bytes = Zeroizing::new([0; 4096]);
        while let Ok(count @ 1..) = (&*stream).read(bytes.as_mut_slice()) {
            lines.take(&bytes[..count], |line| tracing::warn!(device, "hsm-host: {line}"));
        }
        lines.end(|line| tracing::warn!(device, "hsm-host: {line}"));
    };
    if let Err(error) = thread::Builder::new().name("hsm-log".to_owned()).spawn(logs) {
        tracing::warn!(%error, "no thread for the log of the process that holds the module");
    }
}

/// Bytes on their way to lines.
struct Lines {
    secrets: Vec<Secret>,
    line: Zeroizing<Vec<u8>>,
    is_cut: bool,
    second: Instant,
    logged: u32,
    dropped: u64,
}

impl Lines {
    fn new(secrets: Vec<Secret>) -> Self {
        let line = Zeroizing::new(Vec::with_capacity(SEEN_BYTES_MAX));
        Self { secrets, line, is_cut: false, second: Instant::now(), logged: 0, dropped: 0 }
    }

    fn take(&mut self, bytes: &[u8], mut log: impl FnMut(&str)) {
        for &byte in bytes {
            if byte == b'\n' {
                self.end(&mut log);
            } else if self.line.len() < SEEN_BYTES_MAX {
                self.line.push(byte);
            } else {
                self.is_cut = true;
            }
        }
    }

    /// The end of a line.
    fn end(&mut self, mut log: impl FnMut(&str)) {
        if self.second.elapsed() >= Duration::from_secs(1) {
            if self.dropped > 0 {
                log(&format!("{} lines more were not logged", self.dropped));
            }
            (self.second, self.logged, self.dropped) = (Instant::now(), 0, 0);
        }
        if self.line.is_empty() {
            return;
        }
        if self.logged < LINES_MAX {
            self.logged += 1;
            log(&self.shown());
        } else {
            self.dropped += 1;
        }
        self.line.as_mut_slice().zeroize();
        self.line.clear();
        self.is_cut = false;
    }

    /// The line without secrets and control characters. Where it was cut, a secret may have been cut too: its place is beyond what is shown.
    fn shown(&self) -> String {
        let end = if self.is_cut { LINE_BYTES_MAX } else { self.line.len() };
        let mut shown = Zeroizing::new(Vec::with_capacity(SEEN_BYTES_MAX));
        let mut at = 0;
        while at < end && shown.len() < LINE_BYTES_MAX {
            let rest = &self.line[at..];
            match self
                .secrets
                .iter()
                .map(Secret::expose)
                .filter(|secret| !secret.is_empty() && rest.starts_with(secret))
                .map(<[u8]>::len)
                .max()
            {
                Some(length) => {
                    shown.extend_from_slice(HIDDEN);
                    at += length;
                }
                None => {
                    shown.push(rest[0]);
                    at += 1;
                }
            }
        }
        String::from_utf8_lossy(&shown).chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(secrets: &[&str], chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::new(secrets.iter().map(|secret| Secret::new(secret.as_bytes().to_vec())).collect());
        let mut seen = Vec::new();
        for chunk in chunks {
            lines.take(chunk, |line| seen.push(line.to_owned()));
        }
        lines.end(|line| seen.push(line.to_owned()));
        seen
    }

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        assert_eq!(lines(&[], &[b"on", b"e\ntwo\n\nth", b"ree"]), ["one", "two", "three"]);
    }

    #[test]
    fn a_secret_is_hidden_wherever_it_stands() {
        assert_eq!(lines(&["1234", "12345678"], &[b"PIN=1234;12", b"345678 and 123\n1234"]), ["PIN=***;*** and 123", "***"]);
    }

    #[test]
    fn no_part_of_a_secret_is_left_where_a_line_is_cut() {
        let secret = "s".repeat(SECRET_BYTES_MAX);
        for before in [LINE_BYTES_MAX - 1, LINE_BYTES_MAX, SEEN_BYTES_MAX - 1] {
            let line = format!("{}{secret}{}", "a".repeat(before), "b".repeat(9000));
            let seen = lines(&[&secret], &[line.as_bytes()]);
            assert_eq!(seen.len(), 1);
            assert!(seen[0].len() <= LINE_BYTES_MAX + HIDDEN.len() && !seen[0].contains('s'), "{}", seen[0]);
        }
    }

    #[test]
    fn control_characters_and_bytes_that_are_no_text_do_no_harm() {
        assert_eq!(lines(&[], &[b"\x1b[31mred\x07\xff\n"]), [" [31mred \u{fffd}"]);
    }

    #[test]
    fn a_flood_is_counted_and_not_logged() {
        let flood = b"x\n".repeat(100_000);
        let seen = lines(&[], &[&flood]);
        assert!(seen.len() >= LINES_MAX as usize && seen.len() < 50_000, "{} lines", seen.len());
    }
}
