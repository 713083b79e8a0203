//! Keys: made, listed, rotated, destroyed.

use std::fs;

use serde_json::json;

use crate::token::{Token, assert_refused, lines, text};

#[test]
fn keys_are_made_listed_and_destroyed() {
    let token = Token::new();
    assert!(text(&token.hsm(&["list"]).stdout).contains("There is no key on the device"));
    let made = &lines(&token.hsm(&["generate", "wallet", "--algorithm", "ecdsa-secp256k1", "--json"]))[0];
    assert_eq!((&made["label"], &made["algorithm"]), (&json!("wallet"), &json!("ecdsa-secp256k1")));
    lines(&token.hsm(&["generate", "web", "--algorithm", "ecdsa-p256", "--json"]));
    let listed = lines(&token.hsm(&["list", "--json"]));
    assert_eq!(listed.iter().map(|key| key["label"].as_str().unwrap()).collect::<Vec<_>>(), ["wallet", "web"]);
    assert_eq!((&listed[0]["public_key"], &listed[0]["roles"]), (&made["public_key"], &json!([])));
    assert_refused(&token.hsm(&["generate", "web", "--algorithm", "ecdsa-p256"]), &["web"]);
    assert_refused(&token.hsm(&["generate", "sm2", "--algorithm", "sm2"]), &["sm2"]);
    assert_refused(&token.hsm(&["generate", "none"]), &["--algorithm"]);
    // Destroyed only where the label is typed twice.
    assert_refused(&token.hsm(&["destroy", "web", "--yes", "wallet"]), &["nothing was destroyed"]);
    assert_eq!(lines(&token.hsm(&["destroy", "web", "--yes", "web", "--json"]))[0]["destroyed"], "web");
    assert_refused(&token.hsm(&["destroy", "web", "--yes", "web"]), &["web"]);
    assert_eq!(lines(&token.hsm(&["list", "--json"])).len(), 1);
}

#[test]
fn without_a_device_it_says_how_to_name_one() {
    let token = Token::new();
    assert_refused(&token.run(&["hsm", "list", "--config", "/dev/null"]), &["no device is named", "--pkcs11 MODULE"]);
}

/// What rotate prints is right as it stands, both keys sign in the overlap, and the old one is refused after it.
#[test]
fn a_rotation_has_an_overlap_and_an_end() {
    let token = Token::new();
    let old = "[[hsm.key]]\nlabel = \"old\"\nscheme = \"ecdsa-p256-sha256\"\nroles = [\"transaction\"]\n";
    let settings = token.settings(old);
    let config = settings.to_str().unwrap().to_owned();
    assert_eq!(token.run(&["hsm", "generate", "old", "--config", &config]).status.code(), Some(0));
    let message = token.path("message");
    fs::write(&message, "a transaction").unwrap();
    let sign = |key: &str| token.run(&["hsm", "sign", "--config", &config, "--key", key, "transaction", message.to_str().unwrap()]);
    let rotated = &lines(&token.run(&["hsm", "rotate", "old", "new", "--overlap", "48h", "--config", &config, "--json"]))[0];
    assert_eq!(rotated["new"]["algorithm"], "ecdsa-p256");
    assert_eq!(sign("old").status.code(), Some(0), "nothing changes until the settings do");
    assert_refused(&sign("new"), &["new"]);
    let tables = rotated["settings"].as_str().unwrap();
    token.settings(tables);
    for key in ["old", "new"] {
        assert_eq!(sign(key).status.code(), Some(0), "{key}");
    }
    let until = rotated["valid_until"].as_str().unwrap();
    assert!(tables.contains(until), "{tables}");
    token.settings(&tables.replace(until, "2026-01-01T00:00:00Z"));
    assert_refused(&sign("old"), &["its time is over"]);
    assert_eq!(sign("new").status.code(), Some(0));
}
