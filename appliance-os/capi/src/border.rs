//! The border that no panic crosses.

use std::{
    any::Any,
    ffi::c_char,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::{
    abi::{ErrorReport, MESSAGE_BYTES, Status},
    failure::Failure,
};

/// Does the work of a call; a panic is a failure of the library.
///
/// What a call leaves behind where it panics is outputs that are zeroed or whole, and a back end that guards its own state.
pub(crate) fn guard(work: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let what = text_of(payload.as_ref()).unwrap_or("no text");
        Err(Failure::new(Status::Internal, format!("libchainbox has a fault, please report it: {what}")))
    })
}

fn text_of(payload: &dyn Any) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// What the caller is told about the outcome.
pub(crate) fn report_of(outcome: &Result<(), Failure>) -> ErrorReport {
    match outcome {
        Ok(()) => ErrorReport { status: Status::Ok as i32, retry_after_ms: 0, message: message("") },
        Err(Failure { status, retry_after_ms, message: text }) => {
            ErrorReport { status: *status as i32, retry_after_ms: *retry_after_ms, message: message(text) }
        }
    }
}

/// The text with a zero at its end, cut between characters where it is too long.
fn message(text: &str) -> [c_char; MESSAGE_BYTES] {
    let end = text.floor_char_boundary(MESSAGE_BYTES - 1);
    let mut message = [0; MESSAGE_BYTES];
    for (place, byte) in message.iter_mut().zip(text[..end].bytes()) {
        // A zero would end the text.
        *place = byte.max(1) as c_char;
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(report: &ErrorReport) -> String {
        let bytes = report.message.iter().take_while(|&&byte| byte != 0).map(|&byte| byte as u8);
        String::from_utf8(bytes.collect()).unwrap()
    }

    #[test]
    fn a_panic_is_an_internal_error() {
        for work in [|| panic!("in words"), || panic!("{}", 1 + 1)] {
            let report = report_of(&guard(work));
            assert_eq!(report.status, Status::Internal as i32);
            assert!(text(&report).ends_with("in words") || text(&report).ends_with(": 2"), "{}", text(&report));
        }
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        for extra in 0..4 {
            let long = format!("{}{}", "x".repeat(extra), "é".repeat(MESSAGE_BYTES));
            let report = report_of(&Err(Failure::argument(long.clone())));
            assert!(long.starts_with(&text(&report)));
            assert!((MESSAGE_BYTES - 2..MESSAGE_BYTES).contains(&text(&report).len()));
        }
        assert_eq!(text(&report_of(&Err(Failure::argument("a\0b")))), "a\u{1}b");
        assert_eq!(text(&report_of(&Ok(()))), "");
    }
}
