//! What values must be beside one another.

mod chain;
mod hsm;

use std::{
    collections::{BTreeMap, btree_map},
    net::SocketAddr,
};

use nix::unistd::User;

use super::{
    Limits, Source, Tls,
    keys::{Draft, GRPC_SENTENCE, HTTP_SENTENCE},
    load::{LoadedTable, Loader},
    problem::Problem,
    tls::TlsFiles,
    value::{quoted, size},
};

/// Bytes of a socket's path, as the system's address has room for.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// A key's value beside another's, which it must not exceed: their names, and both values.
type Bound = (&'static str, &'static str, fn(&Limits) -> [usize; 2]);

/// Numbers that must not exceed others.
const BOUNDS: [Bound; 2] = [
    ("limits.source_items_in_flight_max", "limits.items_in_flight_max", |limits| {
        [limits.source_items_in_flight_max, limits.items_in_flight_max]
    }),
    ("limits.source_connections_max", "limits.connections_max", |limits| [limits.source_connections_max, limits.connections_max]),
];

/// Sizes that must not exceed others.
const BYTE_BOUNDS: [Bound; 2] = [
    ("limits.message_bytes_max", "limits.source_bytes_in_flight_max", |limits| {
        [limits.message_bytes_max, limits.source_bytes_in_flight_max]
    }),
    ("limits.source_bytes_in_flight_max", "limits.bytes_in_flight_max", |limits| {
        [limits.source_bytes_in_flight_max, limits.bytes_in_flight_max]
    }),
];

/// Checks everything that no value shows by itself.
pub(super) fn all(loader: &mut Loader) {
    somewhere_to_listen(loader);
    tls(loader);
    network(loader);
    socket(loader);
    limits(loader);
    sources(loader);
    hsm::check(loader);
    chain::check(loader);
}

fn somewhere_to_listen(loader: &mut Loader) {
    let settings = &loader.draft.settings;
    if settings.grpc.listen.is_none() && settings.socket.path.is_none() && loader.is_sound(&["grpc.listen", "socket.path"]) {
        loader.problem(
            "grpc.listen",
            "grpc.listen and socket.path are both \"off\", so that nobody can ask",
            "give one of them an address",
        );
    }
    let settings = &loader.draft.settings;
    // Port 0 is any free one, so that two of them never meet.
    if let (Some(grpc), Some(http)) = (settings.grpc.listen, settings.http.listen)
        && grpc.port() == http.port()
        && grpc.port() != 0
        && (grpc.ip() == http.ip() || grpc.ip().is_unspecified() || http.ip().is_unspecified())
    {
        let key = loader.set_of("http.listen", "grpc.listen");
        loader.problem(key, format!("grpc.listen is {grpc} and http.listen is {http}"), "give one of them another port");
    }
}

/// The keys that name files of TLS.
const TLS_KEYS: [&str; 3] = ["tls.certificate", "tls.key", "tls.client_authorities"];

fn tls(loader: &mut Loader) {
    if !loader.is_sound(&TLS_KEYS) {
        return;
    }
    let Draft { certificate, private_key, client_authorities, .. } = &loader.draft;
    match (certificate.clone(), private_key.clone(), client_authorities.clone()) {
        (Some(certificate), Some(key), client_authorities) => {
            for fault in TlsFiles::read(&Tls { certificate, key, client_authorities }).err().unwrap_or_default() {
                loader.problem(fault.key, format!("{}: {}", fault.path.display(), fault.what), fault.remedy);
            }
        }
        (Some(_), None, _) => {
            loader.problem("tls.certificate", "there is a certificate and no key", "set tls.key to the file of its private key");
        }
        (None, Some(_), _) => {
            loader.problem("tls.key", "there is a key and no certificate", "set tls.certificate to the file of its certificate");
        }
        (None, None, Some(_)) => {
            loader.problem("tls.client_authorities", "client certificates need TLS", "set tls.certificate and tls.key, or drop this key");
        }
        (None, None, None) => {}
    }
}

/// What the network reaches is encrypted, or somebody wrote down what it means that it is not.
fn network(loader: &mut Loader) {
    let draft = &loader.draft;
    // Half a TLS, or one that cannot be read, is a problem of its own.
    let with_tls = draft.certificate.is_some() || draft.private_key.is_some() || !loader.is_sound(&TLS_KEYS);
    let open = |listen: Option<SocketAddr>| listen.filter(|address| !address.ip().to_canonical().is_loopback());
    let grpc = open(draft.settings.grpc.listen).filter(|_| !with_tls && !draft.grpc_plaintext);
    let http = open(draft.settings.http.listen).filter(|_| !draft.http_plaintext);
    if let Some(address) = grpc.filter(|_| loader.is_sound(&["grpc.listen", "grpc.plaintext_on_network"])) {
        let remedy = format!(
            "set tls.certificate and tls.key, or listen on 127.0.0.1; or write this line in [grpc]: plaintext_on_network = {}",
            quoted(GRPC_SENTENCE)
        );
        loader.problem("grpc.listen", format!("without TLS, {address} is open to the network"), remedy);
    }
    if let Some(address) = http.filter(|_| loader.is_sound(&["http.listen", "http.plaintext_on_network"])) {
        let remedy = format!("listen on 127.0.0.1, or write this line in [http]: plaintext_on_network = {}", quoted(HTTP_SENTENCE));
        loader.problem("http.listen", format!("{address} is open to the network"), remedy);
    }
}

