//! What the settings say of a PKCS#11 device.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Error, Kind};

/// The most sessions that the settings may ask for.
const SESSIONS_LIMIT: usize = 1024;

/// Which token: the label or the serial number that its maker or `C_InitToken` gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TokenName {
    /// `CK_TOKEN_INFO.label`, without the blanks at its end.
    Label(String),
    /// `CK_TOKEN_INFO.serialNumber`, without the blanks at its end.
    Serial(String),
}

/// The vendor's mechanisms for SM2: PKCS#11 has none of its own. No such device was at hand: never run on hardware.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sm2Mechanisms {
    /// The mechanism that signs e = SM3(Z_A || M), 32 bytes, and gives r || s.
    pub sign: u64,
    /// The mechanism that makes key pairs; none where keys are made elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate: Option<u64>,
    /// The object identifier of the curve in `CKA_EC_PARAMS`, e.g. `1.2.156.10197.1.301`.
    #[serde(default = "sm2_curve")]
    pub curve: String,
}

fn sm2_curve() -> String {
    "1.2.156.10197.1.301".to_owned()
}

/// A token of a PKCS#11 module and how it is used. The PIN is no part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The vendor's library.
    pub module: PathBuf,
    /// Which token of the module.
    pub token: TokenName,
    /// Sessions that stay open.
    #[serde(default = "Options::sessions_min")]
    pub sessions_min: usize,
    /// Sessions at most. A token that has fewer is used with what it has.
    #[serde(default = "Options::sessions_max")]
    pub sessions_max: usize,
    /// How long a session above `sessions_min` stays without work, in seconds.
    #[serde(default = "Options::idle_seconds")]
    pub idle_seconds: u64,
    /// Calls that wait for a session at most; one more is refused as busy.
    #[serde(default = "Options::queue_max")]
    pub queue_max: usize,
    /// Calls that hang in the module and whose sessions are replaced, at most; with more, callers are refused as busy.
    #[serde(default = "Options::hung_max")]
    pub hung_max: usize,
    /// How long opening may take, in milliseconds: loading, initialising, the first login.
    #[serde(default = "Options::open_ms")]
    pub open_ms: u64,
    /// The module is not thread-safe: every call is made by one thread, in one session, and a hung call is not replaced.
    #[serde(default)]
    pub single_thread: bool,
    /// The vendor's mechanisms for SM2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sm2: Option<Sm2Mechanisms>,
}

impl Options {
    /// A token with everything else left at its default.
    #[must_use]
    pub fn new(module: impl Into<PathBuf>, token: TokenName) -> Self {
        Self {
            module: module.into(),
            token,
            sessions_min: Self::sessions_min(),
            sessions_max: Self::sessions_max(),
            idle_seconds: Self::idle_seconds(),
            queue_max: Self::queue_max(),
            hung_max: Self::hung_max(),
            open_ms: Self::open_ms(),
            single_thread: false,
            sm2: None,
        }
    }

    const fn sessions_min() -> usize {
        1
    }

    const fn sessions_max() -> usize {
        16
    }

    const fn idle_seconds() -> u64 {
        60
    }

    const fn queue_max() -> usize {
        4096
    }

    const fn hung_max() -> usize {
        4
    }

    const fn open_ms() -> u64 {
        30_000
    }

    /// That the numbers make sense together.
    pub(super) fn check(&self, place: &str) -> Result<(), Error> {
        let wrong = |what: String, remedy: &str| Err(Error::new(Kind::Input, place, what).remedy(remedy));
        if self.sessions_max == 0 || self.sessions_max > SESSIONS_LIMIT || self.sessions_min > self.sessions_max {
            let what = format!("sessions_min = {}, sessions_max = {}", self.sessions_min, self.sessions_max);
            return wrong(what, &format!("take 0 <= sessions_min <= sessions_max, and sessions_max from 1 to {SESSIONS_LIMIT}"));
        }
        if self.queue_max == 0 || self.open_ms == 0 {
            return wrong(format!("queue_max = {}, open_ms = {}", self.queue_max, self.open_ms), "take at least 1 for each");
        }
        Ok(())
    }
}
