//! A device for tests: P-256 keys in files, signed with by another library. It fails as it is told.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use chainbox_hsm::{
    Algorithm, Deadline, Device, Error, KeyInfo, Kind, Label, PublicKey, Signature, device::Capabilities, isolated::frame::Hello,
};
use p256::ecdsa::{SigningKey, signature::hazmat::PrehashSigner};
use serde::{Deserialize, Serialize};

/// The file that arms a fault which happens once.
pub(crate) const ARMED: &str = "armed";
/// The file to which each opening adds a byte.
pub(crate) const OPENED: &str = "opened";
/// What a digest begins with that triggers the fault.
pub(crate) const TRIGGER: u8 = 0xfa;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fault {
    None,
    /// While the device is opened.
    OpenExits,
    OpenHangs,
    OpenPanics,
    OpenRefuses,
    /// Each opening but the first.
    ReopenPin,
    ReopenNoDevice,
    /// While a digest is signed that begins with [`TRIGGER`], as long as the file [`ARMED`] is there.
    Segfault,
    Exit,
    Panic,
    Hang,
    /// So many milliseconds.
    Slow(u64),
    /// While a key is made.
    GenerateExits,
    /// Writes a flood to standard error, the PIN in it.
    Noise,
    /// Forks a process that holds every descriptor, and ends.
    Orphan,
}

/// The options of the device.
#[derive(Serialize, Deserialize)]
pub(crate) struct Setup {
    pub(crate) folder: PathBuf,
    pub(crate) fault: Fault,
}

/// What the child has to say of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SelfReport {
    pub(crate) descriptors: Vec<(u32, String)>,
    pub(crate) is_dumpable: bool,
    pub(crate) core_bytes_max: Option<u64>,
    pub(crate) name: String,
}

struct Files {
    setup: Setup,
    report: String,
}

impl Setup {
    pub(crate) fn open(hello: &Hello) -> Result<Arc<dyn Device>, Error> {
        let setup: Self = serde_json::from_str(&hello.options).map_err(|error| Error::new(Kind::Input, "options", error.to_string()))?;
        assert_eq!(hello.secrets[0].1.expose(), crate::PIN.as_bytes());
        let opened = fs::read(setup.folder.join(OPENED)).unwrap_or_default().len();
        fs::write(setup.folder.join(OPENED), vec![b'.'; opened + 1]).expect("a folder to write to");
        let error = |kind, what| Err(Error::new(kind, "the place", what).remedy("the remedy"));
        match setup.fault {
            Fault::OpenExits => std::process::exit(7),
            Fault::OpenHangs => thread::sleep(Duration::from_secs(600)),
            Fault::OpenPanics => panic!("told to"),
            Fault::OpenRefuses => return error(Kind::NoDevice, "there is none"),
            Fault::ReopenPin if opened > 0 => return error(Kind::Pin, "the PIN is wrong"),
            Fault::ReopenNoDevice if opened > 0 && setup.folder.join(ARMED).exists() => return error(Kind::NoDevice, "it was pulled out"),
            Fault::Noise => (0..5000).for_each(|line| eprintln!("noise {line} {}", crate::PIN)),
            _ => {}
        }
        Ok(Arc::new(Files { setup, report: self_report() }))
    }
}

fn self_report() -> String {
    let entries = fs::read_dir("/proc/self/fd").expect("proc is mounted");
    let descriptors = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_string_lossy().parse().ok()?, fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned()))
        })
        .filter(|(_, target)| !target.contains("/fd"))
        .collect();
    let report = SelfReport {
        descriptors,
        is_dumpable: rustix::process::dumpable_behavior() != Ok(rustix::process::DumpableBehavior::NotDumpable),
        core_bytes_max: rustix::process::getrlimit(rustix::process::Resource::Core).maximum,
        name: rustix::thread::name().expect("a name").to_string_lossy().into_owned(),
    };
    serde_json::to_string(&report).expect("JSON")
}

impl Files {
    fn path(&self, label: &Label) -> PathBuf {
        path(&self.setup.folder, label)
    }

