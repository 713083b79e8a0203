//! `chainbox hsm doctor`: the device is opened step by step; each failure has its remedy.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    process::ExitCode,
};

use chainbox_engine::hash::sha256;
use chainbox_hsm::{
    Algorithm, Device, Error as SignError, KeyInfo, Kind, Label,
    device::{Capabilities, contract::verifies},
    guard,
    signer::KeyPolicy,
};
use chainbox_service::settings::{Hsm, Settings, SigningDevice};

use super::{
    device::{DeviceArgs, Opened, slow},
    output::print,
};
use crate::{
    doctor::{
        finding::{Finding, Findings},
        problems, storage,
    },
    error::Error,
};

/// The exit status where something is bad.
const EXIT_UNFIT: u8 = 1;

/// What a throw-away key is called, with a random number behind it.
const THROW_AWAY: &str = "chainbox-doctor";

/// The first bytes of a library.
const ELF: &[u8; 4] = b"\x7fELF";

/// Lines of at most 80 characters, so that no terminal wraps them.
const DETAILS: &str = "\
Reads the settings or flags, looks at the file of the module, reads the PIN, opens
the device (loads the module, finds the token, logs in), asks what it can do,
lists its keys, draws random bytes, makes a throw-away key, signs and verifies with
it and destroys it, and writes into the folders of the guard and the audit log.
It ends at the first step that the next ones need.

Each line is ok, warning (it works, and could be better) or bad. JSON lines have
check, state, found and remedy (null where nothing is to be done); the last one
is {\"summary\":{\"fit\",\"ok\",\"warnings\",\"bad\"}}.

Exit status:
  0  the device is fit; there may be warnings
  1  something is bad
  2  the output failed";

/// The options of `chainbox hsm doctor`.
#[derive(clap::Args, Debug)]
#[command(after_long_help = DETAILS)]
pub(super) struct Args {
    /// Sign with this key instead of a throw-away one; one of votes or blocks is not used for that
    #[arg(long, value_name = "LABEL")]
    key: Option<Label>,

    /// Print a line of JSON for each step and one for the whole
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    device: DeviceArgs,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let findings = examine(args);
    let place = args.device.shown();
    print(&if args.json { findings.json_lines() } else { findings.text(&place, "device") })?;
    Ok(if findings.is_fit() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_UNFIT) })
}

fn examine(args: &Args) -> Findings {
    let settings = match args.device.settings() {
        Ok(settings) => settings,
        Err(found) => return Findings(problems(&found)),
    };
    let mut found = Vec::new();
    steps(args, &settings, &mut found);
    found.push(storage::folder("guard", &settings.guard_folder(), "let this user write there (chown), or name another folder: hsm.guard"));
    if settings.signing_policy().keys.values().any(KeyPolicy::is_consensus) {
        // Keys that vote need one that was made, and whose files are whole.
        step(&mut found, "what was voted on", guard::read(&settings.guard_folder()), |states| format!("{} keys voted", states.len()));
    }
    found.push(storage::folder(
        "audit log",
        &settings.audit_folder(),
        "let this user write there (chown), or name another folder: hsm.audit",
    ));
    Findings(found)
}

/// The steps of which each needs the one before; none where one failed.
fn steps(args: &Args, settings: &Settings, found: &mut Vec<Finding>) -> Option<()> {
    if settings.hsm.device == SigningDevice::Off {
        let remedy = "set hsm.device in the settings, or name a device: --pkcs11 MODULE --token LABEL, --sdf LIBRARY, --software FILE";
        found.push(Finding::bad("settings", "hsm.device is \"off\": there is no device", remedy));
        return None;
    }
    let file = file(&settings.hsm);
    let is_there = file.is_fit();
    found.push(file);
    is_there.then_some(())?;
    let opened = open(settings, found)?;
    let device = opened.device.as_ref();
    let capabilities = step(found, "device", device.capabilities(slow(settings)), |capabilities| capabilities.description.clone())?;
    found.push(algorithms(&capabilities, settings));
    let keys = step(found, "keys", device.keys(slow(settings)), |keys| match keys.len() {
        1 => "1 key".to_owned(),
        count => format!("{count} keys"),
    })?;
    found.extend(of_settings(settings, &keys));
    random(device, settings, found);
    signature(args, device, settings, &capabilities, found);
    Some(())
}

/// A step as a finding; what it gave where it succeeded.
fn step<T>(found: &mut Vec<Finding>, subject: &str, answer: Result<T, SignError>, shown: impl FnOnce(&T) -> String) -> Option<T> {
    match answer {
        Ok(value) => {
            found.push(Finding::ok(subject, shown(&value)));
            Some(value)
        }
        Err(error) => {
            found.push(bad(subject, error));
            None
        }
    }
}

