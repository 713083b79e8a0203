//! Certificates for a run: an authority that lives as long as the run, the server's certificate and those of clients.

use std::{fs, path::Path};

use chainbox_api::client::{Identity, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::Error;

/// The name of the server in its certificate.
const SERVER: &str = "localhost";

/// An authority that vouches for the server and for clients.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new() -> Result<Self, Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "chainbox bench");
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Writes the authority's certificate, and certificate and key of the server; gives the settings that name them.
    pub(super) fn write(&self, folder: &Path) -> Result<Vec<String>, Error> {
        let server = self.vouch_for(SERVER)?;
        let files = [("tls.certificate", "server.pem", server.certificate), ("tls.key", "server.key", server.key.to_vec())];
        let files = files.into_iter().chain([("tls.client_authorities", "authority.pem", self.0.pem().into_bytes())]);
        files
            .map(|(key, name, content)| {
                let path = folder.join(name);
                fs::write(&path, content).and_then(|()| keep_private(&path)).map_err(|error| Error::io(&path, error))?;
                Ok(format!("{key}={}", path.display()))
            })
            .collect()
    }

    /// What a client of this name shows, and whom it trusts.
    pub(super) fn client(&self, name: &str) -> Result<Tls, Error> {
        Ok(Tls { identity: Some(self.vouch_for(name)?), server_name: Some(SERVER.to_owned()), ..Tls::new(self.0.pem().into_bytes()) })
    }

    fn vouch_for(&self, name: &str) -> Result<Identity, Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.0)?;
        Ok(Identity { certificate: certificate.pem().into_bytes(), key: key.serialize_pem().into_bytes().into() })
    }
}

/// A key that others can read is refused by the server.
fn keep_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}
