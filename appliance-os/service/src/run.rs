//! A service as a process: signals, the service manager, the log.

use std::{thread, time::Duration};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use sd_notify::NotifyState;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Interval, MissedTickBehavior, interval},
};
use tracing::{error, info, warn};

use crate::{
    backends::Backends,
    extension::Extend,
    log::{self, Filter},
    service::{Addresses, Service},
    settings::Settings,
    signing::Signing,
};

/// Reads the settings anew, for SIGHUP; the error is for the log.
pub type Reload = Box<dyn Fn() -> Result<Settings, String> + Send>;

/// Cores for each thread that moves bytes. Verification has threads of its own; and where one thread moves all bytes, no request waits for another one
/// to wake.
const CORES_PER_IO_THREAD: usize = 8;

/// Files that a service has open beside its connections, about: a chain's database has hundreds.
const OTHER_FILES: u64 = 1024;

/// Runs a service, with an extension where one is given, until SIGTERM or SIGINT, and answers what it accepted. A second signal ends it at once. `ready` is called when it listens.
///
/// # Errors
/// One line: why it could not start, or what was lost in the shutdown.
pub fn run(
    settings: Settings,
    backends: Backends,
    signing: Option<Signing>,
    extend: Option<Extend>,
    reload: Reload,
    ready: impl FnOnce(&Addresses),
) -> Result<(), String> {
    let filter = log::start(&settings.log)?;
    let_open_files(&settings);
    let threads = thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(CORES_PER_IO_THREAD));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).thread_name("io").enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start {threads} threads: {error}"))?;
    runtime.block_on(async {
        let mut signals = Signals::new().map_err(|error| format!("cannot listen to signals: {error}"))?;
        let mut service = Service::start_with(settings, backends, signing, extend).await?;
        let addresses = service.addresses();
        let shown = |address: &Option<String>| address.clone().unwrap_or_else(|| "off".to_owned());
        let (grpc, socket, http) = (shown(&addresses.grpc), shown(&addresses.socket), shown(&addresses.http));
        info!(version = env!("CARGO_PKG_VERSION"), grpc, socket, http, "ready");
        ready(addresses);
        tell(&[NotifyState::Ready]);
        let mut watchdog = Watchdog::new();
        loop {
            tokio::select! {
                asked = signals.next() => match asked {
                    Asked::End => break,
                    Asked::Reload => reload_into(&mut service, &reload, &filter),
                },
                () = watchdog.due() => Watchdog::tell(&service),
            }
        }
        info!("shutting down: no new work, answers to what was accepted");
        tell(&[NotifyState::Stopping]);
        tokio::select! {
            ended = service.shutdown() => ended,
            () = signals.end() => Err("ended at once by a second signal".to_owned()),
        }
    })
}

/// The files that a service of these settings may have open.
#[must_use]
pub const fn files_wanted(settings: &Settings) -> u64 {
    settings.limits.connections_max as u64 + OTHER_FILES
}

/// Lets the process have as many files open as its connections take: systems give it 1,024, and more where it asks.
fn let_open_files(settings: &Settings) {
    let wanted = files_wanted(settings);
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        let limit = wanted.clamp(soft, hard.max(soft));
        setrlimit(Resource::RLIMIT_NOFILE, limit, hard).map(|()| limit)
    });
    match raised {
        Ok(limit) if limit < wanted => {
            warn!(limit, wanted, "the system lets fewer files be open than limits.connections_max may take: raise its limit (LimitNOFILE)");
        }
        Ok(_) => {}
        Err(error) => warn!(%error, "the limit of open files cannot be raised"),
    }
}

/// Tells the service manager, where there is one.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        warn!(%error, "the service manager could not be told");
    }
}

fn reload_into(service: &mut Service, reload: &Reload, filter: &Filter) {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
    match reload() {
        Ok(settings) => {
            let changes = service.settings().changes_to(&settings);
            for failed in [service.reload(&settings), filter.apply(&settings.log)].into_iter().filter_map(Result::err) {
                error!(reason = failed, "a part of the settings was not taken over");
            }
            info!(applied = changes.applied.join(", "), needs_restart = changes.needs_restart.join(", "), "settings reloaded");
        }
        Err(reason) => error!(reason, "the settings were not reloaded; the old ones stay in force"),
    }
    tell(&[NotifyState::Ready]);
}

/// What a signal asks for.
enum Asked {
    End,
    Reload,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    async fn end(&mut self) {
        while matches!(self.next().await, Asked::Reload) {}
    }
}

/// Tells the service manager that the service is well, where it wants to know: twice in the time that it waits.
struct Watchdog(Option<Interval>);

impl Watchdog {
    fn new() -> Self {
        Self(sd_notify::watchdog_enabled().map(|time: Duration| {
            let mut interval = interval(time / 2);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        }))
    }

    async fn due(&mut self) {
        match &mut self.0 {
            Some(interval) => {
                interval.tick().await;
            }
            None => std::future::pending().await,
        }
    }

    /// A service that is sick says nothing, and is started again.
    fn tell(service: &Service) {
        match service.sickness() {
            None => tell(&[NotifyState::Watchdog]),
            Some(reason) => error!(reason, "the service manager is not told that all is well"),
        }
    }
}
