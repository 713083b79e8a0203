//! A session of the token, logged in: opened, kept, replaced when it dies, with calls made again where that is safe.

use std::sync::{Arc, Weak, atomic::Ordering};

use chainbox_engine::hash::Digest;
use cryptoki::{
    error::{Error as Refused, RvError},
    session::{Session, UserType},
    slot::{Slot, TokenInfo},
};

use super::{
    fault::{Cure, Fault, cure},
    module::Module,
    objects::{self, Key},
    shared::Shared,
    token,
};
use crate::{
    Deadline, Error, KeyInfo, Kind, Label, Signature,
    device::{Capabilities, contract::verifies},
    key::{Algorithm, PublicKey},
    pool::Worker,
};

/// How often one call is made at most: the first time, after a login, in a new session.
const TRIES_MAX: usize = 3;

/// Whether a call may be made again when nobody knows whether it was carried out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Twice {
    /// It changes nothing, or nothing that matters.
    Harmless,
    /// It makes or destroys something.
    Never,
}

/// What a thread of the pool works with.
pub(super) struct Connection {
    shared: Arc<Shared>,
    /// Kept while the token is away, so that the module stays initialised.
    module: Option<Arc<Module>>,
    link: Option<Link>,
}

/// An open session.
pub(super) struct Link {
    pub(super) session: Session,
    pub(super) slot: Slot,
    pub(super) token: TokenInfo,
    pub(super) module: Arc<Module>,
}