fn bad(subject: &str, error: SignError) -> Finding {
    let SignError { place, what, remedy, .. } = error;
    let remedy = if remedy.is_empty() { "run it again; where it stays so, ask the device's vendor".to_owned() } else { remedy };
    Finding::bad(subject, format!("{place}: {what}"), remedy)
}

/// The file of the module, the library or the keys.
fn file(hsm: &Hsm) -> Finding {
    let (subject, path, remedy) = match hsm.device {
        SigningDevice::Pkcs11 => ("module", &hsm.module, "install the vendor's package, or name its file: hsm.module or --pkcs11"),
        SigningDevice::Sdf => ("library", &hsm.library, "install the vendor's package, or name its file: hsm.library or --sdf"),
        SigningDevice::Software => ("file of keys", &hsm.file, "make it: chainbox hsm generate LABEL --algorithm NAME"),
        SigningDevice::Off => return Finding::bad("device", "off", "set hsm.device"),
    };
    let Some(path) = path else { return Finding::bad(subject, "none is named", remedy) };
    let place = path.display();
    match head(path) {
        Err(error) => Finding::bad(subject, format!("{place}: {error}"), remedy),
        Ok(head) if hsm.device != SigningDevice::Software && head != *ELF => {
            Finding::bad(subject, format!("{place} is no library of this system (no ELF file)"), remedy)
        }
        Ok(_) => Finding::ok(subject, place.to_string()),
    }
}

fn head(path: &Path) -> io::Result<[u8; 4]> {
    let mut head = [0; 4];
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let read = File::open(path)?.take(4).read(&mut head)?;
    Ok(if read == head.len() { head } else { [0; 4] })
}

/// Opening is one call with several steps, which its failure tells apart.
fn open(settings: &Settings, found: &mut Vec<Finding>) -> Option<Opened> {
    let secrets = step(found, "PIN source", Opened::secrets(settings), |secrets| match &settings.hsm.pin_source {
        Some(source) => source.to_string(),
        None => format!("{} passwords of keys", secrets.len()),
    })?;
    let parts = parts(&settings.hsm);
    match Opened::with(settings.clone(), &secrets) {
        Ok(opened) => {
            found.extend(parts.into_iter().map(|(subject, _, shown)| Finding::ok(subject, shown)));
            Some(opened)
        }
        Err(error) => {
            let failed = parts.iter().position(|(_, kinds, _)| kinds.contains(&error.kind));
            let subject = failed.map_or("open", |failed| parts[failed].0);
            found.extend(parts.into_iter().take(failed.unwrap_or(0)).map(|(subject, _, shown)| Finding::ok(subject, shown)));
            found.push(bad(subject, error));
            None
        }
    }
}

/// The steps of opening: what each is called, the kinds of its failures, and what is shown where it succeeded.
fn parts(hsm: &Hsm) -> [(&'static str, &'static [Kind], String); 3] {
    let runs = if hsm.is_isolated { "in a process of its own" } else { "in this process" };
    if hsm.device == SigningDevice::Software {
        let read: &[Kind] = &[Kind::Storage, Kind::NoDevice];
        return [
            ("mode", &[Kind::Refused], runs.to_owned()),
            ("read", read, "whole".to_owned()),
            ("password", &[Kind::Pin], "right".to_owned()),
        ];
    }
    let token = hsm.token.as_ref().or(hsm.serial.as_ref()).cloned().unwrap_or_else(|| "open".to_owned());
    let load: &[Kind] = &[Kind::Library, Kind::Crashed];
    [("load", load, runs.to_owned()), ("token", &[Kind::NoDevice], token), ("login", &[Kind::Pin], "accepted".to_owned())]
}

fn algorithms(capabilities: &Capabilities, settings: &Settings) -> Finding {
    let Capabilities { algorithms, sessions_max, batch_max, .. } = capabilities;
    let names: Vec<_> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
    let found = format!("{}; at most {sessions_max} sessions and {batch_max} digests a call", names.join(", "));
    let remedy = "name the vendor's own mechanisms (hsm.sm2_sign_mechanism), or use another device";
    let wanted = settings.hsm.keys.iter().filter_map(|key| key.scheme).map(Algorithm::of).find(|wanted| !algorithms.contains(wanted));
    match wanted {
        Some(wanted) => Finding::bad("mechanisms", format!("{found}; a key of the settings wants {wanted}"), remedy),
        None if algorithms.is_empty() => Finding::bad("mechanisms", "it signs with nothing that is known here", remedy),
        None => Finding::ok("mechanisms", found),
    }
}

