//! What is open: devices and sessions by their handles, in this process.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use chainbox_card::PerProcess;
use chainbox_hsm::sdf::Code;

use crate::{device::Device, session::Session};

/// Devices that are open at once at most. Each open one is the same card.
const DEVICES_MAX: usize = 64;

/// Sessions that are open at once at most.
const SESSIONS_MAX: usize = 4096;

/// The tables of this process: a child has its own, so that it knows none of its parent's handles.
static TABLES: PerProcess<Tables> = PerProcess::new();

struct Tables {
    /// The handle that is given next.
    next: AtomicUsize,
    open: RwLock<Open>,
}

#[derive(Default)]
struct Open {
    devices: HashMap<usize, Arc<Device>>,
    /// With the handle of the device.
    sessions: HashMap<usize, (usize, Arc<Session>)>,
}

impl Tables {
    /// Handles begin at a random number, so that one of another process or of the time before a restart is not taken for one of these.
    fn new() -> Result<Self, Code> {
        let mut start = [0; size_of::<usize>()];
        getrandom::fill(&mut start).map_err(|_| Code::RANDOM)?;
        // Far from both ends: never 0, and never at an end.
        let start = (usize::from_ne_bytes(start) >> 2) | 1 << (usize::BITS - 2);
        Ok(Self { next: AtomicUsize::new(start), open: RwLock::default() })
    }

    /// A number that no handle had.
    fn handle(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn read<T>(&self, read: impl FnOnce(&Open) -> T) -> T {
        read(&self.open.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Open) -> T) -> T {
        change(&mut self.open.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The tables; unknown handles where nothing was opened in this process.
fn tables() -> Result<Arc<Tables>, Code> {
    TABLES.get().ok_or(Code::INPUT)
}

/// A handle for something else that was made in a session.
pub(crate) fn handle() -> Result<usize, Code> {
    tables().map(|tables| tables.handle())
}

/// Opens the device once more.
pub(crate) fn open_device() -> Result<usize, Code> {
    let tables = TABLES.get_or_try_init(Tables::new)?;
    let device = Arc::new(Device::open()?);
    let handle = tables.handle();
    tables.change(|open| {
        if open.devices.len() >= DEVICES_MAX {
            return Err(Code::OPEN_DEVICE);
        }
        open.devices.insert(handle, device);
        Ok(handle)
    })
}

/// Closes a device and its sessions. Calls that are under way in them end as they would have.
pub(crate) fn close_device(handle: usize) -> Result<(), Code> {
    let (device, sessions) = tables()?.change(|open| {
        let device = open.devices.remove(&handle).ok_or(Code::INPUT)?;
        let sessions: Vec<_> = open.sessions.extract_if(|_, (of, _)| *of == handle).collect();
        Ok((device, sessions))
    })?;
    drop(sessions);
    device.close();
    Ok(())
}

/// Opens a session of a device.
pub(crate) fn open_session(device: usize) -> Result<usize, Code> {
    let tables = tables()?;
    let handle = tables.handle();
    tables.change(|open| {
        let session = Session::new(Arc::clone(open.devices.get(&device).ok_or(Code::INPUT)?));
        if open.sessions.len() >= SESSIONS_MAX {
            return Err(Code::OPEN_SESSION);
        }
        open.sessions.insert(handle, (device, Arc::new(session)));
        Ok(handle)
    })
}

/// Closes a session. A call that is under way in it ends as it would have.
pub(crate) fn close_session(handle: usize) -> Result<(), Code> {
    let closed = tables()?.change(|open| open.sessions.remove(&handle));
    closed.map(drop).ok_or(Code::INPUT)
}

/// An open session.
pub(crate) fn session(handle: usize) -> Result<Arc<Session>, Code> {
    tables()?.read(|open| open.sessions.get(&handle).map(|(_, session)| Arc::clone(session))).ok_or(Code::INPUT)
}
