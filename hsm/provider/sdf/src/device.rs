//! The device: the card of this process, with what the settings say of keys, and what it says of itself.

use std::sync::Arc;

use chainbox_card::{Card, Level};
use chainbox_hsm::{
    Error,
    sdf::{
        Code,
        abi::{DeviceInfo, SM2_BITS},
    },
};

use crate::{algorithm::abilities, files, indexes::Indexes};

/// The edition of GM/T 0018 that this is, as its digits read.
const STANDARD_VERSION: u32 = 0x2012;

/// Major, minor and patch version, a byte each.
const VERSION: u32 =
    part(env!("CARGO_PKG_VERSION_MAJOR")) << 16 | part(env!("CARGO_PKG_VERSION_MINOR")) << 8 | part(env!("CARGO_PKG_VERSION_PATCH"));

/// A part of a version.
const fn part(text: &str) -> u32 {
    match u8::from_str_radix(text, 10) {
        Ok(number) => number as u32,
        Err(_) => panic!("a part of the version has more than a byte"),
    }
}

pub(crate) struct Device {
    pub(crate) card: Arc<Card>,
    pub(crate) indexes: Indexes,
}

impl Device {
    /// Opens the card. Why that fails is logged.
    pub(crate) fn open() -> Result<Self, Code> {
        // What is wrong with the card itself it has logged.
        let card = Card::of_this_process().map_err(|_| Code::OPEN_DEVICE)?;
        let refuse = |error: Error| {
            card.log().line(Level::Error, &error.to_string());
            Code::OPEN_DEVICE
        };
        let indexes = Indexes::read(card.settings()).map_err(refuse)?;
        check_keys(&card, &indexes).map_err(refuse)?;
        Ok(Self { card, indexes })
    }

    /// Logs what was done.
    pub(crate) fn close(&self) {
        self.card.summary();
    }

    /// That the password is that of an index.
    pub(crate) fn check_password(&self, index: u32, password: &[u8]) -> Result<(), Code> {
        let entry = self.indexes.entry(index)?;
        if entry.is_password(password) {
            return Ok(());
        }
        let line = if entry.needs_right() {
            format!("SDF_GetPrivateKeyAccessRight: wrong password of index {index}; see [[sdf.key]] in the settings and the host's own")
        } else {
            format!(
                "SDF_GetPrivateKeyAccessRight: index {index} has no password in the settings, and needs none; take the host's away, or set the same there"
            )
        };
        self.card.log().line(Level::Warning, &line);
        Err(Code::RIGHT_REFUSED)
    }

    /// The code where a verdict cannot be had, which the card has logged.
    pub(crate) fn no_verdict(&self) -> Code {
        if self.card.settings().service.is_some() { Code::COMMUNICATION } else { Code::HARDWARE }
    }
}

/// That the keys of the settings are there. A service that does not answer now may do so later: verification goes on without it.
fn check_keys(card: &Card, indexes: &Indexes) -> Result<(), Error> {
    let mut named = indexes.keys().peekable();
    if named.peek().is_none() {
        return Ok(());
    }
    let checked = card.keys().and_then(|keys| named.try_for_each(|key| keys.find(&key.label).map(drop)));
    match checked {
        Err(error) if error.kind.is_transient() => {
            card.log().line(Level::Warning, &error.to_string());
            Ok(())
        }
        checked => checked,
    }
}

/// What `SDF_GetDeviceInfo` says.
pub(crate) fn info() -> DeviceInfo {
    let mut info = DeviceInfo {
        version: VERSION,
        standard: STANDARD_VERSION,
        asymmetric: [abilities::ASYMMETRIC, SM2_BITS],
        symmetric: abilities::SYMMETRIC,
        hashes: abilities::HASHES,
        buffer: files::ROOM_BYTES as u32,
        // There is nothing to number.
        serial: [b'0'; 16],
        ..DeviceInfo::EMPTY
    };
    info.issuer[..8].copy_from_slice(b"Chainbox");
    info.name[..12].copy_from_slice(b"Chainbox SDF");
    info
}
