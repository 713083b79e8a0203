//! A running service, clients for it, and items with the verdicts that they must get.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use chainbox_api::{
    convert,
    v1::{self, verification_client::VerificationClient},
};
use chainbox_engine::{
    backend::{Backend, Capabilities, Cpu, Fault},
    batch::{Batch, ByteColumn, Input, Recovered, RecoveryBatch},
    hash::{Digest, Hash},
    scheme::Scheme,
    verdict::Verdicts,
};
use chainbox_service::{Backends, Service, settings::Settings};
use chainbox_workloads::{Kind, Spec, Workload};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint};

/// A test that takes that long hangs.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A service with a data folder of its own.
pub struct Running {
    pub service: Service,
    pub folder: tempfile::TempDir,
}

/// Settings that clash with nobody: a data folder of their own, free ports.
pub fn settings(folder: &Path) -> Settings {
    let mut settings = Settings::with_data(folder.join("data"));
    settings.grpc.listen = Some(([127, 0, 0, 1], 0).into());
    settings.http.listen = Some(([127, 0, 0, 1], 0).into());
    settings.shutdown_time_max = PATIENCE;
    settings
}

pub async fn start(change: impl FnOnce(&mut Settings)) -> Running {
    start_with(Arc::new(Cpu::new()), change).await
}

pub async fn start_with(backend: Arc<dyn Backend>, change: impl FnOnce(&mut Settings)) -> Running {
    start_on(Backends::cpu_alone(backend), change).await
}

pub async fn start_on(backends: Backends, change: impl FnOnce(&mut Settings)) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path());
    change(&mut settings);
    let service = Service::start(settings, backends, None).await.unwrap();
    Running { service, folder }
}

/// A CPU and nothing else.
pub fn cpu() -> Backends {
    Backends::cpu_alone(Arc::new(Cpu::new()))
}

pub type Client = VerificationClient<Channel>;

impl Running {
    /// A client over the Unix socket, on a connection of its own.
    pub async fn client(&self) -> Client {
        let path = self.service.addresses().socket.clone().unwrap();
        Client::new(over_socket(path.strip_prefix("unix:").unwrap().into()).await.unwrap())
    }

    /// A client over TCP without TLS.
    pub async fn tcp_client(&self) -> Client {
        let address = self.service.addresses().grpc.clone().unwrap();
        Client::new(Endpoint::new(address).unwrap().connect().await.unwrap())
    }

    /// Host and port of a listener.
    pub fn host_and_port(address: Option<&String>) -> &str {
        address.unwrap().split_once("://").unwrap().1
    }
}

pub async fn over_socket(path: PathBuf) -> Result<Channel, tonic::transport::Error> {
    let connect = tower::service_fn(move |_| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://socket").connect_with_connector(connect).await
}

/// A batch, and the verdict of each of its items as a response has it.
pub struct Expected {
    pub batch: Batch,
    pub verdicts: Vec<u8>,
}

impl Expected {
    pub fn request(&self) -> v1::VerifyRequest {
        convert::verify_request(&self.batch, 0..self.batch.len(), false)
    }

    /// Some of the items.
    pub fn part(&self, range: std::ops::Range<usize>) -> Self {
        let mut batch = Batch::new(self.batch.shape());
        batch.extend_from(&self.batch, range.clone()).unwrap();
        Self { batch, verdicts: self.verdicts[range].to_vec() }
    }
}

/// Items of a scheme over digests, a tenth of them invalid in every way.
pub fn items(scheme: Scheme, count: u64, seed: u64) -> Expected {
    let spec = Spec { input: Input::Digest, signers: 16, seed, invalid_share: 0.1, ..Spec::new(scheme, count) };
    expected(Spec { invalid_kinds: Kind::all_for(spec.shape()), ..spec })
}

/// The items of a specification whose items are of one shape.
pub fn expected(spec: Spec) -> Expected {
    let shape = spec.shape();
    let count = spec.items;
    let items = Workload::new(spec).unwrap().items(0..count);
    let mut batch = Batch::with_capacity(shape, items.len());
    items.iter().for_each(|item| item.item.push_into(&mut batch).unwrap());
    Expected { batch, verdicts: items.iter().map(|item| item.expected().code()).collect() }
}

/// A back end that works only while its gate is open.
pub struct Gate {
    cpu: Cpu,
    is_open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    /// A closed one.
    pub fn closed() -> Arc<Self> {
        Arc::new(Self { cpu: Cpu::new(), is_open: Mutex::new(false), changed: Condvar::new() })
    }

    pub fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.changed.notify_all();
    }

    fn pass(&self) {
        drop(self.changed.wait_while(self.is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
    }
}

impl Backend for Gate {
    fn name(&self) -> &str {
        "gate"
    }

    fn capabilities(&self) -> Capabilities {
        self.cpu.capabilities()
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        self.pass();
        self.cpu.verify(batch)
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        self.pass();
        self.cpu.recover(batch)
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        self.pass();
        self.cpu.digest(hash, messages)
    }
}

/// Tries until it succeeds, for as long as patience lasts.
pub async fn eventually<T>(what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let tried = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(done) = attempt().await {
                return done;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    tried.await.unwrap_or_else(|_| panic!("{what} did not happen"))
}
