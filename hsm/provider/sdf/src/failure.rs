//! What becomes of failures: a code of annex A for the caller, and a line of the log where the code alone does not say what to do.

use chainbox_card::{Card, Level, Log};
use chainbox_hsm::{Error, Kind, sdf::Code};

/// The code for a failure of a key, which is logged. `failed` is what the operation itself has.
pub(crate) fn of_key(card: &Card, error: &Error, failed: Code) -> Code {
    if error.kind != Kind::Input {
        card.log().line(Level::Warning, &error.to_string());
    }
    code(error.kind, failed)
}

/// The code for a panic, whose text is logged.
pub(crate) fn of_panic(text: &str) -> Code {
    let line = format!("libchainbox_sdf has a fault, please report it: {text}");
    match Card::of_this_process() {
        Ok(card) => card.log().line(Level::Error, &line),
        Err(_) => Log::before_settings().line(Level::Error, &line),
    }
    Code::UNKNOWN
}

const fn code(kind: Kind, failed: Code) -> Code {
    match kind {
        Kind::NoKey => Code::NO_KEY,
        Kind::Unsupported => Code::NOT_SUPPORTED,
        Kind::Library | Kind::NoDevice | Kind::DeviceGone | Kind::Crashed | Kind::Deadline | Kind::Busy => Code::COMMUNICATION,
        Kind::DeviceFull => Code::NO_BUFFER,
        Kind::Pin | Kind::Refused | Kind::DoubleVote => Code::NO_RIGHT,
        Kind::DeviceFailed | Kind::Storage => Code::HARDWARE,
        Kind::KeyExists | Kind::Input => failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_failure_is_success_and_none_is_an_invalid_signature() {
        for kind in Kind::ALL {
            let code = code(kind, Code::SIGN);
            assert!(code != Code::OK && code != Code::VERIFY, "{kind:?}");
        }
    }
}
