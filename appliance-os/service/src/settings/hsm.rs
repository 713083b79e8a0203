//! The settings of signing: the device, its keys, and who may use them.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use chainbox_engine::scheme::Scheme;
use chainbox_hsm::{
    Label, Role, secret,
    signer::{CallerPolicy, KeyPolicy, Policy},
};

use super::Source;

/// What signs, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hsm {
    /// What holds the keys.
    pub device: SigningDevice,
    /// PKCS#11: the vendor's module.
    pub module: Option<PathBuf>,
    /// PKCS#11: the label of the token.
    pub token: Option<String>,
    /// PKCS#11: the serial number of the token, instead of its label.
    pub serial: Option<String>,
    /// PKCS#11: whether the module takes calls of many threads.
    pub is_threaded: bool,
    /// PKCS#11: the vendor's mechanism that signs with SM2.
    pub sm2_sign_mechanism: Option<u64>,
    /// PKCS#11: the vendor's mechanism that makes SM2 keys.
    pub sm2_generate_mechanism: Option<u64>,
    /// SDF: the vendor's library.
    pub library: Option<PathBuf>,
    /// A file of keys, for development.
    pub file: Option<PathBuf>,
    /// Where the PIN or the password comes from.
    pub pin_source: Option<secret::Source>,
    /// Whether the vendor's code runs in a process of its own.
    pub is_isolated: bool,
    /// Whether real keys are at stake: a file of keys is refused then.
    pub is_production: bool,
    /// Whether somebody wrote down what a file of keys in production means.
    pub software_in_production: bool,
    /// Sessions at once at most.
    pub sessions_max: usize,
    /// How long a request may take.
    pub time_max: Duration,
    /// Items of one request of a client.
    pub request_items_max: usize,
    /// Items of all clients that are accepted and not yet answered.
    pub items_in_flight_max: usize,
    /// The same for one client.
    pub source_items_in_flight_max: usize,
    /// Whether the engine verifies every signature before it leaves; those of votes and blocks it verifies always.
    pub checks_signatures: bool,
    /// Where the guard keeps what was voted on; `None` for the data folder.
    pub guard: Option<PathBuf>,
    /// Where the audit log is; `None` for the data folder.
    pub audit: Option<PathBuf>,
    /// The key that signs heads of the audit log.
    pub audit_key: Option<Label>,
    /// Records between two heads.
    pub audit_head_records: usize,
    /// Time between two heads.
    pub audit_head_time: Duration,
    /// The keys that may be used.
    pub keys: Vec<SigningKey>,
}

/// What holds the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningDevice {
    /// Nothing: no signing.
    Off,
    /// A PKCS#11 module.
    Pkcs11,
    /// An SDF library (GM/T 0018).
    Sdf,
    /// An encrypted file, for development.
    Software,
}

impl SigningDevice {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Off, Self::Pkcs11, Self::Sdf, Self::Software];

    /// The name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Pkcs11 => "pkcs11",
            Self::Sdf => "sdf",
            Self::Software => "software",
        }
    }
}

/// A key that may be used, and for what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningKey {
    /// Its label on the device; `None` where it is missing, which is a problem.
    pub label: Option<Label>,
    /// The scheme that it signs under; `None` where it is missing, which is a problem.
    pub scheme: Option<Scheme>,
    /// What it may sign.
    pub roles: Vec<Role>,
    /// The chain whose votes and blocks it signs.
    pub chain: Option<String>,
    /// SM2: the signer's id.
    pub sm2_id: Option<String>,
    /// SDF: its index on the card.
    pub index: Option<u64>,
    /// SDF: where the password of its private key comes from; `None` for that of all.
    pub pin_source: Option<secret::Source>,
    /// When it is refused from; `None` for never.
    pub valid_until: Option<SystemTime>,
}

/// The name under which the chain asks for its votes. No source can have it.
pub const CHAIN_CALLER: &str = "(chain)";

impl Default for Hsm {
    fn default() -> Self {
        Self {
            device: SigningDevice::Off,
            module: None,
            token: None,
            serial: None,
            is_threaded: true,
            sm2_sign_mechanism: None,
            sm2_generate_mechanism: None,
            library: None,
            file: None,
            pin_source: None,
            is_isolated: true,
            is_production: true,
            software_in_production: false,
            sessions_max: 16,
            time_max: Duration::from_secs(2),
            request_items_max: 256,
            items_in_flight_max: 4096,
            source_items_in_flight_max: 1024,
            checks_signatures: true,
            guard: None,
            audit: None,
            audit_key: None,
            audit_head_records: 1024,
            audit_head_time: Duration::from_secs(60),
            keys: Vec::new(),
        }
    }
}

impl SigningKey {
    /// Its label, and what it may sign; `None` where label or scheme is missing.
    pub(super) fn policy(&self) -> Option<(String, KeyPolicy)> {
        let policy = KeyPolicy {
            scheme: self.scheme?,
            roles: self.roles.clone(),
            chain: self.chain.clone(),
            sm2_id: self.sm2_id.clone(),
            valid_until: self.valid_until,
        };
        Some((self.label.as_ref()?.to_string(), policy))
    }
}

impl Hsm {
    /// Who may sign what with which key: each source what its keys and its roles have in common, and the chain its votes.
    pub(super) fn policy(&self, sources: &[Source], vote_key: Option<&Label>) -> Policy {
        let keys = self.keys.iter().filter(|key| !key.roles.is_empty());
        let keys: BTreeMap<String, KeyPolicy> = keys.filter_map(SigningKey::policy).collect();
        let caller = |source: &Source| {
            let of_key = |label: &Label| {
                let roles = &keys.get(label.as_str())?.roles;
                let common: Vec<Role> = source.sign_roles.iter().copied().filter(|role| roles.contains(role)).collect();
                (!common.is_empty()).then(|| (label.to_string(), common))
            };
            CallerPolicy { keys: source.sign_keys.iter().filter_map(of_key).collect() }
        };
        let callers = sources.iter().map(|source| (source.name.clone(), caller(source)));
        let mut callers: BTreeMap<_, _> = callers.filter(|(_, caller)| !caller.keys.is_empty()).collect();
        if let Some(label) = vote_key {
            let caller = CallerPolicy { keys: [(label.to_string(), vec![Role::Vote])].into() };
            callers.insert(CHAIN_CALLER.to_owned(), caller);
        }
        Policy { keys, callers }
    }
}