/// The keys of the settings beside those of the device.
fn of_settings(settings: &Settings, keys: &[KeyInfo]) -> Vec<Finding> {
    let finding = |key: &chainbox_service::settings::SigningKey| {
        let (label, wanted) = (key.label.as_ref()?, Algorithm::of(key.scheme?));
        let subject = format!("key {label}");
        let roles: Vec<_> = key.roles.iter().map(|role| role.name()).collect();
        Some(match keys.iter().find(|there| there.label == *label) {
            None => Finding::bad(subject, "the settings name it and the device has none", format!("run: chainbox hsm generate {label:?}")),
            Some(there) if there.algorithm != wanted => {
                let found = format!("it is a key of {}, and the settings want {wanted}", there.algorithm);
                Finding::bad(subject, found, "correct its scheme in the settings, or use another label")
            }
            Some(there) => Finding::ok(subject, format!("{}; roles: {}", there.algorithm, roles.join(", "))),
        })
    };
    settings.hsm.keys.iter().filter_map(finding).collect()
}

fn random(device: &dyn Device, settings: &Settings, found: &mut Vec<Finding>) {
    let mut draws = [[0; 32]; 2];
    let drawn = draws.iter_mut().try_for_each(|draw| device.random(draw, slow(settings)));
    match drawn {
        Ok(()) if draws[0] == draws[1] => {
            found.push(Finding::bad("random bytes", "the same 32 bytes twice", "do not use this device: its keys may be as random"));
        }
        Ok(()) => found.push(Finding::ok("random bytes", "two draws of 32 bytes differ")),
        Err(error) => found.push(bad("random bytes", error)),
    }
}

/// Signs something that is nothing, and verifies it in the engine.
fn signature(args: &Args, device: &dyn Device, settings: &Settings, capabilities: &Capabilities, found: &mut Vec<Finding>) {
    match (&args.key, capabilities.generates && capabilities.destroys) {
        (Some(label), _) => {
            let known = settings.hsm.keys.iter().find(|key| key.label.as_ref() == Some(label));
            if known.is_some_and(|key| key.roles.iter().any(|role| role.is_consensus())) {
                let remedy = "name another key, or none for a throw-away one";
                found.push(Finding::bad("signature", format!("{label} votes: it signs nothing that its guard does not see"), remedy));
                return;
            }
            if let Some(key) = step(found, "key", device.key(label, slow(settings)), |key| format!("{} ({})", key.label, key.algorithm)) {
                verified(device, settings, &key, found);
            }
        }
        (None, true) => capabilities.algorithms.iter().for_each(|algorithm| with_throw_away(device, settings, *algorithm, found)),
        (None, false) => {
            let remedy = "name a key of the device that may sign a test: --key LABEL";
            found.push(Finding::warning("signature", "not tried: the device makes no throw-away keys", remedy));
        }
    }
}

fn with_throw_away(device: &dyn Device, settings: &Settings, algorithm: Algorithm, found: &mut Vec<Finding>) {
    let mut number = [0; 4];
    let label = device.random(&mut number, slow(settings)).map(|()| format!("{THROW_AWAY}-{}", hex::encode(number)));
    let subject = format!("throw-away key, {algorithm}");
    let made = label.and_then(|label| {
        let label: Label =
            label.parse().map_err(|error: chainbox_hsm::key::NoLabel| SignError::new(Kind::Input, &label, error.to_string()))?;
        let public_key = device.generate(&label, algorithm, slow(settings))?;
        Ok(KeyInfo { label, algorithm, public_key })
    });
    let Some(key) = step(found, &subject, made, |key| format!("made {}", key.label)) else { return };
    verified(device, settings, &key, found);
    if let Err(error) = device.destroy(&key.label, slow(settings)) {
        let SignError { place, what, .. } = error;
        let remedy = format!("run: chainbox hsm destroy {0} --yes {0}", key.label);
        found.push(Finding::bad(subject, format!("{place}: {} is left on the device: {what}", key.label), remedy));
    }
}

fn verified(device: &dyn Device, settings: &Settings, key: &KeyInfo, found: &mut Vec<Finding>) {
    let digest = sha256(format!("chainbox hsm doctor {}", key.label).as_bytes());
    let subject = format!("signature, {}", key.algorithm);
    match device.sign(&key.label, &[digest], slow(settings)) {
        Ok(signatures) if signatures.len() == 1 && verifies(key, &digest, &signatures[0]) => {
            found.push(Finding::ok(subject, "it verifies"));
        }
        Ok(_) => found.push(Finding::bad(subject, "it does not verify", "do not use this device with this mechanism; ask its vendor")),
        Err(error) => found.push(bad(&subject, error)),
    }
}
