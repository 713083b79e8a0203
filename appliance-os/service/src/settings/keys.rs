//! Every key, once: its name, what it takes, what it means, an example where it has no default, and whether a reload applies it.
//!
//! Defaults are those of [`Settings::with_data`].

use std::path::PathBuf;

use super::{
    Settings, Source, Tls,
    kind::{
        Kind::{self, *},
        Unit::{Microseconds, Milliseconds, Seconds},
    },
};

/// What grpc.plaintext_on_network says.
pub(super) const GRPC_SENTENCE: &str = "anyone on the network can read requests and change verdicts";
/// What http.plaintext_on_network says.
pub(super) const HTTP_SENTENCE: &str = "anyone on the network can read the page and the metrics";

/// The table of a source in the file, which may stand there many times.
pub(super) const SOURCE_TABLE: &str = "source";

const GIB: usize = 1 << 30;

/// One key.
pub(super) struct Key<T: 'static> {
    /// Its dotted name; within a source, the last part alone.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind<T>,
    /// What it means.
    pub text: &'static str,
    /// A value to write, for a key that has no default.
    pub example: Option<&'static str>,
    /// When a change counts.
    pub change: Change,
}

/// When a change of a key counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// On a reload.
    Reload,
    /// On the next start.
    Restart,
}

use Change::{Reload, Restart};

const fn key<T>(name: &'static str, change: Change, kind: Kind<T>, text: &'static str) -> Key<T> {
    Key { name, kind, text, example: None, change }
}

/// A key that has no default.
const fn unset<T>(name: &'static str, change: Change, kind: Kind<T>, text: &'static str, example: &'static str) -> Key<T> {
    Key { name, kind, text, example: Some(example), change }
}

/// Settings while they are read: what must be complete in the end may be incomplete here.
#[derive(Clone)]
pub(super) struct Draft {
    pub settings: Settings,
    pub certificate: Option<PathBuf>,
    pub private_key: Option<PathBuf>,
    pub client_authorities: Option<PathBuf>,
    pub grpc_plaintext: bool,
    pub http_plaintext: bool,
}

impl Draft {
    /// Settings taken apart.
    pub(super) fn of(settings: Settings) -> Self {
        let tls = settings.tls.clone();
        let (certificate, private_key, client_authorities) =
            tls.map_or((None, None, None), |tls| (Some(tls.certificate), Some(tls.key), tls.client_authorities));
        Self { settings, certificate, private_key, client_authorities, grpc_plaintext: false, http_plaintext: false }
    }

    /// Settings put together; TLS where certificate and key are both there.
    pub(super) fn into_settings(self) -> Settings {
        let tls = self.certificate.zip(self.private_key);
        let tls = tls.map(|(certificate, key)| Tls { certificate, key, client_authorities: self.client_authorities });
        Settings { tls, ..self.settings }
    }
}

