//! What the settings of signing must be beside one another.

use std::collections::BTreeMap;

use chainbox_hsm::{Error, Role, signer::Policy};

use crate::settings::{
    Hsm, SigningDevice, SigningKey, Source,
    load::{LoadedTable, Loader},
    problem::Problem,
    tables::SIGNING_KEY_TABLE,
};

/// Checks everything about signing that no value shows by itself.
pub(super) fn check(loader: &mut Loader) {
    let hsm = loader.draft.settings.hsm.clone();
    if loader.is_sound(&["hsm.device"]) {
        device(loader, &hsm);
    }
    limits(loader, &hsm);
    let keys = std::mem::take(&mut loader.signing_keys);
    let sources = std::mem::take(&mut loader.sources);
    let problems = &mut loader.problems;
    keys.iter().filter(|key| key.is_sound).for_each(|key| problems.extend(of_key(key, hsm.device)));
    problems.extend(twice(&keys));
    problems.extend(sources.iter().filter_map(|source| of_source(source, &keys, hsm.device)));
    (loader.signing_keys, loader.sources) = (keys, sources);
    audit_key(loader, &hsm);
}

/// What each device needs, and whose keys are set beside it.
fn device(loader: &mut Loader, hsm: &Hsm) {
    let missing = |loader: &mut Loader, key: &str, is_there: bool, remedy: &str| {
        if !is_there && loader.is_sound(&[key]) {
            let what = format!("hsm.device is \"{}\" and {key} is not set", hsm.device.name());
            loader.problem(if loader.is_set(key) { key } else { "hsm.device" }, what, remedy);
        }
    };
    match hsm.device {
        SigningDevice::Off => return,
        SigningDevice::Pkcs11 => {
            missing(loader, "hsm.module", hsm.module.is_some(), "set hsm.module to the vendor's module");
            if hsm.token.is_none() == hsm.serial.is_none() && loader.is_sound(&["hsm.token", "hsm.serial"]) {
                let key = loader.set_of("hsm.token", "hsm.serial");
                loader.problem(key, "a token is named by its label or by its serial number", "set one of hsm.token and hsm.serial");
            }
        }
        SigningDevice::Sdf => missing(loader, "hsm.library", hsm.library.is_some(), "set hsm.library to the vendor's library"),
        SigningDevice::Software => {
            missing(loader, "hsm.file", hsm.file.is_some(), "set hsm.file to the file of keys");
            if hsm.is_production && !hsm.software_in_production && loader.is_sound(&["hsm.mode", "hsm.software_in_production"]) {
                let remedy = "set hsm.mode to \"development\", use a device, or write the sentence of hsm.software_in_production";
                loader.problem("hsm.device", "a file of keys is for development", remedy);
            }
        }
    }
    // A card may ask for no password, or for one that each key names.
    let needs_pin = hsm.device != SigningDevice::Sdf;
    missing(loader, "hsm.pin_source", hsm.pin_source.is_some() || !needs_pin, "set hsm.pin_source, as \"credential:hsm-pin\"");
}

fn limits(loader: &mut Loader, hsm: &Hsm) {
    let bounds = [
        ("hsm.request_items_max", hsm.request_items_max, "hsm.source_items_in_flight_max", hsm.source_items_in_flight_max),
        ("hsm.source_items_in_flight_max", hsm.source_items_in_flight_max, "hsm.items_in_flight_max", hsm.items_in_flight_max),
    ];
    for (lower, low, upper, high) in bounds {
        if low > high && loader.is_sound(&[lower, upper]) {
            let key = loader.set_of(lower, upper);
            loader.problem(key, format!("{lower} is {low} and {upper} is {high}"), format!("lower {lower}, or raise {upper}"));
        }
    }
}

