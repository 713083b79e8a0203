//! What is installed: names, symbols, and what pkg-config says.

use std::process::Command;

use super::build::{Linked, built, install, is_installed, root, succeed};

/// The functions of the header, and nothing else.
#[test]
fn the_shared_library_has_the_symbols_of_the_header() {
    let listed =
        succeed(Command::new("nm").args(["--dynamic", "--defined-only", "--format=posix"]).arg(built().join("libchainbox_c.so")), "");
    let mut symbols: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    symbols.sort_unstable();
    let header = std::fs::read_to_string(root().join("include/chainbox.h")).unwrap();
    let declared = header.lines().filter(|line| !line.starts_with("//")).filter_map(|line| {
        let name = line.split_once('(')?.0.rsplit([' ', '*']).next()?;
        name.starts_with("chainbox_").then_some(name)
    });
    let mut declared: Vec<&str> = declared.collect();
    declared.sort_unstable();
    assert_eq!(declared.len(), 9, "{declared:?}");
    assert_eq!(symbols, declared);
}

#[test]
fn the_shared_library_says_its_name() {
    let dynamic = succeed(Command::new("readelf").arg("--dynamic").arg(built().join("libchainbox_c.so")), "");
    let major = env!("CARGO_PKG_VERSION_MAJOR");
    assert!(dynamic.contains(&format!("soname: [libchainbox.so.{major}]")), "{dynamic}");
}

/// C++ programs include the header too.
#[test]
fn the_header_is_cpp() {
    if !is_installed("c++", "the header as C++") {
        return;
    }
    let mut compiler = Command::new("c++");
    compiler.args(["-std=c++11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-pedantic", "-x", "c++"]);
    succeed(compiler.arg(root().join("include/chainbox.h")), "");
}

/// `install` as a packager runs it, then a program that knows only what pkg-config tells.
#[test]
fn pkg_config_finds_what_was_installed() {
    if !is_installed("pkg-config", "what pkg-config says") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    install(&["--destdir", folder.path().to_str().unwrap(), "--prefix", "/usr", "--libdir", "lib/triplet"]);
    let (prefix, program) = (folder.path().join("usr"), folder.path().join("drive"));
    for linked in [Linked::Shared, Linked::Static] {
        let mut pkg_config = Command::new("pkg-config");
        pkg_config.env("PKG_CONFIG_PATH", prefix.join("lib/triplet/pkgconfig")).env("PKG_CONFIG_SYSROOT_DIR", folder.path());
        pkg_config.args(["--cflags", "--libs", "chainbox"]);
        if linked == Linked::Static {
            pkg_config.arg("--static");
        }
        let flags = succeed(&mut pkg_config, "");
        let mut cc = Command::new("cc");
        cc.args(["-std=c11", "-o"]).arg(&program).arg(root().join("tests/c/drive.c"));
        if linked == Linked::Static {
            std::fs::remove_file(prefix.join("lib/triplet/libchainbox.so")).unwrap();
        }
        succeed(cc.args(flags.split_whitespace()), "");
        let output = succeed(Command::new(&program).env("LD_LIBRARY_PATH", prefix.join("lib/triplet")), "digest 3 1 width 3 616263");
        assert!(output.ends_with("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0\n"), "{output}");
    }
    let mut version = Command::new("pkg-config");
    version.env("PKG_CONFIG_PATH", prefix.join("lib/triplet/pkgconfig")).args(["--modversion", "chainbox"]);
    assert_eq!(succeed(&mut version, "").trim(), env!("CARGO_PKG_VERSION"));
}
