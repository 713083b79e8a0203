//! The chain's interfaces, gRPC and HTTP, with a node behind them that runs: whatever is asked is answered, and never with a failure of the node's.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{Router, body::Body as HttpBody};
use bytes::Bytes;
use chainbox_api::v1::{self, chain_server::ChainServer};
use chainbox_engine::{
    backend::Cpu,
    hash::Hash,
    transaction::native::{Body, Content, Suite},
};
use chainbox_hsm::{
    Algorithm, Payload,
    payload::{SM2_ID, digest},
    software::Ephemeral,
};
use chainbox_node::{
    genesis::{BlockLimits, Genesis, Senders},
    node::{Node, NodeOptions, create},
    rpc::{self, Grpc},
    verifier::Alone,
    vote::Voter,
};
use http_body_util::{BodyExt as _, Full};
use prost::Message;
use tempfile::TempDir;
use tokio::{runtime::Runtime, time::timeout};
use tonic::{Code, Status};
use tower::ServiceExt as _;

/// The methods of gRPC; of those that do not end by themselves only the beginning is read.
const METHODS: [(&str, bool); 10] = [
    ("Submit", true),
    ("SubmitStream", true),
    ("Status", true),
    ("Block", true),
    ("Transaction", true),
    ("Record", true),
    ("Account", true),
    ("Entry", true),
    ("Proof", true),
    ("Subscribe", false),
];

/// What is not answered within this is not answered.
const TIME_MAX: Duration = Duration::from_secs(60);

const CHAIN: u64 = 1;

struct Served {
    runtime: Runtime,
    grpc: ChainServer<Grpc>,
    http: Router,
    sender: Ephemeral,
    _folder: TempDir,
}

struct Key(Ephemeral);

impl Voter for Key {
    fn sign(&mut self, payload: Payload) -> Result<[u8; 64], String> {
        Ok(signature(&self.0, &payload))
    }
}

fn signature(key: &Ephemeral, payload: &Payload) -> [u8; 64] {
    let digest = digest(payload, Suite::Sm.scheme(), key.public_key(), SM2_ID).expect("a payload that can be signed");
    key.sign(&digest).expect("a key in memory signs")
}

