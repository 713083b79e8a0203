//! `chainbox hsm destroy`.

use std::process::ExitCode;

use chainbox_hsm::Label;
use serde_json::json;

use super::{
    device::{DeviceArgs, failed, slow},
    output::{print, print_json},
};
use crate::error::Error;

/// The options of `chainbox hsm destroy`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The label of the key
    label: Label,

    /// The label once more: what is destroyed does not come back
    #[arg(long, value_name = "LABEL")]
    yes: Label,

    /// Print a line of JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    device: DeviceArgs,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    if args.label != args.yes {
        let (label, yes) = (&args.label, &args.yes);
        return Err(Error::new(format!("{label:?} and --yes {yes:?} are not the same label: nothing was destroyed; type it twice")));
    }
    let opened = args.device.open()?;
    let deadline = slow(&opened.settings);
    let key = opened.device.key(&args.label, deadline).map_err(|error| failed(&error))?;
    opened.device.destroy(&args.label, deadline).map_err(|error| failed(&error))?;
    if args.json {
        print_json(&json!({ "destroyed": key.label.as_str(), "algorithm": key.algorithm.name() }))?;
    } else {
        print(&format!("Destroyed {} ({}) on {}.\n", key.label, key.algorithm, opened.device.name()))?;
    }
    Ok(ExitCode::SUCCESS)
}
