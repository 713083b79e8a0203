//! `chainbox generate`, from the command line to what `chainbox verify` says of its items.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

fn chainbox() -> Command {
    Command::new(env!("CARGO_BIN_EXE_chainbox"))
}

/// `chainbox generate` with arguments separated by spaces.
fn generate(arguments: &str) -> Output {
    chainbox().arg("generate").args(arguments.split_whitespace()).output().unwrap()
}

/// What a successful `chainbox generate` writes.
fn items(arguments: &str) -> String {
    let output = generate(arguments);
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The summary of `chainbox verify --json` of these items, which must all be as they are expected.
fn verified(items: &str, arguments: &str) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("items.jsonl");
    fs::write(&file, items).unwrap();
    let output = chainbox().arg("verify").arg(file).arg("--json").args(arguments.split_whitespace()).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{lines}");
    serde_json::from_str::<serde_json::Value>(lines.lines().last().unwrap()).unwrap()["summary"].clone()
}

#[test]
fn a_pipe_into_verify_finds_every_expectation_met() {
    let mut generate =
        chainbox().args(["generate", "--count", "4000", "--scheme", "all", "--invalid", "0.1"]).stdout(Stdio::piped()).spawn().unwrap();
    let verify = chainbox().args(["verify", "-", "--json"]).stdin(generate.stdout.take().unwrap()).output().unwrap();
    assert!(generate.wait().unwrap().success());
    assert_eq!(verify.status.code(), Some(0));
    let lines = String::from_utf8(verify.stdout).unwrap();
    let summary: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(summary["summary"]["items"], 4000);
    assert_eq!(summary["summary"]["valid"], 3600);
    assert_eq!(summary["summary"]["mismatches"], 0);
}

#[test]
fn every_form_reads_back() {
    for form in [
        "",
        "--digest --hints parity",
        "--encoding der --compressed --hints y --message-bytes 0",
        "--digest --encoding der --signers 1",
        "--scheme sm2-sm3 --message-bytes 1000 --kinds r-plus-s-zero,r-identity,wrong-key",
    ] {
        let summary = verified(&items(&format!("--count 80 --seed 5 --invalid 0.5 {form}")), "");
        assert_eq!([&summary["items"], &summary["valid"], &summary["mismatches"]], [80, 40, 0], "{form}");
    }
}

#[test]
fn the_low_s_policy_reads_back() {
    let items = items("--count 80 --low-s --invalid 0.5 --kinds high-s,flipped-bit");
    let summary = verified(&items, "--low-s");
    assert_eq!([&summary["valid"], &summary["mismatches"]], [40, 0]);
}

#[test]
fn each_kind_gets_its_reason() {
    let items = items("--scheme sm2-sm3 --count 20 --invalid 1 --kinds r-plus-s-zero --expectations false");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("items.jsonl");
    fs::write(&file, items).unwrap();
    let output = chainbox().arg("verify").arg(file).arg("--json").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let reasons = String::from_utf8(output.stdout).unwrap().matches(r#""reason":"r-plus-s-is-zero""#).count();
    assert_eq!(reasons, 20);
}

#[test]
fn the_seed_and_nothing_else_decides() {
    let of = |seed, threads| {
        let arguments = ["generate", "--count", "300", "--invalid", "0.3", "--seed", seed];
        let output = chainbox().args(arguments).env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(output.status.success());
        output.stdout
    };
    assert_eq!(of("1", "1"), of("1", "3"));
    assert_ne!(of("1", "2"), of("2", "2"));
}

#[test]
fn fields_are_those_that_were_asked_for() {
    let fields = |arguments| {
        let line = items(arguments);
        let item: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line.trim()).unwrap();
        item.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(fields("--count 1"), "encoding key message scheme signature valid");
    assert_eq!(fields("--count 1 --digest --hints y --expectations false"), "digest encoding hint key scheme signature");
}

#[test]
fn a_file_is_not_replaced_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("items.jsonl");
    let write = |arguments: &str| generate(&format!("--count 8 --signers 2 -o {} {arguments}", file.display()));
    let first = write("--seed 1");
    assert!(first.status.success());
    assert!(String::from_utf8_lossy(&first.stderr).contains("chainbox verify"));
    let content = fs::read(&file).unwrap();

    let refused = write("--seed 2");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--force"));
    assert_eq!(fs::read(&file).unwrap(), content);

    assert!(write("--seed 2 --force").status.success());
    assert_ne!(fs::read(&file).unwrap(), content);
    assert_eq!(names(folder.path()), ["items.jsonl"]);
}

#[test]
fn nothing_is_left_of_a_file_that_could_not_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let in_no_folder = folder.path().join("missing/items.jsonl");
    let output = generate(&format!("--count 4 -o {}", in_no_folder.display()));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("missing/items.jsonl"));
    let output = generate(&format!("--count 4 --invalid 7 -o {}", folder.path().join("items.jsonl").display()));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("from 0 to 1, not 7"));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_named() {
    let output = generate("--count 400 -o /dev/full");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write /dev/full: No space left on device"));
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    for (arguments, message) in [
        ("--scheme rsa", "[possible values: all, ecdsa-secp256k1-sha256,"),
        ("--invalid 0.1 --kinds nonsense", "[possible values: bad-encoding, r-zero,"),
        ("--kinds r-zero", "--invalid <SHARE>"),
        ("--invalid 0.1 --kinds r-plus-s-zero", "none of --kinds can be made for ecdsa-secp256k1-sha256"),
        ("--scheme ecdsa-p256-sha256 --invalid 0.1 --kinds r-plus-s-zero,r-zero", "it needs SM2"),
        ("--scheme sm2-sm3 --low-s", "ECDSA only"),
        ("--signers 0", "at least one signer"),
        ("--message-bytes 65537", "at most 65536"),
    ] {
        let output = generate(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {stderr}");
        assert!(stderr.contains(message), "{arguments}: {stderr}");
        assert!(output.stdout.is_empty());
    }
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
