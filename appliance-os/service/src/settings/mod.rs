//! The settings of the service: what there is to set, its defaults, and who may be who.
//!
//! They come from one TOML file, the environment and flags; a later one wins. [`keys`] describes each key once; reading ([`Settings::load`]), the
//! commented file ([`template()`]), what a reload applies ([`Settings::changes_to`]) and every message are made from that.

mod chain;
mod check;
mod file;
mod hsm;
mod keys;
mod kind;
mod load;
mod nearest;
mod problem;
mod reload;
mod tables;
mod template;
mod tls;
mod value;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use chainbox_hsm::{Label, Role, signer::Policy};

pub use chain::Chain;
pub use hsm::{CHAIN_CALLER, Hsm, SigningDevice, SigningKey};
pub use load::{FILE_DEFAULT, InForce, Loaded, Origin, Sources, data_folder_of_user};
pub use problem::{Problem, Problems};
pub use reload::Changes;
pub use template::template;
pub use tls::{FileFault, TlsFiles};

/// The weight of a source that is told none.
pub const WEIGHT_DEFAULT: u32 = 100;

/// All settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The data folder: its lock, and what the service keeps across restarts.
    pub data: PathBuf,
    /// gRPC over TCP.
    pub grpc: Grpc,
    /// gRPC over a Unix socket.
    pub socket: Socket,
    /// Metrics, health and the status page.
    pub http: Http,
    /// TLS for gRPC over TCP; `None` for plaintext.
    pub tls: Option<Tls>,
    /// Who may ask, by name; others have the defaults of `limits`, or no access where TLS asks for client certificates.
    pub sources: Vec<Source>,
    /// What may be in flight, for all and for each source.
    pub limits: Limits,
    /// How small requests become batches.
    pub gather: Gather,
    /// What verifies.
    pub engine: Engine,
    /// What signs.
    pub hsm: Hsm,
    /// The chain beside the service.
    pub chain: Chain,
    /// What is logged, and how.
    pub log: Log,
    /// How long a shutdown waits for answers that are on their way.
    pub shutdown_time_max: Duration,
}

/// gRPC over TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grpc {
    /// Where it listens; `None` for nowhere.
    pub listen: Option<SocketAddr>,
}

/// gRPC over a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Its path; `None` for no socket.
    pub path: Option<PathBuf>,
    /// The user that owns it; `None` for the one who starts the service.
    pub owner: Option<String>,
    /// The group that owns it.
    pub group: Option<String>,
    /// Its permissions, e.g. 0o660.
    pub mode: u32,
}

/// Metrics, health and the status page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Where they are served; `None` for nowhere.
    pub listen: Option<SocketAddr>,
}

/// TLS for gRPC over TCP. All files are PEM and are read again on reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The server's certificate and those between it and its root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities whose client certificates are accepted; `None` where clients need no certificate.
    pub client_authorities: Option<PathBuf>,
}

/// A source that is known by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name that limits, metrics and logs use.
    pub name: String,
    /// Client certificates that are this source: a common name, a DNS name of the subject's alternative names, or `sha256:` and the hex digest of the
    /// certificate.
    pub certificates: Vec<String>,
    /// Users of the Unix socket that are this source, by name or number.
    pub users: Vec<String>,
    /// Its share of a busy server beside other sources, which have 100 unless told.
    pub weight: u32,
    /// Its items that may be accepted and not yet answered.
    pub items_in_flight_max: usize,
    /// The bytes of its messages that may be accepted and not yet answered.
    pub bytes_in_flight_max: usize,
    /// The keys that it may sign with.
    pub sign_keys: Vec<Label>,
    /// What it may sign with them, as far as each key has the role.
    pub sign_roles: Vec<Role>,
}

