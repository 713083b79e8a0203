//! The connection to the service: made again in the background where it is gone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use arc_swap::ArcSwapOption;
use chainbox_api::client::{self, Address, Options, Remote, Retries};
use chainbox_hsm::{Error, Kind};

use crate::{
    log::{Level, Log},
    settings::Settings,
};

/// How long it may take to connect.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);

/// The first wait before the service is asked again whether it is there, and the longest.
const PROBE_WAITS: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(5)];

/// The connection to the service, or the attempt to get it back.
pub(crate) struct Link {
    address: Address,
    options: Options,
    log: Arc<Log>,
    /// What happens meanwhile, for the log.
    meanwhile: &'static str,
    remote: ArcSwapOption<Remote>,
    /// Whether it answered last; a thread asks it again where it did not.
    is_up: AtomicBool,
}

impl Link {
    /// Connects. Where the service does not answer, it is tried again in the background, provided that this process's CPU stands in.
    ///
    /// # Errors
    /// What is wrong with address or certificates; where nothing stands in, also that nobody answers.
    pub(crate) fn open(address: &Address, settings: &Settings, log: &Arc<Log>) -> Result<Arc<Self>, Error> {
        // Where the CPU stands in, it is faster than a second try.
        let retries = if settings.fallback { Retries { tries_max: 1, ..Retries::default() } } else { Retries::default() };
        let connect_time_max = CONNECT_TIME_MAX.min(settings.deadline());
        let options = Options { deadline: settings.deadline(), connect_time_max, retries, tls: settings.read_tls()?, ..Options::default() };
        let meanwhile = if settings.fallback { "this process's CPU verifies meanwhile" } else { "nothing is verified meanwhile" };
        let link = Arc::new(Self {
            address: address.clone(),
            options,
            log: Arc::clone(log),
            meanwhile,
            remote: ArcSwapOption::empty(),
            is_up: AtomicBool::new(true),
        });
        match link.connect() {
            Ok(()) => link.log.line(Level::Info, &format!("connected to {address}")),
            Err(error @ (client::Error::Options(_) | client::Error::Tls(_) | client::Error::NotChainbox { .. })) => {
                return Err(Error::new(Kind::Input, "settings of the card, service", error.to_string()).remedy("mend the settings"));
            }
            Err(error) if settings.fallback => link.lost(&error),
            Err(error) => return Err(link.explain(&error)),
        }
        Ok(link)
    }

    fn connect(&self) -> Result<(), client::Error> {
        self.remote.store(Some(Arc::new(Remote::connect(&self.address, self.options.clone())?)));
        Ok(())
    }

    /// The service, where it answered last.
    pub(crate) fn remote(&self) -> Option<Arc<Remote>> {
        if self.is_up.load(SeqCst) { self.remote.load_full() } else { None }
    }

    /// What a question that the service cannot be asked ends with.
    pub(crate) fn is_down(&self) -> Error {
        Error::new(Kind::DeviceGone, self.address.to_string(), "the service does not answer").remedy("is it running? Its log says more")
    }

    pub(crate) fn explain(&self, error: &client::Error) -> Error {
        let kind = if matches!(error, client::Error::Deadline { .. }) { Kind::Deadline } else { Kind::DeviceGone };
        Error::new(kind, self.address.to_string(), error.to_string())
    }

    /// Takes note that the service did not do what it was asked: from now on it is asked whether it is there, until it is.
    pub(crate) fn lost(self: &Arc<Self>, error: &client::Error) {
        if !self.is_up.swap(false, SeqCst) {
            return;
        }
        self.log.line(Level::Warning, &format!("{error}; {}", self.meanwhile));
        let link = Arc::downgrade(self);
        let probe = move || {
            let [mut wait, longest] = PROBE_WAITS;
            loop {
                thread::sleep(wait);
                // Whoever closed the card wants no more of it.
                let Some(link) = link.upgrade() else { return };
                if link.is_there() {
                    link.log.line(Level::Info, &format!("{} answers again", link.address));
                    link.is_up.store(true, SeqCst);
                    return;
                }
                wait = (wait * 2).min(longest);
            }
        };
        if let Err(error) = thread::Builder::new().name("card-link".to_owned()).spawn(probe) {
            self.log.line(Level::Error, &format!("no thread to watch {}: {error}; it is asked at the next question", self.address));
            self.is_up.store(true, SeqCst);
        }
    }

    fn is_there(&self) -> bool {
        match self.remote.load_full() {
            Some(remote) => remote.server().is_ok(),
            None => self.connect().is_ok(),
        }
    }
}
