//! Settings: a file and the environment, since the program that loads the library gives no flags.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use chainbox_api::client::{Address, Tls};
use chainbox_engine::strategy::known::TABLE_BYTES_DEFAULT;
use chainbox_hsm::{Error, Kind, Label, secret::Source};
use serde::{Deserialize, Deserializer, de};

use crate::log::Target;

/// The variable that names the file of settings.
pub const FILE_VARIABLE: &str = "CHAINBOX_CARD_SETTINGS";

/// The file of settings where the variable names none. It may be absent.
pub const FILE_DEFAULT: &str = "/etc/chainbox/card.toml";

/// The longest file of settings, in bytes.
const FILE_BYTES_MAX: usize = 1 << 20;

/// The largest index of a key of the SDF device.
pub const SDF_INDEX_MAX: u32 = 1 << 16;

/// What the card works with. Absent keys have their defaults: verification in this process, and no private keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The service that verifies, and signs where `sign_on_service` says so; none for this process.
    #[serde(deserialize_with = "address")]
    pub service: Option<Address>,
    /// For an https address.
    pub tls: Option<TlsFiles>,
    /// How long a question to the service may go without its answer, in milliseconds.
    pub deadline_ms: u64,
    /// Whether this process's CPU verifies while the service does not answer.
    pub fallback: bool,
    /// The encrypted file of private keys (`chainbox hsm generate --software FILE`).
    pub keys: Option<PathBuf>,
    /// Where the password of that file comes from. PKCS#11 can do without: then it is the PIN.
    pub password: Option<Source>,
    /// Whether the service signs, with the keys that it lets this client use.
    pub sign_on_service: bool,
    /// The bound of the tables of keys that come again, in bytes.
    pub key_table_bytes: usize,
    /// Whether concurrent questions are answered together.
    pub gather: bool,
    /// Where lines for the operator go.
    pub log: Target,
    /// The folder of the files of the SDF device; none where it has no files.
    pub files: Option<PathBuf>,
    /// What is for the SDF device alone.
    pub sdf: Sdf,
}

/// Files in PEM for a service behind TLS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The authorities that may vouch for the service.
    pub ca: PathBuf,
    /// The certificate of this client.
    pub certificate: Option<PathBuf>,
    /// The key of that certificate.
    pub key: Option<PathBuf>,
}

/// What is for the SDF device alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sdf {
    /// Its keys.
    #[serde(rename = "key")]
    pub keys: Vec<SdfKey>,
}

/// A key of the SDF device.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SdfKey {
    /// Its index, from 1.
    pub index: u32,
    /// The label of the key that signs.
    pub sign: Option<Label>,
    /// The label of the key that decrypts.
    pub encrypt: Option<Label>,
    /// Where the password of `SDF_GetPrivateKeyAccessRight` comes from; none where no right is needed.
    pub password: Option<Source>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            service: None,
            tls: None,
            deadline_ms: 1000,
            fallback: true,
            keys: None,
            password: None,
            sign_on_service: false,
            key_table_bytes: TABLE_BYTES_DEFAULT,
            gather: true,
            log: Target::Stderr,
            files: None,
            sdf: Sdf::default(),
        }
    }
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Address>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse()).transpose().map_err(de::Error::custom)
}

impl Settings {
    /// Reads the file, then the environment.
    ///
    /// # Errors
    /// [`Kind::Input`] with the file or variable, what is wrong, and the remedy.
    pub fn load() -> Result<Self, Error> {
        Self::load_from(|name| env::var(name).ok())
    }