/// What may be in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of one message.
    pub message_bytes_max: usize,
    /// Items of all sources that are accepted and not yet answered.
    pub items_in_flight_max: usize,
    /// The same for one source that has no limit of its own.
    pub source_items_in_flight_max: usize,
    /// Bytes of messages of all sources that are being received, or accepted and not yet answered.
    pub bytes_in_flight_max: usize,
    /// The same for one source that has no limit of its own.
    pub source_bytes_in_flight_max: usize,
    /// How long an accepted request may wait for its turn.
    pub queue_time_max: Duration,
    /// How long a client may take to send a message, or to read its answer.
    pub transfer_time_max: Duration,
    /// Connections in all.
    pub connections_max: usize,
    /// Connections of one source.
    pub source_connections_max: usize,
    /// Calls at once on one connection.
    pub calls_per_connection_max: u32,
}

/// How small requests become batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gather {
    /// How long a small request may wait for others; it is not spent where a request would be faster alone.
    pub time_max: Duration,
}

/// What verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// The back end that is always there.
    pub backend: String,
    /// The devices that verify beside it.
    pub devices: Devices,
    /// Threads of the CPU back end; 0 for one a core.
    pub threads: usize,
    /// The bound of the tables of known keys, in bytes.
    pub key_table_bytes: usize,
}

/// Which devices verify beside the CPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Devices {
    /// All that are found, but for software ones, which have the cores that the CPU has.
    Auto,
    /// None.
    None,
    /// These, by name, with the number of the device where there are several: `opencl`, `cuda:1`.
    Named(Vec<String>),
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// A filter of tracing's `EnvFilter`, e.g. `info` or `chainbox_service=debug`.
    pub filter: String,
    /// How lines look.
    pub format: LogFormat,
}

/// How lines of the log look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Human,
    /// A line of JSON an event.
    Json,
}

impl LogFormat {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Human, Self::Json];

    /// The name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Human => "human",
            Self::Json => "json",
        }
    }
}

impl Settings {
    /// Who may sign what with which key.
    #[must_use]
    pub fn signing_policy(&self) -> Policy {
        self.hsm.policy(&self.sources, self.chain.vote_key.as_ref())
    }

    /// The folder where it is kept what was voted on.
    #[must_use]
    pub fn guard_folder(&self) -> PathBuf {
        self.hsm.guard.clone().unwrap_or_else(|| self.data.join("hsm/guard"))
    }

    /// The folder of the audit log.
    #[must_use]
    pub fn audit_folder(&self) -> PathBuf {
        self.hsm.audit.clone().unwrap_or_else(|| self.data.join("hsm/audit"))
    }

    /// What holds where nothing is set, with everything that is kept in this data folder.
    #[must_use]
    pub fn with_data(data: PathBuf) -> Self {
        Self {
            grpc: Grpc { listen: Some(SocketAddr::from(([127, 0, 0, 1], 7410))) },
            socket: Socket { path: Some(data.join("chainbox.sock")), owner: None, group: None, mode: 0o660 },
            http: Http { listen: Some(SocketAddr::from(([127, 0, 0, 1], 7411))) },
            tls: None,
            sources: Vec::new(),
            limits: Limits {
                message_bytes_max: 16 << 20,
                items_in_flight_max: 1 << 20,
                source_items_in_flight_max: 1 << 18,
                bytes_in_flight_max: 256 << 20,
                source_bytes_in_flight_max: 64 << 20,
                queue_time_max: Duration::from_secs(2),
                transfer_time_max: Duration::from_secs(30),
                connections_max: 2048,
                source_connections_max: 1024,
                calls_per_connection_max: 128,
            },
            gather: Gather { time_max: Duration::from_micros(500) },
            engine: Engine {
                backend: "cpu".to_owned(),
                devices: Devices::Auto,
                threads: 0,
                key_table_bytes: chainbox_engine::strategy::known::TABLE_BYTES_DEFAULT,
            },
            hsm: Hsm::default(),
            chain: Chain::default(),
            log: Log { filter: "info".to_owned(), format: LogFormat::Auto },
            shutdown_time_max: Duration::from_secs(30),
            data,
        }
    }
}
