//! Modules of this process: loaded once, initialised once, finalised when the last device that uses one is gone.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11 as Library},
    error::{Error as Refused, RvError},
};

use super::fault::Fault;
use crate::{Error, Kind};

/// Every module that was ever loaded. None is unloaded: vendors' libraries leave threads and handlers behind that would run into nothing.
static LOADED: Mutex<Vec<(PathBuf, Arc<Loaded>)>> = Mutex::new(Vec::new());

#[derive(Default)]
struct Loaded {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    library: Option<Library>,
    /// Devices that use it.
    users: usize,
    /// The only user is one that bears no other thread.
    exclusive: bool,
    /// Whether this crate initialised it, and so has to finalise it.
    ours: bool,
    /// The process that this is true of: a fork has to initialise again.
    process: u32,
}

/// A module that stays initialised as long as this lives.
pub(super) struct Module {
    loaded: Arc<Loaded>,
    library: Library,
    exclusive: bool,
}

impl Loaded {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(path: &Path) -> Arc<Self> {
        // Two names of one file are one module. A name without a folder is for the loader to find.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = loaded.iter().find(|(known, _)| *known == path) {
            return Arc::clone(known);
        }
        let new = Arc::new(Self::default());
        loaded.push((path, Arc::clone(&new)));
        new
    }
}

impl Module {
    /// Loads the module where it is not, and initialises it where it is not. `exclusive` is for a module that is not thread-safe: nobody else may use it.
    pub(super) fn open(path: &Path, exclusive: bool, place: &str) -> Result<Self, Fault> {
        let loaded = Loaded::of(path);
        let mut state = loaded.lock();
        if state.process != std::process::id() {
            (state.users, state.ours, state.process) = (0, false, std::process::id());
        }
        if state.users > 0 && (exclusive || state.exclusive) {
            let error = Error::new(Kind::Library, place, "another device uses the module in this process, and it bears one thread only");
            return Err(error.remedy("run each of the two devices in a process of its own").into());
        }
        let library = match &state.library {
            Some(library) => library.clone(),
            None => state.library.insert(Library::new(path)?).clone(),
        };
        if state.users == 0 {
            state.ours = initialize(&library, exclusive)?;
            state.exclusive = exclusive;
        }
        state.users += 1;
        drop(state);
        Ok(Self { loaded, library, exclusive })
    }

    pub(super) const fn library(&self) -> &Library {
        &self.library
    }

    /// Initialises again what somebody else in this process finalised.
    pub(super) fn initialize_again(&self) -> Result<(), Fault> {
        let mut state = self.loaded.lock();
        state.ours |= initialize(&self.library, self.exclusive)?;
        Ok(())
    }
}

/// Whether it was this call that initialised the module.
fn initialize(library: &Library, exclusive: bool) -> Result<bool, Fault> {
    // Without the flag the module may rely on it that its caller has one thread.
    let flags = if exclusive { CInitializeFlags::empty() } else { CInitializeFlags::OS_LOCKING_OK };
    match library.initialize(CInitializeArgs::new(flags)) {
        Ok(()) => Ok(true),
        Err(Refused::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(false),
        Err(refused) => Err(refused.into()),
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        let mut state = self.loaded.lock();
        if state.process != std::process::id() {
            return;
        }
        state.users -= 1;
        if state.users > 0 || !state.ours {
            return;
        }
        state.ours = false;
        if let Err(refused) = self.library.clone().finalize() {
            tracing::warn!(%refused, "a PKCS#11 module was not finalised");
        }
    }
}
