//! The library before a service that verifies and signs: what needs no login, and what cannot be done there.

use std::{fs, os::unix::fs::MetadataExt as _, sync::Arc};

use chainbox_engine::backend::Cpu;
use chainbox_hsm::{
    Device as _, Label, Role,
    device::contract,
    signer::{self, Local},
};
use chainbox_service::{
    Backends, Service, Signing,
    settings::{Settings, SigningKey, Source},
};
use tokio::runtime::Runtime;

use super::{
    adapter::{open, run_apart, soon},
    card::{Card, Login},
};

/// The keys of the service.
const LABELS: [&str; 3] = ["ecdsa-p256", "ecdsa-secp256k1", "sm2"];

fn labels() -> Vec<Label> {
    LABELS.iter().map(|label| label.parse().expect("a label")).collect()
}

/// A service with keys of each algorithm, which the user of this test may have it sign digests with.
fn start(runtime: &Runtime, card: &Card) -> Service {
    let keys = card.keys();
    for label in labels() {
        keys.generate(&label, label.as_str().parse().expect("an algorithm"), soon()).expect("a key");
    }
    let signer = {
        let _inside = runtime.enter();
        Local::open(Arc::new(keys), signer::Options::default(), Arc::new(())).expect("a signer")
    };
    let signing = Signing { signer: Arc::new(signer), device: "software:test".to_owned(), restarts: Arc::new(|| 0) };
    let mut settings = Settings::with_data(card.path("data"));
    settings.grpc.listen = None;
    settings.http.listen = None;
    let key = |label: Label| SigningKey {
        scheme: Some(label.as_str().parse::<chainbox_hsm::Algorithm>().expect("an algorithm").scheme()),
        label: Some(label),
        roles: vec![Role::Opaque],
        ..SigningKey::default()
    };
    settings.hsm.keys = labels().into_iter().map(key).collect();
    settings.sources = vec![Source {
        name: "card".to_owned(),
        certificates: Vec::new(),
        users: vec![fs::metadata(card.folder()).expect("the folder").uid().to_string()],
        weight: 100,
        items_in_flight_max: 1024,
        bytes_in_flight_max: 1 << 20,
        sign_keys: labels(),
        sign_roles: vec![Role::Opaque],
    }];
    runtime.block_on(Service::start(settings, Backends::cpu_alone(Arc::new(Cpu::new())), Some(signing))).expect("a service")
}

#[test]
fn keys_of_a_service_keep_the_contract() {
    let (runtime, card) = (Runtime::new().expect("a runtime"), Card::new(Login::OnService));
    let service = start(&runtime, &card);
    let address = service.addresses().socket.clone().expect("a socket");
    fs::write(card.path("card.toml"), format!("service = \"{address}\"\nsign_on_service = true\n")).expect("written");
    run_apart(&card, "service::in_a_process_of_its_own");
    runtime.block_on(service.shutdown()).expect("it ends");
    assert!(card.log().contains("keys are not made"), "{}", card.log());
}

#[test]
#[ignore = "run by the test above, with settings in its environment"]
fn in_a_process_of_its_own() {
    // There is nothing to check a PIN against.
    let device = open("any");
    let capabilities = device.capabilities(soon()).expect("capabilities");
    assert!(!capabilities.generates && !capabilities.destroys);
    contract::check_with_keys(&device, &labels(), "contract ", soon).unwrap_or_else(|failure| panic!("{failure}"));
}
