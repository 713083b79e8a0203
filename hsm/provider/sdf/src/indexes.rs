//! The keys of the card by their indexes, as the settings give them, and the passwords that give the right to use them.

use std::{collections::BTreeMap, hint::black_box, sync::OnceLock};

use chainbox_card::settings::{SdfKey, Settings};
use chainbox_hsm::{
    Error, Kind, Label,
    sdf::Code,
    secret::{SECRET_BYTES_MAX, Secret},
};

/// What a key pair of an index is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Sign,
    Encrypt,
}

/// A key of the card.
pub(crate) struct Key {
    pub(crate) label: Label,
    /// Set when it was seen to be an SM2 key: a service is asked for that once.
    pub(crate) is_sm2: OnceLock<()>,
}

/// The key pairs of an index.
pub(crate) struct Entry {
    sign: Option<Key>,
    encrypt: Option<Key>,
    password: Option<Secret>,
}

/// The key pairs of the card.
pub(crate) struct Indexes(BTreeMap<u32, Entry>);

impl Indexes {
    /// Reads the settings, which were checked, and the passwords from their sources.
    pub(crate) fn read(settings: &Settings) -> Result<Self, Error> {
        let entry = |key: &SdfKey| {
            let index = key.index;
            if key.sign.is_none() && key.encrypt.is_none() {
                let error = Error::new(Kind::Input, "settings of the card, sdf.key", format!("index {index} names no key"));
                return Err(error.remedy("set sign, encrypt or both to labels of keys"));
            }
            let password = key.password.as_ref().map(|source| source.read(&format!("password of index {index}"))).transpose()?;
            let named = |label: &Option<Label>| label.clone().map(|label| Key { label, is_sm2: OnceLock::new() });
            Ok((index, Entry { sign: named(&key.sign), encrypt: named(&key.encrypt), password }))
        };
        settings.sdf.keys.iter().map(entry).collect::<Result<_, _>>().map(Self)
    }

    /// The key pairs of an index.
    pub(crate) fn entry(&self, index: u32) -> Result<&Entry, Code> {
        self.0.get(&index).ok_or(Code::NO_KEY)
    }

    /// All keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.values().flat_map(|entry| entry.sign.iter().chain(&entry.encrypt))
    }
}

impl Entry {
    pub(crate) fn key(&self, purpose: Use) -> Result<&Key, Code> {
        let key = match purpose {
            Use::Sign => &self.sign,
            Use::Encrypt => &self.encrypt,
        };
        key.as_ref().ok_or(Code::NO_KEY)
    }

    /// Whether the private keys are used by those alone who know the password.
    pub(crate) const fn needs_right(&self) -> bool {
        self.password.is_some()
    }

    /// Whether this is the password. No password is right where there is none.
    pub(crate) fn is_password(&self, password: &[u8]) -> bool {
        self.password.as_ref().is_some_and(|right| is_equal(right.expose(), password))
    }
}

/// In a time that depends on neither bytes nor lengths.
fn is_equal(left: &[u8], right: &[u8]) -> bool {
    let byte = |bytes: &[u8], at: usize| bytes.get(at).copied().unwrap_or(0);
    let mut difference = left.len() ^ right.len();
    for at in 0..SECRET_BYTES_MAX {
        difference |= usize::from(black_box(byte(left, at) ^ byte(right, at)));
    }
    black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_equal_where_every_byte_is() {
        assert!(is_equal(b"", b"") && is_equal(b"12345678", b"12345678") && is_equal(&[7; SECRET_BYTES_MAX], &[7; SECRET_BYTES_MAX]));
        for (left, right) in
            [(&b"a"[..], &b""[..]), (b"", b"\0"), (b"12345678", b"1234567"), (b"12345678", b"12345678\0"), (b"12345678", b"12345679")]
        {
            assert!(!is_equal(left, right) && !is_equal(right, left), "{left:?} {right:?}");
        }
        let mut changed = [7; SECRET_BYTES_MAX];
        changed[SECRET_BYTES_MAX - 1] ^= 0x80;
        assert!(!is_equal(&[7; SECRET_BYTES_MAX], &changed));
    }
}
