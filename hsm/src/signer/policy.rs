//! Who may sign what with which key.

use std::{collections::BTreeMap, time::SystemTime};

use chainbox_engine::{batch::SM2_ID_BYTES_MAX, scheme::Scheme};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Caller;
use crate::{
    Algorithm, Error, Kind, Label, Payload, Role,
    payload::{CHAIN_BYTES_MAX, SM2_ID},
};

/// The longest name of a caller, in bytes: it stands in every record of the audit log.
pub const CALLER_BYTES_MAX: usize = 512;

/// What a key may sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPolicy {
    /// The scheme that it signs under, by its name.
    #[serde(serialize_with = "write_scheme", deserialize_with = "read_scheme")]
    pub scheme: Scheme,
    /// Its roles.
    pub roles: Vec<Role>,
    /// The chain whose votes and blocks it signs; wanted for a consensus role, and for nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// The id that goes into Z_A; for SM2 only, and 1234567812345678 where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sm2_id: Option<String>,
    /// When it is refused from: the end of the overlap where another key takes its place. None for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<SystemTime>,
}

impl KeyPolicy {
    /// The id that goes into Z_A.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        self.sm2_id.as_deref().map_or(SM2_ID, str::as_bytes)
    }

    /// Whether it votes or proposes.
    #[must_use]
    pub fn is_consensus(&self) -> bool {
        self.roles.iter().any(|role| role.is_consensus())
    }
}

/// What a caller may have signed: for each key by its label, under which roles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallerPolicy {
    /// Roles by the label of the key.
    #[serde(default)]
    pub keys: BTreeMap<String, Vec<Role>>,
}

/// Keys by label, and callers by name. What is not allowed here is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Keys by label.
    #[serde(default)]
    pub keys: BTreeMap<String, KeyPolicy>,
    /// Callers by name.
    #[serde(default)]
    pub callers: BTreeMap<String, CallerPolicy>,
}

impl Policy {
    /// That it contradicts neither itself nor the rules.
    ///
    /// # Errors
    /// [`Kind::Input`] with the key or caller, what is wrong with it, and the remedy.
    pub fn check(&self) -> Result<(), Error> {
        self.keys.iter().try_for_each(|(label, key)| check_key(label, key))?;
        self.callers.iter().try_for_each(|(name, caller)| self.check_caller(name, caller))
    }

    fn check_caller(&self, name: &str, caller: &CallerPolicy) -> Result<(), Error> {
        let place = format!("caller {name}");
        if name.is_empty() || name.len() > CALLER_BYTES_MAX {
            let what = format!("a name of {} bytes", name.len());
            return Err(wrong(&place, what, &format!("a caller's name has 1 to {CALLER_BYTES_MAX} bytes")));
        }
        for (label, roles) in &caller.keys {
            let key = self
                .keys
                .get(label)
                .ok_or_else(|| wrong(&place, format!("there is no key {label} in the settings"), "name a key of the settings"))?;
            if let Some(role) = roles.iter().find(|role| **role == Role::Audit || !key.roles.contains(role)) {
                let remedy = if *role == Role::Audit {
                    "heads of the audit log are signed by the log itself: take the role audit from the caller".to_owned()
                } else {
                    format!("give the key the role {role}, or take it from the caller")
                };
                return Err(wrong(&place, format!("it may not have the key {label} under the role {role}"), &remedy));
            }
        }
        Ok(())
    }

    /// The policy of a key.
    ///
    /// # Errors
    /// [`Kind::Refused`] where the settings do not name it.
    pub fn key(&self, label: &Label) -> Result<&KeyPolicy, Error> {
        self.keys.get(label.as_str()).ok_or_else(|| {
            Error::new(Kind::Refused, format!("key {label}"), "the settings name no such key")
                .remedy("add the key and its roles to the settings")
        })
    }

