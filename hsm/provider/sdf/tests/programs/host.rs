//! A host of the library: settings and keys in a folder, C programs compiled against the header, and what they may never print.

use std::{
    env,
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use chainbox_hsm::{
    Algorithm, Deadline, Device,
    secret::Secret,
    software::{Options, Software},
};
use tempfile::TempDir;

/// The password of the right to index 1, as `host.h` has it.
pub const RIGHT: &str = "the right of index one";

/// The password of the file of keys.
const PASSWORD: &str = "the file's own";

/// The folder of this crate.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The library that cargo built: beside this test.
pub fn library() -> PathBuf {
    let test = env::current_exe().expect("the test's own path");
    let library = test.parent().expect("it stands in a folder").join("libchainbox_sdf.so");
    assert!(library.is_file(), "cargo builds the library with the tests of this crate");
    library
}

/// How a program is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    Plain,
    Address,
    Thread,
}

/// Folder, settings and keys of one card.
pub struct Host(TempDir);

impl Host {
    /// Index 1 signs and decrypts and has a password, 2 signs and needs no right, 3 names a key that is not SM2's.
    pub fn new() -> Self {
        let host = Self::without_keys();
        let keys = host.keys();
        let soon = || Deadline::after(Duration::from_secs(60));
        for (label, algorithm) in
            [("sign", Algorithm::Sm2), ("decrypt", Algorithm::Sm2), ("other", Algorithm::Sm2), ("p256", Algorithm::EcdsaP256)]
        {
            keys.generate(&label.parse().expect("a label"), algorithm, soon()).expect("a key");
        }
        host.write_secret("right", RIGHT);
        host.settings(&format!(
            "{}files = \"{}\"\n[[sdf.key]]\nindex = 1\nsign = \"sign\"\nencrypt = \"decrypt\"\npassword = \"file:{}\"\n\
             [[sdf.key]]\nindex = 2\nsign = \"other\"\n[[sdf.key]]\nindex = 3\nsign = \"p256\"\n",
            host.keys_settings(),
            host.path("files").display(),
            host.path("right").display(),
        ));
        fs::create_dir(host.path("files")).expect("the folder can be written");
        host
    }

    /// No keys, and settings that are empty.
    pub fn without_keys() -> Self {
        let host = Self(tempfile::tempdir().expect("a temporary folder (set TMPDIR to one that can be written)"));
        host.settings("");
        host
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Makes an empty file of keys.
    pub fn keys(&self) -> Software {
        self.write_secret("password", PASSWORD);
        let options = Options { path: self.path("keys"), production: false, allow_software: true };
        Software::create(&options, &Secret::new(PASSWORD.as_bytes().to_vec())).expect("a file of keys")
    }

    /// The lines that name it.
    pub fn keys_settings(&self) -> String {
        format!("keys = \"{}\"\npassword = \"file:{}\"\n", self.path("keys").display(), self.path("password").display())
    }

    pub fn write_secret(&self, name: &str, secret: &str) {
        fs::write(self.path(name), secret).expect("the folder can be written");
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).expect("the file is ours");
    }

    pub fn settings(&self, toml: &str) {
        fs::write(self.path("card.toml"), toml).expect("the folder can be written");
    }

    /// A command that finds the settings and nothing else of the environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for variable in ["SERVICE", "KEYS", "PASSWORD", "LOG"] {
            command.env_remove(format!("CHAINBOX_CARD_{variable}"));
        }
        command.env("CHAINBOX_CARD_SETTINGS", self.path("card.toml"));
        command
    }

    /// Compiles a program of `tests/c`, every warning an error. None where the compiler has no such sanitizer.
    pub fn compile(&self, source: &str, build: Build) -> Option<PathBuf> {
        let sdf_fixture = root().join("../../tests/sdf_fixture");
        let program = self.path(source).with_extension("program");
        let mut cc = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
        cc.args(["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pedantic", "-pthread", "-I"]).arg(root().join("include"));
        match build {
            Build::Plain => {}
            Build::Address => drop(cc.arg("-fsanitize=address")),
            Build::Thread => drop(cc.arg("-fsanitize=thread")),
        }
        cc.arg("-o").arg(&program).arg(root().join("tests/c").join(source));
        if source == "node.c" {
            cc.arg("-I").arg(&sdf_fixture).arg(sdf_fixture.join("sm2.c")).arg("-lcrypto");
        }
        let output = cc.arg("-ldl").output().expect("a C compiler runs: apt-get install gcc libc6-dev libssl-dev");
        let said = String::from_utf8_lossy(&output.stderr);
        if build != Build::Plain && said.contains("cannot find") {
            eprintln!("{source} {build:?} is left out: {said}");
            return None;
        }
        assert!(output.status.success(), "install what the compiler misses: apt-get install gcc libc6-dev libssl-dev\n{said}");
        Some(program)
    }

    /// Runs a program of `tests/c` on the library, as it is compiled plainly.
    pub fn run(&self, source: &str, arguments: &[&str]) -> Output {
        let program = self.compile(source, Build::Plain).expect("a compiler compiles");
        self.end(self.command(program).arg(library()).args(arguments))
    }

    /// What a command ended with. Nothing that it printed is a secret.
    pub fn end(&self, command: &mut Command) -> Output {
        let output = command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}; is it installed?"));
        for printed in [&output.stdout, &output.stderr] {
            for secret in [RIGHT, PASSWORD] {
                assert!(!printed.windows(secret.len()).any(|window| window == secret.as_bytes()), "{command:?} printed {secret:?}");
            }
        }
        output
    }
}

/// The lines of standard error of a program that succeeded.
pub fn succeeded(output: &Output) -> String {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
    stderr.into_owned()
}

/// Whether a program is installed; says so where a test is left out for it.
pub fn is_installed(program: &str) -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&paths).any(|folder| folder.join(program).is_file());
    if !found {
        eprintln!("{program} is not installed: what it would check is left out");
    }
    found
}
