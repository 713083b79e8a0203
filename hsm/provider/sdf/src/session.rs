//! A session: the rights that were got in it, the hash under way, its session keys. Several threads may use it at once.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chainbox_hsm::sdf::Code;

use crate::{device::Device, hash::Hashing, symmetric::SessionKey, tables};

/// Session keys of one session at most.
const KEYS_MAX: usize = 1024;

/// Random bytes of one call at most.
pub(crate) const RANDOM_BYTES_MAX: usize = 1 << 20;

pub(crate) struct Session {
    pub(crate) device: Arc<Device>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Indexes of private keys that may be used.
    rights: BTreeSet<u32>,
    hashing: Option<Hashing>,
    keys: HashMap<usize, Arc<SessionKey>>,
}

impl Session {
    pub(crate) fn new(device: Arc<Device>) -> Self {
        Self { device, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gets the right to use the private keys of an index.
    pub(crate) fn get_right(&self, index: u32, password: &[u8]) -> Result<(), Code> {
        self.device.check_password(index, password)?;
        self.state().rights.insert(index);
        Ok(())
    }

    /// Gives it back, whether it was there or not.
    pub(crate) fn release_right(&self, index: u32) -> Result<(), Code> {
        self.device.indexes.entry(index)?;
        self.state().rights.remove(&index);
        Ok(())
    }

    /// That the private keys of an index may be used.
    pub(crate) fn check_right(&self, index: u32) -> Result<(), Code> {
        let is_needed = self.device.indexes.entry(index)?.needs_right();
        if is_needed && !self.state().rights.contains(&index) { Err(Code::NO_RIGHT) } else { Ok(()) }
    }

    /// Begins a hash, in the place of one that may be under way.
    pub(crate) fn begin_hash(&self, hashing: Hashing) {
        self.state().hashing = Some(hashing);
    }

    /// The hash that is under way, taken out: the lock is not held while a message is hashed.
    pub(crate) fn take_hash(&self) -> Result<Hashing, Code> {
        self.state().hashing.take().ok_or(Code::STEP)
    }

    /// Keeps a session key, and gives its handle.
    pub(crate) fn keep(&self, key: SessionKey) -> Result<usize, Code> {
        let handle = tables::handle()?;
        let mut state = self.state();
        if state.keys.len() >= KEYS_MAX {
            return Err(Code::NO_BUFFER);
        }
        state.keys.insert(handle, Arc::new(key));
        Ok(handle)
    }

    pub(crate) fn key(&self, handle: usize) -> Result<Arc<SessionKey>, Code> {
        self.state().keys.get(&handle).cloned().ok_or(Code::NO_KEY)
    }

    pub(crate) fn destroy(&self, handle: usize) -> Result<(), Code> {
        self.state().keys.remove(&handle).map(drop).ok_or(Code::NO_KEY)
    }
}

/// Fills bytes from the system's source of randomness.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), Code> {
    getrandom::fill(bytes).map_err(|_| Code::RANDOM)
}
