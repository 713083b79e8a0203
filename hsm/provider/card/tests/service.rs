//! The card before a service: it verifies and signs there, and goes on where the service goes away and comes back.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use chainbox_card::{Card, Settings, log::Target, settings::TlsFiles};
use chainbox_engine::{
    backend::Cpu,
    batch::{Input, Item, Shape},
    scheme::Scheme,
};
use chainbox_hsm::{
    Algorithm, Deadline, Device as _, Kind, Label, Role,
    secret::Secret,
    signer::{self, Local},
    software::{Options, Software},
};
use chainbox_service::{
    Backends, Service, Signing,
    settings::{self, Source},
};
use chainbox_workloads::{Kind as Fault, SignedItem, Spec, Workload};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::runtime::Runtime;

/// A test that takes that long hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn label(text: &str) -> Label {
    text.parse().unwrap()
}

/// Settings of a service in a folder: its socket, and the keys that this user may have it sign with.
fn service_settings(folder: &Path) -> settings::Settings {
    let mut settings = settings::Settings::with_data(folder.join("data"));
    settings.grpc.listen = None;
    settings.http.listen = None;
    settings
}

/// A source of the service that nobody is yet.
fn source() -> Source {
    Source {
        name: "card".to_owned(),
        certificates: Vec::new(),
        users: Vec::new(),
        weight: 100,
        items_in_flight_max: 1024,
        bytes_in_flight_max: 1 << 20,
        sign_keys: Vec::new(),
        sign_roles: Vec::new(),
    }
}

fn start(runtime: &Runtime, settings: settings::Settings, signing: Option<Signing>) -> Service {
    runtime.block_on(Service::start(settings, Backends::cpu_alone(Arc::new(Cpu::new())), signing)).unwrap()
}

fn card_settings(folder: &Path, service: &Service) -> Settings {
    let address = service.addresses().socket.clone().unwrap().parse().unwrap();
    Settings { service: Some(address), log: Target::File(folder.join("log")), ..Settings::default() }
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap()
}

fn items() -> (Shape, Vec<SignedItem>) {
    let spec = Spec { input: Input::Digest, signers: 16, invalid_share: 0.3, ..Spec::new(Scheme::Sm2Sm3, 240) };
    let spec = Spec { invalid_kinds: Fault::all_for(spec.shape()), ..spec };
    (spec.shape(), Workload::new(spec).unwrap().items(0..240))
}

/// Has all items verified by 12 threads, one at a time each.
fn verify_all(card: &Card, shape: Shape, items: &[SignedItem]) {
    thread::scope(|scope| {
        for first in 0..12 {
            scope.spawn(move || {
                for item in items.iter().skip(first).step_by(12) {
                    assert_eq!(card.verify(shape, item.item.as_item()), Ok(item.expected()), "{:?}", item.kind);
                }
            });
        }
    });
}

