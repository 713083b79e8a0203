//! Every key, once: its name, what it takes, what it means, an example where it has no default, and whether a reload applies it.
//!
//! Defaults are those of [`Settings::with_data`].

use std::path::PathBuf;

use super::{
    Settings, Tls,
    kind::{
        Kind::{self, *},
        Unit::{Microseconds, Milliseconds, Seconds},
    },
};

/// What grpc.plaintext_on_network says.
pub(super) const GRPC_SENTENCE: &str = "anyone on the network can read requests and change verdicts";
/// What http.plaintext_on_network says.
pub(super) const HTTP_SENTENCE: &str = "anyone on the network can read the page and the metrics";

/// What hsm.software_in_production says.
pub(super) const SOFTWARE_SENTENCE: &str = "whoever has the file and its password has the keys";

const GIB: usize = 1 << 30;

/// One key.
pub(super) struct Key<T: 'static> {
    /// Its dotted name; within a table of [`super::tables`], the last part alone.
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

pub(super) const fn key<T>(name: &'static str, change: Change, kind: Kind<T>, text: &'static str) -> Key<T> {
    Key { name, kind, text, example: None, change }
}

/// A key that has no default.
pub(super) const fn unset<T>(name: &'static str, change: Change, kind: Kind<T>, text: &'static str, example: &'static str) -> Key<T> {
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

/// All keys but those of repeated tables, in the order of the template: a section's keys together, those of none first.
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
        "hsm.device",
        Restart,
        DeviceOfKeys(|draft| &mut draft.settings.hsm.device),
        "What holds the keys that sign: a PKCS#11 module, an SDF library (GM/T 0018), an encrypted file for development, or nothing.",
    ),
    unset(
        "hsm.module",
        Restart,
        File(|draft| &mut draft.settings.hsm.module),
        "PKCS#11: the vendor's module.",
        "/usr/lib/softhsm/libsofthsm2.so",
    ),
    unset("hsm.token", Restart, Text(|draft| &mut draft.settings.hsm.token), "PKCS#11: the label of the token.", "chainbox"),
    unset(
        "hsm.serial",
        Restart,
        Text(|draft| &mut draft.settings.hsm.serial),
        "PKCS#11: the serial number of the token, instead of its label.",
        "0123456789abcdef",
    ),
    key(
        "hsm.threads",
        Restart,
        Either("one", "many", |draft| &mut draft.settings.hsm.is_threaded),
        "PKCS#11: whether the module takes calls of many threads at once. One serves a module that does not.",
    ),
    unset(
        "hsm.sm2_sign_mechanism",
        Restart,
        Number(0..=u32::MAX as u64, |draft| &mut draft.settings.hsm.sm2_sign_mechanism),
        "PKCS#11: the number of the vendor's mechanism that signs e = SM3(Z_A || M) with SM2, where there is one.",
        "2147549185",
    ),
    unset(
        "hsm.sm2_generate_mechanism",
        Restart,
        Number(0..=u32::MAX as u64, |draft| &mut draft.settings.hsm.sm2_generate_mechanism),
        "PKCS#11: the number of the vendor's mechanism that makes SM2 keys.",
        "2147549186",
    ),
    unset(
        "hsm.library",
        Restart,
        File(|draft| &mut draft.settings.hsm.library),
        "SDF: the vendor's library. Each key has its index in its table hsm.key.",
        "/usr/lib/libsdf.so",
    ),
    unset(
        "hsm.file",
        Restart,
        File(|draft| &mut draft.settings.hsm.file),
        "Software: the encrypted file of keys, as `chainbox hsm generate` makes it.",
        "/var/lib/chainbox/keys.json",
    ),
    unset(
        "hsm.pin_source",
        Restart,
        PinSource(|draft| &mut draft.settings.hsm.pin_source),
        "Where the PIN or the password comes from, never the PIN itself: credential:NAME of the systemd unit, file:/PATH that its owner alone can read, \
         env:NAME, or prompt.",
        "credential:hsm-pin",
    ),
    key(
        "hsm.isolation",
        Restart,
        Either("in-process", "child", |draft| &mut draft.settings.hsm.is_isolated),
        "Where the vendor's code runs. In a child process, which is started again, its crash takes nothing down; in this process it is faster.",
    ),
    key(
        "hsm.mode",
        Restart,
        Either("development", "production", |draft| &mut draft.settings.hsm.is_production),
        "Whether real keys are at stake. In production a file of keys is refused.",
    ),
    unset(
        "hsm.software_in_production",
        Restart,
        Sentence(SOFTWARE_SENTENCE, |draft| &mut draft.settings.hsm.software_in_production),
        "Lets a file of keys sign in production. It takes this sentence, which says what that means.",
        SOFTWARE_SENTENCE,
    ),
    key(
        "hsm.sessions_max",
        Restart,
        Count(1..=1024, |draft| &mut draft.settings.hsm.sessions_max),
        "Sessions with the device at once at most: as many signatures are made side by side.",
    ),
    key(
        "hsm.time_ms_max",
        Reload,
        Time(Milliseconds, 10..=600_000, |draft| &mut draft.settings.hsm.time_max),
        "How long a request may take, in milliseconds. Whoever asks is answered then, whatever the device does.",
    ),
    key(
        "hsm.request_items_max",
        Reload,
        Count(1..=65_536, |draft| &mut draft.settings.hsm.request_items_max),
        "Items of one request of a client.",
    ),
    key(
        "hsm.items_in_flight_max",
        Reload,
        Count(1..=1 << 20, |draft| &mut draft.settings.hsm.items_in_flight_max),
        "Items of all clients that are accepted and not yet answered.",
    ),
    key(
        "hsm.source_items_in_flight_max",
        Reload,
        Count(1..=1 << 20, |draft| &mut draft.settings.hsm.source_items_in_flight_max),
        "The same for one source.",
    ),
    key(
        "hsm.check_signatures",
        Restart,
        Either("votes", "all", |draft| &mut draft.settings.hsm.checks_signatures),
        "Which signatures the engine verifies before they leave: all, or those of votes and blocks alone.",
    ),
    unset(
        "hsm.guard",
        Restart,
        File(|draft| &mut draft.settings.hsm.guard),
        "The folder where it is kept what was voted on, before a vote leaves. It belongs to the keys, not to the machine: two machines with one key and \
         two folders vote twice. Unless set, it is hsm/guard in the data folder.",
        "/var/lib/chainbox/hsm/guard",
    ),
    unset(
        "hsm.audit",
        Restart,
        File(|draft| &mut draft.settings.hsm.audit),
        "The folder of the audit log: one record a signature. Unless set, it is hsm/audit in the data folder.",
        "/var/lib/chainbox/hsm/audit",
    ),
    unset(
        "hsm.audit_key",
        Restart,
        Label(|draft| &mut draft.settings.hsm.audit_key),
        "The label of the key that signs heads of the audit log; it has the role audit. Unless set, no head is signed.",
        "audit-1",
    ),
    key(
        "hsm.audit_head_records_max",
        Restart,
        Count(1..=1 << 20, |draft| &mut draft.settings.hsm.audit_head_records),
        "Records between two signed heads of the audit log.",
    ),
    key(
        "hsm.audit_head_seconds_max",
        Restart,
        Time(Seconds, 1..=86_400, |draft| &mut draft.settings.hsm.audit_head_time),
        "Seconds between two signed heads, where there are records.",
    ),
    unset(
        "chain.vote_key",
        Restart,
        Label(|draft| &mut draft.settings.chain.vote_key),
        "The label of the key that signs the chain's votes, on the device of [hsm]: it has the role vote, and the chain's id. Unless set, it is the key in \
         the chain's own encrypted file.",
        "validator-1",
    ),
    key(
        "chain.block_interval_ms",
        Restart,
        Time(Milliseconds, 1..=60_000, |draft| &mut draft.settings.chain.block_interval),
        "The least time from one block to the next, in milliseconds. Blocks are made where there are transactions.",
    ),
    key(
        "chain.unchecked_max",
        Restart,
        Count(1..=1 << 24, |draft| &mut draft.settings.chain.unchecked_max),
        "Transactions of all sources that wait to be checked.",
    ),
    key(
        "chain.source_unchecked_max",
        Restart,
        Count(1..=1 << 24, |draft| &mut draft.settings.chain.source_unchecked_max),
        "Those of one source.",
    ),
    key(
        "chain.pool_transactions_max",
        Restart,
        Count(1..=1 << 24, |draft| &mut draft.settings.chain.pool_transactions_max),
        "Transactions that are checked and wait for a block.",
    ),
    key("chain.pool_bytes_max", Restart, Bytes(2 << 20..=1024 * GIB, |draft| &mut draft.settings.chain.pool_bytes_max), "Their bytes."),
    key(
        "chain.sender_transactions_max",
        Restart,
        Count(1..=1 << 24, |draft| &mut draft.settings.chain.sender_transactions_max),
        "Those of one sender.",
    ),
    key(
        "chain.gap_time_seconds_max",
        Restart,
        Time(Seconds, 1..=3600, |draft| &mut draft.settings.chain.gap_time_max),
        "How long a transaction waits for those of its sender before it, in seconds.",
    ),
    key(
        "chain.cache_bytes",
        Restart,
        Bytes(1 << 20..=1024 * GIB, |draft| &mut draft.settings.chain.cache_bytes),
        "Memory for what was read of the state and the indexes.",
    ),
    key(
        "chain.snapshot_blocks",
        Restart,
        Count(0..=1 << 30, |draft| &mut draft.settings.chain.snapshot_blocks),
        "Blocks from one snapshot of the state to the next, of which two are kept: a backup is restored from the last one. 0 is none.",
    ),
    key(
        "chain.keep_blocks",
        Restart,
        Count(0..=1 << 30, |draft| &mut draft.settings.chain.keep_blocks),
        "Blocks that are kept at least; older ones are removed, by whole segments, once two snapshots are later. 0 is all. It needs chain.snapshot_blocks.",
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

/// The names of all keys but those of repeated tables.
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
    }

    #[test]
    fn every_key_has_a_default_or_an_example() {
        let mut draft = Draft::of(Settings::with_data("/var/lib/chainbox".into()));
        for key in KEYS {
            assert!(key.kind.show(&mut draft).is_some() != key.example.is_some(), "{}", key.name);
            assert!(key.text.ends_with('.'), "{}", key.name);
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
