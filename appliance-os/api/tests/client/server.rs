//! A server that verifies for real, over real connections, and misbehaves where the test says so.

use std::{
    collections::VecDeque,
    io,
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use chainbox_api::{
    client::Address,
    convert,
    v1::{self, verification_server::Verification, verification_server::VerificationServer},
};
use chainbox_engine::{
    backend::{Backend as _, Cpu},
    hash::Hash,
    scheme::Scheme,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, copy_bidirectional, duplex},
    net::{TcpListener, UnixListener},
    sync::mpsc,
    task::AbortHandle,
};
use tokio_rustls::TlsAcceptor;
use tokio_stream::{
    Stream, StreamExt as _,
    wrappers::{ReceiverStream, TcpListenerStream, UnixListenerStream},
};
use tonic::{Code, Request, Response, Status, Streaming, transport::server::Connected};
use tonic_types::{ErrorDetails, StatusExt as _};

/// What happens to one message instead of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is refused, on a stream by a refusal.
    Refuse { code: Code, retry_after: Option<Duration> },
    /// No answer comes.
    Silence,
    /// All connections are cut.
    Cut,
    /// The stream ends in peace, without the answer.
    End,
    /// The whole call or stream ends with this status.
    Status(Code),
    /// A verdict is missing.
    TooFew,
    /// Verdict, hint and key bytes of an answer are too many.
    TooMany,
    /// The answer has another tag.
    WrongTag,
    /// The answer comes twice.
    Twice,
    /// The answer has neither response nor refusal.
    Nothing,
    /// It is refused without a hint, and from then on messages of more than one item are not allowed.
    StricterLimits,
}

/// A message as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The number of its stream, from 1; 0 for a call of its own.
    pub stream: usize,
    pub items: usize,
    pub bytes: usize,
    pub request_id: Option<String>,
    pub has_timeout: bool,
}

#[derive(Default)]
struct State {
    /// What happens to the next messages; an answer where there is none, or no more.
    script: Mutex<VecDeque<Option<Fault>>>,
    limits: Mutex<v1::Limits>,
    seen: Mutex<Vec<Seen>>,
    streams: Mutex<usize>,
    connections: Mutex<Vec<AbortHandle>>,
    backend: Cpu,
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection as it was accepted.
type Accepted = Box<dyn Io>;

/// A running server. It ends when it is dropped.
pub struct Server {
    state: Arc<State>,
    pub address: Address,
    tasks: Vec<AbortHandle>,
}

impl Server {
    /// On a free TCP port.
    pub async fn tcp() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        Self::start(address, None, TcpListenerStream::new(listener).map(|stream| Box::new(stream.unwrap()) as Accepted))
    }

    /// On a free TCP port, by TLS.
    pub async fn tls(acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://localhost:{}", listener.local_addr().unwrap().port()).parse().unwrap();
        Self::start(address, Some(acceptor), TcpListenerStream::new(listener).map(|stream| Box::new(stream.unwrap()) as Accepted))
    }

    /// On a Unix socket.
    pub async fn unix(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let address = Address::Unix(path.to_owned());
        Self::start(address, None, UnixListenerStream::new(listener).map(|stream| Box::new(stream.unwrap()) as Accepted))
    }

    fn start(address: Address, tls: Option<TlsAcceptor>, mut accepted: impl Stream<Item = Accepted> + Send + Unpin + 'static) -> Self {
        let state = Arc::<State>::default();
        let (connections, incoming) = mpsc::channel(16);
        let service = VerificationServer::new(Service { state: Arc::clone(&state) }).max_decoding_message_size(64 << 20);
        let serving = tonic::transport::Server::builder()
            .initial_stream_window_size(16 << 20)
            .initial_connection_window_size(32 << 20)
            .add_service(service)
            .serve_with_incoming(ReceiverStream::new(incoming).map(Ok::<_, io::Error>));
        let accepting = {
            let state = Arc::clone(&state);
            async move {
                while let Some(stream) = accepted.next().await {
                    let (near, far) = duplex(1 << 16);
                    let tls = tls.clone();
                    let carrying = tokio::spawn(async move { carry(stream, near, tls).await });
                    state.connections.lock().unwrap().push(carrying.abort_handle());
                    if connections.send(Connection(far)).await.is_err() {
                        break;
                    }
                }
            }
        };
        let tasks = vec![tokio::spawn(async move { serving.await.unwrap() }).abort_handle(), tokio::spawn(accepting).abort_handle()];
        Self { state, address, tasks }
    }

