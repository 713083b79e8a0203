//! The library between `C_Initialize` and `C_Finalize`: sessions, objects, the login. A child that was forked has none until it calls `C_Initialize` itself.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use chainbox_card::{Card, Level, PerProcess};
use chainbox_hsm::{Error, Kind, secret::Secret};
use cryptoki_sys::*;

use crate::{
    answer::{Answer, code},
    attributes::Attribute,
    names::{Names, NamesFile},
    objects::{Home, Object, Objects},
    sessions::{Session, Sessions},
    token,
};

/// Whether private keys can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The settings name none.
    NoKeys,
    /// Without a login: the password is in the settings, or the keys are on the service.
    Open,
    /// Not yet: they need a login.
    Locked,
    /// After a login.
    Unlocked,
}

/// What stands between initialising and finalising.
pub(crate) struct Module {
    /// Tells one from the next.
    number: u64,
    card: Arc<Card>,
    names: Option<NamesFile>,
    sessions: Mutex<Sessions>,
    objects: Mutex<Objects>,
    /// Held while objects are made those of the card, so that an older list never follows a newer one.
    refreshing: Mutex<()>,
    is_logged_in: AtomicBool,
    /// Held during a login: PINs are tried one after the other.
    login: Mutex<()>,
}

static MODULE: PerProcess<Module> = PerProcess::new();
static MODULES: AtomicU64 = AtomicU64::new(0);

/// Opens the card.
///
/// # Errors
/// What [`check_locking`] says; `CKR_CRYPTOKI_ALREADY_INITIALIZED`; `CKR_GENERAL_ERROR` where the settings or what they name are broken: the log says what to do.
pub(crate) fn initialize(arguments: Option<&CK_C_INITIALIZE_ARGS>) -> Answer<()> {
    arguments.map_or(Ok(()), check_locking)?;
    let number = MODULES.fetch_add(1, Relaxed);
    let card = || Card::of_this_process().map_err(|_| CKR_GENERAL_ERROR);
    let module = MODULE.get_or_try_init(|| card().map(|card| Module::new(number, card)))?;
    if module.number == number { Ok(()) } else { Err(CKR_CRYPTOKI_ALREADY_INITIALIZED) }
}

/// What the caller asks of locks and threads: the system's are used here (PKCS#11 2.40, section 5.4).
fn check_locking(arguments: &CK_C_INITIALIZE_ARGS) -> Answer<()> {
    let CK_C_INITIALIZE_ARGS { CreateMutex, DestroyMutex, LockMutex, UnlockMutex, flags, pReserved } = arguments;
    let functions = [CreateMutex.is_some(), DestroyMutex.is_some(), LockMutex.is_some(), UnlockMutex.is_some()];
    let are_given = functions[0];
    if !pReserved.is_null() || functions.iter().any(|given| *given != are_given) {
        return Err(CKR_ARGUMENTS_BAD);
    }
    if flags & CKF_LIBRARY_CANT_CREATE_OS_THREADS != 0 {
        return Err(CKR_NEED_TO_CREATE_THREADS);
    }
    if are_given && flags & CKF_OS_LOCKING_OK == 0 { Err(CKR_CANT_LOCK) } else { Ok(()) }
}

/// Closes all sessions and forgets what a login opened.
///
/// # Errors
/// `CKR_CRYPTOKI_NOT_INITIALIZED`.
pub(crate) fn finalize() -> Answer<()> {
    let module = get()?;
    MODULE.clear();
    module.close_all();
    module.card.lock();
    module.card.summary();
    Ok(())
}

