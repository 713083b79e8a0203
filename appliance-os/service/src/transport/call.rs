//! What is known of a call before its messages are: who asks, under which request id, how long it may take.

use std::{
    collections::VecDeque,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use http::HeaderMap;

use crate::{budget::Permit, source::Source};

/// The header with which a client names its request, and the server its answer.
pub const REQUEST_ID: &str = "x-request-id";

/// The longest request id that is taken over, in bytes. A longer one is replaced: it would fill the log.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// A call.
#[derive(Debug)]
pub struct Call {
    /// Who asks.
    pub source: Arc<Source>,
    /// The client's name for it, or one that this service made.
    pub request_id: String,
    /// For each message that was received and not yet taken by its handler: its bytes in the budgets.
    receipts: Mutex<VecDeque<Receipt>>,
    is_noted: AtomicBool,
}

/// A message's bytes, in the budget of its source and in that of all.
#[derive(Debug)]
pub struct Receipt {
    /// Given back when the message is answered.
    pub _permits: [Permit; 2],
}

impl Call {
    /// A call of a source.
    pub fn new(source: Arc<Source>, headers: &HeaderMap) -> Arc<Self> {
        Arc::new(Self { source, request_id: request_id(headers), receipts: Mutex::default(), is_noted: AtomicBool::new(false) })
    }

    /// Says that the outcome of a request of this call was counted and logged.
    pub fn note(&self) {
        self.is_noted.store(true, Ordering::Relaxed);
    }

    /// Whether it was.
    pub fn is_noted(&self) -> bool {
        self.is_noted.load(Ordering::Relaxed)
    }

    /// Keeps a message's bytes until the message is taken, or the call ends.
    pub fn received(&self, receipt: Receipt) {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner).push_back(receipt);
    }

    /// The bytes of the oldest message that was not taken.
    pub fn take_receipt(&self) -> Option<Receipt> {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// The client's id where it is printable and not too long, or a number of this process.
fn request_id(headers: &HeaderMap) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    static PROCESS: LazyLock<u32> = LazyLock::new(std::process::id);
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty() && id.len() <= REQUEST_ID_BYTES_MAX);
    given.map_or_else(|| format!("{:x}-{:x}", *PROCESS, NEXT.fetch_add(1, Ordering::Relaxed)), str::to_owned)
}

/// The time that a client gives a call: up to 8 digits and a unit (gRPC over HTTP/2, `grpc-timeout`). One that is not understood is none.
pub fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn timeouts_are_read() {
        let timeout = |text| timeout(&headers("grpc-timeout", text));
        assert_eq!(timeout("20S"), Some(Duration::from_secs(20)));
        assert_eq!(timeout("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        assert_eq!(timeout("5m"), Some(Duration::from_millis(5)));
        for wrong in ["", "S", "5", "5x", "123456789S", "-1S", "+1S", "5µ"] {
            assert_eq!(timeout(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_client_names_its_request() {
        assert_eq!(request_id(&headers(REQUEST_ID, "block 7")), "block 7");
        assert_ne!(request_id(&headers(REQUEST_ID, &"x".repeat(129))).len(), 129);
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
