//! The stand-in of a node in `examples/fisco_node`: it finds the library's answers right, and tells wrong ones.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// What takes little time: few items, and no warming up.
const SHORT: [&str; 12] = ["--threads", "8", "--count", "64", "--keys", "8", "--seconds", "0.1", "--warm", "0", "--rounds", "1"];

/// A file of settings that says nothing.
const NO_SETTINGS: &str = "/dev/null";

/// An item in a file: x || y, hash, r || s, and whether it is valid.
const RECORD_BYTES: usize = 161;

/// The compiled program, in a folder that goes with this value.
struct StandIn(TempDir);

impl StandIn {
    fn compile() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::tempdir().expect("a temporary folder (set TMPDIR to one that can be written)");
        let sources = ["main.c", "node.c", "software.c"].map(|name| root.join("examples/fisco_node").join(name));
        let mut cc = Command::new("cc");
        cc.args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-I"]).arg(root.join("include")).args(sources);
        cc.args(["-ldl", "-lcrypto", "-o"]).arg(folder.path().join("fisco_node"));
        let output = cc.output().expect("cc runs (apt-get install gcc libc6-dev libssl-dev)");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self(folder)
    }

    fn run(&self, arguments: &[&str], settings: &str) -> Output {
        let mut command = Command::new(self.0.path().join("fisco_node"));
        command.arg("--library").arg(library()).args(SHORT).args(arguments).env("CHAINBOX_CARD_SETTINGS", settings).output().unwrap()
    }
}

/// The library that cargo built with this test: beside it.
fn library() -> PathBuf {
    std::env::current_exe().unwrap().with_file_name("libchainbox_sdf.so")
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn all_answers_are_right_beside_libcrypto() {
    let node = StandIn::compile();
    for further in [&["--json"][..], &["--sessions", "1"], &["--invalid", "1"]] {
        let output = node.run(further, NO_SETTINGS);
        assert_eq!(output.status.code(), Some(0), "{further:?}: {}", text(&output));
        assert!(text(&output).contains("libcrypto"), "{}", text(&output));
    }
}

/// A file whose items are said to be what they are not: if these were found right, so would be wrong answers.
#[test]
fn a_wrong_answer_is_told() {
    let node = StandIn::compile();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("items");
    // No point at these coordinates, no signature in these numbers.
    fs::write(&path, [1; RECORD_BYTES]).unwrap();
    let output = node.run(&["--items", path.to_str().unwrap(), "--library-only"], NO_SETTINGS);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let refused: Vec<u8> = [[1; RECORD_BYTES - 1].as_slice(), &[0]].concat();
    fs::write(&path, refused).unwrap();
    let output = node.run(&["--items", path.to_str().unwrap()], NO_SETTINGS);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn what_cannot_be_done_is_told() {
    let node = StandIn::compile();
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("card.toml");
    fs::write(&broken, "servce = 1\n").unwrap();
    let cases: [(&[&str], &str, &str); 4] = [
        (&["--library", "/nonexistent.so"], NO_SETTINGS, "cannot be loaded"),
        (&["--threads", "0"], NO_SETTINGS, "from 1 to 1024"),
        (&["--key-index", "1"], NO_SETTINGS, "[[sdf.key]]"),
        (&[], broken.to_str().unwrap(), "SDF_OpenDevice"),
    ];
    for (arguments, settings, part) in cases {
        let output = node.run(arguments, settings);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(part), "{arguments:?}: {}", text(&output));
    }
}
