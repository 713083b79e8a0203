//! Where a PIN or a password comes from. Never from a flag, which every process of the machine could read.

use std::{
    env, fmt,
    fs::{File, OpenOptions},
    io::{self, IsTerminal, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    str::FromStr,
};

use nix::{fcntl::OFlag, unistd::geteuid};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{SECRET_BYTES_MAX, Secret};
use crate::{Error, Kind};

/// Where systemd says that the credentials of a service are (systemd.exec(5), `LoadCredential=`).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// The bits of a mode that let anybody but the owner in.
const OTHERS: u32 = 0o077;

/// Where a secret comes from, written `credential:NAME`, `file:PATH`, `env:NAME` or `prompt`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Source {
    /// A credential of the systemd unit.
    Credential(String),
    /// A file that nobody but its owner can read, and whose owner is this process's user or root.
    File(PathBuf),
    /// An environment variable. It stays there: no thread can take a variable from the environment without endangering the others, and `/proc` shows the
    /// first environment of a process to its user whatever becomes of it. A credential is better.
    Environment(String),
    /// The terminal, without echo.
    Prompt,
}

/// A text that names no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this names no source of a secret: it is written credential:NAME, file:/PATH, env:NAME or prompt, and never the secret itself")]
pub struct NoSource;

impl FromStr for Source {
    type Err = NoSource;

    fn from_str(text: &str) -> Result<Self, NoSource> {
        let is_name = |name: &str| !name.is_empty() && !name.contains(['/', '=', '\0']) && name != "." && name != "..";
        match text.split_once(':') {
            None if text == "prompt" => Ok(Self::Prompt),
            Some(("credential", name)) if is_name(name) => Ok(Self::Credential(name.to_owned())),
            Some(("file", path)) if path.starts_with('/') => Ok(Self::File(path.into())),
            Some(("env", name)) if is_name(name) => Ok(Self::Environment(name.to_owned())),
            _ => Err(NoSource),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(name) => write!(f, "credential:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::Prompt => f.write_str("prompt"),
        }
    }
}

impl TryFrom<String> for Source {
    type Error = NoSource;

