//! `chainbox up`: this box, checked, serving and running a chain, with nothing to set.

use std::{
    fmt::Write as _,
    io,
    process::ExitCode,
    sync::{Arc, OnceLock},
};

use chainbox_engine::transaction::native::Suite;
use chainbox_node::genesis::{BlockLimits, Senders};
use chainbox_service::{
    Addresses, Backends,
    settings::{Origin, Settings},
};

use crate::{
    chain::{ChainFolder, First, NewChain, Ran, extension, node_options},
    check::{self, Right, Style, grouped},
    config::SettingsArgs,
    error::Error,
    generate::invoked_as,
    serve,
};

/// What is written to the log unless the settings say more: who starts this reads the terminal, not a log.
const LOG_FILTER: &str = "warn";

/// The options of `chainbox up`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    settings: SettingsArgs,

    /// The suite of the chain that is made where the data folder has none: sm, secp256k1 or p256
    #[arg(long, value_name = "NAME", default_value = "sm")]
    suite: Suite,

    /// Print a line of JSON with the addresses once the service is ready
    #[arg(long)]
    json: bool,
}

/// Runs `chainbox up`.
///
/// # Errors
/// [`Error`] where the service could not start, or answers were lost in the end. A wrong verdict is no error but exit status 1.
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    let sources = args.settings.sources(None);
    let loaded = serve::load(&sources)?;
    let mut settings = loaded.settings;
    if loaded.in_force.iter().any(|value| value.key == "log.filter" && value.origin == Origin::Default) {
        LOG_FILTER.clone_into(&mut settings.log.filter);
    }
    // On a back end of its own, so that what it decides does not count among the service's work.
    let checked = check::check_all(serve::open(&settings.engine)?.as_ref(), Style::Silent, &mut io::sink());
    let right = match checked.map_err(|error| Error::stdout(&error))? {
        Ok(right) => right,
        Err(failure) => return Ok(check::wrong(&failure)),
    };
    let backends = serve::all(&settings)?;
    let json = args.json;
    let folder = ChainFolder::of(&settings.data);
    if !folder.is_made() {
        let limits = BlockLimits::default();
        folder.make(&NewChain {
            chain_id: 1,
            suite: args.suite,
            senders: Senders::Open,
            limits,
            accounts: Vec::new(),
            validator: serve::vote_key(&settings, args.suite)?,
            accounts_file: None,
        })?;
    }
    let ran = Arc::new(OnceLock::new());
    let place = Place::of(&settings, &backends);
    let options = node_options(&settings);
    let extend = |votes| Some(extension(folder, options, votes, Arc::clone(&ran)));
    serve::serve(settings, backends, sources, extend, |addresses| {
        serve::announce(&if json { serve::json_line(addresses) } else { text(&right, addresses, &place, ran.get()) });
    })
}

/// What a person wants to know of the settings.
struct Place {
    data: String,
    backends: String,
}

impl Place {
    fn of(settings: &Settings, backends: &Backends) -> Self {
        let devices: Vec<_> = backends.devices.iter().map(|device| &*device.name).collect();
        let beside =
            if devices.is_empty() { String::new() } else { format!(", and once they gave the known answers {}", devices.join(", ")) };
        Self { data: settings.data.display().to_string(), backends: settings.engine.backend.clone() + &beside }
    }
}

/// What a person reads.
fn text(right: &Right, addresses: &Addresses, place: &Place, ran: Option<&Ran>) -> String {
    let mut text = format!(
        "chainbox {} is running.\n\nChecked on this machine: {} known answers and {} signatures of every scheme; every verdict is right.\n\n",
        env!("CARGO_PKG_VERSION"),
        right.known_answers,
        grouped(right.signatures as f64)
    );
    let first = ran.and_then(|ran| ran.first.as_ref());
    if let Some(Ran { chain_id, suite, .. }) = ran {
        let first = first.map(|First { height, confirmed_ms, .. }| {
            format!(": block {height} holds a transaction of ours, confirmed after {confirmed_ms:.1} ms")
        });
        // Writing to a string does not fail.
        let _ = writeln!(text, "Chain {chain_id} of suite {suite} runs{}.\n", first.unwrap_or_default());
    }
    let chain = addresses.http.as_ref().map(|http| format!("{http}/chain"));
    let rows = [
        ("status page", addresses.http.as_deref()),
        ("the chain", chain.as_deref()),
        ("gRPC", addresses.grpc.as_deref()),
        ("gRPC, socket", addresses.socket.as_deref()),
        ("back end", Some(&*place.backends)),
        ("data", Some(&*place.data)),
        ("account", first.map(|first| &*first.account)),
    ];
    for (name, value) in rows {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {name:<13} {}", value.unwrap_or("off"));
    }
    if let Some(server) = addresses.socket.as_deref().or(addresses.grpc.as_deref()) {
        let me = invoked_as();
        let _ = writeln!(
            text,
            "\nTry it from another terminal:\n\n  {me} tx record --server {server} --data {data} FILE\n  {me} generate --count 100000 -o items.jsonl\n  {me} verify --server {server} items.jsonl",
            data = place.data
        );
    }
    text + "\nCtrl-C ends it.\n"
}