fn socket(loader: &mut Loader) {
    let socket = loader.draft.settings.socket.clone();
    let Some(path) = socket.path else { return };
    if path.as_os_str().len() > SOCKET_PATH_BYTES_MAX && loader.is_sound(&["socket.path", "data"]) {
        let what = format!(
            "the path {} is longer than the {SOCKET_PATH_BYTES_MAX} bytes that a socket's may have",
            quoted(&path.to_string_lossy())
        );
        let key = loader.set_of("socket.path", "data");
        loader.problem(key, what, "set socket.path to a shorter one, or to \"off\"");
    }
    if socket.mode & 0o222 == 0 && loader.is_sound(&["socket.mode"]) {
        loader.problem(
            "socket.mode",
            "nobody is let write, and thus nobody can use the socket",
            "write \"0660\", or \"off\" for socket.path",
        );
    }
}

fn limits(loader: &mut Loader) {
    let limits = loader.draft.settings.limits.clone();
    let shown = |bytes: usize| size(bytes).replace('"', "");
    for (bounds, show) in [(BOUNDS, None), (BYTE_BOUNDS, Some(shown))] {
        for (lower, upper, values) in bounds {
            let [low, high] = values(&limits);
            if low <= high || !loader.is_sound(&[lower, upper]) {
                continue;
            }
            let [low, high] = [low, high].map(|value| show.map_or_else(|| value.to_string(), |show| show(value)));
            let key = loader.set_of(lower, upper);
            loader.problem(key, format!("{lower} is {low} and {upper} is {high}"), format!("lower {lower}, or raise {upper}"));
        }
    }
    let gather = loader.draft.settings.gather.time_max;
    if gather > limits.queue_time_max && loader.is_sound(&["gather.time_us_max", "limits.queue_time_ms_max"]) {
        let what = format!("requests may gather for {gather:?} and wait for no more than {:?}", limits.queue_time_max);
        let key = loader.set_of("gather.time_us_max", "limits.queue_time_ms_max");
        loader.problem(key, what, "lower gather.time_us_max, or raise limits.queue_time_ms_max");
    }
}

fn sources(loader: &mut Loader) {
    let sources = std::mem::take(&mut loader.sources);
    let mut seen = Seen::default();
    for loaded in &sources {
        if loaded.is_sound {
            source(loader, loaded);
        }
        for problem in seen.add(loaded) {
            loader.problems.push(problem);
        }
    }
    loader.sources = sources;
}

/// Checks one source by itself and beside the limits.
fn source(loader: &mut Loader, loaded: &LoadedTable<Source>) {
    let source = &loaded.value;
    let limits = loader.draft.settings.limits.clone();
    let sound = loader.is_sound(&["limits.items_in_flight_max", "limits.bytes_in_flight_max", "limits.message_bytes_max"]);
    let accepts_certificates = loader.draft.client_authorities.is_some() || !loader.is_sound(&TLS_KEYS);
    let mut problem = |key: &str, what: String, remedy: &str| loader.problems.push(loaded.problem(key, what, remedy));
    if source.name.is_empty() {
        problem("name", "the source has no name".to_owned(), "write name = \"...\" below [[source]]");
    }
    if source.certificates.is_empty() && source.users.is_empty() {
        problem("certificates", "the source has neither certificates nor users, so that nobody can be it".to_owned(), "name one at least");
    }
    if !source.certificates.is_empty() && !accepts_certificates {
        problem(
            "certificates",
            "client certificates are not asked for".to_owned(),
            "set tls.client_authorities to the file of their authorities",
        );
    }
    if !sound {
        return;
    }
    if source.items_in_flight_max > limits.items_in_flight_max {
        let what = format!("{} is more than limits.items_in_flight_max, {}", source.items_in_flight_max, limits.items_in_flight_max);
        problem("items_in_flight_max", what, "lower it, or raise the limit of all");
    }
    let bytes = source.bytes_in_flight_max;
    if bytes > limits.bytes_in_flight_max {
        let what = format!("{} is more than limits.bytes_in_flight_max, {}", size(bytes), size(limits.bytes_in_flight_max));
        problem("bytes_in_flight_max", what, "lower it, or raise the limit of all");
    }
    if bytes < limits.message_bytes_max {
        let what = format!("{} is less than limits.message_bytes_max, {}", size(bytes), size(limits.message_bytes_max));
        problem("bytes_in_flight_max", what, "raise it, so that one message fits");
    }
}

/// Names, certificates and users of the sources before, each with its source and line.
#[derive(Default)]
struct Seen(BTreeMap<String, String>);

impl Seen {
    /// Adds what a source is known by, and gives the problems with what another is known by already.
    fn add(&mut self, loaded: &LoadedTable<Source>) -> Vec<Problem> {
        let source = &loaded.value;
        let names = (!source.name.is_empty()).then(|| ("name", format!("the name {:?}", source.name), format!("name {}", source.name)));
        // Names of certificates are compared as DNS names are.
        let certificates = source
            .certificates
            .iter()
            .map(|text| ("certificates", format!("the certificate {text:?}"), format!("certificate {}", text.to_ascii_lowercase())));
        let users = source.users.iter().map(|text| ("users", format!("the user {text:?}"), format!("user {}", number_of(text))));
        let mut problems = Vec::new();
        for (key, shown, identity) in names.into_iter().chain(certificates).chain(users) {
            match self.0.entry(identity) {
                btree_map::Entry::Vacant(entry) => {
                    entry.insert(loaded.origin(key).to_string());
                }
                btree_map::Entry::Occupied(entry) => {
                    let what = format!("{shown} stands at {} already", entry.get());
                    problems.push(loaded.problem(key, what, "give it to one source alone"));
                }
            }
        }
        problems
    }
}

/// The number of a user, so that a name and its number are seen to be one; the name itself where there is none.
fn number_of(user: &str) -> String {
    let number = user.parse().ok().or_else(|| User::from_name(user).ok().flatten().map(|user| user.uid.as_raw()));
    number.map_or_else(|| user.to_owned(), |number: u32| number.to_string())
}