    fn try_from(text: String) -> Result<Self, NoSource> {
        text.parse()
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

impl Source {
    /// Reads the secret. One line break at its end is not part of it. `what` names it to whoever is prompted, e.g. "PIN of pkcs11:validator".
    ///
    /// # Errors
    /// [`Kind::Pin`] where it is missing, empty, longer than [`SECRET_BYTES_MAX`] bytes, or open to others.
    pub fn read(&self, what: &str) -> Result<Secret, Error> {
        let bytes = match self {
            Self::Credential(name) => self.credential(env::var_os(CREDENTIALS).map(PathBuf::from), name),
            Self::File(path) => self.file(path),
            Self::Environment(name) => self.variable(name),
            Self::Prompt => self.prompt(what),
        }?;
        let secret = bytes.strip_suffix(b"\r\n").or_else(|| bytes.strip_suffix(b"\n")).unwrap_or(&bytes);
        match secret.len() {
            0 => Err(self.error("the secret is empty", "put the PIN or password there")),
            1..=SECRET_BYTES_MAX => Ok(Secret::new(secret.to_vec())),
            _ => Err(self.error(format!("the secret has more than {SECRET_BYTES_MAX} bytes"), "is this the right place?")),
        }
    }

    fn credential(&self, folder: Option<PathBuf>, name: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let folder = folder.ok_or_else(|| {
            self.error(
                format!("{CREDENTIALS} is not set"),
                format!("start it as a systemd unit with LoadCredential={name}:/path/of/the/secret"),
            )
        })?;
        let file = File::open(folder.join(name))
            .map_err(|error| self.unreadable(&error, &format!("add LoadCredential={name}:/path to the unit")))?;
        self.bounded(file)
    }

    fn file(&self, path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
        let no_follow = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
        let file = OpenOptions::new().read(true).custom_flags(no_follow).open(path);
        let file = file.map_err(|error| self.unreadable(&error, "it must be a plain file that this user can read, and no link"))?;
        let metadata = file.metadata().map_err(|error| self.unreadable(&error, ""))?;
        let (mode, owner) = (metadata.permissions().mode(), metadata.uid());
        if !metadata.is_file() {
            return Err(self.error("it is no plain file", "name a plain file"));
        }
        if owner != 0 && owner != geteuid().as_raw() {
            return Err(self.error(format!("it belongs to user {owner}"), format!("chown it to user {} or to root", geteuid())));
        }
        if mode & OTHERS != 0 {
            return Err(self.error(format!("its mode {:o} lets others in", mode & 0o7777), format!("chmod 600 {}", path.display())));
        }
        self.bounded(file)
    }

    fn variable(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let value = env::var_os(name).ok_or_else(|| self.error("the variable is not set", format!("set {name}")))?;
        Ok(Zeroizing::new(value.into_encoded_bytes()))
    }

    fn prompt(&self, what: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        if !io::stdin().is_terminal() {
            return Err(self.error("there is no terminal to ask at", "use a credential, a file or a variable where nobody sits"));
        }
        let text = rpassword::prompt_password(format!("{what}: ")).map_err(|error| self.unreadable(&error, ""))?;
        Ok(Zeroizing::new(text.into_bytes()))
    }

    /// At most a line break more than the longest secret, and one byte to see that it is too long.
    fn bounded(&self, file: File) -> Result<Zeroizing<Vec<u8>>, Error> {
        let limit = SECRET_BYTES_MAX + 3;
        // Never grown, so that no copy of it is left behind in memory.
        let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
        file.take(limit as u64).read_to_end(&mut bytes).map_err(|error| self.unreadable(&error, ""))?;
        Ok(bytes)
    }

    fn unreadable(&self, error: &io::Error, remedy: &str) -> Error {
        self.error(format!("cannot be read: {error}"), remedy)
    }

    fn error(&self, what: impl Into<String>, remedy: impl Into<String>) -> Error {
        Error::new(Kind::Pin, self.to_string(), what).remedy(remedy)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    fn place(mode: u32, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pin");
        fs::write(&path, bytes).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        (folder, path)
    }

    #[test]
    fn sources_are_written_as_they_are_read() {
        for text in ["credential:pin", "file:/etc/chainbox/pin", "env:CHAINBOX_PIN", "prompt"] {
            assert_eq!(text.parse::<Source>().expect(text).to_string(), text);
        }
        for text in ["", "1234", "file:pin", "credential:", "credential:../pin", "credential:..", "env:", "env:A=B", "prompt:", "pin:1234"]
        {
            let error = text.parse::<Source>().expect_err(text).to_string();
            assert!(!error.contains("1234"), "an error that shows what may be a PIN: {error}");
        }
    }

    #[test]
    fn one_line_break_is_trimmed_and_nothing_else() {
        for (bytes, secret) in [(&b"1234"[..], &b"1234"[..]), (b"1234\n", b"1234"), (b"1234\r\n", b"1234"), (b" 12 34 \n\n", b" 12 34 \n")]
        {
            let (_folder, path) = place(0o600, bytes);
            assert_eq!(Source::File(path).read("").expect("a secret").expose(), secret);
        }
    }

    #[test]
    fn files_open_to_others_are_refused() {
        for mode in [0o640, 0o604, 0o660, 0o620, 0o601] {
            let (_folder, path) = place(mode, b"1234");
            let error = Source::File(path).read("").expect_err("others can read it");
            assert_eq!(error.kind, Kind::Pin);
            assert!(error.remedy.starts_with("chmod 600"), "{error}");
        }
        let (_folder, path) = place(0o400, b"1234");
        Source::File(path).read("").expect("the owner alone");
    }

    #[test]
    fn links_folders_and_what_is_missing_are_refused() {
        let (folder, path) = place(0o600, b"1234");
        let link = folder.path().join("link");
        symlink(&path, &link).expect("a link");
        for path in [link, folder.path().to_owned(), folder.path().join("missing")] {
            assert_eq!(Source::File(path).read("").expect_err("no plain file").kind, Kind::Pin);
        }
    }

    #[test]
    fn secrets_are_bounded() {
        let (_folder, path) = place(0o600, &[b'7'; SECRET_BYTES_MAX]);
        assert_eq!(Source::File(path).read("").expect("as long as can be").expose().len(), SECRET_BYTES_MAX);
        for bytes in [vec![b'7'; SECRET_BYTES_MAX + 1], vec![b'7'; 1 << 20], vec![], b"\n".to_vec()] {
            let (_folder, path) = place(0o600, &bytes);
            assert_eq!(Source::File(path).read("").expect_err("too long or empty").kind, Kind::Pin);
        }
    }

    #[test]
    fn credentials_are_files_of_the_unit() {
        let (folder, _path) = place(0o440, b"1234\n");
        let source = Source::Credential("pin".to_owned());
        assert_eq!(*source.credential(Some(folder.path().to_owned()), "pin").expect("a credential"), b"1234\n");
        for (folder, name) in [(None, "pin"), (Some(folder.path().to_owned()), "other")] {
            let error = source.credential(folder, name).expect_err("no such credential");
            assert!(error.remedy.contains("LoadCredential="), "{error}");
        }
    }

    #[test]
    fn variables_are_read() {
        // Cargo sets it for every test.
        assert_eq!(Source::Environment("CARGO_PKG_NAME".to_owned()).read("").expect("a variable").expose(), b"chainbox-hsm");
        assert_eq!(Source::Environment("CHAINBOX_NOT_SET".to_owned()).read("").expect_err("not set").kind, Kind::Pin);
    }
}
