//! Texts that live as long as the library.

use std::{
    ffi::{CStr, CString},
    sync::LazyLock,
};

use chainbox_engine::verdict::Verdict;

use crate::abi::Status;

/// The version of the library.
pub(crate) const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("a version has no zero byte"),
};

/// The text of each verdict's byte.
static VERDICTS: LazyLock<Vec<CString>> = LazyLock::new(|| {
    let text = |code| match Verdict::from_code(code) {
        Some(Verdict::Valid) => "valid",
        Some(Verdict::Invalid(reason)) => reason.text(),
        None => "not valid, for a reason that this version does not know",
    };
    (0..=u8::MAX).map(|code| CString::new(text(code)).expect("a reason's text has no zero byte")).collect()
});

/// What a byte of verdicts says, for people.
pub(crate) fn of_verdict(code: u8) -> &'static CStr {
    &VERDICTS[usize::from(code)]
}

/// What a status says, for people.
pub(crate) const fn of_status(status: i32) -> &'static CStr {
    const OK: i32 = Status::Ok as i32;
    const BAD_ARGUMENT: i32 = Status::BadArgument as i32;
    const REFUSED: i32 = Status::Refused as i32;
    const CONNECTION: i32 = Status::Connection as i32;
    const DEADLINE: i32 = Status::Deadline as i32;
    const INTERNAL: i32 = Status::Internal as i32;
    match status {
        OK => c"ok",
        BAD_ARGUMENT => c"bad argument",
        REFUSED => c"refused by the server",
        CONNECTION => c"no connection to the server",
        DEADLINE => c"no answer within the deadline",
        INTERNAL => c"internal error",
        _ => c"unknown error",
    }
}