/// Waits until the log says something.
fn until_logged(folder: &Path, part: &str) {
    let end = Instant::now() + PATIENCE;
    while !log(folder).contains(part) {
        assert!(Instant::now() < end, "no {part:?} in {}", log(folder));
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn verdicts_are_the_same_while_the_service_goes_away_and_returns() {
    let (runtime, folder, (shape, items)) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap(), items());
    let service = start(&runtime, service_settings(folder.path()), None);
    let card = Card::open(card_settings(folder.path(), &service)).unwrap();
    verify_all(&card, shape, &items);
    card.summary();
    until_logged(folder.path(), " 240 by the service, 0 by this process's CPU");

    // It goes away in the middle of the work.
    thread::scope(|scope| {
        let working = scope.spawn(|| (0..4).for_each(|_| verify_all(&card, shape, &items)));
        runtime.block_on(service.shutdown()).unwrap();
        working.join().unwrap();
    });
    verify_all(&card, shape, &items);
    until_logged(folder.path(), "this process's CPU verifies meanwhile");

    let service = start(&runtime, service_settings(folder.path()), None);
    until_logged(folder.path(), "answers again");
    let (before, text) = (log(folder.path()).len(), "by the service");
    verify_all(&card, shape, &items);
    card.summary();
    until_logged(folder.path(), text);
    let after = log(folder.path())[before..].to_owned();
    assert!(!after.contains("verifies meanwhile"), "{after}");
    runtime.block_on(service.shutdown()).unwrap();
}

/// Writes an authority, and a certificate with its key for each name, as `NAME.pem` and `NAME.key`.
fn write_certificates(folder: &Path, names: [&str; 2]) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    fs::write(folder.join("authority.pem"), authority.pem()).unwrap();
    for name in names {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        fs::write(folder.join(name).with_extension("pem"), certificate.pem()).unwrap();
        fs::write(folder.join(name).with_extension("key"), key.serialize_pem()).unwrap();
        fs::set_permissions(folder.join(name).with_extension("key"), fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// Over TLS, with a certificate of the card's own where the service asks for one; without it the device cannot be opened.
#[test]
fn a_service_behind_tls_verifies() {
    let (runtime, folder, (shape, items)) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap(), items());
    let file = |name: &str| folder.path().join(name);
    write_certificates(folder.path(), ["localhost", "card"]);
    let mut behind_tls = service_settings(folder.path());
    behind_tls.grpc.listen = Some(([127, 0, 0, 1], 0).into());
    behind_tls.tls = Some(settings::Tls {
        certificate: file("localhost.pem"),
        key: file("localhost.key"),
        client_authorities: Some(file("authority.pem")),
    });
    behind_tls.sources = vec![Source { certificates: vec!["card".to_owned()], ..source() }];
    let service = start(&runtime, behind_tls, None);
    let port = service.addresses().grpc.as_ref().unwrap().rsplit_once(':').unwrap().1.to_owned();
    let tls = TlsFiles { ca: file("authority.pem"), certificate: Some(file("card.pem")), key: Some(file("card.key")) };
    let with = |tls| Settings {
        service: Some(format!("https://localhost:{port}").parse().unwrap()),
        tls: Some(tls),
        fallback: false,
        ..card_settings(folder.path(), &service)
    };
    let card = Card::open(with(tls.clone())).unwrap();
    verify_all(&card, shape, &items);
    card.summary();
    until_logged(folder.path(), " 240 by the service, 0 by this process's CPU");
    assert!(Card::open(with(TlsFiles { certificate: None, key: None, ..tls })).is_err());
    runtime.block_on(service.shutdown()).unwrap();
}

/// A card whose service is not there yet works at once, and moves to the service when that comes.
#[test]
fn a_service_that_comes_later_is_found() {
    let (runtime, folder, (shape, items)) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap(), items());
    let service = start(&runtime, service_settings(folder.path()), None);
    let settings = card_settings(folder.path(), &service);
    runtime.block_on(service.shutdown()).unwrap();
    let card = Card::open(settings).unwrap();
    verify_all(&card, shape, &items);
    let service = start(&runtime, service_settings(folder.path()), None);
    until_logged(folder.path(), "answers again");
    verify_all(&card, shape, &items);
    card.summary();
    until_logged(folder.path(), "480 verified in ");
    until_logged(folder.path(), ": 240 by the service, 240 by this process's CPU");
    runtime.block_on(service.shutdown()).unwrap();
}

/// Without the CPU to stand in, an item without an answer has none: never a verdict.
#[test]
fn without_fallback_a_service_that_is_gone_is_a_fault() {
    let (runtime, folder, (shape, items)) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap(), items());
    let service = start(&runtime, service_settings(folder.path()), None);
    let settings = Settings { fallback: false, deadline_ms: 300, ..card_settings(folder.path(), &service) };
    let card = Card::open(settings.clone()).unwrap();
    verify_all(&card, shape, &items);
    runtime.block_on(service.shutdown()).unwrap();
    assert!(card.verify(shape, items[0].item.as_item()).is_err());
    assert!(Card::open(settings).is_err());
}

#[test]
fn the_service_signs_where_the_settings_say_so() {
    let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let options = Options { path: folder.path().join("keys"), production: false, allow_software: false };
    let keys = Software::create(&options, &Secret::new(b"password".to_vec())).unwrap();
    let public = keys.generate(&label("node"), Algorithm::Sm2, Deadline::after(PATIENCE)).unwrap();
    let signer = {
        let _inside = runtime.enter();
        Local::open(Arc::new(keys), signer::Options::default(), Arc::new(())).unwrap()
    };
    let signing = Signing { signer: Arc::new(signer), device: "software:test".to_owned(), restarts: Arc::new(|| 0) };
    let mut with_key = service_settings(folder.path());
    let roles = vec![Role::Opaque];
    with_key.hsm.keys =
        vec![settings::SigningKey { label: Some(label("node")), scheme: Some(Scheme::Sm2Sm3), roles: roles.clone(), ..Default::default() }];
    let own = Source { users: vec![fs::metadata(folder.path()).unwrap().uid().to_string()], ..source() };
    with_key.sources = vec![Source { sign_keys: vec![label("node")], sign_roles: roles, ..own }];
    let service = start(&runtime, with_key, Some(signing));
    let card = Card::open(Settings { sign_on_service: true, ..card_settings(folder.path(), &service) }).unwrap();
    let keys = card.keys().unwrap();
    assert_eq!(keys.find(&label("node")).unwrap().public_key, public);
    assert_eq!(keys.find(&label("other")).unwrap_err().kind, Kind::NoKey);
    let signature = keys.sign(&label("node"), &[7; 32]).unwrap();
    let item = Item { key: &public, input: &[7; 32], signature: &signature, id: None, hint: &[] };
    assert!(card.verify(Shape::digests(Scheme::Sm2Sm3), item).unwrap().is_valid());
    assert_eq!(keys.generate(&label("new"), Algorithm::Sm2).unwrap_err().kind, Kind::Unsupported);
    runtime.block_on(service.shutdown()).unwrap();
}