    /// Whether a fault is due; it is disarmed with that, unless it always happens.
    fn misbehave(&self) {
        if !self.setup.folder.join(ARMED).exists() {
            return;
        }
        let once = || fs::remove_file(self.setup.folder.join(ARMED)).expect("the fault was armed");
        match self.setup.fault {
            Fault::Segfault => {
                once();
                // The first is taken by Rust's own handler, which then gives way to the system's.
                for _ in 0..2 {
                    nix::sys::signal::raise(nix::sys::signal::Signal::SIGSEGV).expect("a signal");
                }
            }
            Fault::Exit => std::process::exit(9),
            Fault::Panic => panic!("told to"),
            Fault::Hang => {
                once();
                thread::sleep(Duration::from_secs(600));
            }
            Fault::Slow(milliseconds) => thread::sleep(Duration::from_millis(milliseconds)),
            Fault::Orphan => {
                once();
                crate::fork::leave_orphan(&self.setup.folder.join("orphan"));
                std::process::exit(9);
            }
            _ => {}
        }
    }
}

fn path(folder: &Path, label: &Label) -> PathBuf {
    let name: String = label.as_str().bytes().map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("{name}.key"))
}

/// Makes a key, for tests that need it before a device is opened. Its scalar is of the label: it is no secret.
pub(crate) fn make_key(folder: &Path, label: &Label) {
    fs::write(path(folder, label), chainbox_engine::hash::sha256(label.as_str().as_bytes())).expect("a folder to write to");
}

fn signing_key(folder: &Path, label: &Label) -> Result<SigningKey, Error> {
    let scalar = fs::read(path(folder, label)).map_err(|_| Error::new(Kind::NoKey, label.as_str(), "no such key"))?;
    Ok(SigningKey::from_slice(&scalar).expect("a file of this module"))
}

pub(crate) fn key(folder: &Path, label: &Label) -> Result<KeyInfo, Error> {
    let point = signing_key(folder, label)?.verifying_key().to_sec1_point(false);
    let public_key = point.as_bytes().try_into().expect("an uncompressed point");
    Ok(KeyInfo { label: label.clone(), algorithm: Algorithm::EcdsaP256, public_key })
}

impl Device for Files {
    fn name(&self) -> &str {
        "test:files"
    }

    fn capabilities(&self, _: Deadline) -> Result<Capabilities, Error> {
        let algorithms = vec![Algorithm::EcdsaP256];
        Ok(Capabilities { description: self.report.clone(), algorithms, generates: true, destroys: true, sessions_max: 8, batch_max: 100 })
    }

    fn keys(&self, _: Deadline) -> Result<Vec<KeyInfo>, Error> {
        let mut keys = Vec::new();
        for entry in fs::read_dir(&self.setup.folder).expect("a folder") {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            let Some(hex) = name.strip_suffix(".key") else { continue };
            let bytes: Vec<u8> =
                hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(&String::from_utf8_lossy(pair), 16).expect("hex")).collect();
            keys.push(key(&self.setup.folder, &crate::label(&String::from_utf8(bytes).expect("a label")))?);
        }
        keys.sort_by(|a, b| a.label.cmp(&b.label));
        Ok(keys)
    }

    fn key(&self, label: &Label, _: Deadline) -> Result<KeyInfo, Error> {
        key(&self.setup.folder, label)
    }

    fn generate(&self, label: &Label, algorithm: Algorithm, _: Deadline) -> Result<PublicKey, Error> {
        if algorithm != Algorithm::EcdsaP256 {
            return Err(Error::new(Kind::Unsupported, algorithm.name(), "no such algorithm"));
        }
        if self.path(label).exists() {
            return Err(Error::new(Kind::KeyExists, label.as_str(), "there is one"));
        }
        make_key(&self.setup.folder, label);
        if self.setup.fault == Fault::GenerateExits {
            std::process::exit(9);
        }
        Ok(key(&self.setup.folder, label)?.public_key)
    }

    fn destroy(&self, label: &Label, _: Deadline) -> Result<(), Error> {
        fs::remove_file(self.path(label)).map_err(|_| Error::new(Kind::NoKey, label.as_str(), "no such key"))
    }

    fn random(&self, bytes: &mut [u8], _: Deadline) -> Result<(), Error> {
        fs::File::open("/dev/urandom")
            .and_then(|mut file| file.read_exact(bytes))
            .map_err(|error| Error::new(Kind::DeviceFailed, "random", error.to_string()))
    }

    fn sign(&self, label: &Label, digests: &[[u8; 32]], _: Deadline) -> Result<Vec<Signature>, Error> {
        if digests.iter().any(|digest| digest[0] == TRIGGER) {
            self.misbehave();
        }
        let key = signing_key(&self.setup.folder, label)?;
        let sign = |digest: &[u8; 32]| -> Signature {
            let signature: p256::ecdsa::Signature = key.sign_prehash(digest).expect("a digest of 32 bytes");
            signature.to_bytes().into()
        };
        Ok(digests.iter().map(sign).collect())
    }
}
