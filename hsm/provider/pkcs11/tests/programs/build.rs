//! Compiling and running programs.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// How a program is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sanitizer {
    None,
    /// Of addresses and of what C leaves undefined.
    Address,
    Thread,
}

/// The library that cargo built for this test, beside it.
pub fn library() -> PathBuf {
    let test = env::current_exe().expect("the test's own path");
    let library = test.parent().expect("it stands in a folder").join("libchainbox_pkcs11.so");
    assert!(library.is_file(), "cargo builds {} with the tests of this crate", library.display());
    library
}

/// Compiles a program of `tests/c` into a folder, every warning an error.
pub fn compile(folder: &Path, source: &str, sanitizer: Sanitizer) -> PathBuf {
    let program = folder.join(source.trim_end_matches(".c"));
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable", "-pthread", "-I/usr/include/p11-kit-1"]);
    match sanitizer {
        Sanitizer::None => {}
        Sanitizer::Address => drop(cc.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"])),
        Sanitizer::Thread => drop(cc.arg("-fsanitize=thread")),
    }
    cc.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(source)).arg("-o").arg(&program).arg("-ldl");
    succeed(&mut cc);
    program
}

/// Runs a command; its standard output. What goes wrong is a failure of the test.
pub fn succeed(command: &mut Command) -> String {
    let (is_success, output) = run(command);
    assert!(is_success, "{command:?} failed:\n{output}");
    output
}

/// Runs a command that must fail; both of its outputs.
pub fn fail(command: &mut Command) -> String {
    let (is_success, output) = run(command);
    assert!(!is_success, "{command:?} did not fail:\n{output}");
    output
}

/// Whether it succeeded, and its outputs; standard output alone where it did.
fn run(command: &mut Command) -> (bool, String) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}; `tests/run packages` installs what is missing"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { (true, stdout.into_owned()) } else { (false, format!("{}\n{stdout}\n{stderr}", output.status)) }
}

/// Whether a program is installed; says so where a test is left out for it.
pub fn is_installed(program: &str) -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&paths).any(|folder| fs::metadata(folder.join(program)).is_ok_and(|file| file.is_file()));
    if !found {
        eprintln!("{program} is not installed: a test is left out");
    }
    found
}