    /// What happens to the next messages, in their order.
    pub fn script(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.state.script.lock().unwrap().extend(faults);
    }

    pub fn limit(&self, limits: v1::Limits) {
        *self.state.limits.lock().unwrap() = limits;
    }

    /// The messages that came.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.state.connections.lock().unwrap().len()
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.state.cut();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        self.state.cut();
    }
}

async fn carry(mut stream: Accepted, mut near: DuplexStream, tls: Option<TlsAcceptor>) {
    // An error is the end of the connection.
    match tls {
        None => drop(copy_bidirectional(&mut stream, &mut near).await),
        Some(acceptor) => {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                drop(copy_bidirectional(&mut stream, &mut near).await);
            }
        }
    }
}

impl State {
    fn cut(&self) {
        self.connections.lock().unwrap().iter().for_each(AbortHandle::abort);
    }

    fn see<T: prost::Message, M>(&self, request: &Request<M>, stream: usize, items: usize, message: &T) -> Option<Fault> {
        let header = |name: &str| request.metadata().get(name).map(|value| value.to_str().unwrap().to_owned());
        let bytes = message.encoded_len();
        let has_timeout = header("grpc-timeout").is_some();
        self.seen.lock().unwrap().push(Seen { stream, items, bytes, request_id: header("x-request-id"), has_timeout });
        let fault = self.script.lock().unwrap().pop_front().flatten();
        match fault {
            Some(Fault::Cut) => self.cut(),
            Some(Fault::StricterLimits) => self.limits.lock().unwrap().items_in_flight_max = 1,
            _ => {}
        }
        fault
    }
}

/// A question that the server answers.
trait Question: Send + Sync + 'static {
    type Request: prost::Message + Clone + 'static;
    type Response: Send + 'static;
    type StreamRequest: Send + 'static;
    type StreamResponse: Clone + Send + 'static;

    fn split(request: Self::StreamRequest) -> (u64, Self::Request);
    fn items(request: &Self::Request) -> usize;
    fn answer(backend: &Cpu, request: Self::Request) -> Self::Response;
    /// Takes a byte from the answers, or adds one.
    fn spoil(response: &mut Self::Response, adds: bool);
    fn join(tag: u64, outcome: Option<Result<Self::Response, v1::Refusal>>) -> Self::StreamResponse;
}

fn count(column: &Option<v1::Column>) -> usize {
    let column = column.as_ref().unwrap();
    if column.width > 0 { column.data.len() / column.width as usize } else { column.lengths.len() }
}

fn spoil(bytes: &mut bytes::Bytes, adds: bool) {
    let mut spoilt = bytes.to_vec();
    if adds {
        spoilt.push(1);
    } else {
        spoilt.pop();
    }
    *bytes = spoilt.into();
}

