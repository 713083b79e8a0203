//! The files of TLS: read, parsed, and found to fit one another.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    Error, InconsistentKeys, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use zeroize::Zeroizing;

use super::{Tls, file::words};

/// The size of one file.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The permissions of others than the owner and the group.
const OTHERS: u32 = 0o007;

/// What the files of TLS hold.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate, those between it and its root, and its private key.
    pub certified_key: Arc<CertifiedKey>,
    /// The authorities of client certificates; `None` where clients need none.
    pub client_authorities: Option<Arc<RootCertStore>>,
}

/// A file of TLS that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}; {remedy}", path.display())]
pub struct FileFault {
    /// The key that names the file, e.g. `tls.key`.
    pub key: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl TlsFiles {
    /// Reads the files.
    ///
    /// # Errors
    /// Every [`FileFault`]: a file that cannot be read or is no PEM, a private key that others may read, or one of another certificate.
    pub fn read(tls: &Tls) -> Result<Self, Vec<FileFault>> {
        let certificates = certificates("tls.certificate", &tls.certificate);
        let key = private_key(&tls.key);
        let client_authorities = tls.client_authorities.as_deref().map(authorities).transpose();
        match (certificates, key, client_authorities) {
            (Ok(certificates), Ok(key), Ok(client_authorities)) => {
                let certified_key = certified(tls, certificates, key).map_err(|fault| vec![fault])?;
                Ok(Self { certified_key: Arc::new(certified_key), client_authorities: client_authorities.map(Arc::new) })
            }
            (certificates, key, client_authorities) => {
                Err([certificates.err(), key.err(), client_authorities.err()].into_iter().flatten().collect())
            }
        }
    }
}

fn certified(tls: &Tls, certificates: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<CertifiedKey, FileFault> {
    CertifiedKey::from_der(certificates, key, &ring::default_provider()).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => FileFault {
            key: "tls.key",
            path: tls.key.clone(),
            what: format!("the key is not that of the first certificate of {}", tls.certificate.display()),
            remedy: "name the two that were made together, the server's certificate first".to_owned(),
        },
        Error::InvalidCertificate(error) => FileFault {
            key: "tls.certificate",
            path: tls.certificate.clone(),
            what: format!("the first certificate cannot be used: {error}"),
            remedy: "name a certificate of X.509, version 3".to_owned(),
        },
        error => FileFault {
            key: "tls.key",
            path: tls.key.clone(),
            what: format!("the key cannot be used: {error}"),
            remedy: "name a key of ECDSA on P-256 or P-384, of Ed25519, or of RSA with 2,048 bits or more".to_owned(),
        },
    })
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, FileFault> {
    let fault = |what, remedy: &str| FileFault { key: "tls.key", path: path.to_owned(), what, remedy: remedy.to_owned() };
    let (bytes, mode) = bytes_of("tls.key", path)?;
    if mode & OTHERS != 0 {
        let remedy = format!("run: chmod o= {}", path.display());
        return Err(fault(format!("the mode {:04o} gives the private key to every user of this machine", mode & 0o7777), &remedy));
    }
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        fault("there is no private key in PEM".to_owned(), "name a file with a line `-----BEGIN PRIVATE KEY-----`, without a passphrase")
    })
}

fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, FileFault> {
    let (bytes, _) = bytes_of(key, path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    certificates.ok().filter(|certificates| !certificates.is_empty()).ok_or_else(|| FileFault {
        key,
        path: path.to_owned(),
        what: "there is no certificate in PEM, or a broken one".to_owned(),
        remedy: "name a file with lines `-----BEGIN CERTIFICATE-----`".to_owned(),
    })
}

fn authorities(path: &Path) -> Result<RootCertStore, FileFault> {
    let mut store = RootCertStore::empty();
    for (number, certificate) in certificates("tls.client_authorities", path)?.into_iter().enumerate() {
        store.add(certificate).map_err(|error| FileFault {
            key: "tls.client_authorities",
            path: path.to_owned(),
            what: format!("certificate {} is no authority's: {error}", number + 1),
            remedy: "take it out, or make it anew".to_owned(),
        })?;
    }
    Ok(store)
}

/// The bytes and the mode of a file. It may hold a key: its bytes are cleared when they are dropped.
fn bytes_of(key: &'static str, path: &Path) -> Result<(Zeroizing<Vec<u8>>, u32), FileFault> {
    let fault = |what, remedy: &str| FileFault { key, path: path.to_owned(), what, remedy: remedy.to_owned() };
    let read = || {
        // Asked before it is opened: opening a pipe waits for whoever writes into it.
        if !path.metadata()?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let file = File::open(path)?;
        let mode = file.metadata()?.permissions().mode();
        // Room for all of it: what a growing buffer leaves behind would not be cleared.
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(file.metadata()?.len().min(FILE_BYTES_MAX)).unwrap_or(0) + 1));
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        Ok((bytes, mode))
    };
    let (bytes, mode) =
        read().map_err(|error| fault(format!("the file cannot be read: {}", words(&error)), "let the service's user read it"))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(fault(format!("the file is larger than {} MiB", FILE_BYTES_MAX >> 20), "name a file in PEM"));
    }
    Ok((bytes, mode))
}
