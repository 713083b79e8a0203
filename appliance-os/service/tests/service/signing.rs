//! Signing: who may, what a request becomes, limits, reloads, the end. The keys are in an encrypted file, which signs for real.

use std::{
    path::Path,
    sync::{Arc, Condvar, Mutex},
    time::{Duration, SystemTime},
};

use chainbox_api::{
    client::{Address, Client, Error, Options, RemoteSigner, Retries},
    v1::{self, sign_answer::Outcome, sign_item, signing_client::SigningClient},
};
use chainbox_engine::{hash::Digest, scheme::Scheme};
use chainbox_hsm::{
    Algorithm, Deadline, Device, KeyInfo, Kind, Label, Payload, PublicKey, Role, Signature, Signer,
    device::{Capabilities, contract::verifies},
    payload::{SM2_ID, digest},
    secret::Secret,
    signer::{self, Caller, Local, SignRequest},
    software::{self, Software},
};
use chainbox_service::{
    Service, Signing,
    settings::{Settings, SigningKey, Source},
};
use tonic::{Code, transport::Channel};

use crate::{
    common::{PATIENCE, Running, cpu, eventually, over_socket, settings},
    http,
    tls::{authority, certificate, client_of, source, with_tls},
};

/// A device that signs only while its gate is open.
pub struct Gated {
    keys: Software,
    is_open: Mutex<bool>,
    changed: Condvar,
}

impl Gated {
    fn set(&self, is_open: bool) {
        *self.is_open.lock().unwrap() = is_open;
        self.changed.notify_all();
    }

    fn pass(&self, deadline: Deadline) {
        drop(self.changed.wait_timeout_while(self.is_open.lock().unwrap(), deadline.left(), |is_open| !*is_open).unwrap());
    }
}

impl Device for Gated {
    fn name(&self) -> &str {
        "software:test"
    }

    fn capabilities(&self, deadline: Deadline) -> Result<Capabilities, chainbox_hsm::Error> {
        self.keys.capabilities(deadline)
    }

    fn keys(&self, deadline: Deadline) -> Result<Vec<KeyInfo>, chainbox_hsm::Error> {
        self.keys.keys(deadline)
    }

    fn key(&self, label: &Label, deadline: Deadline) -> Result<KeyInfo, chainbox_hsm::Error> {
        self.keys.key(label, deadline)
    }

    fn generate(&self, label: &Label, algorithm: Algorithm, deadline: Deadline) -> Result<PublicKey, chainbox_hsm::Error> {
        self.keys.generate(label, algorithm, deadline)
    }

    fn destroy(&self, label: &Label, deadline: Deadline) -> Result<(), chainbox_hsm::Error> {
        self.keys.destroy(label, deadline)
    }

    fn random(&self, bytes: &mut [u8], deadline: Deadline) -> Result<(), chainbox_hsm::Error> {
        self.keys.random(bytes, deadline)
    }

    fn sign(&self, label: &Label, digests: &[Digest], deadline: Deadline) -> Result<Vec<Signature>, chainbox_hsm::Error> {
        self.pass(deadline);
        self.keys.sign(label, digests, deadline)
    }
}

fn label(name: &str) -> Label {
    name.parse().unwrap()
}

fn soon() -> Deadline {
    Deadline::after(PATIENCE)
}

/// The keys of the tests: label, scheme, roles.
const KEYS: [(&str, Scheme, &[Role]); 3] = [
    ("wallet", Scheme::EcdsaSecp256k1Keccak256, &[Role::Transaction, Role::Opaque]),
    ("web", Scheme::EcdsaP256Sha256, &[Role::Tls, Role::Transaction]),
    ("sm2", Scheme::Sm2Sm3, &[Role::Transaction]),
];

/// A signer above a new file of keys, and its device.
fn signing(folder: &Path) -> (Signing, Arc<Gated>) {
    let options = software::Options { path: folder.join("keys"), production: false, allow_software: false };
    let keys = Software::create(&options, &Secret::new(b"password".to_vec())).unwrap();
    for (name, scheme, _) in KEYS {
        keys.generate(&label(name), Algorithm::of(scheme), soon()).unwrap();
    }
    let device = Arc::new(Gated { keys, is_open: Mutex::new(true), changed: Condvar::new() });
    let signer = Local::open(Arc::clone(&device) as _, signer::Options::default(), Arc::new(())).unwrap();
    (Signing { signer: Arc::new(signer), device: "software:test".to_owned(), restarts: Arc::new(|| 3) }, device)
}

