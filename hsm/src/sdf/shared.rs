//! What the sessions of a device share: settings, passwords, the open device, keys and what was learnt of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use chainbox_engine::{
    curve::{Sm2, sec1},
    hash::Digest,
};

use super::{
    abi::Malformed,
    codes::{Code, Fault},
    library::{Device, Library, Session},
    options::{Options, SdfKey},
};
use crate::{Algorithm, Error, KeyInfo, Kind, Label, Signature, device::contract::verifies, secret::Secret};

/// How often in a row a password may be refused before it is not tried any more: devices lock a key after some number of wrong ones.
const REFUSALS_MAX: usize = 3;

/// How long opening a device again waits for calls on the old handle: some libraries open a device only once.
const REOPEN_WAIT: Duration = Duration::from_secs(2);

/// How often it looks meanwhile.
const REOPEN_POLL: Duration = Duration::from_millis(5);

/// A session and the rights that were got in it. One thread uses it; others may take it away between calls.
pub(super) struct Line {
    pub(super) session: Session,
    rights: BTreeSet<u32>,
    /// Whether calls in it fail.
    is_broken: bool,
}

pub(super) type Slot = Mutex<Option<Line>>;

impl Line {
    pub(super) const fn new(session: Session) -> Self {
        Self { session, rights: BTreeSet::new(), is_broken: false }
    }

    pub(super) fn is_retired(&self) -> bool {
        self.session.device().is_retired()
    }

    /// Has the rights got again.
    pub(super) fn forget_rights(&mut self) {
        self.rights.clear();
    }

    /// Ends it without another call but the one that closes it.
    pub(super) fn discard(mut self) {
        self.is_broken = true;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.is_broken {
            for index in &self.rights {
                // The session ends with it anyway.
                let _ = self.session.release_right(*index);
            }
        }
    }
}

/// A key as the device showed it.
pub(super) struct Key {
    pub(super) info: KeyInfo,
    pub(super) index: u32,
    /// Whether a signature of it was verified.
    proved: AtomicBool,
}

/// The right to use a private key. The lock is held while the device is asked, so that of several sessions one tries a password that may be wrong.
struct Right {
    password: Secret,
    refusals: Mutex<usize>,
}

pub(super) struct Shared {
    pub(super) place: String,
    pub(super) options: Options,
    rights: BTreeMap<Label, Right>,
    library: Mutex<Option<Arc<Library>>>,
    device: Mutex<Weak<Device>>,
    slots: Mutex<Vec<Weak<Slot>>>,
    was_there: AtomicBool,
    keys: Mutex<BTreeMap<Label, Arc<Key>>>,
    /// The number of SM2 signatures that the library knows.
    pub(super) sm2_signature: OnceLock<u32>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(options: Options, passwords: BTreeMap<Label, Secret>) -> Result<Self, Error> {
        let place = options.place();
        options.check(&place)?;
        let wrong = |what: String, remedy: &str| Err(Error::new(Kind::Pin, &place, what).remedy(remedy));
        if let Some(label) = passwords.keys().find(|label| !options.keys.contains_key(label)) {
            return wrong(format!("there is a password of key {label}, but no such key"), "see the labels in the settings");
        }
        if let Some((label, _)) = options.keys.iter().find(|(label, key)| key.password.is_some() && !passwords.contains_key(label)) {
            return wrong(format!("the password of key {label} is missing"), "read the passwords from the sources in the settings");
        }
        let rights = passwords.into_iter().map(|(label, password)| (label, Right { password, refusals: Mutex::new(0) })).collect();
        Ok(Self {
            place,
            options,
            rights,
            library: Mutex::new(None),
            device: Mutex::new(Weak::new()),
            slots: Mutex::new(Vec::new()),
            was_there: AtomicBool::new(false),
            keys: Mutex::new(BTreeMap::new()),
            sm2_signature: OnceLock::new(),
        })
    }

    /// A place for a session, which others can empty.
    pub(super) fn slot(&self) -> Arc<Slot> {
        let slot = Arc::new(Mutex::new(None));
        let mut slots = lock(&self.slots);
        slots.retain(|slot| slot.strong_count() > 0);
        slots.push(Arc::downgrade(&slot));
        slot
    }

    fn library(&self) -> Result<Arc<Library>, Error> {
        let mut library = lock(&self.library);
        if let Some(library) = &*library {
            return Ok(Arc::clone(library));
        }
        let loaded = Arc::new(Library::load(&self.options.library, &self.place)?);
        Ok(Arc::clone(library.insert(loaded)))
    }

    /// The open device; it is opened where it is not.
    fn device(&self) -> Result<Arc<Device>, Fault> {
        let library = self.library()?;
        let mut known = lock(&self.device);
        if let Some(device) = known.upgrade().filter(|device| !device.is_retired()) {
            return Ok(device);
        }
        let over = Instant::now() + REOPEN_WAIT;
        let opened = loop {
            match Device::open(Arc::clone(&library)) {
                Err(_) if known.strong_count() > 0 && Instant::now() < over => thread::sleep(REOPEN_POLL),
                opened => break opened,
            }
        };
        let device = Arc::new(opened.map_err(|fault| self.absent(fault))?);
        *known = Arc::downgrade(&device);
        Ok(device)
    }

