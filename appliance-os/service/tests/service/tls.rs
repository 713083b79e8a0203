//! TLS: certificates of server and clients, the allow list, and reloads of both.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use chainbox_api::client::{Address, Client, Error, Identity, Options, Retries, Tls};
use chainbox_engine::scheme::Scheme;
use chainbox_service::settings::{self, Settings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tonic::Code;

use crate::common::{Running, eventually, items, start};

pub type Authority = CertifiedIssuer<'static, KeyPair>;

pub fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate with its key, both PEM.
pub fn certificate(authority: &Authority, name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

fn write_server(folder: &Path, authority: &Authority) {
    let (certificate, key) = certificate(authority, "localhost");
    fs::write(folder.join("server.pem"), certificate).unwrap();
    fs::write(folder.join("server.key"), key).unwrap();
    fs::set_permissions(folder.join("server.key"), fs::Permissions::from_mode(0o600)).unwrap();
}

pub fn source(name: &str, certificate: &str) -> settings::Source {
    settings::Source {
        name: name.to_owned(),
        certificates: vec![certificate.to_owned()],
        users: Vec::new(),
        weight: 100,
        items_in_flight_max: 500,
        bytes_in_flight_max: 1 << 20,
        sign_keys: Vec::new(),
        sign_roles: Vec::new(),
    }
}

/// A service with TLS that asks for client certificates of an authority.
async fn start_tls(folder: &Path, authority: &Authority, sources: Vec<settings::Source>) -> Running {
    start(|settings: &mut Settings| {
        with_tls(folder, authority, settings);
        settings.sources = sources;
    })
    .await
}

/// Settings with TLS that asks for client certificates of an authority, whose files are in the folder.
pub fn with_tls(folder: &Path, authority: &Authority, settings: &mut Settings) {
    write_server(folder, authority);
    fs::write(folder.join("clients.pem"), authority.pem()).unwrap();
    settings.tls = Some(settings::Tls {
        certificate: folder.join("server.pem"),
        key: folder.join("server.key"),
        client_authorities: Some(folder.join("clients.pem")),
    });
}

/// A client that trusts an authority and shows a certificate, or none.
pub async fn client_of(running: &Running, trusted: &Authority, shown: Option<(String, String)>) -> Result<Client, Error> {
    let port = Running::host_and_port(running.service.addresses().grpc.as_ref()).rsplit_once(':').unwrap().1;
    let address: Address = format!("https://localhost:{port}").parse().unwrap();
    let identity = shown.map(|(certificate, key)| Identity { certificate: certificate.into_bytes(), key: key.into_bytes().into() });
    let tls = Tls { authorities: trusted.pem().into_bytes(), identity, server_name: None };
    Client::connect(&address, Options { tls: Some(tls), retries: Retries { tries_max: 1, ..Retries::default() }, ..Options::default() })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_on_the_allow_list_are_their_sources() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority("ours");
    let running = start_tls(folder.path(), &authority, vec![source("node-1", "node-1.example")]).await;
    assert!(running.service.addresses().grpc.as_ref().unwrap().starts_with("https://"));
    let client = client_of(&running, &authority, Some(certificate(&authority, "node-1.example"))).await.unwrap();
    let capabilities = client.capabilities().await.unwrap();
    assert_eq!((&*capabilities.source, capabilities.limits.unwrap().items_in_flight_max), ("node-1", 500));
    let made = items(Scheme::Sm2Sm3, 300, 1);
    let verdicts = client.verify(&made.batch).await.unwrap();
    assert!(verdicts.as_slice().iter().map(|verdict| verdict.code()).eq(made.verdicts));
    let (_, metrics) = crate::http::get(&running, "/metrics").await;
    assert!(metrics.contains(r#"chainbox_source_items_total{result="valid",source="node-1"} 270"#), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_turned_away_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, others) = (authority("ours"), authority("others"));
    let running = start_tls(folder.path(), &ours, vec![source("node-1", "node-1.example")]).await;
    // One that the authority knows and the operator does not.
    let error = client_of(&running, &ours, Some(certificate(&ours, "node-2.example"))).await.map(drop).unwrap_err();
    let Error::Refused { code: Code::PermissionDenied, message, .. } = &error else { panic!("{error}") };
    assert!(message.contains("node-2.example") && message.contains("[[source]]"), "{message}");
    // No certificate, one of another authority, no TLS: no connection.
    assert!(client_of(&running, &ours, None).await.is_err());
    assert!(client_of(&running, &ours, Some(certificate(&others, "node-1.example"))).await.is_err());
    let port = Running::host_and_port(running.service.addresses().grpc.as_ref()).rsplit_once(':').unwrap().1;
    let plain: Address = format!("http://localhost:{port}").parse().unwrap();
    assert!(Client::connect(&plain, Options::default()).await.is_err());
    // And a server that a client does not trust.
    assert!(client_of(&running, &others, Some(certificate(&ours, "node-1.example"))).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_and_the_allow_list_change_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (authority("old"), authority("new"));
    let mut running = start_tls(folder.path(), &old, vec![source("node-1", "node-1.example")]).await;
    let before = client_of(&running, &old, Some(certificate(&old, "node-1.example"))).await.unwrap();
    write_server(folder.path(), &new);
    fs::write(folder.path().join("clients.pem"), old.pem() + &new.pem()).unwrap();
    let mut settings = running.service.settings().clone();
    running.service.reload(&settings).unwrap();
    let after = client_of(&running, &new, Some(certificate(&old, "node-1.example"))).await.unwrap();
    assert!(before.capabilities().await.is_ok() && after.capabilities().await.is_ok());
    assert!(client_of(&running, &old, Some(certificate(&old, "node-1.example"))).await.is_err(), "the old certificate is still shown");
    // Who is taken off the list has no access any more, on open connections too.
    settings.sources = vec![source("node-2", "node-2.example")];
    running.service.reload(&settings).unwrap();
    eventually("the old source is refused", async || {
        matches!(before.capabilities().await, Err(Error::Refused { code: Code::PermissionDenied, .. })).then_some(())
    })
    .await;
    // Files that cannot be used change nothing.
    fs::write(folder.path().join("server.pem"), "no certificate").unwrap();
    let error = running.service.reload(&settings).unwrap_err();
    assert!(error.contains("server.pem"), "{error}");
    assert!(client_of(&running, &new, Some(certificate(&old, "node-2.example"))).await.is_ok());
}
