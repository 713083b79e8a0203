//! What functions answer: nothing, or a return code (PKCS#11 2.40, section 5.1).

use chainbox_card::{Card, Level};
use chainbox_hsm::{Error, Kind};
use cryptoki_sys::*;

/// A return code other than `CKR_OK` is an error.
pub(crate) type Answer<T> = Result<T, CK_RV>;

/// The code for a failure of keys. What the caller cannot have known stands in the log.
pub(crate) fn code(card: &Card, error: &Error) -> CK_RV {
    let code = of_kind(error.kind);
    let is_callers = matches!(code, CKR_USER_NOT_LOGGED_IN | CKR_KEY_HANDLE_INVALID);
    if !is_callers {
        card.log().line(Level::Error, &error.to_string());
    }
    code
}

const fn of_kind(kind: Kind) -> CK_RV {
    match kind {
        Kind::NoDevice => CKR_TOKEN_NOT_PRESENT,
        Kind::DeviceGone => CKR_DEVICE_REMOVED,
        Kind::DeviceFull => CKR_DEVICE_MEMORY,
        Kind::Pin => CKR_USER_NOT_LOGGED_IN,
        Kind::NoKey => CKR_KEY_HANDLE_INVALID,
        Kind::KeyExists => CKR_ATTRIBUTE_VALUE_INVALID,
        Kind::Unsupported => CKR_TOKEN_WRITE_PROTECTED,
        Kind::Refused | Kind::DoubleVote => CKR_KEY_FUNCTION_NOT_PERMITTED,
        Kind::Input => CKR_DATA_INVALID,
        Kind::Busy | Kind::Deadline => CKR_FUNCTION_FAILED,
        Kind::Library | Kind::DeviceFailed | Kind::Crashed | Kind::Storage => CKR_DEVICE_ERROR,
    }
}