impl Connection {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared, module: None, link: None }
    }

    fn module(&mut self) -> Result<Arc<Module>, Fault> {
        if let Some(module) = &self.module {
            return Ok(Arc::clone(module));
        }
        let mut known = self.shared.module();
        let module = match Weak::upgrade(&known) {
            Some(module) => module,
            None => Arc::new(Module::open(&self.shared.options.module, self.shared.options.single_thread, &self.shared.place)?),
        };
        *known = Arc::downgrade(&module);
        drop(known);
        Ok(Arc::clone(self.module.insert(module)))
    }

    fn open(&mut self) -> Result<Link, Fault> {
        let module = self.module()?;
        let found = token::find(module.library(), &self.shared.options.token, self.shared.was_there(), &self.shared.place);
        let (slot, token) = match found {
            Err(Fault::Module(Refused::Pkcs11(RvError::CryptokiNotInitialized, _))) => {
                module.initialize_again()?;
                token::find(module.library(), &self.shared.options.token, self.shared.was_there(), &self.shared.place)?
            }
            found => found?,
        };
        let session = match module.library().open_rw_session(slot) {
            Err(Refused::Pkcs11(RvError::TokenWriteProtected, _)) => module.library().open_ro_session(slot)?,
            session => session?,
        };
        let link = Link { session, slot, token, module };
        self.login(&link)?;
        self.shared.is_there();
        Ok(link)
    }

    /// Logs in, which counts for all sessions of this process.
    fn login(&self, link: &Link) -> Result<(), Fault> {
        if !link.token.login_required() {
            return Ok(());
        }
        // Held over the call: of several sessions that find themselves logged out, one tries a PIN that may be wrong.
        let mut refused = self.shared.pin_refused();
        if let Some(error) = &*refused {
            return Err(error.clone().into());
        }
        if link.token.user_pin_final_try() {
            let what = "one more wrong PIN locks the token, so this one is not tried";
            let error =
                Error::new(Kind::Pin, &self.shared.place, what).remedy("log in once with the vendor's tool, which sets the count back");
            return Err(error.into());
        }
        match link.session.login_with_raw(UserType::User, &self.shared.pin) {
            Ok(()) | Err(Refused::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error) => {
                let fault = Fault::from(error);
                let error = fault.explain(&self.shared.place);
                if error.kind == Kind::Pin {
                    *refused = Some(error);
                }
                Err(fault)
            }
        }
    }

    /// Makes a call, again where that helps and is safe.
    fn attempt<T>(&mut self, twice: Twice, call: impl Fn(&Shared, &Link) -> Result<T, Fault>) -> Result<T, Error> {
        let mut tries = 1;
        loop {
            self.connect()?;
            let Some(link) = &self.link else { unreachable!("it is connected") };
            let fault = match call(&self.shared, link) {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let (cure, surely_not_done) = if let Fault::Module(refused) = &fault { cure(refused) } else { (Cure::None, true) };
            let failed = fault.explain(&self.shared.place);
            self.heal(cure, tries)?;
            if cure == Cure::None || tries == TRIES_MAX || (twice == Twice::Never && !surely_not_done) {
                return Err(failed);
            }
            tracing::info!(device = self.shared.place, %failed, ?cure, "a call is made again");
            tries += 1;
        }
    }

    /// Does what helps against a fault, so that the next call finds a session that works.
    fn heal(&mut self, cure: Cure, tries: usize) -> Result<(), Error> {
        match cure {
            Cure::None => {}
            Cure::Forget => self.shared.forget_all(),
            Cure::Login if tries == 1 => {
                self.shared.forget_all();
                let login = self.link.as_ref().map_or(Ok(()), |link| self.login(link)).map_err(|fault| fault.explain(&self.shared.place));
                match login {
                    Err(error) if error.kind == Kind::Pin => return Err(error),
                    Err(_) => self.evict(),
                    Ok(()) => {}
                }
            }
            // A session that a login does not help is given up as well.
            Cure::Login | Cure::Reconnect => self.evict(),
            Cure::Initialize => {
                self.evict();
                if let Some(module) = &self.module {
                    module.initialize_again().map_err(|fault| fault.explain(&self.shared.place))?;
                }
            }
        }
        Ok(())
    }

    /// Gives the session up. Handles may mean something else on what comes next, even another token.
    fn evict(&mut self) {
        self.shared.forget_all();
        self.link = None;
    }

    pub(super) fn keys(&mut self) -> Result<Vec<KeyInfo>, Error> {
        self.attempt(Twice::Harmless, |shared, link| objects::list(link, &shared.curves, &shared.place))
    }

    pub(super) fn key(&mut self, label: &Label) -> Result<KeyInfo, Error> {
        self.attempt(Twice::Harmless, |shared, link| Ok(shared.find(link, label)?.info.clone()))
    }

    pub(super) fn generate(&mut self, label: &Label, algorithm: Algorithm, deadline: Deadline) -> Result<PublicKey, Error> {
        self.attempt(Twice::Never, |shared, link| {
            let (mechanism, params) = shared.makes_with(algorithm)?;
            objects::is_free(link, label, &shared.place)?;
            let made = objects::make(&link.session, &mechanism, params, Some(label), &shared.place)?;
            if deadline.is_over() {
                // Nobody would know of it, and its label would be taken.
                made.destroy(&link.session);
                return Err(Error::new(Kind::Deadline, &shared.place, "the key was made too late, so it was destroyed").into());
            }
            Ok(made.public_key)
        })
    }

    pub(super) fn destroy(&mut self, label: &Label) -> Result<(), Error> {
        let destroyed = self.attempt(Twice::Never, |shared, link| objects::destroy(link, label, &shared.place));
        self.shared.forget(label);
        destroyed
    }

    pub(super) fn random(&mut self, bytes: usize) -> Result<Vec<u8>, Error> {
        self.attempt(Twice::Harmless, |_, link| {
            let mut random = vec![0; bytes];
            link.session.generate_random_slice(&mut random)?;
            Ok(random)
        })
    }

    pub(super) fn capabilities(&mut self) -> Result<Capabilities, Error> {
        self.attempt(Twice::Harmless, Shared::capabilities)
    }
}

impl Worker for Connection {
    fn connect(&mut self) -> Result<(), Error> {
        if self.link.is_none() {
            let link = self.open().map_err(|fault| fault.explain(&self.shared.place))?;
            self.link = Some(link);
        }
        Ok(())
    }

    fn sign(&mut self, label: &Label, digest: &Digest) -> Result<Signature, Error> {
        self.attempt(Twice::Harmless, |shared, link| {
            let key = shared.key(link, label)?;
            let signature = shared.sign(&link.session, key.info.algorithm, key.handle, digest)?;
            prove(&key, digest, &signature, &shared.place)?;
            Ok(signature)
        })
    }
}

/// That the first signature of a key verifies: the handle, the public half and the mechanism belong together.
fn prove(key: &Key, digest: &Digest, signature: &Signature, place: &str) -> Result<(), Error> {
    if key.proved.load(Ordering::Relaxed) {
        return Ok(());
    }
    if !verifies(&key.info, digest, signature) {
        let what = format!("what the token signed with {} does not verify with the public key that it shows", key.info.label);
        return Err(Error::new(Kind::DeviceFailed, place, what)
            .remedy("see which public key has its CKA_ID, and the mechanism numbers in the settings"));
    }
    key.proved.store(true, Ordering::Relaxed);
    Ok(())
}
