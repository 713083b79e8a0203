//! Which device: flags, or else the settings; and how it is opened.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chainbox_hsm::{
    Deadline, Device, Error as SignError, Kind, Label, audit, isolated,
    key::NoLabel,
    options::{self, DeviceOptions, Secrets},
    pkcs11::{self, Sm2Mechanisms, TokenName},
    sdf::{self, SdfKey},
    secret::{Secret, Source},
    signer::{self, KeyPolicy, Local, Policy},
    software::{self, Software},
};
use chainbox_service::settings::{Hsm, Problems, Settings, SigningDevice, SigningKey, Sources};
use clap::ValueHint;

use crate::{
    config::{FileArgs, refused},
    error::Error,
};

const DEVICE: &str = "Device";

/// How long what is done once may take: making a key, listing many.
const SLOW: Duration = Duration::from_secs(30);

/// The curve of SM2 as PKCS#11 names curves (GM/T 0006).
const SM2_CURVE: &str = "1.2.156.10197.1.301";

/// The flags that name a device: the same for all subcommands.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct DeviceArgs {
    /// A PKCS#11 module
    #[arg(long, value_name = "MODULE", value_hint = ValueHint::FilePath, conflicts_with_all = ["sdf", "software"], help_heading = DEVICE)]
    pkcs11: Option<PathBuf>,

    /// The label of its token
    #[arg(long, value_name = "LABEL", requires = "pkcs11", help_heading = DEVICE)]
    token: Option<String>,

    /// The serial number of its token, instead of the label
    #[arg(long, value_name = "NUMBER", requires = "pkcs11", conflicts_with = "token", help_heading = DEVICE)]
    serial: Option<String>,

    /// An SDF library (GM/T 0018)
    #[arg(long, value_name = "LIBRARY", value_hint = ValueHint::FilePath, conflicts_with = "software", help_heading = DEVICE)]
    sdf: Option<PathBuf>,

    /// A key of the card: its label and its index, as validator=1; may be given many times
    #[arg(long, value_name = "LABEL=INDEX", requires = "sdf", value_parser = card_key, help_heading = DEVICE)]
    sdf_key: Vec<(Label, u64)>,

    /// An encrypted file of keys, for development
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = DEVICE)]
    software: Option<PathBuf>,

    /// Where the PIN comes from: env:NAME, file:/PATH, credential:NAME or prompt; never the PIN itself
    // A text here, so that no message of the command line repeats what may be a PIN.
    #[arg(long, value_name = "SOURCE", help_heading = DEVICE)]
    pin_source: Option<String>,

    /// Run the vendor's code in this process instead of one of its own
    #[arg(long, help_heading = DEVICE)]
    in_process: bool,

    #[command(flatten)]
    file: FileArgs,
}

/// Takes LABEL=INDEX apart.
fn card_key(text: &str) -> Result<(Label, u64), String> {
    let (label, index) = text.split_once('=').ok_or("there is no = in it")?;
    let index = index.parse().ok().filter(|index| *index > 0).ok_or_else(|| format!("{index:?} is no index from 1"))?;
    Ok((label.parse().map_err(|error: NoLabel| error.to_string())?, index))
}

impl DeviceArgs {
    /// Whether flags name the device. No file of settings is read then, unless one is named.
    pub(super) const fn is_by_flags(&self) -> bool {
        self.pkcs11.is_some() || self.sdf.is_some() || self.software.is_some()
    }

    /// Where the settings come from: the flags are keys like any other.
    fn sources(&self) -> Sources {
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        let mut keys: Vec<(&str, String)> = Vec::new();
        if let Some(module) = &self.pkcs11 {
            keys.extend([("hsm.device", "pkcs11".to_owned()), ("hsm.module", text(module))]);
        }
        if let Some(library) = &self.sdf {
            keys.extend([("hsm.device", "sdf".to_owned()), ("hsm.library", text(library))]);
        }
        if let Some(file) = &self.software {
            let mode = ("hsm.mode", "development".to_owned());
            keys.extend([("hsm.device", "software".to_owned()), ("hsm.file", text(file)), mode]);
        }
        keys.extend(self.token.iter().map(|token| ("hsm.token", token.clone())));
        keys.extend(self.serial.iter().map(|serial| ("hsm.serial", serial.clone())));
        let prompt = self.is_by_flags().then(|| "prompt".to_owned());
        keys.extend(self.pin_source.clone().or(prompt).map(|source| ("hsm.pin_source", source)));
        if self.in_process {
            keys.push(("hsm.isolation", "in-process".to_owned()));
        }
        let file = if self.is_by_flags() { None } else { Sources::default_file() };
        self.file.sources(file, keys.into_iter().map(|(key, value)| (key.to_owned(), value)))
    }

