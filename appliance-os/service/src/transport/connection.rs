//! One HTTP/2 connection: its bounds, and its calls.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chainbox_api::caller::{Caller, Receipts};
use http::{HeaderValue, Request, Response};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{Code, Status, body::Body, service::Routes};
use tower::Service;
use tracing::debug;

use super::{
    call::{self, Call, REQUEST_ID},
    deliveries::{Deliveries, Delivery},
    held::Held,
    metered::{Allowance, Metered},
};
use crate::{
    budget::Budget,
    grpc::{note_refusal, status},
    live::Live,
    metrics::Metrics,
    source::{NotAllowed, Peer, Source, Sources},
    work::Work,
};

/// The bytes that a connection, and a call on it, may send before they are read. What is sent and not read is memory, for each connection.
pub const WINDOW_BYTES: u32 = 512 << 10;

/// The largest frame that is accepted.
const FRAME_BYTES_MAX: u32 = 64 << 10;

/// The bytes of responses that wait for a client to read them, for each call.
const SEND_BUFFER_BYTES_MAX: usize = 64 << 10;

/// The bytes of a call's headers.
const HEADER_BYTES_MAX: u32 = 16 << 10;

/// Calls that a client opened and reset again before they were looked at; more end the connection (CVE-2023-44487).
const RESETS_PENDING_MAX: usize = 32;

/// Calls that had to be reset for what the client sent on them; more end the connection (CVE-2025-8671).
const RESETS_CAUSED_MAX: usize = 256;

/// How often a silent connection is asked whether it is still there, and how long it may take to answer.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(60);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Connections above the limit that are told so, at once; and for how long they are kept to be told.
const TURNED_AWAY_MAX: usize = 64;
const TURNED_AWAY_TIME_MAX: Duration = Duration::from_secs(1);

/// When a client that found no connection may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// When a source may try again that has no room for an item: some batches later.
const RETRY_AFTER_ITEMS: Duration = Duration::from_millis(20);

/// All connections, and what they have in common.
pub struct Connections {
    routes: Routes,
    work: Work,
    sources: Arc<Sources>,
    live: Arc<Live>,
    metrics: Arc<Metrics>,
    /// The bytes of messages of all sources.
    bytes: Arc<Budget>,
    open: Mutex<usize>,
    turned_away: Arc<Semaphore>,
    /// Counts changes of the allow list.
    generation: AtomicU64,
    /// Cancelled when no new call is wanted.
    closing: CancellationToken,
    tasks: TaskTracker,
}

/// What a connection is to the calls on it.
struct Connection {
    all: Arc<Connections>,
    peer: Peer,
    /// Who the peer was when it was last looked up, and when that was.
    known: Mutex<(u64, Result<Arc<Source>, NotAllowed>)>,
    is_turned_away: bool,
    deliveries: Arc<Deliveries>,
}

/// What goes when a response has left: the bytes of its call, and its place among the deliveries.
type UntilSent = (Option<Arc<Call>>, Option<Delivery>);

/// Counts an open connection.
struct Open {
    all: Arc<Connections>,
    listener: &'static str,
}

impl Drop for Open {
    fn drop(&mut self) {
        *self.all.open.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.all.metrics.connections.with_label_values(&[self.listener]).dec();
    }
}