    /// Whether a caller may have this payload signed with this key. The checks are made in this order: the caller is known, the caller has the key, the
    /// caller has it under this role, the settings name the key, the key has the role, its time is not over, the chain is the
    /// key's.
    ///
    /// # Errors
    /// [`Kind::Refused`] with the first that fails.
    pub fn permit(&self, caller: &Caller, label: &Label, payload: &Payload) -> Result<&KeyPolicy, Error> {
        let (place, role) = (format!("key {label}"), payload.role());
        let refused = |what: String, remedy: &str| Error::new(Kind::Refused, &place, what).remedy(remedy);
        let name = &caller.0;
        let known = self.callers.get(name);
        let known =
            known.ok_or_else(|| refused(format!("the settings name no caller {name:?}"), "add the caller and its keys to the settings"))?;
        let roles = known.keys.get(label.as_str());
        let roles =
            roles.ok_or_else(|| refused(format!("the caller {name:?} may not use it"), "give the key to the caller in the settings"))?;
        if !roles.contains(&role) {
            return Err(refused(
                format!("the caller {name:?} may not use it under the role {role}"),
                "give the role to the caller in the settings",
            ));
        }
        let key = self.key(label)?;
        if !key.roles.contains(&role) {
            return Err(refused(format!("it has not the role {role}"), "give the role to the key in the settings"));
        }
        if key.valid_until.is_some_and(|until| SystemTime::now() >= until) {
            return Err(refused("its time is over: the settings give it a valid_until".to_owned(), "use the key that took its place"));
        }
        match payload.position() {
            Some((chain, _)) if key.chain.as_deref() != Some(chain) => Err(refused(
                format!("it signs for another chain than {chain:?}"),
                "is this the right node? The settings name the chain of each key",
            )),
            _ => Ok(key),
        }
    }
}

fn check_key(label: &str, key: &KeyPolicy) -> Result<(), Error> {
    let place = format!("key {label}");
    let has = |role: Role| key.roles.contains(&role);
    label.parse::<Label>().map_err(|error| wrong(&place, error.to_string(), "choose another label"))?;
    let chain_bytes = key.chain.as_ref().map(String::len);
    if key.roles.is_empty() {
        return Err(wrong(&place, "it has no role".to_owned(), "give it one of vote, block, transaction, tls, audit, opaque"));
    }
    if key.is_consensus() && has(Role::Opaque) {
        let what = "a key that votes or proposes may not sign opaque digests: a vote could be passed off as one".to_owned();
        return Err(wrong(&place, what, "take the role opaque from it, and use another key for it"));
    }
    if key.is_consensus() && !chain_bytes.is_some_and(|bytes| (1..=CHAIN_BYTES_MAX).contains(&bytes)) {
        return Err(wrong(
            &place,
            "a key that votes or proposes needs the id of its chain".to_owned(),
            &format!("set chain, 1 to {CHAIN_BYTES_MAX} bytes"),
        ));
    }
    if !key.is_consensus() && key.chain.is_some() {
        return Err(wrong(&place, "a chain without a consensus role".to_owned(), "take chain away, or give it the role vote or block"));
    }
    if has(Role::Tls) && Algorithm::of(key.scheme) == Algorithm::EcdsaSecp256k1 {
        return Err(wrong(&place, "TLS 1.3 knows no signatures on secp256k1".to_owned(), "use a key on P-256 or an SM2 key for tls"));
    }
    match &key.sm2_id {
        Some(_) if key.scheme != Scheme::Sm2Sm3 => Err(wrong(&place, "an SM2 id of a key that is not SM2".to_owned(), "take sm2_id away")),
        Some(id) if id.len() > SM2_ID_BYTES_MAX => {
            Err(wrong(&place, format!("an SM2 id of {} bytes", id.len()), &format!("it has at most {SM2_ID_BYTES_MAX} bytes")))
        }
        _ => Ok(()),
    }
}

fn wrong(place: &str, what: String, remedy: &str) -> Error {
    Error::new(Kind::Input, place, what).remedy(remedy)
}

fn write_scheme<S: Serializer>(scheme: &Scheme, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(scheme.name())
}

fn read_scheme<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scheme, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}
