//! `chainbox hsm list`.

use std::process::ExitCode;

use chainbox_engine::scheme::Scheme;
use chainbox_hsm::KeyInfo;
use chainbox_service::settings::{Settings, SigningKey};
use serde_json::json;

use super::{
    device::{DeviceArgs, failed, slow},
    output::{key_json, print, public_key_hex},
};
use crate::error::Error;

/// The options of `chainbox hsm list`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Print a line of JSON for each key
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    device: DeviceArgs,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let opened = args.device.open()?;
    let keys = opened.device.keys(slow(&opened.settings)).map_err(|error| failed(&error))?;
    let text = if args.json { json_lines(&keys, &opened.settings) } else { table(&keys, &opened.settings) };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// What the settings say of a key.
fn of_settings<'a>(key: &KeyInfo, settings: &'a Settings) -> Option<&'a SigningKey> {
    settings.hsm.keys.iter().find(|known| known.label.as_ref() == Some(&key.label))
}

fn roles(key: &KeyInfo, settings: &Settings) -> Vec<&'static str> {
    of_settings(key, settings).map(|known| known.roles.iter().map(|role| role.name()).collect()).unwrap_or_default()
}

fn json_lines(keys: &[KeyInfo], settings: &Settings) -> String {
    let line = |key: &KeyInfo| {
        let mut line = key_json(key);
        line["roles"] = json!(roles(key, settings));
        line["scheme"] = json!(of_settings(key, settings).and_then(|known| known.scheme).map(Scheme::name));
        format!("{line}\n")
    };
    keys.iter().map(line).collect()
}

fn table(keys: &[KeyInfo], settings: &Settings) -> String {
    if keys.is_empty() {
        return "There is no key on the device. `chainbox hsm generate LABEL` makes one.\n".to_owned();
    }
    let width = keys.iter().map(|key| key.label.as_str().chars().count()).max().unwrap_or_default();
    let line = |key: &KeyInfo| {
        let roles = match &*roles(key, settings) {
            [] => "none in the settings".to_owned(),
            roles => roles.join(", "),
        };
        let (label, algorithm) = (key.label.as_str(), key.algorithm.name());
        format!("{label:<width$}  {algorithm:<15}  {}  roles: {roles}\n", public_key_hex(&key.public_key))
    };
    keys.iter().map(line).collect()
}
