//! A service that verifies instead of this process.

use std::path::PathBuf;

use chainbox_api::client::{Address, Options, Tls};

use crate::error::Error;

/// Which service verifies, and how it is spoken to.
#[derive(clap::Args, Debug)]
pub struct ServerArgs {
    /// Have a service verify: http://HOST:PORT, https://HOST:PORT or unix:/PATH. The file is read here
    #[arg(long, value_name = "URL", conflicts_with_all = ["backend", "strategy"])]
    server: Option<Address>,

    /// https: who may vouch for the server, as a PEM file of certificates
    #[arg(long, value_name = "FILE", requires = "server")]
    ca: Option<PathBuf>,

    /// https: the certificate of this client, where the server asks for one; a PEM file
    #[arg(long, value_name = "FILE", requires_all = ["server", "ca", "key"])]
    certificate: Option<PathBuf>,

    /// https: the private key of the certificate; a PEM file
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
}

impl ServerArgs {
    /// The service to ask, where one is.
    pub const fn address(&self) -> Option<&Address> {
        self.server.as_ref()
    }

    /// How the client is to work.
    ///
    /// # Errors
    /// [`Error`] for a file that cannot be read, or one that is missing.
    pub fn options(&self) -> Result<Options, Error> {
        if matches!(self.server, Some(Address::Tcp { tls: true, .. })) && self.ca.is_none() {
            return Err(Error::new("an https server needs --ca FILE: the certificates of the authorities that may vouch for it"));
        }
        let identity = self.certificate.as_deref().zip(self.key.as_deref());
        let tls = self.ca.as_deref().map(|ca| Tls::from_files(ca, identity)).transpose();
        Ok(Options { tls: tls.map_err(|error| Error::new(error.to_string()))?, ..Options::default() })
    }
}
