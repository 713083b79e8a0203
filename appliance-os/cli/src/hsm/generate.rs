//! `chainbox hsm generate`.

use std::process::ExitCode;

use chainbox_hsm::{Algorithm, KeyInfo, Label};

use super::{
    device::{DeviceArgs, Opened, failed, slow},
    output::{key_json, print, print_json, public_key_hex},
};
use crate::error::Error;

/// The options of `chainbox hsm generate`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The label of the key
    label: Label,

    /// What it signs with: ecdsa-secp256k1, ecdsa-p256 or sm2; as the settings say where they name the key
    #[arg(long, value_name = "NAME")]
    algorithm: Option<Algorithm>,

    /// Print a line of JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    device: DeviceArgs,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let opened = args.device.open_to_make()?;
    let of_settings = opened.key(&args.label).and_then(|key| key.scheme).map(Algorithm::of);
    let algorithm = match (args.algorithm, of_settings) {
        (Some(algorithm), None) => algorithm,
        (Some(algorithm), Some(wanted)) if algorithm == wanted => algorithm,
        (None, Some(wanted)) => wanted,
        (Some(algorithm), Some(wanted)) => {
            return Err(Error::new(format!(
                "the settings want {} to be a key of {wanted}, not of {algorithm}: drop --algorithm",
                args.label
            )));
        }
        (None, None) => return Err(Error::new(format!("no settings name the key {}: say --algorithm NAME", args.label))),
    };
    let key = make(&opened, &args.label, algorithm)?;
    if args.json {
        print_json(&key_json(&key))?;
    } else {
        print(&format!(
            "Made {} ({algorithm}) on {}.\nPublic key: {}\n",
            key.label,
            opened.device.name(),
            public_key_hex(&key.public_key)
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a key.
pub(super) fn make(opened: &Opened, label: &Label, algorithm: Algorithm) -> Result<KeyInfo, Error> {
    let public_key = opened.device.generate(label, algorithm, slow(&opened.settings)).map_err(|error| failed(&error))?;
    Ok(KeyInfo { label: label.clone(), algorithm, public_key })
}