/// All keys but those of sources, in the order of the template: a section's keys together, those of none first.
pub(super) static KEYS: &[Key<Draft>] = &[
    key(
        "data",
        Restart,
        Folder(|draft| &mut draft.settings.data),
        "The data folder: its lock, and what the service keeps across restarts. One service may use it at a time. \
         Unless set, it is chainbox in the state folder of the user ($XDG_STATE_HOME, or .local/state at home).",
    ),
    key(
        "shutdown_time_seconds_max",
        Restart,
        Time(Seconds, 1..=3600, |draft| &mut draft.settings.shutdown_time_max),
        "How long a shutdown waits for answers that are on their way, in seconds.",
    ),
    key(
        "grpc.listen",
        Restart,
        Listen(|draft| &mut draft.settings.grpc.listen),
        "Where gRPC over TCP listens: an IP address and a port, or \"off\". An address that the network reaches needs TLS.",
    ),
    unset(
        "grpc.plaintext_on_network",
        Restart,
        Sentence(GRPC_SENTENCE, |draft| &mut draft.grpc_plaintext),
        "Lets gRPC listen without TLS where the network reaches it. It takes this sentence, which says what that means.",
        GRPC_SENTENCE,
    ),
    key(
        "socket.path",
        Restart,
        Socket(|draft| &mut draft.settings.socket.path),
        "The Unix socket of gRPC, or \"off\". Unless set, it is chainbox.sock in the data folder.",
    ),
    unset(
        "socket.owner",
        Restart,
        User(|draft| &mut draft.settings.socket.owner),
        "The user that owns the socket. Unless set, it is the one who runs the service.",
        "chainbox",
    ),
    unset(
        "socket.group",
        Restart,
        Group(|draft| &mut draft.settings.socket.group),
        "The group that owns the socket: its members may use it where the mode lets groups write.",
        "chainbox",
    ),
    key(
        "socket.mode",
        Restart,
        Mode(|draft| &mut draft.settings.socket.mode),
        "The permissions of the socket, in octal and in quotes. To use it, one must be let write.",
    ),
    key(
        "http.listen",
        Restart,
        Listen(|draft| &mut draft.settings.http.listen),
        "Where metrics, health and the status page are served, in plain HTTP: an IP address and a port, or \"off\".",
    ),
    unset(
        "http.plaintext_on_network",
        Restart,
        Sentence(HTTP_SENTENCE, |draft| &mut draft.http_plaintext),
        "Lets them be served where the network reaches them. It takes this sentence, which says what that means.",
        HTTP_SENTENCE,
    ),
    unset(
        "tls.certificate",
        Reload,
        File(|draft| &mut draft.certificate),
        "The server's certificate and those between it and its root, as PEM. With tls.key it turns TLS on for gRPC over TCP.",
        "/etc/chainbox/server.pem",
    ),
    unset(
        "tls.key",
        Reload,
        File(|draft| &mut draft.private_key),
        "Its private key, as PEM. Others than owner and group must not be let read it.",
        "/etc/chainbox/server.key",
    ),
    unset(
        "tls.client_authorities",
        Reload,
        File(|draft| &mut draft.client_authorities),
        "The authorities whose client certificates are accepted, as PEM. With it, who shows none, or one that no source below names, is refused.",
        "/etc/chainbox/clients.pem",
    ),
    key(
        "limits.message_bytes_max",
        Reload,
        Bytes(4096..=GIB, |draft| &mut draft.settings.limits.message_bytes_max),
        "The size of one message.",
    ),
    key(
        "limits.items_in_flight_max",
        Reload,
        Count(1..=1 << 30, |draft| &mut draft.settings.limits.items_in_flight_max),
        "Items of all sources that are accepted and not yet answered.",
    ),
    key(
        "limits.source_items_in_flight_max",
        Reload,
        Count(1..=1 << 30, |draft| &mut draft.settings.limits.source_items_in_flight_max),
        "The same for one source that has no limit of its own.",
    ),
    key(
        "limits.bytes_in_flight_max",
        Reload,
        Bytes(4096..=1024 * GIB, |draft| &mut draft.settings.limits.bytes_in_flight_max),
        "Bytes of messages of all sources that are being received, or accepted and not yet answered.",
    ),
    key(
        "limits.source_bytes_in_flight_max",
        Reload,
        Bytes(4096..=1024 * GIB, |draft| &mut draft.settings.limits.source_bytes_in_flight_max),
        "The same for one source that has no limit of its own.",
    ),
    key(
        "limits.queue_time_ms_max",
        Reload,
        Time(Milliseconds, 1..=600_000, |draft| &mut draft.settings.limits.queue_time_max),
        "How long an accepted request may wait for its turn, in milliseconds.",
    ),
    key(
        "limits.transfer_time_seconds_max",
        Reload,
        Time(Seconds, 1..=3600, |draft| &mut draft.settings.limits.transfer_time_max),
        "How long a client may take to send a message, or to read its answer, in seconds.",
    ),
    key(
        "limits.connections_max",
        Reload,
        Count(1..=1 << 20, |draft| &mut draft.settings.limits.connections_max),
        "Connections of all sources.",
    ),
    key(
        "limits.source_connections_max",
        Reload,
        Count(1..=1 << 20, |draft| &mut draft.settings.limits.source_connections_max),
        "Connections of one source.",
    ),
    key(
        "limits.calls_per_connection_max",
        Reload,
        Count32(1..=65_536, |draft| &mut draft.settings.limits.calls_per_connection_max),
        "Calls at once on one connection.",
    ),
    key(
        "gather.time_us_max",
        Reload,
        Time(Microseconds, 0..=1_000_000, |draft| &mut draft.settings.gather.time_max),
        "How long a small request may wait for others to be verified with, in microseconds. It is not spent where a request would be faster alone.",
    ),
    key("engine.backend", Restart, Word(&["cpu"], |draft| &mut draft.settings.engine.backend), "What always verifies."),
    key(
        "engine.devices",
        Restart,
        Devices(|draft| &mut draft.settings.engine.devices),
        "What verifies beside it: \"auto\" for every GPU that is found, \"none\", or names in a list, as [\"opencl\", \"cuda:1\"]; `chainbox devices` \
         shows what there is. A device is used once it gave the known answers, and while the CPU agrees with it.",
    ),
    key(
        "engine.threads",
        Restart,
        Count(0..=1024, |draft| &mut draft.settings.engine.threads),
        "Threads that verify; 0 is one for each core.",
    ),
    key(
        "engine.key_table_bytes_max",
        Restart,
        Bytes(0..=1024 * GIB, |draft| &mut draft.settings.engine.key_table_bytes),
        "Memory for tables of keys that come again, which make their items cheaper.",
    ),
    key(
        "log.filter",
        Reload,
        LogFilter(|draft| &mut draft.settings.log.filter),
        "What is logged: a level (error, warn, info, debug, trace, off), or PART=LEVEL, several with commas between.",
    ),
    key(
        "log.format",
        Restart,
        LogFormat(|draft| &mut draft.settings.log.format),
        "How lines look: for people, as a line of JSON an event, or (auto) the former on a terminal and the latter elsewhere.",
    ),
];

