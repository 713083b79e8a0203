//! What the library shows to the loader, and what the header says.

use std::{collections::BTreeSet, fs, process::Command};

use super::host::{is_installed, library, root};

/// The functions of the header, and nothing else.
#[test]
fn the_library_has_the_symbols_of_the_header() {
    let listed = Command::new("nm").args(["--dynamic", "--defined-only", "--format=posix"]).arg(library()).output().expect("nm runs");
    let listed = String::from_utf8(listed.stdout).expect("text");
    let symbols: BTreeSet<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    let header = fs::read_to_string(root().join("include/chainbox_sdf.h")).expect("the header");
    let declared: BTreeSet<&str> =
        header.lines().filter_map(|line| line.strip_prefix("SGD_RV ")?.split_once('(')).map(|(name, _)| name).collect();
    assert_eq!(declared.len(), 51);
    assert_eq!(symbols, declared);
}

/// Programs in C and in C++ include the header.
#[test]
fn the_header_is_c_and_cpp() {
    for (compiler, language, standard) in [("cc", "c", "-std=c11"), ("c++", "c++", "-std=c++11")] {
        if is_installed(compiler) {
            let mut command = Command::new(compiler);
            command.args(["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-pedantic", standard, "-x", language]);
            let output = command.arg(root().join("include/chainbox_sdf.h")).output().expect("a compiler runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
