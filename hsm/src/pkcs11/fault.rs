//! Return codes of a module: what they are called, what they mean for a session, what can be done about them.

use cryptoki::{
    context::Function,
    error::{Error as Refused, RvError},
};

use crate::{Error, Kind};

/// Why a call did not give what it should.
#[derive(Debug)]
pub(super) enum Fault {
    /// The module answered with an error.
    Module(Refused),
    /// It is an error already.
    Own(Error),
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        Self::Module(refused)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}

/// What is done before the same call is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cure {
    /// Nothing helps.
    None,
    /// The session is dead: it is given up, and another is opened.
    Reconnect,
    /// The library was finalised behind our back: it is initialised, and a session is opened.
    Initialize,
    /// Somebody logged the application out.
    Login,
    /// A cached handle is stale.
    Forget,
}

/// What helps, and whether the call surely was not carried out, so that even what must not happen twice may be asked again.
pub(super) const fn cure(refused: &Refused) -> (Cure, bool) {
    let Refused::Pkcs11(code, _) = refused else { return (Cure::None, true) };
    match code {
        RvError::SessionHandleInvalid | RvError::SessionClosed => (Cure::Reconnect, true),
        RvError::CryptokiNotInitialized => (Cure::Initialize, true),
        RvError::UserNotLoggedIn => (Cure::Login, true),
        RvError::KeyHandleInvalid | RvError::ObjectHandleInvalid => (Cure::Forget, true),
        RvError::OperationActive | RvError::OperationNotInitialized => (Cure::Reconnect, true),
        RvError::SlotIdInvalid | RvError::TokenNotPresent | RvError::TokenNotRecognized => (Cure::Reconnect, true),
        RvError::DeviceRemoved | RvError::DeviceError | RvError::FunctionFailed | RvError::GeneralError => (Cure::Reconnect, false),
        _ => (Cure::None, true),
    }
}

/// The code as the standard spells it, e.g. `CKR_SESSION_HANDLE_INVALID`.
fn code_name(code: &RvError) -> String {
    match code {
        RvError::VendorDefined(number) => format!("CKR_VENDOR_DEFINED, {number:#x}"),
        RvError::UnknownErrorCode(number) => format!("the unknown code {number:#x}"),
        named => {
            let name = format!("{named:?}");
            let capitals = name.chars().enumerate().flat_map(|(index, letter)| {
                let gap = (letter.is_uppercase() && index > 0).then_some('_');
                gap.into_iter().chain(letter.to_uppercase())
            });
            format!("CKR_{}", capitals.collect::<String>())
        }
    }
}

const fn kind(code: &RvError, function: Function) -> Kind {
    match code {
        RvError::DeviceRemoved | RvError::TokenNotPresent | RvError::TokenNotRecognized | RvError::SlotIdInvalid => Kind::DeviceGone,
        RvError::DeviceMemory | RvError::HostMemory | RvError::SessionCount => Kind::DeviceFull,
        RvError::PinIncorrect
        | RvError::PinInvalid
        | RvError::PinLenRange
        | RvError::PinExpired
        | RvError::PinLocked
        | RvError::UserPinNotInitialized
        | RvError::UserNotLoggedIn => Kind::Pin,
        RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::CurveNotSupported
        | RvError::DomainParamsInvalid
        | RvError::FunctionNotSupported
        | RvError::KeyFunctionNotPermitted
        | RvError::KeyTypeInconsistent
        | RvError::ActionProhibited
        | RvError::TokenWriteProtected => Kind::Unsupported,
        _ if matches!(function, Function::Initialize | Function::GetInterface | Function::GetFunctionList) => Kind::Library,
        _ => Kind::DeviceFailed,
    }
}

const fn remedy(code: &RvError) -> &'static str {
    match code {
        RvError::DeviceRemoved | RvError::TokenNotPresent | RvError::TokenNotRecognized | RvError::SlotIdInvalid => {
            "put the token back, or bring its connection up: it is used again as soon as it is there"
        }
        RvError::SessionCount => "close sessions of other applications, or lower sessions_max",
        RvError::DeviceMemory => "destroy objects that nobody needs, or close sessions: the device has no memory left",
        RvError::HostMemory => "give this machine more memory",
        RvError::PinIncorrect => "correct the PIN; it is not tried again before that, lest the token lock itself",
        RvError::PinLocked => "let the security officer set a new PIN",
        RvError::PinExpired => "set a new PIN with the vendor's tool",
        RvError::UserPinNotInitialized => "let the security officer set a PIN",
        RvError::UserNotLoggedIn => "see whether another application logs out, and whether the PIN is that of the normal user",
        RvError::UserAnotherAlreadyLoggedIn => "end the session of the security officer in this process",
        RvError::TokenWriteProtected => "make the token writable",
        RvError::KeyFunctionNotPermitted => "make a key that has CKA_SIGN",
        RvError::MechanismInvalid | RvError::CurveNotSupported | RvError::DomainParamsInvalid => "take an algorithm that the token has",
        RvError::CantLock | RvError::NeedToCreateThreads => "set single_thread",
        RvError::DeviceError | RvError::FunctionFailed | RvError::GeneralError => "see the log of the module",
        _ => "",
    }
}

/// What a caller is told of a module's answer.
pub(super) fn explain(place: &str, refused: &Refused) -> Error {
    match refused {
        Refused::Pkcs11(code, function) => {
            Error::new(kind(code, *function), place, format!("C_{function:?} answered {}", code_name(code))).remedy(remedy(code))
        }
        Refused::LibraryLoading(error) => Error::new(Kind::Library, place, error.to_string())
            .remedy("name the vendor's PKCS#11 library, for this processor and this libc"),
        Refused::MissingSymbol(symbol) => {
            Error::new(Kind::Library, place, format!("it has no symbol {symbol}")).remedy("name a PKCS#11 library: this is another one")
        }
        Refused::NullFunctionPointer => {
            Error::new(Kind::Unsupported, place, "the module lacks a function that is needed").remedy("ask its vendor for a complete one")
        }
        other => Error::new(Kind::DeviceFailed, place, format!("the module's answer makes no sense: {other}")),
    }
}

impl Fault {
    pub(super) fn explain(&self, place: &str) -> Error {
        match self {
            Self::Module(refused) => explain(place, refused),
            Self::Own(error) => error.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_names_of_the_standard() {
        assert_eq!(code_name(&RvError::SessionHandleInvalid), "CKR_SESSION_HANDLE_INVALID");
        assert_eq!(code_name(&RvError::DeviceRemoved), "CKR_DEVICE_REMOVED");
        assert_eq!(code_name(&RvError::UserNotLoggedIn), "CKR_USER_NOT_LOGGED_IN");
        assert_eq!(code_name(&RvError::VendorDefined(0x8000_0001)), "CKR_VENDOR_DEFINED, 0x80000001");
    }

    #[test]
    fn an_error_names_place_function_code_and_remedy() {
        let error = explain("pkcs11:a", &Refused::Pkcs11(RvError::DeviceMemory, Function::Sign));
        assert_eq!(error.kind, Kind::DeviceFull);
        assert!(error.to_string().starts_with("pkcs11:a: C_Sign answered CKR_DEVICE_MEMORY; destroy objects"), "{error}");
    }
}