/// The keys of a source, in the order of the template.
pub(super) static SOURCE_KEYS: &[Key<Source>] = &[
    unset("name", Reload, Name(|source| &mut source.name), "The name that limits, metrics and logs use.", "node-1"),
    unset(
        "certificates",
        Reload,
        Certificates(|source| &mut source.certificates),
        "Client certificates that are this source: a common name, a DNS name, or sha256: and the hex digest of the certificate.",
        "node-1.example",
    ),
    unset("users", Reload, Users(|source| &mut source.users), "Users of the Unix socket that are this source, by name or number.", "node"),
    key(
        "weight",
        Reload,
        Count32(1..=10_000, |source| &mut source.weight),
        "Its share of a busy server beside other sources, which have 100 unless told.",
    ),
    key(
        "items_in_flight_max",
        Reload,
        Count(1..=1 << 30, |source| &mut source.items_in_flight_max),
        "Its items that may be accepted and not yet answered; as limits.source_items_in_flight_max unless set.",
    ),
    key(
        "bytes_in_flight_max",
        Reload,
        Bytes(4096..=1024 * GIB, |source| &mut source.bytes_in_flight_max),
        "The bytes of its messages that may be accepted and not yet answered; as limits.source_bytes_in_flight_max unless set.",
    ),
];

/// A source of which only the line is known where it begins.
pub(super) fn source_of(settings: &Settings) -> Source {
    Source {
        name: String::new(),
        certificates: Vec::new(),
        users: Vec::new(),
        weight: super::WEIGHT_DEFAULT,
        items_in_flight_max: settings.limits.source_items_in_flight_max,
        bytes_in_flight_max: settings.limits.source_bytes_in_flight_max,
    }
}

/// The variable of the environment that sets a key.
pub(super) fn variable(key: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// What the names of all variables begin with.
pub(super) const VARIABLE_PREFIX: &str = "CHAINBOX_";

/// The section of a key, where it stands in one, and the rest of its name.
pub(super) fn section_of(key: &str) -> (Option<&str>, &str) {
    key.split_once('.').map_or((None, key), |(section, name)| (Some(section), name))
}

/// The names of all sections, each once.
pub(super) fn sections() -> impl Iterator<Item = &'static str> {
    let mut last = None;
    KEYS.iter().filter_map(|key| section_of(key.name).0).filter(move |section| last.replace(*section) != Some(*section))
}

/// The names of all keys but those of sources.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.name)
}

/// A key by its dotted name.
pub(super) fn find(name: &str) -> Option<&'static Key<Draft>> {
    KEYS.iter().find(|key| key.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_and_variables_are_unique_and_sections_are_together() {
        let unique = |names: Vec<String>| assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
        unique(names().map(str::to_owned).collect());
        unique(names().map(variable).collect());
        unique(sections().map(str::to_owned).collect());
        unique(SOURCE_KEYS.iter().map(|key| key.name.to_owned()).collect());
    }

    #[test]
    fn every_key_has_a_default_or_an_example() {
        let mut draft = Draft::of(Settings::with_data("/var/lib/chainbox".into()));
        for key in KEYS {
            assert!(key.kind.show(&mut draft).is_some() != key.example.is_some(), "{}", key.name);
            assert!(key.text.ends_with('.'), "{}", key.name);
        }
        let mut source = source_of(&draft.settings);
        for key in SOURCE_KEYS {
            assert!(key.kind.show(&mut source).is_some() && key.text.ends_with('.'), "{}", key.name);
        }
    }

    /// Each default is one that could be written.
    #[test]
    fn defaults_are_within_their_ranges() {
        let mut draft = Draft::of(Settings::with_data("/var/lib/chainbox".into()));
        for key in KEYS {
            let Some(shown) = key.kind.show(&mut draft) else { continue };
            let raw = super::super::value::Raw::Text(shown.trim_matches('"').to_owned());
            let mut read = draft.clone();
            key.kind.read(&mut read, &raw, super::super::kind::Paths::Refused).unwrap_or_else(|fault| panic!("{}: {fault:?}", key.name));
            assert_eq!(key.kind.show(&mut read), Some(shown), "{}", key.name);
        }
    }
}
