//! Who asks: peers become sources, by the allow list of the settings or by where they come from.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use chainbox_engine::dispatch::{SourceId, SourceLimits};

use crate::{
    budget::Budget,
    settings::{self, Settings, WEIGHT_DEFAULT},
};

/// What a connection proves about who is at its other end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// A TCP connection from this address, with no certificate.
    Address(IpAddr),
    /// A connection over the Unix socket from a process of this user.
    User(u32),
    /// A client certificate that an accepted authority signed.
    Certificate(Arc<CertificateNames>),
}

/// What a client certificate is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CertificateNames {
    /// `sha256:` and the hex digest of the certificate.
    pub digest: String,
    /// The common name of its subject and the DNS names of its alternative names.
    pub names: Vec<String>,
}

/// A certificate that no source of the settings has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the certificate {digest} ({names}) is on no allow list: the operator adds its digest or its name to `certificates` of a [[source]] in the settings"
)]
pub struct NotAllowed {
    digest: String,
    names: String,
}

/// A source: what its requests have in common.
#[derive(Debug)]
pub struct Source {
    /// Its number: the same for the same peer as long as the service runs.
    pub id: SourceId,
    /// The name that limits, metrics and logs use.
    pub name: String,
    /// Whether the settings name it. Others share one row in the metrics.
    pub is_named: bool,
    /// The bytes of its messages.
    pub bytes: Arc<Budget>,
    bytes_max: AtomicUsize,
    /// What it asked for so far.
    pub counts: Counts,
    connections: AtomicUsize,
}

/// What a source asked for so far.
#[derive(Debug, Default)]
pub struct Counts {
    /// Items answered.
    pub items: AtomicU64,
    /// Those of them that are invalid.
    pub invalid: AtomicU64,
    /// Requests refused.
    pub refused: AtomicU64,
}

impl Source {
    /// The bytes of its messages that may be in flight.
    pub fn bytes_max(&self) -> usize {
        self.bytes_max.load(Ordering::Relaxed)
    }

    /// Counts items that were answered.
    pub fn answered(&self, items: usize, invalid: usize) {
        self.counts.items.fetch_add(items as u64, Ordering::Relaxed);
        self.counts.invalid.fetch_add(invalid as u64, Ordering::Relaxed);
    }

