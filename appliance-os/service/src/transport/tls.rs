//! TLS for gRPC over TCP: certificates that a reload changes, and client certificates that name sources.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use rustls::{ServerConfig, crypto::ring, pki_types::CertificateDer, server::WebPkiClientVerifier, sign::SingleCertAndKey};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::{
    settings::{FileFault, Tls, TlsFiles},
    source::{CertificateNames, Peer},
};

/// How long a client may take for the handshake.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);

/// Accepts TLS connections by the certificates in force.
pub struct Acceptor {
    config: ArcSwap<ServerConfig>,
}

impl Acceptor {
    /// Reads the certificates.
    ///
    /// # Errors
    /// A text that names the file and what is wrong with it.
    pub fn new(settings: &Tls) -> Result<Self, String> {
        Ok(Self { config: ArcSwap::from_pointee(config(settings)?) })
    }

    /// Reads the certificates again. New connections use them.
    ///
    /// # Errors
    /// A text that names the file and what is wrong with it; the old ones stay in force.
    pub fn reload(&self, settings: &Tls) -> Result<(), String> {
        self.config.store(Arc::new(config(settings)?));
        Ok(())
    }

    /// Does the handshake.
    ///
    /// # Errors
    /// A text for the log.
    pub async fn accept(&self, stream: TcpStream) -> Result<(TlsStream<TcpStream>, Peer), String> {
        let address = stream.peer_addr().map_err(|error| error.to_string())?.ip();
        let handshake = TlsAcceptor::from(self.config.load_full()).accept(stream);
        let stream = match tokio::time::timeout(HANDSHAKE_TIME_MAX, handshake).await {
            Ok(done) => done.map_err(|error| format!("{address}: {error}"))?,
            Err(_) => return Err(format!("{address}: no TLS handshake within {} s", HANDSHAKE_TIME_MAX.as_secs())),
        };
        let peer = match stream.get_ref().1.peer_certificates() {
            Some([certificate, ..]) => Peer::Certificate(Arc::new(names(certificate))),
            _ => Peer::Address(address),
        };
        Ok((stream, peer))
    }
}

fn config(settings: &Tls) -> Result<ServerConfig, String> {
    let faults = |faults: Vec<FileFault>| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let files = TlsFiles::read(settings).map_err(faults)?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match files.client_authorities {
        None => builder.with_no_client_auth(),
        Some(roots) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| format!("tls.client_authorities: {error}"))?)
        }
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(files.certified_key)));
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// What a certificate that was verified is known by. One whose names cannot be read is known by its digest alone.
fn names(certificate: &CertificateDer<'_>) -> CertificateNames {
    let digest = chainbox_engine::hash::sha256(certificate);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut names = Vec::new();
    if let Ok((_, certificate)) = X509Certificate::from_der(certificate) {
        names.extend(certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok()).map(str::to_owned));
        if let Ok(Some(alternatives)) = certificate.subject_alternative_name() {
            names.extend(alternatives.value.general_names.iter().filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                _ => None,
            }));
        }
    }
    CertificateNames { digest: format!("sha256:{hex}"), names }
}