/// What is wrong with a key by itself: the signer's own rules, and what its device needs.
fn of_key(loaded: &LoadedTable<SigningKey>, device: SigningDevice) -> Vec<Problem> {
    let key = &loaded.value;
    let mut problems = Vec::new();
    if key.label.is_none() {
        problems.push(loaded.problem("label", "the key has no label", format!("write label = \"...\" below [[{SIGNING_KEY_TABLE}]]")));
    }
    if key.scheme.is_none() {
        problems.push(loaded.problem("scheme", "the key has no scheme", "write the scheme that it signs under, as \"ecdsa-p256-sha256\""));
    }
    if device == SigningDevice::Sdf && key.index.is_none() {
        problems.push(loaded.problem("index", "the key has no index", "write its index on the card, as `chainbox hsm list` shows it"));
    }
    if device != SigningDevice::Sdf && key.index.is_some() {
        problems.push(loaded.problem("index", "only keys of an SDF card have an index", "drop it, or set hsm.device to \"sdf\""));
    }
    if device != SigningDevice::Sdf && key.pin_source.is_some() {
        problems.push(loaded.problem("pin_source", "only keys of an SDF card have a password each", "drop it, and set hsm.pin_source"));
    }
    if let Some((label, policy)) = key.policy() {
        let alone = Policy { keys: [(label, policy)].into(), ..Policy::default() };
        problems.extend(alone.check().err().map(|Error { what, remedy, .. }| loaded.problem("roles", what, remedy)));
    }
    problems
}

/// Labels and indexes that two keys have.
fn twice(keys: &[LoadedTable<SigningKey>]) -> Vec<Problem> {
    let mut seen = BTreeMap::new();
    let mut problems = Vec::new();
    for loaded in keys {
        let SigningKey { label, index, .. } = &loaded.value;
        let label = label.as_ref().map(|label| ("label", format!("the label {:?}", label.as_str())));
        let index = index.map(|index| ("index", format!("the index {index}")));
        for (key, shown) in label.into_iter().chain(index) {
            if let Some(first) = seen.insert(shown.clone(), loaded.origin(key)) {
                problems.push(loaded.problem(key, format!("{shown} stands at {first} already"), "give it to one key alone"));
            }
        }
    }
    problems
}

/// What is wrong with what a source may sign: the first thing.
fn of_source(loaded: &LoadedTable<Source>, keys: &[LoadedTable<SigningKey>], device: SigningDevice) -> Option<Problem> {
    let Source { sign_keys, sign_roles, .. } = &loaded.value;
    let problem = |key: &str, what: String, remedy: &str| Some(loaded.problem(key, what, remedy));
    let keys_of = |label| keys.iter().map(|key| &key.value).filter(move |key| key.label.as_ref() == Some(label));
    match (sign_keys.is_empty(), sign_roles.is_empty()) {
        (true, true) => return None,
        (true, false) => return problem("sign_roles", "the source has roles and no keys".to_owned(), "name its keys in sign_keys"),
        (false, true) => return problem("sign_keys", "the source has keys and no roles".to_owned(), "name what it may sign in sign_roles"),
        (false, false) => {}
    }
    if device == SigningDevice::Off {
        return problem("sign_keys", "nothing signs here".to_owned(), "set hsm.device");
    }
    if sign_roles.contains(&Role::Audit) {
        return problem("sign_roles", "heads of the audit log are signed by the log alone".to_owned(), "take audit out");
    }
    if let Some(label) = sign_keys.iter().find(|label| keys_of(label).next().is_none()) {
        let what = format!("there is no key {:?}", label.as_str());
        return problem("sign_keys", what, "write a table [[hsm.key]] with this label, or name one that has a table");
    }
    let has = |role| sign_keys.iter().flat_map(keys_of).any(|key| key.roles.contains(role));
    let without = sign_roles.iter().find(|role| !has(role))?;
    problem("sign_roles", format!("none of its keys has the role {without}"), "give the role to one of its keys, or take it out")
}

fn audit_key(loader: &mut Loader, hsm: &Hsm) {
    let Some(label) = hsm.audit_key.as_ref().filter(|_| loader.is_sound(&["hsm.audit_key"])) else { return };
    let key = loader.signing_keys.iter().find(|key| key.value.label.as_ref() == Some(label));
    let what = match key {
        Some(key) if key.value.roles.contains(&Role::Audit) => return,
        Some(_) => format!("the key {:?} has not the role audit", label.as_str()),
        None => format!("there is no key {:?}", label.as_str()),
    };
    loader.problem("hsm.audit_key", what, "write a table [[hsm.key]] with this label and roles = [\"audit\"]");
}
