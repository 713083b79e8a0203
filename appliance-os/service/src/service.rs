//! The service as a whole: started, reloaded, shut down.

use std::{
    fs::{self, File, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chainbox_api::v1::{self, signing_server::SigningServer, verification_server::VerificationServer};
use chainbox_engine::{backend::Backend, dispatch::Limits};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic_health::server::HealthReporter;
use tracing::{info, warn};

use crate::{
    backends::{BackendHealth, Backends},
    extension::{Extend, Extension, Verification},
    grpc::{self, Grpc},
    http, learned,
    live::Live,
    metrics::Metrics,
    settings::Settings,
    signing::{Desk, Signing},
    source::Sources,
    transport::{Acceptor, Connections, Listeners, bind, serve_tcp, serve_unix},
    work::Work,
};

/// What is learnt of back ends is written so often, and at the end.
const LEARNED_PERIOD: Duration = Duration::from_secs(300);

/// A job of the CPU that runs that long hangs: no batch takes a hundredth of it.
const JOB_TIME_MAX: Duration = Duration::from_secs(20);

/// Where the service listens, as a client writes it.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Addresses {
    /// gRPC over TCP: `http://HOST:PORT`, or `https://HOST:PORT` with TLS.
    pub grpc: Option<String>,
    /// The status page.
    pub http: Option<String>,
    /// gRPC over the Unix socket: `unix:/PATH`.
    pub socket: Option<String>,
}

/// What the parts of the service share.
pub struct Parts {
    pub(crate) work: Work,
    pub(crate) sources: Arc<Sources>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) live: Arc<Live>,
    pub(crate) addresses: Addresses,
    pub(crate) desk: Option<Arc<Desk>>,
    /// The figures of the extension.
    pub(crate) beside: Option<Beside>,
}

impl Parts {
    /// What is so wrong that the process had better be started again.
    pub(crate) fn sickness(&self) -> Option<String> {
        let time = self.work.longest_job().filter(|time| *time > JOB_TIME_MAX)?;
        Some(format!("a batch has been with the back end for {} s: it hangs", time.as_secs()))
    }

    /// What is wrong and no reason to start the process again: devices that are not used, or do not sign, and an extension
    /// that does not go on. A line each.
    pub(crate) fn ailments(&self) -> Vec<String> {
        let reports = self.work.reports().into_iter().filter(|report| report.state == BackendHealth::Quarantined);
        let line = |report: crate::backends::BackendReport| {
            let (reason, retry) = (report.reason.unwrap_or_default(), report.retry_seconds.unwrap_or_default());
            format!("{} is not used: {reason}; it is tried again in {} s, and the others do its work", report.name, retry.ceil())
        };
        let signing = self.desk.iter().filter_map(|desk| Some(format!("{} does not sign: {}", desk.device(), desk.health().problem?)));
        let beside = self.beside.iter().filter_map(|beside| (beside.unreadiness)());
        reports.map(line).chain(signing).chain(beside).collect()
    }

    /// Why no work should be sent here.
    pub(crate) fn unreadiness(&self) -> Option<String> {
        if self.connections.closing().is_cancelled() {
            return Some("the service is shutting down".to_owned());
        }
        self.sickness().or_else(|| (self.beside.as_ref()?.unreadiness)())
    }
}

/// What is known of the extension, where there is one.
pub(crate) struct Beside {
    pub(crate) metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub(crate) unreadiness: Arc<dyn Fn() -> Option<String> + Send + Sync>,
}

/// A service that runs.
pub struct Service {
    parts: Arc<Parts>,
    settings: Settings,
    tls: Option<Arc<Acceptor>>,
    health: HealthReporter,
    keeping: JoinHandle<()>,
    learned: PathBuf,
    /// Cancelled when all is answered: until then the status page is there.
    ended: CancellationToken,
    /// Ends the extension.
    close: Option<Box<dyn FnOnce() -> Result<(), String> + Send>>,
    /// Keeps others out of the data folder.
    _lock: File,
}

impl Service {
    /// Starts the service on a CPU that has earned its trust; devices join once they have earned theirs. It signs where a signer is handed over.
    ///
    /// # Errors
    /// One line that names the place and the remedy.
    pub async fn start(settings: Settings, backends: Backends, signing: Option<Signing>) -> Result<Self, String> {
        Self::start_with(settings, backends, signing, None).await
    }

