//! The template of the settings that users copy: it is what the code has as defaults, and every line of it can be turned on.

use std::{fs, path::Path};

use chainbox_card::settings::Settings;

/// The template.
fn template() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/examples/card.toml")).expect("docs/examples/card.toml")
}

fn read(text: &str) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.toml");
    fs::write(&path, text).unwrap();
    Settings::read(&path).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The template with some lines turned on: those that begin with one of `starts`.
fn with(starts: &[&str]) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(setting) if starts.iter().any(|start| setting.starts_with(start)) => format!("{setting}\n"),
        _ => format!("{line}\n"),
    };
    template().lines().map(line).collect()
}

#[test]
fn as_it_stands_it_says_nothing() {
    assert_eq!(read(&template()), Settings::default());
}

#[test]
fn what_it_calls_a_default_is_one() {
    let defaults = ["deadline_ms", "fallback", "sign_on_service", "key_table_bytes", "gather", "log"];
    assert_eq!(read(&with(&defaults)), Settings::default());
}

/// Those that exclude one another left out.
#[test]
fn every_example_is_understood() {
    let settings =
        read(&with(&["service", "keys", "password = \"file:/etc/chainbox/card-p", "files", "[[sdf", "index", "sign =", "encrypt"]));
    assert!(settings.check().is_ok() && settings.service.is_some() && settings.keys.is_some() && settings.password.is_some());
    assert!(settings.files.is_some() && settings.sdf.keys.len() == 1 && settings.sdf.keys[0].encrypt.is_some());
    let settings = read(&with(&["[tls]", "ca", "certificate", "key ="]));
    assert!(settings.tls.is_some_and(|tls| tls.certificate.is_some() && tls.key.is_some()));
    let lines = template().lines().filter(|line| line.starts_with('#') && !line.starts_with("# ") && *line != "#").count();
    assert_eq!(lines, 19, "a line of the template that no test turns on");
}
