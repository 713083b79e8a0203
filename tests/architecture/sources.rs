//! What is absent from the sources: I/O and clocks from the engine, `unsafe` from everywhere.
//!
//! Sources are read as Rust tokens, so that comments and strings do not count.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{root, workspace};

/// Files that may say `unsafe`, relative to the root. Each needs a reason here and a safety comment there.
/// - `engine/src/simd`: vector instructions that a processor may lack, and one that takes a pointer.
/// - `appliance-os/capi`: C passes pointers, and finds functions by their names.
/// - `kernels/src/{cuda,opencl}.rs`: a driver takes pointers to what it copies and to what kernels are told.
/// - `hardware/sim/src/ffi.rs`: the RTL is C++ once Verilator compiled it.
/// - `hsm/src/sdf/library.rs`: functions of a vendor's library are called by their C signatures.
/// - `hsm/provider/{pkcs11,sdf}`: C passes pointers, and finds functions by their names.
/// - `hsm/tests`: modules under test find their settings by the environment, and tests fork.
/// - `kernels/src/wgpu/compile.rs`: pipelines from a cache, and shaders whose loops wgpu does not bound.
const UNSAFE_ALLOWED: &[&str] = &[
    "appliance-os/capi/src/exports.rs",
    "appliance-os/capi/src/memory.rs",
    "engine/src/simd/avx2.rs",
    "engine/src/simd/avx512.rs",
    "engine/src/simd/prefetch.rs",
    "engine/src/simd/sha.rs",
    "hardware/sim/src/ffi.rs",
    "hsm/provider/pkcs11/src/exports.rs",
    "hsm/provider/pkcs11/src/memory.rs",
    "hsm/provider/sdf/src/exports.rs",
    "hsm/provider/sdf/src/memory.rs",
    "hsm/src/sdf/library.rs",
    "hsm/tests/fork/mod.rs",
    "hsm/tests/isolated/fork.rs",
    "hsm/tests/pkcs11_faults/control.rs",
    "hsm/tests/softhsm/mod.rs",
    "kernels/src/cuda.rs",
    "kernels/src/opencl.rs",
    "kernels/src/wgpu/compile.rs",
];

/// Modules of std that the engine does not touch outside its tests.
const STD_MODULES_ABSENT: [&str; 7] = ["env", "fs", "io", "net", "os", "process", "thread"];

/// Clocks: whatever their path, their names do not stand in the engine outside its tests.
const CLOCKS_ABSENT: [&str; 2] = ["Instant", "SystemTime"];

#[test]
fn the_engine_has_no_io_and_no_clock() {
    let files = rust_files(&root().join("engine/src"));
    assert!(!files.is_empty());
    for file in files.iter().filter(|file| !is_test_file(file)) {
        let words = words(without_tests(tokens(file)));
        for window in words.windows(4) {
            let [root, colon, other_colon, module] = window else { unreachable!("windows of four") };
            let is_path_of_std = root == "std" && colon == ":" && other_colon == ":";
            let is_absent = !is_path_of_std || !STD_MODULES_ABSENT.contains(&module.as_str());
            assert!(is_absent, "{}: std::{module} has no place in the engine (ARCHITECTURE.md)", file.display());
        }
        for clock in CLOCKS_ABSENT {
            assert!(!words.iter().any(|word| word == clock), "{}: {clock} has no place in the engine: time is passed in", file.display());
        }
    }
}

#[test]
fn nothing_is_unsafe_but_what_is_listed() {
    for package in workspace().workspace_packages() {
        let folder = package.manifest_path.parent().expect("a manifest stands in a folder");
        for file in rust_files(folder.as_std_path()) {
            let name = file.strip_prefix(root()).expect("crates stand below the root").to_string_lossy().replace('\\', "/");
            let is_unsafe = words(tokens(&file)).iter().any(|word| word == "unsafe");
            let allowed = UNSAFE_ALLOWED.contains(&name.as_str());
            assert!(!is_unsafe || allowed, "{name} says `unsafe`: do without, or list it in tests/architecture/sources.rs with the reason");
            assert!(is_unsafe || !allowed, "{name} no longer says `unsafe`: take it off the list in tests/architecture/sources.rs");
        }
    }
}

#[test]
fn the_list_of_unsafe_files_is_not_stale() {
    for name in UNSAFE_ALLOWED {
        assert!(root().join(name).is_file(), "{name} is listed in tests/architecture/sources.rs and does not exist");
    }
}

/// The scan sees what it is meant to see: in paths, in groups of imports, and not in comments, strings and tests.
#[test]
fn the_scan_sees_through_groups_and_not_into_comments() {
    let scan = |source: &str| words(without_tests(source.parse().expect("the source is Rust"))).join(" ");
    assert!(scan("use std::{fmt, fs::File};").contains("std : : fs"));
    assert!(scan("fn f() { std::net::UdpSocket::bind(a) }").contains("std : : net"));
    assert!(!scan("// std::fs\nconst S: &str = \"std::fs\";").contains("fs"));
    assert!(!scan("#[cfg(test)] mod tests { use std::fs; }").contains("fs"));
    assert!(scan("#[cfg(unix)] mod files { use std::fs; }").contains("fs"));
}

/// All Rust files below a folder but those of build outputs.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() && !path.ends_with("target") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Whether the file is a test module of its own: `tests.rs`, or below a folder `tests`.
fn is_test_file(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "tests.rs") || file.parent().is_some_and(|folder| folder.ends_with("tests"))
}

fn tokens(file: &Path) -> TokenStream {
    let source = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    source.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The tokens without the items that stand under `#[cfg(test)]`: up to and including the next braces or semicolon.
fn without_tests(tokens: TokenStream) -> TokenStream {
    let mut kept = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        if let TokenTree::Group(attribute) = &token
            && attribute.delimiter() == Delimiter::Bracket
            && words(attribute.stream()).concat() == "cfg(test)"
        {
            tokens.by_ref().find(ends_item);
        } else {
            kept.push(token);
        }
    }
    kept.into_iter().collect()
}

fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    }
}

/// The tokens as words in their order, without literals. A path before a group is repeated before each of its parts,
/// so that `std::{fmt, fs}` reads as `std::fmt` and `std::fs`.
fn words(tokens: TokenStream) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => words.push(ident.to_string()),
            TokenTree::Punct(punct) => words.push(punct.as_char().to_string()),
            TokenTree::Literal(_) => {}
            TokenTree::Group(group) => push_group(&mut words, &group),
        }
    }
    words
}

fn push_group(words: &mut Vec<String>, group: &proc_macro2::Group) {
    let inner = self::words(group.stream());
    if let ([.., root, a, b], Delimiter::Brace) = (words.as_slice(), group.delimiter())
        && a == ":"
        && b == ":"
    {
        let path = [root.clone(), a.clone(), b.clone()];
        for part in inner.split(|word| word == ",") {
            words.extend(path.iter().chain(part).cloned());
        }
        return;
    }
    let (open, close) = match group.delimiter() {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    };
    words.push(open.to_owned());
    words.extend(inner);
    words.push(close.to_owned());
}