/// Settings of the keys, and a source that the user of this test is.
pub fn with_keys(settings: &mut Settings) {
    let key = |(name, scheme, roles): (&str, Scheme, &[Role])| SigningKey {
        label: Some(label(name)),
        scheme: Some(scheme),
        roles: roles.to_vec(),
        ..SigningKey::default()
    };
    settings.hsm.keys = KEYS.map(key).into();
    settings.hsm.time_max = PATIENCE;
    settings.sources = vec![Source {
        users: vec![nix::unistd::getuid().to_string()],
        certificates: Vec::new(),
        ..signs(source("me", "me.example"), &["wallet", "sm2"], &[Role::Transaction])
    }];
}

fn signs(source: Source, keys: &[&str], roles: &[Role]) -> Source {
    Source { sign_keys: keys.iter().map(|key| label(key)).collect(), sign_roles: roles.to_vec(), ..source }
}

/// A service that signs, and its device.
pub async fn start_signing(change: impl FnOnce(&Path, &mut Settings)) -> (Running, Arc<Gated>) {
    let folder = tempfile::tempdir().unwrap();
    let (signing, device) = signing(folder.path());
    let mut settings = settings(folder.path());
    with_keys(&mut settings);
    change(folder.path(), &mut settings);
    let service = Service::start(settings, cpu(), Some(signing)).await.unwrap();
    (Running { service, folder }, device)
}

async fn client(running: &Running) -> SigningClient<Channel> {
    let path = running.service.addresses().socket.clone().unwrap();
    SigningClient::new(over_socket(path.strip_prefix("unix:").unwrap().into()).await.unwrap())
}

/// A client of this crate's own, that does not try again.
async fn own_client(running: &Running) -> Client {
    let address: Address = running.service.addresses().socket.as_ref().unwrap().parse().unwrap();
    Client::connect(&address, Options { retries: Retries { tries_max: 1, ..Retries::default() }, ..Options::default() }).await.unwrap()
}

fn transaction(key: &str, number: u8) -> SignRequest {
    SignRequest { key: label(key), payload: Payload::Transaction(vec![number; 100]) }
}

fn items(requests: &[SignRequest]) -> v1::SignRequest {
    chainbox_api::convert::signing::sign_request(requests)
}

