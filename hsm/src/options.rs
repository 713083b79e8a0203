//! Which device, and in which process.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    Device, Error, Kind, Label,
    isolated::{self, Isolated, frame::Hello},
    key::NoLabel,
    pkcs11::{self, Pkcs11},
    sdf::{self, Sdf},
    secret::Secret,
    software::{self, Software},
};

/// The name of the PIN of a token among [`Secrets`].
pub const PIN: &str = "pin";
/// The name of the password of a file of keys among [`Secrets`].
pub const PASSWORD: &str = "password";

/// The secrets of a device, by their names: [`PIN`] of a token, [`PASSWORD`] of a file; those of an SDF device by the labels of its keys.
pub type Secrets = BTreeMap<String, Secret>;

/// A device as the settings name it. What is secret is no part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DeviceOptions {
    /// A token of a PKCS#11 module.
    Pkcs11(pkcs11::Options),
    /// An SDF device (GM/T 0018).
    Sdf(sdf::Options),
    /// Keys in an encrypted file, for development.
    Software(software::Options),
}

/// In which process a device's code runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Isolation {
    /// In one of its own: a crash or a hang of it takes nothing down.
    Child(isolated::Options),
    /// In this one: faster, and as stable as the device's code.
    InProcess,
}

impl Default for Isolation {
    fn default() -> Self {
        Self::Child(isolated::Options::default())
    }
}

impl DeviceOptions {
    /// Opens the device. `name` is what errors and metrics call it, e.g. `pkcs11:validator`.
    ///
    /// # Errors
    /// Those of the device, and of [`Isolated::start`].
    pub fn open(&self, name: &str, secrets: Secrets, isolation: &Isolation) -> Result<Arc<dyn Device>, Error> {
        match isolation {
            Isolation::Child(options) => Ok(Arc::new(self.isolate(name, secrets, options.clone())?)),
            Isolation::InProcess => self.open_here(&secrets),
        }
    }

    /// Opens the device in a process of its own.
    ///
    /// # Errors
    /// Those of [`Isolated::start`].
    pub fn isolate(&self, name: &str, secrets: Secrets, options: isolated::Options) -> Result<Isolated, Error> {
        let device = serde_json::to_string(self).map_err(|error| Error::new(Kind::Input, name, format!("its options: {error}")))?;
        Isolated::start(Hello { name: name.to_owned(), options: device, secrets: secrets.into_iter().collect() }, options)
    }

    /// Opens the device in this process.
    ///
    /// # Errors
    /// Those of the device.
    pub fn open_here(&self, secrets: &Secrets) -> Result<Arc<dyn Device>, Error> {
        match self {
            Self::Pkcs11(options) => Ok(Arc::new(Pkcs11::open(options.clone(), secret(secrets, PIN)?.clone())?)),
            Self::Sdf(options) => Ok(Arc::new(Sdf::open(options.clone(), passwords(secrets)?)?)),
            Self::Software(options) => Ok(Arc::new(Software::open(options, secret(secrets, PASSWORD)?)?)),
        }
    }

    /// Opens what a first frame asks for.
    pub(crate) fn open_hello(hello: Hello) -> Result<Arc<dyn Device>, Error> {
        let options: Self =
            serde_json::from_str(&hello.options).map_err(|error| Error::new(Kind::Input, &hello.name, format!("its options: {error}")))?;
        options.open_here(&hello.secrets.into_iter().collect())
    }
}

/// A secret that the device needs.
fn secret<'a>(secrets: &'a Secrets, name: &str) -> Result<&'a Secret, Error> {
    secrets
        .get(name)
        .ok_or_else(|| Error::new(Kind::Pin, "settings", format!("no {name} is given")).remedy("name the source of the secret"))
}

/// The passwords of keys, by their labels.
fn passwords(secrets: &Secrets) -> Result<BTreeMap<Label, Secret>, Error> {
    let password = |(name, secret): (&String, &Secret)| {
        let label = name.parse().map_err(|error: NoLabel| Error::new(Kind::Input, "settings", error.to_string()))?;
        Ok((label, secret.clone()))
    };
    secrets.iter().map(password).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_as_they_are_written_and_unknown_ones_refused() {
        let text = r#"{"kind":"software","path":"/keys","production":true,"allow_software":false}"#;
        let options: DeviceOptions = serde_json::from_str(text).expect("options");
        assert_eq!(serde_json::to_string(&options).expect("JSON"), text);
        for wrong in [r#"{"kind":"software","path":"/keys","pin":"1234"}"#, r#"{"kind":"magic"}"#, r#"{"path":"/keys"}"#] {
            assert!(serde_json::from_str::<DeviceOptions>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_that_is_not_given_is_asked_for() {
        let options = DeviceOptions::Software(software::Options { path: "/keys".into(), production: false, allow_software: false });
        let error = options.open_here(&Secrets::new()).err().expect("no password");
        assert_eq!(error.kind, Kind::Pin);
    }
}
