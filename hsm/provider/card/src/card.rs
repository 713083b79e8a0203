//! The card: verification, keys and a log, by settings.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use arc_swap::ArcSwapOption;
use chainbox_engine::{
    backend::Fault,
    batch::{Item, Shape},
    verdict::Verdict,
};
use chainbox_hsm::{Algorithm, Error, KeyInfo, Kind, device::contract::verifies, secret::Secret, software::Ephemeral};

use crate::{
    keys::Keys,
    link::Link,
    log::{Level, Log},
    process::PerProcess,
    settings::Settings,
    verifier::Verifier,
};

/// What a process uses as its card: all its devices and sessions are views of it.
pub struct Card {
    settings: Settings,
    log: Arc<Log>,
    verifier: Verifier,
    keys: ArcSwapOption<Keys>,
    /// Signatures by keys that were locked again.
    signed_before: AtomicU64,
}

static CARD: PerProcess<Card> = PerProcess::new();

impl Card {
    /// The card of this process, by [`Settings::load`]: opened by whoever asks first, and anew in a child that was forked.
    ///
    /// # Errors
    /// What is wrong with the settings or with what they name; it stands in the log.
    pub fn of_this_process() -> Result<Arc<Self>, Error> {
        CARD.get_or_try_init(|| {
            let settings = Settings::load().inspect_err(|error| Log::before_settings().line(Level::Error, &error.to_string()))?;
            Self::open(settings)
        })
    }

    /// A card by settings at hand.
    ///
    /// # Errors
    /// What is wrong with the settings or with what they name; it stands in the log.
    pub fn open(settings: Settings) -> Result<Self, Error> {
        let log = Log::open(&settings.log).map_err(|error| {
            let error = Error::new(Kind::Input, "settings of the card, log", error.to_string()).remedy("may this program write there?");
            Log::before_settings().line(Level::Error, &error.to_string());
            error
        })?;
        let log = Arc::new(log);
        Self::open_logged(settings, &log).inspect_err(|error| log.line(Level::Error, &error.to_string()))
    }

    fn open_logged(settings: Settings, log: &Arc<Log>) -> Result<Self, Error> {
        settings.check()?;
        check_signing()?;
        let link = settings.service.as_ref().map(|address| Link::open(address, &settings, log)).transpose()?;
        let keys = match (&settings.keys, &settings.password, &link) {
            (Some(path), Some(password), _) => Some(Keys::of_file(path, &password.read(&format!("password of {}", path.display()))?)?),
            (None, _, Some(link)) if settings.sign_on_service => Some(Keys::of_service(Arc::clone(link))),
            _ => None,
        };
        let verifier = Verifier::new(&settings, link).map_err(|fault| Error::new(Kind::DeviceFailed, "the card", fault.to_string()))?;
        Ok(Self { settings, log: Arc::clone(log), verifier, keys: ArcSwapOption::from_pointee(keys), signed_before: AtomicU64::new(0) })
    }

    /// The verdict on one item: together with those of other threads where several ask at once.
    ///
    /// # Errors
    /// [`Fault`] where nothing is known about it.
    pub fn verify(&self, shape: Shape, item: Item<'_>) -> Result<Verdict, Fault> {
        self.verifier.verify(shape, item)
    }

    /// The private keys.
    ///
    /// # Errors
    /// [`Kind::NoDevice`] where the settings name none, [`Kind::Pin`] where they are locked.
    pub fn keys(&self) -> Result<Arc<Keys>, Error> {
        self.keys.load_full().ok_or_else(|| match &self.settings.keys {
            None => Error::new(Kind::NoDevice, "settings of the card", "they name no private keys").remedy("set keys, or sign_on_service"),
            Some(path) => Error::new(Kind::Pin, path.display().to_string(), "the keys are locked").remedy("log in, or set password"),
        })
    }

    /// Opens the file of keys with its password.
    ///
    /// # Errors
    /// [`Kind::Pin`] where it is wrong; [`Kind::NoDevice`] where the settings name no file; where the file cannot be read.
    pub fn unlock(&self, password: &Secret) -> Result<(), Error> {
        let Some(path) = &self.settings.keys else {
            return Err(Error::new(Kind::NoDevice, "settings of the card", "they name no file of keys").remedy("set keys"));
        };
        let keys = Keys::of_file(path, password)?;
        if self.settings.password.is_none() {
            self.keys.store(Some(Arc::new(keys)));
        }
        Ok(())
    }

    /// Forgets keys that [`Self::unlock`] opened. Those of a password in the settings stay.
    pub fn lock(&self) {
        if self.settings.keys.is_some() && self.settings.password.is_none() {
            let signed = self.keys.swap(None).map_or(0, |keys| keys.signed());
            self.signed_before.fetch_add(signed, Relaxed);
        }
    }

    /// What it works with.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where its operator reads.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Writes a line of what was done so far. Nothing done, nothing said: programs load the library and never use it.
    pub fn summary(&self) {
        let signed = self.signed_before.load(Relaxed) + self.keys.load().as_ref().map_or(0, |keys| keys.signed());
        if signed > 0 || self.verifier.verified() > 0 {
            self.log.line(Level::Info, &format!("{}; {signed} signed", self.verifier));
        }
    }
}

/// That what new keys sign verifies. Tables of the libraries that sign are made by this, too: they would be half made for ever in the child of a process that
/// forks while a thread makes them.
fn check_signing() -> Result<(), Error> {
    Algorithm::ALL.into_iter().try_for_each(|algorithm| {
        let (key, digest) = (Ephemeral::generate(algorithm)?, [1; 32]);
        let info = KeyInfo { label: "self-test".parse().expect("a label"), algorithm, public_key: *key.public_key() };
        if verifies(&info, &digest, &key.sign(&digest)?) {
            return Ok(());
        }
        let error = Error::new(Kind::DeviceFailed, "the card", format!("its own signature by {algorithm} does not verify"));
        Err(error.remedy("is this machine's memory sound? Report it if so"))
    })
}

#[cfg(test)]
mod tests;
