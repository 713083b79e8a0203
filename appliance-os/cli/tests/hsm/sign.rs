//! Signatures: verified in the engine and by libcrypto's program; votes by the settings and the guard alone; the log.

use std::{fs, path::Path, process::Command};

use chainbox_engine::{
    batch::{Item, Shape},
    scheme::Scheme,
    strategy::single,
    verdict::Verdict,
};
use serde_json::Value;

use crate::token::{Token, assert_refused, lines, text};

/// Whether a signature verifies over a message in the engine.
fn engine_verifies(signed: &Value, message: &[u8]) -> bool {
    let bytes = |field: &str| hex::decode(signed[field].as_str().unwrap()).unwrap();
    let scheme: Scheme = signed["scheme"].as_str().unwrap().parse().unwrap();
    let item = Item { key: &bytes("public_key"), input: message, signature: &bytes("signature"), id: None, hint: &[] };
    single::verify(&Shape::messages(scheme), &item) == Verdict::Valid
}

/// INTEGER of DER.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    let mut value = bytes[start..].to_vec();
    if value[0] >= 0x80 {
        value.insert(0, 0);
    }
    [&[2, value.len() as u8][..], &value].concat()
}

/// Whether `openssl dgst` verifies a signature of P-256 or secp256k1 with SHA-256.
fn openssl_verifies(folder: &Path, signed: &Value, message: &Path) -> bool {
    /// SubjectPublicKeyInfo up to the point (RFC 5480): ecPublicKey, and the curve.
    const P256: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
    const SECP256K1: &str = "3056301006072a8648ce3d020106052b8104000a034200";
    let prefix = if signed["scheme"].as_str().unwrap().starts_with("ecdsa-p256") { P256 } else { SECP256K1 };
    let key = hex::decode(prefix.to_owned() + signed["public_key"].as_str().unwrap()).unwrap();
    let signature = hex::decode(signed["signature"].as_str().unwrap()).unwrap();
    let body = [integer(&signature[..32]), integer(&signature[32..])].concat();
    let (key_file, signature_file) = (folder.join("key.der"), folder.join("signature.der"));
    fs::write(&key_file, key).unwrap();
    fs::write(&signature_file, [&[0x30, body.len() as u8][..], &body].concat()).unwrap();
    let mut openssl = Command::new("openssl");
    openssl.args(["dgst", "-sha256", "-keyform", "DER", "-verify"]).arg(key_file).arg("-signature").arg(signature_file).arg(message);
    openssl.output().unwrap().status.success()
}

#[test]
fn signatures_verify_in_the_engine_and_in_libcrypto() {
    let token = Token::new();
    let message = token.path("message");
    fs::write(&message, [7; 300]).unwrap();
    for (label, algorithm) in [("web", "ecdsa-p256"), ("wallet", "ecdsa-secp256k1")] {
        lines(&token.hsm(&["generate", label, "--algorithm", algorithm, "--json"]));
        let signed = &lines(&token.hsm(&["sign", "--key", label, "--json", "transaction", message.to_str().unwrap()]))[0];
        assert_eq!(signed["role"], "transaction");
        assert!(engine_verifies(signed, &[7; 300]), "{signed}");
        assert!(!engine_verifies(signed, &[8; 300]));
        assert!(openssl_verifies(token.folder.path(), signed, &message), "{signed}");
    }
    let keccak = ["sign", "--key", "wallet", "--scheme", "ecdsa-secp256k1-keccak256", "--json", "transaction", message.to_str().unwrap()];
    let signed = &lines(&token.hsm(&keccak))[0];
    assert!(engine_verifies(signed, &[7; 300]), "{signed}");
    assert_refused(&token.hsm(&["sign", "--key", "web", "--scheme", "sm2-sm3", "opaque", &"11".repeat(32)]), &["scheme that fits"]);
    assert_refused(&token.hsm(&["sign", "--key", "none", "opaque", &"11".repeat(32)]), &["none"]);
}

