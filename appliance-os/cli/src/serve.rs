//! `chainbox serve`: the verification service.

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
};

use chainbox_engine::backend::{Backend, CpuOptions};
use chainbox_engine::transaction::native::Suite;
use chainbox_hsm::{Algorithm, Deadline, PublicKey, signer::Caller};
use chainbox_service::{
    Addresses, Backends, Extend, Reload, Signing,
    settings::{CHAIN_CALLER, Engine, Loaded, Settings, SigningDevice, Sources},
};

use crate::{
    backends::{
        self,
        devices::{self, Wanted},
    },
    chain::Votes,
    config::{SettingsArgs, refused},
    error::Error,
    hsm::device::Opened,
};

/// Lines of at most 80 characters, so that no terminal wraps them.
const DETAILS: &str = "\
gRPC over TCP and over a Unix socket (chainbox.v1.Verification, chainbox.v1.Signing
where hsm.device is set, health and reflection), and HTTP with the status page, /metrics, /healthz and /readyz.

SIGHUP reads the settings and certificates again, SIGTERM and Ctrl-C end it:
no new work, answers to all that was accepted. A second one ends it at once.

Exit status: 0 after such an end; 2 where it could not start, or where answers
were lost; the message says why.";

/// The options of `chainbox serve`.
#[derive(clap::Args, Debug)]
#[command(after_long_help = DETAILS)]
pub struct Args {
    #[command(flatten)]
    settings: SettingsArgs,

    /// Print a line of JSON with the addresses once the service is ready
    #[arg(long)]
    json: bool,
}

/// Runs `chainbox serve`.
///
/// # Errors
/// [`Error`] where it could not start, or answers were lost in the end.
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    let sources = args.settings.sources(Sources::default_file());
    let Loaded { settings, .. } = load(&sources)?;
    let backends = all(&settings)?;
    let json = args.json;
    serve(
        settings,
        backends,
        sources,
        |_| None,
        |addresses| {
            if json {
                announce(&json_line(addresses));
            }
        },
    )
}

/// Reads settings.
pub(crate) fn load(sources: &Sources) -> Result<Loaded, Error> {
    Settings::load(sources).map_err(|problems| refused(&problems))
}

/// The CPU, and the devices that the settings mean: they give the known answers while the CPU works already.
pub(crate) fn all(settings: &Settings) -> Result<Backends, Error> {
    let cpu = open(&settings.engine)?;
    let opened = devices::open_wanted(&Wanted::by(&settings.engine.devices), &devices::options(&settings.data))?;
    Ok(Backends { cpu, devices: opened.iter().map(devices::Opened::for_service).collect() })
}

/// The back end that is always there.
pub(crate) fn open(engine: &Engine) -> Result<Arc<dyn Backend>, Error> {
    let options = CpuOptions { threads: Some(engine.threads), key_table_bytes: engine.key_table_bytes, ..CpuOptions::default() };
    let cpu: Arc<dyn Backend> = Arc::new(backends::cpu(&options)?);
    Ok(cpu)
}

/// What signs, where the settings say that something does.
fn signing(settings: &Settings) -> Result<Option<Signing>, Error> {
    if settings.hsm.device == SigningDevice::Off {
        return Ok(None);
    }
    let opened = Opened::by(settings.clone())?;
    let signer = Arc::new(opened.signer(settings.signing_policy())?);
    Ok(Some(Signing { signer, device: opened.device.name().to_owned(), restarts: opened.restarts }))
}

/// The public key of the key that votes, where it is on the signing device.
pub(crate) fn vote_key(settings: &Settings, suite: Suite) -> Result<Option<PublicKey>, Error> {
    let Some(label) = &settings.chain.vote_key else { return Ok(None) };
    let failed = |error: chainbox_hsm::Error| Error::new(error.to_string());
    let key = Opened::by(settings.clone())?.device.key(label, Deadline::after(settings.hsm.time_max)).map_err(failed)?;
    if key.algorithm != Algorithm::of(suite.scheme()) {
        return Err(Error::new(format!("the key {label} is one of {}, and the chain's suite is {suite}", key.algorithm)));
    }
    Ok(Some(key.public_key))
}

/// Serves, with an extension where one is given, until a signal ends it. The extension is told what signs its votes, where the settings say so.
pub(crate) fn serve(
    settings: Settings,
    backends: Backends,
    sources: Sources,
    extend: impl FnOnce(Option<Votes>) -> Option<Extend>,
    ready: impl FnOnce(&Addresses),
) -> Result<ExitCode, Error> {
    let signing = signing(&settings)?;
    let votes = settings.chain.vote_key.clone().zip(signing.as_ref()).map(|(label, signing)| Votes {
        signer: Arc::clone(&signing.signer) as _,
        label,
        caller: Caller(CHAIN_CALLER.to_owned()),
    });
    let extend = extend(votes);
    let reload: Reload = Box::new(move || Settings::load(&sources).map(|loaded| loaded.settings).map_err(|problems| problems.to_string()));
    chainbox_service::run(settings, backends, signing, extend, reload, ready).map_err(Error::new)?;
    Ok(ExitCode::SUCCESS)
}

/// The addresses as a program reads them.
pub(crate) fn json_line(addresses: &Addresses) -> String {
    serde_json::to_string(addresses).expect("addresses are text") + "\n"
}

/// Says something on standard output. Where nobody reads that, the service serves all the same.
pub(crate) fn announce(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
