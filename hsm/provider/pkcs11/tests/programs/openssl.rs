//! libcrypto with a key of the token, through Debian's engine: a file is signed, a certificate made, a TLS server run.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use super::{
    build::{library, succeed},
    card::{Card, Login, PASSWORD},
};

/// A card with a key on P-256 and one of SM2, and libcrypto's settings for the engine.
fn card() -> Card {
    let card = Card::new(Login::Needed);
    let pin = ["--login", "--pin", PASSWORD];
    let module = library();
    let make = ["--keypairgen", "--key-type", "EC:prime256v1", "--label", "web", "--id", "01"];
    succeed(card.command("pkcs11-tool").arg("--module").arg(&module).args(pin).args(make));
    let settings = format!(
        "openssl_conf = init\n[init]\nengines = engines\n[engines]\npkcs11 = token\n[token]\nengine_id = pkcs11\nMODULE_PATH = {}\ninit = 0\n",
        module.display()
    );
    fs::write(card.path("openssl.cnf"), settings).expect("written");
    card
}

/// The key as the engine names it.
fn key() -> String {
    format!("pkcs11:token=chainbox;object=web;type=private?pin-value={}", PASSWORD.replace(' ', "%20"))
}

/// The program `openssl` with the engine.
fn with_engine(card: &Card, arguments: &[&str]) -> Command {
    let mut openssl = card.command("openssl");
    openssl.env("OPENSSL_CONF", card.path("openssl.cnf")).args(arguments).args(["-engine", "pkcs11", "-keyform", "engine"]);
    openssl
}

#[test]
fn libcrypto_signs_with_a_key_of_the_token() {
    let card = card();
    fs::write(card.path("data"), "what is signed").expect("written");
    succeed(with_engine(&card, &["dgst", "-sha256", "-sign", &key(), "-out", "signature"]).arg("data"));
    succeed(&mut with_engine(&card, &["req", "-new", "-x509", "-subj", "/CN=localhost", "-key", &key(), "-out", "certificate"]));
    succeed(card.command("openssl").args(["x509", "-in", "certificate", "-noout", "-pubkey", "-out", "key.pem"]));
    let verify = ["dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "data"];
    assert_eq!(succeed(card.command("openssl").args(verify)), "Verified OK\n");
    succeed(card.command("openssl").args(["dgst", "-sha256", "-binary", "-out", "digest", "data"]));
    succeed(&mut with_engine(&card, &["pkeyutl", "-sign", "-inkey", &key(), "-in", "digest", "-out", "signature"]));
    let verify = ["pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-in", "digest", "-sigfile", "signature"];
    assert_eq!(succeed(card.command("openssl").args(verify)), "Signature Verified Successfully\n");
    card.log();
}

/// A server, ended with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_tls_server_has_its_key_on_the_token() {
    let card = card();
    succeed(&mut with_engine(&card, &["req", "-new", "-x509", "-subj", "/CN=localhost", "-key", &key(), "-out", "certificate"]));
    let mut server = with_engine(&card, &["s_server", "-accept", "127.0.0.1:0", "-www", "-cert", "certificate", "-key", &key()]);
    let mut server = Server(server.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("openssl runs"));
    let lines = BufReader::new(server.0.stdout.take().expect("it is piped")).lines();
    let address = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("ACCEPT ").map(str::to_owned));
    let address = address.expect("the server says where it listens");
    let client = ["s_client", "-brief", "-verify_return_error", "-CAfile", "certificate", "-connect", &address];
    let output = card.command("openssl").args(client).stdin(Stdio::null()).output().expect("openssl runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("Verification: OK") && said.contains("Signature type: ECDSA"), "{said}");
}