/// The library of this process.
///
/// # Errors
/// `CKR_CRYPTOKI_NOT_INITIALIZED`.
pub(crate) fn get() -> Answer<Arc<Module>> {
    MODULE.get().ok_or(CKR_CRYPTOKI_NOT_INITIALIZED)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Module {
    fn new(number: u64, card: Arc<Card>) -> Self {
        let names = card.settings().keys.as_deref().map(NamesFile::beside);
        Self {
            number,
            card,
            names,
            sessions: Mutex::default(),
            objects: Mutex::default(),
            refreshing: Mutex::default(),
            is_logged_in: AtomicBool::new(false),
            login: Mutex::default(),
        }
    }

    pub(crate) fn card(&self) -> &Card {
        &self.card
    }

    /// The file of names; none where keys are on a service.
    pub(crate) const fn names(&self) -> Option<&NamesFile> {
        self.names.as_ref()
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(&self.sessions)
    }

    pub(crate) fn objects(&self) -> MutexGuard<'_, Objects> {
        lock(&self.objects)
    }

    /// The session of a handle.
    ///
    /// # Errors
    /// `CKR_SESSION_HANDLE_INVALID`.
    pub(crate) fn session(&self, handle: CK_SESSION_HANDLE) -> Answer<Arc<Session>> {
        self.sessions().get(handle)
    }

    /// The code for a failure of keys, which is logged where an operator should know of it.
    pub(crate) fn code(&self, error: &Error) -> CK_RV {
        code(&self.card, error)
    }

    /// Whether private keys are on a service.
    pub(crate) fn is_on_service(&self) -> bool {
        self.card.settings().sign_on_service
    }

    /// Whether private keys can be used.
    pub(crate) fn access(&self) -> Access {
        let settings = self.card.settings();
        match (&settings.keys, settings.sign_on_service) {
            (None, false) => Access::NoKeys,
            (None, true) => Access::Open,
            (Some(_), _) if settings.password.is_some() => Access::Open,
            (Some(_), _) if self.is_logged_in() => Access::Unlocked,
            (Some(_), _) => Access::Locked,
        }
    }

    /// That private keys can be made and used.
    ///
    /// # Errors
    /// `CKR_USER_NOT_LOGGED_IN`.
    pub(crate) fn check_access(&self) -> Answer<()> {
        if self.access() == Access::Locked { Err(CKR_USER_NOT_LOGGED_IN) } else { Ok(()) }
    }

    fn is_logged_in(&self) -> bool {
        self.is_logged_in.load(Relaxed)
    }

    /// Opens a session.
    ///
    /// # Errors
    /// `CKR_SESSION_PARALLEL_NOT_SUPPORTED`, `CKR_SESSION_COUNT`, `CKR_SLOT_ID_INVALID`.
    pub(crate) fn open_session(&self, slot: CK_SLOT_ID, flags: CK_FLAGS) -> Answer<CK_SESSION_HANDLE> {
        token::check(slot)?;
        if flags & CKF_SERIAL_SESSION == 0 {
            return Err(CKR_SESSION_PARALLEL_NOT_SUPPORTED);
        }
        self.sessions().open(flags & CKF_RW_SESSION != 0)
    }

    /// Closes a session. The login ends with the last one.
    ///
    /// # Errors
    /// `CKR_SESSION_HANDLE_INVALID`.
    pub(crate) fn close_session(&self, handle: CK_SESSION_HANDLE) -> Answer<()> {
        let was_last = self.sessions().close(handle)?;
        self.objects().end_session(handle);
        if was_last {
            self.end_login();
        }
        Ok(())
    }

    /// Closes all sessions.
    pub(crate) fn close_all(&self) {
        let handles = self.sessions().handles();
        for handle in handles {
            // One that another thread closed meanwhile is closed.
            let _ = self.close_session(handle);
        }
    }

    /// `CK_SESSION_INFO`.
    pub(crate) fn session_info(&self, session: &Session) -> CK_SESSION_INFO {
        let state = match (session.is_writable, self.is_logged_in()) {
            (false, false) => CKS_RO_PUBLIC_SESSION,
            (false, true) => CKS_RO_USER_FUNCTIONS,
            (true, false) => CKS_RW_PUBLIC_SESSION,
            (true, true) => CKS_RW_USER_FUNCTIONS,
        };
        let writes = if session.is_writable { CKF_RW_SESSION } else { 0 };
        CK_SESSION_INFO { slotID: token::SLOT, state, flags: CKF_SERIAL_SESSION | writes, ulDeviceError: 0 }
    }

    /// Logs the user in: the PIN is the password of the file of keys. Where keys are on the service there is nothing to check it against.
    ///
    /// # Errors
    /// `CKR_USER_ALREADY_LOGGED_IN`, `CKR_PIN_INCORRECT`, `CKR_USER_PIN_NOT_INITIALIZED` where there are no keys, `CKR_USER_TYPE_INVALID`,
    /// `CKR_OPERATION_NOT_INITIALIZED` for the login of a single use, which no key here asks for.
    pub(crate) fn login(&self, user: CK_USER_TYPE, pin: &Secret) -> Answer<()> {
        match user {
            CKU_USER => {}
            CKU_CONTEXT_SPECIFIC => return Err(CKR_OPERATION_NOT_INITIALIZED),
            _ => return Err(CKR_USER_TYPE_INVALID),
        }
        let _login = lock(&self.login);
        if self.is_logged_in() {
            return Err(CKR_USER_ALREADY_LOGGED_IN);
        }
        match self.access() {
            Access::NoKeys => return Err(CKR_USER_PIN_NOT_INITIALIZED),
            Access::Open if self.is_on_service() => {}
            Access::Open | Access::Locked | Access::Unlocked => self.card.unlock(pin).map_err(|error| match error.kind {
                Kind::Pin => {
                    self.card.log().line(Level::Warning, "C_Login: the PIN is not the password of the file of keys");
                    CKR_PIN_INCORRECT
                }
                _ => self.code(&error),
            })?,
        }
        self.is_logged_in.store(true, Relaxed);
        Ok(())
    }

    /// Logs the user out.
    ///
    /// # Errors
    /// `CKR_USER_NOT_LOGGED_IN`.
    pub(crate) fn logout(&self) -> Answer<()> {
        if self.end_login() { Ok(()) } else { Err(CKR_USER_NOT_LOGGED_IN) }
    }

    /// Ends the login, and with it what needs one. Whether there was one.
    fn end_login(&self) -> bool {
        let _login = lock(&self.login);
        let was_needed = self.access() == Access::Unlocked;
        let was_logged_in = self.is_logged_in.swap(false, Relaxed);
        if was_needed {
            self.card.lock();
            self.objects().forget_private();
        }
        was_logged_in
    }

    /// Makes the objects those of the card, where its keys can be used.
    ///
    /// # Errors
    /// Where the keys cannot be listed, or their names not read.
    pub(crate) fn refresh(&self) -> Answer<()> {
        if !matches!(self.access(), Access::Open | Access::Unlocked) {
            return Ok(());
        }
        let _refreshing = lock(&self.refreshing);
        let keys = self.card.keys().and_then(|keys| keys.list()).map_err(|error| self.code(&error))?;
        let names = self.names.as_ref().map_or_else(|| Ok(Names::default()), NamesFile::read).map_err(|error| self.code(&error))?;
        self.objects().refresh(keys, names);
        Ok(())
    }

    /// The handles of the objects with these attributes.
    ///
    /// # Errors
    /// Those of [`Self::refresh`].
    pub(crate) fn find(&self, template: &[Attribute<'_>]) -> Answer<Vec<CK_OBJECT_HANDLE>> {
        self.refresh()?;
        Ok(self.objects().find(template))
    }

    /// The object of a handle. A key of the file that was destroyed, or made anew under its label, is gone.
    ///
    /// # Errors
    /// `CKR_OBJECT_HANDLE_INVALID`.
    pub(crate) fn object(&self, handle: CK_OBJECT_HANDLE) -> Answer<Arc<Object>> {
        let object = self.objects().get(handle).ok_or(CKR_OBJECT_HANDLE_INVALID)?;
        if let (Home::Card(label), false) = (&object.home, self.is_on_service()) {
            let found = self.card.keys().and_then(|keys| keys.find(label));
            let is_it = match found {
                Ok(key) => key.public_key == object.public_key,
                Err(error) if error.kind == Kind::NoKey => false,
                Err(error) => return Err(self.code(&error)),
            };
            if !is_it {
                return Err(CKR_OBJECT_HANDLE_INVALID);
            }
        }
        Ok(object)
    }
}