/// That a signature is one of a key of the device over a payload, as the engine sees it.
fn assert_signed(device: &Gated, request: &SignRequest, signed: &signer::Signed) {
    let key = device.keys.key(&request.key, soon()).unwrap();
    assert_eq!(signed.public_key, key.public_key);
    let digest = digest(&request.payload, signed.scheme, &signed.public_key, SM2_ID).unwrap();
    assert!(verifies(&key, &digest, &signed.signature), "{request:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_sign_with_their_keys_and_roles_and_with_no_others() {
    let authority = authority("ours");
    let (running, device) = start_signing(|folder, settings| {
        with_tls(folder, &authority, settings);
        settings.sources = vec![
            signs(source("wallets", "wallets.example"), &["wallet", "sm2"], &[Role::Transaction]),
            signs(source("web", "web.example"), &["web"], &[Role::Tls, Role::Transaction]),
            source("reader", "reader.example"),
        ];
    })
    .await;
    let client = async |name: &str| client_of(&running, &authority, Some(certificate(&authority, name))).await.unwrap();
    let wallets = client("wallets.example").await;
    let requests = [
        transaction("wallet", 1),
        transaction("web", 2),
        SignRequest { key: label("wallet"), payload: Payload::Opaque([3; 32]) },
        transaction("sm2", 4),
        transaction("nothing", 5),
    ];
    let answers = wallets.sign(&requests, PATIENCE).await.unwrap();
    let kinds: Vec<_> = answers.iter().map(|answer| answer.as_ref().err().map(|error| error.kind)).collect();
    assert_eq!(kinds, [None, Some(Kind::Refused), Some(Kind::Refused), None, Some(Kind::Refused)]);
    for (request, answer) in requests.iter().zip(&answers) {
        match answer {
            Ok(signed) => assert_signed(&device, request, signed),
            Err(error) => assert!(!error.place.is_empty() && !error.remedy.is_empty(), "{error}"),
        }
    }
    // Each sees its own keys alone.
    let labels = |keys: Vec<KeyInfo>| keys.into_iter().map(|key| key.label.to_string()).collect::<Vec<_>>();
    assert_eq!(labels(wallets.signing_keys(PATIENCE).await.unwrap().0), ["sm2", "wallet"]);
    let web = client("web.example").await;
    assert_eq!(labels(web.signing_keys(PATIENCE).await.unwrap().0), ["web"]);
    assert_eq!(web.public_key(&label("web"), PATIENCE).await.unwrap(), device.keys.key(&label("web"), soon()).unwrap());
    let other = web.public_key(&label("wallet"), PATIENCE).await.unwrap_err();
    assert!(matches!(&other, Error::Refused { code: Code::NotFound, .. }), "{other}");
    // One that verifies and does not sign.
    let denied = client("reader.example").await.sign(&requests[..1], PATIENCE).await.unwrap_err();
    let Error::Refused { code: Code::PermissionDenied, message, .. } = &denied else { panic!("{denied}") };
    assert!(message.contains("reader may not sign") && message.contains("sign_keys"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_settings_do_not_name_is_denied() {
    let (running, _device) = start_signing(|_, settings| settings.sources.clear()).await;
    let mut client = client(&running).await;
    let denied = [
        client.sign(items(&[transaction("wallet", 1)])).await.map(drop).unwrap_err(),
        client.list_keys(v1::ListKeysRequest {}).await.map(drop).unwrap_err(),
        client.public_key(v1::PublicKeyRequest { key: "wallet".to_owned() }).await.map(drop).unwrap_err(),
    ];
    denied.iter().for_each(|status| assert_eq!(status.code(), Code::PermissionDenied, "{status}"));
    let (_, metrics) = http::get(&running, "/metrics").await;
    for method in ["Sign", "ListKeys", "PublicKey"] {
        let line = format!(r#"chainbox_requests_total{{code="PERMISSION_DENIED",method="{method}"}} 1"#);
        assert!(metrics.contains(&line), "{line} is missing in\n{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_a_device_says_so() {
    let running = crate::common::start(with_keys).await;
    let status = client(&running).await.sign(items(&[transaction("wallet", 1)])).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("hsm.device"), "{status}");
    assert_eq!(http::json(&running, "/status.json").await["signing"], serde_json::Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_items_keep_their_place() {
    let (running, _device) = start_signing(|_, _| {}).await;
    let mut request = items(&[transaction("wallet", 1), transaction("wallet", 2), transaction("sm2", 3)]);
    request.items[1].payload = Some(sign_item::Payload::Opaque(vec![1; 31].into()));
    let answers = client(&running).await.sign(request).await.unwrap().into_inner().answers;
    let kinds = answers.iter().map(|answer| match answer.outcome.as_ref().unwrap() {
        Outcome::Signed(_) => None,
        Outcome::Failure(failure) => Some((failure.kind(), &*failure.place)),
    });
    assert_eq!(kinds.collect::<Vec<_>>(), [None, Some((v1::SignFailureKind::Input, "item 1")), None]);
    let nothing = client(&running).await.sign(v1::SignRequest::default()).await.unwrap().into_inner();
    assert!(nothing.answers.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_limits_is_refused_and_nothing_is_lost() {
    let (running, device) = start_signing(|_, settings| {
        settings.hsm.request_items_max = 4;
        settings.hsm.source_items_in_flight_max = 6;
    })
    .await;
    let requests: Vec<_> = (0..5).map(|number| transaction("wallet", number)).collect();
    let mut client = client(&running).await;
    let too_large = client.sign(items(&requests)).await.unwrap_err();
    assert_eq!((too_large.code(), too_large.details().is_empty()), (Code::ResourceExhausted, true), "{too_large}");
    assert!(too_large.message().contains("5 items and may have 4"), "{too_large}");
    device.set(false);
    let held = {
        let (mut client, request) = (client.clone(), items(&requests[..4]));
        tokio::spawn(async move { client.sign(request).await })
    };
    eventually("four items are in flight", async || {
        (http::json(&running, "/status.json").await["signing"]["items_in_flight"] == 4).then_some(())
    })
    .await;
    let busy = client.sign(items(&requests[..3])).await.unwrap_err();
    assert_eq!(busy.code(), Code::ResourceExhausted);
    assert!(busy.message().contains("4 items are under way, of this client at most 6"), "{busy}");
    assert!(!busy.details().is_empty(), "it says when to try again");
    device.set(true);
    assert_eq!(held.await.unwrap().unwrap().into_inner().answers.len(), 4);
    eventually("there is room again", async || client.sign(items(&requests[..3])).await.ok()).await;
    // A signer over the network cuts what is too much for one request.
    let signer = RemoteSigner::connect(own_client(&running).await.address(), Options::default()).await.unwrap();
    let answers = signer.sign(&Caller("nobody".to_owned()), requests.clone(), soon()).await;
    assert_eq!(answers.len(), 5);
    for (request, answer) in requests.iter().zip(&answers) {
        assert_signed(&device, request, answer.as_ref().unwrap());
    }
    assert_eq!(signer.capabilities(soon()).await.unwrap().algorithms, [Algorithm::EcdsaSecp256k1, Algorithm::Sm2]);
    assert_eq!(signer.generate(&label("new"), Algorithm::Sm2, soon()).await.unwrap_err().kind, Kind::Unsupported);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_beyond_the_time_that_there_is() {
    let (running, device) = start_signing(|_, settings| settings.hsm.time_max = Duration::from_millis(200)).await;
    device.set(false);
    let answers = own_client(&running).await.sign(&[transaction("wallet", 1)], PATIENCE).await.unwrap();
    assert_eq!(answers[0].as_ref().unwrap_err().kind, Kind::Deadline);
    device.set(true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_gives_and_takes_keys_and_roles() {
    let (mut running, device) = start_signing(|_, _| {}).await;
    let client = own_client(&running).await;
    let kind = async |request: SignRequest| client.sign(&[request], PATIENCE).await.unwrap().remove(0).err().map(|error| error.kind);
    let opaque = || SignRequest { key: label("wallet"), payload: Payload::Opaque([7; 32]) };
    assert_eq!([kind(transaction("wallet", 1)).await, kind(opaque()).await], [None, Some(Kind::Refused)]);
    let mut settings = running.service.settings().clone();
    settings.sources[0].sign_roles = vec![Role::Opaque];
    running.service.reload(&settings).unwrap();
    assert_eq!([kind(transaction("wallet", 1)).await, kind(opaque()).await], [Some(Kind::Refused), None]);
    // The old key of a rotation is refused once its time is over.
    settings.hsm.keys[0].valid_until = Some(SystemTime::now() - Duration::from_secs(1));
    running.service.reload(&settings).unwrap();
    assert_eq!(kind(opaque()).await, Some(Kind::Refused));
    settings.hsm.keys[0].valid_until = Some(SystemTime::now() + Duration::from_secs(3600));
    running.service.reload(&settings).unwrap();
    assert_eq!(kind(opaque()).await, None);
    settings.sources[0].sign_keys.clear();
    running.service.reload(&settings).unwrap();
    let denied = client.sign(&[opaque()], PATIENCE).await.unwrap_err();
    assert!(matches!(denied, Error::Refused { code: Code::PermissionDenied, .. }), "{denied}");
    drop(device);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_answers_what_was_accepted() {
    let (running, device) = start_signing(|_, _| {}).await;
    device.set(false);
    let mut client = client(&running).await;
    let held = tokio::spawn(async move { client.sign(items(&[transaction("wallet", 1)])).await });
    eventually("it is in flight", async || (http::json(&running, "/status.json").await["signing"]["items_in_flight"] == 1).then_some(()))
        .await;
    let Running { service, folder: _folder } = running;
    let ending = tokio::spawn(service.shutdown());
    tokio::time::sleep(Duration::from_millis(50)).await;
    device.set(true);
    let answers = held.await.unwrap().unwrap().into_inner().answers;
    assert!(matches!(answers[0].outcome, Some(Outcome::Signed(_))), "{answers:?}");
    ending.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_is_counted_and_shown() {
    let (running, _device) = start_signing(|_, _| {}).await;
    let requests = [transaction("wallet", 1), transaction("sm2", 2), transaction("web", 3)];
    client(&running).await.sign(items(&requests)).await.unwrap();
    let (_, metrics) = http::get(&running, "/metrics").await;
    for line in [
        r#"chainbox_sign_signatures_total{result="signed",role="transaction",scheme="ecdsa-secp256k1-keccak256"} 1"#,
        r#"chainbox_sign_signatures_total{result="signed",role="transaction",scheme="sm2-sm3"} 1"#,
        r#"chainbox_sign_signatures_total{result="refused",role="transaction",scheme="ecdsa-p256-sha256"} 1"#,
        r#"chainbox_sign_signatures_total{result="signed",role="tls",scheme="ecdsa-p256-sha256"} 0"#,
        "chainbox_sign_duration_seconds_count 1",
        r#"chainbox_sign_device_up{device="software:test"} 1"#,
        r#"chainbox_sign_device_restarts_total{device="software:test"} 3"#,
        r#"chainbox_requests_total{code="OK",method="Sign"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line} is missing in\n{metrics}");
    }
    let status = http::json(&running, "/status.json").await;
    let signing = &status["signing"];
    assert_eq!((&signing["signed_total"], &signing["failed_total"], &signing["restarts_total"]), (&2.into(), &1.into(), &3.into()));
    assert_eq!((&signing["device"], &signing["problem"]), (&"software:test".into(), &serde_json::Value::Null));
}
