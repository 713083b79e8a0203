//! A card for a test: a file of keys, a log, and programs that are told of them by the environment.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use chainbox_hsm::{
    secret::Secret,
    software::{Options, Software, file::Cost},
};
use tempfile::TempDir;

/// The password of every file of keys here. Nothing may ever show it.
pub const PASSWORD: &str = "correct horse";

/// Costs nearly nothing: these tests log in often, and one does so under valgrind.
const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

/// Whether programs have to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    Needed,
    /// Keys are on a service, of which a file of settings tells.
    OnService,
    /// The settings name a source of the password.
    BySettings,
}

pub struct Card {
    folder: TempDir,
    login: Login,
}

impl Card {
    /// A card without keys yet.
    pub fn new(login: Login) -> Self {
        let card = Self { folder: tempfile::tempdir().expect("a temporary folder (set TMPDIR to one that can be written)"), login };
        drop(card.keys());
        fs::write(card.path("card.toml"), "# All by the environment.\n").expect("written");
        let mut password = fs::OpenOptions::new();
        let password = password.create(true).write(true).truncate(true).mode(0o600).open(card.path("password"));
        std::io::Write::write_all(&mut password.expect("a file"), PASSWORD.as_bytes()).expect("written");
        card
    }

    /// Its file of keys, made where there is none.
    pub fn keys(&self) -> Software {
        let options = Options { path: self.path("keys"), production: false, allow_software: true };
        let password = Secret::new(PASSWORD.as_bytes().to_vec());
        let keys =
            if options.path.exists() { Software::open(&options, &password) } else { Software::create_at(&options, &password, CHEAP) };
        keys.expect("a file of keys")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The settings as variables.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let text = |path: PathBuf| path.to_str().expect("a path in text").to_owned();
        let mut variables = vec![("CHAINBOX_CARD_SETTINGS", text(self.path("card.toml"))), ("CHAINBOX_CARD_LOG", text(self.path("log")))];
        if self.login != Login::OnService {
            variables.push(("CHAINBOX_CARD_KEYS", text(self.path("keys"))));
        }
        if self.login == Login::BySettings {
            variables.push(("CHAINBOX_CARD_PASSWORD", format!("file:{}", text(self.path("password")))));
        }
        variables
    }

    /// A command that finds this card.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.variables()).current_dir(self.folder());
        command
    }

    /// What stands in the log. Never a secret.
    pub fn log(&self) -> String {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        for secret in [PASSWORD, "wrong horse"] {
            assert!(!log.contains(secret), "the log shows a secret:\n{log}");
        }
        log
    }
}
