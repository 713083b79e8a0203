//! `chainbox bench` on the command line.
#![cfg(feature = "bench")]

use std::process::{Command, Output};

fn bench(subject: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chainbox")).args(["bench", subject]).args(arguments).output().unwrap()
}

#[test]
fn the_help_names_every_option_and_peer() {
    let run = bench("cpu", &["--help"]);
    assert!(run.status.success());
    let help = String::from_utf8(run.stdout).unwrap();
    for word in ["--quick", "--json", "--json-out", "--html-out", "secp256k1", "aws-lc-rs", "ring", "efficient-sm2", "keccak-asm"] {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[test]
fn the_help_names_every_section_of_the_service() {
    let help = String::from_utf8(bench("service", &["--help"]).stdout).unwrap();
    for word in ["--quick", "--only", "--json-out", "--html-out", "transports", "batches", "open", "small", "idle", "hostile"] {
        assert!(help.contains(word), "{word}: {help}");
    }
    let run = bench("service", &["--only", "others"]);
    let error = String::from_utf8(run.stderr).unwrap();
    assert!(run.status.code() == Some(2) && error.contains("the sections are transports, batches"), "{error}");
}

/// A place that cannot be written is told before the measurement, not minutes later.
#[test]
fn outputs_are_opened_before_anything_is_measured() {
    let dir = tempfile::tempdir().unwrap();
    let absent = dir.path().join("absent/figures");
    for (subject, option) in [("cpu", "--json-out"), ("cpu", "--html-out"), ("service", "--json-out"), ("service", "--html-out")] {
        let run = bench(subject, &[option, absent.to_str().unwrap()]);
        assert_eq!((run.status.code(), run.stdout.as_slice()), (Some(2), &b""[..]), "{subject} {option}");
        let error = String::from_utf8(run.stderr).unwrap();
        assert!(error.contains("absent/figures"), "{error}");
    }
}
