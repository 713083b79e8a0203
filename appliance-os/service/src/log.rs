//! The log: lines for people on a terminal, JSON otherwise; what a client can cause without end is limited.

use std::{
    io::{self, IsTerminal},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tonic::Status;
use tracing::warn;
use tracing_subscriber::{EnvFilter, Registry, layer::SubscriberExt, reload, util::SubscriberInitExt};

use crate::settings::{Log, LogFormat};

/// Refusals that are written in a second. More are counted and said in one line.
const REFUSALS_A_SECOND_MAX: u32 = 10;

/// Changes the filter while the log is written.
pub struct Filter(reload::Handle<EnvFilter, Registry>);

/// Begins to write the log to standard error.
///
/// # Errors
/// A text where the filter cannot be read, or another log has begun in this process.
pub fn start(settings: &Log) -> Result<Filter, String> {
    let (filter, handle) = reload::Layer::new(parse(&settings.filter)?);
    let is_human = match settings.format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let begun = if is_human {
        registry.with(lines.with_ansi(io::stderr().is_terminal()).with_target(false)).try_init()
    } else {
        registry.with(lines.json().flatten_event(true).with_ansi(false)).try_init()
    };
    begun.map_err(|error| error.to_string())?;
    Ok(Filter(handle))
}

impl Filter {
    /// Changes the filter.
    ///
    /// # Errors
    /// A text where it cannot be read; the old one stays.
    pub fn apply(&self, settings: &Log) -> Result<(), String> {
        self.0.reload(parse(&settings.filter)?).map_err(|error| error.to_string())
    }
}

fn parse(filter: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(filter).map_err(|error| format!("log.filter {filter:?} is no filter: {error}"))
}

/// How many lines of a second were written and how many were not.
struct Limiter {
    since: Option<Instant>,
    written: u32,
    suppressed: u64,
}

impl Limiter {
    /// Whether one more line may be written at `now`, and how many were not since the last one that was.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        if self.since.is_none_or(|since| now - since >= Duration::from_secs(1)) {
            (self.since, self.written) = (Some(now), 0);
        }
        if self.written >= REFUSALS_A_SECOND_MAX {
            self.suppressed += 1;
            return None;
        }
        self.written += 1;
        Some(std::mem::take(&mut self.suppressed))
    }
}

/// Writes that a request was refused.
pub fn refusal(request_id: &str, source: &str, method: &str, status: &Status) {
    static LIMITER: Mutex<Limiter> = Mutex::new(Limiter { since: None, written: 0, suppressed: 0 });
    let admitted = LIMITER.lock().unwrap_or_else(PoisonError::into_inner).admit(Instant::now());
    let Some(suppressed) = admitted else { return };
    let (code, reason) = (crate::grpc::status::name(status.code()), status.message());
    warn!(request_id, source, method, code, reason, not_logged_before = suppressed, "refused");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_counted_and_not_written() {
        let mut limiter = Limiter { since: None, written: 0, suppressed: 0 };
        let begin = Instant::now();
        let written = (0..1000).filter(|_| limiter.admit(begin).is_some()).count();
        assert_eq!(written, REFUSALS_A_SECOND_MAX as usize);
        assert_eq!(limiter.admit(begin + Duration::from_secs(1)), Some(990));
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_named() {
        assert!(parse("info,chainbox_service=debug").is_ok());
        assert!(parse("a=b=c").unwrap_err().contains("a=b=c"));
    }
}
