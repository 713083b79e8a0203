//! `chainbox hsm sign`.

use std::process::ExitCode;

use chainbox_engine::scheme::Scheme;
use chainbox_hsm::{
    Algorithm, Deadline, Label, Payload, Role, Signer as _,
    signer::{Caller, CallerPolicy, KeyPolicy, Policy, SignRequest, Signed},
};
use serde_json::{Value, json};

use super::{
    device::{DeviceArgs, Opened, failed, slow},
    output::{print, print_json, public_key_hex},
    payload,
};
use crate::error::Error;

/// Who signs from the command line, as the audit log has it. No source of the settings has this name: theirs have no colon.
const OPERATOR: &str = "cli:operator";

/// The options of `chainbox hsm sign`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The label of the key
    #[arg(long, value_name = "LABEL")]
    key: Label,

    /// The scheme, where no settings name the key: ecdsa-secp256k1-keccak256 for an Ethereum transaction
    #[arg(long, value_name = "NAME")]
    scheme: Option<Scheme>,

    /// Print a line of JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    device: DeviceArgs,

    #[command(subcommand)]
    payload: payload::Kind,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let payload = args.payload.payload()?;
    let role = payload.role();
    let opened = args.device.open()?;
    let policy = policy(args, &opened, role)?;
    let signed = sign(&opened, policy, &args.key, payload)?;
    if args.json {
        print_json(&json(&args.key, role, &signed))?;
    } else {
        let Signed { signature, scheme, public_key } = &signed;
        print(&format!("{}\n{} by {}, public key {}\n", hex::encode(signature), scheme.name(), args.key, public_key_hex(public_key)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn json(key: &Label, role: Role, signed: &Signed) -> Value {
    json!({
        "key": key.as_str(),
        "role": role.name(),
        "scheme": signed.scheme.name(),
        "signature": hex::encode(signed.signature),
        "public_key": public_key_hex(&signed.public_key),
    })
}

/// What the operator may sign: all that the keys of the settings may. A key that no settings name signs what goes into no guard.
fn policy(args: &Args, opened: &Opened, role: Role) -> Result<Policy, Error> {
    let mut policy = opened.settings.signing_policy();
    if args.device.is_by_flags() && !policy.keys.contains_key(args.key.as_str()) {
        if role.is_consensus() {
            let text =
                "votes and blocks are signed by the settings alone, which name the guard and the key's chain: name them with --config";
            return Err(Error::new(text));
        }
        let key = opened.device.key(&args.key, slow(&opened.settings)).map_err(|error| failed(&error))?;
        let scheme = args.scheme.unwrap_or_else(|| key.algorithm.scheme());
        if Algorithm::of(scheme) != key.algorithm {
            return Err(Error::new(format!(
                "{} is a key of {} and not for {}: name a scheme that fits",
                key.label,
                key.algorithm,
                scheme.name()
            )));
        }
        let of_key = KeyPolicy { scheme, roles: vec![role], chain: None, sm2_id: None, valid_until: None };
        policy.keys.insert(args.key.to_string(), of_key);
    } else if args.scheme.is_some() {
        return Err(Error::new(format!("the settings say which scheme {} signs under: drop --scheme", args.key)));
    }
    // Heads of the audit log are signed by the log alone.
    let roles = |key: &KeyPolicy| key.roles.iter().copied().filter(|role| *role != Role::Audit).collect();
    let keys = policy.keys.iter().map(|(label, key)| (label.clone(), roles(key))).collect();
    policy.callers.insert(OPERATOR.to_owned(), CallerPolicy { keys });
    Ok(policy)
}

fn sign(opened: &Opened, policy: Policy, key: &Label, payload: Payload) -> Result<Signed, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| Error::new(format!("cannot wait for a signature: {error}")))?;
    let signer = opened.signer(policy)?;
    let (caller, request) = (Caller(OPERATOR.to_owned()), SignRequest { key: key.clone(), payload });
    let deadline = Deadline::after(opened.settings.hsm.time_max);
    let signed = runtime.block_on(signer.sign(&caller, vec![request], deadline)).pop();
    signed.ok_or_else(|| Error::new("the signer gave no answer: run chainbox hsm doctor"))?.map_err(|error| failed(&error))
}