impl Connections {
    /// No connections yet.
    pub fn new(
        routes: Routes,
        work: Work,
        sources: Arc<Sources>,
        live: Arc<Live>,
        metrics: Arc<Metrics>,
        closing: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            bytes: Budget::new(live.limits().bytes_in_flight_max),
            routes: routes.prepare(),
            work,
            sources,
            live,
            metrics,
            open: Mutex::new(0),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY_MAX)),
            generation: AtomicU64::new(0),
            closing,
            tasks: TaskTracker::new(),
        })
    }

    /// The bytes of messages in flight.
    pub fn bytes_in_flight(&self) -> usize {
        self.bytes.taken()
    }

    /// Told when no new connection is wanted.
    pub const fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    /// Runs the handshakes and connections of a listener.
    pub const fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Takes over changed limits, and looks up who is who again.
    pub fn reload(&self) {
        self.bytes.set_max(self.live.limits().bytes_in_flight_max);
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Ends all connections when their calls are answered, and waits for that.
    pub async fn close(&self) {
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Counts a connection that was accepted, before anything is read from it. `None` where there are as many as there may be.
    fn open(self: &Arc<Self>, listener: &'static str) -> Option<Open> {
        let max = self.live.limits().connections_max;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if *open >= max {
            return None;
        }
        *open += 1;
        self.metrics.connections.with_label_values(&[listener]).inc();
        Some(Open { all: Arc::clone(self), listener })
    }

    /// Serves a connection once `handshake` told the stream and who is at its other end.
    pub fn accept<IO>(
        self: &Arc<Self>,
        listener: &'static str,
        handshake: impl Future<Output = Result<(IO, Peer), String>> + Send + 'static,
    ) where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let open = self.open(listener);
        let permit = if open.is_none() {
            self.metrics.connections_refused.with_label_values(&["limit"]).inc();
            let Ok(permit) = Arc::clone(&self.turned_away).try_acquire_owned() else { return };
            Some(permit)
        } else {
            None
        };
        let all = Arc::clone(self);
        self.tasks.spawn(async move {
            let _counted = (open, permit.as_ref());
            match handshake.await {
                Ok((io, peer)) => all.serve(io, peer, permit.is_some()).await,
                Err(reason) => {
                    all.metrics.connections_refused.with_label_values(&["handshake"]).inc();
                    debug!(listener, reason, "no connection");
                }
            }
        });
    }

    async fn serve<IO>(self: Arc<Self>, io: IO, peer: Peer, is_turned_away: bool)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let generation = self.generation.load(Ordering::Acquire);
        let known = self.resolve(&peer);
        let counted = known.as_ref().ok().and_then(|source| source.connect(self.live.limits().source_connections_max));
        let is_turned_away = is_turned_away || (known.is_ok() && counted.is_none());
        let connection = Arc::new(Connection {
            all: Arc::clone(&self),
            peer,
            known: Mutex::new((generation, known)),
            is_turned_away,
            deliveries: Arc::default(),
        });
        self.drive(io, &connection).await;
        drop(counted);
        connection.forget_source();
    }

    async fn drive<IO>(&self, io: IO, connection: &Arc<Connection>)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let calls = Arc::clone(connection);
        let service = service_fn(move |request| {
            let connection = Arc::clone(&calls);
            async move { Ok::<_, Infallible>(connection.call(request).await) }
        });
        let served = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_frame_size(FRAME_BYTES_MAX)
            .max_send_buf_size(SEND_BUFFER_BYTES_MAX)
            .max_header_list_size(HEADER_BYTES_MAX)
            .max_concurrent_streams(self.live.limits().calls_per_connection_max)
            .max_pending_accept_reset_streams(RESETS_PENDING_MAX)
            .max_local_error_reset_streams(RESETS_CAUSED_MAX)
            .keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .serve_connection(TokioIo::new(io), service);
        let mut served = pin!(served);
        let told_to_go = async {
            if connection.is_turned_away {
                tokio::time::sleep(TURNED_AWAY_TIME_MAX).await;
            } else {
                self.closing.cancelled().await;
            }
        };
        let transfer_time_max = self.live.limits().transfer_time_max;
        let result = tokio::select! {
            result = served.as_mut() => result,
            () = connection.deliveries.stalled(transfer_time_max) => {
                debug!(peer = %connection.peer, "a connection was ended: its client did not read an answer in time");
                return;
            }
            () = told_to_go => {
                served.as_mut().graceful_shutdown();
                if connection.is_turned_away {
                    tokio::time::timeout(TURNED_AWAY_TIME_MAX, served).await.unwrap_or(Ok(()))
                } else {
                    tokio::select! {
                        result = served.as_mut() => result,
                        () = connection.deliveries.stalled(transfer_time_max) => return,
                    }
                }
            }
        };
        if let Err(error) = result {
            debug!(peer = %connection.peer, %error, "a connection ended");
        }
    }

    /// Who a peer is, known to the dispatcher.
    fn resolve(&self, peer: &Peer) -> Result<Arc<Source>, NotAllowed> {
        let (source, limits) = self.sources.resolve(peer)?;
        self.work.set_source(source.id, limits);
        Ok(source)
    }
}