    /// The same, with what an extension serves. That is made on a runtime with several threads.
    ///
    /// # Errors
    /// One line that names the place and the remedy.
    pub async fn start_with(
        settings: Settings,
        backends: Backends,
        signing: Option<Signing>,
        extend: Option<Extend>,
    ) -> Result<Self, String> {
        backends.check()?;
        let desk = signing.map(|signing| Desk::new(signing, &settings)).transpose().map_err(|error| error.to_string())?;
        let lock = lock(&settings.data)?;
        let tls = settings.tls.as_ref().map(Acceptor::new).transpose()?.map(Arc::new);
        let Listeners { grpc, socket, http } = bind(&settings).await?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = |listener: &tokio::net::TcpListener| listener.local_addr().map_err(|error| error.to_string());
        let addresses = Addresses {
            grpc: grpc.as_ref().map(|listener| address(listener).map(|address| format!("{scheme}://{address}"))).transpose()?,
            http: http.as_ref().map(|listener| address(listener).map(|address| format!("http://{address}"))).transpose()?,
            socket: socket.as_ref().map(|socket| format!("unix:{}", socket.path().display())),
        };
        let metrics = Arc::new(Metrics::new());
        metrics.prepare(backends.cpu.name());
        backends.devices.iter().for_each(|device| metrics.prepare(&device.name));
        let live = Arc::new(Live::new(&settings));
        let limits = limits(&settings, backends.cpu.as_ref());
        let learned = settings.data.join(learned::FILE);
        let before = learned::read(&learned).unwrap_or_else(|reason| {
            warn!(reason, "what was learnt of back ends is learnt anew");
            Vec::new()
        });
        let work = Work::start(backends, limits, Arc::clone(&metrics), before);
        let sources = Arc::new(Sources::new(&settings));
        let closing = CancellationToken::new();
        let verification = Grpc { work: work.clone(), metrics: Arc::clone(&metrics), live: Arc::clone(&live), closing: closing.clone() };
        let extension = extend.map(|extend| tokio::task::block_in_place(|| extend(Verification::new(work.clone())))).transpose()?;
        let (health, routes) = routes(verification, grpc::signing::Grpc { desk: desk.clone(), metrics: Arc::clone(&metrics) }).await;
        let (routes, pages, beside, close) = match extension {
            None => (routes, axum::Router::new(), None, None),
            Some(Extension { routes: add, http, metrics, unreadiness, close }) => {
                (add(routes), http, Some(Beside { metrics, unreadiness }), Some(close))
            }
        };
        let connections = Connections::new(routes, work.clone(), Arc::clone(&sources), Arc::clone(&live), Arc::clone(&metrics), closing);
        let parts = Arc::new(Parts { work, sources, connections, metrics, live, addresses, desk, beside });
        let tasks = parts.connections.tasks();
        if let Some(listener) = grpc {
            tasks.spawn(serve_tcp(listener, tls.clone(), Arc::clone(&parts.connections)));
        }
        if let Some(socket) = socket {
            tasks.spawn(serve_unix(socket, Arc::clone(&parts.connections)));
        }
        let ended = CancellationToken::new();
        if let Some(desk) = &parts.desk {
            parts.metrics.prepare_signing(&settings.hsm);
            tokio::spawn(Arc::clone(desk).watch(ended.clone()));
        }
        if let Some(listener) = http {
            tokio::spawn(http::serve(listener, http::router(Arc::clone(&parts)).merge(pages), ended.clone()));
        }
        let keeping = tokio::spawn(keep(parts.work.clone(), learned.clone()));
        Ok(Self { parts, settings, tls, health, keeping, learned, ended, close, _lock: lock })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.parts.addresses
    }

    /// Why the process had better be started again, where it had.
    #[must_use]
    pub fn sickness(&self) -> Option<String> {
        self.parts.sickness()
    }

    /// Takes over what can be changed in a running service, and reads certificates again. Settings that need a restart stay as they are.
    ///
    /// # Errors
    /// A text for each thing that could not be taken over; all else is.
    pub fn reload(&mut self, settings: &Settings) -> Result<(), String> {
        let certificates = match (&self.tls, &settings.tls) {
            (Some(acceptor), Some(tls)) => acceptor.reload(tls),
            _ => Ok(()),
        };
        self.settings = self.settings.reloaded_with(settings);
        self.parts.live.apply(&self.settings);
        self.parts.work.set_limits(limits(&self.settings, self.parts.work.cpu()));
        for (source, limits) in self.parts.sources.apply(&self.settings) {
            self.parts.work.set_source(source.id, limits);
        }
        self.parts.connections.reload();
        let policy = self.parts.desk.as_ref().map_or(Ok(()), |desk| desk.apply(&self.settings)).map_err(|error| error.to_string());
        let result = match (certificates, policy) {
            (Err(certificates), Err(policy)) => Err(format!("{certificates}; {policy}")),
            (certificates, policy) => certificates.and(policy),
        };
        self.parts.metrics.reloads.with_label_values(&[if result.is_ok() { "applied" } else { "failed" }]).inc();
        result
    }

