//! Why something was not signed, and what to do about it.

use std::fmt;

/// What kind of failure it is: what a program decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The module or library cannot be opened.
    Library,
    /// No slot, token or device answers to the name in the settings.
    NoDevice,
    /// The device was removed, or lost power.
    DeviceGone,
    /// The device has no memory or no session left.
    DeviceFull,
    /// The device answered with an error that means none of the others.
    DeviceFailed,
    /// The process that holds the module ended.
    Crashed,
    /// The PIN or password is wrong, locked or missing.
    Pin,
    /// No key has this label.
    NoKey,
    /// A key has this label already, or several have.
    KeyExists,
    /// The device or the key cannot do this.
    Unsupported,
    /// The caller, the key or the payload may not do this.
    Refused,
    /// Signing this would be a second vote.
    DoubleVote,
    /// The guard or the audit log cannot be written: nothing is signed without them.
    Storage,
    /// More is under way than the limits allow.
    Busy,
    /// There was no answer before the deadline.
    Deadline,
    /// What was asked is malformed.
    Input,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::Library,
        Self::NoDevice,
        Self::DeviceGone,
        Self::DeviceFull,
        Self::DeviceFailed,
        Self::Crashed,
        Self::Pin,
        Self::NoKey,
        Self::KeyExists,
        Self::Unsupported,
        Self::Refused,
        Self::DoubleVote,
        Self::Storage,
        Self::Busy,
        Self::Deadline,
        Self::Input,
    ];

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name used in JSON, metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Library => "library",
            Self::NoDevice => "no-device",
            Self::DeviceGone => "device-gone",
            Self::DeviceFull => "device-full",
            Self::DeviceFailed => "device-failed",
            Self::Crashed => "crashed",
            Self::Pin => "pin",
            Self::NoKey => "no-key",
            Self::KeyExists => "key-exists",
            Self::Unsupported => "unsupported",
            Self::Refused => "refused",
            Self::DoubleVote => "double-vote",
            Self::Storage => "storage",
            Self::Busy => "busy",
            Self::Deadline => "deadline",
            Self::Input => "input",
        }
    }

    /// Whether the same request may succeed later without anybody's doing.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::DeviceGone | Self::DeviceFull | Self::DeviceFailed | Self::Crashed | Self::Busy | Self::Deadline)
    }
}

/// A failure: where, what, and the remedy. It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind it is.
    pub kind: Kind,
    /// Where: the device, the file, the key.
    pub place: String,
    /// What happened, with the name of the device's own code where it gave one.
    pub what: String,
    /// What to do; empty where nothing can be done but to try again.
    pub remedy: String,
}

impl Error {
    /// A failure whose remedy is to be named by [`Self::remedy`].
    pub fn new(kind: Kind, place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { kind, place: place.into(), what: what.into(), remedy: String::new() }
    }

    /// The same with its remedy.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: remedy.into(), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "; {}", self.remedy) }
    }
}

impl std::error::Error for Error {}