    /// What the device is called before it is opened.
    pub(super) fn shown(&self) -> String {
        let named = [("module", &self.pkcs11), ("library", &self.sdf), ("file", &self.software)];
        let named = named.into_iter().find_map(|(kind, path)| Some(format!("the {kind} {}", path.as_ref()?.display())));
        named.unwrap_or_else(|| "the device of the settings".to_owned())
    }

    /// The settings, whatever they say.
    pub(super) fn settings(&self) -> Result<Settings, Problems> {
        let mut settings = Settings::load(&self.sources())?.settings;
        // Keys that flags name have no roles: they are listed and tried, and sign what their caller says.
        let named = |(label, index): &(Label, u64)| SigningKey { label: Some(label.clone()), index: Some(*index), ..SigningKey::default() };
        settings.hsm.keys.extend(self.sdf_key.iter().map(named));
        Ok(settings)
    }

    /// The settings, with a device in them.
    pub(super) fn load(&self) -> Result<Settings, Error> {
        let settings = self.settings().map_err(|problems| refused(&problems))?;
        if settings.hsm.device == SigningDevice::Off {
            let remedy =
                "set hsm.device in the settings (--config), or use --pkcs11 MODULE --token LABEL, --sdf LIBRARY or --software FILE";
            return Err(Error::new(format!("no device is named: {remedy}")));
        }
        Ok(settings)
    }

    /// Opens the device.
    pub(super) fn open(&self) -> Result<Opened, Error> {
        Opened::by(self.load()?)
    }

    /// Opens the device to make a key on it: a file of keys is made where there is none.
    pub(super) fn open_to_make(&self) -> Result<Opened, Error> {
        let settings = self.load()?;
        let secrets = Opened::secrets(&settings).map_err(|error| failed(&error))?;
        if let (SigningDevice::Software, Some(password)) = (settings.hsm.device, secrets.get(options::PASSWORD)) {
            let options = software_options(&settings.hsm);
            if !options.path.exists() {
                Software::create(&options, password).map_err(|error| failed(&error))?;
            }
        }
        Opened::with(settings, &secrets).map_err(|error| failed(&error))
    }
}