static SERVED: LazyLock<Served> = LazyLock::new(|| {
    let key = || Ephemeral::generate(Algorithm::of(Suite::Sm.scheme())).expect("randomness");
    let (validator, sender) = (key(), key());
    let genesis = Genesis {
        chain_id: CHAIN,
        suite: Suite::Sm,
        time_ms: 1,
        validators: vec![*validator.public_key()],
        senders: Senders::Open,
        listed: Vec::new(),
        limits: BlockLimits::default(),
        accounts: vec![(Suite::Sm.address(sender.public_key()), 1_000_000)],
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = NodeOptions { threads: 1, block_interval: Duration::from_millis(1), ..NodeOptions::default() };
    // What waits for one that never comes is answered soon.
    options.pool.gap_max = Duration::from_millis(50);
    create(folder.path(), &genesis, &options).expect("a chain");
    let verifier = Arc::new(Alone(Arc::new(Cpu::with_threads(1).expect("a thread"))));
    let node = Node::start(folder.path(), genesis, options, verifier, Box::new(Key(validator)), &mut |_, _| {}).expect("a node");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (grpc, http) = (ChainServer::new(Grpc::new(node.clone())), rpc::router(node));
    Served { runtime, grpc, http, sender, _folder: folder }
});

/// The first byte tells which method the others are the body of: frames of gRPC, or a path of HTTP, a zero, and what is posted there.
pub(crate) fn run(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    let served = &*SERVED;
    served.runtime.block_on(async {
        let answered = async {
            match METHODS.get(usize::from(*kind) % (METHODS.len() + 1)) {
                Some((method, is_ending)) => grpc(served, method, *is_ending, bytes).await,
                None => http(served, bytes).await,
            }
        };
        timeout(TIME_MAX, answered).await.expect("an answer in time");
    });
}

async fn grpc(served: &Served, method: &str, is_ending: bool, bytes: &[u8]) {
    let request = http::Request::post(format!("/chainbox.v1.Chain/{method}")).header("content-type", "application/grpc");
    let request = request.body(Full::new(Bytes::copy_from_slice(bytes))).expect("a request");
    let response = served.grpc.clone().oneshot(request).await.expect("it never fails");
    assert_eq!(response.status(), 200);
    let status = match Status::from_header_map(response.headers()) {
        Some(status) => status,
        None if !is_ending => return,
        None => {
            let body = response.into_body().collect().await.expect("a body");
            body.trailers().and_then(Status::from_header_map).expect("a status")
        }
    };
    assert_ne!(status.code(), Code::Unimplemented, "{method}: {status}");
    // So the library calls what it cannot read.
    let is_unreadable = ["decod", "protocol error", "Missing"].iter().any(|part| status.message().contains(part));
    assert!(is_unreadable || !matches!(status.code(), Code::Internal | Code::Unknown | Code::DataLoss), "{method}: {status}");
}

async fn http(served: &Served, bytes: &[u8]) {
    let (path, body) = bytes.iter().position(|byte| *byte == 0).map_or((bytes, None), |end| (&bytes[..end], Some(&bytes[end + 1..])));
    let method = if body.is_some() { "POST" } else { "GET" };
    let request = http::Request::builder().method(method).uri(path).body(HttpBody::from(body.unwrap_or_default().to_vec()));
    let Ok(request) = request else { return };
    let response = served.http.clone().oneshot(request).await.expect("it never fails");
    assert_ne!(response.status(), 500, "{}", String::from_utf8_lossy(path));
    response.into_body().collect().await.expect("a body");
}

/// A frame of gRPC.
fn frame(message: &impl Message) -> Vec<u8> {
    let bytes = message.encode_to_vec();
    [&[0][..], &(bytes.len() as u32).to_be_bytes(), &bytes].concat()
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let sender = &SERVED.sender;
    let key = sender.public_key();
    let transaction = |nonce| {
        let content = Content::Put { key: b"key", value: b"value" };
        let body = Body { suite: Suite::Sm, chain_id: CHAIN, sender: key, nonce, valid_until: u64::MAX, content };
        let signature = signature(sender, &Payload::Transaction(body.signed_part().expect("a transaction")));
        Bytes::from(body.with_signature(&signature).expect("a transaction"))
    };
    let submit = |nonces: &[u64], tag| {
        let transactions = nonces.iter().map(|nonce| transaction(*nonce)).collect();
        v1::SubmitRequest { transactions, wait: v1::Wait::Confirmed.into(), tag }
    };
    let id = Bytes::copy_from_slice(&Hash::Sm3.digest(b"a document"));
    let address = Bytes::copy_from_slice(&Suite::Sm.address(key));
    let of_account = v1::proof_request::Subject::Account(address.clone());
    let messages: Vec<(u8, Vec<u8>)> = vec![
        (0, frame(&submit(&[0], 0))),
        (0, frame(&submit(&[1, 3], 0))),
        (1, [frame(&submit(&[2], 1)), frame(&submit(&[4], 2))].concat()),
        (2, frame(&v1::ChainStatusRequest {})),
        (3, frame(&v1::BlockRequest { height: 0, latest: true, transactions: true })),
        (4, frame(&v1::TransactionRequest { id: id.clone() })),
        (5, frame(&v1::RecordRequest { digest: id })),
        (6, frame(&v1::AccountRequest { address: address.clone() })),
        (7, frame(&v1::EntryRequest { owner: address, key: Bytes::from_static(b"key") })),
        (8, frame(&v1::ProofRequest { subject: Some(of_account) })),
        (9, frame(&v1::SubscribeRequest { from: 0, transactions: true })),
    ];
    let paths = [
        "/chain".to_owned(),
        "/v1/status".to_owned(),
        "/v1/blocks?to=3&limit=2".to_owned(),
        "/v1/blocks/latest".to_owned(),
        "/v1/blocks/0?first=1".to_owned(),
        format!("/v1/accounts/{}", hex::encode(Suite::Sm.address(key))),
        format!("/v1/entries/{}/6b6579", hex::encode(Suite::Sm.address(key))),
        format!("/v1/proofs/transaction/{}", "00".repeat(32)),
        format!("/v1/transactions\0{}", hex::encode(transaction(0))),
    ];
    let paths = paths.into_iter().map(|path| (METHODS.len() as u8, path.into_bytes()));
    messages.into_iter().chain(paths).map(|(kind, bytes)| [&[kind][..], &bytes].concat()).collect()
}