    fn load_from(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let mut settings = match variable(FILE_VARIABLE) {
            Some(path) => Self::read(Path::new(&path))?,
            None if Path::new(FILE_DEFAULT).exists() => Self::read(Path::new(FILE_DEFAULT))?,
            None => Self::default(),
        };
        for (name, set) in VARIABLES {
            if let Some(text) = variable(name) {
                set(&mut settings, &text).map_err(|what| wrong(name, what, "mend the variable, or take it away"))?;
            }
        }
        settings.check()?;
        Ok(settings)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Kind::Input`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let place = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| {
            let remedy = match error.kind() {
                io::ErrorKind::NotFound => format!("{FILE_VARIABLE} names the file: name another, or make one (docs/card.md)"),
                _ => "may the program that loads the library read it, and is it text?".to_owned(),
            };
            wrong(&place, format!("cannot be read: {error}"), &remedy)
        })?;
        if text.len() > FILE_BYTES_MAX {
            return Err(wrong(&place, format!("it has more than {FILE_BYTES_MAX} bytes"), "is this the right file?"));
        }
        // The line itself is not shown: it could hold a secret that somebody wrote in the wrong place.
        toml::from_str(&text).map_err(|error| {
            let line = error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.matches('\n').count() + 1);
            wrong(&format!("{place}, line {line}"), error.message().to_owned(), "docs/card.md lists the keys")
        })
    }

    /// That it does not contradict itself.
    ///
    /// # Errors
    /// [`Kind::Input`].
    pub fn check(&self) -> Result<(), Error> {
        let refused = |key: &str, what: &str, remedy: &str| Err(wrong(&format!("settings of the card, {key}"), what.to_owned(), remedy));
        let is_tls = matches!(self.service, Some(Address::Tcp { tls: true, .. }));
        if is_tls && self.tls.is_none() {
            return refused(
                "tls",
                "an https address without tls.ca",
                "name the certificates of the authorities that vouch for the service",
            );
        }
        if !is_tls && self.tls.is_some() {
            return refused("tls", "it is set, and the service has no https address", "take [tls] away, or write https://HOST:PORT");
        }
        if self.tls.as_ref().is_some_and(|tls| tls.certificate.is_some() != tls.key.is_some()) {
            return refused("tls", "certificate and key go together", "set both, or neither");
        }
        if self.deadline_ms == 0 {
            return refused("deadline_ms", "0 leaves no time for an answer", "set some hundreds of milliseconds");
        }
        if self.sign_on_service && self.service.is_none() {
            return refused("sign_on_service", "there is no service", "set service, or take it away");
        }
        if self.sign_on_service && self.keys.is_some() {
            return refused("sign_on_service", "keys are in a file and on the service", "take keys away, or sign_on_service");
        }
        let mut indexes: Vec<u32> = self.sdf.keys.iter().map(|key| key.index).collect();
        indexes.sort_unstable();
        if indexes.windows(2).any(|pair| pair[0] == pair[1]) {
            return refused("sdf.key", "two keys have one index", "give each its own");
        }
        if indexes.iter().any(|index| !(1..=SDF_INDEX_MAX).contains(index)) {
            return refused("sdf.key", "an index is out of range", &format!("indexes are 1 to {SDF_INDEX_MAX}"));
        }
        Ok(())
    }

    /// How long a question to the service may go without its answer.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    /// What TLS needs, read from its files.
    ///
    /// # Errors
    /// [`Kind::Input`] where a file cannot be read.
    pub(crate) fn read_tls(&self) -> Result<Option<Tls>, Error> {
        let Some(files) = &self.tls else { return Ok(None) };
        let identity = files.certificate.as_deref().zip(files.key.as_deref());
        let tls = Tls::from_files(&files.ca, identity);
        tls.map(Some).map_err(|error| wrong("settings of the card, tls", error.to_string(), "see the paths, and who may read them"))
    }
}

/// Sets a key from the text of a variable.
type Set = fn(&mut Settings, &str) -> Result<(), String>;

/// The variables that stand above the file.
const VARIABLES: [(&str, Set); 4] = [
    ("CHAINBOX_CARD_SERVICE", |settings, text| {
        settings.service = Some(text.parse::<Address>().map_err(|error| error.to_string())?);
        Ok(())
    }),
    ("CHAINBOX_CARD_KEYS", |settings, text| {
        settings.keys = Some(text.into());
        Ok(())
    }),
    ("CHAINBOX_CARD_PASSWORD", |settings, text| {
        settings.password = Some(text.parse::<Source>().map_err(|error| error.to_string())?);
        Ok(())
    }),
    ("CHAINBOX_CARD_LOG", |settings, text| {
        settings.log = text.parse()?;
        Ok(())
    }),
];

fn wrong(place: &str, what: String, remedy: &str) -> Error {
    Error::new(Kind::Input, place, what).remedy(remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, variables: &[(&str, &str)]) -> Result<Settings, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("card.toml");
        fs::write(&path, file).unwrap();
        Settings::load_from(|name| match name {
            FILE_VARIABLE => Some(path.to_str().unwrap().to_owned()),
            _ => variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned()),
        })
    }

    #[test]
    fn the_environment_stands_above_the_file() {
        let file = "service = \"unix:/run/a\"\nlog = \"none\"\n[[sdf.key]]\nindex = 1\nsign = \"node\"\npassword = \"file:/p\"\n";
        let settings = load(file, &[("CHAINBOX_CARD_SERVICE", "http://127.0.0.1:7410"), ("CHAINBOX_CARD_KEYS", "/keys")]).unwrap();
        assert_eq!(settings.service.unwrap().to_string(), "http://127.0.0.1:7410");
        assert_eq!((settings.log, settings.keys), (Target::None, Some("/keys".into())));
        assert_eq!(settings.sdf.keys[0].sign.as_ref().map(Label::as_str), Some("node"));
        assert_eq!(load("", &[]), Ok(Settings::default()));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_remedy() {
        let cases = [
            ("servce = \"unix:/a\"", "line 1"),
            ("service = \"/run/a\"", "does not begin with"),
            ("service = \"https://box:1\"", "tls.ca"),
            ("service = \"unix:/a\"\n[tls]\nca = \"/ca\"", "no https address"),
            ("service = \"https://box:1\"\n[tls]\nca = \"/ca\"\nkey = \"/key\"", "go together"),
            ("deadline_ms = 0", "deadline_ms"),
            ("sign_on_service = true", "no service"),
            ("service = \"unix:/a\"\nkeys = \"/keys\"\nsign_on_service = true", "take keys away"),
            ("password = \"1234\"", "never the secret itself"),
            ("log = \"here\"", "no place of a log"),
            ("[[sdf.key]]\nindex = 0", "1 to"),
            ("[[sdf.key]]\nindex = 3\n[[sdf.key]]\nindex = 3", "one index"),
        ];
        for (file, part) in cases {
            let error = load(file, &[]).expect_err(file);
            assert!(error.kind == Kind::Input && error.to_string().contains(part) && !error.remedy.is_empty(), "{file}: {error}");
            assert!(!error.to_string().contains("1234"), "{error}");
        }
        let error = load("", &[("CHAINBOX_CARD_SERVICE", "box")]).unwrap_err();
        assert_eq!(error.place, "CHAINBOX_CARD_SERVICE");
        let missing = Settings::read(Path::new("/nonexistent/card.toml")).unwrap_err();
        assert!(missing.remedy.contains(FILE_VARIABLE), "{missing}");
    }
}
