//! A SoftHSM token in a folder of its own, and `chainbox` run on it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

pub const CHAINBOX: &str = env!("CARGO_BIN_EXE_chainbox");

/// The PIN, which nothing that is printed may have in it.
pub const PIN: &str = "pin-73519";

/// The variable that it comes from.
const VARIABLE: &str = "TEST_TOKEN_PIN";

/// The token's label.
pub const LABEL: &str = "box";

/// Where Debian has the module, first without and then with the folder of the architecture.
const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

/// The module of SoftHSM.
pub fn module() -> &'static str {
    let found = MODULES.into_iter().find(|path| Path::new(path).exists());
    found.expect("SoftHSM is not installed: tests/run packages does it")
}

/// A token.
pub struct Token {
    pub folder: tempfile::TempDir,
}

impl Token {
    pub fn new() -> Self {
        let token = Self { folder: tempfile::tempdir().unwrap() };
        let tokens = token.path("tokens");
        fs::create_dir(&tokens).unwrap();
        fs::write(token.path("softhsm2.conf"), format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display())).unwrap();
        let mut made = Command::new("softhsm2-util");
        made.args(["--init-token", "--free", "--label", LABEL, "--so-pin", "87654321", "--pin", PIN]);
        let made = token.environment(&mut made).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        token
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Gives a command the token and the PIN, and none of the settings of whoever runs the tests.
    pub fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHAINBOX_")) {
            command.env_remove(name);
        }
        command.env("SOFTHSM2_CONF", self.path("softhsm2.conf")).env(VARIABLE, PIN).env("XDG_STATE_HOME", self.path("state"))
    }

    /// `chainbox hsm` with these arguments, by flags that name the token.
    pub fn hsm(&self, arguments: &[&str]) -> Output {
        let flags = ["--pkcs11", module(), "--token", LABEL, "--pin-source", &format!("env:{VARIABLE}")];
        self.run(&[&["hsm", arguments[0]], &flags[..], &arguments[1..]].concat())
    }

    /// `chainbox` with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(CHAINBOX);
        let output = self.environment(command.args(arguments).stdin(Stdio::null())).output().unwrap();
        for text in [text(&output.stdout), text(&output.stderr)] {
            assert!(!text.contains(PIN), "{arguments:?} printed the PIN: {text}");
        }
        output
    }

    /// Settings of the token with these tables behind, in a file.
    pub fn settings(&self, tables: &str) -> PathBuf {
        let path = self.path("chainbox.toml");
        let data = self.path("data");
        let text = format!(
            "data = \"{}\"\ngrpc.listen = \"off\"\nhttp.listen = \"127.0.0.1:0\"\n\n[hsm]\ndevice = \"pkcs11\"\nmodule = \"{}\"\ntoken = \"{LABEL}\"\n\
             pin_source = \"env:{VARIABLE}\"\n\n{tables}",
            data.display(),
            module(),
        );
        fs::write(&path, text).unwrap();
        path
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The lines of JSON of a command that succeeded.
pub fn lines(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    json_lines(output)
}

pub fn json_lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// That a command ended with status 2 and one line on standard error that has these parts.
pub fn assert_refused(output: &Output, parts: &[&str]) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(stderr.lines().filter(|line| line.starts_with("chainbox: ")).count(), 1, "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{part:?} is missing in {stderr}");
    }
}
