//! What the slot and the token say of themselves.

use chainbox_card::Settings;
use chainbox_engine::hash::sha256;
use cryptoki_sys::*;

use crate::{
    answer::Answer,
    limits::SESSIONS_MAX,
    module::{Access, Module},
};

/// The one slot.
pub(crate) const SLOT: CK_SLOT_ID = 0;

/// The label of the token.
const LABEL: &str = "chainbox";

const MANUFACTURER: &str = "Chainbox";

/// The longest PIN and the shortest.
const PIN_BYTES_MAX: CK_ULONG = chainbox_hsm::secret::SECRET_BYTES_MAX as CK_ULONG;
const PIN_BYTES_MIN: CK_ULONG = 1;

/// Text as these structures hold it: without a zero at its end, blanks after it.
fn padded<const N: usize>(text: &str) -> [CK_UTF8CHAR; N] {
    let mut padded = [b' '; N];
    let end = text.floor_char_boundary(N);
    padded[..end].copy_from_slice(&text.as_bytes()[..end]);
    padded
}

/// Major and minor of this version.
fn version() -> CK_VERSION {
    let number = |text: &str| text.parse().unwrap_or(0);
    CK_VERSION { major: number(env!("CARGO_PKG_VERSION_MAJOR")), minor: number(env!("CARGO_PKG_VERSION_MINOR")) }
}

/// `CK_INFO`.
pub(crate) fn library() -> CK_INFO {
    CK_INFO {
        cryptokiVersion: CK_VERSION { major: 2, minor: 40 },
        manufacturerID: padded(MANUFACTURER),
        flags: 0,
        libraryDescription: padded("Chainbox as a PKCS#11 token"),
        libraryVersion: version(),
    }
}

/// That a slot is the one.
pub(crate) const fn check(slot: CK_SLOT_ID) -> Answer<()> {
    if slot == SLOT { Ok(()) } else { Err(CKR_SLOT_ID_INVALID) }
}

/// `CK_SLOT_INFO`.
pub(crate) fn slot() -> CK_SLOT_INFO {
    CK_SLOT_INFO {
        slotDescription: padded("Chainbox"),
        manufacturerID: padded(MANUFACTURER),
        flags: CKF_TOKEN_PRESENT,
        hardwareVersion: version(),
        firmwareVersion: version(),
    }
}

/// Tells cards with other keys apart: 16 digits of the hash of where they are.
fn serial(settings: &Settings) -> String {
    let keys = settings.keys.as_ref().map(|path| path.display().to_string());
    let service = settings.service.as_ref().filter(|_| settings.sign_on_service).map(ToString::to_string);
    hex::encode(&sha256(keys.or(service).unwrap_or_default().as_bytes())[..8])
}

/// `CK_TOKEN_INFO`.
pub(crate) fn token(module: &Module) -> CK_TOKEN_INFO {
    let (sessions, writable) = module.sessions().counts();
    let access = module.access();
    let mut flags = CKF_TOKEN_INITIALIZED | CKF_RNG;
    if access != Access::NoKeys {
        flags |= CKF_USER_PIN_INITIALIZED;
    }
    if access == Access::Locked || access == Access::Unlocked {
        flags |= CKF_LOGIN_REQUIRED;
    }
    if access == Access::NoKeys || module.is_on_service() {
        flags |= CKF_WRITE_PROTECTED;
    }
    CK_TOKEN_INFO {
        label: padded(LABEL),
        manufacturerID: padded(MANUFACTURER),
        model: padded("card"),
        serialNumber: padded(&serial(module.card().settings())),
        flags,
        ulMaxSessionCount: SESSIONS_MAX as CK_ULONG,
        ulSessionCount: sessions as CK_ULONG,
        ulMaxRwSessionCount: SESSIONS_MAX as CK_ULONG,
        ulRwSessionCount: writable as CK_ULONG,
        ulMaxPinLen: PIN_BYTES_MAX,
        ulMinPinLen: PIN_BYTES_MIN,
        ulTotalPublicMemory: CK_UNAVAILABLE_INFORMATION,
        ulFreePublicMemory: CK_UNAVAILABLE_INFORMATION,
        ulTotalPrivateMemory: CK_UNAVAILABLE_INFORMATION,
        ulFreePrivateMemory: CK_UNAVAILABLE_INFORMATION,
        hardwareVersion: version(),
        firmwareVersion: version(),
        // There is no clock.
        utcTime: padded(""),
    }
}
