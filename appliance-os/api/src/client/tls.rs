//! TLS of the client: whom it trusts, and who it is.

use std::{fmt, fs, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};

use zeroize::Zeroizing;

use super::Error;

/// What gRPC over TLS is negotiated as (ALPN).
pub(super) const PROTOCOL: &[u8] = b"h2";

/// Whom the client trusts, and who it is. All certificates and keys are PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificates of the authorities that may vouch for the server. The system's are not asked.
    pub authorities: Vec<u8>,
    /// Who this client is, where the server asks for certificates.
    pub identity: Option<Identity>,
    /// The name that the server's certificate must have; the host of the address unless given.
    pub server_name: Option<String>,
}

/// A client's certificate and its private key. The key is never printed, and its memory is cleared when it is dropped.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, and those between it and its root.
    pub certificate: Vec<u8>,
    /// Its private key: PKCS#8, SEC1 or PKCS#1.
    pub key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificate", &String::from_utf8_lossy(&self.certificate)).field("key", &"not shown").finish()
    }
}

impl Tls {
    /// Trust in these authorities, and no certificate of one's own.
    #[must_use]
    pub const fn new(authorities: Vec<u8>) -> Self {
        Self { authorities, identity: None, server_name: None }
    }

    /// The same from files: the authorities, and the client's certificate with its key, where it has one.
    ///
    /// # Errors
    /// [`Error::Tls`] for a file that cannot be read.
    pub fn from_files(authorities: &Path, identity: Option<(&Path, &Path)>) -> Result<Self, Error> {
        let identity = match identity {
            None => None,
            Some((certificate, key)) => Some(Identity { certificate: read(certificate)?, key: read(key)?.into() }),
        };
        Ok(Self { identity, ..Self::new(read(authorities)?) })
    }

    /// The name that the server's certificate must have.
    pub(super) fn name_of(&self, host: &str) -> Result<ServerName<'static>, Error> {
        let name = self.server_name.as_deref().unwrap_or(host);
        ServerName::try_from(name.to_owned()).map_err(|_| Error::Tls(format!("{name:?} is no name that a server's certificate can have")))
    }

    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.authorities, "the authorities")? {
            roots.add(certificate).map_err(|error| Error::Tls(format!("a certificate of the authorities cannot be used: {error}")))?;
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Tls(error.to_string()))?
            .with_root_certificates(roots);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let chain = certificates(&identity.certificate, "the client's certificate")?;
                let key = PrivateKeyDer::from_pem_slice(&identity.key)
                    .map_err(|error| Error::Tls(format!("the client's key is no private key in PEM: {error}")))?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| Error::Tls(format!("the client's certificate and key: {error}")))?
            }
        };
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Arc::new(config))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| Error::Tls(format!("cannot read {}: {error}", path.display())))
}

/// The certificates of a PEM text, at least one.
fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| Error::Tls(format!("{what}: no PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(Error::Tls(format!("{what}: there is no certificate in it; PEM with -----BEGIN CERTIFICATE----- was expected")));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_not_printed() {
        let identity = Identity { certificate: b"certificate".to_vec(), key: b"secret".to_vec().into() };
        let text = format!("{:?}", Tls { identity: Some(identity), ..Tls::new(Vec::new()) });
        assert!(text.contains("not shown") && !text.contains("secret") && !text.contains(&format!("{:?}", b"secret")), "{text}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |tls: &Tls| tls.config().unwrap_err().to_string();
        assert!(error(&Tls::new(Vec::new())).contains("the authorities: there is no certificate"));
        let missing = Tls::from_files(Path::new("/nowhere/ca.pem"), None).unwrap_err().to_string();
        assert!(missing.contains("cannot read /nowhere/ca.pem"), "{missing}");
        assert!(Tls::new(Vec::new()).name_of("no name").is_err());
    }
}
