//! Sessions: a table of numbers, never given twice. A call that is under way when its session is closed comes to its end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    vec,
};

use cryptoki_sys::*;

use crate::{
    answer::Answer,
    limits::SESSIONS_MAX,
    memory::Output,
    operations::{Digesting, Signing},
};

/// What is under way in a session: one of each kind.
#[derive(Default)]
pub(crate) struct Operations {
    /// Handles that were found and not yet handed out.
    pub(crate) find: Option<vec::IntoIter<CK_OBJECT_HANDLE>>,
    pub(crate) digest: Option<Digesting>,
    pub(crate) sign: Option<Signing>,
    pub(crate) verify: Option<Signing>,
}

/// Goes on with an operation; it ends where that fails.
///
/// # Errors
/// `CKR_OPERATION_NOT_INITIALIZED`, and those of the work.
pub(crate) fn proceed<T>(slot: &mut Option<T>, work: impl FnOnce(&mut T) -> Answer<()>) -> Answer<()> {
    let mut operation = slot.take().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
    work(&mut operation)?;
    *slot = Some(operation);
    Ok(())
}

/// Ends an operation with bytes for the caller. One who only asks for their number, or has too little room for them, ends nothing (PKCS#11 2.40, section 5.2).
///
/// # Errors
/// `CKR_OPERATION_NOT_INITIALIZED`, and those of the room and of the work.
pub(crate) fn produce<T>(
    slot: &mut Option<T>,
    room: impl FnOnce(&T) -> Answer<Option<Output>>,
    work: impl FnOnce(T) -> Answer<Vec<u8>>,
) -> Answer<()> {
    let operation = slot.take().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
    match room(&operation) {
        Ok(Some(output)) => {
            output.write(&work(operation)?);
            Ok(())
        }
        asked @ (Ok(None) | Err(CKR_BUFFER_TOO_SMALL)) => {
            *slot = Some(operation);
            asked.map(drop)
        }
        Err(code) => Err(code),
    }
}

/// An open session.
pub(crate) struct Session {
    pub(crate) handle: CK_SESSION_HANDLE,
    pub(crate) is_writable: bool,
    operations: Mutex<Operations>,
}

impl Session {
    /// What is under way. Calls in one session wait for one another.
    pub(crate) fn operations(&self) -> MutexGuard<'_, Operations> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The open sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    by_handle: HashMap<CK_SESSION_HANDLE, Arc<Session>>,
    last: CK_SESSION_HANDLE,
}

impl Sessions {
    /// Opens one.
    ///
    /// # Errors
    /// `CKR_SESSION_COUNT` where there are too many.
    pub(crate) fn open(&mut self, is_writable: bool) -> Answer<CK_SESSION_HANDLE> {
        if self.by_handle.len() >= SESSIONS_MAX {
            return Err(CKR_SESSION_COUNT);
        }
        self.last += 1;
        let session = Session { handle: self.last, is_writable, operations: Mutex::default() };
        self.by_handle.insert(self.last, Arc::new(session));
        Ok(self.last)
    }

    /// Closes one; whether it was the last.
    ///
    /// # Errors
    /// `CKR_SESSION_HANDLE_INVALID`.
    pub(crate) fn close(&mut self, handle: CK_SESSION_HANDLE) -> Answer<bool> {
        self.by_handle.remove(&handle).ok_or(CKR_SESSION_HANDLE_INVALID)?;
        Ok(self.by_handle.is_empty())
    }

    /// The handles of all.
    pub(crate) fn handles(&self) -> Vec<CK_SESSION_HANDLE> {
        self.by_handle.keys().copied().collect()
    }

    /// The session of a handle.
    ///
    /// # Errors
    /// `CKR_SESSION_HANDLE_INVALID`.
    pub(crate) fn get(&self, handle: CK_SESSION_HANDLE) -> Answer<Arc<Session>> {
        self.by_handle.get(&handle).cloned().ok_or(CKR_SESSION_HANDLE_INVALID)
    }

    /// How many there are, and how many of them may write.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.by_handle.len(), self.by_handle.values().filter(|session| session.is_writable).count())
    }
}
