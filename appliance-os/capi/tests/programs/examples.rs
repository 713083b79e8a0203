//! The examples of the documentation, compiled as it says and run. Those in Go and Java where their compilers are installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use chainbox_api::convert::SM2_DEFAULT_ID;
use chainbox_engine::{
    backend::{Backend, Cpu},
    batch::{Batch, Item, Shape},
    scheme::Scheme,
    verdict::Verdict,
};

use super::build::{Libraries, Linked, end_with, install, is_installed, root, succeed};

/// Where Debian's package libjna-java puts it.
const JNA: &str = "/usr/share/java/jna.jar";

/// What the examples end with where an item is not valid.
const NOT_ALL_VALID: i32 = 1;

fn examples() -> PathBuf {
    root().join("../../docs/examples").canonicalize().expect("the examples stand in docs/examples")
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// What every example prints: what the engine says.
fn expected() -> String {
    let items = fs::read_to_string(examples().join("items.txt")).unwrap();
    let mut batch = Batch::new(Shape::messages(Scheme::Sm2Sm3));
    for line in items.lines().filter(|line| !line.starts_with('#')) {
        let [key, input, signature] = line.split(' ').map(unhex).collect::<Vec<_>>().try_into().unwrap();
        batch.push(Item { key: &key, input: &input, signature: &signature, id: Some(SM2_DEFAULT_ID), hint: &[] }).unwrap();
    }
    let verdicts = Cpu::new().verify(&batch).unwrap();
    let text = |verdict: &Verdict| verdict.reason().map_or("valid", |reason| reason.text());
    let lines: Vec<_> =
        verdicts.as_slice().iter().enumerate().map(|(index, verdict)| format!("{} {}\n", index + 1, text(verdict))).collect();
    assert!(lines.iter().any(|line| line.ends_with(" valid\n")) && lines.iter().any(|line| line.ends_with(" equation\n")));
    lines.concat()
}

fn prints_verdicts(program: &mut Command) {
    assert_eq!(end_with(NOT_ALL_VALID, program.arg(examples().join("items.txt")), ""), expected());
}

#[test]
fn the_example_in_c() {
    let libraries = Libraries::new(Linked::Shared);
    let program = libraries.path().join("verify");
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic"]).arg(examples().join("c/verify.c"));
    cc.arg("-I").arg(root().join("include")).arg("-L").arg(libraries.path()).arg("-lchainbox").arg("-o").arg(&program);
    succeed(&mut cc, "");
    prints_verdicts(&mut libraries.command(program));
}

/// The call that docs/c-interface.md shows, as the body of a function whose arguments are its items.
#[test]
fn the_call_of_the_documentation_compiles() {
    let page = fs::read_to_string(examples().join("../c-interface.md")).unwrap();
    let call = page.split_once("```c\n").and_then(|(_, rest)| rest.split_once("```")).expect("the page shows a call").0;
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("call.c");
    let head = "#include <stdio.h>\n#include <chainbox.h>\nvoid die(const char *message);\n\
                void call(const uint8_t *keys, const uint8_t *digests, const uint8_t *signatures);\n\
                void call(const uint8_t *keys, const uint8_t *digests, const uint8_t *signatures)\n";
    fs::write(&source, format!("{head}{{\n{call}}}\n")).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"]).arg(root().join("include")).arg(source);
    succeed(&mut cc, "");
}

#[test]
fn the_example_in_go() {
    if !is_installed("go", "the example in Go") || !is_installed("pkg-config", "the example in Go") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    install(&["--prefix", folder.path().to_str().unwrap()]);
    let program = folder.path().join("verify");
    let mut go = Command::new("go");
    go.current_dir(examples().join("go")).args(["build", "-o"]).arg(&program).arg(".");
    go.env("PKG_CONFIG_PATH", folder.path().join("lib/pkgconfig"));
    // Kept, so that the runtime is compiled once.
    go.env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go")).env("GOFLAGS", "-mod=readonly").env("CGO_ENABLED", "1");
    succeed(&mut go, "");
    // Go's own check of what is handed to C.
    prints_verdicts(Command::new(program).env("LD_LIBRARY_PATH", folder.path().join("lib")).env("GODEBUG", "cgocheck=2"));
}

#[test]
fn the_example_in_java() {
    if !is_installed("javac", "the example in Java") || !Path::new(JNA).is_file() {
        eprintln!("javac or {JNA} is missing: the example in Java is left out");
        return;
    }
    let libraries = Libraries::new(Linked::Shared);
    let classes = libraries.path().join("classes");
    let mut javac = Command::new("javac");
    javac.args(["-Xlint:all,-serial", "-Werror", "-cp", JNA, "-d"]).arg(&classes);
    javac.args(["Verify.java", "Chainbox.java"].map(|source| examples().join("java").join(source)));
    succeed(&mut javac, "");
    let mut java = Command::new("java");
    java.arg("-cp").arg(format!("{JNA}:{}", classes.display())).arg(format!("-Djna.library.path={}", libraries.path().display()));
    prints_verdicts(java.arg("Verify"));
}
