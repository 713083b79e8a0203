//! Return codes by name, what they mean, and what helps.

use crate::{Error, Kind};

/// What an SDF function returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code(pub u32);

/// What may help when a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cure {
    /// Nothing: the same call fails in the same way.
    None,
    /// To get the right to use the private key again.
    Right,
    /// Another session.
    Session,
    /// To open the device again.
    Device,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The library answered with a code.
    Code {
        /// The function.
        function: &'static str,
        /// What it returned.
        code: Code,
    },
    /// The library answered with success and something that cannot be.
    Lies {
        /// The function.
        function: &'static str,
        /// What cannot be.
        what: &'static str,
    },
    /// It is explained already.
    Said(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Said(error)
    }
}

impl Fault {
    pub(super) fn cure(&self) -> Cure {
        match self {
            Self::Code { code, .. } => code.explain().cure,
            Self::Lies { .. } | Self::Said(_) => Cure::None,
        }
    }

    /// Names the code and the remedy. `subject` is what the call was about, e.g. a key.
    pub(super) fn explain(self, place: &str, subject: &str) -> Error {
        let about = if subject.is_empty() { String::new() } else { format!(" ({subject})") };
        match self {
            Self::Said(error) => error,
            Self::Lies { function, what } => Error::new(Kind::DeviceFailed, place, format!("{function}{about}: {what}"))
                .remedy("ask the vendor for a library of GM/T 0018-2012 or later"),
            Self::Code { function, code } => {
                let Explained { name, meaning, kind, remedy, .. } = code.explain();
                Error::new(kind, place, format!("{function}{about} answered {name} ({:#010x}): {meaning}", code.0)).remedy(remedy)
            }
        }
    }
}

/// What a code says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Explained {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
    pub(super) kind: Kind,
    pub(super) cure: Cure,
    pub(super) remedy: &'static str,
}

const fn entry(name: &'static str, meaning: &'static str, kind: Kind, cure: Cure, remedy: &'static str) -> Explained {
    Explained { name, meaning, kind, cure, remedy }
}

const LOG: &str = "see the device's own log, and its state in the vendor's management tool";
const CARD: &str = "see that the card is seated, powered and initialised, and that its driver or its network is up";
const SETTINGS: &str = "see the index of the key in the settings, and which keys the vendor's management tool shows";
const PASSWORD: &str = "see the password of this index, and whether the vendor's tool has to log an operator in first";
const VENDOR: &str = "ask the vendor what the device and this version of the library can do";
const SESSIONS: &str = "lower sessions_max, or end other programs that use the device";

/// SDR_BASE.
const BASE: u32 = 0x0100_0000;

