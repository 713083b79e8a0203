//! How refusals and faults look to a client.

use std::time::Duration;

use chainbox_api::{convert::Malformed, v1};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::work::Unanswered;

/// When a client that waited in vain may try again.
const RETRY_AFTER_EXPIRY: Duration = Duration::from_millis(500);

/// When a client may look for the service again that shuts down now.
const RETRY_AFTER_CLOSING: Duration = Duration::from_secs(1);

/// Above a limit now, and not later.
pub fn busy(text: &str, retry_after: Duration) -> Status {
    Status::with_error_details(Code::ResourceExhausted, text, ErrorDetails::with_retry_info(Some(retry_after)))
}

/// Above a limit for good: no hint when to try again.
pub fn too_large(text: &str) -> Status {
    Status::resource_exhausted(text)
}

/// What a request that has no answer ends with.
pub fn of_unanswered(unanswered: &Unanswered) -> Status {
    let text = unanswered.to_string();
    match unanswered {
        Unanswered::Refused(refusal) => match refusal.retry_after() {
            Some(time) => busy(&text, time),
            None => too_large(&text),
        },
        Unanswered::Expired(_) => busy(&text, RETRY_AFTER_EXPIRY),
        Unanswered::Fault(_) => Status::internal(text),
        Unanswered::Closing => {
            Status::with_error_details(Code::Unavailable, text, ErrorDetails::with_retry_info(Some(RETRY_AFTER_CLOSING)))
        }
    }
}

/// What a request ends with that is none.
pub fn of_malformed(malformed: &Malformed) -> Status {
    Status::invalid_argument(malformed.to_string())
}

/// The same on a stream, which goes on.
pub fn refusal(status: &Status) -> v1::Refusal {
    let retry_after = status.get_details_retry_info().and_then(|info| info.retry_delay);
    v1::Refusal {
        code: status.code().into(),
        message: status.message().to_owned(),
        // At least 1: 0 says that there is no use in trying again.
        retry_after_ms: retry_after.map_or(0, |time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX).max(1)),
    }
}

/// The name of a code, as gRPC's documents have it.
pub const fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
