//! Settings that are broken: the device does not open, and one line says what to do.

use super::host::{Host, succeeded};

/// What `SDF_OpenDevice` answers, and the lines of the log.
fn open(host: &Host) -> (String, Vec<String>) {
    let output = host.run("open.c", &[]);
    let log = succeeded(&output);
    (String::from_utf8_lossy(&output.stdout).trim().to_owned(), log.lines().map(str::to_owned).collect())
}

const OPEN_DEVICE: &str = "0x1000005";

/// That it is refused with one line that has all these parts.
fn refused(host: &Host, settings: &str, parts: &[&str]) {
    host.settings(settings);
    let (answer, log) = open(host);
    assert_eq!((answer.as_str(), log.len()), (OPEN_DEVICE, 1), "{settings}: {log:?}");
    for part in parts {
        assert!(log[0].contains(part), "{settings}: {log:?} has no {part:?}");
    }
}

#[test]
fn verification_needs_no_settings() {
    let (answer, log) = open(&Host::without_keys());
    assert_eq!(answer, "0", "{log:?}");
}

#[test]
fn what_is_broken_is_said_in_one_line_with_the_remedy() {
    let host = Host::without_keys();
    refused(&host, "servce = 1", &["card.toml, line 1", "docs/card.md"]);
    refused(&host, "[[sdf.key]]\nindex = 0\nsign = \"a\"", &["indexes are 1 to"]);
    refused(&host, "[[sdf.key]]\nindex = 1", &["index 1 names no key", "labels of keys"]);
    refused(&host, "[[sdf.key]]\nindex = 1\nsign = \"a\"", &["no private keys", "set keys"]);
    refused(&host, "[[sdf.key]]\nindex = 1\nsign = \"a\"\npassword = \"file:/none/at/all\"", &["/none/at/all", "plain file"]);
    host.keys();
    let keys = host.keys_settings();
    refused(&host, &format!("{keys}[[sdf.key]]\nindex = 1\nsign = \"a\""), &["no key a", "chainbox hsm"]);
    host.write_secret("password", "a wrong one");
    refused(&host, &keys, &["password is wrong"]);
}

#[test]
fn a_file_of_settings_that_is_not_there_is_named() {
    let host = Host::without_keys();
    std::fs::remove_file(host.path("card.toml")).expect("it is there");
    let (answer, log) = open(&host);
    assert_eq!((answer.as_str(), log.len()), (OPEN_DEVICE, 1), "{log:?}");
    assert!(log[0].contains("CHAINBOX_CARD_SETTINGS"), "{log:?}");
}