/// A device that is open.
pub(crate) struct Opened {
    pub(crate) settings: Settings,
    pub(crate) device: Arc<dyn Device>,
    /// Counts how often the process that holds it was started again.
    pub(crate) restarts: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Opened {
    /// Opens the device of settings that have one.
    pub(crate) fn by(settings: Settings) -> Result<Self, Error> {
        let secrets = Self::secrets(&settings).map_err(|error| failed(&error))?;
        Self::with(settings, &secrets).map_err(|error| failed(&error))
    }

    /// The PIN, the password, or those of the keys of a card, by the names that the adapters have for them.
    pub(super) fn secrets(settings: &Settings) -> Result<Secrets, SignError> {
        let hsm = &settings.hsm;
        let one = |name: &str, what: &str| {
            let source = hsm.pin_source.as_ref().unwrap_or(&Source::Prompt);
            Ok(Secrets::from([(name.to_owned(), source.read(what)?)]))
        };
        match hsm.device {
            SigningDevice::Pkcs11 => one(options::PIN, "PIN of the token"),
            SigningDevice::Software => one(options::PASSWORD, "password of the file of keys"),
            SigningDevice::Sdf => of_card(hsm),
            SigningDevice::Off => Ok(Secrets::new()),
        }
    }

    /// Opens the device with these secrets.
    pub(super) fn with(settings: Settings, secrets: &Secrets) -> Result<Self, SignError> {
        let options = options(&settings.hsm)?;
        if settings.hsm.is_isolated {
            let isolated = Arc::new(options.isolate(&called(&settings.hsm), secrets.clone(), isolated::Options::default())?);
            let counted = Arc::clone(&isolated);
            return Ok(Self { settings, device: isolated, restarts: Arc::new(move || counted.state().restarts) });
        }
        Ok(Self { device: options.open_here(secrets)?, settings, restarts: Arc::new(|| 0) })
    }

    /// What the settings say of a key.
    pub(super) fn key(&self, label: &Label) -> Option<&SigningKey> {
        self.settings.hsm.keys.iter().find(|key| key.label.as_ref() == Some(label))
    }

    /// The signer above the device.
    pub(crate) fn signer(&self, policy: Policy) -> Result<Local, Error> {
        let hsm = &self.settings.hsm;
        let limits = signer::Limits {
            workers: hsm.sessions_max,
            waiting: hsm.items_in_flight_max,
            caller_waiting: hsm.source_items_in_flight_max,
            ..signer::Limits::default()
        };
        // Without a key that votes there is nothing to guard.
        let votes = policy.keys.values().any(KeyPolicy::is_consensus);
        let guard = votes.then(|| self.settings.guard_folder());
        let folder = self.settings.audit_folder();
        let audit = audit::Options {
            head_key: hsm.audit_key.clone(),
            head_records: hsm.audit_head_records as u64,
            head_s: hsm.audit_head_time.as_secs(),
            ..audit::Options::new(folder)
        };
        let options = signer::Options { policy, check_signatures: hsm.checks_signatures, guard, audit: Some(audit), limits };
        Local::open(Arc::clone(&self.device), options, Arc::new(())).map_err(|error| failed(&error))
    }
}

/// The device as the adapters take it.
fn options(hsm: &Hsm) -> Result<DeviceOptions, SignError> {
    match hsm.device {
        SigningDevice::Pkcs11 => Ok(DeviceOptions::Pkcs11(pkcs11_options(hsm)?)),
        SigningDevice::Software => Ok(DeviceOptions::Software(software_options(hsm))),
        SigningDevice::Sdf => Ok(DeviceOptions::Sdf(sdf_options(hsm)?)),
        SigningDevice::Off => Err(missing("hsm.device")),
    }
}

fn pkcs11_options(hsm: &Hsm) -> Result<pkcs11::Options, SignError> {
    let token = match (&hsm.token, &hsm.serial) {
        (Some(label), _) => TokenName::Label(label.clone()),
        (None, Some(serial)) => TokenName::Serial(serial.clone()),
        (None, None) => return Err(missing("hsm.token")),
    };
    let module = hsm.module.clone().ok_or_else(|| missing("hsm.module"))?;
    let sm2 = |sign| Sm2Mechanisms { sign, generate: hsm.sm2_generate_mechanism, curve: SM2_CURVE.to_owned() };
    Ok(pkcs11::Options {
        sessions_max: hsm.sessions_max,
        single_thread: !hsm.is_threaded,
        sm2: hsm.sm2_sign_mechanism.map(sm2),
        ..pkcs11::Options::new(module, token)
    })
}

fn sdf_options(hsm: &Hsm) -> Result<sdf::Options, SignError> {
    let key = |key: &SigningKey| {
        let index = u32::try_from(key.index?).ok()?;
        Some((key.label.clone()?, SdfKey { index, password: password_source(hsm, key).cloned() }))
    };
    let library = hsm.library.clone().ok_or_else(|| missing("hsm.library"))?;
    let keys = hsm.keys.iter().filter_map(key).collect();
    Ok(sdf::Options { sessions_max: hsm.sessions_max, single_thread: !hsm.is_threaded, ..sdf::Options::new(library, keys) })
}

/// Where the password of a card's key comes from.
fn password_source<'a>(hsm: &'a Hsm, key: &'a SigningKey) -> Option<&'a Source> {
    key.pin_source.as_ref().or(hsm.pin_source.as_ref())
}

/// The passwords of a card's keys. A source that several have is read once.
fn of_card(hsm: &Hsm) -> Result<Secrets, SignError> {
    let mut read: BTreeMap<String, Secret> = BTreeMap::new();
    let mut secrets = Secrets::new();
    for key in &hsm.keys {
        let (Some(label), Some(source)) = (&key.label, password_source(hsm, key)) else { continue };
        let secret = match read.get(&source.to_string()) {
            Some(secret) => secret.clone(),
            None => source.read(&format!("access password of {label}"))?,
        };
        read.insert(source.to_string(), secret.clone());
        secrets.insert(label.to_string(), secret);
    }
    Ok(secrets)
}

fn software_options(hsm: &Hsm) -> software::Options {
    let path = hsm.file.clone().unwrap_or_default();
    software::Options { path, production: hsm.is_production, allow_software: hsm.software_in_production }
}

/// What errors and metrics call the device.
fn called(hsm: &Hsm) -> String {
    let file = |path: &Option<PathBuf>| path.as_deref().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    match hsm.device {
        SigningDevice::Pkcs11 => format!("pkcs11:{}", hsm.token.as_ref().or(hsm.serial.as_ref()).map_or("", String::as_str)),
        SigningDevice::Sdf => format!("sdf:{}", file(&hsm.library)),
        SigningDevice::Software => format!("software:{}", file(&hsm.file)),
        SigningDevice::Off => "off".to_owned(),
    }
}

/// A key of the settings that is missing; their own check says so first.
fn missing(key: &str) -> SignError {
    SignError::new(Kind::Input, "settings", format!("{key} is not set")).remedy("run: chainbox config check")
}

/// Until when something may take that is done once.
pub(super) fn slow(settings: &Settings) -> Deadline {
    Deadline::after(SLOW.max(settings.hsm.time_max))
}

/// What a command ends with where the device fails.
pub(crate) fn failed(error: &SignError) -> Error {
    Error::new(error.to_string())
}
