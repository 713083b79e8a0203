//! The files of TLS, made on the spot.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use chainbox_service::settings::{Settings, Sources, Tls, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, CertifiedKey, IsCa, KeyPair};

use super::{lines, pairs};

/// A folder with files of TLS.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["box.example".to_owned()]).unwrap();
        folder.write("server.pem", cert.pem(), 0o644);
        folder.write("server.key", signing_key.serialize_pem(), 0o640);
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        folder.write("clients.pem", authority.self_signed(&KeyPair::generate().unwrap()).unwrap().pem(), 0o644);
        folder
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>, mode: u32) {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Flags that name these files.
    fn flags(&self, certificate: &str, key: &str, authorities: &str) -> Sources {
        let names = [("tls.certificate", certificate), ("tls.key", key), ("tls.client_authorities", authorities)];
        let paths = names.map(|(name, file)| (name, if file == "off" { file.to_owned() } else { self.path(file) }));
        Sources { flags: pairs(&paths.each_ref().map(|(name, path)| (*name, path.as_str()))), ..Sources::default() }
    }

    #[track_caller]
    fn refused(&self, [certificate, key, authorities]: [&str; 3], problems: &[&str]) {
        let found = Settings::load(&self.flags(certificate, key, authorities)).expect_err("the files are wrong");
        assert_eq!(lines(&found, self.0.path()), problems);
    }
}

#[test]
fn files_that_fit_are_read() {
    let folder = Folder::new();
    for authorities in ["clients.pem", "off"] {
        let mut sources = folder.flags("server.pem", "server.key", authorities);
        sources.flags.extend(pairs(&[("grpc.listen", "0.0.0.0:7410")]));
        let tls = Settings::load(&sources).unwrap().settings.tls.unwrap();
        assert_eq!(tls.certificate, Path::new(&folder.path("server.pem")));
        let files = TlsFiles::read(&tls).unwrap();
        assert_eq!(files.certified_key.cert.len(), 1);
        assert_eq!(files.client_authorities.map(|store| store.len()), (authorities != "off").then_some(1));
    }
}

#[test]
fn files_that_are_not_there_or_hold_something_else_are_named() {
    let folder = Folder::new();
    folder.refused(
        ["none.pem", "server.pem", "server.key"],
        &[
            "flag: tls.certificate: none.pem: the file cannot be read: No such file or directory; let the service's user read it",
            "flag: tls.key: server.pem: the mode 0644 gives the private key to every user of this machine; run: chmod o= server.pem",
            "flag: tls.client_authorities: server.key: there is no certificate in PEM, or a broken one; \
             name a file with lines `-----BEGIN CERTIFICATE-----`",
        ],
    );
    folder.write("empty.key", "", 0o600);
    folder.refused(
        ["server.pem", "empty.key", "off"],
        &["flag: tls.key: empty.key: there is no private key in PEM; \
           name a file with a line `-----BEGIN PRIVATE KEY-----`, without a passphrase"],
    );
    folder.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0o644);
    let problems = Settings::load(&folder.flags("broken.pem", "server.key", "broken.pem")).unwrap_err();
    assert_eq!(problems.0.len(), 1, "{problems}");
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let folder = Folder::new();
    folder.write("other.key", KeyPair::generate().unwrap().serialize_pem(), 0o600);
    folder.refused(
        ["server.pem", "other.key", "off"],
        &["flag: tls.key: other.key: the key is not that of the first certificate of server.pem; \
           name the two that were made together, the server's certificate first"],
    );
}

#[test]
fn a_key_that_all_may_read_is_refused() {
    let folder = Folder::new();
    folder.write("server.key", fs::read(folder.path("server.key")).unwrap(), 0o644);
    let tls = Tls { certificate: folder.path("server.pem").into(), key: folder.path("server.key").into(), client_authorities: None };
    let faults = TlsFiles::read(&tls).unwrap_err();
    assert_eq!((faults.len(), faults[0].key), (1, "tls.key"));
    assert!(faults[0].to_string().ends_with(&format!("run: chmod o= {}", folder.path("server.key"))), "{}", faults[0]);
}

#[test]
fn half_of_it_is_refused() {
    let folder = Folder::new();
    folder.refused(
        ["server.pem", "off", "off"],
        &["flag: tls.certificate: there is a certificate and no key; set tls.key to the file of its private key"],
    );
    folder.refused(
        ["off", "server.key", "off"],
        &["flag: tls.key: there is a key and no certificate; set tls.certificate to the file of its certificate"],
    );
    folder.refused(
        ["off", "off", "clients.pem"],
        &["flag: tls.client_authorities: client certificates need TLS; set tls.certificate and tls.key, or drop this key"],
    );
}
