//! `verify` on bundles of certificates that the openssl program makes.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::run::verify;

/// The options with which openssl names its curves and digests.
struct Kind {
    curve: &'static str,
    options: &'static [&'static str],
}

const P256: Kind = Kind { curve: "prime256v1", options: &["-sha256"] };
const P256_SHA384: Kind = Kind { curve: "prime256v1", options: &["-sha384"] };
const P384: Kind = Kind { curve: "secp384r1", options: &["-sha256"] };
const SM2: Kind = Kind { curve: "SM2", options: &["-sm3", "-sigopt", "distid:1234567812345678"] };
const SM2_OTHER_ID: Kind = Kind { curve: "SM2", options: &["-sm3", "-sigopt", "distid:somebody"] };

/// Where openssl keeps its keys and certificates in a test.
struct Authority {
    dir: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn openssl(&self, arguments: &[&str]) {
        let status = Command::new("openssl")
            .args(arguments)
            .current_dir(self.dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the tests need the openssl program");
        assert!(status.success(), "openssl {}", arguments.join(" "));
    }

    /// A self-signed certificate.
    fn root(&self, name: &str, kind: &Kind) -> String {
        let (key, pem, subject) = (format!("{name}.key"), format!("{name}.pem"), format!("/CN={name}"));
        self.openssl(&["ecparam", "-name", kind.curve, "-genkey", "-noout", "-out", &key]);
        let request = ["req", "-x509", "-new", "-key", &key, "-subj", &subject, "-days", "30", "-out", &pem];
        self.openssl(&[&request[..], kind.options].concat());
        self.read(&pem)
    }

    /// A certificate with a key on a curve, signed by an issuer that is there already.
    fn issued(&self, name: &str, curve: &str, issuer: &str, kind: &Kind) -> String {
        let (key, request, pem, subject) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"), format!("/CN={name}"));
        self.openssl(&["ecparam", "-name", curve, "-genkey", "-noout", "-out", &key]);
        let digest: &[&str] = if curve == SM2.curve { SM2.options } else { &["-sha256"] };
        self.openssl(&[&["req", "-new", "-key", &key, "-subj", &subject, "-out", &request], digest].concat());
        let (issuer_pem, issuer_key) = (format!("{issuer}.pem"), format!("{issuer}.key"));
        let id: &[&str] = if curve == SM2.curve { &["-vfyopt", "distid:1234567812345678"] } else { &[] };
        let sign =
            ["x509", "-req", "-in", &request, "-CA", &issuer_pem, "-CAkey", &issuer_key, "-set_serial", "7", "-days", "30", "-out", &pem];
        self.openssl(&[&sign[..], kind.options, id].concat());
        self.read(&pem)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap()
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// The reason of each certificate, in order; `valid` for a valid one.
fn reasons(bundle: &str) -> (i32, Vec<String>) {
    let run = verify("--json", bundle);
    let (answers, _) = run.json();
    let reason = |answer: &Value| answer["reason"].as_str().unwrap_or("valid").to_owned();
    (run.code, answers.iter().map(reason).collect())
}

/// The same certificate with one byte of its DER changed; `from_end` counts back from the last byte, which is 1.
fn with_changed_byte(authority: &Authority, pem: &str, from_end: usize) -> String {
    let (der_path, pem_path) = (authority.path().join("changed.der"), authority.path().join("original.pem"));
    fs::write(&pem_path, pem).unwrap();
    authority.openssl(&["x509", "-in", "original.pem", "-outform", "der", "-out", "changed.der"]);
    let mut der = fs::read(&der_path).unwrap();
    let place = der.len() - from_end;
    der[place] ^= 1;
    to_pem(&der)
}

fn to_pem(der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let base64: Vec<u8> = der
        .chunks(3)
        .flat_map(|bytes| {
            let bits = bytes.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - bytes.len()));
            (0..4).map(move |digit| if digit <= bytes.len() { DIGITS[(bits >> (18 - 6 * digit)) as usize & 63] } else { b'=' })
        })
        .collect();
    let lines: Vec<&str> = base64.chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

#[test]
fn chains_of_both_schemes_in_one_bundle_are_valid_in_any_order() {
    let authority = Authority::new();
    let mut bundle = Vec::new();
    for kind in [&P256, &SM2] {
        let name = |part: &str| format!("{} {part}", kind.curve);
        bundle.push(authority.root(&name("root"), kind));
        bundle.push(authority.issued(&name("middle"), kind.curve, &name("root"), kind));
        bundle.push(authority.issued(&name("leaf"), kind.curve, &name("middle"), kind));
    }
    bundle.reverse();
    assert_eq!(reasons(&bundle.concat()), (0, vec!["valid".to_owned(); 6]));
    let run = verify("", bundle.concat());
    assert!(run.stdout.starts_with("stdin:1: valid; subject CN=SM2 leaf; issuer CN=SM2 middle\n"), "{run:?}");
    assert!(run.stdout.contains("signatures only: paths, dates and rights of the certificates were not looked at"), "{run:?}");
}

#[test]
fn a_certificate_without_its_issuer_says_so() {
    let authority = Authority::new();
    let root = authority.root("root", &P256);
    let leaf = authority.issued("leaf", P256.curve, "root", &P256);
    assert_eq!(reasons(&leaf), (1, vec!["no-issuer".to_owned()]));
    let answer = &verify("--json", &leaf).json().0[0];
    assert_eq!((&answer["subject"], &answer["issuer"], &answer["line"]), (&json!("CN=leaf"), &json!("CN=root"), &json!(1)));
    // What is no certificate is passed over, text between them too.
    let with_key = format!("# a comment\n{}{root}\n{leaf}", authority.read("leaf.key"));
    assert_eq!(reasons(&with_key), (0, vec!["valid".to_owned(); 2]));
}

#[test]
fn a_changed_certificate_is_invalid() {
    let authority = Authority::new();
    for kind in [&P256, &SM2] {
        let root = authority.root("root", kind);
        // The last byte is one of s.
        assert_eq!(reasons(&with_changed_byte(&authority, &root, 1)), (1, vec!["equation".to_owned()]), "{}", kind.curve);
    }
    assert_eq!(reasons(&authority.root("other", &SM2_OTHER_ID)), (1, vec!["equation".to_owned()]));
}

#[test]
fn any_issuer_of_the_name_will_do_and_none_is_told() {
    let authority = Authority::new();
    let old = authority.root("root", &P256);
    let leaf = authority.issued("leaf", P256.curve, "root", &P256);
    let renewed = authority.root("root", &P256);
    let sm2 = authority.root("root", &SM2);
    let with_all = reasons(&[renewed.clone(), sm2.clone(), leaf.clone(), old].concat());
    assert_eq!(with_all, (0, vec!["valid".to_owned(); 4]));
    assert_eq!(reasons(&[renewed, leaf.clone()].concat()), (1, vec!["valid".to_owned(), "equation".to_owned()]));
    assert_eq!(reasons(&[sm2, leaf].concat()), (1, vec!["valid".to_owned(), "other-issuer-key".to_owned()]));
}

#[test]
fn other_algorithms_and_keys_have_their_reasons() {
    let authority = Authority::new();
    assert_eq!(reasons(&authority.root("a", &P256_SHA384)), (1, vec!["other-algorithm".to_owned()]));
    assert_eq!(reasons(&authority.root("b", &P384)), (1, vec!["other-issuer-key".to_owned()]));
    let root = authority.root("c", &P256);
    let der_path = authority.path().join("c.der");
    authority.openssl(&["x509", "-in", "c.pem", "-outform", "der", "-out", "c.der"]);
    let der = fs::read(der_path).unwrap();
    let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    // The outer algorithm is the last one of this name; its last byte, 2, stands for SHA-256.
    let outer = der.windows(oid.len()).rposition(|window| window == oid).unwrap();
    let changed = with_changed_byte(&authority, &root, der.len() - (outer + oid.len() - 1));
    assert_eq!(reasons(&changed), (1, vec!["algorithms-differ".to_owned()]));
}

#[test]
fn a_name_with_too_many_keys_is_refused_and_others_are_not() {
    let authority = Authority::new();
    let roots: Vec<String> = (0..17).map(|_| authority.root("same", &P256)).collect();
    let other = authority.root("other", &P256);
    assert_eq!(reasons(&roots[..16].concat()), (0, vec!["valid".to_owned(); 16]));
    let mut expected = vec!["too-many-issuers".to_owned(); 17];
    expected.push("valid".to_owned());
    assert_eq!(reasons(&[roots.concat(), other].concat()), (1, expected));
}

#[test]
fn a_block_with_a_fault_is_malformed_and_loses_no_other() {
    let authority = Authority::new();
    let root = authority.root("root", &P256);
    let cut = root.replace("-----END CERTIFICATE-----\n", "");
    let run = verify("", [cut.as_str(), &root, &to_pem(&[0x30, 0x01])].concat());
    assert_eq!(run.code, 2);
    assert!(run.stdout.contains("3 items: 1 valid, 0 invalid, 2 malformed"), "{run:?}");
    assert!(run.stderr.starts_with("chainbox: stdin:1: malformed: a line -----END was expected"), "{run:?}");
}
