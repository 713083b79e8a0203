//! Compiling and running programs against the library that cargo built for this test.

use std::{
    ffi::OsStr,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// How a program is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    Shared,
    Static,
}

/// What the static library needs of the system, as `rustc --print native-static-libs` says.
const SYSTEM_LIBRARIES: [&str; 7] = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"];

/// The folder of this crate.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder where cargo put the libraries: beside this test.
pub fn built() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test.parent().expect("it stands in a folder").to_path_buf();
    assert!(folder.join("libchainbox_c.so").is_file(), "cargo builds the libraries with the tests of this crate");
    folder
}

/// A folder with the libraries under the names that linkers and loaders look for.
pub struct Libraries(TempDir);

impl Libraries {
    pub fn new(linked: Linked) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder (set TMPDIR to one that can be written)");
        let names: &[(&str, &str)] = match linked {
            Linked::Shared => &[("libchainbox_c.so", "libchainbox.so"), ("libchainbox_c.so", "libchainbox.so.0")],
            Linked::Static => &[("libchainbox_c.a", "libchainbox.a")],
        };
        for (name, link) in names {
            std::os::unix::fs::symlink(built().join(name), folder.path().join(link)).unwrap();
        }
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Compiles a program of `tests/c`, every warning an error.
    pub fn compile(&self, source: &str, linked: Linked) -> PathBuf {
        let program = self.path().join(source.trim_end_matches(".c"));
        let mut cc = Command::new("cc");
        cc.args(["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pedantic", "-pthread"]);
        cc.arg("-I").arg(root().join("include")).arg(root().join("tests/c").join(source)).arg("-o").arg(&program);
        cc.arg("-L").arg(self.path()).arg("-lchainbox");
        if linked == Linked::Static {
            cc.args(SYSTEM_LIBRARIES);
        }
        succeed(&mut cc, "");
        program
    }

    /// A command that finds the shared library.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("LD_LIBRARY_PATH", self.path());
        command
    }
}

/// Installs the libraries that were built, with these options beside.
pub fn install(options: &[&str]) {
    succeed(Command::new(root().join("install")).arg("--from").arg(built()).args(options), "");
}

/// Runs a command with this standard input; its standard output. What goes wrong is a failure of the test.
pub fn succeed(command: &mut Command, input: &str) -> String {
    end_with(0, command, input)
}

/// The same for a command that ends with this status.
pub fn end_with(status: i32, command: &mut Command, input: &str) -> String {
    let output = run(command, input);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{command:?}: {}\n{stdout}\n{stderr}", output.status);
    stdout.into_owned()
}

fn run(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}; is it installed?"));
    let mut stdin = child.stdin.take().expect("it is piped");
    std::thread::scope(|scope| {
        // A program that ends early takes no more.
        scope.spawn(move || stdin.write_all(input.as_bytes()).ok());
        child.wait_with_output().unwrap()
    })
}

/// Whether a program is installed; says so where a test is left out for it.
pub fn is_installed(program: &str, left_out: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).any(|folder| fs::metadata(folder.join(program)).is_ok_and(|file| file.is_file()));
    if !found {
        eprintln!("{program} is not installed: {left_out} is left out");
    }
    found
}
