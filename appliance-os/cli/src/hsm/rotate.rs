//! `chainbox hsm rotate`: a new key, an overlap in which both are valid, and what to write into the settings.
//!
//! The device gets a key. The settings are the operator's: what stands in them is printed, not written.

use std::{
    fmt::Write as _,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use chainbox_hsm::{Algorithm, Label};
use chainbox_service::settings::SigningKey;
use serde_json::json;

use super::{
    device::{DeviceArgs, failed, slow},
    generate::make,
    output::{key_json, print, print_json, public_key_hex},
};
use crate::error::Error;

/// The longest overlap, in days: longer is no rotation.
const OVERLAP_DAYS_MAX: u64 = 366;

/// The options of `chainbox hsm rotate`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The label of the key that goes
    old: Label,

    /// The label of the key that comes
    new: Label,

    /// How long both are valid: a number and h or d, as 48h or 7d
    #[arg(long, value_name = "TIME", value_parser = overlap)]
    overlap: Duration,

    /// Print a line of JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    device: DeviceArgs,
}

fn overlap(text: &str) -> Result<Duration, String> {
    let hours = match text.split_at_checked(text.len().saturating_sub(1)) {
        Some((number, "h")) => number.parse::<u64>().ok(),
        Some((number, "d")) => number.parse::<u64>().ok().and_then(|days| days.checked_mul(24)),
        _ => None,
    };
    let hours = hours.filter(|hours| (1..=OVERLAP_DAYS_MAX * 24).contains(hours));
    hours.map(|hours| Duration::from_secs(hours * 3600)).ok_or_else(|| format!("write 1h to {OVERLAP_DAYS_MAX}d"))
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    if args.old == args.new {
        return Err(Error::new("the old key and the new one have the same label: name another for the new one"));
    }
    let opened = args.device.open()?;
    let old = opened.device.key(&args.old, slow(&opened.settings)).map_err(|error| failed(&error))?;
    let known = opened.key(&args.old).cloned();
    let algorithm = known.as_ref().and_then(|key| key.scheme).map_or(old.algorithm, Algorithm::of);
    let new = make(&opened, &args.new, algorithm)?;
    let until = end_of(args.overlap)?;
    let tables = known.map(|old| tables(&old, &args.new, until)).unwrap_or_default();
    if args.json {
        print_json(&json!({
            "old": key_json(&old), "new": key_json(&new), "valid_until": written(until), "settings": tables,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text =
        format!("Made {} ({algorithm}) on {}.\nPublic key: {}\n\n", new.label, opened.device.name(), public_key_hex(&new.public_key));
    if tables.is_empty() {
        let _ = writeln!(
            text,
            "No settings name {}: nothing gives it an end. The settings of whoever signs with it do (valid_until).",
            args.old
        );
    } else {
        let _ = write!(
            text,
            "In the settings, these two tables take the place of that of {}; then reload the service (SIGHUP). Both keys sign until {},\n\
             and from then on the old one is refused. Sources that use it name the new one in sign_keys too. Until you write them, nothing changes.\n\n\
             {tables}\n\
             When nobody uses it any more: chainbox hsm destroy {} --yes {}\n",
            args.old,
            written(until),
            args.old,
            args.old,
        );
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The end of an overlap that begins now, to the hour above.
fn end_of(overlap: Duration) -> Result<SystemTime, Error> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|_| Error::new("the clock is before 1970: set it"))?;
    let hours = (now + overlap).as_secs().div_ceil(3600);
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(hours * 3600))
}

fn written(moment: SystemTime) -> String {
    let key = SigningKey { valid_until: Some(moment), ..SigningKey::default() };
    key.to_toml()
        .lines()
        .find_map(|line| line.strip_prefix("valid_until = ").map(|text| text.trim_matches('"').to_owned()))
        .unwrap_or_default()
}

/// The tables of both keys for the overlap.
fn tables(old: &SigningKey, new: &Label, until: SystemTime) -> String {
    let going = SigningKey { valid_until: Some(until), ..old.clone() };
    // An index is a card's own: the new key has another one.
    let coming = SigningKey { label: Some(new.clone()), valid_until: None, index: None, ..old.clone() };
    format!("{}\n{}", going.to_toml(), coming.to_toml())
}

#[cfg(test)]
mod tests {
    use chainbox_engine::scheme::Scheme;
    use chainbox_hsm::Role;

    use super::*;

    #[test]
    fn overlaps_have_a_unit_and_a_bound() {
        assert_eq!(overlap("48h"), Ok(Duration::from_secs(48 * 3600)));
        assert_eq!(overlap("7d"), Ok(Duration::from_secs(7 * 24 * 3600)));
        for wrong in ["", "h", "0h", "7", "7w", "367d", "-1d", "1.5d", "99999999999999999999d", "7é"] {
            assert!(overlap(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_old_key_ends_and_the_new_one_is_like_it() {
        let old = SigningKey {
            label: Some("old".parse().unwrap()),
            scheme: Some(Scheme::EcdsaP256Sha256),
            roles: vec![Role::Vote, Role::Block],
            chain: Some("main".to_owned()),
            ..SigningKey::default()
        };
        let until = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let text = tables(&old, &"new".parse().unwrap(), until);
        assert_eq!(
            text,
            "[[hsm.key]]\nlabel = \"old\"\nscheme = \"ecdsa-p256-sha256\"\nroles = [\"vote\", \"block\"]\nchain = \"main\"\n\
             valid_until = \"2027-01-15T08:00:00Z\"\n\n\
             [[hsm.key]]\nlabel = \"new\"\nscheme = \"ecdsa-p256-sha256\"\nroles = [\"vote\", \"block\"]\nchain = \"main\"\n"
        );
    }
}