    /// A device that was never there is another matter than one that went.
    fn absent(&self, fault: Fault) -> Fault {
        let error = fault.explain(&self.place, "");
        let is_absent = error.kind == Kind::DeviceGone && !self.was_there.load(Ordering::Relaxed);
        Fault::Said(if is_absent { Error { kind: Kind::NoDevice, ..error } } else { error })
    }

    /// Opens a session, on a device opened again where the one that is open makes none.
    pub(super) fn open(&self) -> Result<Line, Fault> {
        let device = self.device()?;
        let session = match Session::open(Arc::clone(&device)) {
            Err(Fault::Code { code: Code::OPEN_SESSION, function }) if Arc::strong_count(&device) > 1 => {
                // Others have sessions: there are no more of them.
                return Err(Fault::Code { function, code: Code::OPEN_SESSION });
            }
            Err(fault) => {
                tracing::info!(device = self.place, failed = %fault.explain(&self.place, ""), "the device is opened again");
                self.retire(&device);
                drop(device);
                Session::open(self.device()?).map_err(|fault| self.absent(fault))?
            }
            Ok(session) => session,
        };
        self.was_there.store(true, Ordering::Relaxed);
        Ok(Line::new(session))
    }

    /// Gives a device up, with the sessions in which no call is made. The next may be another card.
    pub(super) fn retire(&self, device: &Device) {
        device.retire();
        lock(&self.keys).clear();
        let slots: Vec<_> = lock(&self.slots).iter().filter_map(Weak::upgrade).collect();
        for slot in slots {
            let held = match slot.try_lock() {
                Ok(held) => Some(held),
                Err(TryLockError::Poisoned(held)) => Some(held.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            };
            let stale = held.and_then(|mut held| held.take_if(|line| line.is_retired()));
            stale.into_iter().for_each(Line::discard);
        }
    }

    pub(super) fn settings(&self, label: &Label) -> Result<&SdfKey, Error> {
        self.options.keys.get(label).ok_or_else(|| {
            let what = format!("the settings name no key {label}");
            Error::new(Kind::NoKey, &self.place, what).remedy("name its index in the settings: a device knows its keys by indexes only")
        })
    }

    /// A key as the device shows it now.
    pub(super) fn show(&self, line: &mut Line, label: &Label) -> Result<Arc<Key>, Fault> {
        let index = self.settings(label)?.index;
        let lies = |what| Fault::Lies { function: "SDF_ExportSignPublicKey_ECC", what };
        let public_key = line.session.export(index)?.sec1().map_err(|Malformed(what)| lies(what))?;
        sec1::parse::<Sm2>(&public_key).map_err(|_| lies("the public key is no point of SM2's curve"))?;
        let info = KeyInfo { label: label.clone(), algorithm: Algorithm::Sm2, public_key };
        let mut keys = lock(&self.keys);
        if let Some(key) = keys.get(label).filter(|key| key.info == info) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(Key { info, index, proved: AtomicBool::new(false) });
        keys.insert(label.clone(), Arc::clone(&key));
        Ok(key)
    }

    /// A key as the device showed it last.
    pub(super) fn key(&self, line: &mut Line, label: &Label) -> Result<Arc<Key>, Fault> {
        let known = lock(&self.keys).get(label).cloned();
        known.map_or_else(|| self.show(line, label), Ok)
    }

    /// Gets the right to use a private key in this session, where it takes one and it is not there.
    pub(super) fn right(&self, line: &mut Line, label: &Label) -> Result<(), Fault> {
        let index = self.settings(label)?.index;
        let Some(right) = self.rights.get(label).filter(|_| !line.rights.contains(&index)) else { return Ok(()) };
        let mut refusals = lock(&right.refusals);
        if *refusals >= REFUSALS_MAX {
            let what = format!("the password of key {label}, index {index}, was refused {refusals} times and is not tried again");
            return Err(Error::new(Kind::Pin, &self.place, what).remedy("set it right, and start anew").into());
        }
        let Err(fault) = line.session.get_right(index, right.password.expose()) else {
            *refusals = 0;
            line.rights.insert(index);
            return Ok(());
        };
        let Fault::Code { code, .. } = &fault else { return Err(fault) };
        let is_refusal = code.explain().kind == Kind::Pin;
        // Vendors have codes of their own for a wrong password.
        *refusals += usize::from(is_refusal || !code.is_standard());
        if is_refusal { Err(fault.explain(&self.place, &self.subject(label)).into()) } else { Err(fault) }
    }

    /// That the first signature of a key verifies: the index, the public half and the layout belong together.
    pub(super) fn prove(&self, key: &Key, digest: &Digest, signature: &Signature) -> Result<(), Error> {
        if key.proved.load(Ordering::Relaxed) {
            return Ok(());
        }
        if !verifies(&key.info, digest, signature) {
            let what =
                format!("what the device signed with {} does not verify with the public key that it shows", self.subject(&key.info.label));
            return Err(Error::new(Kind::DeviceFailed, &self.place, what).remedy("see in the vendor's tool what key pair has this index"));
        }
        key.proved.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// How errors name a key.
    pub(super) fn subject(&self, label: &Label) -> String {
        self.options.keys.get(label).map_or_else(|| format!("key {label}"), |key| format!("key {label}, index {}", key.index))
    }
}
