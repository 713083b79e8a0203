//! Tables that may stand many times in the file: sources, and keys that sign.

use super::{
    Settings, SigningKey, Source,
    keys::{
        Change::{Reload, Restart},
        Key, key, unset,
    },
    kind::Kind::*,
};

/// The table of a source.
pub(super) const SOURCE_TABLE: &str = "source";

/// The section of signing, and the table of a key within it.
pub(super) const SIGNING_SECTION: &str = "hsm";
const SIGNING_KEY: &str = "key";
pub(super) const SIGNING_KEY_TABLE: &str = "hsm.key";

/// A kind of table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Source,
    SigningKey,
}

impl Table {
    /// Which of them has this name: the section where it stands in one, and the last part.
    pub(super) fn of(section: Option<&str>, name: &str) -> Option<Self> {
        match (section, name) {
            (None, SOURCE_TABLE) => Some(Self::Source),
            (Some(SIGNING_SECTION), SIGNING_KEY) => Some(Self::SigningKey),
            _ => None,
        }
    }

    /// The dotted name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Source => SOURCE_TABLE,
            Self::SigningKey => SIGNING_KEY_TABLE,
        }
    }

    /// What several of them are called.
    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::Source => "sources",
            Self::SigningKey => "keys that sign",
        }
    }

    /// The most of them in a file.
    pub(super) const fn count_max(self) -> usize {
        match self {
            Self::Source => 4096,
            Self::SigningKey => 256,
        }
    }

    /// The names of their keys.
    pub(super) fn keys(self) -> Vec<&'static str> {
        match self {
            Self::Source => SOURCE_KEYS.iter().map(|key| key.name).collect(),
            Self::SigningKey => SIGNING_KEYS.iter().map(|key| key.name).collect(),
        }
    }
}

/// The keys of a source, in the order of the template.
pub(super) static SOURCE_KEYS: &[Key<Source>] = &[
    unset("name", Reload, Name(|source| &mut source.name), "The name that limits, metrics and logs use.", "node-1"),
    unset(
        "certificates",
        Reload,
        Certificates(|source| &mut source.certificates),
        "Client certificates that are this source: a common name, a DNS name, or sha256: and the hex digest of the certificate.",
        "node-1.example",
    ),
    unset("users", Reload, Users(|source| &mut source.users), "Users of the Unix socket that are this source, by name or number.", "node"),
    key(
        "weight",
        Reload,
        Count32(1..=10_000, |source| &mut source.weight),
        "Its share of a busy server beside other sources, which have 100 unless told.",
    ),
    key(
        "items_in_flight_max",
        Reload,
        Count(1..=1 << 30, |source| &mut source.items_in_flight_max),
        "Its items that may be accepted and not yet answered; as limits.source_items_in_flight_max unless set.",
    ),
    key(
        "bytes_in_flight_max",
        Reload,
        Bytes(4096..=1024 << 30, |source| &mut source.bytes_in_flight_max),
        "The bytes of its messages that may be accepted and not yet answered; as limits.source_bytes_in_flight_max unless set.",
    ),
    unset(
        "sign_keys",
        Reload,
        Labels(|source| &mut source.sign_keys),
        "Labels of the keys of hsm.key that it may sign with. Others may sign with none.",
        "validator-1",
    ),
    unset(
        "sign_roles",
        Reload,
        Roles(|source| &mut source.sign_roles),
        "What it may sign with them, as far as each key has the role: vote, block, transaction, tls, opaque.",
        "vote",
    ),
];

/// The keys of a key that signs, in the order of the template.
pub(super) static SIGNING_KEYS: &[Key<SigningKey>] = &[
    unset("label", Restart, Label(|key| &mut key.label), "Its label on the device.", "validator-1"),
    unset(
        "scheme",
        Restart,
        SchemeName(|key| &mut key.scheme),
        "The scheme that it signs under: ecdsa-secp256k1-sha256, ecdsa-secp256k1-keccak256, ecdsa-p256-sha256 or sm2-sm3.",
        "ecdsa-p256-sha256",
    ),
    unset(
        "roles",
        Reload,
        Roles(|key| &mut key.roles),
        "What it may sign: vote, block, transaction, tls, audit, opaque (digests of which nobody here knows what they are; never beside vote or block).",
        "vote",
    ),
    unset(
        "chain",
        Reload,
        Text(|key| &mut key.chain),
        "The id of the chain whose votes and blocks it signs; wanted for those roles, and for no other.",
        "main",
    ),
    unset(
        "sm2_id",
        Reload,
        Text(|key| &mut key.sm2_id),
        "SM2: the id of the signer. Unless set, it is 1234567812345678.",
        "1234567812345678",
    ),
    unset("index", Restart, Number(1..=65_535, |key| &mut key.index), "SDF: its index on the card.", "1"),
    unset(
        "pin_source",
        Restart,
        PinSource(|key| &mut key.pin_source),
        "SDF: where the password comes from that gives the right to use its private key; as hsm.pin_source unless set.",
        "credential:sdf-password-1",
    ),
    unset(
        "valid_until",
        Reload,
        Moment(|key| &mut key.valid_until),
        "When it is refused from, in UTC: the end of the overlap where another key takes its place. `chainbox hsm rotate` writes it.",
        "2027-01-01T00:00:00Z",
    ),
];

impl SigningKey {
    /// Its table as the file has it: what is set, and nothing else.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut key = self.clone();
        let lines = SIGNING_KEYS.iter().filter_map(|known| Some(format!("{} = {}\n", known.name, known.kind.show(&mut key)?)));
        format!("[[{SIGNING_KEY_TABLE}]]\n{}", lines.collect::<String>())
    }
}

/// A source of which only the line is known where it begins.
pub(super) fn source_of(settings: &Settings) -> Source {
    Source {
        name: String::new(),
        certificates: Vec::new(),
        users: Vec::new(),
        weight: super::WEIGHT_DEFAULT,
        items_in_flight_max: settings.limits.source_items_in_flight_max,
        bytes_in_flight_max: settings.limits.source_bytes_in_flight_max,
        sign_keys: Vec::new(),
        sign_roles: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_texts_are_sentences() {
        for table in [Table::Source, Table::SigningKey] {
            let names = table.keys();
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
        }
        let texts = SOURCE_KEYS.iter().map(|key| key.text).chain(SIGNING_KEYS.iter().map(|key| key.text));
        texts.for_each(|text| assert!(text.ends_with('.') || text.ends_with(')'), "{text}"));
    }

    #[test]
    fn tables_are_known_by_section_and_name() {
        assert_eq!(Table::of(None, "source"), Some(Table::Source));
        assert_eq!(Table::of(Some("hsm"), "key"), Some(Table::SigningKey));
        assert_eq!([Table::of(None, "key"), Table::of(Some("tls"), "key"), Table::of(Some("hsm"), "source")], [None; 3]);
    }
}
