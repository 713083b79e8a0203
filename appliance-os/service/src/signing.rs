//! What signs: the signer that was handed over, what is under way on it, and how its device is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use chainbox_engine::{dispatch::SourceId, scheme::Scheme};
use chainbox_hsm::{
    Deadline, Error, Label, Signer as _,
    signer::{Caller, Local, Policy},
};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::settings::{Hsm, Settings};

/// How often the device is asked whether it is there.
const PROBE_PERIOD: Duration = Duration::from_secs(10);

/// A signer, as whoever picked its device hands it over. Its policy comes from the settings.
#[derive(Clone)]
pub struct Signing {
    /// The signer.
    pub signer: Arc<Local>,
    /// The name of its device, e.g. `pkcs11:validator`.
    pub device: String,
    /// Counts how often the process that holds the device was started again.
    pub restarts: Arc<dyn Fn() -> u64 + Send + Sync>,
}

/// What may be under way, and how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Items of one request.
    pub request_items_max: usize,
    /// How long a request may take.
    pub time_max: Duration,
    items_in_flight_max: usize,
    source_items_in_flight_max: usize,
}

impl Limits {
    const fn of(hsm: &Hsm) -> Self {
        Self {
            request_items_max: hsm.request_items_max,
            time_max: hsm.time_max,
            items_in_flight_max: hsm.items_in_flight_max,
            source_items_in_flight_max: hsm.source_items_in_flight_max,
        }
    }
}

/// How the device is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// What it calls itself; empty before it was asked.
    pub description: String,
    /// Why it cannot be used; `None` where it can.
    pub problem: Option<String>,
}

/// Why no item of a request was accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Crowded {
    /// More items than a request may ever have.
    #[error("the request has {items} items and may have {items_max}: send several requests")]
    Request {
        /// Its items.
        items: usize,
        /// The limit.
        items_max: usize,
    },
    /// As many items are under way as may be.
    #[error("{in_flight} items are under way, of {who} at most {items_max}: wait for answers")]
    InFlight {
        /// The items under way.
        in_flight: usize,
        /// Whose they are.
        who: &'static str,
        /// The limit.
        items_max: usize,
    },
}

/// The signer at work.
pub struct Desk {
    signing: Signing,
    state: RwLock<State>,
    in_flight: Mutex<InFlight>,
    health: Mutex<Health>,
}

struct State {
    policy: Policy,
    limits: Limits,
}

#[derive(Default)]
struct InFlight {
    all: usize,
    by_source: HashMap<SourceId, usize>,
}

/// Items that are under way until it is dropped.
pub struct Admitted<'a> {
    desk: &'a Desk,
    source: SourceId,
    items: usize,
}

impl Desk {
    /// Takes a signer over, with the policy and the limits of the settings.
    ///
    /// # Errors
    /// A policy that contradicts itself.
    pub fn new(signing: Signing, settings: &Settings) -> Result<Arc<Self>, Error> {
        let policy = settings.signing_policy();
        signing.signer.set_policy(policy.clone())?;
        let state = State { policy, limits: Limits::of(&settings.hsm) };
        Ok(Arc::new(Self { signing, state: RwLock::new(state), in_flight: Mutex::default(), health: Mutex::default() }))
    }

    /// Takes over changed settings.
    ///
    /// # Errors
    /// A policy that contradicts itself; the old one stays.
    pub fn apply(&self, settings: &Settings) -> Result<(), Error> {
        let policy = settings.signing_policy();
        self.signing.signer.set_policy(policy.clone())?;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = State { policy, limits: Limits::of(&settings.hsm) };
        Ok(())
    }

    /// What signs.
    pub fn signer(&self) -> &Local {
        &self.signing.signer
    }

    /// The name of the device.
    pub fn device(&self) -> &str {
        &self.signing.device
    }

    /// How often the process that holds the device was started again.
    pub fn restarts(&self) -> u64 {
        (self.signing.restarts)()
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.with_state(|state| state.limits)
    }

    /// Whether a caller may sign at all.
    pub fn knows(&self, caller: &Caller) -> bool {
        self.with_state(|state| state.policy.callers.contains_key(&caller.0))
    }

    /// Whether a caller may sign something with this key.
    pub fn may_use(&self, caller: &Caller, key: &Label) -> bool {
        self.with_state(|state| state.policy.callers.get(&caller.0).is_some_and(|caller| caller.keys.contains_key(key.as_str())))
    }

    /// The scheme of a key of the settings.
    pub fn scheme(&self, key: &Label) -> Option<Scheme> {
        self.with_state(|state| state.policy.keys.get(key.as_str()).map(|key| key.scheme))
    }

    fn with_state<T>(&self, ask: impl FnOnce(&State) -> T) -> T {
        ask(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The items under way.
    pub fn items_in_flight(&self) -> usize {
        self.in_flight().all
    }

    /// Counts items as under way.
    ///
    /// # Errors
    /// [`Crowded`] where they are too many.
    pub fn admit(&self, source: SourceId, items: usize) -> Result<Admitted<'_>, Crowded> {
        let limits = self.limits();
        if items > limits.request_items_max {
            return Err(Crowded::Request { items, items_max: limits.request_items_max });
        }
        let mut in_flight = self.in_flight();
        let of_source = in_flight.by_source.get(&source).copied().unwrap_or_default();
        let bounds =
            [("all clients", in_flight.all, limits.items_in_flight_max), ("this client", of_source, limits.source_items_in_flight_max)];
        if let Some((who, in_flight, items_max)) = bounds.into_iter().find(|(_, in_flight, max)| in_flight + items > *max) {
            return Err(Crowded::InFlight { in_flight, who, items_max });
        }
        in_flight.all += items;
        *in_flight.by_source.entry(source).or_default() += items;
        Ok(Admitted { desk: self, source, items })
    }

    fn in_flight(&self) -> MutexGuard<'_, InFlight> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the device was when it was last asked.
    pub fn health(&self) -> Health {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the device now and then whether it is there, until `closing` is cancelled.
    pub async fn watch(self: Arc<Self>, closing: CancellationToken) {
        while !closing.is_cancelled() {
            self.probe().await;
            tokio::select! {
                () = closing.cancelled() => return,
                () = tokio::time::sleep(PROBE_PERIOD) => {}
            }
        }
    }

    async fn probe(&self) {
        let capabilities = self.signer().capabilities(Deadline::after(self.limits().time_max)).await;
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut health.problem);
        match capabilities {
            Ok(capabilities) => health.description = capabilities.description,
            Err(error) => health.problem = Some(error.to_string()),
        }
        match (&before, &health.problem) {
            (None, Some(reason)) => warn!(device = self.device(), reason, "the device that signs cannot be used"),
            (Some(_), None) => info!(device = self.device(), "the device that signs can be used again"),
            _ => {}
        }
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let mut in_flight = self.desk.in_flight();
        in_flight.all -= self.items;
        if let Some(of_source) = in_flight.by_source.get_mut(&self.source) {
            *of_source -= self.items;
            if *of_source == 0 {
                in_flight.by_source.remove(&self.source);
            }
        }
    }
}
