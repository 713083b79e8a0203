//! What the settings say of an SDF device.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    Error, Kind, Label,
    secret::{Secret, Source},
};

/// The most sessions that the settings may ask for.
const SESSIONS_LIMIT: usize = 1024;

/// The most keys of one device.
const KEYS_LIMIT: usize = 4096;

/// A key of the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SdfKey {
    /// The index of its key pair on the device, from 1. The signature key of the pair is used.
    pub index: u32,
    /// Where the password comes from that gives the right to use the private key; none where the device asks for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Source>,
}

/// An SDF device and how it is used. The passwords are no part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The vendor's library.
    pub library: PathBuf,
    /// The keys by the labels that they have here: a device knows them by indexes only.
    pub keys: BTreeMap<Label, SdfKey>,
    /// Sessions that stay open.
    #[serde(default = "Options::sessions_min")]
    pub sessions_min: usize,
    /// Sessions at most. A device that has fewer is used with what it has.
    #[serde(default = "Options::sessions_max")]
    pub sessions_max: usize,
    /// How long a session above `sessions_min` stays without work, in seconds.
    #[serde(default = "Options::idle_seconds")]
    pub idle_seconds: u64,
    /// Calls that wait for a session at most; one more is refused as busy.
    #[serde(default = "Options::queue_max")]
    pub queue_max: usize,
    /// Calls that hang in the library and whose sessions are replaced, at most; with more, callers are refused as busy.
    #[serde(default = "Options::hung_max")]
    pub hung_max: usize,
    /// How long opening may take, in milliseconds: loading, opening, the rights to all keys.
    #[serde(default = "Options::open_ms")]
    pub open_ms: u64,
    /// The library is not thread-safe: every call is made by one thread, in one session, and a hung call is not replaced.
    #[serde(default)]
    pub single_thread: bool,
}

impl Options {
    /// A device with everything else left at its default.
    #[must_use]
    pub fn new(library: impl Into<PathBuf>, keys: BTreeMap<Label, SdfKey>) -> Self {
        Self {
            library: library.into(),
            keys,
            sessions_min: Self::sessions_min(),
            sessions_max: Self::sessions_max(),
            idle_seconds: Self::idle_seconds(),
            queue_max: Self::queue_max(),
            hung_max: Self::hung_max(),
            open_ms: Self::open_ms(),
            single_thread: false,
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

    /// Reads the passwords from their sources.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn read_passwords(&self) -> Result<BTreeMap<Label, Secret>, Error> {
        let with_source = self.keys.iter().filter_map(|(label, key)| Some((label, key.password.as_ref()?)));
        let place = self.place();
        with_source.map(|(label, source)| Ok((label.clone(), source.read(&format!("password of {place}, key {label}"))?))).collect()
    }

    /// The name of the device: that of its library's file.
    pub(super) fn place(&self) -> String {
        format!("sdf:{}", self.library.file_name().unwrap_or(self.library.as_os_str()).to_string_lossy())
    }

    /// That the numbers make sense together.
    pub(super) fn check(&self, place: &str) -> Result<(), Error> {
        let wrong = |what: String, remedy: String| Err(Error::new(Kind::Input, place, what).remedy(remedy));
        if self.sessions_max == 0 || self.sessions_max > SESSIONS_LIMIT || self.sessions_min > self.sessions_max {
            let what = format!("sessions_min = {}, sessions_max = {}", self.sessions_min, self.sessions_max);
            return wrong(what, format!("take 0 <= sessions_min <= sessions_max, and sessions_max from 1 to {SESSIONS_LIMIT}"));
        }
        if self.queue_max == 0 || self.open_ms == 0 {
            return wrong(format!("queue_max = {}, open_ms = {}", self.queue_max, self.open_ms), "take at least 1 for each".to_owned());
        }
        if self.keys.is_empty() || self.keys.len() > KEYS_LIMIT {
            return wrong(format!("{} keys", self.keys.len()), format!("name 1 to {KEYS_LIMIT} keys by label and index"));
        }
        if let Some((label, _)) = self.keys.iter().find(|(_, key)| key.index == 0) {
            return wrong(
                format!("key {label} has index 0"),
                "name the index of its key pair, from 1; 0 is the device's own key pair".to_owned(),
            );
        }
        let mut indexes = BTreeMap::new();
        for (label, key) in &self.keys {
            if let Some(other) = indexes.insert(key.index, label) {
                return wrong(format!("keys {other} and {label} both have index {}", key.index), "give each key one label".to_owned());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(json: &str) -> Result<Options, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_library_and_keys_are_enough() {
        let json =
            r#"{"library":"/opt/vendor/libsdf.so","keys":{"validator":{"index":1,"password":"credential:sdf-1"},"audit":{"index":2}}}"#;
        let options = options(json).expect("they are options");
        options.check("sdf").expect("they make sense");
        assert_eq!(options.place(), "sdf:libsdf.so");
        let keys = options.keys.clone();
        assert_eq!(keys.len(), 2);
        assert_eq!(options, Options::new("/opt/vendor/libsdf.so", keys));
        let again = serde_json::to_string(&options).expect("they can be written");
        assert_eq!(self::options(&again).expect("they are options"), options);
    }

    #[test]
    fn passwords_are_read_from_their_sources() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("password");
        std::fs::write(&path, "secret\n").expect("the folder can be written");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("the file is ours");
        let json = format!(r#"{{"library":"x","keys":{{"a":{{"index":1,"password":"file:{}"}},"b":{{"index":2}}}}}}"#, path.display());
        let passwords = options(&json).expect("they are options").read_passwords().expect("they can be read");
        let read: Vec<_> = passwords.iter().map(|(label, password)| (label.as_str(), password.expose())).collect();
        assert_eq!(read, [("a", b"secret".as_slice())]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_remedy() {
        for (json, expected) in [
            (r#"{"library":"x","keys":{}}"#, "0 keys"),
            (r#"{"library":"x","keys":{"a":{"index":0}}}"#, "key a has index 0"),
            (r#"{"library":"x","keys":{"a":{"index":7},"b":{"index":7}}}"#, "keys a and b both have index 7"),
            (r#"{"library":"x","keys":{"a":{"index":1}},"sessions_max":0}"#, "sessions_max = 0"),
            (r#"{"library":"x","keys":{"a":{"index":1}},"sessions_min":5,"sessions_max":4}"#, "sessions_min = 5"),
            (r#"{"library":"x","keys":{"a":{"index":1}},"queue_max":0}"#, "queue_max = 0"),
        ] {
            let error = options(json).expect("they are options").check("sdf").expect_err("they make no sense");
            assert!(error.kind == Kind::Input && error.what.contains(expected) && !error.remedy.is_empty(), "{error}");
        }
        assert!(options(r#"{"library":"x","keys":{"a":{"index":1,"password":"12345678"}}}"#).is_err(), "a password is no source of one");
        assert!(options(r#"{"library":"x","keys":{"a":{"index":1}},"pin":"x"}"#).is_err());
    }
}
