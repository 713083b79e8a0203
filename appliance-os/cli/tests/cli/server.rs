//! `chainbox verify --server`: the same answers as without one, for every format and over every way.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    ethereum::RAW,
    run::{generate, lines, verify, write},
};

/// A service of its own, ended when it is dropped.
struct Server {
    child: Child,
    addresses: Value,
    folder: TempDir,
}

impl Server {
    /// On free ports, with these settings beside.
    fn start(settings: &[String], folder: TempDir) -> Self {
        let at = |name: &str| folder.path().join(name).display().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_chainbox"));
        command.args(["serve", "--json", "--grpc", "127.0.0.1:0", "--http", "off", "--data", &at("data"), "--socket", &at("socket")]);
        command.args(settings.iter().flat_map(|setting| ["--set", setting]));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, addresses: serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")), folder }
    }

    fn address(&self, way: &str) -> &str {
        self.addresses[way].as_str().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Asserts that a server gives the lines that this process gives, and says where it is.
fn same_with_and_without(server: &str, options: &str, input: &[u8]) {
    let here = verify(&format!("--json {options}"), input);
    let there = verify(&format!("--json --server {server} {options}"), input);
    assert_eq!(here.code, there.code, "{}", there.stderr);
    let items = |stdout: &str| -> Vec<String> { stdout.lines().filter(|line| !line.contains("\"summary\"")).map(str::to_owned).collect() };
    assert_eq!(items(&here.stdout), items(&there.stdout));
    assert!(!items(&there.stdout).is_empty(), "{}", there.stderr);
    let [here, there] = [here, there].map(|run| -> Value { serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap() });
    let address = server.split(' ').next().unwrap();
    assert_eq!((&there["summary"]["backend"], &there["summary"]["server"]), (&"remote".into(), &address.into()));
    for field in ["items", "valid", "invalid", "malformed", "mismatches", "reasons"] {
        assert_eq!(here["summary"][field], there["summary"][field], "{field}");
    }
    assert!(here["summary"].get("server").is_none());
}

#[test]
fn every_format_has_the_same_answers() {
    let server = Server::start(&[], folder());
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let mut inputs: Vec<Vec<u8>> =
        ["wycheproof/p1363.json", "wycheproof/sm2.json", "wycheproof/der.json", "x509/chain.pem", "x509/sm2.pem"]
            .into_iter()
            .map(|name| fs::read(corpus.join(name)).unwrap())
            .collect();
    inputs.push(format!("{RAW}\n{RAW}\nff\nno hex\n").into_bytes());
    for scheme in ["ecdsa-secp256k1-sha256", "ecdsa-secp256k1-keccak256", "ecdsa-p256-sha256", "sm2-sm3"] {
        let items = lines(&generate(&format!("--scheme {scheme} --count 60 --invalid 0.3")));
        inputs.push((items + "{\n").into_bytes());
    }
    for input in inputs {
        same_with_and_without(server.address("socket"), "", &input);
        same_with_and_without(server.address("grpc"), "--skip-malformed", &input);
    }
    let human = verify(&format!("--server {}", server.address("socket")), RAW);
    assert!(human.stdout.contains(&format!("back end remote at {}", server.address("socket"))), "{}", human.stdout);
}

/// More items than a message holds.
#[test]
fn large_files_go_over_streams() {
    let server = Server::start(&["limits.source_items_in_flight_max=700".to_owned()], folder());
    let items = lines(&generate("--scheme ecdsa-p256-sha256 --count 3000 --invalid 0.1"));
    same_with_and_without(server.address("socket"), "", items.as_bytes());
}

#[test]
fn tls_with_certificates_on_both_sides() {
    let folder = folder();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut settings = Vec::new();
    for (name, keys) in [("127.0.0.1", ["tls.certificate", "tls.key"]), ("node-1", ["", ""])] {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let files = [(".pem", certificate.pem()), (".key", key.serialize_pem())];
        for (setting, (ending, content)) in keys.into_iter().zip(files) {
            let path = write(folder.path(), &format!("{name}{ending}"), content);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            if !setting.is_empty() {
                settings.push(format!("{setting}={}", path.display()));
            }
        }
    }
    let ca = write(folder.path(), "ca.pem", authority.pem());
    let server = Server::start(&settings, folder);
    let at = |name: &str| server.folder.path().join(name).display().to_string();
    let url = format!("{} --ca {}", server.address("grpc"), ca.display());
    let items = lines(&generate("--scheme sm2-sm3 --count 20 --invalid 0.5"));
    same_with_and_without(&url, "", items.as_bytes());
    same_with_and_without(&format!("{url} --certificate {} --key {}", at("node-1.pem"), at("node-1.key")), "", items.as_bytes());
    // Somebody else's authority.
    let run = verify(&format!("--server {} --ca {}", server.address("grpc"), at("node-1.pem")), &items);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("certificate"), "{}", run.stderr);
}

#[test]
fn a_server_takes_the_place_of_a_back_end() {
    for options in [
        "--server http://127.0.0.1:1 --backend cpu",
        "--server http://127.0.0.1:1 --strategy single",
        "--ca ca.pem",
        "--server https://127.0.0.1:1 --ca ca.pem --certificate client.pem",
        "--server https://127.0.0.1:1 --ca ca.pem --key client.key",
    ] {
        let run = verify(options, "");
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{options}");
        assert!(run.stderr.contains("cannot be used with") || run.stderr.contains("not provided"), "{}", run.stderr);
    }
}

#[test]
fn what_is_wrong_with_a_server_is_one_line_and_exit_2() {
    for (options, parts) in [
        ("--server unix:/nowhere/chainbox.sock", vec!["cannot connect to unix:/nowhere/chainbox.sock", "chainbox serve"]),
        ("--server https://127.0.0.1:1", vec!["--ca FILE"]),
        ("--server https://127.0.0.1:1 --ca /nowhere/ca.pem", vec!["cannot read /nowhere/ca.pem"]),
        ("--server http://127.0.0.1:1 --ca /dev/null", vec!["https"]),
    ] {
        let run = verify(options, "");
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{options}");
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert!(parts.iter().all(|part| run.stderr.contains(part)), "{}", run.stderr);
    }
    let run = verify("--server 127.0.0.1:7410", "");
    assert!(run.code == 2 && run.stderr.contains("write http://HOST:PORT"), "{}", run.stderr);
}