macro_rules! question {
    ($name:ident, $request:ident, $response:ident, $stream_request:ident, $stream_response:ident, $outcome:ident, $items:ident, $answers:ident, $answer:expr) => {
        struct $name;

        impl Question for $name {
            type Request = v1::$request;
            type Response = v1::$response;
            type StreamRequest = v1::$stream_request;
            type StreamResponse = v1::$stream_response;

            fn split(request: Self::StreamRequest) -> (u64, Self::Request) {
                (request.tag, request.request.unwrap())
            }

            fn items(request: &Self::Request) -> usize {
                count(&request.$items)
            }

            fn answer(backend: &Cpu, request: Self::Request) -> Self::Response {
                let answer: fn(&Cpu, Self::Request) -> Self::Response = $answer;
                answer(backend, request)
            }

            fn spoil(response: &mut Self::Response, adds: bool) {
                spoil(&mut response.$answers, adds);
            }

            fn join(tag: u64, outcome: Option<Result<Self::Response, v1::Refusal>>) -> Self::StreamResponse {
                let outcome = outcome.map(|outcome| match outcome {
                    Ok(response) => v1::$outcome::Outcome::Response(response),
                    Err(refusal) => v1::$outcome::Outcome::Refusal(refusal),
                });
                v1::$stream_response { tag, outcome }
            }
        }
    };
}

question!(
    Verify,
    VerifyRequest,
    VerifyResponse,
    VerifyStreamRequest,
    VerifyStreamResponse,
    verify_stream_response,
    keys,
    verdicts,
    |backend, request| {
        let want_hints = request.want_hints;
        let batch = convert::batch_of(request).unwrap();
        if want_hints {
            let (verdicts, hints) = backend.verify_and_hint(&batch).unwrap();
            return convert::verify_response(verdicts.as_slice(), Some(&hints));
        }
        convert::verify_response(backend.verify(&batch).unwrap().as_slice(), None)
    }
);

question!(
    Recover,
    RecoverRequest,
    RecoverResponse,
    RecoverStreamRequest,
    RecoverStreamResponse,
    recover_stream_response,
    inputs,
    keys,
    |backend, request| {
        let recovered = backend.recover(&convert::recovery_batch_of(request).unwrap()).unwrap();
        convert::recover_response(recovered.verdicts.as_slice(), &recovered.keys)
    }
);

question!(
    Digests,
    DigestRequest,
    DigestResponse,
    DigestStreamRequest,
    DigestStreamResponse,
    digest_stream_response,
    messages,
    digests,
    |backend, request| {
        let (hash, messages) = convert::messages_of(request).unwrap();
        convert::digest_response(&backend.digest(hash, &messages).unwrap())
    }
);

struct Service {
    state: Arc<State>,
}

impl Service {
    async fn one<Q: Question>(&self, request: Request<Q::Request>) -> Result<Response<Q::Response>, Status> {
        let items = Q::items(request.get_ref());
        let fault = self.state.see(&request, 0, items, request.get_ref());
        let mut response = Q::answer(&self.state.backend, request.into_inner());
        match fault {
            None => {}
            Some(Fault::Refuse { code, retry_after }) => {
                let mut details = ErrorDetails::new();
                if retry_after.is_some() {
                    details.set_retry_info(retry_after);
                }
                return Err(Status::with_error_details(code, "as the test says", details));
            }
            Some(Fault::StricterLimits) => return Err(Status::resource_exhausted("as the test says")),
            Some(Fault::Status(code)) => return Err(Status::new(code, "as the test says")),
            Some(Fault::TooFew) => Q::spoil(&mut response, false),
            Some(Fault::TooMany) => Q::spoil(&mut response, true),
            Some(fault) => {
                assert!(matches!(fault, Fault::Silence | Fault::Cut), "{fault:?} is for streams");
                std::future::pending::<()>().await;
            }
        }
        Ok(Response::new(response))
    }