impl Connection {
    /// Answers a call.
    async fn call(&self, request: Request<Incoming>) -> Response<Held<Body, UntilSent>> {
        let refused = |status: Status| status.into_http().map(|body| Held::new(body, (None, None)));
        if self.is_turned_away {
            return refused(status::busy("there are as many connections as there may be: close one, or wait", RETRY_AFTER));
        }
        let source = match self.source() {
            Ok(source) => source,
            Err(not_allowed) => return refused(Status::permission_denied(not_allowed.to_string())),
        };
        let begin = Instant::now();
        let call = Call::new(source, request.headers());
        let path = request.uri().path();
        let method = method_of_one_message(path);
        if let Some(method) = method
            && path.starts_with(VERIFICATION)
            && self.all.work.is_full_for(call.source.id)
        {
            let status = status::busy("there is no room for more items of this source: wait for answers", RETRY_AFTER_ITEMS);
            note_refusal(&self.all.metrics, &call, method, begin.elapsed(), &status);
            return refused(status);
        }
        let timeout = call::timeout(request.headers());
        let limits = self.all.live.limits();
        let allowance = Allowance {
            message_bytes_max: limits.message_bytes_max,
            transfer_time_max: limits.transfer_time_max,
            all: Arc::clone(&self.all.bytes),
            waits: method.is_none(),
        };
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(Caller::new(call.source.id, call.source.name.clone(), Arc::clone(&call) as Arc<dyn Receipts>));
        parts.extensions.insert(Arc::clone(&call));
        let request = Request::from_parts(parts, Body::new(Metered::new(body, Arc::clone(&call), allowance)));
        // A clone is a pointer; what it calls is ready at once.
        let answered = self.all.routes.clone().call(request);
        let response = match timeout {
            None => answered.await,
            Some(time) => match tokio::time::timeout(time, answered).await {
                Ok(response) => response,
                Err(_) => {
                    let text = format!("the {} ms that the client gave the call were over", begin.elapsed().as_millis());
                    return refused(Status::deadline_exceeded(text));
                }
            },
        };
        let mut response = match response {
            Ok(response) => response,
            Err(error) => match error {},
        };
        // A message that was not let through has met no handler.
        if let (Some(method), false, Some(status)) = (method, call.is_noted(), Status::from_header_map(response.headers()))
            && status.code() != Code::Ok
        {
            note_refusal(&self.all.metrics, &call, method, begin.elapsed(), &status);
        }
        if let Ok(id) = HeaderValue::from_str(&call.request_id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        // A stream's answers wait for each other anyway: their number is bounded, and so are their bytes.
        let delivery = method.map(|_| self.deliveries.begin());
        response.map(|body| Held::new(body, (Some(call), delivery)))
    }

    /// Who asks, by the allow list in force.
    fn source(&self) -> Result<Arc<Source>, NotAllowed> {
        let generation = self.all.generation.load(Ordering::Acquire);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != generation {
            *known = (generation, self.all.resolve(&self.peer));
        }
        known.1.clone()
    }

    /// The last connection of a source takes it from the dispatcher.
    fn forget_source(&self) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(source) = &known.1
            && source.connections() == 0
        {
            self.all.work.forget_source(source.id);
        }
    }
}

/// What paths of the services begin with.
const VERIFICATION: &str = "/chainbox.v1.Verification/";
const SIGNING: &str = "/chainbox.v1.Signing/";
const CHAIN: &str = "/chainbox.v1.Chain/";

/// The method of a path, where it takes one message: that is refused where a stream waits.
fn method_of_one_message(path: &str) -> Option<&'static str> {
    const OF_VERIFICATION: &[&str] = &["Verify", "Recover", "Digest"];
    const OF_SIGNING: &[&str] = &["Sign", "PublicKey", "ListKeys"];
    const OF_CHAIN: &[&str] = &["Submit", "Status", "Block", "Transaction", "Record", "Account", "Entry", "Proof"];
    [(VERIFICATION, OF_VERIFICATION), (SIGNING, OF_SIGNING), (CHAIN, OF_CHAIN)].into_iter().find_map(|(service, methods)| {
        let method = path.strip_prefix(service)?;
        methods.iter().copied().find(|known| *known == method)
    })
}