    /// The settings in force.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes no new work, answers all that was accepted, and ends. What is not answered by the time that the settings give is lost, and said.
    ///
    /// # Errors
    /// How many requests had no answer.
    pub async fn shutdown(self) -> Result<(), String> {
        self.health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
        self.health.set_not_serving::<VerificationServer<Grpc>>().await;
        self.health.set_not_serving::<SigningServer<grpc::signing::Grpc>>().await;
        // First the connections: calls that are there are still served, new ones go elsewhere.
        let time_max = self.settings.shutdown_time_max;
        let closed = tokio::time::timeout(time_max, self.parts.connections.close()).await;
        let extension = match self.close {
            None => Ok(()),
            Some(close) => tokio::task::spawn_blocking(close).await.unwrap_or_else(|error| Err(error.to_string())),
        };
        self.parts.work.close();
        self.keeping.abort();
        write_learned(&self.parts.work, &self.learned);
        self.ended.cancel();
        let unanswered = self.parts.work.requests();
        extension?;
        match closed {
            Ok(()) => Ok(()),
            // A client that keeps a stream open, with nothing asked on it, loses nothing.
            Err(_) if unanswered == 0 => {
                info!("connections that asked nothing more were closed");
                Ok(())
            }
            Err(_) => Err(format!("{unanswered} requests were not answered within {} s and are lost", time_max.as_secs())),
        }
    }
}

/// The services on every connection.
async fn routes(verification: Grpc, signing: grpc::signing::Grpc) -> (HealthReporter, Routes) {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<VerificationServer<Grpc>>().await;
    if signing.desk.is_some() {
        health.set_serving::<SigningServer<grpc::signing::Grpc>>().await;
    }
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(v1::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let known = "the descriptors are made together with the code";
    // The bytes of a message are checked before it comes here, against limits that a reload changes.
    let verification = VerificationServer::new(verification).max_decoding_message_size(usize::MAX).max_encoding_message_size(usize::MAX);
    let signing = SigningServer::new(signing).max_decoding_message_size(usize::MAX).max_encoding_message_size(usize::MAX);
    let routes = Routes::new(verification)
        .add_service(signing)
        .add_service(health_service)
        .add_service(reflection().build_v1().expect(known))
        .add_service(reflection().build_v1alpha().expect(known));
    (health, routes)
}

/// Writes what is learnt of back ends now and then, so that little of it is lost where the process is killed.
async fn keep(work: Work, path: PathBuf) {
    loop {
        tokio::time::sleep(LEARNED_PERIOD).await;
        let (work, path) = (work.clone(), path.clone());
        // A panic of it is written to the log as any other, and the next round tries again.
        let _ = tokio::task::spawn_blocking(move || write_learned(&work, &path)).await;
    }
}

fn write_learned(work: &Work, path: &Path) {
    if let Err(reason) = learned::write(path, &work.learned()) {
        warn!(reason, "what was learnt of back ends is not kept");
    }
}

fn limits(settings: &Settings, backend: &dyn Backend) -> Limits {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Limits {
        items_in_flight_max: settings.limits.items_in_flight_max,
        queue_time_max: settings.limits.queue_time_max,
        gather_time_max: settings.gather.time_max,
        // What hops to other threads would wait there behind larger jobs.
        express_items_max: backend.capabilities().inline_items_max.max(1),
        cores: if settings.engine.threads == 0 { cores } else { settings.engine.threads },
    }
}

/// Makes the data folder and locks it.
fn lock(data: &Path) -> Result<File, String> {
    let place = data.display();
    fs::create_dir_all(data).map_err(|error| format!("data: cannot make the folder {place}: {error}"))?;
    let path = data.join("lock");
    let opened = File::options().create(true).truncate(false).read(true).write(true).open(&path);
    let mut file = opened.map_err(|error| format!("data: cannot open {}: {error}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            // Who holds it wrote its number; where that cannot be read, the message does without.
            let _ = file.read_to_string(&mut owner);
            let owner = owner.trim().parse::<u32>().map_or(String::new(), |pid| format!(" (process {pid})"));
            return Err(format!("data: another chainbox{owner} works in {place}: stop it, or name another folder with --data"));
        }
        Err(TryLockError::Error(error)) => return Err(format!("data: cannot lock {}: {error}", path.display())),
    }
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    if let Err(error) = written {
        warn!(%error, "the number of this process could not be written to the lock");
    }
    Ok(file)
}