    /// Counts a request that was refused.
    pub fn refused(&self) {
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Its connections.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Counts a connection, unless it has as many as it may.
    pub fn connect(self: &Arc<Self>, connections_max: usize) -> Option<Connected> {
        let one_more = |connections| (connections < connections_max).then_some(connections + 1);
        let counted = self.connections.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        counted.is_ok().then(|| Connected(Arc::clone(self)))
    }
}

/// A counted connection.
#[derive(Debug)]
pub struct Connected(Arc<Source>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All sources that are connected, and how peers become sources.
pub struct Sources {
    state: Mutex<State>,
    /// Makes numbers of names. A process has keys of its own, so that nobody can aim at another's number.
    numbers: RandomState,
}

struct State {
    named: Vec<settings::Source>,
    items_max: usize,
    bytes_max: usize,
    live: HashMap<String, Weak<Source>>,
}

impl Sources {
    /// The sources of these settings.
    pub fn new(settings: &Settings) -> Self {
        let state = State {
            named: settings.sources.clone(),
            items_max: settings.limits.source_items_in_flight_max,
            bytes_max: settings.limits.source_bytes_in_flight_max,
            live: HashMap::new(),
        };
        Self { state: Mutex::new(state), numbers: RandomState::new() }
    }

    /// The source that a peer is now, with its limits.
    ///
    /// # Errors
    /// [`NotAllowed`] for a certificate that no source has.
    pub fn resolve(&self, peer: &Peer) -> Result<(Arc<Source>, SourceLimits), NotAllowed> {
        let mut state = self.state();
        let named = state.named.iter().find(|source| source.is(peer)).cloned();
        let name = match (&named, peer) {
            (Some(source), _) => source.name.clone(),
            (None, Peer::Certificate(names)) => return Err(names.not_allowed()),
            (None, _) => peer.to_string(),
        };
        let limits = state.limits_of(named.as_ref());
        if let Some(source) = state.live.get(&name).and_then(Weak::upgrade) {
            return Ok((source, limits));
        }
        // Names of peers that are gone: as many as are connected may stay.
        if state.live.len() >= 2 * state.live.values().filter(|source| source.strong_count() > 0).count() {
            state.live.retain(|_, source| source.strong_count() > 0);
        }
        let bytes_max = named.as_ref().map_or(state.bytes_max, |source| source.bytes_in_flight_max);
        let source = Arc::new(Source {
            // 0 is nobody.
            id: self.numbers.hash_one(&name).max(1),
            is_named: named.is_some(),
            bytes: Budget::new(bytes_max),
            bytes_max: bytes_max.into(),
            counts: Counts::default(),
            connections: AtomicUsize::new(0),
            name: name.clone(),
        });
        state.live.insert(name, Arc::downgrade(&source));
        Ok((source, limits))
    }

    /// Takes over the sources and limits of changed settings, and gives those of the sources that are connected.
    pub fn apply(&self, settings: &Settings) -> Vec<(Arc<Source>, SourceLimits)> {
        let mut state = self.state();
        state.named.clone_from(&settings.sources);
        state.items_max = settings.limits.source_items_in_flight_max;
        state.bytes_max = settings.limits.source_bytes_in_flight_max;
        let live: Vec<_> = state.live.values().filter_map(Weak::upgrade).collect();
        let limited = live.into_iter().map(|source| {
            let named = state.named.iter().find(|named| source.is_named && named.name == source.name);
            let bytes_max = named.map_or(state.bytes_max, |named| named.bytes_in_flight_max);
            let limits = state.limits_of(named);
            source.bytes.set_max(bytes_max);
            source.bytes_max.store(bytes_max, Ordering::Relaxed);
            (source, limits)
        });
        limited.collect()
    }

    /// The sources that are connected, by name.
    pub fn live(&self) -> Vec<Arc<Source>> {
        let mut live: Vec<_> = self.state().live.values().filter_map(Weak::upgrade).collect();
        live.sort_by(|a, b| a.name.cmp(&b.name));
        live
    }

    /// The state, also after a thread panicked with it: every change of it is one step.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn limits_of(&self, named: Option<&settings::Source>) -> SourceLimits {
        SourceLimits {
            weight: named.map_or(WEIGHT_DEFAULT, |source| source.weight),
            items_in_flight_max: named.map_or(self.items_max, |source| source.items_in_flight_max),
            is_named: named.is_some(),
        }
    }
}

impl settings::Source {
    /// Whether a peer is this source.
    fn is(&self, peer: &Peer) -> bool {
        match peer {
            Peer::Address(_) => false,
            Peer::User(uid) => self.users.iter().any(|user| is_user(user, *uid)),
            Peer::Certificate(certificate) => {
                self.certificates.iter().any(|name| *name == certificate.digest || certificate.names.contains(name))
            }
        }
    }
}

/// Whether a user of the settings, a name or a number, has this number.
fn is_user(user: &str, uid: u32) -> bool {
    user.parse() == Ok(uid) || user_name(uid).as_deref() == Some(user)
}

/// The name of a user, where the system knows one.
fn user_name(uid: u32) -> Option<String> {
    nix::unistd::User::from_uid(uid.into()).ok().flatten().map(|user| user.name)
}

impl CertificateNames {
    fn not_allowed(&self) -> NotAllowed {
        NotAllowed { digest: self.digest.clone(), names: self.names.join(", ") }
    }
}

/// What an unnamed source is called.
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "address:{address}"),
            Self::User(uid) => match user_name(*uid) {
                Some(name) => write!(f, "user:{name}"),
                None => write!(f, "user:{uid}"),
            },
            Self::Certificate(certificate) => write!(f, "certificate:{}", certificate.digest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, certificates: &[&str], users: &[&str]) -> settings::Source {
        settings::Source {
            name: name.to_owned(),
            certificates: certificates.iter().map(ToString::to_string).collect(),
            users: users.iter().map(ToString::to_string).collect(),
            weight: 300,
            items_in_flight_max: 7,
            bytes_in_flight_max: 8,
            sign_keys: Vec::new(),
            sign_roles: Vec::new(),
        }
    }

    fn settings(sources: Vec<settings::Source>) -> Settings {
        Settings { sources, ..Settings::with_data("data".into()) }
    }

    fn certificate(digest: &str, names: &[&str]) -> Peer {
        let names = names.iter().map(ToString::to_string).collect();
        Peer::Certificate(Arc::new(CertificateNames { digest: digest.to_owned(), names }))
    }

    #[test]
    fn peers_become_the_sources_of_the_allow_list() {
        let sources = Sources::new(&settings(vec![named("a", &["node-a", "sha256:00"], &[]), named("b", &[], &["4294967"])]));
        let resolve = |peer: &Peer| sources.resolve(peer).map(|(source, limits)| (source.name.clone(), limits.weight));
        assert_eq!(resolve(&certificate("sha256:11", &["x", "node-a"])), Ok(("a".to_owned(), 300)));
        assert_eq!(resolve(&certificate("sha256:00", &[])), Ok(("a".to_owned(), 300)));
        assert_eq!(resolve(&Peer::User(4_294_967)), Ok(("b".to_owned(), 300)));
        assert_eq!(resolve(&Peer::User(4_294_968)), Ok(("user:4294968".to_owned(), WEIGHT_DEFAULT)));
        assert_eq!(resolve(&Peer::Address([127, 0, 0, 1].into())), Ok(("address:127.0.0.1".to_owned(), WEIGHT_DEFAULT)));
        let error = resolve(&certificate("sha256:11", &["other"])).unwrap_err().to_string();
        assert!(error.starts_with("the certificate sha256:11 (other) is on no allow list"), "{error}");
    }

    #[test]
    fn one_peer_is_one_source_while_it_lasts() {
        let sources = Sources::new(&settings(Vec::new()));
        let peer = Peer::User(4_294_967);
        let (first, _) = sources.resolve(&peer).unwrap();
        let (again, _) = sources.resolve(&peer).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let id = first.id;
        drop((first, again));
        assert!(sources.live().is_empty());
        assert_eq!(sources.resolve(&peer).unwrap().0.id, id);
    }

    #[test]
    fn names_of_peers_that_are_gone_do_not_pile_up() {
        let sources = Sources::new(&settings(Vec::new()));
        for uid in 0..1000 {
            sources.resolve(&Peer::User(4_000_000 + uid)).unwrap();
        }
        assert!(sources.state().live.len() <= 2);
    }

    #[test]
    fn changed_settings_reach_those_who_are_connected() {
        let sources = Sources::new(&settings(vec![named("a", &[], &["4294967"])]));
        let (source, limits) = sources.resolve(&Peer::User(4_294_967)).unwrap();
        assert_eq!((limits.items_in_flight_max, source.bytes_max()), (7, 8));
        let mut changed = named("a", &[], &["4294967"]);
        changed.items_in_flight_max = 70;
        changed.bytes_in_flight_max = 80;
        let applied = sources.apply(&settings(vec![changed]));
        assert_eq!(applied.len(), 1);
        assert_eq!((applied[0].1.items_in_flight_max, source.bytes_max()), (70, 80));
    }

    #[test]
    fn connections_are_counted() {
        let (source, _) = Sources::new(&settings(Vec::new())).resolve(&Peer::User(1)).unwrap();
        let first = source.connect(1).unwrap();
        assert!(source.connect(1).is_none());
        drop(first);
        assert!(source.connect(1).is_some());
    }
}
