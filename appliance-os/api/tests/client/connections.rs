//! Connecting: all kinds of addresses, TLS, and whoever is no server.

use std::sync::Arc;

use chainbox_api::client::{Address, Client, Error, Identity, Options, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::{Server, connect, options, signatures};

/// An authority, and whom it vouches for.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    fn vouch_for(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        Identity { certificate: certificate.pem().into_bytes(), key: key.serialize_pem().into_bytes().into() }
    }
}

/// A server for `localhost`, which asks for certificates of its clients where `clients` vouches for them.
async fn tls_server(authority: &Authority, clients: Option<&Authority>, protocol: &[u8]) -> Server {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(&clients.pem()).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let identity = authority.vouch_for("localhost");
    let chain = vec![CertificateDer::from_pem_slice(&identity.certificate).unwrap()];
    let mut config = builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(&identity.key).unwrap()).unwrap();
    config.alpn_protocols = vec![protocol.to_vec()];
    Server::tls(TlsAcceptor::from(Arc::new(config))).await
}

async fn refused(server: &Server, tls: Tls) -> Error {
    Client::connect(&server.address, Options { tls: Some(tls), ..options() }).await.err().expect("the connection is refused")
}

#[tokio::test]
async fn a_unix_socket_answers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::unix(&folder.path().join("socket")).await;
    let (batch, expected) = signatures(3, 0);
    assert_eq!(connect(&server, options()).await.verify(&batch).await.unwrap().as_slice(), expected);
}

#[tokio::test]
async fn tls_answers_those_who_trust_its_authority() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = tls_server(&authority, None, b"h2").await;
    let trusting = Options { tls: Some(Tls::new(authority.pem())), ..options() };
    let (batch, expected) = signatures(9, 0);
    assert_eq!(connect(&server, trusting).await.verify(&batch).await.unwrap().as_slice(), expected);

    let error = refused(&server, Tls::new(other.pem())).await;
    assert!(
        matches!(&error, Error::CannotConnect { what, .. } if what.contains("invalid peer certificate") && what.contains("vouches for this server")),
        "{error}"
    );
    let error = refused(&server, Tls { server_name: Some("other.example".to_owned()), ..Tls::new(authority.pem()) }).await;
    assert!(matches!(&error, Error::CannotConnect { what, .. } if what.contains("other.example")), "{error}");
}

#[tokio::test]
async fn tls_asks_for_the_clients_certificate() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server = tls_server(&authority, Some(&clients), b"h2").await;
    let tls = |identity| Tls { identity, ..Tls::new(authority.pem()) };
    let known = Options { tls: Some(tls(Some(clients.vouch_for("node-1")))), ..options() };
    let (batch, expected) = signatures(2, 0);
    assert_eq!(connect(&server, known).await.verify(&batch).await.unwrap().as_slice(), expected);

    for identity in [None, Some(authority.vouch_for("node-1"))] {
        let error = refused(&server, tls(identity)).await;
        assert!(matches!(error, Error::NotChainbox { .. } | Error::CannotConnect { .. }), "{error:?}");
        assert!(error.to_string().contains("certificate") || error.to_string().contains("closed"), "{error}");
    }
}

#[tokio::test]
async fn what_speaks_tls_and_not_http2_is_named() {
    let authority = Authority::new();
    let server = tls_server(&authority, None, b"http/1.1").await;
    let error = refused(&server, Tls::new(authority.pem())).await;
    assert!(matches!(error, Error::CannotConnect { .. }), "{error:?}");
}

#[tokio::test]
async fn options_that_contradict_the_address_are_refused_before_connecting() {
    let authority = Authority::new();
    let tls = Options { tls: Some(Tls::new(authority.pem())), ..options() };
    for (address, options) in [
        ("http://127.0.0.1:1", tls.clone()),
        ("unix:/nowhere", tls),
        ("https://127.0.0.1:1", options()),
        ("http://127.0.0.1:1", Options { request_id: Some("two words".to_owned()), ..options() }),
    ] {
        let error = Client::connect(&address.parse().unwrap(), options).await.err().unwrap();
        assert!(matches!(error, Error::Options(_)), "{address}: {error:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_said_with_the_remedy() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    for address in [format!("http://127.0.0.1:{port}"), "unix:/nowhere/chainbox.sock".to_owned()] {
        let address: Address = address.parse().unwrap();
        let error = Client::connect(&address, options()).await.err().unwrap();
        assert!(matches!(error, Error::CannotConnect { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(&format!("cannot connect to {address}")) && text.contains("is the service running"), "{text}");
    }
}

#[tokio::test]
async fn a_server_of_another_kind_is_no_chainbox() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: Address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = [0; 64];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    let error = Client::connect(&address, options()).await.err().unwrap();
    assert!(matches!(error, Error::NotChainbox { .. }), "{error:?}");
}

#[tokio::test]
async fn a_service_without_the_method_is_no_chainbox() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: Address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    tokio::spawn(tonic::transport::Server::builder().add_routes(tonic::service::Routes::default()).serve_with_incoming(incoming));
    let error = Client::connect(&address, options()).await.err().unwrap();
    assert!(matches!(error, Error::NotChainbox { .. }), "{error:?}");
}

#[tokio::test]
async fn the_connection_is_made_again() {
    let server = Server::tcp().await;
    let client = connect(&server, options()).await;
    let (batch, expected) = signatures(3, 0);
    for _ in 0..3 {
        assert_eq!(client.clone().verify(&batch).await.unwrap().as_slice(), expected);
        server.cut();
    }
    assert!(server.connections() >= 3);
}