#[test]
fn votes_are_signed_by_the_settings_and_the_guard_alone() {
    let token = Token::new();
    let keys = "[[hsm.key]]\nlabel = \"validator\"\nscheme = \"ecdsa-p256-sha256\"\nroles = [\"vote\"]\nchain = \"main\"\n";
    let settings = token.settings(keys);
    let config = settings.to_str().unwrap();
    lines(&token.run(&["hsm", "generate", "validator", "--config", config, "--json"]));
    let vote = |more: &[&str], height: &str, block: &str| {
        let payload = ["vote", "--chain", "main", "--height", height, "--round", "0", "--step", "prevote", "--block", block];
        [&["sign", "--key", "validator", "--json"], more, &payload].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let run = |arguments: Vec<String>| token.run(&[&["hsm"], &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
    let block = "22".repeat(32);
    let by_flags: Vec<String> = vote(&[], "7", &block);
    let by_flags: Vec<&str> = by_flags.iter().map(String::as_str).collect();
    assert_refused(&token.hsm(&by_flags), &["--config"]);
    // No guard: nothing is signed for consensus.
    assert_refused(&run(vote(&["--config", config], "7", &block)), &["guard create"]);
    assert_eq!(token.run(&["hsm", "guard", "create", "--config", config]).status.code(), Some(0));
    let signed = lines(&run(vote(&["--config", config], "7", &block)));
    assert_eq!(signed[0]["role"], "vote");
    // The same again is no second vote; another one is, and so is a lower one.
    lines(&run(vote(&["--config", config], "7", &block)));
    assert_refused(&run(vote(&["--config", config], "7", "nil")), &["signed at"]);
    assert_refused(&run(vote(&["--config", config], "6", &block)), &["below"]);
    let shown = lines(&token.run(&["hsm", "guard", "show", "--json", "--config", config]));
    assert_eq!((&shown[0]["label"], &shown[0]["height"]), (&"validator".into(), &7.into()));
    // What another machine imports refuses the same.
    let exported = token.run(&["hsm", "guard", "export", "--config", config]);
    let state = token.path("state.json");
    fs::write(&state, &exported.stdout).unwrap();
    let moved = token.path("moved");
    let import = token.run(&["hsm", "guard", "import", state.to_str().unwrap(), "--folder", moved.to_str().unwrap()]);
    assert_eq!(import.status.code(), Some(0), "{import:?}");
    let there = format!("hsm.guard={}", moved.display());
    assert_refused(&run(vote(&["--config", config, "--set", &there], "7", "nil")), &["signed at"]);
    lines(&run(vote(&["--config", config, "--set", &there], "8", "nil")));
}

/// Every signature has its record; the log verifies, and a changed byte is found.
#[test]
fn the_log_has_a_record_a_signature_and_a_break_is_named() {
    let token = Token::new();
    let settings = token.settings("[[hsm.key]]\nlabel = \"wallet\"\nscheme = \"ecdsa-p256-sha256\"\nroles = [\"opaque\"]\n");
    let config = settings.to_str().unwrap();
    lines(&token.run(&["hsm", "generate", "wallet", "--config", config, "--json"]));
    for number in 0..3 {
        lines(&token.run(&["hsm", "sign", "--config", config, "--key", "wallet", "--json", "opaque", &format!("{number:064x}")]));
    }
    let audit = || token.run(&["hsm", "audit", "--json", "--config", config]);
    let report = &lines(&audit())[0];
    assert!(report["records"].as_u64().unwrap() >= 3, "{report}");
    let folder = token.path("data/hsm/audit");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let log = files.iter().find(|path| text(&fs::read(path).unwrap()).contains("cli:operator")).unwrap();
    let changed = text(&fs::read(log).unwrap()).replacen("cli:operator", "cli:somebody", 1);
    fs::write(log, changed).unwrap();
    let broken = audit();
    assert_eq!(broken.status.code(), Some(1), "{broken:?}");
    assert!(text(&broken.stdout).contains("\"broken\":{\"file\""), "{broken:?}");
}
