//! The library as a client of a server: over every kind of address, and what the caller is told where the server gives no answer.

use std::{fs, os::unix::net::UnixListener, path::Path, process::Command, sync::Arc, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tonic::Code;

use super::{
    build::{Libraries, Linked, succeed},
    drive::Script,
    in_process,
    server::{Fault, Server},
};

/// How often the client sends a message at most (`Retries::default`).
const TRIES: usize = 8;

/// A request that the server takes: one digest.
const REQUEST: &str = "digest 3 1 width 3 616263";
const ANSWER: &str = "0 66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";

/// A server on a Unix socket, with the runtime that it runs on, and a program that asks it.
struct Asked {
    server: Server,
    libraries: Libraries,
    _runtime: Runtime,
    _folder: TempDir,
}

impl Asked {
    fn new() -> Self {
        let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
        let server = runtime.block_on(Server::unix(&folder.path().join("socket")));
        Self { server, libraries: Libraries::new(Linked::Shared), _runtime: runtime, _folder: folder }
    }

    fn drive(&self) -> Command {
        let mut drive = self.libraries.command(self.libraries.compile("drive.c", Linked::Shared));
        drive.arg(format!("address={}", self.server.address));
        drive
    }

    /// The first request ends like this, and the next one is answered.
    fn tells(&self, faults: Vec<Fault>, outcome: &str) {
        self.server.script(faults.into_iter().map(Some));
        let mut script = Script::default();
        script.ask(REQUEST, outcome.replace("ADDRESS", &self.server.address.to_string()));
        script.ask(REQUEST, ANSWER.to_owned());
        script.run(&mut self.drive());
    }
}

#[test]
fn a_unix_socket_gives_the_known_answers() {
    in_process::script(usize::MAX).run(&mut Asked::new().drive());
}

#[test]
fn many_threads_share_a_connection() {
    let asked = Asked::new();
    let threads = asked.libraries.compile("threads.c", Linked::Shared);
    succeed(asked.libraries.command(threads).arg(asked.server.address.to_string()), "");
    assert_eq!(asked.server.connections(), 1);
}

#[test]
fn refusals_say_when_to_try_again() {
    let (code, asked) = (Code::ResourceExhausted, Asked::new());
    let hinted = Fault::Refuse { code, retry_after: Some(Duration::from_micros(1500)) };
    asked.tells(vec![hinted; TRIES], "2 2 refused by the server: ADDRESS refused the request (ResourceExhausted): as the test says");
    let hopeless = Fault::Refuse { code, retry_after: None };
    asked.tells(vec![hopeless], "2 0 refused by the server: ADDRESS refused the request (ResourceExhausted): as the test says");
    let unknown = Fault::Status(Code::Unauthenticated);
    asked.tells(vec![unknown], "2 0 refused by the server: ADDRESS refused the request (Unauthenticated): as the test says");
}

#[test]
fn faults_of_the_server_are_told_apart() {
    let asked = Asked::new();
    asked.tells(
        vec![Fault::Status(Code::InvalidArgument)],
        "1 0 bad argument: ADDRESS refused the request (InvalidArgument): as the test says",
    );
    asked.tells(vec![Fault::Status(Code::Internal)], "5 0 internal error: ADDRESS refused the request (Internal): as the test says");
    let bytes_missing = "5 0 internal error: ADDRESS gave an answer that cannot be used: the server's answer cannot be used: 31 bytes of digests for 1 \
                         messages: client and server may be of versions that do not fit";
    asked.tells(vec![Fault::TooFew], bytes_missing);
}

#[test]
fn silence_ends_at_the_deadline() {
    let asked = Asked::new();
    asked.server.script([Some(Fault::Silence)]);
    let output = succeed(asked.drive().arg("deadline_ms=1000"), REQUEST);
    assert!(output.starts_with("0\n4 0 no answer within the deadline: no answer from unix:"), "{output}");
}

#[test]
fn nobody_there_is_no_connection() {
    let libraries = Libraries::new(Linked::Shared);
    let mut drive = libraries.command(libraries.compile("drive.c", Linked::Shared));
    let output = succeed(drive.arg("address=unix:/nowhere/chainbox.sock").arg("deadline_ms=1000"), "");
    assert!(output.contains("unix:/nowhere/chainbox.sock"), "{output}");
    assert!(output.starts_with("3 0 no connection to the server: cannot connect to"), "{output}");
}

/// A write to a connection that is closed raises SIGPIPE, which ends a program unless it ignores it. The library raises none.
#[test]
fn a_server_that_hangs_up_ends_no_program() {
    const PROGRAMS: usize = 12;
    let (folder, libraries) = (tempfile::tempdir().unwrap(), Libraries::new(Linked::Shared));
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let program = libraries.compile("drive.c", Linked::Shared);
    for _ in 0..PROGRAMS {
        let output = succeed(libraries.command(&program).arg(format!("address=unix:{}", path.display())), "");
        assert!(output.starts_with("3 0 no connection to the server: "), "{output}");
    }
}

/// An authority, and files of whom it vouches for.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(folder: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap());
        fs::write(folder.join("ca.pem"), authority.0.pem()).unwrap();
        authority
    }

    /// The certificate and the key for this name.
    fn vouch_for(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        (CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    /// A server for `localhost` that wants to see a certificate of this authority.
    fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.0.pem().as_bytes()).unwrap()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
        let (certificate, key) = self.vouch_for("localhost");
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_client_cert_verifier(verifier);
        let mut config = builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

#[test]
fn tls_with_a_certificate_of_ones_own() {
    let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let authority = Authority::new(folder.path());
    let server = runtime.block_on(Server::tls(authority.acceptor()));
    let (certificate, key) = authority.vouch_for("node-1");
    fs::write(folder.path().join("certificate.pem"), certificate).unwrap();
    fs::write(folder.path().join("key.pem"), key).unwrap();

    let libraries = Libraries::new(Linked::Shared);
    let program = libraries.compile("drive.c", Linked::Shared);
    let drive = |files: &[&str]| {
        let mut drive = libraries.command(&program);
        drive.arg(format!("address={}", server.address));
        drive.args(files.iter().map(|name| format!("{name}={}", folder.path().join(name).with_extension("pem").display())));
        drive
    };
    in_process::script(2).run(&mut drive(&["ca", "certificate", "key"]));
    let refused = succeed(&mut drive(&["ca"]), "");
    assert!(refused.starts_with("3 0 no connection to the server"), "{refused}");
    let incomplete = succeed(&mut drive(&["ca", "certificate"]), "");
    assert_eq!(incomplete, "1 0 bad argument: certificate_file and key_file belong together: set both or none\n");
    let without = succeed(&mut drive(&[]), "");
    assert!(without.starts_with("1 0 bad argument: "), "{without}");
}