/// Annex A of GM/T 0018-2012: 0x01000001 and what follows it, in order.
const STANDARD: [Explained; 0x1e] = [
    entry("SDR_UNKNOWERR", "unknown error", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_NOTSUPPORT", "the function is not supported", Kind::Unsupported, Cure::None, VENDOR),
    entry("SDR_COMMFAIL", "no communication with the device", Kind::DeviceGone, Cure::Device, CARD),
    entry("SDR_HARDFAIL", "the hardware does not respond", Kind::DeviceFailed, Cure::Device, CARD),
    entry("SDR_OPENDEVICE", "the device cannot be opened", Kind::DeviceGone, Cure::Device, CARD),
    entry("SDR_OPENSESSION", "no session can be made", Kind::DeviceFull, Cure::Session, SESSIONS),
    entry("SDR_PARDENY", "no right to use the private key", Kind::Pin, Cure::Right, PASSWORD),
    entry("SDR_KEYNOTEXIST", "there is no such key", Kind::NoKey, Cure::None, SETTINGS),
    entry("SDR_ALGNOTSUPPORT", "the algorithm is not supported", Kind::Unsupported, Cure::None, VENDOR),
    entry("SDR_ALGMODNOTSUPPORT", "the mode of the algorithm is not supported", Kind::Unsupported, Cure::None, VENDOR),
    entry("SDR_PKOPERR", "the operation with the public key failed", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_SKOPERR", "the operation with the private key failed", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_SIGNERR", "signing failed", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_VERIFYERR", "the signature does not verify", Kind::DeviceFailed, Cure::None, LOG),
    entry("SDR_SYMOPERR", "the symmetric operation failed", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_STEPERR", "the steps of the operation are out of order", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_FILESIZEERR", "the file is too large, or the length of the input is not allowed", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_FILENOEXIST", "the file does not exist", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_FILEOFSERR", "the offset in the file is not allowed", Kind::DeviceFailed, Cure::Session, LOG),
    entry(
        "SDR_KEYTYPEERR",
        "the key is of another type",
        Kind::NoKey,
        Cure::None,
        "name the index of an SM2 signature key in the settings",
    ),
    entry("SDR_KEYERR", "the key is not usable", Kind::DeviceFailed, Cure::None, SETTINGS),
    entry("SDR_ENCDATAERR", "the encrypted data is wrong", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_RANDERR", "no random bytes could be made", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_PRKRERR", "the right to use the private key was refused", Kind::Pin, Cure::Right, PASSWORD),
    entry("SDR_MACERR", "the MAC failed", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_FILEEXISTS", "the file exists", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_FILEWERR", "the file cannot be written", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_NOBUFFER", "the device has no memory left", Kind::DeviceFull, Cure::Session, SESSIONS),
    // A session that the device forgot is such an argument: the standard has no code of its own for it.
    entry("SDR_INARGERR", "an argument is wrong, or the session is no longer valid", Kind::DeviceFailed, Cure::Session, LOG),
    entry("SDR_OUTARGERR", "an output argument is wrong", Kind::DeviceFailed, Cure::Session, LOG),
];

impl Code {
    /// `SDR_OK`.
    pub const OK: Self = Self(0);
    /// `SDR_UNKNOWERR`.
    pub const UNKNOWN: Self = Self(BASE + 0x01);
    /// `SDR_NOTSUPPORT`.
    pub const NOT_SUPPORTED: Self = Self(BASE + 0x02);
    /// `SDR_COMMFAIL`.
    pub const COMMUNICATION: Self = Self(BASE + 0x03);
    /// `SDR_HARDFAIL`.
    pub const HARDWARE: Self = Self(BASE + 0x04);
    /// `SDR_OPENDEVICE`.
    pub const OPEN_DEVICE: Self = Self(BASE + 0x05);
    /// `SDR_OPENSESSION`.
    pub const OPEN_SESSION: Self = Self(BASE + 0x06);
    /// `SDR_PARDENY`.
    pub const NO_RIGHT: Self = Self(BASE + 0x07);
    /// `SDR_KEYNOTEXIST`.
    pub const NO_KEY: Self = Self(BASE + 0x08);
    /// `SDR_ALGNOTSUPPORT`.
    pub const ALGORITHM: Self = Self(BASE + 0x09);
    /// `SDR_ALGMODNOTSUPPORT`.
    pub const MODE: Self = Self(BASE + 0x0a);
    /// `SDR_PKOPERR`.
    pub const PUBLIC_KEY: Self = Self(BASE + 0x0b);
    /// `SDR_SKOPERR`.
    pub const PRIVATE_KEY: Self = Self(BASE + 0x0c);
    /// `SDR_SIGNERR`.
    pub const SIGN: Self = Self(BASE + 0x0d);
    /// `SDR_VERIFYERR`.
    pub const VERIFY: Self = Self(BASE + 0x0e);
    /// `SDR_SYMOPERR`.
    pub const SYMMETRIC: Self = Self(BASE + 0x0f);
    /// `SDR_STEPERR`.
    pub const STEP: Self = Self(BASE + 0x10);
    /// `SDR_FILESIZEERR`.
    pub const FILE_SIZE: Self = Self(BASE + 0x11);
    /// `SDR_FILENOEXIST`.
    pub const NO_FILE: Self = Self(BASE + 0x12);
    /// `SDR_FILEOFSERR`.
    pub const FILE_OFFSET: Self = Self(BASE + 0x13);
    /// `SDR_KEYTYPEERR`.
    pub const KEY_TYPE: Self = Self(BASE + 0x14);
    /// `SDR_KEYERR`.
    pub const KEY: Self = Self(BASE + 0x15);
    /// `SDR_ENCDATAERR`.
    pub const CIPHERTEXT: Self = Self(BASE + 0x16);
    /// `SDR_RANDERR`.
    pub const RANDOM: Self = Self(BASE + 0x17);
    /// `SDR_PRKRERR`.
    pub const RIGHT_REFUSED: Self = Self(BASE + 0x18);
    /// `SDR_MACERR`.
    pub const MAC: Self = Self(BASE + 0x19);
    /// `SDR_FILEEXISTS`.
    pub const FILE_EXISTS: Self = Self(BASE + 0x1a);
    /// `SDR_FILEWERR`.
    pub const FILE_WRITE: Self = Self(BASE + 0x1b);
    /// `SDR_NOBUFFER`.
    pub const NO_BUFFER: Self = Self(BASE + 0x1c);
    /// `SDR_INARGERR`.
    pub const INPUT: Self = Self(BASE + 0x1d);
    /// `SDR_OUTARGERR`.
    pub const OUTPUT: Self = Self(BASE + 0x1e);

    /// Whether the standard has it.
    pub(super) fn is_standard(self) -> bool {
        (BASE + 1..=BASE + STANDARD.len() as u32).contains(&self.0)
    }

    /// What it says. Above those of the standard every vendor has codes of its own, several under the same number.
    pub(super) fn explain(self) -> Explained {
        let at = self.0.wrapping_sub(BASE + 1) as usize;
        STANDARD.get(at).copied().unwrap_or_else(|| {
            let meaning = "the standard has no such code";
            entry("a code of the vendor's own", meaning, Kind::DeviceFailed, Cure::Session, "look the number up in the vendor's header")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_numbers_of_the_standard() {
        for (number, name) in [
            (0x0100_0001, "SDR_UNKNOWERR"),
            (0x0100_0003, "SDR_COMMFAIL"),
            (0x0100_0007, "SDR_PARDENY"),
            (0x0100_0008, "SDR_KEYNOTEXIST"),
            (0x0100_000e, "SDR_VERIFYERR"),
            (0x0100_0010, "SDR_STEPERR"),
            (0x0100_0015, "SDR_KEYERR"),
            (0x0100_0018, "SDR_PRKRERR"),
            (0x0100_001c, "SDR_NOBUFFER"),
            (0x0100_001d, "SDR_INARGERR"),
            (0x0100_001e, "SDR_OUTARGERR"),
        ] {
            assert_eq!(Code(number).explain().name, name, "{number:#x}");
        }
        for (code, name) in [
            (Code::UNKNOWN, "SDR_UNKNOWERR"),
            (Code::NO_RIGHT, "SDR_PARDENY"),
            (Code::NO_KEY, "SDR_KEYNOTEXIST"),
            (Code::PUBLIC_KEY, "SDR_PKOPERR"),
            (Code::VERIFY, "SDR_VERIFYERR"),
            (Code::STEP, "SDR_STEPERR"),
            (Code::NO_FILE, "SDR_FILENOEXIST"),
            (Code::CIPHERTEXT, "SDR_ENCDATAERR"),
            (Code::RIGHT_REFUSED, "SDR_PRKRERR"),
            (Code::FILE_EXISTS, "SDR_FILEEXISTS"),
            (Code::OUTPUT, "SDR_OUTARGERR"),
        ] {
            assert_eq!(code.explain().name, name);
        }
        for number in [1, 0x0100_0000, 0x0100_001f, 0x0100_0020, 0x0101_0001, u32::MAX] {
            assert_eq!(Code(number).explain().name, "a code of the vendor's own", "{number:#x}");
        }
    }

    #[test]
    fn every_code_says_what_it_means_and_what_to_do() {
        for number in BASE..BASE + 0x30 {
            let error = Fault::Code { function: "SDF_InternalSign_ECC", code: Code(number) }.explain("sdf:card", "key validator, index 1");
            let text = error.to_string();
            assert!(text.starts_with("sdf:card: SDF_InternalSign_ECC (key validator, index 1) answered "), "{text}");
            assert!(text.contains(&format!("({number:#010x})")) && !error.remedy.is_empty(), "{text}");
        }
    }
}