    fn many<Q: Question>(&self, request: Request<Streaming<Q::StreamRequest>>) -> Response<Answers<Q::StreamResponse>> {
        let (sender, answers) = mpsc::channel(1);
        let state = Arc::clone(&self.state);
        let stream = {
            let mut streams = state.streams.lock().unwrap();
            *streams += 1;
            *streams
        };
        tokio::spawn(async move {
            let (metadata, extensions, mut requests) = request.into_parts();
            while let Ok(Some(message)) = requests.message().await {
                let (tag, message) = Q::split(message);
                let head = Request::from_parts(metadata.clone(), extensions.clone(), ());
                let fault = state.see(&head, stream, Q::items(&message), &message);
                let mut response = Q::answer(&state.backend, message);
                let refusal = |code: Code, retry_after: Option<Duration>| v1::Refusal {
                    code: code.into(),
                    message: "as the test says".to_owned(),
                    retry_after_ms: retry_after.map_or(0, |after| after.as_millis() as u32),
                };
                let answer = match fault {
                    Some(Fault::Silence) => continue,
                    Some(Fault::Cut | Fault::End) => return,
                    Some(Fault::Status(code)) => {
                        let _ = sender.send(Err(Status::new(code, "as the test says"))).await;
                        return;
                    }
                    Some(Fault::Refuse { code, retry_after }) => Q::join(tag, Some(Err(refusal(code, retry_after)))),
                    Some(Fault::StricterLimits) => Q::join(tag, Some(Err(refusal(Code::ResourceExhausted, None)))),
                    Some(Fault::Nothing) => Q::join(tag, None),
                    Some(Fault::WrongTag) => Q::join(tag + 1000, Some(Ok(response))),
                    Some(Fault::TooFew | Fault::TooMany) => {
                        Q::spoil(&mut response, fault == Some(Fault::TooMany));
                        Q::join(tag, Some(Ok(response)))
                    }
                    Some(Fault::Twice) | None => Q::join(tag, Some(Ok(response))),
                };
                for _ in 0..if fault == Some(Fault::Twice) { 2 } else { 1 } {
                    if sender.send(Ok(answer.clone())).await.is_err() {
                        return;
                    }
                }
            }
        });
        Response::new(ReceiverStream::new(answers))
    }
}

type Answers<T> = ReceiverStream<Result<T, Status>>;

#[tonic::async_trait]
impl Verification for Service {
    type VerifyStreamStream = Answers<v1::VerifyStreamResponse>;
    type RecoverStreamStream = Answers<v1::RecoverStreamResponse>;
    type DigestStreamStream = Answers<v1::DigestStreamResponse>;

    async fn verify(&self, request: Request<v1::VerifyRequest>) -> Result<Response<v1::VerifyResponse>, Status> {
        self.one::<Verify>(request).await
    }

    async fn recover(&self, request: Request<v1::RecoverRequest>) -> Result<Response<v1::RecoverResponse>, Status> {
        self.one::<Recover>(request).await
    }

    async fn digest(&self, request: Request<v1::DigestRequest>) -> Result<Response<v1::DigestResponse>, Status> {
        self.one::<Digests>(request).await
    }

    async fn verify_stream(
        &self,
        request: Request<Streaming<v1::VerifyStreamRequest>>,
    ) -> Result<Response<Self::VerifyStreamStream>, Status> {
        Ok(self.many::<Verify>(request))
    }

    async fn recover_stream(
        &self,
        request: Request<Streaming<v1::RecoverStreamRequest>>,
    ) -> Result<Response<Self::RecoverStreamStream>, Status> {
        Ok(self.many::<Recover>(request))
    }

    async fn digest_stream(
        &self,
        request: Request<Streaming<v1::DigestStreamRequest>>,
    ) -> Result<Response<Self::DigestStreamStream>, Status> {
        Ok(self.many::<Digests>(request))
    }

    async fn capabilities(&self, _: Request<v1::CapabilitiesRequest>) -> Result<Response<v1::CapabilitiesResponse>, Status> {
        Ok(Response::new(v1::CapabilitiesResponse {
            version: "test".to_owned(),
            // One that no client knows yet.
            schemes: Scheme::ALL.into_iter().map(|scheme| convert::scheme_to_proto(scheme).into()).chain([99]).collect(),
            hashes: Hash::ALL.into_iter().map(|hash| convert::hash_to_proto(hash).into()).collect(),
            recovery: true,
            backends: vec![v1::Backend { name: "cpu".to_owned(), ready: true }],
            limits: Some(*self.state.limits.lock().unwrap()),
            source: "test".to_owned(),
        }))
    }
}

/// The server's end of a connection.
struct Connection(DuplexStream);

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
